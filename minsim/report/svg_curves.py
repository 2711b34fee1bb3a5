"""Points of the curves: drawn as SVG, listed by month in a table, and embedded as JSON.

The SVG coordinates are days across and thousandths of the height down; the browser scales the chart to the available width.
Labels are HTML text beside it, so that they keep their size on a phone.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from minsim.metrics import consumers
from minsim.metrics.consumers import FloatArray
from minsim.metrics.prices import month_of_day, spot_price_usd_per_kg
from minsim.results.answer import MaterialSummary
from minsim.text.formatting import MONTHS, capital, day_count

HEIGHT = 1000
"""Height of a chart in SVG units."""
MOST_LINES = 4
"""Most regions drawn; the others are in the tables."""
MOST_TICKS = 9
TICK_MONTHS = (1, 2, 3, 6, 12, 24, 60)
DIGITS = 4
"""Significant digits of embedded points."""


@dataclass(frozen=True)
class Line:
    """One curve: daily values, and its style class."""

    name: str
    values: FloatArray = field(repr=False)
    style: str


@dataclass(frozen=True)
class Tick:
    """A label on an axis, and its position [% of the axis]."""

    label: str
    at: float
    minor: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves on one pair of axes.

    Attributes
    ----------
    key : str
        Id within the page.
    title, unit : str
        The finding, and the quantity with its unit.
    lines : tuple of Line
    band : tuple of ndarray or None
        Lower and upper edge of the shaded band behind the first line.
    band_name : str
    events : tuple of tuple of float
        First and last day of each disturbance [days].
    """

    key: str
    title: str
    unit: str
    start: dt.date
    lines: tuple[Line, ...]
    events: tuple[tuple[float, float], ...]
    months: tuple[str, ...] = field(repr=False)
    month_of_day: Any = field(repr=False)
    band: tuple[FloatArray, FloatArray] | None = field(default=None, repr=False)
    band_name: str = ""

    @property
    def days(self) -> int:
        """Days drawn."""
        return len(self.lines[0].values)

    @cached_property
    def y_values(self) -> list[float]:
        """Values of the ticks on the y axis."""
        highest = max(
            float(np.nanmax(values)) for values in (*(line.values for line in self.lines), *(self.band or ()))
        )
        step = _round_step(max(highest, 1e-9) / 4)
        count = max(1, math.ceil(max(highest, 1e-9) / step - 1e-9))
        return [k * step for k in range(count + 1)]

    @cached_property
    def y_ticks(self) -> list[Tick]:
        """Ticks on the y axis."""
        return [Tick(f"{value:,.10g}", 100.0 * (1 - value / self.top)) for value in self.y_values]

    @property
    def top(self) -> float:
        """Value at the upper end of the axis."""
        return self.y_values[-1]

    @cached_property
    def x_ticks(self) -> list[Tick]:
        """First days of months along the axis."""
        return month_ticks(self.start, self.days)

    @cached_property
    def paths(self) -> list[str]:
        """The lines, as SVG paths."""
        return [path(line.values, self.top) for line in self.lines]

    @cached_property
    def band_path(self) -> str:
        """The band, as a closed SVG path."""
        return "" if self.band is None else area(*self.band, self.top)

    @cached_property
    def monthly(self) -> list[tuple[str, list[float]]]:
        """Mean of each month, by line."""
        return [
            (month, [float(np.mean(line.values[self.month_of_day == m])) for line in self.lines])
            for m, month in enumerate(self.months)
        ]

    @property
    def data(self) -> dict[str, Any]:
        """JSON-ready form of the lines."""
        return {
            "id": self.key,
            "title": self.title,
            "unit": self.unit,
            "start": self.start.isoformat(),
            "series": [{"name": line.name, "values": _rounded(line.values)} for line in self.lines],
        }


# ------------------------------------------------------------------------------------------------------------------ charts


def charts_of(summaries: Sequence[MaterialSummary]) -> Iterator[Chart]:
    """Charts of each material: shortfall if there is one, stocks, and prices if they are simulated."""
    for summary in summaries:
        if summary.short:
            yield shortfall_chart(summary)
        yield cover_chart(summary)
        yield from price_chart(summary)


