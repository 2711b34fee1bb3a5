"""Numbers, distributions, dates and names of the scenario format."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
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


LARGEST_NUMBER, SMALLEST_NUMBER = 1e18, 1e-12
"""Most a number other than `.inf` can be, and least one above 0 where 0 is refused: beyond, products and ratios overflow."""

WIDEST_LOGNORMAL = 1000.0
"""Most times its mean that the standard deviation of a lognormal distribution can be."""


def _plain(value: Any) -> Any:
    if value in (".inf", "inf"):
        return math.inf
    if value in ("-.inf", "-inf"):
        return -math.inf
    return value


def _in_range(value: float) -> float:
    if math.isfinite(value) and abs(value) > LARGEST_NUMBER:
        raise ValueError(f"expected a number of at most {LARGEST_NUMBER:g}, got {value:g}")
    return value


def _finite(value: float) -> float:
    if math.isinf(value):
        raise ValueError("expected a finite number, got infinity")
    return value


_Float = Annotated[float, Strict(), Field(allow_inf_nan=True), AfterValidator(_in_range), BeforeValidator(_plain)]
_Finite = Annotated[_Float, AfterValidator(_finite)]


class Given(Frozen):
    """A number that carries its own source: `{value: 60, source: x}`."""

    value: _Float
    """The number."""


class Rest(Given):
    """A share written `rest`, with what the central values of the others leave."""


class Drawn(Frozen):
    """What is drawn once a replication."""

    shared: Identifier | None = None
    """Name of a common draw: numbers that give the same name lie at the same quantile of their distributions, so that they
    are high together and low together; absent: independent of all others."""


class Triangular(Drawn):
    """Triangular distribution."""

    dist: Literal["triangular"]
    low: _Finite
    """Smallest value."""
    mode: _Finite
    """Most likely value; the central case."""
    high: _Finite
    """Largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"expected low <= mode <= high, got {self.low}, {self.mode}, {self.high}")
        return self


class Pert(Drawn):
    """PERT distribution (a beta on [low, high] whose mean is (low + 4 mode + high) / 6)."""

    dist: Literal["pert"]
    low: _Finite
    """Smallest value."""
    mode: _Finite
    """Most likely value; the central case."""
    high: _Finite
    """Largest value."""

    @model_validator(mode="after")
    def _ordered(self) -> Pert:
        if not self.low <= self.mode <= self.high:
            raise ValueError(f"expected low <= mode <= high, got {self.low}, {self.mode}, {self.high}")
        return self


class Uniform(Drawn):
    """Uniform distribution on [low, high]."""

    dist: Literal["uniform"]
    low: _Finite
    """Smallest value."""
    high: _Finite
    """Largest value; the central case is midway."""

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low <= self.high:
            raise ValueError(f"expected low <= high, got {self.low}, {self.high}")
        return self


class Normal(Drawn):
    """Normal distribution, truncated to [low, high] when these are given."""

    dist: Literal["normal"]
    mean: _Finite
    """Mean before truncation; the central case."""
    sd: Annotated[_Finite, Field(ge=0)]
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


class Lognormal(Drawn):
    """Lognormal distribution, given by the mean and standard deviation of the variable itself."""

    dist: Literal["lognormal"]
    mean: Annotated[_Finite, Field(gt=0)]
    """Mean; the central case."""
    sd: Annotated[_Finite, Field(ge=0)]
    """Standard deviation."""

    @model_validator(mode="after")
    def _not_too_wide(self) -> Lognormal:
        if self.sd > WIDEST_LOGNORMAL * self.mean:
            raise ValueError(
                f"expected sd at most {WIDEST_LOGNORMAL:g} times the mean, got {self.sd:g} of {self.mean:g}"
            )
        return self


class Choice(Drawn):
    """One of several values, with weights (equal when absent)."""

    dist: Literal["choice"]
    values: Annotated[tuple[_Float, ...], Field(min_length=1)]
    """Values, one of which is drawn; the central case is the most probable, the smallest of equals."""
    weights: tuple[Annotated[_Finite, Field(ge=0)], ...] | None = None
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


def weights_of(distribution: Choice) -> dict[float, float]:
    """Weight of each distinct value."""
    weights: dict[float, float] = dict.fromkeys(distribution.values, 0.0)
    given = distribution.weights or [1.0] * len(distribution.values)
    for value, weight in zip(distribution.values, given, strict=True):
        weights[value] += weight
    return weights


def central(number: Number) -> float:
    """Central value of a number.

    The mode of a triangular or PERT distribution, the mean of a normal or lognormal one, the midpoint of a uniform one, the
    most probable of a choice (the smallest of equals); any other number itself.
    """
    if type(number) is float:
        return number
    match number:
        case Given():
            return number.value
        case Triangular() | Pert():
            return number.mode
        case Uniform():
            return (number.low + number.high) / 2
        case Normal() | Lognormal():
            return number.mean
        case Choice():
            weights = weights_of(number)
            return min(weights, key=lambda value: (-weights[value], value))
        case _:
            return float(number)


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


