"""The daily model once more, written from the page: slow, plain, dictionaries of names instead of indexed arrays.

Only the baseline (outputs, capacities, arcs, stocks on the morning of day 0) is taken from the network; every rule of
the dynamics is written here a second time, without a look at the kernel. Curbs are bans and cuts, prices are off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from minsim.kernel.rows import ArcIndex, ArcRow, BuyerIndex, BuyerRow, ConsumerIndex, HoldingIndex, SellerRow
from minsim.network.network import Network

YEAR = 365.25
MONTH = 30.4375
FILLING, TRIGGERED, AUTHORISED = "filling", "triggered", "authorised"


@dataclass
class Seller:
    name: tuple
    country: str
    capacity: float
    availability: float
    stock: float
    target: float
    store: float
    growth_per_year: float
    orders: float
    pile_orders: float = 0.0
    output: float = 0.0
    inputs: list = field(default_factory=list)
    arcs: list = field(default_factory=list)
    called: float = 0.0


@dataclass
class Buyer:
    name: tuple
    product: tuple
    kind: str
    region: str
    stock: float
    target: float
    base_need: float
    behaviour: object
    producer: Seller | None = None
    coefficient: float = 1.0
    growth_per_year: float = 0.0
    clock: int | None = None
    arcs: list = field(default_factory=list)
    sectors: list = field(default_factory=list)
    need: float = 0.0
    ask: float = 0.0
    got: float = 0.0
    spot_got: float = 0.0


@dataclass
class Arc:
    seller: Seller
    buyer: Buyer
    lead: int
    base_flow: float
    share: float
    base_share: float
    due: dict
    cap: float = math.inf
    shipped: float = 0.0


@dataclass
class Sector:
    name: str
    use: float
    priority: int
    demand: float = 0.0
    gap: float = 0.0  # before any release
    left: float = 0.0  # what is still missing
    released: float = 0.0
    given: dict = field(default_factory=dict)  # by stockpile


@dataclass
class Holding:
    buyer: Buyer
    pile: str
    product: tuple
    rules: object
    owners: tuple
    use: float
    target: float
    price_per_t: float
    authorisation_days: int
    rate: float
    release_rate: float
    paths: list = field(default_factory=list)
    state: str = FILLING
    since: int = -1
    released: float = 0.0
    want: float = 0.0
    bought: float = 0.0
    spent: float = 0.0


@dataclass
class Curb:
    first: int
    last: float
    exporters: set
    importers: set | None
    materials: set | None
    stage: str | None
    factor: float | None  # cap = factor x baseline flow; None: sets no cap


class Oracle:
    """One run, day by day."""

    def __init__(self, network: Network, rerouting: str) -> None:
        self.network, self.model = network, network.scenario.model
        self._read_network(rerouting)
        self._read_stockpiles()
        self.curbs = [self._curb(span) for span in network.events]

    # ------------------------------------------------------------------------------------------------ reading

    def _read_network(self, rerouting: str) -> None:
        network, value, index = self.network, self.network.arrays["value"], self.network.arrays["index"]
        self.sellers, self.products = [], list(network.products)
        for i, label in enumerate(network.sellers):
            stage = self.model.materials[label.material].stages[label.stage]
            producer = stage.producers[label.producer]
            growth = producer.growth_per_year or stage.growth_per_year or 0.0
            self.sellers.append(
                Seller(
                    (label.material, label.stage, label.producer),
                    label.country,
                    label.capacity_t_per_day,
                    float(value[SellerRow.AVAILABILITY, i]),
                    float(value[SellerRow.STOCK, i]),
                    float(value[SellerRow.TARGET, i]),
                    float(value[SellerRow.STORE, i]),
                    growth,
                    label.output_t_per_day,
                )
            )
        self.buyers: list[Buyer] = []
        consumer_of = {int(index[ConsumerIndex.BUYER, c]): c for c in range(len(network.consumers))}
        arcs_of = {}
        for a in range(len(network.arcs)):
            arcs_of.setdefault(int(index[ArcIndex.BUYER, a]), []).append(a)
        piles = {int(index[HoldingIndex.BUYER, h]): h for h in range(len(network.holdings))}
        for v, material in enumerate(network.buyer_materials):
            first = network.arcs[arcs_of[v][0]]
            behaviour = network.behaviour(material, rerouting)
            buyer = Buyer(
                (first.kind, first.buyer, v),
                (first.material, first.stage),
                first.kind,
                first.buyer_region,
                float(value[BuyerRow.STOCK, v]),
                float(value[BuyerRow.TARGET, v]),
                float(value[BuyerRow.BASE_NEED, v]),
                behaviour,
            )
            if first.kind == "producer":
                buyer.producer = self.sellers[int(index[BuyerIndex.PRODUCER, v])]
                buyer.coefficient = self._coefficient(buyer.producer.name, buyer.product)
                buyer.growth_per_year = buyer.producer.growth_per_year
                buyer.producer.inputs.append(buyer)
            elif first.kind == "consumer":
                c = consumer_of[v]
                buyer.growth_per_year = network.consumers[c].growth_per_year
                buyer.sectors = [
                    Sector(s.sector, s.daily_use_t, s.priority) for s in network.sectors if s.consumer == c
                ]
            else:
                assert v in piles
            self.buyers.append(buyer)
        self.arcs = []
        for a, label in enumerate(network.arcs):
            seller = self.sellers[int(index[ArcIndex.SELLER, a])]
            buyer = self.buyers[int(index[ArcIndex.BUYER, a])]
            share = float(value[ArcRow.BASE_SHARE, a])
            due = dict.fromkeys(range(label.lead_days), label.base_flow_t_per_day)
            arc = Arc(seller, buyer, label.lead_days, label.base_flow_t_per_day, share, share, due)
            seller.arcs.append(arc)
            buyer.arcs.append(arc)
            self.arcs.append(arc)
        self.consumers = [self.buyers[int(index[ConsumerIndex.BUYER, c])] for c in range(len(network.consumers))]
        self.pile_buyers = [self.buyers[int(index[HoldingIndex.BUYER, h])] for h in range(len(network.holdings))]

    def _coefficient(self, maker: tuple, feed: tuple) -> float:
        """Tonnes of an input per tonne made."""
        material, stage_name, producer = maker
        stage = self.model.materials[material].stages[stage_name]
        if feed[0] == material:
            given = stage.producers[producer].yield_
            return 1.0 / (stage.yield_ if given is None else given)
        return stage.inputs[feed[0]]

    def _read_stockpiles(self) -> None:
        self.holdings, self.budgets = [], {}
        for label, buyer in zip(self.network.holdings, self.pile_buyers, strict=True):
            rules = self.model.stockpiles[label.stockpile]
            days = rules.fill.max_days_per_month if rules.fill else None
            release_days = rules.release.max_days_per_day
            holding = Holding(
                buyer,
                label.stockpile,
                (label.material, label.stage),
                rules,
                label.owner_regions,
                label.use_t_per_day,
                label.target_t,
                label.price_usd_per_kg * 1000.0,
                label.authorisation_days,
                math.inf if days is None else days * label.use_t_per_day / MONTH,
                math.inf if release_days is None else release_days * label.use_t_per_day,
            )
            holding.paths = list(self._paths(holding.product, holding.owners))
            self.holdings.append(holding)
            self.budgets[label.stockpile] = math.inf if rules.budget_usd is None else rules.budget_usd

    def _paths(self, product: tuple, owners: tuple):
        """Ways from a held product to a consumer of the owner: (consumers, steps), each step the domestic producers
        with the input stock their feed by-passes, in the order of work."""
        own = [b for b in self.consumers if b.product == product and b.region in owners]
        if own:
            yield own, []
        makers: dict[tuple, list] = {}
        for buyer in self.buyers:
            if buyer.product == product and buyer.kind == "producer" and buyer.producer.country in owners:
                makers.setdefault(buyer.producer.name[:2], []).append((buyer.producer, buyer))
        for made, step in sorted(makers.items(), key=lambda item: item[0]):
            for own, steps in self._paths(made, owners):
                yield own, [step, *steps]

    def dead_ends(self) -> bool:
        """Whether a stockpile's owner consumes what is made, directly or not, from a product it holds but cannot work up
        at home."""
        return any(
            {id(c) for c in self._downstream(holding.product) if c.region in holding.owners}
            != {id(c) for consumers, _ in holding.paths for c in consumers}
            for holding in self.holdings
        )

    def _downstream(self, product: tuple):
        yield from (b for b in self.consumers if b.product == product)
        for made in sorted({b.producer.name[:2] for b in self.buyers if b.product == product and b.producer}):
            yield from self._downstream(made)

    def _curb(self, span) -> Curb:
        curb, blocs = span.model, self.model.regions.blocs
        exporters = {curb.exporter, *blocs.get(curb.exporter, ())}
        importers = None
        if curb.importers != "all":
            members = {region for name in curb.importers for region in blocs.get(name, ())}
            importers = (members - exporters) | set(curb.importers)  # one that names itself means it
        factor = 0.0 if curb.measure.ban else (1.0 - curb.measure.cut if curb.measure.cut > 0.0 else None)
        return Curb(
            span.start_day,
            math.inf if span.end_day is None else span.end_day - 1,
            exporters,
            importers,
            None if curb.materials == "all" else set(curb.materials),
            curb.stage,
            factor,
        )

    # ------------------------------------------------------------------------------------------------ the days

    def run(self) -> dict[str, np.ndarray]:
        """The record: shortfall, consumed, from_stockpile (days, sectors); stock (days, consumers); pile_stock,
        bought, released, spent (days, holdings); trade (months, arcs)."""
        network = self.network
        months = network.months
        trade = np.zeros((len(months), len(self.arcs)))
        rows: dict[str, list] = {name: [] for name in RECORDED}
        for day in range(network.days):
            self._day(day)
            month = months.index(str(network.date_of(day))[:7])
            for a, arc in enumerate(self.arcs):
                trade[month, a] += arc.shipped
            sectors = [s for consumer in self.consumers for s in consumer.sectors]
            rows["shortfall"].append([s.left for s in sectors])
            rows["consumed"].append([s.demand - s.left for s in sectors])
            rows["from_stockpile"].append([s.released for s in sectors])
            rows["stock"].append([b.stock for b in self.consumers])
            rows["pile_stock"].append([h.buyer.stock for h in self.holdings])
            rows["bought"].append([h.bought for h in self.holdings])
            rows["released"].append([h.released for h in self.holdings])
            rows["spent"].append([h.spent for h in self.holdings])
        return {**{name: np.array(values) for name, values in rows.items()}, "trade": trade}

    def _day(self, day: int) -> None:
        self._events(day)
        self._arrive(day)
        self._produce(day)
        self._consume(day)
        self._plan_purchases()
        for product in self.products:
            self._market(product, day)
        self._stockpiles_buy(day)
        self._authority_ends(day)

    def _events(self, day: int) -> None:
        for arc in self.arcs:
            arc.cap = math.inf
            arc.shipped = 0.0
            for curb in self.curbs:
                if curb.factor is not None and curb.first <= day <= curb.last and self._covers(curb, arc):
                    arc.cap = min(arc.cap, curb.factor * arc.base_flow)
        for holding in self.holdings:
            holding.released = holding.bought = holding.spent = 0.0

    def _covers(self, curb: Curb, arc: Arc) -> bool:
        material, stage = arc.seller.name[:2]
        return (
            arc.seller.country in curb.exporters
            and (
                arc.buyer.region not in curb.exporters if curb.importers is None else arc.buyer.region in curb.importers
            )
            and (curb.materials is None or material in curb.materials)
            and curb.stage in (None, stage)
        )

    def _arrive(self, day: int) -> None:
        for arc in self.arcs:
            arc.buyer.stock += arc.due.pop(day, 0.0)

    def _produce(self, day: int) -> None:
        for seller in self.sellers:
            growth = grown(seller.growth_per_year, day)
            t_adj = self._t_adj(seller)
            wish = seller.orders + seller.pile_orders + (seller.target * growth - seller.stock) / t_adj
            limits = [wish, self._capacity(seller, day), seller.store * growth - seller.stock]
            limits += [feed.stock / feed.coefficient for feed in seller.inputs]
            seller.output = max(0.0, min(limits))
            seller.stock += seller.output
            for feed in seller.inputs:
                feed.stock = max(0.0, feed.stock - seller.output * feed.coefficient)

    def _t_adj(self, seller: Seller) -> float:
        return seller.arcs[0].buyer.behaviour.adjustment_days if seller.arcs else 30.0

    def _capacity(self, seller: Seller, day: int) -> float:
        return seller.capacity * grown(seller.growth_per_year, day) * seller.availability

    # consume and release

    def _consume(self, day: int) -> None:
        for consumer in self.consumers:
            growth = grown(consumer.growth_per_year, day)
            for sector in consumer.sectors:
                sector.demand = sector.use * growth
                sector.released = 0.0
                sector.given = {}
            for priority in sorted({s.priority for s in consumer.sectors}):
                alike = [s for s in consumer.sectors if s.priority == priority]
                wanted = sum(s.demand for s in alike)
                served = min(1.0, consumer.stock / wanted) if wanted > 0.0 else 1.0
                consumer.stock = max(0.0, consumer.stock - served * wanted)
                for sector in alike:
                    sector.gap = sector.left = sector.demand * (1.0 - served)
        for holding in self.holdings:
            if holding.state == FILLING and self._trigger(holding, day):
                holding.state, holding.since = TRIGGERED, day
            if holding.state == TRIGGERED and day >= holding.since + holding.authorisation_days:
                holding.state = AUTHORISED
        for holding in self.holdings:
            if holding.state == AUTHORISED:
                self._release(holding, day)

    def _served(self, holding: Holding, consumers: list) -> list[tuple[object, Sector, Buyer]]:
        """Sectors of these consumers that a stockpile may serve, with the class they are served in."""
        listed = holding.rules.release.sectors
        return [
            (sector.priority if listed is None else listed.index(sector.name), sector, consumer)
            for consumer in consumers
            for sector in consumer.sectors
            if (listed is None or sector.name in listed) and self._entitlement(holding, sector, consumer) > 0.0
        ]

    def _all_served(self, holding: Holding) -> list[tuple[object, Sector, Buyer]]:
        return [served for consumers, _ in holding.paths for served in self._served(holding, consumers)]

    def _gap(self, holding: Holding) -> bool:
        return any(sector.gap > 1e-9 * sector.demand for _, sector, _ in self._all_served(holding))

    def _trigger(self, holding: Holding, day: int) -> bool:
        trigger = holding.rules.release.trigger
        if trigger == "shortfall":
            return self._gap(holding)
        return any(
            consumer.stock < trigger.cover_below_days * consumer.base_need * grown(consumer.growth_per_year, day)
            for _, _, consumer in self._all_served(holding)
        )

    def _release(self, holding: Holding, day: int) -> None:
        for rank in sorted({rank for rank, _, _ in self._all_served(holding)}):
            for consumers, steps in holding.paths:
                alike = [(s, c) for r, s, c in self._served(holding, consumers) if r == rank]
                given = [s.given.get(holding.pile, 0.0) for s, _ in alike]
                most = [self._entitlement(holding, s, c) * s.gap - g for (s, c), g in zip(alike, given, strict=True)]
                wishes = [max(0.0, min(s.left, m)) for (s, _), m in zip(alike, most, strict=True)]
                wanted = sum(wishes)
                if wanted <= 0.0:
                    continue
                room = max(0.0, min(holding.buyer.stock, holding.release_rate - holding.released))
                makeable, held_per_tonne = self._work_up_limit(steps, day)
                served = min(wanted, makeable, room / held_per_tonne)
                self._work_up(steps, served, day)
                holding.buyer.stock = max(0.0, holding.buyer.stock - served * held_per_tonne)
                holding.released += served * held_per_tonne
                for (sector, _), wish in zip(alike, wishes, strict=True):
                    sector.left -= wish * served / wanted
                    sector.released += wish * served / wanted
                    sector.given[holding.pile] = sector.given.get(holding.pile, 0.0) + wish * served / wanted

    def _entitlement(self, holding: Holding, sector: Sector, consumer: Buyer) -> float:
        members = holding.rules.members
        if members is None:
            return 1.0
        if sector.name in members:
            return members[sector.name]
        return members.get(consumer.region, 0.0)

    def _step_limits(self, step: list, day: int) -> list[float]:
        """What each domestic producer of a step can still make today from feed that is brought to it."""
        limits = []
        for seller, by_passed in step:
            spare = max(0.0, self._capacity(seller, day) - seller.output)
            others = [feed.stock / feed.coefficient for feed in seller.inputs if feed is not by_passed]
            limits.append(max(0.0, min([spare, *others])))
        return limits

    def _work_up_limit(self, steps: list, day: int) -> tuple[float, float]:
        """Most of the last product that can be made today, and tonnes held per tonne of it."""
        most, per_tonne = math.inf, 1.0
        for step in reversed(steps):
            limits = self._step_limits(step, day)
            total = sum(limits)
            most = min(most, total / per_tonne)
            if total <= 0.0:
                return 0.0, 1.0
            per_tonne *= sum(x * feed.coefficient for x, (_, feed) in zip(limits, step, strict=True)) / total
        return most, per_tonne

    def _work_up(self, steps: list, tonnes: float, day: int) -> None:
        for step in reversed(steps):
            if tonnes <= 0.0:
                return
            limits = self._step_limits(step, day)
            total, needed = sum(limits), 0.0
            for limit, (seller, by_passed) in zip(limits, step, strict=True):
                made = tonnes * limit / total
                seller.output += made  # it goes straight to use, but takes up capacity
                needed += made * by_passed.coefficient
                for feed in seller.inputs:
                    if feed is not by_passed:
                        feed.stock = max(0.0, feed.stock - made * feed.coefficient)
            tonnes = needed

    # order and ship

    def _market(self, product: tuple, day: int) -> None:
        sellers = [s for s in self.sellers if s.name[:2] == product]
        buyers = [b for b in self.buyers if b.product == product and b.kind != "stockpile"]
        competing = [
            h
            for h in self.holdings
            if h.product == product and h.rules.fill is not None and h.rules.fill.rule == "always"
        ]
        calls: dict[int, float] = {}
        called = {id(s): 0.0 for s in sellers}
        pile_called = {id(s): 0.0 for s in sellers}
        for buyer in buyers:
            self._order(buyer, day)
            flex = buyer.behaviour.contract_flex
            for arc in buyer.arcs:
                call = arc.share * min(buyer.ask, buyer.need * (1.0 + flex))
                call = min(call, self._qualified(arc, day))
                called[id(arc.seller)] += call
                calls[id(arc)] = min(call, arc.cap)
        for holding in competing:
            open_arcs = [arc for arc in holding.buyer.arcs if arc.cap > 0.0]
            total = sum(arc.share for arc in open_arcs)
            for arc in open_arcs if total > 0.0 else []:
                call = holding.want * arc.share / total
                pile_called[id(arc.seller)] += call
                calls[id(arc)] = min(call, arc.cap)
        self._contracts(sellers, calls)
        spot = self._spot(sellers, buyers, day)
        for seller in sellers:
            seller.orders += (called[id(seller)] + spot[id(seller)] - seller.orders) / 14.0
            seller.called = pile_called[id(seller)]
        for buyer in buyers:
            self._resource(buyer, day)
        for holding in competing:
            holding.bought = sum(arc.shipped for arc in holding.buyer.arcs)
            self._pay(holding)

    def _order(self, buyer: Buyer, day: int) -> None:
        growth = grown(buyer.growth_per_year, day)
        if buyer.kind == "consumer":
            buyer.need = sum(s.demand for s in buyer.sectors)
        else:
            buyer.need = (buyer.producer.orders + buyer.producer.pile_orders) * buyer.coefficient
        in_transit = sum(sum(arc.due.values()) for arc in buyer.arcs)
        pipeline = sum(arc.share * (arc.lead - 1) * buyer.need for arc in buyer.arcs)
        correction = (buyer.target * growth - buyer.stock) + (pipeline - in_transit)
        buyer.ask = max(0.0, buyer.need + correction / buyer.behaviour.adjustment_days)
        buyer.got = buyer.spot_got = 0.0

    def _approved(self, buyer: Buyer, day: int) -> bool:
        days = buyer.behaviour.qualification_days
        return days <= 0.0 or (buyer.clock is not None and day >= buyer.clock + days)

    def _qualified(self, arc: Arc, day: int) -> float:
        """Most that an arc may carry today for want of approved suppliers."""
        if self._approved(arc.buyer, day):
            return math.inf
        baseline = arc.base_flow * grown(arc.buyer.growth_per_year, day)
        return baseline * (1.0 + arc.buyer.behaviour.contract_flex)

    def _contracts(self, sellers: list[Seller], calls: dict[int, float]) -> None:
        for seller in sellers:
            arcs = [arc for arc in seller.arcs if id(arc) in calls]
            total = sum(calls[id(arc)] for arc in arcs)
            part = 1.0 if total <= seller.stock else seller.stock / total
            for arc in arcs:
                self._ship(arc, part * calls[id(arc)])

    def _ship(self, arc: Arc, tonnes: float) -> None:
        arc.shipped += tonnes
        arc.buyer.got += tonnes
        arc.seller.stock = max(0.0, arc.seller.stock - tonnes)

    def _spot(self, sellers: list[Seller], buyers: list[Buyer], day: int) -> dict[int, float]:
        sold = {id(s): 0.0 for s in sellers}
        for _ in range(3):
            claims: list[tuple[Arc, float]] = []
            left = {id(s): s.stock for s in sellers}
            for buyer in buyers:
                if not self._approved(buyer, day):
                    continue
                wish = min(buyer.ask - buyer.got, buyer.behaviour.spot_share * buyer.ask - buyer.spot_got)
                if wish <= 1e-12 * buyer.ask:
                    continue
                open_arcs = [arc for arc in buyer.arcs if arc.cap > arc.shipped and left[id(arc.seller)] > 0.0]
                offered = sum(left[id(arc.seller)] for arc in open_arcs)
                wish = min(wish, offered)  # "from what sellers have left"
                for arc in open_arcs:
                    claim = min(wish * left[id(arc.seller)] / offered, arc.cap - arc.shipped)
                    claims.append((arc, claim))
            for seller in sellers:
                own = [(arc, claim) for arc, claim in claims if arc.seller is seller]
                total = sum(claim for _, claim in own)
                part = 1.0 if total <= left[id(seller)] else left[id(seller)] / total
                for arc, claim in own:
                    self._ship(arc, part * claim)
                    arc.buyer.spot_got += part * claim
                    sold[id(seller)] += part * claim
        return sold

    def _resource(self, buyer: Buyer, day: int) -> None:
        whole = buyer.got >= (1.0 - 1e-6) * min(buyer.ask, buyer.need)
        approved = self._approved(buyer, day)
        if not whole and buyer.clock is None:
            buyer.clock = day
        for arc in buyer.arcs:
            self._leave_port(arc, day)
        if not approved or math.isinf(buyer.behaviour.switching_days):
            return
        step = 1.0 / buyer.behaviour.switching_days
        if whole:
            if any(arc.cap < arc.base_share * buyer.need for arc in buyer.arcs):
                return
            goal = {id(arc): arc.base_share for arc in buyer.arcs}
        else:
            weights = {id(arc): min(arc.cap, self._offer(arc, day)) for arc in buyer.arcs}
            total = sum(weights.values())
            if total <= 0.0:
                return
            goal = {name: weight / total for name, weight in weights.items()}
        for arc in buyer.arcs:
            arc.share += (goal[id(arc)] - arc.share) * step

    def _offer(self, arc: Arc, day: int) -> float:
        seller = arc.seller
        unsold = max(0.0, seller.stock - seller.target * grown(seller.growth_per_year, day))
        orders = seller.orders + seller.pile_orders
        return (
            arc.shipped + unsold / arc.buyer.behaviour.adjustment_days + max(0.0, self._capacity(seller, day) - orders)
        )

    def _leave_port(self, arc: Arc, day: int) -> None:
        if arc.shipped > 0.0:
            arc.due[day + arc.lead] = arc.due.get(day + arc.lead, 0.0) + arc.shipped

    # stockpiles buy

    def _plan_purchases(self) -> None:
        """What each stockpile would buy today; one budget may be shared by several materials."""
        for holding in self.holdings:
            holding.want = self._want(holding)
        for pile, budget in self.budgets.items():
            own = [h for h in self.holdings if h.pile == pile and h.want > 0.0]
            cost = sum(h.want * h.price_per_t for h in own)
            for holding in own if cost > budget else []:
                holding.want *= budget / cost

    def _want(self, holding: Holding) -> float:
        fill = holding.rules.fill
        if fill is None or holding.state != FILLING:
            return 0.0
        if fill.price_ceiling_usd_per_kg is not None and holding.price_per_t > 1000.0 * fill.price_ceiling_usd_per_kg:
            return 0.0
        under_way = sum(sum(arc.due.values()) for arc in holding.buyer.arcs)
        want = min(holding.rate, holding.target - holding.buyer.stock - under_way)
        return want if want > 1e-12 * holding.target else 0.0

    def _pay(self, holding: Holding) -> None:
        holding.spent = holding.bought * holding.price_per_t if holding.bought > 0.0 else 0.0
        self.budgets[holding.pile] = max(0.0, self.budgets[holding.pile] - holding.spent)

    def _stockpiles_buy(self, day: int) -> None:
        calls: list[tuple[Arc, float]] = []
        surplus = {id(s): self._surplus(s, day) for s in self.sellers}
        for holding in self.holdings:
            if holding.rules.fill is None or holding.rules.fill.rule != "surplus_only" or holding.want <= 0.0:
                continue
            open_arcs = [arc for arc in holding.buyer.arcs if self._lane_room(arc) > 0.0]
            total = sum(surplus[id(arc.seller)] for arc in open_arcs)
            part = min(1.0, holding.want / total) if total > 0.0 else 0.0
            calls += [(arc, min(part * surplus[id(arc.seller)], self._lane_room(arc))) for arc in open_arcs]
        calls = self._within(calls, lambda arc: (id(arc.seller), arc.buyer.region), self._lane_room)
        calls = self._within(calls, lambda arc: id(arc.seller), lambda arc: surplus[id(arc.seller)])
        for seller in self.sellers:
            called = seller.called + sum(call for arc, call in calls if arc.seller is seller)
            seller.pile_orders += (called - seller.pile_orders) / 14.0
            seller.called = 0.0
        calls = self._within(calls, lambda arc: id(arc.seller), lambda arc: arc.seller.stock)
        for arc, call in calls:
            self._ship(arc, call)
        for holding in self.holdings:
            if holding.rules.fill is not None and holding.rules.fill.rule == "surplus_only":
                holding.bought = sum(arc.shipped for arc in holding.buyer.arcs)
                self._pay(holding)
            for arc in holding.buyer.arcs:
                self._leave_port(arc, day)

    @staticmethod
    def _within(calls: list[tuple[Arc, float]], group, limit) -> list[tuple[Arc, float]]:
        """Calls scaled so that no group of arcs passes its limit."""
        totals: dict = {}
        for arc, call in calls:
            totals[group(arc)] = totals.get(group(arc), 0.0) + call
        return [(arc, call * min(1.0, limit(arc) / totals[group(arc)])) for arc, call in calls if call > 0.0]

    def _surplus(self, seller: Seller, day: int) -> float:
        above = max(0.0, seller.stock - seller.target * grown(seller.growth_per_year, day))
        return max(0.0, self._capacity(seller, day) - seller.orders) + above / self._t_adj(seller)

    def _lane_room(self, arc: Arc) -> float:
        """What policy leaves on the lane from a seller to a stockpile's owner."""
        if math.isinf(arc.cap):
            return math.inf
        lane = [
            other
            for other in arc.seller.arcs
            if other.buyer.kind != "stockpile" and other.buyer.region == arc.buyer.region
        ]
        return sum(max(0.0, other.cap - other.shipped) for other in lane)

    def _authority_ends(self, day: int) -> None:
        for holding in self.holdings:
            if holding.state != AUTHORISED or self._gap(holding):
                continue
            watched = [consumer for _, _, consumer in self._all_served(holding)]
            if all(c.stock >= 0.99 * c.target * grown(c.growth_per_year, day) for c in watched):
                holding.state = FILLING


RECORDED = ("shortfall", "consumed", "from_stockpile", "stock", "pile_stock", "bought", "released", "spent")


def grown(rate: float, day: int) -> float:
    """Growth since day 0."""
    return (1.0 + rate) ** (day / YEAR)


def predict(network: Network, rerouting: str = "reference") -> dict[str, np.ndarray]:
    """What the page says of a network."""
    return Oracle(network, rerouting).run()
