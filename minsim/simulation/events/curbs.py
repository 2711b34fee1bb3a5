"""Export curbs: bans, cuts and quotas, with announcement, leakage, home preference and curbs on single end uses."""

from __future__ import annotations

import datetime as dt

import numpy as np

from minsim.kernel.codes import SupplyClass
from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import ArcIndex, ArcRow, BuyerRow, PermitRow
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import ExportCurb, Quota
from minsim.simulation.calendar import Steps
from minsim.simulation.events.licences import licence_regime
from minsim.simulation.events.ramp import ramp
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World


def export_curb(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Announce a curb, apply its measure from the first day, and lift it on the first free day."""
    curb = scheduled.model
    assert isinstance(curb, ExportCurb)
    arcs = curbed_arcs(world, curb)
    if curb.announcement is not None:
        yield from announcement(world, scheduled, curb, arcs, rank)
    yield world.until(scheduled.start_day, rank)
    importers = tuple(sorted({world.network.arcs[a].buyer_region for a in arcs}))
    world.entries.append(first_entry(world, scheduled.event, curb, importers))
    if not has_zero_magnitude(world, scheduled.event, curb):
        start_measure(world, scheduled, curb, arcs, rank)
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        end_measure(world, scheduled.event)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.CURB_ENDS, whom=importers))
        yield world.wait(int(world.state.index[ArcIndex.LEAD_DAYS, arcs].max(initial=0)), rank)
        world.deferred.drop(scheduled.event)


def curbed_arcs(world: World, curb: ExportCurb) -> Indices:
    """The exporter's arcs to the importers named; of a curb on some end uses, only the arcs to consumers.

    Members of a bloc do not curb each other, unless the importer is named by itself.
    """
    members = world.network.reader.regions_of(curb.exporter)
    given = () if curb.importers == "all" else curb.importers
    named = set(given) - set(world.network.reader.blocs)
    found = [
        a
        for member in members
        for a in world.arcs(exporter=member, importers=curb.importers, materials=curb.materials, stage=curb.stage)
        if world.network.arcs[a].buyer_region not in members or world.network.arcs[a].buyer_region in named
    ]
    return np.array(
        sorted(a for a in found if curb.sectors == "all" or world.network.arcs[a].kind == "consumer"), dtype=np.uint32
    )


def has_zero_magnitude(world: World, event: str, curb: ExportCurb) -> bool:
    """Whether a curb has zero magnitude: it sets no cap and no supply class, and nothing leaks."""
    reader, path = world.network.reader, f"events.{event}.measure"
    if curb.measure.licence is not None:
        return reader.number(curb.measure.licence.controlled_share, f"{path}.licence.controlled_share") <= 0.0
    return curb.measure.cut is not None and reader.number(curb.measure.cut, f"{path}.cut") <= 0.0


def curbed_sectors(world: World, curb: ExportCurb, arcs: Indices) -> list[int]:
    """Sectors that a curb on some end uses makes bear the shortage, as columns."""
    hit = {(world.network.arcs[a].material, world.network.arcs[a].user) for a in arcs}
    return [
        k
        for k, s in enumerate(world.network.sectors)
        if curb.sectors != "all" and s.sector in curb.sectors and (s.material, s.region) in hit
    ]


def sector_weight(world: World, curb: ExportCurb, arcs: Indices) -> Floats:
    """Share of each arc's baseline flow that goes to the sectors curbed: 1 where the curb covers every use."""
    if curb.sectors == "all":
        return np.ones(len(arcs))
    weights: dict[tuple[str, str], float] = {}
    for k in curbed_sectors(world, curb, arcs):
        sector = world.network.sectors[k]
        use = world.network.consumers[sector.consumer].daily_use_t
        key = (sector.material, sector.region)
        weights[key] = weights.get(key, 0.0) + (sector.daily_use_t / use if use > 0.0 else 0.0)
    labels = [world.network.arcs[a] for a in arcs]
    return np.array([weights.get((label.material, label.user), 0.0) for label in labels])


def first_entry(world: World, event: str, curb: ExportCurb, importers: tuple[str, ...]) -> LogEntry:
    """The entry of the log for the first day of a curb."""
    day, actor = world.day, curb.exporter
    if (quota := curb.measure.quota) is not None:
        t_per_year = world.network.reader.number(quota.t_per_year, f"events.{event}.measure.quota.t_per_year")
        return LogEntry(day, event, LogKind.QUOTA_BEGINS, actor=actor, whom=importers, t_per_year=t_per_year)
    if curb.measure.licence is not None:
        return LogEntry(day, event, LogKind.LICENSING_BEGINS, actor=actor, whom=importers)
    share = removed_fraction(world, event, curb)
    return LogEntry(day, event, LogKind.CUT_BEGINS, actor=actor, whom=importers, share=share)


def removed_fraction(world: World, event: str, curb: ExportCurb) -> float:
    """Fraction of baseline trade that a ban or a cut removes."""
    if curb.measure.cut is None:
        return 1.0
    return world.network.reader.number(curb.measure.cut, f"events.{event}.measure.cut")


def start_measure(world: World, scheduled: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> None:
    """Put the measure's effects on the levers; quotas, licences and leakage run as processes of their own."""
    event, measure = scheduled.event, curb.measure
    weight = sector_weight(world, curb, arcs)
    if measure.quota is not None:
        world.env.process(quota_periods(world, scheduled, measure.quota, arcs, rank))
    elif measure.licence is not None:
        world.env.process(licence_regime(world, scheduled, measure.licence, arcs, weight, rank))
    else:
        fraction = removed_fraction(world, event, curb) * weight
        capped = fraction > 0.0
        world.caps.put(event, arcs[capped], ((1.0 - fraction) * world.state.value[ArcRow.BASE_FLOW, arcs])[capped])
    if curb.sectors != "all":
        world.deferred.put(event, curbed_sectors(world, curb, arcs), 1.0)
    if curb.home_first:
        world.serve_first(event, home_arcs(world, curb), SupplyClass.HOME)
    if curb.leakage is not None:
        world.env.process(leakage(world, scheduled, curb, arcs, rank))


def end_measure(world: World, event: str) -> None:
    """Remove every effect of a curb but the deferral of its sectors, which lasts until full shipments arrive."""
    for lever in (world.caps, world.ranks, world.leak_share, world.leak_extra_days):
        lever.drop(event)


def home_arcs(world: World, curb: ExportCurb) -> Indices:
    """The exporter's arcs to its own buyers, in the products the curb covers."""
    members = world.network.reader.regions_of(curb.exporter)
    found = [
        world.arcs(exporter=member, importers=members, materials=curb.materials, stage=curb.stage) for member in members
    ]
    return np.unique(np.concatenate(found))


def announcement(world: World, scheduled: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> Steps:
    """Buyers raise their stock targets until the curb starts, and begin to qualify other suppliers."""
    assert curb.announcement is not None
    yield world.until(min(world.network.day_of(curb.announcement.date), scheduled.start_day), rank)
    buyers = sorted(
        {int(world.state.index[ArcIndex.BUYER, a]) for a in arcs if world.network.arcs[a].base_flow_t_per_day > 0.0}
    )
    qualification_start = world.state.value[BuyerRow.QUALIFICATION_START]
    for v in buyers:
        if qualification_start[v] < 0.0:
            qualification_start[v] = world.day
    path = f"events.{scheduled.event}.announcement.stock_target_factor"
    factor = world.network.reader.number(curb.announcement.stock_target_factor, path)
    announced = LogEntry(world.day, scheduled.event, LogKind.CURB_ANNOUNCED, factor=factor, count=len(buyers))
    world.entries.append(announced)
    if world.day < scheduled.start_day and factor != 1.0:
        world.targets.put(scheduled.event, buyers, factor)
        yield world.until(scheduled.start_day, rank)
        world.targets.drop(scheduled.event)


def leakage(world: World, scheduled: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> Steps:
    """Part of the blocked trade still arrives through third countries, growing along a ramp."""
    assert curb.leakage is not None
    reader, path = world.network.reader, f"events.{scheduled.event}.leakage"
    share = reader.number(curb.leakage.share, f"{path}.share")
    extra = reader.draws.whole(curb.leakage.extra_days, f"{path}.extra_days")
    days = reader.draws.whole(curb.leakage.ramp_days, f"{path}.ramp_days")
    world.leak_extra_days.put(scheduled.event, arcs, extra)
    for part in ramp(days, first=world.day - scheduled.start_day):
        if scheduled.end_day is not None and world.day >= scheduled.end_day:
            return
        world.leak_share.put(scheduled.event, arcs, share * part)
        yield world.wait(1, rank)


def quota_periods(world: World, scheduled: ScheduledEvent, quota: Quota, arcs: Indices, rank: int) -> Steps:
    """Issue permits at the start of every period; unused tonnes lapse unless they are carried over."""
    path = f"events.{scheduled.event}.measure.quota.t_per_year"
    per_period = world.network.reader.number(quota.t_per_year, path) * quota.period_months / 12.0
    arcs_of = open_permit_balances(world, arcs)
    weights = quota_weights(world, arcs_of)
    first = world.network.date_of(scheduled.start_day)
    balance_t = world.state.value[PermitRow.BALANCE]
    period = 0
    while world.network.day_of(months_later(first, (period + 1) * quota.period_months)) <= world.day:
        period += 1  # the curb began before the scenario did
    while scheduled.end_day is None or world.day < scheduled.end_day:
        for column, weight in weights.items():
            left = balance_t[column] if quota.carry_over else 0.0
            balance_t[column] = left + per_period * weight
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.QUOTA_PERIOD_OPENS, tonnes=per_period))
        period += 1
        due = world.network.day_of(months_later(first, period * quota.period_months))
        yield world.until(due if scheduled.end_day is None else min(due, scheduled.end_day), rank)
    world.state.value[PermitRow.ACTIVE, list(arcs_of)] = 0.0


def open_permit_balances(world: World, arcs: Indices) -> dict[int, Indices]:
    """Arcs by the column of their permit balance: one a product, since the kernel trades product by product."""
    keys = [(world.network.arcs[a].material, world.network.arcs[a].stage) for a in arcs]
    arcs_of = {}
    for key in sorted(set(keys)):
        own = arcs[np.array([k == key for k in keys])]
        arcs_of[world.open_permit_balance(own, np.zeros(len(own)))] = own
    return arcs_of


def quota_weights(world: World, arcs_of: dict[int, Indices]) -> dict[int, float]:
    """Share of a quota for each of its permit balances: by baseline trade."""
    flows = {column: float(world.state.value[ArcRow.BASE_FLOW, arcs].sum()) for column, arcs in arcs_of.items()}
    total = sum(flows.values())
    return {column: flow / total if total > 0.0 else 1.0 / len(flows) for column, flow in flows.items()}


def months_later(date: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day."""
    month = date.month - 1 + months
    year, month = date.year + month // 12, month % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(date.day, last))
