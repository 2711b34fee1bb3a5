"""The scenario format: every field, its unit and its meaning, written once.

Frozen pydantic models that forbid unknown keys. The JSON Schema (`minsim schema`), the validation errors and the format
reference in the documentation all come from here.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""Key of an entity in dotted paths: letters, digits, `-` and `_`."""

PlaceName = Annotated[str, Field(pattern=r"^[^.:>\[\]{}]+$", max_length=80)]
"""A country, region, bloc or named plant; no dots, since names stand in dotted paths."""

LANE_ARROW = " -> "


class Frozen(BaseModel):
    """Base of every block of the format: immutable, no unknown keys, `source` and `note` allowed anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    source: str | None = None
    """Where the numbers of this block come from: an entry of `sources:`, or `assumption`; inner blocks inherit it."""
    note: str | None = None
    """Why this value; how an assumption was reached."""


# ---------------------------------------------------------------------------------------------------------------- numbers


def _plain(value: Any) -> Any:
    if value in (".inf", "inf"):
        return math.inf
    if value in ("-.inf", "-inf"):
        return -math.inf
    return value


_Float = Annotated[float, Strict(), Field(allow_inf_nan=True), BeforeValidator(_plain)]


class Given(Frozen):
    """A number that carries its own source: `{value: 60, source: x}`."""

    value: _Float
    """The number."""


class Triangular(Frozen):
    """Triangular distribution."""

    dist: Literal["triangular"]
    low: _Float
    """Smallest value."""
    mode: _Float
    """Most likely value; the central case."""
    high: _Float
    """Largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"expected low <= mode <= high, got {self.low}, {self.mode}, {self.high}")
        return self


class Pert(Frozen):
    """PERT distribution (a beta on [low, high] whose mean is (low + 4 mode + high) / 6)."""

    dist: Literal["pert"]
    low: _Float
    """Smallest value."""
    mode: _Float
    """Most likely value; the central case."""
    high: _Float
    """Largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Pert:
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"expected low <= mode <= high, got {self.low}, {self.mode}, {self.high}")
        return self


class Uniform(Frozen):
    """Uniform distribution on [low, high]."""

    dist: Literal["uniform"]
    low: _Float
    """Smallest value."""
    high: _Float
    """Largest value; the central case is midway."""

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low <= self.high:
            raise ValueError(f"expected low <= high, got {self.low}, {self.high}")
        return self


class Normal(Frozen):
    """Normal distribution, truncated to [low, high] when these are given."""

    dist: Literal["normal"]
    mean: _Float
    """Mean before truncation; the central case."""
    sd: Annotated[_Float, Field(ge=0)]
    """Standard deviation before truncation."""
    low: _Float = -math.inf
    """Smallest value."""
    high: _Float = math.inf
    """Largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Normal:
        if not self.low <= self.mean <= self.high:
            raise ValueError(f"expected low <= mean <= high, got {self.low}, {self.mean}, {self.high}")
        return self


class Lognormal(Frozen):
    """Lognormal distribution, given by the mean and standard deviation of the variable itself."""

    dist: Literal["lognormal"]
    mean: Annotated[_Float, Field(gt=0)]
    """Mean; the central case."""
    sd: Annotated[_Float, Field(ge=0)]
    """Standard deviation."""


class Choice(Frozen):
    """One of several values, with weights (equal when absent)."""

    dist: Literal["choice"]
    values: Annotated[tuple[_Float, ...], Field(min_length=1)]
    """Values, one of which is drawn; the central case is the most probable, the smallest of equals."""
    weights: tuple[Annotated[_Float, Field(ge=0)], ...] | None = None
    """Weight of each value; absent: all alike."""

    @model_validator(mode="after")
    def _paired(self) -> Choice:
        if self.weights is not None and (len(self.weights) != len(self.values) or sum(self.weights) <= 0):
            raise ValueError("expected one weight >= 0 for each value, with a positive sum")
        return self


Distribution = Annotated[Triangular | Pert | Uniform | Normal | Lognormal | Choice, Field(discriminator="dist")]
DISTRIBUTIONS = (Triangular, Pert, Uniform, Normal, Lognormal, Choice)


