"""Prices: the weekly clearing of each zone, boards that mothball and restart, floors, tariffs and floods."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt

from minsim.kernel.compiling import Floats
from minsim.kernel.daily_record import HoldingDay
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    ConsumerIndex,
    ConsumerRow,
    Count,
    HoldingRow,
    ItemIndex,
    ItemRow,
    PermitIndex,
    PermitRow,
    SectorRow,
    SellerRow,
    ZoneRow,
)
from minsim.kernel.rules import cap_under_permits, capacity_now, demand_today, holding_column
from minsim.kernel.state import NOTHING
from minsim.network.price_zones import Market, clearing_price
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import MarketFlood, PriceFloor, Tariff
from minsim.scenario.format.materials import Costs
from minsim.simulation.log import PRODUCER_DECISION, LogEntry, LogKind
from minsim.simulation.world import World

Steps = Generator[Any, Any, None]
Mask = npt.NDArray[np.bool_]
REVIEW_DAYS = 7
MEAN_DAYS = 30.0
"""Days of the mean on which demand and supply meet (model, section 7)."""


class ZoneMarket:
    """What one market knows of supply and demand: 30-day means, and what each producer receives.

    Reference supply of a producer is its baseline output (with projects) x availability, at most its capacity. It goes
    to zones by baseline arc flows within policy caps; what a cap holds back of actual output is offered at home.
    """

    def __init__(self, world: World, market: Market, first_zone: int) -> None:
        self.world, self.market, self.first_zone = world, market, first_zone
        network, value, index = world.network, world.state.value, world.state.index
        self.arcs = np.array(
            [
                a
                for a, arc in enumerate(network.arcs)
                if (arc.material, arc.stage) == market.key and arc.kind != "stockpile"
            ]
        )
        self.sellers = np.array(
            [i for i, s in enumerate(network.sellers) if (s.material, s.stage) == market.key], dtype=int
        )
        labels = [network.arcs[a] for a in self.arcs]
        self.arc_seller = index[ArcIndex.SELLER, self.arcs].astype(int) - int(self.sellers[0])
        self.arc_zone = np.array([market.zone_of(label.buyer_region) for label in labels])
        self.home_zone = np.array([market.zone_of(network.sellers[i].country) for i in self.sellers])
        flows = value[ArcRow.BASE_FLOW, self.arcs]
        self.outputs = np.bincount(self.arc_seller, flows, len(self.sellers))
        self.split = self.sales_by_arc(flows)
        self.consumers = [c for c, label in enumerate(network.consumers) if label.material == market.material]
        self.sectors = np.array([k for k, s in enumerate(network.sectors) if s.consumer in self.consumers], dtype=int)
        self.sector_consumer = np.array([network.sectors[k].consumer for k in self.sectors], dtype=int)
        self.sector_zone = np.array([market.zone_of(network.sectors[k].place) for k in self.sectors], dtype=int)
        buyers = sorted({int(v) for v in index[ArcIndex.BUYER, self.arcs]})
        self.makers = np.array([v for v in buyers if index[BuyerIndex.PRODUCER, v] != NOTHING], dtype=int)
        places = {int(index[ArcIndex.BUYER, a]): network.arcs[a].buyer_region for a in self.arcs}
        self.maker_zone = np.array([market.zone_of(places[v]) for v in self.makers], dtype=int)
        self.holdings = [h for h, label in enumerate(network.holdings) if (label.material, label.stage) == market.key]
        self.elastic = market.supply_elasticity > 0.0 or bool((value[SectorRow.ELASTICITY, self.sectors] > 0.0).any())
        self.mean_supply, self.mean_held = self.reference_supply()
        self.mean_demand = self.demand()
        self.mean_need = value[BuyerRow.NEED, self.makers].copy()
        self.mean_bought = np.zeros(len(self.holdings))
        self.received = np.full(len(self.sellers), market.reference_usd_per_kg)
        self.overstretched: set[str] = set()

    def sales_by_arc(self, flows: Floats) -> Floats:
        """Share of each arc in its seller's baseline sales; who sells nothing yet would sell as buyers buy."""
        buyers = self.world.state.index[ArcIndex.BUYER, self.arcs].astype(int)
        bought = np.bincount(buyers, flows)[buyers]
        idle = self.outputs[self.arc_seller] <= 0.0
        weights = np.where(idle, bought, flows)
        total = np.bincount(self.arc_seller, weights, len(self.sellers))[self.arc_seller]
        return np.asarray(np.divide(weights, total, out=np.zeros_like(flows), where=total > 0.0))

    # supply and demand today

    def capacity(self) -> Floats:
        """Usable capacity of each producer [t/day]."""
        return np.asarray(capacity_now(self.world.state, self.sellers))

    def reference_output(self) -> Floats:
        """Reference supply of each producer [t/day]."""
        value, i = self.world.state.value, self.sellers
        planned = self.outputs * value[SellerRow.GROWTH, i] + value[SellerRow.PROJECT_CAPACITY, i]
        return np.asarray(np.minimum(planned * value[SellerRow.AVAILABILITY, i], self.capacity()))

    def caps(self) -> Floats:
        """Policy cap of each arc [t/day]; permits are spread over the week to come."""
        value, index = self.world.state.value, self.world.state.index
        caps = value[ArcRow.CAP].copy()
        for g in range(int(index[COUNT, Count.PERMITS])):
            if value[PermitRow.ACTIVE, g] > 0.0:
                first, end = index[PermitIndex.FIRST_ARC, g : g + 2]
                arcs = index[ItemIndex.PERMIT_ARC, first:end]
                flows = value[ArcRow.BASE_FLOW, arcs]
                parts = flows / flows.sum() if flows.sum() > 0.0 else np.zeros(len(arcs))
                permits = value[PermitRow.BALANCE, g] / REVIEW_DAYS * parts
                caps[arcs] = cap_under_permits(caps[arcs], value[ItemRow.PERMIT_FREE, first:end], permits)
        return np.asarray(caps[self.arcs])

    def reference_supply(self) -> tuple[Floats, Floats]:
        """Reference supply on each arc within policy caps, and what caps hold back of each producer's output [t/day]."""
        caps = self.caps()
        wished = self.reference_output()[self.arc_seller] * self.split
        made = self.world.state.value[SellerRow.OUTPUT, self.sellers][self.arc_seller] * self.split
        held: Floats = np.bincount(self.arc_seller, np.maximum(0.0, made - caps), len(self.sellers)).astype(float)
        return np.minimum(wished, caps), held

    def demand(self) -> Floats:
        """Demand of each end use at the reference price [t/day]."""
        buyers = self.world.state.index[ConsumerIndex.BUYER, self.sector_consumer]
        return np.asarray(demand_today(self.world.state, self.sectors, buyers))

    def bought(self) -> Floats:
        """Tonnes a day that each stockpile bought during the last week."""
        day = self.world.day
        record = self.world.state.daily[max(0, day - REVIEW_DAYS) : day]
        sectors, consumers = len(self.world.network.sectors), len(self.world.network.consumers)
        columns = [holding_column(h, sectors, consumers) + HoldingDay.BOUGHT for h in self.holdings]
        return record[:, columns].mean(axis=0) if len(record) else np.zeros(len(columns))

    # the weekly review

    def review(self) -> None:
        """Move the means by a week, clear every zone, and tell producers and stockpiles."""
        part = 1.0 - (1.0 - 1.0 / MEAN_DAYS) ** REVIEW_DAYS
        supply, held = self.reference_supply()
        for mean, today in (
            (self.mean_supply, supply),
            (self.mean_held, held),
            (self.mean_demand, self.demand()),
            (self.mean_need, self.world.state.value[BuyerRow.NEED, self.makers]),
            (self.mean_bought, self.bought()),
        ):
            mean += (today - mean) * part
        flood = self.flood()
        for zone in range(len(self.market.zones)):
            target = self.clear(zone, float(flood[zone].sum()))
            if flood[zone].any():  # where neither side answers to price, the flood stops at its own
                target = max(target, 1.0 - self.deepest_discount())
            self.world.state.value[ZoneRow.LOG_TARGET, self.first_zone + zone] = math.log(target)
        self.tell_producers(flood)
        self.tell_stockpiles()

    def clear(self, zone: int, extra: float) -> float:
        """Clearing price of a zone with `extra` supply [t/day], relative to the reference."""
        value, reference = self.world.state.value, self.market.reference_usd_per_kg
        arcs = self.arc_zone == zone
        most = np.minimum((self.capacity()[self.arc_seller] * self.split), self.caps())[arcs]
        sectors = self.sector_zone == zone
        consumers = self.sector_consumer[sectors]
        inelastic = float(self.mean_need[self.maker_zone == zone].sum())
        for j, h in enumerate(self.holdings):
            if self.market.zone_of(self.world.network.holdings[h].owner_regions[0]) == zone:
                inelastic += float(self.mean_bought[j])
        low, high = self.market.bounds
        return float(
            clearing_price(
                self.market.supply_elasticity,
                self.mean_supply[arcs],
                np.maximum(most, self.mean_supply[arcs]),
                self.world.arc_floors.row[self.arcs[arcs]] / reference,
                float(self.mean_held[self.home_zone == zone].sum()) + extra,
                self.mean_demand[sectors],
                value[SectorRow.ELASTICITY, self.sectors[sectors]],
                value[SectorRow.ESSENTIAL_SHARE, self.sectors[sectors]],
                value[ConsumerRow.PRICE_FLOOR, consumers] / reference,
                value[ConsumerRow.DUTY, consumers],
                inelastic,
                low,
                high,
            )
        )

    def tell_producers(self, flood: Floats) -> None:
        """Set what each producer would make at today's prices, and what it receives."""
        value, reference = self.world.state.value, self.market.reference_usd_per_kg
        zones = np.exp(value[ZoneRow.LOG_PRICE, self.first_zone : self.first_zone + len(self.market.zones)])
        supply, _ = self.reference_supply()
        wished = self.reference_output()[self.arc_seller] * self.split
        prices = np.maximum(zones[self.arc_zone], self.world.arc_floors.row[self.arcs] / reference)
        elasticity = self.market.supply_elasticity
        sold = supply * prices**elasticity + (wished - supply) * zones[self.home_zone][self.arc_seller] ** elasticity
        limit = np.minimum(np.bincount(self.arc_seller, sold, len(self.sellers)) + flood.sum(axis=0), self.capacity())
        # With no elasticity anywhere a price block is for valuation only and must change no flow.
        value[SellerRow.SUPPLY_LIMIT, self.sellers] = limit if self.elastic else np.inf
        self.received = reference * self.mean_price(supply, wished, prices, zones)

    def mean_price(self, supply: Floats, wished: Floats, prices: Floats, zones: Floats) -> Floats:
        """Mean price a producer receives, relative to the reference; one that stands still, what it would receive."""
        makes = np.bincount(self.arc_seller, wished, len(self.sellers))[self.arc_seller] > 0.0
        weights = np.where(makes, wished, self.split)
        passed = np.where(makes, supply, np.where(self.caps() > 0.0, self.split, 0.0))
        worth = passed * prices + (weights - passed) * zones[self.home_zone][self.arc_seller]
        total = np.bincount(self.arc_seller, weights, len(self.sellers))
        mean = np.bincount(self.arc_seller, worth, len(self.sellers))
        return np.asarray(np.divide(mean, total, out=zones[self.home_zone], where=total > 0.0))

    def received_by(self, seller: int) -> float:
        """What a producer receives, by its column [USD/kg]; one of an earlier stage looks at the price of its zone."""
        own = np.flatnonzero(self.sellers == seller)
        if len(own):
            return float(self.received[int(own[0])])
        zone = self.first_zone + self.market.zone_of(self.world.network.sellers[seller].country)
        return math.exp(float(self.world.state.value[ZoneRow.LOG_PRICE, zone])) * self.market.reference_usd_per_kg

    def tell_stockpiles(self) -> None:
        """Stockpiles pay the spot price of their owner's zone."""
        value = self.world.state.value
        for h in self.holdings:
            zone = self.first_zone + self.market.zone_of(self.world.network.holdings[h].owner_regions[0])
            price = math.exp(value[ZoneRow.LOG_PRICE, zone]) * self.market.reference_usd_per_kg
            value[HoldingRow.PRICE, h] = price * 1000.0
            self.world.purchase_price_usd_per_kg[self.world.day :, h] = price

    def flood(self) -> Floats:
        """Extra supply of each producer in each zone that holds the zone at its discount, within capacity [t/day]."""
        extra = np.zeros((len(self.market.zones), len(self.sellers)))
        for name, (exporter, discount) in sorted(self.world.floods.get(self.market.material, {}).items()):
            mine = np.array([self.world.network.sellers[i].country == exporter for i in self.sellers])
            spare = np.where(mine, np.maximum(0.0, self.capacity() - self.reference_output()), 0.0)
            home = set(self.home_zone[mine].tolist())
            zones = [z for z in range(len(self.market.zones)) if z not in home] or sorted(home)
            wished = np.array([self.excess(z, 1.0 - discount) for z in zones])
            wanted = np.minimum(wished, [self.room(mine, z) for z in zones])
            self.tell_flood(name, exporter, discount, bool(min(wanted.sum(), spare.sum()) < wished.sum()))
            factor = min(1.0, spare.sum() / wanted.sum()) if wanted.sum() > 0.0 else 0.0
            for z, tonnes in zip(zones, wanted * factor, strict=True):
                extra[z] += tonnes * spare / spare.sum() if spare.sum() > 0.0 else 0.0
        return extra

    def room(self, mine: Mask, zone: int) -> float:
        """What policy caps leave these producers to sell into a zone beyond their reference supply [t/day]."""
        arcs = mine[self.arc_seller] & (self.arc_zone == zone)
        usual = self.reference_output()[self.arc_seller] * self.split
        return float(np.maximum(0.0, self.caps() - usual)[arcs].sum())

    def tell_flood(self, name: str, exporter: str, discount: float, short: bool) -> None:
        """Write to the log when a flood no longer holds its price, and when it does again."""
        if short and name not in self.overstretched:
            self.overstretched.add(name)
            self.world.entries.append(
                LogEntry(self.world.day, name, LogKind.FLOOD_FALLS_SHORT, whom=(exporter,), share=discount)
            )
        elif not short and name in self.overstretched:
            self.overstretched.discard(name)
            self.world.entries.append(
                LogEntry(self.world.day, name, LogKind.FLOOD_SUFFICES, whom=(exporter,), share=discount)
            )

    def deepest_discount(self) -> float:
        """Largest discount of the floods under way."""
        return max(discount for _, discount in self.world.floods[self.market.material].values())

    def excess(self, zone: int, price: float) -> float:
        """Demand beyond supply of a zone at a price relative to the reference [t/day]: what a flood must add."""
        low, high = 0.0, float(self.mean_demand.sum() + self.mean_need.sum()) * 10.0 + 1.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            if self.clear(zone, middle) > price:
                low = middle
            else:
                high = middle
        return high if high > 1e-9 else 0.0


