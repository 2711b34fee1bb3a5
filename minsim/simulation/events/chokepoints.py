"""Chokepoints: a passage on some shipping lanes slows or narrows."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Indices
from minsim.network.trade import route_closeness
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import Chokepoint
from minsim.simulation.calendar import Steps
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World


def arcs_through(world: World, event: Chokepoint) -> Indices:
    """Arcs on the shipping lanes of a passage."""
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


def chokepoint(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Lanes take longer and carry less; goods at sea may wait too; buyers with low cover may use air freight."""
    event = scheduled.model
    assert isinstance(event, Chokepoint)
    reader, path = world.network.reader, f"events.{scheduled.event}"
    arcs = arcs_through(world, event)
    days = reader.draws.whole(event.extra_days, f"{path}.extra_days")
    passes = reader.number(event.throughput, f"{path}.throughput")
    yield world.until(scheduled.start_day, rank)
    begins = LogEntry(world.day, scheduled.event, LogKind.CHOKEPOINT_BEGINS, whom=event.lanes, days=days, share=passes)
    world.entries.append(begins)
    world.delay(scheduled.event, arcs, days, holds=event.holds_in_transit)
    world.cap(scheduled.event, arcs, fraction=1.0 - passes)
    if event.expedite is not None:
        cover = reader.number(event.expedite.when_cover_below_days, f"{path}.expedite.when_cover_below_days")
        world.air_days.put(scheduled.event, arcs, reader.draws.whole(event.expedite.days, f"{path}.expedite.days"))
        world.air_cover.put(scheduled.event, arcs, cover)
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        for lever in (world.extra_days, world.held_days, world.caps, world.air_days, world.air_cover):
            lever.drop(scheduled.event)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.CHOKEPOINT_ENDS, whom=event.lanes))