def _number_kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "distribution" if "dist" in value else "given"
    if isinstance(value, DISTRIBUTIONS):
        return "distribution"
    return "given" if isinstance(value, Given) else "plain"


_Number = Annotated[
    Annotated[_Float, Tag("plain")] | Annotated[Given, Tag("given")] | Annotated[Distribution, Tag("distribution")],
    Discriminator(_number_kind),
]
Number = float | Given | Triangular | Pert | Uniform | Normal | Lognormal | Choice


def support(number: Number) -> tuple[float, float]:
    """Smallest and largest value a number can take."""
    match number:
        case Given():
            return number.value, number.value
        case Lognormal():
            return (0.0, math.inf) if number.sd else (number.mean, number.mean)
        case Choice():
            return min(number.values), max(number.values)
        case Triangular() | Pert() | Uniform() | Normal():
            return number.low, number.high
        case _:
            return number, number


def _bounded(
    low: float, high: float, *, above: bool = False, whole: bool = False, infinite: bool = False, unit: str = ""
) -> Any:
    wanted = f"{unit or 'a number'} {'>' if above else '>='} {low:g}" + (
        f" and <= {high:g}" if math.isfinite(high) else ""
    )

    def check(number: Number) -> Number:
        lowest, highest = support(number)
        if isinstance(number, Lognormal) and low == 0:
            lowest = max(lowest, math.ulp(0.0))
        unbounded = isinstance(number, Normal | Lognormal)
        if math.isnan(lowest) or lowest < low or (above and lowest <= low) or highest > high:
            got = f"{lowest:g}" if lowest == highest else f"values from {lowest:g} to {highest:g}"
            hint = "; give the distribution low and high" if isinstance(number, Normal) else ""
            raise ValueError(f"expected {wanted}, got {got}{hint}")
        if math.isinf(highest) and not infinite and not unbounded:
            raise ValueError(f"expected {wanted}, got infinity")
        if whole and isinstance(number, float | int | Given) and math.isfinite(lowest) and lowest != round(lowest):
            raise ValueError(f"expected whole {unit or 'numbers'}, got {lowest:g}")
        return number

    # What the reference of the format says may stand here.
    check.__doc__ = ("whole " if whole else "") + wanted + (" or `.inf`" if infinite else "")
    return AfterValidator(check)


Share = Annotated[_Number, _bounded(0, 1, unit="a share")]
Factor = Annotated[_Number, _bounded(0, math.inf, unit="a factor")]
Positive = Annotated[_Number, _bounded(0, math.inf, above=True)]
NonNegative = Annotated[_Number, _bounded(0, math.inf)]
Days = Annotated[_Number, _bounded(0, math.inf, unit="days")]
WholeDays = Annotated[_Number, _bounded(0, math.inf, whole=True, unit="days")]
LeadDays = Annotated[_Number, _bounded(1, 3650, whole=True, unit="days")]
DaysOrNever = Annotated[_Number, _bounded(0, math.inf, above=True, infinite=True, unit="days")]
TimeConstant = Annotated[_Number, _bounded(1, math.inf, unit="days")]
TonnesPerYear = Annotated[_Number, _bounded(0, math.inf, unit="t/year")]
UsdPerKg = Annotated[_Number, _bounded(0, math.inf, above=True, unit="USD/kg")]
Usd = Annotated[_Number, _bounded(0, math.inf, unit="USD")]
Rate = Annotated[_Number, _bounded(-0.99, 10, unit="a rate per year")]


def _date(value: Any) -> Any:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise ValueError(f"expected a date such as 2026-11-10, got {value!r}")
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date such as 2026-11-10, got {value!r}") from None
    return value


Date = Annotated[dt.date, BeforeValidator(_date)]


class Window(Frozen):
    """A date known only to lie between two days, each as likely."""

    earliest: Date
    """First possible day."""
    latest: Date
    """Last possible day."""

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.earliest > self.latest:
            raise ValueError(f"expected earliest <= latest, got {self.earliest} and {self.latest}")
        return self


