"""Lines over the days of a run, labelled where they run, and the events that act on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.charts.line_labels import line_points, place_label
from minsim.charts.page import framed, halo, set_dates, set_values
from minsim.charts.style import GREY, INK, darker
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import MaterialSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from minsim.network.network import Network

MOST_EVENTS = 4
"""Events that are named, the longest ones; the others are only shaded."""
EVENT_ROW_PT = 17.0


@dataclass
class LabelledLine:
    """One line of a chart, with its label and style."""

    values: FloatArray
    label: str
    colour: str
    dashes: Any = "-"
    width_pt: float = 2.2
    bold: bool = True


def set_timeline(ax: Axes, network: Network, highest: float, heading: str, form: str = "{:,g}", most: int = 10) -> None:
    """Dates below, a few values on the right, a heading that gives the unit."""
    framed(ax, heading)
    set_dates(ax, network.start, network.days, most)
    set_values(ax, highest, form)


def days_of(ax: Axes, days: int) -> FloatArray:
    """The days of a run in the coordinates of its axes."""
    return np.asarray(ax.get_xlim()[0] + np.arange(days), dtype=float)


def draw_events(ax: Axes, story: MaterialSummary, *, named: bool) -> None:
    """Shade the days of each event; name the longest in rows above the highest value."""
    first, last = ax.get_xlim()
    periods = []
    for event in sorted(story.disturbances(), key=lambda event: (event.start_day, event.event)):
        end = last if event.end_day is None else min(last, first + event.end_day)
        periods.append((max(first, first + event.start_day), end, event.title))
    for begin, end, _ in periods:
        ax.axvspan(begin, end, color="black", alpha=0.05, linewidth=0, zorder=0)
    if named and periods:
        longest = sorted(periods, key=lambda period: period[0] - period[1])[:MOST_EVENTS]
        _name_events(ax, [period for period in periods if period in longest])


def _name_events(ax: Axes, periods: Sequence[tuple[float, float, str]]) -> None:
    """Bars with titles, each in the first row with room for it."""
    texts = [_event_title(ax, begin, title) for begin, _, title in periods]
    row_ends: list[float] = []
    rows = []
    for (begin, end, _), text in zip(periods, texts, strict=True):
        left, right = (ax.transData.transform((day, 0.0))[0] for day in (begin, end))
        box = text.get_window_extent()
        left, right = min(left, box.x0), max(right, box.x1)
        row = next((row for row, taken in enumerate(row_ends) if taken + 8 < left), len(row_ends))
        row_ends[row : row + 1] = [right]
        rows.append(row)
    height = EVENT_ROW_PT * ax.figure.dpi / 72.0 / ax.get_window_extent().height
    ax.set_ylim(0.0, ax.get_ylim()[1] / (1.0 - height * len(row_ends)))
    for (begin, end, _), text, row in zip(periods, texts, rows, strict=True):
        level = 1.0 - height * row
        text.xy = (text.xy[0], level)
        ax.plot(
            [begin, end], [level, level], color=GREY, linewidth=2.5, solid_capstyle="butt",
            transform=ax.get_xaxis_transform(), clip_on=False,
        )  # fmt: skip


def _event_title(ax: Axes, begin: float, title: str) -> Annotation:
    """Title at an event's first day; right-aligned at the edge, and shortened, if there is no room."""
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


def draw_lines(
    ax: Axes, lines: Sequence[LabelledLine], *, at_peak: bool, named: bool = True, at: FloatArray | None = None
) -> None:
    """Draw lines over the days of a run, or over other values, the first on top, with a label beside each."""
    days = days_of(ax, len(lines[0].values)) if at is None else at
    for rank, line in enumerate(lines):
        ax.plot(days, line.values, color=line.colour, linestyle=line.dashes, linewidth=line.width_pt, zorder=10 - rank)
    if not named:
        return
    points = [line_points(ax, days, line.values) for line in lines]
    taken = [np.array(text.get_window_extent().extents) for text in ax.texts]
    for place, line in enumerate(lines):
        others = points[:place] + points[place + 1 :]
        taken.append(_label(ax, line, points[place], others, taken, at_peak=at_peak))


def _label(
    ax: Axes, line: LabelledLine, own: FloatArray, others: list[FloatArray], taken: list[FloatArray], *, at_peak: bool
) -> FloatArray:
    text = ax.text(
        0.0, 0.0, line.label, ha="center", va="center", color=darker(line.colour), zorder=20,
        fontweight="bold" if line.bold else "normal", fontsize=9 if line.bold else 8,
        path_effects=halo(2.5),
    )  # fmt: skip
    size = text.get_window_extent()
    placed = place_label(ax, (size.width, size.height), own, others, taken, at_peak=at_peak)
    back = ax.transData.inverted()
    x, y = back.transform(placed.centre)
    text.set_position((float(x), float(y)))
    if placed.leader:
        edge = (placed.centre[0], np.clip(placed.anchor[1], placed.box[1], placed.box[3]))
        leader = back.transform([edge, placed.anchor])
        ax.plot(leader[:, 0], leader[:, 1], color=GREY, linewidth=0.7, zorder=15)
    return placed.box
