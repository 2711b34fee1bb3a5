"""Materials of the scenario format: stages, producers, consumers, prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Strict,
    Tag,
)

from minsim.scenario.format.numbers import (
    Days,
    DaysOrNever,
    Frozen,
    Identifier,
    Lane,
    LeadDays,
    NonNegative,
    PlaceName,
    Positive,
    Rate,
    Share,
    ShareOrRest,
    TimeConstant,
    TonnesPerYear,
    Usd,
    UsdPerKg,
    WholeDays,
    _bounded,
    _Float,
    _Number,
    with_rest,
)


class NewScrap(Frozen):
    """Feed that falls where another stage's product is made: swarf and offcuts of local fabrication."""

    scrap_of: Identifier
    """Material whose fabrication makes the scrap."""
    stage: Identifier | None = None
    """Stage that makes it; absent: the last."""
    rate: Positive | None = None
    """Most scrap there is, in t per t fabricated; absent: as much as the baseline needs."""


def _feed_kind(value: Any) -> str:
    return "scrap" if isinstance(value, Mapping | NewScrap) else "none"


class Producer(Frozen):
    """A country's producers at one stage, or one named plant."""

    share: ShareOrRest
    """Share of the stage's baseline output; `rest`: what the others leave."""
    country: PlaceName | None = None
    """Where the plant stands; absent: the key itself is the country."""
    utilisation: Annotated[_Number, _bounded(0, 1, above=True, unit="utilisation")] | None = None
    """Baseline output / capacity; absent: the stage's."""
    availability: Share = 1.0
    """Fraction of capacity usable from the first day on."""
    yield_: Annotated[Positive | None, Field(alias="yield")] = None
    """t product per t feed; absent: the stage's."""
    feed: (
        Annotated[
            Annotated[Literal["none"], Tag("none")] | Annotated[NewScrap, Tag("scrap")], Discriminator(_feed_kind)
        ]
        | None
    ) = None
    """`none`: takes no feed and no inputs (old scrap, deep-sea trial); or new scrap of local fabrication."""
    growth_per_year: Rate = 0.0
    """Growth of capacity [1/year]."""


class LeadTimes(Frozen):
    """Days from shipment to arrival."""

    default: LeadDays | None = None
    """Lanes not named below [days]."""
    home: LeadDays | None = None
    """Lanes within one country [days]."""
    pairs: dict[Lane, LeadDays] = {}
    """Named lanes, `Seller -> Buyer` [days]."""


class Trade(Frozen):
    """How baseline trade is found for the products of a material, or for one stage's product."""

    home_preference: NonNegative | None = None
    """Factor on the prior flow between a seller and a buyer in the same place."""
    forbidden: tuple[Lane, ...] = ()
    """Lanes on which nothing ever moves."""
    shares: dict[Lane, Share] = {}
    """Known shares of a buyer's purchases, held exactly."""
    tonnes_per_year: dict[Lane, TonnesPerYear] = {}
    """Known baseline flows on a lane, held exactly [t/year]."""
    lead_time_days: LeadTimes = LeadTimes()
    """Lead times [days]."""


class Stage(Frozen):
    """One stage of a material's chain; makes one product."""

    title: str | None = None
    """Name in plots and tables; absent: the key."""
    after: str | None = None
    """The stage before this one, or `none`; needed only where a stage is not called mine, process or fabricate."""
    yield_: Annotated[Positive, Field(alias="yield")] = 1.0
    """t product per t feed."""
    utilisation: Annotated[_Number, _bounded(0, 1, above=True, unit="utilisation")] | None = None
    """Baseline output / capacity of producers that give none."""
    feed_stock_days: Days | None = None
    """Target stock of every input, in days of baseline need."""
    product_stock_days: Days | None = None
    """Target stock of product, in days of baseline output."""
    product_store_days: Days | None = None
    """Room for unsold product, in days of baseline output; a producer without any has as much as it needs."""
    growth_per_year: Rate | None = None
    """Growth of capacity of producers that give none [1/year]."""
    inputs: dict[str, Positive] = {}
    """Inputs from the last stage of other materials [t per t of this stage's product]."""
    producers: Annotated[dict[PlaceName, Producer], Field(min_length=1), AfterValidator(with_rest)]
    """Countries or named plants, with shares that sum to 1. A drawn share keeps what is drawn: `rest`, or else the shares
    given as plain numbers, in proportion, give way."""
    trade: Trade | None = None
    """Trade in this stage's product; replaces the material's block."""


class Sector(Frozen):
    """An end use within a region."""

    share: ShareOrRest
    """Share of the region's demand; `rest`: what the others leave."""
    priority: Annotated[int, Strict(), Field(ge=1)] = 1
    """1 is served first; equals share alike."""
    demand_elasticity: NonNegative = 0.0
    """Fall of demand, in %, when price rises by 1%."""
    essential_share: Share = 0.0
    """Share of demand that no price destroys."""
    value_added_usd_per_t: Usd | None = None
    """Value added that rests on one tonne [USD/t]."""


