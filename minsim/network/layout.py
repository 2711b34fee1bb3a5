"""Lays a balanced chain out as columns: labels, and indexed arrays in the layout of `minsim.kernel.state.State`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from minsim.kernel.codes import HoldingState, Notice
from minsim.kernel.compiling import Floats
from minsim.kernel.rows import (
    COUNT,
    INDEX_ROWS,
    VALUE_ROWS,
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    ConsumerIndex,
    ConsumerRow,
    DayIndex,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ItemRow,
    ProductIndex,
    RouteIndex,
    SectorRow,
    SellerIndex,
    SellerRow,
    StepIndex,
    StockpileRow,
    ValueRow,
    ZoneRow,
)
from minsim.kernel.state import NOTHING
from minsim.network.agents import Buyer, Product, Reader, Seller
from minsim.network.baseline import local_output, scrap_origin
from minsim.network.node_index import ArcInfo, ConsumerInfo, HoldingInfo, SectorInfo, SellerInfo
from minsim.network.packing import Lists, Rows, compress, group, pack
from minsim.network.price_zones import Market, plan_markets
from minsim.network.regional_users import end_uses
from minsim.network.stockpile_plans import Holding, ReleaseRoute
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario.event_dates import months_of
from minsim.scenario.format.events import ExportCurb
from minsim.scenario.format.materials import NewScrap, Sector


class Layout:
    """Lays products and holdings out as columns: sellers and buyers by product, arcs by buyer, stockpiles last."""

    def __init__(self, reader: Reader, products: list[Product], holdings: list[Holding]) -> None:
        self.reader, self.products, self.holdings = reader, products, holdings
        self.sellers = [seller for product in products for seller in product.sellers]
        self.holders = [_holder(holding) for holding in holdings]
        self.holders_of = {
            product.key: [holder for holder in self.holders if holder.key == product.key] for product in products
        }
        self.buyers = [buyer for product in products for buyer in (*product.buyers, *self.holders_of[product.key])]
        self.product_sellers = [len(product.sellers) for product in products]
        self.product_buyers = [len(product.buyers) + len(self.holders_of[product.key]) for product in products]
        self.seller_index = {id(seller): i for i, seller in enumerate(self.sellers)}
        self.buyer_index = {id(buyer): v for v, buyer in enumerate(self.buyers)}
        self.by_key = {product.key: product for product in products}
        self.consumers = [v for v, buyer in enumerate(self.buyers) if buyer.kind == "consumer"]
        self.consumer_index = {v: c for c, v in enumerate(self.consumers)}
        self.markets = plan_markets(reader)
        self.stockpiles = sorted({holding.stockpile for holding in holdings})
        self.sectors = tuple(self._sectors())
        self.arcs = tuple(self._arcs())

    # labels

    def seller_labels(self) -> tuple[SellerInfo, ...]:
        """Producers, by product."""
        return tuple(
            SellerInfo(*s.key, s.producer, s.place.region, s.output, s.capacity, self._store_days(s))
            for s in self.sellers
        )

    def consumer_labels(self) -> tuple[ConsumerInfo, ...]:
        """Consumer regions, by material and name."""
        return tuple(self._consumer_label(v) for v in self.consumers)

    def arc_labels(self) -> tuple[ArcInfo, ...]:
        """Arcs, by buyer."""
        return tuple(arc.label for arc in self.arcs)

    def holding_labels(self) -> tuple[HoldingInfo, ...]:
        """Materials held in stockpiles."""
        return tuple(self._holding_label(holding) for holding in self.holdings)

    def _sectors(self) -> Iterator[SectorInfo]:
        """Sectors by consumer, priority, name."""
        uses: dict[int, dict[str, float]] = {}
        for product in self.products:
            users = [buyer for buyer in product.buyers if buyer.consumer is not None]
            uses |= {id(buyer): use for buyer, use in zip(users, end_uses(self.reader, users), strict=True)}
        for c, v in enumerate(self.consumers):
            buyer = self.buyers[v]
            assert buyer.consumer is not None
            material, region = buyer.key[0], buyer.place.name
            sectors = buyer.consumer.sectors or {"all": Sector(share=1.0)}
            for name, sector in sorted(sectors.items(), key=lambda item: (item[1].priority, item[0])):
                yield SectorInfo(c, material, region, name, uses[id(buyer)][name], sector.priority, buyer.user_of)

    def _consumer_label(self, v: int) -> ConsumerInfo:
        buyer = self.buyers[v]
        own = [arc for arc in self.arcs if arc.buyer == v]
        imports = [arc for arc in own if arc.label.seller_country != buyer.place.region and arc.share > 0.0] or own
        weight = sum(arc.share for arc in imports)
        mean = sum(arc.share * arc.label.lead_days for arc in imports) / weight if weight > 0.0 else 0.0
        return ConsumerInfo(
            buyer.key[0], buyer.place.name, buyer.need, buyer.target, buyer.growth_per_year, math.ceil(mean - 1e-9),
            buyer.user_of,
        )  # fmt: skip

    def _holding_label(self, holding: Holding) -> HoldingInfo:
        return HoldingInfo(
            holding.stockpile,
            *holding.key,
            holding.model.owner,
            holding.regions,
            self._watched(holding),
            holding.use,
            holding.target,
            holding.authorisation_days,
            holding.price_usd_per_t / 1000.0,
            holding.model.release.drawdown == "declared_disruption",
            holding.buy_rate,
            holding.ceiling_usd_per_t / 1000.0,
        )

    def _watched(self, holding: Holding) -> tuple[int, ...]:
        served = {self.buyer_index[id(s.buyer)] for s in holding.served}
        return tuple(sorted(self.consumer_index[v] for v in served))

    def _arcs(self) -> Iterator[_Arc]:
        """Open pairs of every product, by buyer, then seller."""
        buyer_ends = np.cumsum(self.product_buyers).tolist()
        for product, end in zip(self.products, buyer_ends, strict=True):
            if not product.sellers:  # new scrap is not traded
                continue
            trade, terms = product.trade, product.terms
            assert trade is not None and terms is not None
            stockpiles = self.holders_of[product.key]
            buyers = product.buyers + stockpiles
            sellers = tuple(seller.place for seller in product.sellers)
            shares = np.column_stack([trade.shares, *(self._calls_by_seller(product, s) for s in stockpiles)]).tolist()
            flows = np.column_stack([trade.flows, np.zeros((len(sellers), len(stockpiles)))]).tolist()
            stockpiles_allowed = terms.allowed(sellers, tuple(stockpile.place for stockpile in stockpiles))
            allowed = np.column_stack([trade.allowed, stockpiles_allowed]).tolist()
            leads = terms.lead_days(sellers, tuple(buyer.place for buyer in buyers))
            for j, buyer in enumerate(buyers):
                for i, seller in enumerate(product.sellers):
                    if allowed[i][j]:
                        names = (seller.producer, seller.place.region, buyer.place.name, buyer.place.region)
                        label = ArcInfo(*buyer.key, *names, buyer.kind, max(1, leads[i][j]), flows[i][j])
                        yield _Arc(self.seller_index[id(seller)], end - len(buyers) + j, shares[i][j], label)

    def _calls_by_seller(self, product: Product, stockpile: Buyer) -> Floats:
        """How a stockpile that competes spreads its calls: as its owner buys in the baseline, else by output."""
        assert product.trade is not None
        columns = [j for j, buyer in enumerate(product.buyers) if buyer.place.region == stockpile.place.region]
        flows: Floats = product.trade.flows[:, columns].sum(axis=1)
        if flows.sum() <= 0.0:
            flows = product.trade.flows.sum(axis=1)
        shares: Floats = flows / flows.sum()
        return shares

    # arrays

    def arrays(self) -> dict[str, Any]:
        """Fields of `State` as on the morning of day 0."""
        arcs, sectors = self.arcs, self.sectors
        leads = [arc.label.lead_days for arc in arcs]
        scrap_lists, scrap_rates = self._scrap()
        lists = {**self._network_lists(), **scrap_lists, **self._holding_lists()}
        rows = {
            **self._seller_rows(),
            **self._buyer_rows(),
            **self._holding_rows(),
            **_arc_rows(arcs),
            **_sector_rows(sectors),
            **self._price_rows(),
            **self._answer_rows(),
            StockpileRow.BUDGET: [self._budget(stockpile) for stockpile in self.stockpiles],
            ItemRow.SCRAP_RATE: scrap_rates,
        }
        room = self._permit_columns()
        return {
            "value": pack(rows, VALUE_ROWS, np.float64, max(len(lists[ItemIndex.STEP_PRODUCER]), room)),
            "index": pack(lists, INDEX_ROWS, np.uint32, room),
            "ring": _full_pipelines(arcs, max(leads, default=1) + 1),
        }

    def _permit_columns(self) -> int:
        """Columns for permit balances: every arc in every quota or licence regime, and one more for a user's own."""
        curbs = [event for event in self.reader.model.events.values() if isinstance(event, ExportCurb)]
        regimes = sum(1 for c in curbs if c.measure.quota is not None or c.measure.licence is not None)
        return len(self.arcs) * (regimes + 1) + 2

    def _seller_rows(self) -> Rows:
        outputs = np.array([seller.output for seller in self.sellers])
        days = np.array([self._product_days(seller) for seller in self.sellers])
        return {
            SellerRow.STOCK: days[:, 0] * outputs,
            SellerRow.TARGET: days[:, 0] * outputs,
            SellerRow.STORE: np.array([self._store_days(seller) for seller in self.sellers]) * outputs,
            SellerRow.CAPACITY: [seller.capacity for seller in self.sellers],
            SellerRow.AVAILABILITY: [seller.availability for seller in self.sellers],
            SellerRow.GROWTH: np.ones(len(outputs)),
            SellerRow.GROWTH_DAILY: [daily_factor(seller.growth_per_year) for seller in self.sellers],
            SellerRow.EXPECTED_ORDERS: outputs,
            SellerRow.SUPPLY_LIMIT: np.full(len(outputs), np.inf),
        }

    def _store_days(self, seller: Seller) -> float:
        stock, store = self._product_days(seller)
        return max(store, stock + 1.0)  # a day's output is made before it is shipped

    def _product_days(self, seller: Seller) -> tuple[float, float]:
        material, stage_name = seller.key
        stage = self.by_key[seller.key].stage
        path = f"materials.{material}.stages.{stage_name}"
        stock = self.reader.number(stage.product_stock_days, f"{path}.product_stock_days", "product_stock_days")
        return stock, self.reader.number(stage.product_store_days, f"{path}.product_store_days", "product_store_days")

    def _buyer_rows(self) -> Rows:
        needs = [buyer.need for buyer in self.buyers]
        ones = np.ones(len(needs))
        return {
            BuyerRow.STOCK: [buyer.target if buyer.stock is None else buyer.stock for buyer in self.buyers],
            BuyerRow.TARGET: [buyer.target for buyer in self.buyers],
            BuyerRow.TARGET_FACTOR: ones,
            BuyerRow.BASE_NEED: needs,
            BuyerRow.NEED: needs,
            BuyerRow.COEFFICIENT: [buyer.coefficient for buyer in self.buyers],
            BuyerRow.GROWTH: ones,
            BuyerRow.GROWTH_DAILY: [daily_factor(buyer.growth_per_year) for buyer in self.buyers],
            BuyerRow.QUALIFICATION_START: -ones,
        }

    def _network_lists(self) -> Lists:
        """Node numbers and compressed lists of the chain."""
        model, arcs, sectors = self.reader.model, self.arcs, self.sectors
        buyer_first = np.cumsum([0, *self.product_buyers])
        inputs: list[list[int]] = [[] for _ in self.sellers]
        for v, buyer in enumerate(self.buyers):
            if buyer.producer is not None:
                inputs[self.seller_index[id(buyer.producer)]].append(v)
        leads = [arc.label.lead_days for arc in arcs]
        counts = (
            self.sellers, self.buyers, arcs, sectors, self.holdings, (), self.products, self.consumers, self.stockpiles,
            [zone for market in self.markets for zone in market.zones],
            [served for holding in self.holdings for served in holding.served],
        )  # fmt: skip
        lists: Lists = {
            COUNT: [len(items) for items in counts],
            ArcIndex.SELLER: [arc.seller for arc in arcs],
            ArcIndex.BUYER: [arc.buyer for arc in arcs],
            ArcIndex.LEAD_DAYS: leads,
            ArcIndex.LEAK_LEAD_DAYS: leads,
            ArcIndex.AIR_LEAD_DAYS: leads,
            ProductIndex.FIRST_SELLER: np.cumsum([0, *self.product_sellers]).tolist(),
            ProductIndex.FIRST_BUYER: buyer_first.tolist(),
            ProductIndex.FIRST_STOCKPILE: [
                first + len(p.buyers) for first, p in zip(buyer_first.tolist(), self.products, strict=False)
            ],
            BuyerIndex.PRODUCER: [
                int(NOTHING) if b.producer is None else self.seller_index[id(b.producer)] for b in self.buyers
            ],
            ConsumerIndex.BUYER: self.consumers,
            ConsumerIndex.ZONE: self._consumer_zones(),
            DayIndex.MONTH: months_of(model.start, model.end)[1],
        }
        lists |= compress(BuyerIndex.FIRST_ARC, None, group([arc.buyer for arc in arcs], len(self.buyers)))
        lists |= compress(
            SellerIndex.FIRST_OUTGOING, ItemIndex.OUTGOING_ARC, group([arc.seller for arc in arcs], len(self.sellers))
        )
        lists |= compress(SellerIndex.FIRST_INPUT, ItemIndex.INPUT_BUYER, inputs)
        lists |= compress(ConsumerIndex.FIRST_SECTOR, None, group([s.consumer for s in sectors], len(self.consumers)))
        return lists

    def _scrap(self) -> tuple[Lists, list[float]]:
        """Where each producer's new scrap falls, and how much a tonne: local scrap processors, as their baseline needs."""
        falls: list[list[tuple[int, float]]] = [[] for _ in self.sellers]
        for v, buyer in enumerate(self.buyers):
            if buyer.producer is not None and isinstance(buyer.producer.model.feed, NewScrap):
                origin = scrap_origin(self.reader.model.materials, buyer.producer.model.feed)
                made = local_output(self.by_key[origin], buyer.place.region)
                for i, seller in enumerate(self.sellers):
                    if seller.key == origin and seller.place.region == buyer.place.region:
                        falls[i].append((v, buyer.need / made if made > 0.0 else 0.0))
        buyers = [[v for v, _ in entries] for entries in falls]
        rates = [rate for entries in falls for _, rate in entries]
        return compress(SellerIndex.FIRST_SCRAP, ItemIndex.SCRAP_BUYER, buyers), rates

    def _holding_lists(self) -> Lists:
        """Node numbers, codes and compressed lists of the stockpiles."""
        holding_index = {id(holder): h for h, holder in enumerate(self.holders)}
        routes = [route for holding in self.holdings for route in holding.routes]
        lists: Lists = {
            BuyerIndex.HOLDING: [holding_index.get(id(b), int(NOTHING)) for b in self.buyers],
            HoldingIndex.BUYER: [self.buyer_index[id(holder)] for holder in self.holders],
            HoldingIndex.STOCKPILE: [self.stockpiles.index(h.stockpile) for h in self.holdings],
            HoldingIndex.STATE: [HoldingState.FILLING for _ in self.holdings],
            HoldingIndex.NOTICE: [Notice.NONE for _ in self.holdings],
            HoldingIndex.BUYING_MODE: [holding.buying_mode for holding in self.holdings],
            HoldingIndex.FIRST_ROUTE: np.cumsum([0, *(len(h.routes) for h in self.holdings)]).tolist(),
            RouteIndex.FIRST_STEP: np.cumsum([0, *(len(route.steps) for route in routes)]).tolist(),
        }
        watched = [self._watched(holding) for holding in self.holdings]
        lists |= compress(HoldingIndex.FIRST_WATCHED, ItemIndex.WATCHED_CONSUMER, watched)
        lists |= compress(ArcIndex.FIRST_SIBLING, ItemIndex.SIBLING_ARC, _siblings(self.arcs, "market"))
        lists |= compress(ArcIndex.FIRST_STOCKPILE_ARC, ItemIndex.STOCKPILE_ARC, _siblings(self.arcs, "stockpile"))
        return lists | self._step_lists(routes) | self._served_lists(routes)

    def _step_lists(self, routes: Sequence[ReleaseRoute]) -> Lists:
        """Who can process released intermediates, step by step."""
        steps = [step for route in routes for step in route.steps]
        producers = [[self.seller_index[id(seller)] for seller, _ in step] for step in steps]
        inputs = [self._input_of(seller, feed) for step in steps for seller, feed in step]
        return compress(StepIndex.FIRST_PRODUCER, ItemIndex.STEP_PRODUCER, producers) | {ItemIndex.STEP_INPUT: inputs}

    def _served_lists(self, routes: Sequence[ReleaseRoute]) -> Lists:
        """Which sectors each release route may serve, in which class, under which entitlement."""
        sector_index = {(s.consumer, s.sector): k for k, s in enumerate(self.sectors)}
        served = [
            [sector_index[self.consumer_index[self.buyer_index[id(s.buyer)]], s.sector] for s in route.serves]
            for route in routes
        ]
        owners = [holding.stockpile for holding in self.holdings for _ in holding.routes]
        entitlements = [(owner, k) for owner, sectors in zip(owners, served, strict=True) for k in sectors]
        numbers = {entitlement: number for number, entitlement in enumerate(sorted(set(entitlements)))}
        return compress(RouteIndex.FIRST_SERVED, ItemIndex.SERVED_SECTOR, served) | {
            ItemIndex.SERVED_CLASS: [s.order for route in routes for s in route.serves],
            ItemIndex.SERVED_ENTITLEMENT: [numbers[entitlement] for entitlement in entitlements],
        }

    def _holding_rows(self) -> Rows:
        holdings = self.holdings
        return {
            HoldingRow.TARGET: [holding.target for holding in holdings],
            HoldingRow.BUYING_RATE: [holding.buy_rate for holding in holdings],
            HoldingRow.RELEASE_RATE: [holding.release_rate for holding in holdings],
            HoldingRow.PRICE: np.nan_to_num([holding.price_usd_per_t for holding in holdings]),
            HoldingRow.PRICE_CEILING: [holding.ceiling_usd_per_t for holding in holdings],
            HoldingRow.COVER_TRIGGER_DAYS: [holding.cover_trigger_days for holding in holdings],
            HoldingRow.AT_ONCE: [float(holding.authorisation_days == 0) for holding in holdings],
            HoldingRow.DECLARED: np.ones(len(holdings)),
            ItemRow.ENTITLEMENT: [served.entitlement for holding in holdings for served in holding.served],
        }

    def _price_rows(self) -> Rows:
        """Prices of consumers and zones; nan and nothing where a material has none."""
        zones = [(market, zone) for market in self.markets for zone in market.zones]
        priced = {market.material: market for market in self.markets}
        own = [priced.get(self.buyers[v].key[0]) for v in self.consumers]
        reference = np.array([np.nan if market is None else market.reference_usd_per_kg for market in own])
        return {
            ConsumerRow.PRICE: reference,
            ConsumerRow.SPOT_PRICE: reference,
            ConsumerRow.MARKET_PRICE: reference,
            ConsumerRow.REFERENCE_PRICE: reference,
            ConsumerRow.CONTRACTED_SHARE: [0.0 if market is None else market.contract_share for market in own],
            ZoneRow.ADJUSTMENT_DAYS: [market.adjustment_days for market, _ in zones],
            ZoneRow.CONTRACT_PRICE: np.ones(len(zones)),
            ZoneRow.CONTRACT_LAG_DAYS: [market.contract_lag_days for market, _ in zones],
        }

    def _answer_rows(self) -> Rows:
        """How end uses answer prices: elasticity and essential share; 0 where the material has no prices."""
        priced = {market.material for market in self.markets}
        rows: dict[ValueRow, list[float]] = {SectorRow.ELASTICITY: [], SectorRow.ESSENTIAL_SHARE: []}
        for label in self.sectors:
            sectors = self.reader.model.materials[label.material].consumers[label.region].sectors
            path = f"materials.{label.material}.consumers.{label.region}.sectors.{label.sector}"
            given = sectors.get(label.sector) if label.material in priced else None
            for row, name in (
                (SectorRow.ELASTICITY, "demand_elasticity"),
                (SectorRow.ESSENTIAL_SHARE, "essential_share"),
            ):
                rows[row].append(0.0 if given is None else self.reader.number(getattr(given, name), f"{path}.{name}"))
        return dict(rows)

    def _consumer_zones(self) -> list[int]:
        """Price zone of each consumer."""
        priced: dict[str, tuple[int, Market]] = {}
        zone = 0
        for market in self.markets:
            priced[market.material] = zone, market
            zone += len(market.zones)
        zones = []
        for v in self.consumers:
            found = priced.get(self.buyers[v].key[0])
            region = self.buyers[v].place.region
            zones.append(int(NOTHING) if found is None else found[0] + found[1].zone_of(region))
        return zones

    def _budget(self, stockpile: str) -> float:
        budget = self.reader.model.stockpiles[stockpile].budget_usd
        return math.inf if budget is None else self.reader.number(budget, f"stockpiles.{stockpile}.budget_usd")

    def _input_of(self, seller: Seller, feed: tuple[str, str]) -> int:
        return next(v for v, b in enumerate(self.buyers) if b.producer is seller and b.key == feed)