def _when_kind(value: Any) -> str:
    return "window" if isinstance(value, Mapping | Window) else "date"


When = Annotated[Annotated[Date, Tag("date")] | Annotated[Window, Tag("window")], Discriminator(_when_kind)]


def _all_or_list(value: Any) -> str:
    return "all" if value == "all" else "list"


Names = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("list")],
    Discriminator(_all_or_list),
]
Lane = Annotated[str, Field(pattern=r"^[^>]+ -> [^>]+$")]
"""`Seller -> Buyer`, each a country, a region, a bloc or (as seller) a named plant."""


# ----------------------------------------------------------------------------------------------------- sources and regions


_Published = Annotated[
    str,
    BeforeValidator(lambda value: value.isoformat() if isinstance(value, dt.date) else str(value)),
    WithJsonSchema({"type": ["string", "integer"]}),
]


class Source(Frozen):
    """One published document."""

    title: str
    """Title of the document."""
    publisher: str | None = None
    """Who published it."""
    date: _Published | None = None
    """Date of publication."""
    document: str | None = None
    """File name of a stored copy."""
    url: str | None = None
    """Address, where public."""
    licence: str | None = None
    """Licence of the data taken from it."""
    confidence: Literal["found", "derived", "memory"] | None = None
    """`found` in the source, `derived` from found values, or recalled from `memory`."""


class Regions(Frozen):
    """Groups of places."""

    blocs: dict[PlaceName, tuple[str, ...]] = {}
    """Named groups of countries or regions, usable wherever importers or owners are named."""


# --------------------------------------------------------------------------------------------------------------- materials


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

    share: Share
    """Share of the stage's baseline output."""
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
    producers: Annotated[dict[PlaceName, Producer], Field(min_length=1)]
    """Countries or named plants, with shares that sum to 1."""
    trade: Trade | None = None
    """Trade in this stage's product; replaces the material's block."""


class Sector(Frozen):
    """An end use within a region."""

    share: Share
    """Share of the region's demand."""
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
    sectors: dict[Identifier, Sector] = {}
    """End uses with shares that sum to 1; absent: one sector, `all`."""


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
    bounds: tuple[_Float, _Float] = (0.2, 20.0)
    """Lowest and highest price, in multiples of the reference."""
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


# -------------------------------------------------------------------------------------------------------------- stockpiles


class Fill(Frozen):
    """How a stockpile buys."""

    rule: Literal["surplus_only", "always"] = "surplus_only"
    """`surplus_only` takes what buyers leave; `always` competes with them."""
    max_days_per_month: Days | None = None
    """Rate cap, in days of use a month."""
    price_ceiling_usd_per_kg: UsdPerKg | None = None
    """No buying above this price [USD/kg]."""
    price_ceiling_ratio: Positive | None = None
    """No buying above this multiple of a material's reference price: one ceiling for a pile of many materials."""


class CoverTrigger(Frozen):
    """Authorisation starts when commercial cover falls below a number of days."""

    cover_below_days: Days
    """Commercial cover that starts authorisation [days]."""


def _trigger_kind(value: Any) -> str:
    return "cover" if isinstance(value, Mapping | CoverTrigger) else "shortfall"


class Release(Frozen):
    """How a stockpile is released."""

    trigger: Annotated[
        Annotated[Literal["shortfall"], Tag("shortfall")] | Annotated[CoverTrigger, Tag("cover")],
        Discriminator(_trigger_kind),
    ] = "shortfall"
    """What starts authorisation."""
    authorisation_days: WholeDays = 0.0
    """Days from the trigger to the first release; 0: the same day."""
    max_days_per_day: Days | None = None
    """Rate cap, in days of use a day."""
    sectors: tuple[str, ...] | None = None
    """Sectors served, in this order; absent: all, by their priority."""
    drawdown: Literal["replenish", "declared_disruption"] = "replenish"
    """`declared_disruption`: only while an event of the scenario is declared against a member."""


