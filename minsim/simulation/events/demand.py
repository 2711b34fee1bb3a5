"""Demand: temporary shocks, and lasting substitution."""

from __future__ import annotations

import numpy as np

from minsim.kernel.rows import SectorRow
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import DemandShock, Substitution
from minsim.scenario.format.numbers import Names
from minsim.simulation.calendar import Steps
from minsim.simulation.events.ramp import ramp
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World


def selected_sectors(world: World, materials: Names, regions: Names, sectors: Names) -> list[int]:
    """End uses that an event affects, as columns."""
    places = None if regions == "all" else world.network.reader.expand(regions)
    return [
        k
        for k, s in enumerate(world.network.sectors)
        if (materials == "all" or s.material in materials)
        and (places is None or s.place in places)
        and (sectors == "all" or s.sector in sectors)
    ]


def demand_shock(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Multiply demand by a factor, along a ramp; back at once when the event ends."""
    event = scheduled.model
    assert isinstance(event, DemandShock)
    reader, path = world.network.reader, f"events.{scheduled.event}"
    hit = selected_sectors(world, event.materials, event.regions, event.sectors)
    factor = reader.number(event.factor, f"{path}.factor")
    days = reader.draws.whole(event.ramp_days, f"{path}.ramp_days")
    yield world.until(scheduled.start_day, rank)
    world.entries.append(LogEntry(world.day, scheduled.event, LogKind.DEMAND_MOVES, factor=factor, count=len(hit)))
    for part in ramp(days, first=world.day - scheduled.start_day):
        if scheduled.end_day is not None and world.day >= scheduled.end_day:
            break
        world.demand.put(scheduled.event, hit, 1.0 + (factor - 1.0) * part)
        if part < 1.0:
            yield world.wait(1, rank)
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.demand.drop(scheduled.event)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.DEMAND_SHOCK_ENDS, count=len(hit)))


def substitution(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Users who have been short for some days design the material out, for good: day by day while the event acts."""
    event = scheduled.model
    assert isinstance(event, Substitution)
    reader, path = world.network.reader, f"events.{scheduled.event}"
    hit = selected_sectors(world, event.materials, event.regions, event.sectors)
    after = reader.draws.whole(event.after_days, f"{path}.after_days")
    per_year = reader.number(event.per_year, f"{path}.per_year")
    if per_year <= 0.0 or not hit:
        return
    yield world.until(scheduled.start_day, rank)
    short_before = world.state.value[SectorRow.SHORT_DAYS, hit]
    days = np.zeros(len(hit))
    while scheduled.end_day is None or world.day < scheduled.end_day:
        begun = world.state.value[SectorRow.SHORT_DAYS, hit] - short_before >= after
        if begun.any():
            days[begun] += 1.0
            world.substituted.put(scheduled.event, hit, (1.0 - per_year) ** (days / DAYS_PER_YEAR))
        yield world.wait(1, rank)
