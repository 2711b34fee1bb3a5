"""Sellers, buyers and products while a network is built, and the reader of a scenario's numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from minsim.data import defaults
from minsim.network.trade import BaselineTrade, Place, TradeTerms, blocs_of
from minsim.scenario import Scenario
from minsim.scenario.distributions import Draws
from minsim.scenario.format.materials import Consumer, Producer, Stage
from minsim.scenario.format.numbers import Number

ProductKey = tuple[str, str]
"""Material and stage."""


@dataclass
class Seller:
    """A producer while the network is built."""

    key: ProductKey
    producer: str
    place: Place
    model: Producer
    path: str
    output: float = 0.0
    capacity: float = 0.0
    availability: float = 1.0
    growth_per_year: float = 0.0
    inputs: dict[ProductKey, float] = field(default_factory=dict)


@dataclass
class Buyer:
    """A buyer of one product while the network is built."""

    key: ProductKey
    kind: str
    place: Place
    need: float
    target: float
    growth_per_year: float = 0.0
    producer: Seller | None = None
    coefficient: float = 1.0
    consumer: Consumer | None = None
    stock: float | None = None

    @property
    def user_of(self) -> str | None:
        """Region of which this consumer is a part; None for regions, producers and stockpiles."""
        return self.consumer.within if self.consumer is not None else None


@dataclass
class Product:
    """One product: its sellers and buyers, and its baseline trade."""

    key: ProductKey
    stage: Stage
    sellers: list[Seller]
    buyers: list[Buyer] = field(default_factory=list)
    trade: BaselineTrade | None = None
    terms: TradeTerms | None = None

    @property
    def output(self) -> float:
        """World output [t/day]."""
        return sum(buyer.need for buyer in self.buyers)


class Reader:
    """Reads a scenario's numbers for one replication, with the reference defaults behind them."""

    def __init__(self, scenario: Scenario, draws: Draws) -> None:
        self.scenario, self.model, self.draws = scenario, scenario.model, draws
        self.blocs = scenario.model.regions.members

    def number(self, value: Number | None, path: str, default: str | None = None) -> float:
        """A number of the scenario, or the named default where the scenario gives none."""
        if value is None:
            return defaults()[default] if default else 0.0
        return self.draws.number(value, path)

    def reference_price_usd_per_kg(self, material: str) -> float:
        """Price of a material in the steady state [USD/kg]; nan where the scenario gives none."""
        block, path = self.model.materials[material], f"materials.{material}"
        if block.prices is not None:
            return self.number(block.prices.reference_usd_per_kg, f"{path}.prices.reference_usd_per_kg")
        if block.price_usd_per_kg is None:
            return math.nan
        return self.number(block.price_usd_per_kg, f"{path}.price_usd_per_kg")

    def place(self, name: str, region: str) -> Place:
        """A place with its blocs."""
        return Place(name, region, blocs_of(region, self.blocs))

    def regions_of(self, owner: str) -> tuple[str, ...]:
        """A bloc's members, or the region itself."""
        return tuple(sorted(self.blocs[owner])) if owner in self.blocs else (owner,)

    def expand(self, names: Sequence[str]) -> frozenset[str]:
        """Places named, with blocs replaced by their members too; the names themselves are kept, for named plants."""
        return frozenset(region for name in names for region in (name, *self.regions_of(name)))