def price_setting(world: World, market: Market, first_zone: int, rank: int) -> Steps:
    """Once a week for ever: find the clearing price of every zone; boards with cash costs review their plants."""
    book = ZoneMarket(world, market, first_zone)
    world.markets[market.material] = book
    prices = world.network.scenario.model.materials[market.material].prices
    assert prices is not None
    for j, i in enumerate(book.sellers):
        label = world.network.sellers[i]
        name = label.producer if label.producer in prices.costs else label.country  # a plant's own costs come first
        if name in prices.costs:
            world.env.process(board(world, book, j, name, prices.costs[name], rank + 1))
    while True:
        book.review()
        yield world.wait(REVIEW_DAYS, rank)


def board(world: World, book: ZoneMarket, seller: int, named: str, costs: Costs, rank: int) -> Steps:
    """A producer's board meets weekly: after days below cash cost it mothballs, above the restart price it returns."""
    reader, draws = world.network.reader, world.network.draws
    path = f"materials.{book.market.material}.prices.costs.{named}"
    cash = reader.number(costs.cash_usd_per_kg, f"{path}.cash_usd_per_kg")
    restart = reader.number(costs.restart_usd_per_kg, f"{path}.restart_usd_per_kg")
    patience = draws.whole(costs.mothball_after_days, f"{path}.mothball_after_days")
    restart_days = draws.whole(costs.restart_days, f"{path}.restart_days")
    label = world.network.sellers[book.sellers[seller]]
    name = f"{PRODUCER_DECISION}:{label.material}/{label.stage}/{label.producer}"
    below_since = None
    while True:
        yield world.wait(REVIEW_DAYS, rank)
        if book.received[seller] >= cash:
            below_since = None
            continue
        below_since = world.day if below_since is None else below_since
        below_days = world.day - below_since
        if below_days < patience:
            continue
        world.availability.put(name, [int(book.sellers[seller])], 0.0)
        whom = (label.producer,)
        world.entries.append(
            LogEntry(
                world.day, PRODUCER_DECISION, LogKind.MOTHBALLED, whom=whom, price_usd_per_kg=cash, days=below_days
            )
        )
        while book.received[seller] <= restart:
            yield world.wait(REVIEW_DAYS, rank)
        decided = LogKind.RESTART_DECIDED
        world.entries.append(LogEntry(world.day, PRODUCER_DECISION, decided, whom=whom, price_usd_per_kg=restart))
        yield world.wait(restart_days, rank)
        world.availability.drop(name)
        world.entries.append(LogEntry(world.day, PRODUCER_DECISION, LogKind.RESTARTED, whom=whom))
        below_since = None


