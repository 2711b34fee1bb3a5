"""Export curbs: bans, cuts and quotas, with announcement, leakage, home preference and curbs on single end uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from typing import Any

import numpy as np

from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import ArcIndex, ArcRow, BuyerRow, PermitRow
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import ExportCurb, Quota
from minsim.simulation.events.licences import licence_regime
from minsim.simulation.events.ramp import ramp
from minsim.simulation.world import HOME, OTHERS, World

Steps = Generator[Any, Any, None]


def export_curb(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Announce, wait for the first day, hold back what the measure says, and lift everything on the first free day."""
    curb = span.model
    assert isinstance(curb, ExportCurb)
    arcs = curbed_arcs(world, curb)
    if curb.announcement is not None:
        yield from announcement(world, span, curb, arcs, rank)
    yield world.until(span.start_day, rank)
    whom = ", ".join(sorted({world.network.arcs[a].buyer_region for a in arcs})) or "nobody"
    world.log(span.event, f"curb begins: {describe(world, span.event, curb)}", whom)
    if not holds_nothing_back(world, span.event, curb):
        start_measure(world, span, curb, arcs, rank)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        end_measure(world, span.event)
        world.log(span.event, "curb ends", whom)
        yield world.wait(int(world.state.index[ArcIndex.LEAD_DAYS, arcs].max(initial=0)), rank)
        world.deferred.drop(span.event)


def curbed_arcs(world: World, curb: ExportCurb) -> Indices:
    """The exporter's arcs to the importers named; a curb on some end uses touches arcs to consumers only.

    Members of a bloc that curbs do not curb each other, unless an importer is named one by one.
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


def holds_nothing_back(world: World, event: str, curb: ExportCurb) -> bool:
    """Whether a curb is one in name only: it sets no cap, makes no class of buyers and lets nothing leak."""
    reader, path = world.network.reader, f"events.{event}.measure"
    if curb.measure.licence is not None:
        return reader.number(curb.measure.licence.controlled_share, f"{path}.licence.controlled_share") <= 0.0
    return curb.measure.cut is not None and reader.number(curb.measure.cut, f"{path}.cut") <= 0.0


def curbed_sectors(world: World, curb: ExportCurb, arcs: Indices) -> list[int]:
    """The sectors a curb on some end uses makes bear the shortage."""
    hit = {(world.network.arcs[a].material, world.network.arcs[a].user) for a in arcs}
    return [
        k
        for k, s in enumerate(world.network.sectors)
        if curb.sectors != "all" and s.sector in curb.sectors and (s.material, s.region) in hit
    ]


def sector_weight(world: World, curb: ExportCurb, arcs: Indices) -> Floats:
    """Share of each arc's baseline that goes to the sectors curbed: 1 where the curb hits every use."""
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


def describe(world: World, event: str, curb: ExportCurb) -> str:
    """What the measure does, in words."""
    measure = curb.measure
    if measure.quota is not None:
        tonnes = world.network.reader.number(measure.quota.t_per_year, f"events.{event}.measure.quota.t_per_year")
        return f"{curb.exporter} lets {tonnes:,.0f} t a year pass"
    if measure.licence is not None:
        return f"{curb.exporter} licenses exports"
    return f"{removed_fraction(world, event, curb):.0%} of {curb.exporter}'s baseline trade is held back"


def removed_fraction(world: World, event: str, curb: ExportCurb) -> float:
    """Fraction of baseline trade that a ban or a cut removes."""
    if curb.measure.cut is None:
        return 1.0
    return world.network.reader.number(curb.measure.cut, f"events.{event}.measure.cut")


