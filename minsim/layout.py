"""Lays a balanced chain out as columns: labels, and indexed arrays in the layout of `minsim.flows.State`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minsim import flows as fl
from minsim.baseline import Buyer, Product, Reader, Seller, local_output, scrap_origin
from minsim.flows import Floats
from minsim.holdings import Holding
from minsim.labels import ArcLabel, ConsumerLabel, HoldingLabel, SectorLabel, SellerLabel
from minsim.markets import Market, plan_markets
from minsim.schema import ExportCurb, NewScrap, Sector
from minsim.spans import day_of
from minsim.trade import DAYS_PER_YEAR


class Layout:
    """Lays products and holdings out as columns: sellers and buyers by product, arcs by buyer, stockpiles last."""

    def __init__(self, reader: Reader, products: list[Product], holdings: list[Holding]) -> None:
        self.reader, self.products, self.holdings = reader, products, holdings
        self.sellers = [seller for product in products for seller in product.sellers]
        self.holders = [_holder(holding) for holding in holdings]
        of_product = {
            product.key: [holder for holder in self.holders if holder.key == product.key] for product in products
        }
        self.buyers = [buyer for product in products for buyer in (*product.buyers, *of_product[product.key])]
        self.product_sellers = [len(product.sellers) for product in products]
        self.product_buyers = [len(product.buyers) + len(of_product[product.key]) for product in products]
        self.seller_index = {id(seller): i for i, seller in enumerate(self.sellers)}
        self.buyer_index = {id(buyer): v for v, buyer in enumerate(self.buyers)}
        self.by_key = {product.key: product for product in products}
        self.consumers = [v for v, buyer in enumerate(self.buyers) if buyer.kind == "consumer"]
        self.consumer_index = {v: c for c, v in enumerate(self.consumers)}
        self.markets = plan_markets(reader)
        self.piles = sorted({holding.stockpile for holding in holdings})
        self.sectors = tuple(self._sectors())
        self.arcs = tuple(self._arcs())

    # labels

    def seller_labels(self) -> tuple[SellerLabel, ...]:
        return tuple(SellerLabel(*s.key, s.producer, s.place.region, s.output, s.capacity) for s in self.sellers)

    def consumer_labels(self) -> tuple[ConsumerLabel, ...]:
        return tuple(self._consumer_label(v) for v in self.consumers)

    def arc_labels(self) -> tuple[ArcLabel, ...]:
        return tuple(arc.label for arc in self.arcs)

    def holding_labels(self) -> tuple[HoldingLabel, ...]:
        return tuple(self._holding_label(holding) for holding in self.holdings)

    def _sectors(self) -> Iterator[SectorLabel]:
        """Sectors by consumer, priority, name."""
        for c, v in enumerate(self.consumers):
            buyer = self.buyers[v]
            assert buyer.consumer is not None
            material, region = buyer.key[0], buyer.place.region
            path = f"materials.{material}.consumers.{region}.sectors"
            sectors = buyer.consumer.sectors or {"all": Sector(share=1.0)}
            shares = {name: self.reader.number(s.share, f"{path}.{name}.share") for name, s in sorted(sectors.items())}
            total = sum(shares.values())
            for name, sector in sorted(sectors.items(), key=lambda item: (item[1].priority, item[0])):
                use = buyer.need * shares[name] / total
                yield SectorLabel(c, material, region, name, use, sector.priority)

    def _consumer_label(self, v: int) -> ConsumerLabel:
        buyer = self.buyers[v]
        own = [arc for arc in self.arcs if arc.buyer == v]
        imports = [arc for arc in own if arc.label.seller_country != buyer.place.region and arc.share > 0.0] or own
        weight = sum(arc.share for arc in imports)
        mean = sum(arc.share * arc.label.lead_days for arc in imports) / weight if weight > 0.0 else 0.0
        return ConsumerLabel(
            buyer.key[0], buyer.place.region, buyer.need, buyer.target, buyer.growth_per_year, math.ceil(mean - 1e-9)
        )

    def _holding_label(self, holding: Holding) -> HoldingLabel:
        return HoldingLabel(
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
        )

    def _watched(self, holding: Holding) -> tuple[int, ...]:
        served = {self.buyer_index[id(s.buyer)] for s in holding.served}
        return tuple(sorted(self.consumer_index[v] for v in served))

    def _arcs(self) -> Iterator[_Arc]:
        """Open pairs of every product, by buyer, then seller."""
        for v, buyer in enumerate(self.buyers):
            product = self.by_key[buyer.key]
            if not product.sellers:  # new scrap is not traded
                continue
            trade, terms = product.trade, product.terms
            assert trade is not None and terms is not None
            column = product.buyers.index(buyer) if buyer.kind != "stockpile" else None
            pile_shares = self._pile_shares(product, buyer) if column is None else None
            for row, seller in enumerate(product.sellers):
                if terms.forbids(seller.place, buyer.place):
                    continue
                share = float(trade.shares[row, column] if pile_shares is None else pile_shares[row])
                flow = float(trade.flows[row, column]) if column is not None else 0.0
                lead = max(1, terms.lead_days(seller.place, buyer.place))
                ends = (seller.producer, seller.place.region, buyer.place.name, buyer.place.region)
                label = ArcLabel(*buyer.key, *ends, buyer.kind, lead, flow)
                yield _Arc(self.seller_index[id(seller)], v, share, label)

    def _pile_shares(self, product: Product, pile: Buyer) -> Floats:
        """How a stockpile that competes spreads its calls: as its owner buys in the baseline, else by output."""
        assert product.trade is not None
        columns = [j for j, buyer in enumerate(product.buyers) if buyer.place.region == pile.place.region]
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
        lists = {**self._network_lists(), **self._holding_lists()}
        rows = {
            **self._seller_rows(),
            **self._buyer_rows(),
            **self._holding_rows(),
            **_arc_rows(arcs),
            **_sector_rows(sectors),
            **self._price_rows(),
            **self._answer_rows(),
            "PILE_BUDGET": [self._budget(pile) for pile in self.piles],
        }
        # some lists hold numbers, not indices
        numbers = {name: lists.pop(name) for name in ("SERVE_ENTITLEMENT", "SCRAP_RATE")}
        room = self._purse_room()
        return {
            "value": pack({**rows, **numbers}, fl.VALUE_ROWS, np.float64, max(len(lists["STEP_SELLER"]), room)),
            "index": pack(lists, fl.INDEX_ROWS, np.uint32, room),
            "ring": _full_pipelines(arcs, max(leads, default=1) + 1),
        }

    def _purse_room(self) -> int:
        """Columns for purses of permits: every arc in every quota or licence regime, and one more for a user's own."""
        curbs = [event for event in self.reader.model.events.values() if isinstance(event, ExportCurb)]
        regimes = sum(1 for c in curbs if c.measure.quota is not None or c.measure.licence is not None)
        return len(self.arcs) * (regimes + 1) + 2

    def _seller_rows(self) -> dict[str, Any]:
        outputs = np.array([seller.output for seller in self.sellers])
        days = np.array([self._product_days(seller) for seller in self.sellers])
        return {
            "SELLER_STOCK": days[:, 0] * outputs,
            "SELLER_TARGET": days[:, 0] * outputs,
            # A day's output is made before it is shipped. Days of no output say nothing of a newcomer's store: what it
            # makes follows its orders, and without room for it a project at a producer of share 0 would never run.
            "SELLER_STORE": np.where(outputs > 0.0, np.maximum(days[:, 1], days[:, 0] + 1.0) * outputs, np.inf),
            "SELLER_CAPACITY": [seller.capacity for seller in self.sellers],
            "SELLER_AVAILABILITY": [seller.availability for seller in self.sellers],
            "SELLER_GROWTH": np.ones(len(outputs)),
            "SELLER_GROWTH_DAILY": [daily_factor(seller.growth_per_year) for seller in self.sellers],
            "SELLER_ORDERS": outputs,
            "SELLER_SUPPLY_LIMIT": np.full(len(outputs), np.inf),
        }

    def _product_days(self, seller: Seller) -> tuple[float, float]:
        material, stage_name = seller.key
        stage = self.by_key[seller.key].stage
        path = f"materials.{material}.stages.{stage_name}"
        stock = self.reader.number(stage.product_stock_days, f"{path}.product_stock_days", "product_stock_days")
        return stock, self.reader.number(stage.product_store_days, f"{path}.product_store_days", "product_store_days")

    def _buyer_rows(self) -> dict[str, Any]:
        needs = [buyer.need for buyer in self.buyers]
        ones = np.ones(len(needs))
        return {
            "BUYER_STOCK": [buyer.target if buyer.stock is None else buyer.stock for buyer in self.buyers],
            "BUYER_TARGET": [buyer.target for buyer in self.buyers],
            "BUYER_TARGET_FACTOR": ones,
            "BUYER_BASE_NEED": needs,
            "BUYER_NEED": needs,
            "BUYER_COEFFICIENT": [buyer.coefficient for buyer in self.buyers],
            "BUYER_GROWTH": ones,
            "BUYER_GROWTH_DAILY": [daily_factor(buyer.growth_per_year) for buyer in self.buyers],
            "BUYER_CLOCK": -ones,
        }

    def _network_lists(self) -> dict[str, Sequence[float]]:
        """Indices and compressed lists of the chain, by row of `State.node`, `.item` and `.number`."""
        model, arcs, sectors = self.reader.model, self.arcs, self.sectors
        buyer_first = np.cumsum([0, *self.product_buyers])
        inputs: list[list[int]] = [[] for _ in self.sellers]
        for v, buyer in enumerate(self.buyers):
            if buyer.producer is not None:
                inputs[self.seller_index[id(buyer.producer)]].append(v)
        leads = [arc.label.lead_days for arc in arcs]
        days = np.datetime64(model.start) + np.arange(day_of(model.end, model.start) + 1)
        counts = (
            self.sellers, self.buyers, arcs, sectors, self.holdings, (), self.products, self.consumers, self.piles,
            [zone for market in self.markets for zone in market.zones],
            [served for holding in self.holdings for served in holding.served],
        )  # fmt: skip
        lists: dict[str, Sequence[float]] = {
            "COUNT": [len(items) for items in counts],
            "ARC_SELLER": [arc.seller for arc in arcs],
            "ARC_BUYER": [arc.buyer for arc in arcs],
            "LEAD": leads,
            "LEAK_LEAD": leads,
            "AIR_LEAD": leads,
            "SELLER_FIRST": np.cumsum([0, *self.product_sellers]).tolist(),
            "BUYER_FIRST": buyer_first.tolist(),
            "MARKET_END": [
                first + len(p.buyers) for first, p in zip(buyer_first.tolist(), self.products, strict=False)
            ],
            "BUYER_PRODUCER": [
                int(fl.NOTHING) if b.producer is None else self.seller_index[id(b.producer)] for b in self.buyers
            ],
            "CONSUMER_BUYER": self.consumers,
            "CONSUMER_ZONE": self._consumer_zones(),
            "MONTH": np.unique(days.astype("datetime64[M]"), return_inverse=True)[1].tolist(),
        }
        lists |= compress("ARC_FIRST", "", group([arc.buyer for arc in arcs], len(self.buyers)))
        lists |= compress("OUTGOING_FIRST", "OUTGOING", group([arc.seller for arc in arcs], len(self.sellers)))
        lists |= compress("INPUT_FIRST", "INPUT_BUYER", inputs)
        lists |= compress("SECTOR_FIRST", "", group([s.consumer for s in sectors], len(self.consumers)))
        return lists | self._scrap_lists()

    def _scrap_lists(self) -> dict[str, Sequence[float]]:
        """Where each producer's new scrap falls: local scrap processors, as much a tonne as their baseline needs."""
        falls: list[list[tuple[int, float]]] = [[] for _ in self.sellers]
        for v, buyer in enumerate(self.buyers):
            if buyer.producer is not None and isinstance(buyer.producer.model.feed, NewScrap):
                origin = scrap_origin(self.reader.model.materials, buyer.producer.model.feed)
                made = local_output(self.by_key[origin], buyer.place.region)
                for i, seller in enumerate(self.sellers):
                    if seller.key == origin and seller.place.region == buyer.place.region:
                        falls[i].append((v, buyer.need / made if made > 0.0 else 0.0))
        rates = {"SCRAP_RATE": [rate for entries in falls for _, rate in entries]}
        return rates | compress("SCRAP_FIRST", "SCRAP_BUYER", [[v for v, _ in entries] for entries in falls])

    def _holding_lists(self) -> dict[str, Sequence[float]]:
        """Indices and compressed lists of the stockpiles."""
        holding_index = {id(holder): h for h, holder in enumerate(self.holders)}
        outlets = [outlet for holding in self.holdings for outlet in holding.outlets]
        steps = [step for outlet in outlets for step in outlet.steps]
        sector_index = {(s.consumer, s.sector): k for k, s in enumerate(self.sectors)}
        serves = [served for outlet in outlets for served in outlet.serves]
        sector_of = {id(s): sector_index[self.consumer_index[self.buyer_index[id(s.buyer)]], s.sector] for s in serves}
        lists: dict[str, Sequence[float]] = {
            "BUYER_HOLDING": [holding_index.get(id(b), int(fl.NOTHING)) for b in self.buyers],
            "HOLDING_BUYER": [self.buyer_index[id(holder)] for holder in self.holders],
            "HOLDING_PILE": [self.piles.index(h.stockpile) for h in self.holdings],
            "OUTLET_FIRST": np.cumsum([0, *(len(h.outlets) for h in self.holdings)]).tolist(),
            "STEP_FIRST": np.cumsum([0, *(len(outlet.steps) for outlet in outlets)]).tolist(),
            "SERVE_CLASS": [served.order for served in serves],
            "SERVE_ENTITLEMENT": [served.entitlement for served in serves],
            "STEP_INPUT": [self._input_of(seller, feed) for step in steps for seller, feed in step],
        }
        lists |= compress("SERVE_FIRST", "SERVE_SECTOR", [[sector_of[id(s)] for s in o.serves] for o in outlets])
        lists |= compress("WATCH_FIRST", "WATCH_CONSUMER", [self._watched(holding) for holding in self.holdings])
        lists |= compress(
            "STEP_SELLER_FIRST",
            "STEP_SELLER",
            [[self.seller_index[id(seller)] for seller, _ in step] for step in steps],
        )
        lists |= compress("SIBLING_FIRST", "SIBLING", _siblings(self.arcs, "market"))
        lists |= compress("LANE_FIRST", "LANE_PILE", _siblings(self.arcs, "stockpile"))
        titles = [
            (holding.stockpile, sector_of[id(s)])
            for holding in self.holdings
            for o in holding.outlets
            for s in o.serves
        ]
        numbers = {title: number for number, title in enumerate(sorted(set(titles)))}
        lists["SERVE_TITLE"] = [numbers[title] for title in titles]
        return lists

    def _holding_rows(self) -> dict[str, Any]:
        holdings = self.holdings
        return {
            "HOLDING_TARGET": [holding.target for holding in holdings],
            "HOLDING_RATE": [holding.buy_rate for holding in holdings],
            "HOLDING_RELEASE_RATE": [holding.release_rate for holding in holdings],
            "HOLDING_PRICE": np.nan_to_num([holding.price_usd_per_t for holding in holdings]),
            "HOLDING_CEILING": [holding.ceiling_usd_per_t for holding in holdings],
            "HOLDING_ALWAYS": [holding.buying for holding in holdings],
            "HOLDING_COVER_TRIGGER": [holding.cover_trigger_days for holding in holdings],
            "HOLDING_AT_ONCE": [float(holding.authorisation_days == 0) for holding in holdings],
            "HOLDING_DECLARED": np.ones(len(holdings)),
        }

    def _price_rows(self) -> dict[str, Any]:
        """Prices of consumers and zones; nan and nothing where a material has none."""
        zones = [(market, zone) for market in self.markets for zone in market.zones]
        priced = {market.material: market for market in self.markets}
        own = [priced.get(self.buyers[v].key[0]) for v in self.consumers]
        reference = np.array([np.nan if market is None else market.reference_usd_per_kg for market in own])
        return {
            "CONSUMER_PRICE": reference,
            "CONSUMER_SPOT": reference,
            "CONSUMER_MARKET": reference,
            "CONSUMER_REFERENCE": reference,
            "CONSUMER_CONTRACTED": [0.0 if market is None else market.contract_share for market in own],
            "ZONE_ADJUSTMENT": [market.adjustment_days for market, _ in zones],
            "ZONE_CONTRACT": np.ones(len(zones)),
            "ZONE_CONTRACT_LAG": [market.contract_lag_days for market, _ in zones],
        }

    def _answer_rows(self) -> dict[str, Any]:
        """How end uses answer prices: elasticity and essential share; 0 where the material has no prices."""
        priced = {market.material for market in self.markets}
        rows: dict[str, list[float]] = {"SECTOR_ELASTICITY": [], "SECTOR_ESSENTIAL": []}
        for label in self.sectors:
            sectors = self.reader.model.materials[label.material].consumers[label.region].sectors
            path = f"materials.{label.material}.consumers.{label.region}.sectors.{label.sector}"
            given = sectors.get(label.sector) if label.material in priced else None
            for row, name in (("SECTOR_ELASTICITY", "demand_elasticity"), ("SECTOR_ESSENTIAL", "essential_share")):
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
            zones.append(int(fl.NOTHING) if found is None else found[0] + found[1].zone_of(region))
        return zones

    def _budget(self, pile: str) -> float:
        budget = self.reader.model.stockpiles[pile].budget_usd
        return math.inf if budget is None else self.reader.number(budget, f"stockpiles.{pile}.budget_usd")

    def _input_of(self, seller: Seller, feed: tuple[str, str]) -> int:
        return next(v for v, b in enumerate(self.buyers) if b.producer is seller and b.key == feed)


