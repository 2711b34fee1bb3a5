"""Chart of an attribution: one bar per region, divided among the events, with the events' names above their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from minsim.charts.page import axes_right_of, bare, beside, set_reach, start_page
from minsim.charts.style import INK, WIDE_COLOURS, drawing_style, text_on
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.text.formatting import count, day_count, listing, percent, tonnes, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from minsim.explain.attribution import Attribution
    from minsim.results.run import Run

MOST_BARS = 5
"""Regions drawn; the others are named below the chart."""
MOST_PARTS = len(WIDE_COLOURS) - 1
"""Events with their own colour; the others are drawn together, in grey."""
LABEL_PT, LABEL_ROW_PT = 8.5, 12.5
THICKEST_PT, THICKEST_OF_FEW_PT = 44.0, 80.0
WIDEST_GAP_PT = 60.0
NEGLIGIBLE_FRACTION = 1e-9
VISIBLE_FRACTION = 0.004
"""ShortfallByEvent below this fraction of the longest bar are not named beside it."""


@dataclass(frozen=True)
class ShortfallByEvent:
    """One material's shortfall by region (rows, hardest hit first) and event (columns, largest part first) [t]."""

    story: MaterialSummary
    regions: list[int]
    names: list[str]
    amounts_t: FloatArray

    @classmethod
    def of(cls, attribution: Attribution, material: str | None) -> ShortfallByEvent:
        """Select the regions hit hardest, and the events with the largest parts of their shortfall."""
        story = MaterialSummary(attribution.run, material or rank_materials(attribution.run)[0])
        size = np.abs(attribution.parts_t)
        threshold_t = NEGLIGIBLE_FRACTION * np.array([consumer.daily_use_t for consumer in story.network.consumers])
        hit = [i for i in story.everyone if size[:, i].sum() > threshold_t[i]]
        regions = sorted(hit, key=lambda i: (-attribution.parts_t[:, i].sum(), story.network.consumers[i].region))
        drawn = regions[:MOST_BARS]
        weight = size[:, drawn].sum(axis=1)
        ranked = sorted((k for k in range(len(weight)) if weight[k] > threshold_t.max()), key=lambda k: (-weight[k], k))
        own, rest = ranked[:MOST_PARTS], ranked[MOST_PARTS:]
        columns = [attribution.parts_t[k, drawn] for k in own]
        names = [attribution.title_of(attribution.acting[k]) for k in own]
        if rest:
            columns.append(attribution.parts_t[rest][:, drawn].sum(axis=0))
            only_one = attribution.title_of(attribution.acting[rest[0]])
            names.append(only_one if len(rest) == 1 else count(len(rest), "other event"))
        return cls(story, regions, names, np.array(columns).T if columns else np.zeros((len(drawn), 0)))

    @property
    def labels(self) -> list[str]:
        """Names of the regions drawn."""
        return [self.story.network.consumers[i].region for i in self.regions[:MOST_BARS]]

    def headline(self) -> str:
        """The largest part of the hardest hit region's shortfall."""
        if not self.regions:
            return f"No event leaves anybody short of {self.story.name}"
        parts = self.amounts_t[0]
        largest, total = int(parts.argmax()), float(parts.sum())
        who = with_article(self.labels[0])
        if total <= 0:
            return f"All events together leave nobody shorter of {self.story.name}"
        lacks = f"the {tonnes(total)} of {self.story.name} that {who} lacks"
        if (np.abs(parts) > NEGLIGIBLE_FRACTION * total).sum() == 1:
            return f"One event explains all of {lacks}: “{self.names[largest]}”"
        return f"“{self.names[largest]}” explains {percent(parts[largest] / total)} of {lacks}"

    @property
    def visible(self) -> list[int]:
        """Events with at least one visible part."""
        if not self.amounts_t.size:
            return []
        largest = np.abs(self.amounts_t).max(axis=0)
        return np.flatnonzero(largest >= VISIBLE_FRACTION * self.amounts_t.clip(0.0).sum(axis=1).max()).tolist()

    def note(self) -> str:
        """Regions without room in the chart, and events without a visible part."""
        hidden = [with_article(self.story.network.consumers[i].region) for i in self.regions[MOST_BARS:]]
        small = [f"“{name}”" for k, name in enumerate(self.names) if k not in self.visible]
        notes = [f"Not drawn: {listing(hidden)}."] if hidden else []
        return " ".join([*notes, *([f"Too small a part to be seen: {listing(small)}."] if small else [])])


