"""Events of the scenario format."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import (
    Field,
    Strict,
    model_validator,
)

from minsim.scenario.format.numbers import (
    Date,
    Days,
    Factor,
    Failures,
    Frozen,
    Lane,
    LeadDays,
    Names,
    NonNegative,
    Positive,
    Share,
    TonnesPerYear,
    UsdPerKg,
    When,
    WholeDays,
    _bounded,
    _Number,
)


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

    rate_per_year: Failures
    """Failures a year of up time; at most one a day."""
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