def price_floor(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """Inside the bloc nobody sells below the floor: members receive it, and an adjustable tariff keeps it at the border."""
    event = span.model
    assert isinstance(event, PriceFloor)
    members = set(world.network.reader.regions_of(event.bloc))
    price = world.network.reader.number(event.price_usd_per_kg, f"events.{span.event}.price_usd_per_kg")
    arcs = [
        a
        for a, arc in enumerate(world.network.arcs)
        if arc.seller_country in members
        and arc.buyer_region in members
        and (event.materials == "all" or arc.material in event.materials)
        and (event.stage is None or arc.stage == event.stage)
    ]
    consumers = [
        c
        for c, label in enumerate(world.network.consumers)
        if label.place in members and (event.materials == "all" or label.material in event.materials)
    ]
    yield world.until(span.start_day, rank)
    world.arc_floors.put(span.event, arcs, price)
    world.floors.put(span.event, consumers, price)
    whom = tuple(sorted(members))
    world.entries.append(LogEntry(world.day, span.event, LogKind.FLOOR_BEGINS, whom=whom, price_usd_per_kg=price))
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.arc_floors.drop(span.event)
        world.floors.drop(span.event)
        world.entries.append(LogEntry(world.day, span.event, LogKind.FLOOR_ENDS, whom=whom))


def tariff(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """A duty raises what the importer pays, as far as its baseline purchases come from the exporters named."""
    event = span.model
    assert isinstance(event, Tariff)
    reader = world.network.reader
    importers = set(reader.regions_of(event.importer))
    rate = reader.number(event.rate, f"events.{span.event}.rate")
    exporters = None if event.exporters == "all" else reader.expand(event.exporters)
    consumers, duties = [], []
    for c, label in enumerate(world.network.consumers):
        if label.place in importers and (event.materials == "all" or label.material in event.materials):
            v = int(world.state.index[ConsumerIndex.BUYER, c])
            first, end = world.state.index[BuyerIndex.FIRST_ARC, v : v + 2]
            hit = sum(
                float(world.state.value[ArcRow.BASE_SHARE, a])
                for a in range(first, end)
                if world.network.arcs[a].seller_country != label.place
                and (exporters is None or world.network.arcs[a].seller_country in exporters)
            )
            consumers.append(c)
            duties.append(rate * hit)
    yield world.until(span.start_day, rank)
    world.duties.put(span.event, consumers, np.array(duties))
    whom = tuple(sorted(importers))
    world.entries.append(LogEntry(world.day, span.event, LogKind.DUTY_BEGINS, whom=whom, share=rate))
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.duties.drop(span.event)
        world.entries.append(LogEntry(world.day, span.event, LogKind.DUTY_ENDS, whom=whom))


def market_flood(world: World, span: ScheduledEvent, rank: int) -> Steps:
    """The exporter offers whatever holds the price at its discount, while its capacity suffices."""
    event = span.model
    assert isinstance(event, MarketFlood)
    discount = world.network.reader.number(event.discount, f"events.{span.event}.discount")
    priced = [market.material for market in world.network.markets]
    materials = [m for m in priced if event.materials == "all" or m in event.materials]
    if discount <= 0.0:
        return
    yield world.until(span.start_day, rank)
    for material in materials:
        world.floods.setdefault(material, {})[span.event] = event.exporter, discount
    actor, whom = event.exporter, tuple(materials)
    world.entries.append(LogEntry(world.day, span.event, LogKind.FLOOD_BEGINS, actor=actor, whom=whom, share=discount))
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        for material in materials:
            del world.floods[material][span.event]
        world.entries.append(LogEntry(world.day, span.event, LogKind.FLOOD_ENDS))