class Stockpile(Frozen):
    """A strategic stockpile."""

    title: str | None = None
    """Name in plots and tables; absent: the key."""
    owner: str
    """A region or a bloc."""
    holds: Annotated[dict[str, str], Field(min_length=1)]
    """Material: the stage whose product is held."""
    target_days: Days
    """Target, in days of the owner's baseline use."""
    target_days_by_material: dict[str, Days] = {}
    """Other targets for some of the materials held [days]."""
    initial_fill: Annotated[_Number, _bounded(0, 1, unit="a fraction of the target")] = 1.0
    """Fraction of the target held on the first day."""
    budget_usd: Usd | None = None
    """Money for purchases during the run, over all materials together [USD]; absent: no limit."""
    members: dict[str, Share] | None = None
    """Entitlements by region or sector: the share of a gap that may be served; absent: everyone, fully."""
    fill: Fill | None = None
    """How it buys; absent: it never buys."""
    release: Release = Release()
    """How it is released."""
    carrying_cost_share_per_year: NonNegative = 0.0
    """Cost of holding, as a share of the stock's value a year."""


# ------------------------------------------------------------------------------------------------------------------ events


class Event(Frozen):
    """What every event carries."""

    title: str | None = None
    """Name in plots and tables; absent: the key."""
    start: When | None = None
    """First day, or a window; absent: the scenario's first day."""
    end: Date | None = None
    """First free day; absent with no `duration_days`: it lasts."""
    duration_days: WholeDays | None = None
    """Days it acts."""
    probability: Share = 1.0
    """Chance that it happens at all; one draw a replication."""

    @model_validator(mode="after")
    def _one_end(self) -> Event:
        if self.end is not None and self.duration_days is not None:
            raise ValueError("expected `end` or `duration_days`, got both; drop one")
        if self.end is not None and isinstance(self.start, dt.date) and self.end < self.start:
            raise ValueError(f"expected an end on or after the start, got {self.start} to {self.end}")
        return self


class General(Frozen):
    """General licences: an arc opened for a time."""

    share: Share
    """Share of the licensed trade that gets a general licence."""
    valid_days: WholeDays
    """How long it holds [days]."""
    from_: Annotated[Date, Field(alias="from")]
    """First day on which they are given."""


class Licence(Frozen):
    """A licence office: permits in tonnes, decided first come, first served."""

    controlled_share: Share = 1.0
    """Share of the arc's baseline that needs licences."""
    review_days: Days
    """Review of one application; no queue within the review [days]."""
    decisions_per_day: Positive
    """Decisions the office can take a day."""
    approval_rate: Share = 1.0
    """Approvals / decisions."""
    approval_rates: dict[str, Share] = {}
    """Approval rate by importer."""
    reapply_after_days: WholeDays = 60.0
    """Wait before refused tonnes are applied for again [days]."""
    general: General | None = None
    """General licences."""


class Quota(Frozen):
    """Tonnes a period over all arcs of a curb."""

    t_per_year: TonnesPerYear
    """Quota [t/year]."""
    period_months: Annotated[int, Strict(), Field(ge=1, le=120)] = 12
    """Length of a period, counted from the curb's start [months]."""
    carry_over: bool = False
    """Whether unused tonnes stay."""


class Measure(Frozen):
    """What a curb does; exactly one of the four."""

    ban: Literal[True] | None = None
    """Nothing passes."""
    cut: Share | None = None
    """Fraction of baseline trade removed."""
    quota: Quota | None = None
    """Tonnes a period."""
    licence: Licence | None = None
    """Permits in tonnes, given by an office."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Measure:
        given = [name for name in ("ban", "cut", "quota", "licence") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of ban, cut, quota, licence, got {', '.join(given) or 'none'}")
        return self


class Announcement(Frozen):
    """Buyers learn of a curb before it starts."""

    date: Date
    """Day of the announcement."""
    stock_target_factor: Factor = 1.0
    """Factor on buyers' stock targets until the curb starts."""