class _Arc(NamedTuple):
    seller: int
    buyer: int
    share: float
    label: ArcInfo


def _holder(holding: Holding) -> Buyer:
    """A stockpile as a buyer of what it holds; it needs nothing and starts at its opening fill."""
    place = replace(holding.place, name=holding.stockpile)
    return Buyer(holding.key, "stockpile", place, 0.0, holding.target, stock=holding.target * holding.initial_fill)


def _siblings(arcs: Sequence[_Arc], kind: str) -> list[list[int]]:
    """For each arc of a stockpile, the arcs of one kind (market or stockpile) from the same seller to the same region."""
    kinds = ["stockpile" if arc.label.kind == "stockpile" else "market" for arc in arcs]
    beside: dict[tuple[int, str], list[int]] = {}
    for a, arc in enumerate(arcs):
        if kinds[a] == kind:
            beside.setdefault((arc.seller, arc.label.buyer_region), []).append(a)
    return [
        beside.get((arc.seller, arc.label.buyer_region), []) if kinds[a] == "stockpile" else []
        for a, arc in enumerate(arcs)
    ]


def _arc_rows(arcs: Sequence[_Arc]) -> Rows:
    shares = [arc.share for arc in arcs]
    flows = np.array([arc.label.base_flow_t_per_day for arc in arcs])
    return {
        ArcRow.SHARE: shares,
        ArcRow.BASE_SHARE: shares,
        ArcRow.BASE_FLOW: flows,
        ArcRow.CAP: np.full(len(arcs), np.inf),
        ArcRow.CAP_TODAY: np.full(len(arcs), np.inf),
        ArcRow.IN_TRANSIT: flows * [arc.label.lead_days for arc in arcs],
    }


def _full_pipelines(arcs: Sequence[_Arc], days: int) -> Floats:
    """Arrivals of the first lead-time days: the baseline flow, every day."""
    due = np.arange(days)[:, None] < np.array([arc.label.lead_days for arc in arcs], dtype=int)[None, :]
    return np.where(due, np.array([arc.label.base_flow_t_per_day for arc in arcs])[None, :], 0.0)


def _sector_rows(sectors: Sequence[SectorInfo]) -> Rows:
    ones = np.ones(len(sectors))
    return {
        SectorRow.BASE_DEMAND: [sector.daily_use_t for sector in sectors],
        SectorRow.PRIORITY: [sector.priority for sector in sectors],
        SectorRow.SHOCK_FACTOR: ones,
        SectorRow.PRICE_FACTOR: ones,
        SectorRow.SUBSTITUTION_FACTOR: ones,
    }


def daily_factor(growth_per_year: float) -> float:
    """Growth factor a day of a yearly rate."""
    return float((1.0 + growth_per_year) ** (1.0 / DAYS_PER_YEAR))
