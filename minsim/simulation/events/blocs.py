"""Trade blocs: members serve each other first."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import TradeBloc
from minsim.simulation.world import BLOC, World

Steps = Generator[Any, Any, None]


def trade_bloc(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """While the bloc stands, its sellers short of product serve its buyers before others."""
    event = span.model
    assert isinstance(event, TradeBloc)
    members = set(world.network.reader.regions_of(event.bloc))
    arcs = [
        a
        for a, arc in enumerate(world.network.arcs)
        if arc.seller_country in members
        and arc.buyer_region in members
        and (event.materials == "all" or arc.material in event.materials)
    ]
    yield world.until(span.start_day, rank)
    world.ranks.put(span.event, arcs, float(BLOC))
    world.log(span.event, "members serve each other first", ", ".join(sorted(members)))
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.ranks.drop(span.event)
