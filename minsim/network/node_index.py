"""What each column of a network's arrays stands for: one label a consumer, sector, seller, arc and holding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class ConsumerInfo:
    """A region's use of one material: day-0 use [t/day], stock target [t], growth [1/year], usual import lead [days].

    `region` is what the consumer is called; a user within a region has a name of its own, and `within` names the region.
    """

    material: str
    region: str
    daily_use_t: float
    stock_target_t: float
    growth_per_year: float
    import_lead_days: int
    within: str | None = None

    @property
    def place(self) -> str:
        """The region it lies in: what events, zones and blocs mean."""
        return self.within or self.region


@dataclass(frozen=True)
class SectorInfo:
    """An end use of one region; `consumer` is the index of the region's label, `within` as there."""

    consumer: int
    material: str
    region: str
    sector: str
    daily_use_t: float
    priority: int
    within: str | None = None

    @property
    def place(self) -> str:
        """The region it lies in."""
        return self.within or self.region


@dataclass(frozen=True)
class SellerInfo:
    """A producer, as seller of its product; `store_days` is its room for product, in days of output."""

    material: str
    stage: str
    producer: str
    country: str
    output_t_per_day: float
    capacity_t_per_day: float
    store_days: float


class ArcInfo(NamedTuple):  # there are many, and a frozen dataclass takes five times as long to make
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

    @property
    def user(self) -> str:
        """Whose purchases these are: a consumer's, or those of the region where a producer or stockpile stands."""
        return self.buyer if self.kind == "consumer" else self.buyer_region


@dataclass(frozen=True)
class HoldingInfo:
    """One material held in a stockpile; `serves` are indices of the consumers it may serve.

    `rate_t_per_day` is the most it buys a day, `ceiling_usd_per_kg` the highest price it pays; infinite without a limit.
    """

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
    rate_t_per_day: float = math.inf
    ceiling_usd_per_kg: float = math.inf