@dataclass(frozen=True)
class _Arc:
    seller: int
    buyer: int
    share: float
    label: ArcLabel


def _holder(holding: Holding) -> Buyer:
    """A stockpile as a buyer of what it holds; it needs nothing and starts at its opening fill."""
    place = replace(holding.place, name=holding.stockpile)
    return Buyer(holding.key, "stockpile", place, 0.0, holding.target, stock=holding.target * holding.initial_fill)


def _siblings(arcs: Sequence[_Arc], kind: str) -> list[list[int]]:
    """For each arc of a stockpile, the arcs of one kind (market or stockpile) from the same seller to the same region."""
    kinds = ["stockpile" if arc.label.kind == "stockpile" else "market" for arc in arcs]
    lanes: dict[tuple[int, str], list[int]] = {}
    for a, arc in enumerate(arcs):
        if kinds[a] == kind:
            lanes.setdefault((arc.seller, arc.label.buyer_region), []).append(a)
    return [
        lanes.get((arc.seller, arc.label.buyer_region), []) if kinds[a] == "stockpile" else []
        for a, arc in enumerate(arcs)
    ]


def _arc_rows(arcs: Sequence[_Arc]) -> dict[str, Any]:
    shares = [arc.share for arc in arcs]
    flows = np.array([arc.label.base_flow_t_per_day for arc in arcs])
    return {
        "ARC_SHARE": shares,
        "ARC_BASE_SHARE": shares,
        "ARC_BASE_FLOW": flows,
        "ARC_CAP": np.full(len(arcs), np.inf),
        "ARC_ROOM_CAP": np.full(len(arcs), np.inf),
        "ARC_TRANSIT": flows * [arc.label.lead_days for arc in arcs],
    }