LONGEST_DAYS = 1e6
"""Most days a duration or a stock can be: some 2,700 years, past every calendar here."""


def _bounded(
    low: float, high: float, *, above: bool = False, whole: bool = False, infinite: bool = False, unit: str = ""
) -> Any:
    wanted = f"{unit or 'a number'} {'>' if above else '>='} {low:g}" + (
        f" and <= {high:,.7g}" if math.isfinite(high) else ""
    )

    def check(number: Number) -> Number:
        lowest, highest = support(number)
        if isinstance(number, Lognormal) and low == 0:
            lowest = max(lowest, math.ulp(0.0))
        unbounded = isinstance(number, Normal | Lognormal)
        # An open end may lie beyond what is merely implausible, but not beyond what cannot be, as a share above 1.
        too_high = highest > high and not (unbounded and math.isinf(highest) and high > 1)
        if math.isnan(lowest) or lowest < low or (above and lowest <= low) or too_high:
            got = f"{lowest:g}" if lowest == highest else f"values from {lowest:g} to {highest:g}"
            hint = "; give the distribution low and high" if isinstance(number, Normal) else ""
            raise ValueError(f"expected {wanted}, got {got}{hint}")
        if above and lowest < SMALLEST_NUMBER and not unbounded:
            raise ValueError(f"expected {wanted}, and no less than {SMALLEST_NUMBER:g}, got {lowest:g}")
        if math.isinf(highest) and not infinite and not unbounded:
            raise ValueError(f"expected {wanted}, got infinity")
        if whole and isinstance(number, float | int | Given) and math.isfinite(lowest) and lowest != round(lowest):
            raise ValueError(f"expected whole {unit or 'numbers'}, got {lowest:g}")
        return number

    # What the reference of the format says may stand here.
    check.__doc__ = ("whole " if whole else "") + wanted + (" or `.inf`" if infinite else "")
    return AfterValidator(check)


Share = Annotated[_Number, _bounded(0, 1, unit="a share")]


def _share_kind(value: Any) -> str:
    return "rest" if value == "rest" else "number"


if TYPE_CHECKING:
    ShareOrRest = Number  # once validated
else:
    ShareOrRest = Annotated[
        Annotated[Literal["rest"], Tag("rest")] | Annotated[Share, Tag("number")], Discriminator(_share_kind)
    ]
"""A share, or `rest`: what the other shares of the same whole leave."""


def with_rest(entries: dict[str, Any]) -> dict[str, Any]:
    """Entries of a table of shares, the one written `rest` given its central value."""
    rest = [name for name, entry in entries.items() if entry.share == "rest"]
    if not rest:
        return entries
    if len(rest) > 1:
        raise ValueError(f"expected one `share: rest` at most, got {' and '.join(sorted(rest))}")
    others = sum(sorted(central(entry.share) for name, entry in entries.items() if name != rest[0]))
    if others > 1:
        raise ValueError(f"expected shares that leave something for {rest[0]}, the rest, got {others:.8g} without it")
    share = Rest(value=1.0 - others)
    return {
        name: entry.model_copy(update={"share": share}) if name == rest[0] else entry for name, entry in entries.items()
    }


Factor = Annotated[_Number, _bounded(0, 1000, unit="a factor")]


Positive = Annotated[_Number, _bounded(0, math.inf, above=True)]


NonNegative = Annotated[_Number, _bounded(0, math.inf)]


Days = Annotated[_Number, _bounded(0, LONGEST_DAYS, unit="days")]


WholeDays = Annotated[_Number, _bounded(0, LONGEST_DAYS, whole=True, unit="days")]


LeadDays = Annotated[_Number, _bounded(1, 3650, whole=True, unit="days")]


DaysOrNever = Annotated[_Number, _bounded(0, math.inf, above=True, infinite=True, unit="days")]


TimeConstant = Annotated[_Number, _bounded(1, math.inf, unit="days")]


TonnesPerYear = Annotated[_Number, _bounded(0, math.inf, unit="t/year")]


UsdPerKg = Annotated[_Number, _bounded(0, math.inf, above=True, unit="USD/kg")]


Usd = Annotated[_Number, _bounded(0, math.inf, unit="USD")]


Failures = Annotated[_Number, _bounded(0, 366, unit="failures a year")]
"""At most one a day, the step of the simulation."""


Rate = Annotated[_Number, _bounded(-0.99, 10, unit="a rate per year")]


FIRST_YEAR, LAST_YEAR = 1800, 2999
"""Years of a scenario; far enough from the ends of the calendar that no sum of days leaves it."""


def _date(value: Any) -> Any:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise ValueError(f"expected a date such as 2026-11-10, got {value!r}")
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date such as 2026-11-10, got {value!r}") from None
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"expected a date from {FIRST_YEAR} to {LAST_YEAR}, got {value}")
    return value


Date = Annotated[dt.date, BeforeValidator(_date)]


class Window(Drawn):
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