def shortfall_chart(summary: MaterialSummary) -> Chart:
    """Shortfall of the hardest-hit regions, with the bracket of the first."""
    shares = {
        name: 100 * consumers.shortfall_fraction(consumers.consumer_flows_t(record))
        for name, record in summary.run.bracket_records.items()
    }
    drawn = summary.short[:MOST_LINES]
    worst = drawn[0]
    lines = [Line(_region(summary, i), shares["reference"][:, i], f"s{rank}") for rank, i in enumerate(drawn)]
    band = None
    if len(shares) > 1:
        edges = [share[:, worst] for share in shares.values()]
        band = (np.min(edges, axis=0), np.max(edges, axis=0))
        others = (("none", "without rerouting"), ("free", "with free rerouting"))
        lines += [Line(f"{_region(summary, worst)} {what}", shares[name][:, worst], name) for name, what in others]
    return _chart(
        summary, "shortfall", summary.headline(), f"Shortfall of {summary.name}, % of each day’s demand", lines,
        band, f"{_region(summary, worst)}, between no rerouting and free rerouting",
    )  # fmt: skip


def cover_chart(summary: MaterialSummary) -> Chart:
    """Commercial stocks of the hardest-hit regions, or else the thinnest ones, and strategic stocks that serve them."""
    cover = consumers.commercial_cover_days(summary.run.record)
    lowest = summary.measures["min_commercial_cover_days"]
    thin = sorted(summary.everyone, key=lambda i: (lowest[i], _region(summary, i)))
    drawn = (summary.short or thin)[:MOST_LINES]
    lines = [Line(f"{_region(summary, i)}, commercial", cover[:, i], f"s{rank}") for rank, i in enumerate(drawn)]
    lines += [Line(summary.stockpile(h), days, f"p{rank}") for rank, (h, days) in enumerate(summary.strategic(drawn))][
        :3
    ]
    who, opening = capital(summary.region(drawn[0])), float(cover[0, drawn[0]])
    least, day = float(cover[:, drawn[0]].min()), int(cover[:, drawn[0]].argmin())
    if least >= consumers.RECOVERED_FRACTION * opening:
        title = f"Stocks of {summary.name} hold: none falls below {day_count(least)} of use"
    elif least <= 0.05:
        title = f"{who} has used up its commercial stock of {summary.name} by {summary.date(day)}"
    else:
        own = f"{who}’" if who.endswith("s") else f"{who}’s"
        title = f"{own} stock of {summary.name} falls from {day_count(opening)} of use to {day_count(least)}"
    return _chart(summary, "cover", title, f"Stocks of {summary.name}, days of use", lines)


def price_chart(summary: MaterialSummary) -> Iterator[Chart]:
    """Spot prices paid, one line for regions with equal prices; nothing if prices are not simulated."""
    groups = _equal_prices(summary)
    if not groups:
        return
    lines = [
        Line(", ".join(_region(summary, i) for i in members), price, f"s{rank}")
        for rank, (members, price) in enumerate(groups[:MOST_LINES])
    ]
    yield _chart(
        summary,
        "price",
        _price_title(summary, *max(groups, key=lambda group: float(group[1].max() / group[1][0]))),
        f"Spot price of {summary.name}, dollars a kilogram; little changes hands at it in a squeeze",
        lines,
    )


def _equal_prices(summary: MaterialSummary) -> list[tuple[list[int], FloatArray]]:
    """Consumers grouped by equal spot prices, and the price of each group; consumers that run short first."""
    prices = spot_price_usd_per_kg(summary.run.record)
    groups: list[tuple[list[int], FloatArray]] = []
    for i in summary.short + [i for i in summary.everyone if i not in summary.short]:
        if np.isfinite(prices[:, i]).all():
            equal = next((members for members, price in groups if np.allclose(price, prices[:, i], rtol=1e-9)), None)
            if equal is None:
                groups.append(([i], prices[:, i]))
            else:
                equal.append(i)
    return groups