def _full_pipelines(arcs: Sequence[_Arc], days: int) -> Floats:
    """Arrivals of the first lead-time days: the baseline flow, every day."""
    due = np.arange(days)[None, :] < np.array([arc.label.lead_days for arc in arcs], dtype=int)[:, None]
    return np.where(due, np.array([arc.label.base_flow_t_per_day for arc in arcs])[:, None], 0.0)


def _sector_rows(sectors: Sequence[SectorLabel]) -> dict[str, Any]:
    ones = np.ones(len(sectors))
    return {
        "SECTOR_BASE": [sector.daily_use_t for sector in sectors],
        "SECTOR_PRIORITY": [sector.priority for sector in sectors],
        "SECTOR_FACTOR": ones,
        "SECTOR_RESPONSE": ones,
        "SECTOR_SUBSTITUTED": ones,
    }


# ----------------------------------------------------------------------------------------------------------------- packing


def group(owners: Sequence[int], count: int) -> list[list[int]]:
    """Members of each of `count` owners, in order."""
    members: list[list[int]] = [[] for _ in range(count)]
    for member, owner in enumerate(owners):
        members[owner].append(member)
    return members


def compress(first: str, items: str, groups: Sequence[Sequence[int]]) -> dict[str, Sequence[float]]:
    """Compressed rows: starts of each group (one more than groups), and all items in a row."""
    starts: dict[str, Sequence[float]] = {first: np.cumsum([0, *map(len, groups)]).tolist()}
    return {**starts, items: [item for members in groups for item in members]} if items else starts


PACKED_WIDTH_AT_LEAST = 16
"""Columns every packed array has, for counts and the fields of a fault."""


def pack(
    rows: Mapping[str, Sequence[float] | Floats], count: int, dtype: type[np.generic], width: int = 0
) -> np.ndarray:
    """One packed array from rows by the names of their constants in `minsim.flows`, padded with zeros to the longest."""
    width = max(PACKED_WIDTH_AT_LEAST, width, *map(len, rows.values()))
    packed = np.zeros((count, width), dtype=dtype)
    for name, values in rows.items():
        packed[getattr(fl, name), : len(values)] = values
    return packed


def daily_factor(growth_per_year: float) -> float:
    """Growth factor a day of a yearly rate."""
    return float((1.0 + growth_per_year) ** (1.0 / DAYS_PER_YEAR))