def start_measure(world: World, span: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> None:
    """Pull the levers of the measure; what needs time of its own starts its own process."""
    event, measure = span.event, curb.measure
    weight = sector_weight(world, curb, arcs)
    if measure.quota is not None:
        world.env.process(quota_periods(world, span, measure.quota, arcs, rank))
    elif measure.licence is not None:
        world.env.process(licence_regime(world, span, measure.licence, arcs, weight, rank))
    else:
        fraction = removed_fraction(world, event, curb) * weight
        bites = fraction > 0.0
        world.caps.put(event, arcs[bites], ((1.0 - fraction) * world.state.value[ArcRow.BASE_FLOW, arcs])[bites])
    if curb.sectors != "all":
        world.deferred.put(event, curbed_sectors(world, curb, arcs), 1.0)
    if curb.home_first:
        world.serve_first(event, home_arcs(world, curb), HOME)
    if curb.leakage is not None:
        world.env.process(leakage(world, span, curb, arcs, rank))


def end_measure(world: World, event: str) -> None:
    """Let go of every lever of a curb but the deferral of its sectors, which lasts until full shipments arrive."""
    for lever in (world.caps, world.ranks, world.leak_share, world.leak_extra_days):
        lever.drop(event)


def home_arcs(world: World, curb: ExportCurb) -> Indices:
    """The exporter's arcs to its own buyers, in the products the curb covers."""
    members = world.network.reader.regions_of(curb.exporter)
    found = [
        world.arcs(exporter=member, importers=members, materials=curb.materials, stage=curb.stage) for member in members
    ]
    return np.unique(np.concatenate(found))


def announcement(world: World, span: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> Steps:
    """Buyers learn of the curb: they raise their stock targets until it starts, and begin to qualify other suppliers."""
    assert curb.announcement is not None
    yield world.until(min(world.network.day_of(curb.announcement.date), span.start_day), rank)
    buyers = sorted(
        {int(world.state.index[ArcIndex.BUYER, a]) for a in arcs if world.network.arcs[a].base_flow_t_per_day > 0.0}
    )
    clocks = world.state.value[BuyerRow.QUALIFICATION_START]
    for v in buyers:
        if clocks[v] < 0.0:
            clocks[v] = world.day
    path = f"events.{span.event}.announcement.stock_target_factor"
    factor = world.network.reader.number(curb.announcement.stock_target_factor, path)
    world.log(span.event, f"curb is announced; stock targets x {factor:g}", str(len(buyers)) + " buyers")
    if world.day < span.start_day and factor != 1.0:
        world.targets.put(span.event, buyers, factor)
        yield world.until(span.start_day, rank)
        world.targets.drop(span.event)


def leakage(world: World, span: ScheduledEvent, curb: ExportCurb, arcs: Indices, rank: int) -> Steps:
    """Part of what the curb blocks arrives all the same, through third countries, more as the routes are found."""
    assert curb.leakage is not None
    reader, path = world.network.reader, f"events.{span.event}.leakage"
    share = reader.number(curb.leakage.share, f"{path}.share")
    extra = reader.draws.whole(curb.leakage.extra_days, f"{path}.extra_days")
    days = reader.draws.whole(curb.leakage.ramp_days, f"{path}.ramp_days")
    world.leak_extra_days.put(span.event, arcs, extra)
    for part in ramp(days, first=world.day - span.start_day):
        if span.end_day is not None and world.day >= span.end_day:
            return
        world.leak_share.put(span.event, arcs, share * part)
        yield world.wait(1, rank)


def quota_periods(world: World, span: ScheduledEvent, quota: Quota, arcs: Indices, rank: int) -> Steps:
    """Fill the purses at the start of every period; unused tonnes lapse unless they are carried over."""
    path = f"events.{span.event}.measure.quota.t_per_year"
    per_period = world.network.reader.number(quota.t_per_year, path) * quota.period_months / 12.0
    purses = open_purses(world, arcs, np.zeros(len(arcs)))
    weights = purse_weights(world, purses)
    first = world.network.date_of(span.start_day)
    balances = world.state.value[PermitRow.BALANCE]
    period = 0
    while world.network.day_of(months_later(first, (period + 1) * quota.period_months)) <= world.day:
        period += 1  # the curb began before the scenario did
    while span.end_day is None or world.day < span.end_day:
        for purse, part in weights.items():
            left = balances[purse] if quota.carry_over else 0.0
            balances[purse] = left + per_period * part
        world.log(span.event, f"a quota period opens with {per_period:,.0f} t", "")
        period += 1
        due = world.network.day_of(months_later(first, period * quota.period_months))
        yield world.until(due if span.end_day is None else min(due, span.end_day), rank)
    close_purses(world, list(purses))


def open_purses(world: World, arcs: Indices, free_t_per_day: Floats) -> dict[int, Indices]:
    """One purse a product, since products trade one after the other; most curbs cover one product."""
    keys = [(world.network.arcs[a].material, world.network.arcs[a].stage) for a in arcs]
    purses = {}
    for key in sorted(set(keys)):
        own = np.array([k == key for k in keys])
        purses[world.open_purse(arcs[own], free_t_per_day[own])] = arcs[own]
    return purses


def purse_weights(world: World, purses: dict[int, Indices]) -> dict[int, float]:
    """How a quota over several products is split: by their baseline trade."""
    flows = {purse: float(world.state.value[ArcRow.BASE_FLOW, arcs].sum()) for purse, arcs in purses.items()}
    total = sum(flows.values())
    return {purse: flow / total if total > 0.0 else 1.0 / len(flows) for purse, flow in flows.items()}


def close_purses(world: World, purses: list[int]) -> None:
    """The curb is over: permits no longer count."""
    world.state.value[PermitRow.ACTIVE, purses] = 0.0


def months_later(date: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last day."""
    month = date.month - 1 + months
    year, month = date.year + month // 12, month % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month, min(date.day, last))


__all__ = ["OTHERS", "export_curb", "months_later"]
