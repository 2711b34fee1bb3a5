"""Curves as points: what the page draws as SVG, lists by month in a table, and embeds as JSON.

A chart is laid out in days across and thousandths down; the browser stretches it to the room there is, and text stands
beside it as text, so that it keeps its size on a phone.
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
"""Units down a chart."""
MOST_LINES = 4
"""Regions drawn; the others are in the tables."""
MOST_TICKS = 9
TICK_MONTHS = (1, 2, 3, 6, 12, 24, 60)
DIGITS = 4
"""Significant digits of the points drawn and embedded."""


@dataclass(frozen=True)
class Line:
    """One curve: values a day, and which of the page's styles it has."""

    name: str
    values: FloatArray = field(repr=False)
    style: str


@dataclass(frozen=True)
class Tick:
    """A label on an axis, and where [% of the axis]."""

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
        The finding, and what the numbers are.
    lines : tuple of Line
    band : tuple of ndarray or None
        Lower and upper edge of what is shaded behind the first line.
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
        """Round values up the axis."""
        highest = max(
            float(np.nanmax(values)) for values in (*(line.values for line in self.lines), *(self.band or ()))
        )
        step = _round_step(max(highest, 1e-9) / 4)
        count = max(1, math.ceil(max(highest, 1e-9) / step - 1e-9))
        return [k * step for k in range(count + 1)]

    @cached_property
    def y_ticks(self) -> list[Tick]:
        """The same as labels."""
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
        """JSON-ready form of what is plotted."""
        return {
            "id": self.key,
            "title": self.title,
            "unit": self.unit,
            "start": self.start.isoformat(),
            "series": [{"name": line.name, "values": _rounded(line.values)} for line in self.lines],
        }


# ------------------------------------------------------------------------------------------------------------------ charts


def charts_of(stories: Sequence[MaterialSummary]) -> Iterator[Chart]:
    """Charts of each material: shortfall where there is one, stocks, and prices where they are simulated."""
    for story in stories:
        if story.short:
            yield shortfall_chart(story)
        yield cover_chart(story)
        yield from price_chart(story)


def shortfall_chart(story: MaterialSummary) -> Chart:
    """Shortfall of the regions hit hardest, with the bracket of the first."""
    shares = {
        name: 100 * consumers.shortfall_fraction(consumers.consumer_flows_t(record))
        for name, record in story.run.bracket_records.items()
    }
    drawn = story.short[:MOST_LINES]
    worst = drawn[0]
    lines = [Line(_region(story, i), shares["reference"][:, i], f"s{rank}") for rank, i in enumerate(drawn)]
    band = None
    if len(shares) > 1:
        edges = [share[:, worst] for share in shares.values()]
        band = (np.min(edges, axis=0), np.max(edges, axis=0))
        others = (("none", "without rerouting"), ("free", "with free rerouting"))
        lines += [Line(f"{_region(story, worst)} {what}", shares[name][:, worst], name) for name, what in others]
    return _chart(
        story, "shortfall", story.headline(), f"Shortfall of {story.name}, % of each day’s demand", lines,
        band, f"{_region(story, worst)}, between no rerouting and free rerouting",
    )  # fmt: skip


def cover_chart(story: MaterialSummary) -> Chart:
    """Commercial stocks of the regions hit hardest, or nearest to it, and the strategic ones that serve them."""
    cover = consumers.commercial_cover_days(story.run.record)
    lowest = story.measures["min_commercial_cover_days"]
    thin = sorted(story.everyone, key=lambda i: (lowest[i], _region(story, i)))
    drawn = (story.short or thin)[:MOST_LINES]
    lines = [Line(f"{_region(story, i)}, commercial", cover[:, i], f"s{rank}") for rank, i in enumerate(drawn)]
    lines += [Line(story.stockpile(h), days, f"p{rank}") for rank, (h, days) in enumerate(story.strategic(drawn))][:3]
    who, opening = capital(story.region(drawn[0])), float(cover[0, drawn[0]])
    least, day = float(cover[:, drawn[0]].min()), int(cover[:, drawn[0]].argmin())
    if least >= consumers.RECOVERED_FRACTION * opening:
        title = f"Stocks of {story.name} hold: none falls below {day_count(least)} of use"
    elif least <= 0.05:
        title = f"{who} has used up its commercial stock of {story.name} by {story.date(day)}"
    else:
        own = f"{who}’" if who.endswith("s") else f"{who}’s"
        title = f"{own} stock of {story.name} falls from {day_count(opening)} of use to {day_count(least)}"
    return _chart(story, "cover", title, f"Stocks of {story.name}, days of use", lines)


