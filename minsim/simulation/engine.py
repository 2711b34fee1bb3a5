"""Run one replication: SimPy keeps the clock and the calendar, the compiled kernel advances the days between its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minsim.errors import MassBalanceError, SimulationError
from minsim.kernel import advance
from minsim.kernel.codes import Channel, Fault, Notice
from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.daily_record import CONSUMER_FIELDS, HOLDING_FIELDS, SECTOR_FIELDS
from minsim.kernel.rows import HoldingIndex, ItemRow
from minsim.kernel.rules import consumer_column, holding_column
from minsim.kernel.state import State
from minsim.network.network import Network
from minsim.simulation.calendar import EVENT_RANK, FIRST, LAST, Day, Steps
from minsim.simulation.events import PROCESSES, declared_disruption, price_setting, recovery, release_authority
from minsim.simulation.log import Application, LogEntry
from minsim.simulation.world import Process, World

__all__ = ["LogEntry", "Record", "simulate"]


@dataclass(frozen=True)
class Record:
    """Everything one replication recorded.

    Attributes
    ----------
    network : Network
    sector : array of shape (days, sectors, 5)
        Demand, consumed, shortfall, destroyed, from stockpiles [t].
    consumer : array of shape (days, consumers, 4)
        Closing commercial stock [t]; price paid, spot price, spot price of the zone [USD/kg], nan where prices are off.
    holding : array of shape (days, holdings, 4)
        Closing stock, bought, released [t], spent [USD].
    trade : array of shape (months, arcs)
        Shipped openly [t].
    leaked : array of shape (months, arcs)
        Leaked around a curb [t].
    log : tuple of LogEntry
        By day.
    purchase_price_usd_per_kg : array of shape (days, holdings)
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
    purchase_price_usd_per_kg: Floats
    applications: tuple[Application, ...] = ()


def simulate(network: Network, rerouting: str = "reference", processes: Sequence[Process] = ()) -> Record:
    """Run one replication of a network.

    Parameters
    ----------
    network : Network
    rerouting : {"reference", "none", "free"}
        How buyers switch suppliers.
    processes : sequence of generator functions
        The user's own processes, called with the `World`; they act before the scenario's events of the same day.

    Raises
    ------
    MassBalanceError
        If the mass balance of any day does not close.
    SimulationError
        If a process asks for something that cannot be done.
    """
    world = World(network, network.fresh_state(rerouting))
    for process in processes:
        world.env.process(process(world))
    start_processes(world)
    world.env.process(flows(world))
    world.env.run(until=network.days)
    return record_of(world)


def start_processes(world: World) -> None:
    """Start the processes of the scenario, each with its rank: events, stockpiles, by-products, markets."""
    network = world.network
    for rank, scheduled in enumerate(network.events, start=EVENT_RANK):
        if scheduled.acts_within(network.days):
            world.env.process(PROCESSES[type(scheduled.model)](world, scheduled, rank))
            world.env.process(declared_disruption(world, scheduled, rank))
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
        rank += 2  # one for the clearing, one for the mothballing decisions that follow it
        world.env.process(price_setting(world, market, zone, rank))
        zone += len(market.zones)


def flows(world: World) -> Steps:
    """Advance to the next event, then fire triggers; runs for the whole simulation."""
    network, env = world.network, world.env
    # Views: the arrays stay the same, and to look up a row by name takes as long as a day of the kernel.
    notices = world.state.index[HoldingIndex.NOTICE, : len(network.holdings)]
    fault = world.state.value[ItemRow.FAULT, :5]
    yield Day(env, 0, LAST)
    while True:
        horizon = min(env.peek(), network.days)
        if horizon != int(horizon):
            raise SimulationError(f"events happen on whole days, but one is due on day {horizon}; wait whole days")
        reached = advance.advance(world.state, world.day, int(horizon))
        if fault[0]:
            raise unclosed_books(world, fault)
        if len(notices) > 0 and notices.any():
            yield Day(env, reached - world.day, FIRST)
            fire_triggers(world, notices)
        yield Day(env, reached - world.day, LAST)


def fire_triggers(world: World, notices: Indices) -> None:
    """Fire the events of release triggers and recovered stocks that the kernel noticed on the day before."""
    for holding in np.flatnonzero(notices):
        if notices[holding] in (Notice.TRIGGERED, Notice.BOTH):
            world.triggered[holding].succeed(world.day - 1)
            world.triggered[holding] = world.env.event()
        if notices[holding] in (Notice.RECOVERED, Notice.BOTH):
            world.recovered[holding].succeed(world.day - 1)
            world.recovered[holding] = world.env.event()
        notices[holding] = Notice.NONE


def unclosed_books(world: World, fault: Floats) -> MassBalanceError:
    """The error of a mass balance that the kernel found not to close."""
    kind, node, day, off, throughput = fault.tolist()
    name = _node_name(world.network, world.state, int(kind), int(node))
    return MassBalanceError(name, world.network.date_of(int(day)).isoformat(), off, throughput)


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
    """The record of a finished replication."""
    network, state = world.network, world.state
    sectors = consumer_column(0, len(network.sectors))
    consumers = holding_column(0, len(network.sectors), len(network.consumers))
    days = network.days
    return Record(
        network=network,
        sector=state.daily[:, :sectors].reshape(days, -1, SECTOR_FIELDS),
        consumer=state.daily[:, sectors:consumers].reshape(days, -1, CONSUMER_FIELDS),
        holding=state.daily[:, consumers:].reshape(days, -1, HOLDING_FIELDS),
        trade=state.monthly[Channel.OPENLY],
        leaked=state.monthly[Channel.LEAKING],
        log=tuple(sorted(world.entries, key=lambda entry: entry.day)),
        purchase_price_usd_per_kg=world.purchase_price_usd_per_kg,
        applications=tuple(sorted(world.applications, key=lambda a: (a.applied_day, a.event, a.importer))),
    )
