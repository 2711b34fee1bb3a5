"""Trade blocs: members serve each other first."""

from __future__ import annotations

from minsim.kernel.codes import SupplyClass
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import TradeBloc
from minsim.simulation.calendar import Steps
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World


def trade_bloc(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """While the bloc lasts, members short of product serve members before others."""
    event = scheduled.model
    assert isinstance(event, TradeBloc)
    members = set(world.network.reader.regions_of(event.bloc))
    arcs = [
        a
        for a, arc in enumerate(world.network.arcs)
        if arc.seller_country in members
        and arc.buyer_region in members
        and (event.materials == "all" or arc.material in event.materials)
    ]
    yield world.until(scheduled.start_day, rank)
    world.ranks.put(scheduled.event, arcs, float(SupplyClass.BLOC))
    world.entries.append(LogEntry(world.day, scheduled.event, LogKind.BLOC_BEGINS, whom=tuple(sorted(members))))
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.ranks.drop(scheduled.event)