def _suppliers_kind(value: Any) -> str:
    return "shares" if isinstance(value, Mapping) else "names"


Suppliers = Annotated[
    Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("names")]
    | Annotated[Annotated[dict[PlaceName, Share], Field(min_length=1)], Tag("shares")],
    Discriminator(_suppliers_kind),
]


class Consumer(Frozen):
    """A region's use of a material's last product; or that of one user within a region."""

    within: PlaceName | None = None
    """Region whose demand this user's is a part of, and is taken out of; absent: the key itself is a region."""
    suppliers: Suppliers | None = None
    """Countries or plants that a user within a region may buy from: a list, taken in its region's proportions, or the share
    of each in its purchases; absent: it buys as its region does."""
    demand_t_per_year: TonnesPerYear
    """Demand on the first day [t/year]."""
    stock_days: Days
    """Commercial stock target, in days of use."""
    growth_per_year: Rate = 0.0
    """Growth of demand [1/year]."""
    sectors: Annotated[dict[Identifier, Sector], AfterValidator(with_rest)] = {}
    """End uses with shares that sum to 1, drawn ones as those of producers; absent: one sector, `all`."""


class Costs(Frozen):
    """Cash costs of a country's producers, or of a named plant."""

    cash_usd_per_kg: UsdPerKg
    """Cash cost [USD/kg]."""
    mothball_after_days: WholeDays = 180.0
    """Days below cash cost after which the board mothballs."""
    restart_usd_per_kg: UsdPerKg
    """Price above which the board restarts [USD/kg]."""
    restart_days: WholeDays = 270.0
    """Days from the decision to restart to output."""


LOWEST_PRICE = 1e-6
"""Lowest bound of a price, and one over the highest, in multiples of the reference."""


def _around_reference(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    if not LOWEST_PRICE <= low <= 1 <= high <= 1 / LOWEST_PRICE:
        fix = f"; did you mean [{high:g}, {low:g}]?" if 0 < high <= 1 <= low else ", such as [0.2, 20]"
        wanted = (
            f"a lowest price of {LOWEST_PRICE:g} to 1 and a highest of 1 to {1 / LOWEST_PRICE:g} times the reference"
        )
        raise ValueError(f"expected {wanted}, got [{low:g}, {high:g}]{fix}")
    return bounds


class Prices(Frozen):
    """The price model of a material; without it prices are off."""

    reference_usd_per_kg: UsdPerKg
    """Price of the steady state [USD/kg]."""
    zones: dict[Identifier, Literal["rest"] | tuple[str, ...]] = {"world": "rest"}
    """Regions that share one price; `rest` takes every region not named."""
    supply_elasticity: NonNegative = 0.0
    """Rise of supply, in %, when price rises by 1%."""
    adjustment_days: TimeConstant = 45.0
    """Time constant with which price follows its target [days]."""
    bounds: Annotated[tuple[_Float, _Float], AfterValidator(_around_reference)] = (0.2, 20.0)
    """Lowest and highest price, in multiples of the reference: the lowest is at most 1, the highest at least 1."""
    contract_share: Share = 0.0
    """Share of volume under contract at a lagged price."""
    contract_lag_days: TimeConstant = 90.0
    """Lag of contract prices [days]."""
    costs: dict[PlaceName, Costs] = {}
    """Cash costs by country or plant."""


class Byproduct(Frozen):
    """Supply tied to a host metal."""

    host: str
    """Material whose output carries this one."""
    recovery_cap: Positive
    """t recoverable per t of the host's product."""


class Material(Frozen):
    """One material and its chain."""

    from_data: str | None = None
    """Material of the reference data (`minsim data list`) whose chain, with its sources, is filled in; what stands beside
    this key is merged over it, and null deletes."""
    title: str | None = None
    """Name in plots and tables; absent: the key."""
    basis: Literal["oxide", "metal", "contained", "product"]
    """What a tonne counts."""
    price_usd_per_kg: UsdPerKg | None = None
    """Reference price of the last product [USD/kg]."""
    stages: Annotated[dict[Identifier, Stage], Field(min_length=1)]
    """The chain, mine → process → fabricate."""
    trade: Trade | None = None
    """Trade in every product of the material whose stage has no block of its own."""
    consumers: dict[PlaceName, Consumer] = {}
    """Regions that buy the last product."""
    prices: Prices | None = None
    """The price model; absent: prices are off."""
    byproduct_of: Byproduct | None = None
    """Host metal, for gallium, germanium, indium and the like."""


class Behaviour(Frozen):
    """Overrides of the reference behaviour for one material, each with a reason."""

    contract_flex: NonNegative | None = None
    """How far above today's need contracts stretch."""
    spot_share: Share | None = None
    """Share of an order that may be bought spot in a day."""
    switching_days: DaysOrNever | None = None
    """Time constant of re-sourcing [days]; `.inf`: never."""
    adjustment_days: TimeConstant | None = None
    """Time constant of stock corrections [days]."""
    qualification_days: WholeDays | None = None
    """Days until a new supplier is approved."""
