"""Demand: shocks that pass, and substitution that does not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from minsim.kernel.rows import SectorRow
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import DemandShock, Substitution
from minsim.scenario.format.numbers import Names
from minsim.simulation.events.ramp import ramp
from minsim.simulation.world import World

Steps = Generator[Any, Any, None]


def sectors_meant(world: World, materials: Names, regions: Names, sectors: Names) -> list[int]:
    """End uses an event hits."""
    places = None if regions == "all" else world.network.reader.expand(regions)
    return [
        k
        for k, s in enumerate(world.network.sectors)
        if (materials == "all" or s.material in materials)
        and (places is None or s.place in places)
        and (sectors == "all" or s.sector in sectors)
    ]


def demand_shock(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Demand moves to a multiple of itself, day by day along its ramp, and back at once when the event ends."""
    event = span.model
    assert isinstance(event, DemandShock)
    reader, path = world.network.reader, f"events.{span.event}"
    hit = sectors_meant(world, event.materials, event.regions, event.sectors)
    factor = reader.number(event.factor, f"{path}.factor")
    days = reader.draws.whole(event.ramp_days, f"{path}.ramp_days")
    yield world.until(span.start_day, rank)
    world.log(span.event, f"demand moves to {factor:g} times itself", f"{len(hit)} end uses")
    for part in ramp(days, first=world.day - span.start_day):
        if span.end_day is not None and world.day >= span.end_day:
            break
        world.demand.put(span.event, hit, 1.0 + (factor - 1.0) * part)
        if part < 1.0:
            yield world.wait(1, rank)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.demand.drop(span.event)
        world.log(span.event, "the demand shock ends", f"{len(hit)} end uses")


def substitution(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Users who have been short for so many days design the material out, for good: day by day while the event acts."""
    event = span.model
    assert isinstance(event, Substitution)
    reader, path = world.network.reader, f"events.{span.event}"
    hit = sectors_meant(world, event.materials, event.regions, event.sectors)
    after = reader.draws.whole(event.after_days, f"{path}.after_days")
    per_year = reader.number(event.per_year, f"{path}.per_year")
    if per_year <= 0.0 or not hit:
        return
    yield world.until(span.start_day, rank)
    short_before = world.state.value[SectorRow.SHORT_DAYS, hit]
    days = np.zeros(len(hit))
    while span.end_day is None or world.day < span.end_day:
        begun = world.state.value[SectorRow.SHORT_DAYS, hit] - short_before >= after
        if begun.any():
            days[begun] += 1.0
            world.substituted.put(span.event, hit, (1.0 - per_year) ** (days / DAYS_PER_YEAR))
        yield world.wait(1, rank)