class Leakage(Frozen):
    """Part of the blocked flow that arrives through third countries."""

    share: Share
    """Fraction of the blocked flow that arrives all the same, once ramped up."""
    via: tuple[str, ...] = ()
    """Third countries, for the report."""
    extra_days: WholeDays = 0.0
    """Days added to the lead time."""
    ramp_days: WholeDays = 0.0
    """Days over which leakage grows to its share."""
    premium: NonNegative = 0.0
    """Price premium, as a fraction."""


class ExportCurb(Event):
    """An exporter holds back a product."""

    type: Literal["export_curb"]
    exporter: str
    """Country that curbs."""
    importers: Names = "all"
    """Regions or blocs; or `all`. Neither `all` nor a bloc includes the exporter itself."""
    materials: Names
    """Materials curbed."""
    stage: str | None = None
    """Stage whose product is curbed; absent: every stage."""
    sectors: Names = "all"
    """Only these end uses."""
    announcement: Announcement | None = None
    """When buyers hear of it beforehand; absent: they do not."""
    home_first: bool = False
    """The exporter short of product serves its own buyers first."""
    measure: Measure
    """What it holds back."""
    leakage: Leakage | None = None
    """What arrives round it; absent: nothing."""


class ProducerReference(Frozen):
    """The producers an event hits."""

    material: str
    """Material they make."""
    stage: str
    """Stage they work at."""
    country: str | None = None
    """Every producer there."""
    producer: str | None = None
    """One named producer."""

    @model_validator(mode="after")
    def _one_name(self) -> ProducerReference:
        if (self.country is None) == (self.producer is None):
            raise ValueError("expected `country` or `producer`, exactly one of them")
        return self


class Hazard(Frozen):
    """Random failures."""

    rate_per_year: NonNegative
    """Failures a year of up time."""
    repair_days: Days
    """Time to repair, one draw a failure [days]."""


class Outage(Event):
    """Producers lose availability: once, dated; or again and again, at random."""

    type: Literal["outage"]
    producer: ProducerReference
    """Who fails."""
    availability: Share
    """Fraction of capacity left."""
    hazard: Hazard | None = None
    """Random failures between start and end; absent: one dated outage."""


class Incentive(Frozen):
    """A price a project waits for."""

    price_usd_per_kg: UsdPerKg
    """Price that producers there must receive [USD/kg]."""
    for_days: WholeDays = 180.0
    """Days the price must hold."""


class CapacityProject(Event):
    """New capacity."""

    type: Literal["capacity_project"]
    producer: ProducerReference
    """Who builds."""
    capacity_t_per_year: TonnesPerYear
    """Capacity added when complete [t/year]."""
    ramp_days: WholeDays = 0.0
    """Days from first output to full capacity."""
    delay_days: WholeDays = 0.0
    """Days added to the start."""
    incentive: Incentive | None = None
    """Price it waits for; absent: it comes on its date."""


class DemandShock(Event):
    """A factor on demand."""

    type: Literal["demand_shock"]
    materials: Names
    """Materials whose demand moves."""
    regions: Names = "all"
    """Regions or blocs in which it moves."""
    sectors: Names = "all"
    """End uses in which it moves."""
    factor: Factor
    """Demand / demand without the shock, once ramped up."""
    ramp_days: WholeDays = 0.0
    """Days over which it moves [days]."""


class Expedite(Frozen):
    """Air freight where stocks run low."""

    days: LeadDays
    """Lead time by air [days]."""
    when_cover_below_days: Days
    """Commercial cover below which buyers fly goods in [days]."""


class Chokepoint(Event):
    """A passage on some lanes slows or narrows."""

    type: Literal["chokepoint"]
    lanes: Annotated[tuple[Lane, ...], Field(min_length=1)]
    """Lanes through the passage, `Seller -> Buyer`, by country, region or bloc."""
    materials: Names = "all"
    """Materials that pass there."""
    extra_days: WholeDays = 0.0
    """Days added to the lead time."""
    throughput: Share = 1.0
    """Fraction of the baseline flow that still passes."""
    holds_in_transit: bool = False
    """Whether goods at sea are delayed too."""
    expedite: Expedite | None = None
    """Air freight round it; absent: none."""