def plot_attribution(attribution: Attribution, material: str | None = None) -> Figure:
    """Draw each region's shortfall as a bar, divided by event; the hardest hit region on top."""
    with drawing_style():
        parts = ShortfallByEvent.of(attribution, material)
        how = (
            "all subsets of the events" if attribution.orders is None else f"{attribution.orders} orders of the events"
        )
        what = f"Shortfall by region, divided among the events by Shapley value over {how}"
        figure, bottom, top = start_page(attribution.run, parts.headline(), what, parts.note())
        (only,) = axes_right_of(figure, parts.labels, bottom, top)
        _draw_parts(only, parts)
    return figure


def plot_attribution_of(run: Outcome, material: str | None = None) -> Figure:
    """Attribute a run's shortfall to its events, which simulates the run many times, and draw the result."""
    from minsim.explain.attribution import attribute

    return plot_attribution(attribute(cast("Run", run)), material)


def attribution_axes(ax: Axes, attribution: Attribution, material: str | None = None) -> Axes:
    """Draw the bars into axes of your own."""
    with drawing_style():
        parts = ShortfallByEvent.of(attribution, material)
        _draw_parts(ax, parts)
        ax.set_title(parts.headline(), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def _draw_parts(ax: Axes, parts: ShortfallByEvent) -> None:
    saved = "; left of zero: saved" if any(parts.amounts_t[:, k].min() < 0 for k in parts.visible) else ""
    bare(ax, f"Shortfall of {parts.story.name} over the run, t{saved}")
    ax.set_yticks([])
    if not parts.regions:
        ax.set_xticks([])
        return
    totals = _total_labels(parts)
    leftmost = 1.02 * float(parts.amounts_t.clip(max=0.0).sum(axis=1).min())
    set_reach(ax, parts.amounts_t.clip(0.0).sum(axis=1), totals, leftmost)
    named = [_names_of(ax, parts, row) for row in range(len(parts.labels))]
    levels = [max((level + 1 for _, level in names), default=0) for names in named]
    middles, thickness = _bar_positions(ax, levels)
    ax.set_yticks(middles, parts.labels)
    ax.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    ax.axvline(0.0, color=INK, linewidth=0.8)
    for row, middle in enumerate(middles):
        _draw_bar(ax, parts.amounts_t[row], middle, thickness)
        end = float(parts.amounts_t[row].clip(0.0).sum())
        beside(ax, totals[row], end, middle, bold=True)
        for k, level in named[row]:
            _draw_name(ax, parts, row, k, level, middle - thickness / 2)


def _total_labels(parts: ShortfallByEvent) -> list[str]:
    days = parts.story.measures["shortfall_days"]
    return [
        f"{_total(amounts)}, {day_count(float(days[i]))} of use"
        for i, amounts in zip(parts.regions, parts.amounts_t, strict=False)
    ]


def _total(amounts: FloatArray) -> str:
    """Sum of the parts; zero if only rounding remains."""
    total = float(amounts.sum())
    return tonnes(total if abs(total) > NEGLIGIBLE_FRACTION * float(np.abs(amounts).sum()) else 0.0)


def _lefts(amounts: FloatArray) -> list[float]:
    """Start of each part: after the earlier parts of the same sign."""
    return [float(amounts[:k][(amounts[:k] > 0) == (amounts[k] > 0)].sum()) for k in range(len(amounts))]


def _names_of(ax: Axes, parts: ShortfallByEvent, row: int) -> list[tuple[int, int]]:
    """Events named above a bar, those with their largest part in it, each with its row of text; no name covers a mark."""
    where = np.abs(parts.amounts_t).argmax(axis=0)
    starts = {k: _start(parts.amounts_t[row], k) for k in parts.visible if where[k] == row}
    rows: list[float] = []
    found = []
    for k in sorted(starts, key=lambda k: -starts[k]):
        probe = _name(ax, parts.names[k], starts[k])
        box = probe.get_window_extent()
        probe.remove()
        level = next((n for n, begun in enumerate(rows) if box.x1 + 8 < begun), len(rows))
        # A mark crosses the rows below its name: those rows are taken from here to the left.
        rows = [min(begun, box.x0) for begun in rows[:level]] + [box.x0] + rows[level + 1 :]
        found.append((k, level))
    return found


def _start(amounts: FloatArray, k: int) -> float:
    """Left end of part k, of either sign."""
    begin = _lefts(amounts)[k]
    return min(begin, begin + float(amounts[k]))


def _name(ax: Axes, name: str, start: float) -> Annotation:
    """An event's name beside the position of its mark, shortened to stay inside the axes."""
    text = ax.annotate(
        name, (start, 0.0), (4, 0), ax.get_xaxis_transform(), "offset points", fontsize=LABEL_PT, va="bottom"
    )
    room = ax.get_window_extent()
    while text.get_window_extent().x1 > room.x1 and len(name) > 1:
        name = name[:-2].rstrip()
        text.set_text(f"{name}…")
    return text


def _bar_positions(ax: Axes, levels: Sequence[int]) -> tuple[list[float], float]:
    """Middles of the bars, from the top, and their thickness [points]; the y axis counts points downwards."""
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    needs = [LABEL_ROW_PT * max(level, 0.6) + 4.0 for level in levels]
    spare = max(8.0 * len(levels), height - sum(needs))
    thickness = min(THICKEST_PT if len(levels) > 2 else THICKEST_OF_FEW_PT, 0.8 * spare / len(levels))
    gap = max(0.0, height - sum(needs) - thickness * len(levels)) / (len(levels) + 1)
    middles, reached = [], 0.0
    for need in needs:
        reached += need + min(gap, WIDEST_GAP_PT)
        middles.append(reached + thickness / 2)
        reached += thickness
    ax.set_ylim(max(height, reached), 0.0)
    return middles, thickness


def _draw_bar(ax: Axes, amounts: FloatArray, middle: float, thickness: float) -> None:
    """One region's bar: additions right of zero, savings left of it; amounts inside where they fit."""
    alone = np.count_nonzero(np.abs(amounts) > NEGLIGIBLE_FRACTION * np.abs(amounts).sum()) == 1
    for k, (left, amount) in enumerate(zip(_lefts(amounts), amounts.tolist(), strict=True)):
        ax.barh(middle, amount, thickness, left, color=WIDE_COLOURS[k], edgecolor="white", linewidth=0.8)
        if alone:
            continue  # the same as the total beside the bar
        text = ax.text(
            left + amount / 2, middle, tonnes(amount).replace("-", "−"), ha="center", va="center", fontsize=LABEL_PT
        )
        text.set_color(text_on(WIDE_COLOURS[k]))
        ends = ax.transData.transform([(left, middle), (left + amount, middle)])[:, 0]
        if text.get_window_extent().width + 8 > abs(ends[1] - ends[0]):
            text.remove()


def _draw_name(ax: Axes, parts: ShortfallByEvent, row: int, k: int, level: int, upper_edge: float) -> None:
    """An event's name above its part, with a mark in its colour down to the part."""
    start = _start(parts.amounts_t[row], k)
    text = _name(ax, parts.names[k], start)
    base = upper_edge - 3.0 - LABEL_ROW_PT * level
    text.set_transform(ax.transData)
    text.xycoords = "data"
    text.xy = (start, base)
    ax.plot([start, start], [upper_edge, base - 9.0], color=WIDE_COLOURS[k], linewidth=2.4, solid_capstyle="butt")
