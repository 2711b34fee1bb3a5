"""Export licences, as a queue.

Each importer files one application a week, for the tonnes its buyers called that need a permit. An application is under
review for a time of its own; then it waits for one of the office's desks, first come, first served. Approved tonnes become
permits, which the importer's arcs use up; refused tonnes may be applied for again after a wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import simpy

from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import ArcRow, ItemRow, PermitIndex, PermitRow
from minsim.scenario.distributions import draw
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import Licence
from minsim.simulation.calendar import Steps
from minsim.simulation.log import Application, LogEntry, LogKind
from minsim.simulation.world import World

DAYS_PER_WEEK = 7


class Office:
    """Desks that decide applications, first come, first served.

    Parameters
    ----------
    env : simpy.Environment
    desks : int
        Decisions that can be under way at once.
    decision_time : callable
        How long a decision occupies its desk; it takes effect at the start.
    wait : callable, optional
        Turns a time into an event; absent: `env.timeout`.

    Notes
    -----
    With exponential arrivals and decision times this is the M/M/c queue of Erlang (1917).
    """

    def __init__(
        self,
        env: simpy.Environment,
        desks: int,
        decision_time: Callable[[], float],
        wait: Callable[[Any], simpy.Event] | None = None,
    ) -> None:
        self.desks = simpy.Resource(env, capacity=desks)
        self.decision_time = decision_time
        self.wait = wait or env.timeout

    def decide(self, decision: Callable[[], None]) -> Steps:
        """Wait for a desk, take the decision, and occupy the desk for the decision time."""
        with self.desks.request() as turn:
            yield turn
            decision()
            yield self.wait(self.decision_time())


def open_office(world: World, decisions_per_day: float, rank: int) -> Office:
    """An office with a rate of decisions: a whole number a day, or one in a whole number of days."""
    if decisions_per_day >= 1.0:
        desks, days = math.floor(decisions_per_day), 1
    else:
        desks, days = 1, math.ceil(1.0 / decisions_per_day - 1e-9)
    return Office(world.env, desks, lambda: days, lambda time: world.wait(int(time), rank))


def licence_regime(
    world: World, scheduled: ScheduledEvent, licence: Licence, arcs: Indices, weight: Floats, rank: int
) -> Steps:
    """Open one permit balance an importer and product, let importers apply weekly, and close when the curb ends."""
    reader, path = world.network.reader, f"events.{scheduled.event}.measure.licence"
    controlled = reader.number(licence.controlled_share, f"{path}.controlled_share") * weight
    arcs, controlled = arcs[controlled > 0.0], controlled[controlled > 0.0]
    base = world.state.value[ArcRow.BASE_FLOW, arcs]
    office = open_office(world, reader.number(licence.decisions_per_day, f"{path}.decisions_per_day"), rank)
    columns = []
    kinds = np.array([world.network.arcs[a].kind for a in arcs])
    if (kinds == "stockpile").any():
        # Stockpiles do not apply, and must not use up the permits of users: their permit balance stays empty.
        to_stockpiles = arcs[kinds == "stockpile"]
        columns.append(world.open_permit_balance(to_stockpiles, np.zeros(len(to_stockpiles))))
    for key in sorted({_permit_key(world, a) for a in arcs[kinds != "stockpile"]}):
        own = np.array(
            [kind != "stockpile" and _permit_key(world, a) == key for a, kind in zip(arcs, kinds, strict=True)]
        )
        column = world.open_permit_balance(arcs[own], ((1.0 - controlled) * base)[own])
        columns.append(column)
        importer = Importer(world, scheduled, licence, office, column, key, rank)
        world.env.process(importer.apply_weekly())
        if licence.general is not None:
            world.env.process(general_licences(world, scheduled, licence, column, controlled[own] * base[own], rank))
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.state.value[PermitRow.ACTIVE, columns] = 0.0


def _permit_key(world: World, arc: int) -> tuple[str, str, str]:
    label = world.network.arcs[arc]
    return label.buyer_region, label.material, label.stage


def general_licences(
    world: World, scheduled: ScheduledEvent, licence: Licence, column: int, licensed_t_per_day: Floats, rank: int
) -> Steps:
    """Free a share of the licensed trade while general licences are valid."""
    assert licence.general is not None
    reader, path = world.network.reader, f"events.{scheduled.event}.measure.licence.general"
    share = reader.number(licence.general.share, f"{path}.share")
    valid = reader.draws.whole(licence.general.valid_days, f"{path}.valid_days")
    first, end = world.state.index[PermitIndex.FIRST_ARC, column : column + 2]
    expiry = world.network.day_of(licence.general.from_) + valid
    if expiry <= world.day:
        return
    yield world.until(licence.general.from_, rank)
    without = world.state.value[ItemRow.PERMIT_FREE, first:end].copy()
    world.set_permit_free(column, without + share * licensed_t_per_day)
    world.entries.append(LogEntry(world.day, scheduled.event, LogKind.GENERAL_LICENCES_OPEN, share=share))
    yield world.until(expiry, rank)
    world.set_permit_free(column, without)


class Importer:
    """Files one importer's weekly applications for one product; `column` is that of its permit balance."""

    def __init__(
        self,
        world: World,
        scheduled: ScheduledEvent,
        licence: Licence,
        office: Office,
        column: int,
        key: tuple[str, str, str],
        rank: int,
    ) -> None:
        self.world, self.scheduled, self.licence, self.office = world, scheduled, licence, office
        self.column, self.rank = column, rank
        self.region, material, stage = key
        reader, path = world.network.reader, f"events.{scheduled.event}.measure.licence"
        self.approval_rate = approval_rate_of(world, licence, path, self.region)
        self.reapply_after = reader.draws.whole(licence.reapply_after_days, f"{path}.reapply_after_days")
        self.reviews = world.network.draws.stream(f"{path}.review_days", f"{self.region} {material}/{stage}")
        self.to_apply_again = 0.0

    def apply_weekly(self) -> Steps:
        """Apply for the tonnes called during the week, and for refused ones that may be applied for again."""
        called = self.world.state.value[PermitRow.CALLED]
        while True:
            yield self.world.wait(DAYS_PER_WEEK, self.rank)
            if self.scheduled.end_day is not None and self.world.day >= self.scheduled.end_day:
                return
            tonnes = float(called[self.column]) + self.to_apply_again
            called[self.column] = self.to_apply_again = 0.0
            if tonnes > 0.0:
                self.world.env.process(self.application(tonnes))

    def application(self, tonnes: float) -> Steps:
        """One application: review, decision and, after a refusal, the wait to apply again."""
        filed = Application(self.scheduled.event, self.region, self.world.day, tonnes)
        self.world.applications.append(filed)
        yield self.world.wait(self.review_days(), self.rank)
        yield from self.office.decide(lambda: self.decide(filed))
        if filed.refused_t > 0.0:
            yield self.world.wait(self.reapply_after, self.rank)
            self.to_apply_again += filed.refused_t

    def review_days(self) -> int:
        """Days under review, drawn for each application where the scenario gives a distribution [days]."""
        return max(0, math.floor(draw(self.licence.review_days, self.reviews) + 0.5))

    def decide(self, filed: Application) -> None:
        """Approve a share of the application, equal to the approval rate: one application stands for many."""
        filed.decided_day = self.world.day
        filed.approved_t = filed.tonnes * self.approval_rate
        filed.refused_t = filed.tonnes - filed.approved_t
        self.world.state.value[PermitRow.BALANCE, self.column] += filed.approved_t


def approval_rate_of(world: World, licence: Licence, path: str, region: str) -> float:
    """Approval rate of an importer: its own; else the lowest of its blocs'; else the general one."""
    reader, stated = world.network.reader, licence.approval_rates
    blocs = [bloc for bloc in sorted(stated) if region in reader.blocs.get(bloc, ())]
    names = [region] if region in stated else blocs
    rates = [reader.number(stated[name], f"{path}.approval_rates.{name}") for name in names]
    return min(rates) if rates else reader.number(licence.approval_rate, f"{path}.approval_rate")