def _price_title(summary: MaterialSummary, members: list[int], price: FloatArray) -> str:
    """The peak of the price that rises most, as text."""
    times, day = float(price.max() / price[0]), int(price.argmax())
    if times <= 1.02:
        return f"The price of {summary.name} stays within 2% of its start"
    where = summary.region(members[0]) if len(members) == 1 else f"{len(members)} regions"
    return f"The price of {summary.name} in {where} peaks at {times:.1f} times its start, on {summary.date(day)}"


def _region(summary: MaterialSummary, index: int) -> str:
    return summary.network.consumers[index].region


def _chart(
    summary: MaterialSummary,
    kind: str,
    title: str,
    unit: str,
    lines: Sequence[Line],
    band: tuple[FloatArray, FloatArray] | None = None,
    band_name: str = "",
) -> Chart:
    network = summary.network
    spans = [
        (float(max(0, s.start_day)), float(network.days if s.end_day is None else min(s.end_day, network.days)))
        for s in summary.disturbances()
    ]
    return Chart(
        f"{kind}-{summary.material}", title, capital(unit), network.start, tuple(lines), tuple(merged(spans)),
        tuple(network.months), month_of_day(network), band, band_name,
    )  # fmt: skip


def merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join overlapping spans, so that overlapping events are shaded once.

    >>> merged([(0.0, 10.0), (5.0, 20.0), (30.0, 40.0)])
    [(0.0, 20.0), (30.0, 40.0)]
    """
    joined: list[tuple[float, float]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


# ------------------------------------------------------------------------------------------------------------------ points


def month_ticks(start: dt.date, days: int) -> list[Tick]:
    """First days of months, at most `MOST_TICKS`; every other one is minor, and hidden on a narrow screen."""
    firsts = [
        (day, date)
        for day in range(days)
        if (date := start + dt.timedelta(days=day)).day == 1
    ]  # fmt: skip
    for step in TICK_MONTHS:
        chosen = [(day, date) for day, date in firsts if (date.year * 12 + date.month - 1) % step == 0]
        if len(chosen) <= MOST_TICKS:
            break
    labels = [str(date.year) if date.month == 1 else MONTHS[date.month - 1][:3] for _, date in chosen]
    if chosen and chosen[0][1].month != 1:
        labels[0] += f" {chosen[0][1].year}"
    even = next((k % 2 for k, (_, date) in enumerate(chosen) if date.month == 1), 0)
    return [
        Tick(label, 100.0 * day / max(days - 1, 1), k % 2 != even)
        for k, ((day, _), label) in enumerate(zip(chosen, labels, strict=True))
    ]


def path(values: FloatArray, top: float) -> str:
    """SVG path of daily values, without collinear points."""
    return "M" + "L".join(f"{day} {_level(value, top)}" for day, value in _corners(values))


def area(low: FloatArray, high: FloatArray, top: float) -> str:
    """Closed SVG path of the area between two curves."""
    above, below = _corners(high), _corners(low)
    return "M" + "L".join(f"{day} {_level(value, top)}" for day, value in [*above, *reversed(below)]) + "Z"


def _corners(values: FloatArray) -> list[tuple[int, float]]:
    bends = np.abs(np.diff(values, 2)) > 1e-9 * max(1.0, float(np.abs(values).max()))
    kept = np.concatenate(([True], bends, [True])) if len(values) > 2 else np.ones(len(values), dtype=bool)
    return [(int(day), float(values[day])) for day in np.flatnonzero(kept)]


def _level(value: float, top: float) -> str:
    return f"{HEIGHT * (1 - value / top):.1f}".removesuffix(".0")


def _rounded(values: FloatArray) -> list[float | None]:
    """Values to `DIGITS` significant digits, integers as integers, which keeps the page small."""
    texts = (f"{value:.{DIGITS}g}" if math.isfinite(value) else "" for value in (values + 0.0).tolist())
    numbers = (float(text) if text else None for text in texts)
    return [int(n) if n is not None and n.is_integer() else n for n in numbers]


def _round_step(least: float) -> float:
    """Smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))