def price_chart(story: MaterialSummary) -> Iterator[Chart]:
    """Spot prices paid, one line for regions that pay the same; nothing where prices are not simulated."""
    prices = spot_price_usd_per_kg(story.run.record)
    groups: list[tuple[list[int], FloatArray]] = []
    for i in story.short + [i for i in story.everyone if i not in story.short]:
        if np.isfinite(prices[:, i]).all():
            alike = next((members for members, price in groups if np.allclose(price, prices[:, i], rtol=1e-9)), None)
            if alike is None:
                groups.append(([i], prices[:, i]))
            else:
                alike.append(i)
    if not groups:
        return
    lines = [
        Line(", ".join(_region(story, i) for i in members), price, f"s{rank}")
        for rank, (members, price) in enumerate(groups[:MOST_LINES])
    ]
    members, price = max(groups, key=lambda group: float(group[1].max() / group[1][0]))
    times, day = float(price.max() / price[0]), int(price.argmax())
    title = f"The price of {story.name} stays within 2% of its start"
    if times > 1.02:
        where = story.region(members[0]) if len(members) == 1 else f"{len(members)} regions"
        title = f"The price of {story.name} in {where} peaks at {times:.1f} times its start, on {story.date(day)}"
    yield _chart(
        story,
        "price",
        title,
        f"Spot price of {story.name}, dollars a kilogram; little changes hands at it in a squeeze",
        lines,
    )


def _region(story: MaterialSummary, index: int) -> str:
    return story.network.consumers[index].region


def _chart(
    story: MaterialSummary,
    kind: str,
    title: str,
    unit: str,
    lines: Sequence[Line],
    band: tuple[FloatArray, FloatArray] | None = None,
    band_name: str = "",
) -> Chart:
    network = story.network
    spans = [
        (float(max(0, s.start_day)), float(network.days if s.end_day is None else min(s.end_day, network.days)))
        for s in story.disturbances()
    ]
    return Chart(
        f"{kind}-{story.material}", title, capital(unit), network.start, tuple(lines), tuple(merged(spans)),
        tuple(network.months), month_of_day(network), band, band_name,
    )  # fmt: skip


def merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans as one where they meet, so that overlapping events shade alike.

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
    """First days of months, as many as fit; every other one is minor, and left out where room is short."""
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
    """SVG path of values a day; points between others on one straight line are left out."""
    return "M" + "L".join(f"{day} {_level(value, top)}" for day, value in _corners(values))


def area(low: FloatArray, high: FloatArray, top: float) -> str:
    """SVG path of what lies between two curves."""
    above, below = _corners(high), _corners(low)
    return "M" + "L".join(f"{day} {_level(value, top)}" for day, value in [*above, *reversed(below)]) + "Z"


def _corners(values: FloatArray) -> list[tuple[int, float]]:
    bends = np.abs(np.diff(values, 2)) > 1e-9 * max(1.0, float(np.abs(values).max()))
    kept = np.concatenate(([True], bends, [True])) if len(values) > 2 else np.ones(len(values), dtype=bool)
    return [(int(day), float(values[day])) for day in np.flatnonzero(kept)]


def _level(value: float, top: float) -> str:
    return f"{HEIGHT * (1 - value / top):.1f}".removesuffix(".0")


def _rounded(values: FloatArray) -> list[float | None]:
    """Values to the digits that are drawn; whole ones as such, which keeps the page small."""
    texts = (f"{value:.{DIGITS}g}" if math.isfinite(value) else "" for value in (values + 0.0).tolist())
    numbers = (float(text) if text else None for text in texts)
    return [int(n) if n is not None and n.is_integer() else n for n in numbers]


def _round_step(least: float) -> float:
    """Smallest of 1, 2, 2.5 and 5 times a power of ten from `least` on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))