class Pandemic(Event):
    """Correlated loss of output and demand."""

    type: Literal["pandemic"]
    countries: Names
    """Countries, regions or blocs hit."""
    materials: Names = "all"
    """Materials hit."""
    stages: Names = "all"
    """Stages hit."""
    availability: Share = 1.0
    """Fraction of capacity left."""
    demand_factor: Factor = 1.0
    """Factor on demand in the countries named."""
    lanes_extra_days: WholeDays = 0.0
    """Days added to every lane that starts or ends there."""


class MarketFlood(Event):
    """An exporter floods the market to hold the price down."""

    type: Literal["market_flood"]
    exporter: str
    """Country that floods."""
    materials: Names
    """Materials it floods."""
    discount: Annotated[_Number, _bounded(0, 0.99, unit="a discount")]
    """The zone's price is held at reference x (1 - discount)."""


class PriceFloor(Event):
    """What bloc producers receive when selling into the bloc."""

    type: Literal["price_floor"]
    bloc: str
    """Bloc, or single region, that keeps the floor."""
    materials: Names
    """Materials it holds for."""
    stage: str | None = None
    """Stage whose product it holds for; absent: every stage."""
    price_usd_per_kg: UsdPerKg
    """The floor [USD/kg]."""


class Tariff(Event):
    """An importer's duty."""

    type: Literal["tariff"]
    importer: str
    """Region or bloc that levies it."""
    exporters: Names
    """Countries or blocs whose goods pay it."""
    materials: Names
    """Materials it is levied on."""
    rate: NonNegative
    """Duty as a fraction of the price."""


class TradeBloc(Event):
    """Bloc members serve each other first."""

    type: Literal["trade_bloc"]
    bloc: str
    """Bloc whose members serve each other first."""
    materials: Names = "all"
    """Materials it covers."""
    preference: Literal["first_call"] = "first_call"
    """`first_call`: a member short of product serves members before others."""


class Substitution(Event):
    """Users who run short design the material out, for good."""

    type: Literal["substitution"]
    materials: Names
    """Materials given up."""
    regions: Names = "all"
    """Regions or blocs whose users give them up."""
    sectors: Names = "all"
    """End uses that give them up."""
    after_days: WholeDays
    """Short days after which it begins."""
    per_year: Share
    """Fraction of demand given up a year."""


AnyEvent = Annotated[
    ExportCurb
    | Outage
    | CapacityProject
    | DemandShock
    | Chokepoint
    | Pandemic
    | MarketFlood
    | PriceFloor
    | Tariff
    | TradeBloc
    | Substitution,
    Field(discriminator="type"),
]


# ---------------------------------------------------------------------------------------------------------------- scenario


class ScenarioModel(Frozen):
    """A scenario: one question, asked of one network."""

    format: Literal[1]
    """Version of this format."""
    title: str
    """What happens, in a line."""
    description: str = ""
    """The question the scenario answers, in a sentence or two."""
    group: str = "Other"
    """What it is listed under among its like."""
    as_of: Date
    """The date whose knowledge the scenario rests on; printed in every title."""
    extends: str | None = None
    """One parent: a library scenario, or a path relative to this file and inside its folder tree."""
    start: Date
    """First simulated day."""
    end: Date
    """Last simulated day."""
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream."""
    sources: dict[Identifier, Source] = {}
    """Published documents, by key."""
    regions: Regions = Regions()
    """Groups of places."""
    materials: Annotated[dict[Identifier, Material], Field(min_length=1)]
    """Materials, by key."""
    behaviour: dict[str, Behaviour] = {}
    """Overrides of the reference behaviour, by material."""
    stockpiles: dict[Identifier, Stockpile] = {}
    """Strategic stockpiles, by key."""
    events: dict[Identifier, AnyEvent] = {}
    """What happens, by key."""

    @model_validator(mode="after")
    def _ordered(self) -> ScenarioModel:
        if self.end < self.start:
            raise ValueError(f"expected end on or after start, got {self.start} to {self.end}")
        return self
