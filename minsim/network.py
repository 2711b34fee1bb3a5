"""Scenario → Network: the balanced chain as labels and indexed arrays, in the layout of `minsim.flows.State`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from minsim import flows as fl
from minsim.baseline import Buyer, Product, Reader, Seller, build_products, local_output, scrap_origin
from minsim.data import BehaviourSet, bracket_behaviour, reference_behaviour
from minsim.flows import Floats, State
from minsim.holdings import Holding, plan_holdings
from minsim.loading import Scenario
from minsim.schema import ExportCurb, NewScrap, Sector
from minsim.spans import EventSpan, day_of, event_spans
from minsim.trade import DAYS_PER_YEAR
from minsim.uncertainty import Draws


@dataclass(frozen=True)
class ConsumerLabel:
    """A region's use of one material: day-0 use [t/day], stock target [t], growth [1/year], usual import lead [days]."""

    material: str
    region: str
    daily_use_t: float
    stock_target_t: float
    growth_per_year: float
    import_lead_days: int


@dataclass(frozen=True)
class SectorLabel:
    """An end use of one region; `consumer` is the index of the region's label."""

    consumer: int
    material: str
    region: str
    sector: str
    daily_use_t: float
    priority: int


@dataclass(frozen=True)
class SellerLabel:
    """A producer, as seller of its product."""

    material: str
    stage: str
    producer: str
    country: str
    output_t_per_day: float
    capacity_t_per_day: float


@dataclass(frozen=True)
class ArcLabel:
    """A pair of seller and buyer of one product; `kind` of buyer is consumer, producer or stockpile."""

    material: str
    stage: str
    seller: str
    seller_country: str
    buyer: str
    buyer_region: str
    kind: str
    lead_days: int
    base_flow_t_per_day: float


@dataclass(frozen=True)
class HoldingLabel:
    """One material held in a stockpile; `serves` are indices of the consumers it may serve."""

    stockpile: str
    material: str
    stage: str
    owner: str
    owner_regions: tuple[str, ...]
    serves: tuple[int, ...]
    use_t_per_day: float
    target_t: float
    authorisation_days: int
    price_usd_per_kg: float
    declared_only: bool = False


@dataclass(frozen=True)
class Network:
    """One replication's network, ready to run.

    Attributes
    ----------
    scenario : Scenario
    reader : Reader
        The scenario's numbers as they stand in this replication.
    days : int
        Days simulated, the last included.
    sellers, consumers, sectors, arcs, holdings, events : sequences
        Labels, in the order of the arrays' columns.
    arrays : dict of str to array
        Fields of `State` as on the morning of day 0.
    residual : float
        Largest error of baseline trade, relative to world output.
    """

    scenario: Scenario
    reader: Reader
    days: int
    products: tuple[tuple[str, str], ...]
    sellers: tuple[SellerLabel, ...]
    consumers: tuple[ConsumerLabel, ...]
    sectors: tuple[SectorLabel, ...]
    arcs: tuple[ArcLabel, ...]
    holdings: tuple[HoldingLabel, ...]
    events: tuple[EventSpan, ...]
    buyer_names: tuple[str, ...]
    buyer_materials: tuple[str, ...]
    arrays: dict[str, Any]
    residual: float

    @property
    def start(self) -> dt.date:
        """Day 0."""
        return self.scenario.model.start

    @property
    def draws(self) -> Draws:
        """The replication's draws, for processes."""
        return self.reader.draws

    def day_of(self, date: dt.date) -> int:
        """Days from day 0 to a date."""
        return day_of(date, self.start)

    def date_of(self, day: int) -> dt.date:
        """The date of a day."""
        return self.start + dt.timedelta(days=day)

    @cached_property
    def months(self) -> list[str]:
        """Months of the run, as YYYY-MM."""
        first = np.datetime64(self.start)
        return [str(month) for month in np.unique((first + np.arange(self.days)).astype("datetime64[M]"))]

    def baseline_trade(self) -> list[tuple[str, str, str, str, str, str, float]]:
        """Baseline flows: material, stage, seller, its country, buyer, its region, t/year."""
        return [
            (a.material, a.stage, a.seller, a.seller_country, a.buyer, a.buyer_region, a.base_flow_t_per_day * DAYS_PER_YEAR)
            for a in self.arcs
            if a.base_flow_t_per_day > 0.0
        ]

    def behaviour(self, material: str, rerouting: str) -> BehaviourSet:
        """Behaviour of a material's buyers: reference set, the scenario's overrides, then one end of the bracket."""
        given = self.scenario.model.behaviour.get(material)
        overrides = {
            name: self.reader.number(getattr(given, name), f"behaviour.{material}.{name}")
            for name in BehaviourSet._fields
            if getattr(given, name, None) is not None
        }
        return bracket_behaviour(reference_behaviour(material)._replace(**overrides), rerouting)

    def fresh_state(self, rerouting: str = "reference") -> State:
        """A state of its own for one run, with empty records and the behaviour asked for.

        Parameters
        ----------
        rerouting : {"none", "reference", "free"}
            End of the bracket.
        """
        own = {name: array.copy() for name, array in self.arrays.items()}
        fields = fl.SECTOR_FIELDS * len(self.sectors) + fl.CONSUMER_FIELDS * len(self.consumers)
        state = State(
            **own,
            daily=np.zeros((self.days, fields + fl.HOLDING_FIELDS * len(self.holdings))),
            monthly=np.zeros((2, len(self.months), len(self.arcs))),
        )
        columns = {
            fl.BUYER_FLEX: "contract_flex",
            fl.BUYER_SPOT: "spot_share",
            fl.BUYER_SWITCHING: "switching_days",
            fl.BUYER_ADJUSTMENT: "adjustment_days",
            fl.BUYER_QUALIFICATION: "qualification_days",
        }
        sets = {material: self.behaviour(material, rerouting) for material in sorted(set(self.buyer_materials))}
        for row, name in columns.items():
            state.value[row, : len(self.buyer_materials)] = [getattr(sets[material], name) for material in self.buyer_materials]
        return state


