"""The chart of a run: the finding as the title, lines labelled where they run, the sources below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim import __version__, metrics
from minsim.answer import MaterialStory, assumption_line, rank_materials
from minsim.labelling import line_points, place_label
from minsim.metrics import FloatArray, Outcome
from minsim.phrases import capital, count, day_count, listing, long_date
from minsim.style import (
    COLOURS,
    DASHES,
    GREY,
    HEIGHT_IN,
    INK,
    LIGHT_GREY,
    WIDTHS_PT,
    darker,
    drawing_style,
    new_figure,
    panels,
    wrapped,
    write_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from minsim.labels import HoldingLabel

MOST_LINES = 4
"""Regions drawn; the others are named below the chart."""
MOST_EVENTS = 4
"""Events named, those that act longest; the others are only shaded."""

EVENT_ROW_PT = 17.0


@dataclass
class Curve:
    """One line of one number a day, and what stands beside it."""

    values: FloatArray
    label: str
    colour: str
    dashes: Any = "-"
    width_pt: float = 2.2
    bold: bool = True


# ------------------------------------------------------------------------------------------------------------------ charts


def plot_run(run: Outcome, material: str | None = None) -> Figure:
    """Draw one material of a run: the shortfall with its bracket above, the stocks that delay it below.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        Absent: the material of which most days of use are lost.

    Returns
    -------
    Figure
        Its first axes are those of the shortfall; of commercial cover where nobody runs short.
    """
    story = MaterialStory(run, material or rank_materials(run)[0])
    with drawing_style():
        figure = new_figure()
        top = _write_head(figure, story)
        bottom = _write_foot(figure, story)
        if story.short:
            upper, lower = panels(figure, bottom, top, (0.6, 0.4))
            _draw_shortfall(upper, story)
            upper.tick_params(labelbottom=False)
            _draw_cover(lower, story, story.short[:2])
        else:
            (only,) = panels(figure, bottom, top, (1.0,))
            _draw_cover(only, story, _thinnest(story), name_events=True)
    return figure


def shortfall_axes(ax: Axes, run: Outcome, material: str | None = None) -> Axes:
    """Draw the shortfall of one material (commercial cover, where nobody runs short) into axes of your own."""
    story = MaterialStory(run, material or rank_materials(run)[0])
    with drawing_style():
        if story.short:
            _draw_shortfall(ax, story)
        else:
            _draw_cover(ax, story, _thinnest(story), name_events=True)
        ax.set_title(story.headline(), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def _draw_shortfall(ax: Axes, story: MaterialStory) -> None:
    shares = {
        name: 100 * metrics.shortfall_fraction(metrics.consumer_flows_t(record))
        for name, record in story.run.bracket_records.items()
    }
    drawn = story.short[:MOST_LINES]
    worst = drawn[0]
    curves = [
        Curve(_where_positive(shares["reference"][:, index]), _loss_label(story, index, rank), *_line_style(rank))
        for rank, index in enumerate(drawn)
    ]
    highest = max(shares["reference"][:, drawn].max(), *(share[:, worst].max() for share in shares.values()))
    _prepare(ax, story, highest, "Shortfall, % of daily demand", "{:g}%")
    _draw_events(ax, story, named=True)
    if len(shares) > 1:
        _draw_band(ax, [share[:, worst] for share in shares.values()], curves[0].colour)
        curves += _band_edges(shares, worst)
    _draw_curves(ax, curves, at_peak=True)


def _loss_label(story: MaterialStory, index: int, rank: int) -> str:
    """The region and what it loses; only the first says of what the figure counts."""
    days = day_count(story.measures["shortfall_days"][index])
    return f"{story.network.consumers[index].region}, {days}{' of use lost' if rank == 0 else ''}"


def _where_positive(values: FloatArray) -> FloatArray:
    """Leave out days at zero, but those next to a positive one: a line along the axis says nothing and hides others."""
    beside = np.convolve(values > 0, np.ones(3), mode="same") > 0
    return np.where(beside, values, np.nan)


def _draw_band(ax: Axes, shares: list[FloatArray], colour: str) -> None:
    low, high = np.min(shares, axis=0), np.max(shares, axis=0)
    ax.fill_between(_days(ax, len(low)), low, high, color=colour, alpha=0.16, linewidth=0, zorder=1)


def _band_edges(shares: dict[str, FloatArray], index: int) -> list[Curve]:
    """Outer behaviours of the hardest hit region; left out where they hardly differ from the line."""
    edges = []
    for name, label in (("none", "without rerouting"), ("free", "with free rerouting")):
        apart = np.abs(shares[name][:, index] - shares["reference"][:, index]).max()
        if shares[name][:, index].any() and apart > 0.04 * shares["reference"][:, index].max():
            edges.append(Curve(_where_positive(shares[name][:, index]), label, GREY, (0, (1, 1.5)), 0.9, bold=False))
    return edges


def _draw_cover(ax: Axes, story: MaterialStory, indices: Sequence[int], *, name_events: bool = False) -> None:
    cover = metrics.commercial_cover_days(story.run.record)
    curves = [
        Curve(cover[:, index], f"{story.network.consumers[index].region}, commercial stock", *_line_style(rank))
        for rank, index in enumerate(indices)
    ]
    curves += _stockpile_curves(story, indices)
    _prepare(ax, story, max(curve.values.max() for curve in curves), "Stocks, days of use", "{:g}")
    _draw_events(ax, story, named=name_events)
    _draw_curves(ax, curves, at_peak=False)


def _stockpile_curves(story: MaterialStory, indices: Sequence[int]) -> list[Curve]:
    found: dict[int, Curve] = {}
    for rank, index in enumerate(indices):
        for position, holding in enumerate(story.network.holdings):
            if index in holding.serves and holding.use_t_per_day > 0:
                days = story.run.record.holding[:, position, metrics.CLOSING] / holding.use_t_per_day
                title = pile_title(story, holding)
                found.setdefault(position, Curve(days, title, COLOURS[rank], (0, (3, 1.2)), 1.6))
    return list(found.values())[:3]


def pile_title(story: MaterialStory, holding: HoldingLabel) -> str:
    """Title of a stockpile, with what it holds where that is not what the chart is about."""
    model = story.run.scenario.model
    title = model.stockpiles[holding.stockpile].title or holding.stockpile
    own = (
        holding.material == story.material or sum(h.stockpile == holding.stockpile for h in story.network.holdings) == 1
    )
    return title if own else f"{title}, {model.materials[holding.material].title or holding.material}"


def _thinnest(story: MaterialStory) -> list[int]:
    lowest = story.measures["min_commercial_cover_days"]
    return sorted(story.everyone, key=lambda i: (lowest[i], story.network.consumers[i].region))[:MOST_LINES]


def _line_style(rank: int) -> tuple[str, Any, float]:
    return COLOURS[rank], DASHES[rank], WIDTHS_PT[rank]


# -------------------------------------------------------------------------------------------------------------------- axes


def _prepare(ax: Axes, story: MaterialStory, highest: float, heading: str, tick_format: str) -> None:
    """Dates below, a few values on the right, a heading that gives the unit."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    first = date2num(np.datetime64(story.network.start))
    ax.set_xlim(first, first + story.network.days)
    ticks = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, max(highest, 1e-9))
    ax.set_yticks([tick for tick in ticks if tick >= 0])
    ax.set_ylim(0.0, ticks[-1])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick_format.format(value)))
    ax.yaxis.tick_right()
    locator = AutoDateLocator(minticks=4, maxticks=10)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    ax.tick_params(length=0, colors=GREY, labelsize=8.5)
    ax.tick_params(axis="x", length=3)
    ax.grid(axis="y", color=LIGHT_GREY, linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(INK)
    ax.annotate(heading, (0, 1), (0, 6), "axes fraction", "offset points", fontweight="bold", va="bottom")


def _days(ax: Axes, days: int) -> FloatArray:
    return np.asarray(ax.get_xlim()[0] + np.arange(days), dtype=float)


def _draw_events(ax: Axes, story: MaterialStory, *, named: bool) -> None:
    """Shade the days of each event; name the longest in rows above the highest value."""
    first, last = ax.get_xlim()
    spans = []
    for event in sorted(story.disturbances(), key=lambda event: (event.start_day, event.event)):
        end = last if event.end_day is None else min(last, first + event.end_day)
        spans.append((max(first, first + event.start_day), end, event.title))
    for begin, end, _ in spans:
        ax.axvspan(begin, end, color="black", alpha=0.05, linewidth=0, zorder=0)
    if named and spans:
        longest = sorted(spans, key=lambda span: span[0] - span[1])[:MOST_EVENTS]
        _name_events(ax, [span for span in spans if span in longest])


def _name_events(ax: Axes, spans: Sequence[tuple[float, float, str]]) -> None:
    """Bars with their titles, each in the first row where it fits."""
    texts = [_event_title(ax, begin, title) for begin, _, title in spans]
    row_ends: list[float] = []
    rows = []
    for (begin, end, _), text in zip(spans, texts, strict=True):
        left, right = (ax.transData.transform((day, 0.0))[0] for day in (begin, end))
        box = text.get_window_extent()
        left, right = min(left, box.x0), max(right, box.x1)
        row = next((row for row, taken in enumerate(row_ends) if taken + 8 < left), len(row_ends))
        row_ends[row : row + 1] = [right]
        rows.append(row)
    height = EVENT_ROW_PT * ax.figure.dpi / 72.0 / ax.get_window_extent().height
    ax.set_ylim(0.0, ax.get_ylim()[1] / (1.0 - height * len(row_ends)))
    for (begin, end, _), text, row in zip(spans, texts, rows, strict=True):
        level = 1.0 - height * row
        text.xy = (text.xy[0], level)
        ax.plot(
            [begin, end], [level, level], color=GREY, linewidth=2.5, solid_capstyle="butt",
            transform=ax.get_xaxis_transform(), clip_on=False,
        )  # fmt: skip


def _event_title(ax: Axes, begin: float, title: str) -> Annotation:
    """Title at an event's first day; ended at the right edge, and cut, where there is no room."""
    text = ax.annotate(
        title, (begin, 1.0), (2, -3), ax.get_xaxis_transform(), "offset points", va="top", fontsize=8.5, color=INK
    )
    room = ax.get_window_extent()
    while text.get_window_extent().width > room.width - 6 and len(title) > 1:
        title = title[:-2]
        text.set_text(f"{title}…")
    if text.get_window_extent().x1 > room.x1:
        text.set_horizontalalignment("right")
        text.set_position((-2, -3))
        text.xy = (ax.get_xlim()[1], 1.0)
    return text


def _draw_curves(ax: Axes, curves: Sequence[Curve], *, at_peak: bool) -> None:
    days = _days(ax, len(curves[0].values))
    for rank, curve in enumerate(curves):
        ax.plot(
            days, curve.values, color=curve.colour, linestyle=curve.dashes, linewidth=curve.width_pt, zorder=10 - rank
        )
    points = [line_points(ax, days, curve.values) for curve in curves]
    taken = [np.array(text.get_window_extent().extents) for text in ax.texts]
    for place, curve in enumerate(curves):
        others = points[:place] + points[place + 1 :]
        taken.append(_label(ax, curve, points[place], others, taken, at_peak=at_peak))


def _label(
    ax: Axes, curve: Curve, own: FloatArray, others: list[FloatArray], taken: list[FloatArray], *, at_peak: bool
) -> FloatArray:
    from matplotlib.patheffects import withStroke

    text = ax.text(
        0.0, 0.0, curve.label, ha="center", va="center", color=darker(curve.colour), zorder=20,
        fontweight="bold" if curve.bold else "normal", fontsize=9 if curve.bold else 8,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip
    size = text.get_window_extent()
    placed = place_label(ax, (size.width, size.height), own, others, taken, at_peak=at_peak)
    back = ax.transData.inverted()
    x, y = back.transform(placed.centre)
    text.set_position((float(x), float(y)))
    if placed.leader:
        edge = (placed.centre[0], np.clip(placed.anchor[1], placed.box[1], placed.box[3]))
        line = back.transform([edge, placed.anchor])
        ax.plot(line[:, 0], line[:, 1], color=GREY, linewidth=0.7, zorder=15)
    return placed.box


# ------------------------------------------------------------------------------------------------------------------ figure


def _write_head(figure: Figure, story: MaterialStory) -> float:
    """Title and subtitle; returns where they end [inches from the bottom]."""
    model = story.run.scenario.model
    what = "Shortfall and stocks by region" if story.short else "Commercial and strategic stocks by region"
    if story.short and len(story.run.bracket_records) > 1:
        what += f"; shaded: {story.region(story.short[0])}, from no rerouting of trade to free rerouting"
    subtitle = f"{capital(story.name)}. {what}. {model.title.rstrip('.')}, as of {long_date(model.as_of)}."
    bottom_in = write_text(figure, story.headline(), HEIGHT_IN - 0.32, 13.5, INK, bold=True)
    return write_text(figure, subtitle, bottom_in - 0.06, 9.5, GREY) - 0.12


def _write_foot(figure: Figure, story: MaterialStory) -> float:
    """Notes and sources; returns where they begin [inches from the bottom]."""
    text = " ".join([*_notes(story), source_line(story.run)])
    lines = wrapped(figure, text, 8.0, bold=False)
    top_in = 0.14 + 0.155 * len(lines)
    write_text(figure, text, top_in, 8.0, GREY)
    return top_in + 0.12


def _notes(story: MaterialStory) -> Iterator[str]:
    if not story.short:
        hidden = len(story.everyone) - MOST_LINES
        if hidden > 0:
            yield f"The {MOST_LINES} regions with the thinnest stocks; {hidden} not drawn."
        return
    hidden_short = [story.region(index) for index in story.short[MOST_LINES:]]
    if hidden_short:
        yield f"Short, but not drawn: {listing(hidden_short)}."
    spared = [story.region(index) for index in story.everyone if index not in story.short]
    if spared:
        yield f"Not short: {listing(spared)}."
    if len(story.disturbances()) > MOST_EVENTS:
        yield f"{count(len(story.disturbances()) - MOST_EVENTS, 'more event')} shaded, not named."


def source_line(run: Outcome) -> str:
    """Whose data a run rests on, how much is assumed, and the version."""
    sources = run.scenario.model.sources
    cited = Counter(entry.source for entry in run.scenario.inputs() if entry.source in sources)
    names = list(dict.fromkeys(_short(sources[key].publisher or sources[key].title) for key, _ in cited.most_common()))
    parts = []
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        parts.append(f"Sources: {'; '.join(names[:5])}{more}.")
    return " ".join([*parts, *assumption_line(run.scenario), f"minsim {__version__}"])


def _short(name: str, longest: int = 40) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"
