"""Changes of production capacity: outages, pandemics, new capacity, by-products."""

from __future__ import annotations

import math

import numpy as np

from minsim.kernel.compiling import Indices
from minsim.kernel.rows import SellerRow
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario.distributions import draw
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import CapacityProject, Hazard, Incentive, Outage, Pandemic, ProducerReference
from minsim.scenario.stages import chain
from minsim.simulation.calendar import Steps
from minsim.simulation.events.ramp import ramp
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World

WEEK_DAYS = 7


def selected_producers(world: World, reference: ProducerReference) -> Indices:
    """Producers that an event names, as columns."""
    return world.sellers(reference.material, reference.stage, reference.country, reference.producer)


def outage(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Producers lose capacity: once between two dates, or each at random, repeatedly."""
    event = scheduled.model
    assert isinstance(event, Outage)
    sellers = selected_producers(world, event.producer)
    left = world.network.reader.number(event.availability, f"events.{scheduled.event}.availability")
    yield world.until(scheduled.start_day, rank)
    if event.hazard is not None:
        for i in sellers:
            world.env.process(repair_cycle(world, scheduled, event.hazard, int(i), left, rank))
        return
    names = tuple(world.network.sellers[i].producer for i in sellers)
    world.availability.put(scheduled.event, sellers, left)
    world.entries.append(LogEntry(world.day, scheduled.event, LogKind.OUTAGE_BEGINS, whom=names, share=left))
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.availability.drop(scheduled.event)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.OUTAGE_ENDS, whom=names))


def repair_cycle(world: World, scheduled: ScheduledEvent, hazard: Hazard, seller: int, left: float, rank: int) -> Steps:
    """Fail and repair one producer until the event ends: exponential up time, repair time as drawn.

    Times are real numbers; each takes effect at the start of its day, so that rounding does not accumulate.
    """
    label = world.network.sellers[seller]
    name = f"{scheduled.event}:{label.material}/{label.stage}/{label.producer}"
    path = f"events.{scheduled.event}.hazard"
    rate = world.network.reader.number(hazard.rate_per_year, f"{path}.rate_per_year") / DAYS_PER_YEAR
    if rate <= 0.0 or left >= 1.0:
        return
    up_times = world.network.draws.stream(name, "up time")
    repairs = world.network.draws.stream(name, "repair time")
    end = math.inf if scheduled.end_day is None else scheduled.end_day
    clock = float(world.day)
    while True:
        clock += up_times.exponential(1.0 / rate)
        if clock >= min(end, world.network.days):
            return
        yield world.until(math.floor(clock), rank)
        world.availability.put(name, [seller], left)
        begins = LogEntry(world.day, scheduled.event, LogKind.OUTAGE_BEGINS, whom=(label.producer,), share=left)
        world.entries.append(begins)
        clock += draw(hazard.repair_days, repairs)
        if clock >= world.network.days and end >= world.network.days:
            return
        yield world.until(math.floor(min(clock, end)), rank)
        world.availability.drop(name)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.OUTAGE_ENDS, whom=(label.producer,)))


def capacity_project(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """New capacity comes on stream after its delay, and ramps up day by day."""
    event = scheduled.model
    assert isinstance(event, CapacityProject)
    reader, path = world.network.reader, f"events.{scheduled.event}"
    sellers = selected_producers(world, event.producer)
    added = reader.number(event.capacity_t_per_year, f"{path}.capacity_t_per_year") / DAYS_PER_YEAR
    days = reader.draws.whole(event.ramp_days, f"{path}.ramp_days")
    delay = reader.draws.whole(event.delay_days, f"{path}.delay_days")
    # Several producers share a project by baseline output; equally where none has any.
    outputs = np.array([world.network.sellers[i].output_t_per_day for i in sellers])
    parts = outputs / outputs.sum() if outputs.sum() > 0.0 else np.full(len(sellers), 1.0 / max(1, len(sellers)))
    if added <= 0.0:
        return
    first = scheduled.start_day + delay
    if event.incentive is not None:
        yield from wait_for_price(world, scheduled, event.incentive, sellers, rank)
        first = world.day + delay
    if scheduled.end_day is not None and first >= scheduled.end_day:
        return
    yield world.until(first, rank)
    names = tuple(world.network.sellers[i].producer for i in sellers)
    t_per_year = added * DAYS_PER_YEAR
    begins = LogEntry(world.day, scheduled.event, LogKind.CAPACITY_BEGINS, whom=names, t_per_year=t_per_year)
    world.entries.append(begins)
    for part in ramp(days, first=world.day - first):
        if scheduled.end_day is not None and world.day >= scheduled.end_day:
            break
        world.projects.put(scheduled.event, sellers, added * part * parts)
        yield world.wait(1, rank)
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.projects.drop(scheduled.event)


def wait_for_price(world: World, scheduled: ScheduledEvent, incentive: Incentive, sellers: Indices, rank: int) -> Steps:
    """Wait until producers there have received the incentive price for the days required, counted from the event's start."""
    reader, path = world.network.reader, f"events.{scheduled.event}.incentive"
    price = reader.number(incentive.price_usd_per_kg, f"{path}.price_usd_per_kg")
    days = reader.draws.whole(incentive.for_days, f"{path}.for_days")
    yield world.until(scheduled.start_day, rank)
    market = world.markets[world.network.sellers[sellers[0]].material]
    above_days = 0
    while above_days < days:
        yield world.wait(WEEK_DAYS, rank)
        above_days = above_days + WEEK_DAYS if market.received_by(int(sellers[0])) >= price else 0
    decided = LogKind.PROJECT_DECIDED
    world.entries.append(LogEntry(world.day, scheduled.event, decided, price_usd_per_kg=price, days=above_days))


def recovery(world: World, material: str, rank: int) -> Steps:
    """Limit a by-product to the fraction of baseline output that its host metal reaches in the same country; weekly."""
    network, outputs = world.network, world.state.value[SellerRow.OUTPUT]
    by_product = network.scenario.model.materials[material].byproduct_of
    assert by_product is not None
    host = by_product.host
    host_stage = chain(network.scenario.model.materials[host])[-1]
    first_stage = chain(network.scenario.model.materials[material])[0]
    hosts = {
        country: [
            i for i, s in enumerate(network.sellers) if (s.material, s.stage, s.country) == (host, host_stage, country)
        ]
        for country in sorted({s.country for s in network.sellers if (s.material, s.stage) == (material, first_stage)})
    }
    name = f"host:{material}"
    while True:
        yield world.wait(WEEK_DAYS, rank)
        for country, sellers in hosts.items():
            usual = sum(network.sellers[i].output_t_per_day for i in sellers)
            made = float(outputs[sellers].sum())
            mine = world.sellers(material, first_stage, country)
            world.availability.put(f"{name}:{country}", mine, made / usual if usual > 0.0 else 0.0)


def pandemic(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Many producers lose capacity at once, regions change demand, and lead times grow."""
    event = scheduled.model
    assert isinstance(event, Pandemic)
    reader, path = world.network.reader, f"events.{scheduled.event}"
    places = None if event.countries == "all" else reader.expand(event.countries)
    sellers = [
        i
        for i, s in enumerate(world.network.sellers)
        if (places is None or s.country in places or s.producer in places)
        and (event.materials == "all" or s.material in event.materials)
        and (event.stages == "all" or s.stage in event.stages)
    ]
    sectors = [
        k
        for k, s in enumerate(world.network.sectors)
        if (places is None or s.place in places) and (event.materials == "all" or s.material in event.materials)
    ]
    arcs = [
        a
        for a, arc in enumerate(world.network.arcs)
        if (places is None or arc.seller_country in places or arc.buyer_region in places)
        and (event.materials == "all" or arc.material in event.materials)
    ]
    yield world.until(scheduled.start_day, rank)
    world.availability.put(scheduled.event, sellers, reader.number(event.availability, f"{path}.availability"))
    world.demand.put(scheduled.event, sectors, reader.number(event.demand_factor, f"{path}.demand_factor"))
    days = reader.draws.whole(event.lanes_extra_days, f"{path}.lanes_extra_days")
    world.delay(scheduled.event, np.array(arcs, dtype=np.uint32), days)
    named = () if places is None else tuple(sorted(places))
    world.entries.append(LogEntry(world.day, scheduled.event, LogKind.PANDEMIC_BEGINS, whom=named))
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        for lever in (world.availability, world.demand, world.extra_days):
            lever.drop(scheduled.event)
        world.entries.append(LogEntry(world.day, scheduled.event, LogKind.PANDEMIC_ENDS))
