"""Outages, pandemics and new capacity: what changes how much producers can make."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np

from minsim.kernel.compiling import Indices
from minsim.kernel.rows import SellerRow
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario.distributions import draw
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import CapacityProject, Hazard, Incentive, Outage, Pandemic, ProducerReference
from minsim.scenario.stages import chain
from minsim.simulation.events.ramp import ramp
from minsim.simulation.world import World

Steps = Generator[Any, Any, None]
WEEK_DAYS = 7


def producers_meant(world: World, reference: ProducerReference) -> Indices:
    """The producers an event hits."""
    return world.sellers(reference.material, reference.stage, reference.country, reference.producer)


def outage(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Producers lose availability: once and dated, or each again and again, at random."""
    event = span.model
    assert isinstance(event, Outage)
    sellers = producers_meant(world, event.producer)
    left = world.network.reader.number(event.availability, f"events.{span.event}.availability")
    yield world.until(span.start_day, rank)
    if event.hazard is not None:
        for i in sellers:
            world.env.process(repair_cycle(world, span, event.hazard, int(i), left, rank))
        return
    names = ", ".join(world.network.sellers[i].producer for i in sellers)
    world.availability.put(span.event, sellers, left)
    world.log(span.event, f"outage begins: {left:.0%} of capacity is left", names)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.availability.drop(span.event)
        world.log(span.event, "outage ends", names)


def repair_cycle(world: World, span: ScheduledEvent, hazard: Hazard, seller: int, left: float, rank: int) -> Steps:
    """Fail and repair one producer until the event ends: exponential up time, repair time as given.

    Times are kept as real numbers and acted on at the start of the day they fall in, so that rounding does not add up.
    """
    label = world.network.sellers[seller]
    name = f"{span.event}:{label.material}/{label.stage}/{label.producer}"
    path = f"events.{span.event}.hazard"
    rate = world.network.reader.number(hazard.rate_per_year, f"{path}.rate_per_year") / DAYS_PER_YEAR
    if rate <= 0.0 or left >= 1.0:
        return
    up_times = world.network.draws.stream(name, "up time")
    repairs = world.network.draws.stream(name, "repair time")
    end = math.inf if span.end_day is None else span.end_day
    clock = float(world.day)
    while True:
        clock += up_times.exponential(1.0 / rate)
        if clock >= min(end, world.network.days):
            return
        yield world.until(math.floor(clock), rank)
        world.availability.put(name, [seller], left)
        world.log(span.event, f"outage begins: {left:.0%} of capacity is left", label.producer)
        clock += draw(hazard.repair_days, repairs)
        if clock >= world.network.days and end >= world.network.days:
            return
        yield world.until(math.floor(min(clock, end)), rank)
        world.availability.drop(name)
        world.log(span.event, "outage ends", label.producer)


def capacity_project(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """New capacity comes on stream, late by its delay, and ramps up day by day."""
    event = span.model
    assert isinstance(event, CapacityProject)
    reader, path = world.network.reader, f"events.{span.event}"
    sellers = producers_meant(world, event.producer)
    added = reader.number(event.capacity_t_per_year, f"{path}.capacity_t_per_year") / DAYS_PER_YEAR
    days = reader.draws.whole(event.ramp_days, f"{path}.ramp_days")
    delay = reader.draws.whole(event.delay_days, f"{path}.delay_days")
    # Several producers share a project by their baseline output, or alike where none makes anything yet.
    outputs = np.array([world.network.sellers[i].output_t_per_day for i in sellers])
    parts = outputs / outputs.sum() if outputs.sum() > 0.0 else np.full(len(sellers), 1.0 / max(1, len(sellers)))
    if added <= 0.0:
        return
    first = span.start_day + delay
    if event.incentive is not None:
        yield from wait_for_price(world, span, event.incentive, sellers, rank)
        first = world.day + delay
    if span.end_day is not None and first >= span.end_day:
        return
    yield world.until(first, rank)
    names = ", ".join(world.network.sellers[i].producer for i in sellers)
    world.log(span.event, f"new capacity of {added * DAYS_PER_YEAR:,.0f} t a year begins to come on stream", names)
    for part in ramp(days, first=world.day - first):
        if span.end_day is not None and world.day >= span.end_day:
            break
        world.projects.put(span.event, sellers, added * part * parts)
        yield world.wait(1, rank)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.projects.drop(span.event)


def wait_for_price(world: World, span: ScheduledEvent, incentive: Incentive, sellers: Indices, rank: int) -> Steps:
    """A project is decided once producers there have received the incentive price for so many days, from its start on."""
    reader, path = world.network.reader, f"events.{span.event}.incentive"
    price = reader.number(incentive.price_usd_per_kg, f"{path}.price_usd_per_kg")
    days = reader.draws.whole(incentive.for_days, f"{path}.for_days")
    yield world.until(span.start_day, rank)
    book = world.books[world.network.sellers[sellers[0]].material]
    above_days = 0
    while above_days < days:
        yield world.wait(WEEK_DAYS, rank)
        above_days = above_days + WEEK_DAYS if book.received_by(int(sellers[0])) >= price else 0
    world.log(span.event, f"the project is decided: {price:g} USD/kg held for {above_days} days", "")


def recovery(world: World, material: str, rank: int) -> Steps:
    """A by-product can be recovered only as far as its host metal is made in the same place; looked at once a week."""
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


def pandemic(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Many producers lose availability at once, regions lose demand, and lanes slow down."""
    event = span.model
    assert isinstance(event, Pandemic)
    reader, path = world.network.reader, f"events.{span.event}"
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
    yield world.until(span.start_day, rank)
    world.availability.put(span.event, sellers, reader.number(event.availability, f"{path}.availability"))
    world.demand.put(span.event, sectors, reader.number(event.demand_factor, f"{path}.demand_factor"))
    days = reader.draws.whole(event.lanes_extra_days, f"{path}.lanes_extra_days")
    world.delay(span.event, np.array(arcs, dtype=np.uint32), days)
    world.log(span.event, "pandemic begins", "everywhere" if places is None else ", ".join(sorted(places)))
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        for lever in (world.availability, world.demand, world.extra_days):
            lever.drop(span.event)
        world.log(span.event, "pandemic ends", "")
