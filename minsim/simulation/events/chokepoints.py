"""Chokepoints: a passage on some lanes slows or narrows."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from minsim.kernel.compiling import Indices
from minsim.network.trade import route_closeness
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import Chokepoint
from minsim.simulation.world import World

Steps = Generator[Any, Any, None]


def arcs_through(world: World, event: Chokepoint) -> Indices:
    """Arcs on the lanes of a passage."""
    place = world.network.reader.place
    found = [
        a
        for a, arc in enumerate(world.network.arcs)
        if (event.materials == "all" or arc.material in event.materials)
        and any(
            route_closeness(lane, place(arc.seller, arc.seller_country), place(arc.buyer, arc.buyer_region)) is not None
            for lane in event.lanes
        )
    ]
    return np.array(found, dtype=np.uint32)


def chokepoint(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Lanes take longer and carry less; what is at sea waits too if the passage holds it; buyers low on stock may fly."""
    event = span.model
    assert isinstance(event, Chokepoint)
    reader, path = world.network.reader, f"events.{span.event}"
    arcs = arcs_through(world, event)
    days = reader.draws.whole(event.extra_days, f"{path}.extra_days")
    passes = reader.number(event.throughput, f"{path}.throughput")
    yield world.until(span.start_day, rank)
    lanes = ", ".join(event.lanes)
    world.log(span.event, f"lanes take {days} days longer and carry {passes:.0%} of baseline trade", lanes)
    world.delay(span.event, arcs, days, holds=event.holds_in_transit)
    world.cap(span.event, arcs, fraction=1.0 - passes)
    if event.expedite is not None:
        cover = reader.number(event.expedite.when_cover_below_days, f"{path}.expedite.when_cover_below_days")
        world.air_days.put(span.event, arcs, reader.draws.whole(event.expedite.days, f"{path}.expedite.days"))
        world.air_cover.put(span.event, arcs, cover)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        for lever in (world.extra_days, world.held_days, world.caps, world.air_days, world.air_cover):
            lever.drop(span.event)
        world.log(span.event, "lanes are free again", lanes)