def build_network(scenario: Scenario, draws: Draws) -> Network:
    """Build the network of one replication, balanced and in its steady state.

    Raises
    ------
    BalanceError
        If no baseline trade satisfies the scenario.
    """
    reader = Reader(scenario, draws)
    products = build_products(reader)
    return Layout(reader, products, plan_holdings(reader, products)).network()


# --------------------------------------------------------------------------------------------------------------- layout


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


class Layout:
    """Lays products and holdings out as columns: sellers and buyers by product, arcs by buyer, stockpiles last."""

    def __init__(self, reader: Reader, products: list[Product], holdings: list[Holding]) -> None:
        self.reader, self.products, self.holdings = reader, products, holdings
        self.sellers = [seller for product in products for seller in product.sellers]
        self.piles = [_pile_buyer(holding) for holding in holdings]
        of_product = {
            product.key: [pile for pile in self.piles if pile.key == product.key] for product in products
        }
        self.buyers = [buyer for product in products for buyer in (*product.buyers, *of_product[product.key])]
        self.product_sellers = [len(product.sellers) for product in products]
        self.product_buyers = [len(product.buyers) + len(of_product[product.key]) for product in products]
        self.seller_index = {id(seller): i for i, seller in enumerate(self.sellers)}
        self.buyer_index = {id(buyer): v for v, buyer in enumerate(self.buyers)}
        self.by_key = {product.key: product for product in products}
        self.consumers = [v for v, buyer in enumerate(self.buyers) if buyer.kind == "consumer"]
        self.consumer_index = {v: c for c, v in enumerate(self.consumers)}

    def network(self) -> Network:
        """The finished network."""
        arcs = list(self._arcs())
        sectors = list(self._sectors())
        reader = self.reader
        model = reader.model
        return Network(
            scenario=reader.scenario,
            reader=reader,
            days=day_of(model.end, model.start) + 1,
            products=tuple(product.key for product in self.products),
            sellers=tuple(
                SellerLabel(*s.key, s.producer, s.place.region, s.output, s.capacity) for s in self.sellers
            ),
            consumers=tuple(self._consumer_label(v, arcs) for v in self.consumers),
            sectors=tuple(sectors),
            arcs=tuple(arc.label for arc in arcs),
            holdings=tuple(self._holding_label(holding) for holding in self.holdings),
            events=tuple(event_spans(model, reader.draws)),
            buyer_names=tuple(f"{'/'.join(b.key)} of {b.place.name}" for b in self.buyers),
            buyer_materials=tuple(buyer.key[0] for buyer in self.buyers),
            arrays=self._arrays(arcs, sectors),
            residual=max(product.trade.residual for product in self.products if product.trade),
        )

    # labels

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

    def _consumer_label(self, v: int, arcs: Sequence[_Arc]) -> ConsumerLabel:
        buyer = self.buyers[v]
        own = [arc for arc in arcs if arc.buyer == v]
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
        served = {self.buyer_index[id(s.buyer)] for outlet in holding.outlets for s in outlet.serves}
        return tuple(sorted(self.consumer_index[v] for v in served))

    def _arcs(self) -> Iterator[_Arc]:
        """Open pairs of every product, by buyer, then seller."""
        for v, buyer in enumerate(self.buyers):
            product = self.by_key[buyer.key]
            trade, terms = product.trade, product.terms
            if not product.sellers:  # new scrap is not traded
                continue
            assert trade is not None and terms is not None
            column = product.buyers.index(buyer) if buyer.kind != "stockpile" else None
            pile_shares = self._pile_shares(product, buyer) if column is None else None
            for row, seller in enumerate(product.sellers):
                if terms.forbids(seller.place, buyer.place):
                    continue
                share = float(trade.shares[row, column] if pile_shares is None else pile_shares[row])
                flow = float(trade.flows[row, column]) if column is not None else 0.0
                lead = max(1, terms.lead_days(seller.place, buyer.place))
                label = ArcLabel(
                    *buyer.key, seller.producer, seller.place.region, buyer.place.name, buyer.place.region, buyer.kind, lead, flow
                )
                yield _Arc(self.seller_index[id(seller)], v, share, label)

    def _pile_shares(self, product: Product, pile: Buyer) -> Floats:
        """How a stockpile that competes spreads its calls: as its owner buys in the baseline, else by output."""
        assert product.trade is not None
        columns = [j for j, buyer in enumerate(product.buyers) if buyer.place.region == pile.place.region]
        flows: Floats = product.trade.flows[:, columns].sum(axis=1)
        if flows.sum() <= 0.0:
            flows = product.trade.flows.sum(axis=1)
        return flows / flows.sum()

    # arrays

    def _arrays(self, arcs: Sequence[_Arc], sectors: Sequence[SectorLabel]) -> dict[str, Any]:
        leads = [arc.label.lead_days for arc in arcs]
        room = self._purse_room(arcs)
        lists = {**self._network_lists(arcs, sectors), **self._holding_lists(arcs, sectors)}
        rows = {**self._seller_rows(), **self._buyer_rows(), **self._holding_rows(), **_arc_rows(arcs), **_sector_rows(sectors)}
        rows |= {
            "CONSUMER_PRICE": np.full(len(self.consumers), np.nan),
            "PILE_BUDGET": [self._budget(pile) for pile in self._pile_names()],
        }
        # some lists hold numbers, not indices
        numbers = {name: lists.pop(name) for name in ("SERVE_ENTITLEMENT", "SCRAP_RATE")}
        return {
            "value": pack({**rows, **numbers}, fl.VALUE_ROWS, np.float64, max(len(lists["STEP_SELLER"]), room)),
            "index": pack(lists, fl.INDEX_ROWS, np.uint32, room),
            "ring": _full_pipelines(arcs, max(leads, default=1) + 1),
        }

    def _purse_room(self, arcs: Sequence[_Arc]) -> int:
        """Columns for purses of permits: every arc in every quota or licence regime, and one more for a user's own."""
        curbs = [event for event in self.reader.model.events.values() if isinstance(event, ExportCurb)]
        regimes = sum(1 for c in curbs if c.measure.quota is not None or c.measure.licence is not None)
        return len(arcs) * (regimes + 1) + 2

    def _pile_names(self) -> list[str]:
        return sorted({holding.stockpile for holding in self.holdings})

    def _seller_rows(self) -> dict[str, Any]:
        outputs = np.array([seller.output for seller in self.sellers])
        days = np.array([self._product_days(seller) for seller in self.sellers])
        return {
            "SELLER_STOCK": days[:, 0] * outputs,
            "SELLER_TARGET": days[:, 0] * outputs,
            "SELLER_STORE": days.max(axis=1) * outputs,
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

    def _network_lists(self, arcs: Sequence[_Arc], sectors: Sequence[SectorLabel]) -> dict[str, Sequence[float]]:
        """Indices and compressed lists of the chain, by row of `State.node`, `.item` and `.number`."""
        model = self.reader.model
        buyer_first = np.cumsum([0, *self.product_buyers])
        inputs: list[list[int]] = [[] for _ in self.sellers]
        for v, buyer in enumerate(self.buyers):
            if buyer.producer is not None:
                inputs[self.seller_index[id(buyer.producer)]].append(v)
        leads = [arc.label.lead_days for arc in arcs]
        days = np.datetime64(model.start) + np.arange(day_of(model.end, model.start) + 1)
        counts = (
            self.sellers, self.buyers, arcs, sectors, self.holdings, (), self.products, self.consumers, self._pile_names()
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
            "MARKET_END": [first + len(p.buyers) for first, p in zip(buyer_first.tolist(), self.products, strict=False)],
            "BUYER_PRODUCER": [
                fl.NOTHING if b.producer is None else self.seller_index[id(b.producer)] for b in self.buyers
            ],
            "CONSUMER_BUYER": self.consumers,
            "MONTH": np.unique(days.astype("datetime64[M]"), return_inverse=True)[1].tolist(),
        }
        lists |= compress("ARC_FIRST", "", group([arc.buyer for arc in arcs], len(self.buyers)))
        lists |= compress("OUTGOING_FIRST", "OUTGOING", group([arc.seller for arc in arcs], len(self.sellers)))
        lists |= compress("INPUT_FIRST", "INPUT_BUYER", inputs)
        lists |= compress("SECTOR_FIRST", "", group([s.consumer for s in sectors], len(self.consumers)))
        lists |= self._scrap_lists()
        return lists

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

    def _holding_lists(self, arcs: Sequence[_Arc], sectors: Sequence[SectorLabel]) -> dict[str, Sequence[float]]:
        """Indices and compressed lists of the stockpiles."""
        piles = self._pile_names()
        pile_index = {id(pile): h for h, pile in enumerate(self.piles)}
        outlets = [outlet for holding in self.holdings for outlet in holding.outlets]
        steps = [step for outlet in outlets for step in outlet.steps]
        sector_index = {(s.consumer, s.sector): k for k, s in enumerate(sectors)}
        serves = [served for outlet in outlets for served in outlet.serves]
        sector_of = {id(s): sector_index[self.consumer_index[self.buyer_index[id(s.buyer)]], s.sector] for s in serves}
        lists: dict[str, Sequence[float]] = {
            "BUYER_HOLDING": [pile_index.get(id(b), fl.NOTHING) for b in self.buyers],
            "HOLDING_BUYER": [self.buyer_index[id(pile)] for pile in self.piles],
            "HOLDING_PILE": [piles.index(h.stockpile) for h in self.holdings],
            "OUTLET_FIRST": np.cumsum([0, *(len(h.outlets) for h in self.holdings)]).tolist(),
            "STEP_FIRST": np.cumsum([0, *(len(outlet.steps) for outlet in outlets)]).tolist(),
            "SERVE_CLASS": [served.order for served in serves],
            "SERVE_ENTITLEMENT": [served.entitlement for served in serves],
            "STEP_INPUT": [self._input_of(seller, feed) for step in steps for seller, feed in step],
        }
        lists |= compress("SERVE_FIRST", "SERVE_SECTOR", [[sector_of[id(s)] for s in o.serves] for o in outlets])
        lists |= compress("WATCH_FIRST", "WATCH_CONSUMER", [self._watched(holding) for holding in self.holdings])
        lists |= compress(
            "STEP_SELLER_FIRST", "STEP_SELLER", [[self.seller_index[id(seller)] for seller, _ in step] for step in steps]
        )
        lists |= compress("SIBLING_FIRST", "SIBLING", _siblings(arcs))
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


def _pile_buyer(holding: Holding) -> Buyer:
    """A stockpile as a buyer of what it holds; it needs nothing and starts at its opening fill."""
    place = replace(holding.place, name=holding.stockpile)
    return Buyer(holding.key, "stockpile", place, 0.0, holding.target, stock=holding.target * holding.initial_fill)


def _siblings(arcs: Sequence[_Arc]) -> list[list[int]]:
    """For each arc of a stockpile, the buyers' arcs from the same seller to the same region."""
    lanes: dict[tuple[int, str], list[int]] = {}
    for a, arc in enumerate(arcs):
        if arc.label.kind != "stockpile":
            lanes.setdefault((arc.seller, arc.label.buyer_region), []).append(a)
    return [
        lanes.get((arc.seller, arc.label.buyer_region), []) if arc.label.kind == "stockpile" else [] for arc in arcs
    ]


def _arc_rows(arcs: Sequence[_Arc]) -> dict[str, Any]:
    shares = [arc.share for arc in arcs]
    flows = np.array([arc.label.base_flow_t_per_day for arc in arcs])
    return {
        "ARC_SHARE": shares,
        "ARC_BASE_SHARE": shares,
        "ARC_BASE_FLOW": flows,
        "ARC_CAP": np.full(len(arcs), np.inf),
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
        "SECTOR_SUBSTITUTION_AFTER": np.inf * ones,
        "SECTOR_SUBSTITUTION_DAILY": ones,
    }
