"""Runs one replication: SimPy is the clock and the calendar, the compiled flows fill the days between its events."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minsim.errors import MassBalanceError, SimulationError
from minsim.kernel import advance
from minsim.kernel.compiling import Floats
from minsim.kernel.rows import Channel, Fault, HoldingRow, ItemRow
from minsim.kernel.state import CONSUMER_FIELDS, HOLDING_FIELDS, SECTOR_FIELDS, State
from minsim.network.network import Network
from minsim.simulation.events import PROCESSES, declared_disruption, price_setting, recovery, release_authority
from minsim.simulation.world import EVENT_RANK, FIRST, LAST, Application, Day, LogEntry, Process, World

__all__ = ["LogEntry", "Record", "simulate"]

TRIGGERED, RESTORED, BOTH = 1.0, 2.0, 3.0


@dataclass(frozen=True)
class Record:
    """What one replication leaves behind.

    Attributes
    ----------
    network : Network
    sector : array of shape (days, sectors, 5)
        Demand, consumed, shortfall, destroyed, from stockpiles [t].
    consumer : array of shape (days, consumers, 2)
        Closing commercial stock [t], price [USD/kg]; nan where prices are off.
    holding : array of shape (days, holdings, 4)
        Closing stock, bought, released [t], spent [USD].
    trade : array of shape (months, arcs)
        Shipped openly [t].
    leaked : array of shape (months, arcs)
        Shipped round a curb [t].
    log : tuple of LogEntry
        By day.
    offer : array of shape (days, holdings)
        Price at which each stockpile could buy [USD/kg]; nan where the scenario gives none.
    applications : tuple of Application
        Licence applications, by day, event and importer.
    """

    network: Network
    sector: Floats
    consumer: Floats
    holding: Floats
    trade: Floats
    leaked: Floats
    log: tuple[LogEntry, ...]
    offer: Floats
    applications: tuple[Application, ...] = ()


def simulate(network: Network, rerouting: str = "reference", processes: Sequence[Process] = ()) -> Record:
    """Run one replication of a network.

    Parameters
    ----------
    network : Network
    rerouting : {"reference", "none", "free"}
        Behaviour of buyers: one end of the bracket, or the reference.
    processes : sequence of generator functions
        Processes of your own, called with the `World`; they act before the scenario's events of the same day.

    Raises
    ------
    MassBalanceError
        If the books of any day do not close.
    SimulationError
        If a process asks for the impossible.
    """
    world = World(network, network.fresh_state(rerouting))
    for process in processes:
        world.env.process(process(world))
    for rank, span in enumerate(network.events, start=EVENT_RANK):
        if span.acts_within(network.days):
            world.env.process(PROCESSES[type(span.model)](world, span, rank))
            world.env.process(declared_disruption(world, span, rank))
    rank = EVENT_RANK + len(network.events)
    for holding in range(len(network.holdings)):
        rank += 1
        world.env.process(release_authority(world, holding, rank))
    for name, material in sorted(network.scenario.model.materials.items()):
        if material.byproduct_of is not None:
            rank += 1
            world.env.process(recovery(world, name, rank))
    zone = 0
    for market in network.markets:
        rank += 2  # one for the clearing, one for the boards that look at it
        world.env.process(price_setting(world, market, zone, rank))
        zone += len(market.zones)
    world.env.process(flows(world))
    world.env.run(until=network.days)
    return record_of(world)


def flows(world: World) -> Generator[Any, Any, None]:
    """Fill the days up to the next event on the calendar, then wake whoever waits for a trigger; for ever."""
    network, env = world.network, world.env
    yield Day(env, 0, LAST)
    while True:
        horizon = min(env.peek(), network.days)
        if horizon != int(horizon):
            raise SimulationError(f"events happen on whole days, but one is due on day {horizon}; wait whole days")
        reached = advance.advance(world.state, world.day, int(horizon))
        check_books(world)
        notices = world.state.value[HoldingRow.NOTICE, : len(network.holdings)]
        if len(notices) > 0 and notices.any():
            yield Day(env, reached - world.day, FIRST)
            tell(world, notices)
        yield Day(env, reached - world.day, LAST)


def tell(world: World, notices: Floats) -> None:
    """Pass on what the kernel noticed on the day just ended."""
    for holding in np.flatnonzero(notices):
        if notices[holding] in (TRIGGERED, BOTH):
            world.triggered[holding].succeed(world.day - 1)
            world.triggered[holding] = world.env.event()
        if notices[holding] in (RESTORED, BOTH):
            world.restored[holding].succeed(world.day - 1)
            world.restored[holding] = world.env.event()
        notices[holding] = 0.0


def check_books(world: World) -> None:
    """Raise if the kernel found that tonnes appeared or vanished."""
    if world.state.value[ItemRow.FAULT, 0] != Fault.NONE:
        kind, node, day, off, throughput = world.state.value[ItemRow.FAULT, :5].tolist()
        name = _node_name(world.network, world.state, int(kind), int(node))
        raise MassBalanceError(name, world.network.date_of(int(day)).isoformat(), off, throughput)


def _node_name(network: Network, state: State, kind: int, node: int) -> str:
    match kind:
        case Fault.SELLER:
            label = network.sellers[node]
            return f"{label.material}/{label.stage} producer {label.producer}"
        case Fault.BUYER:
            return f"stock of {network.buyer_names[node]}"
        case Fault.PRODUCT:
            return "world total of " + "/".join(network.products[node])
        case _:
            arc = network.arcs[node]
            return f"{arc.material}/{arc.stage} at sea from {arc.seller} to {arc.buyer}"


def record_of(world: World) -> Record:
    """The run's record."""
    network, state = world.network, world.state
    sectors = SECTOR_FIELDS * len(network.sectors)
    consumers = sectors + CONSUMER_FIELDS * len(network.consumers)
    days = network.days
    return Record(
        network=network,
        sector=state.daily[:, :sectors].reshape(days, -1, SECTOR_FIELDS),
        consumer=state.daily[:, sectors:consumers].reshape(days, -1, CONSUMER_FIELDS),
        holding=state.daily[:, consumers:].reshape(days, -1, HOLDING_FIELDS),
        trade=state.monthly[Channel.OPENLY],
        leaked=state.monthly[Channel.LEAKING],
        log=tuple(sorted(world.entries, key=lambda entry: entry.day)),
        offer=world.offer,
        applications=tuple(sorted(world.applications, key=lambda a: (a.applied_day, a.event, a.importer))),
    )
