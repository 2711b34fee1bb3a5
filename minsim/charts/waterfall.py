"""Waterfall chart: days of use lost without any response, and the effect of rerouting, leakage, stockpiles and prices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from minsim.charts.page import axes_right_of, bare, beside, set_reach, start_page
from minsim.charts.style import GREY, INK, WIDE_COLOURS, drawing_style
from minsim.errors import NotInRunError
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.results.waterfall import NO_CHANGE_DAYS
from minsim.text.formatting import capital, day_count, listing, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.results.waterfall import Waterfall

MOST_PANELS = 3
"""Regions drawn; the others are named below the chart."""
WITHOUT = {
    False: "no rerouting, leakage\nor stockpiles",
    True: "no rerouting, leakage,\nstockpiles or prices",
}
"""Label of the first bar, in a scenario without and with prices."""


def plot_waterfall(run: Outcome, material: str | None = None) -> Figure:
    """Draw the days of use lost without any response and the effect of each step, for the three regions hit hardest.

    Raises
    ------
    NotInRunError
        If the run was made without its bracket.
    """
    with drawing_style():
        story, regions = hit_regions(run, material)
        rows = _row_labels(run)
        hidden = [with_article(story.network.consumers[i].region) for i in regions[MOST_PANELS:]]
        note = " ".join([*([f"Not drawn: {listing(hidden)}."] if hidden else []), *_price_note(run)])
        what = f"{capital(story.name)}. Days of use lost, as one thing after the other is taken into account"
        figure, bottom, top = start_page(run, waterfall_headline(run, story, regions), what, note)
        labels = [line for label in rows for line in label.splitlines()]
        panels = axes_right_of(figure, labels, bottom, top, min(MOST_PANELS, max(1, len(regions))))
        highest = max((float(days[i]) for days in run.days_lost.values() for i in regions[:MOST_PANELS]), default=1.0)
        for ax, index in zip(panels, regions, strict=False):
            _draw_steps(ax, story, index, highest)
        for ax in panels[1:]:
            ax.tick_params(labelleft=False)
        if not regions:
            panels[0].set_axis_off()
    return figure


def _row_labels(run: Outcome) -> list[str]:
    """Labels of the bars: the steps, then the result."""
    return [WITHOUT["prices" in run.days_lost], *list(run.days_lost)[1:], "lost in the end"]


def _price_note(run: Outcome) -> list[str]:
    return ["What users give up because of the price is not counted as lost."] if "prices" in run.days_lost else []


def waterfall_axes(ax: Axes, waterfall: Waterfall, material: str | None = None) -> Axes:
    """Draw the steps of the hardest hit region into axes of your own."""
    run = waterfall.run
    with drawing_style():
        story, regions = hit_regions(run, material)
        if regions:
            _draw_steps(ax, story, regions[0], max(float(days[regions[0]]) for days in run.days_lost.values()))
        ax.set_title(waterfall_headline(run, story, regions), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def hit_regions(run: Outcome, material: str | None) -> tuple[MaterialSummary, list[int]]:
    """The material, and the regions that lose days at any step, the hardest hit first."""
    if not run.days_lost:
        raise NotInRunError("the steps of the waterfall are computed with the bracket; run with bracket=True")
    story = MaterialSummary(run, material or rank_materials(run)[0])
    lost = {i: _lost(story, i) for i in story.everyone}
    hit = [i for i in story.everyone if max(lost[i]) > 0]
    return story, sorted(hit, key=lambda i: (-lost[i][-1], -lost[i][0], story.network.consumers[i].region))


def _lost(story: MaterialSummary, index: int) -> list[float]:
    return [float(days[index]) for days in story.run.days_lost.values()]


def waterfall_headline(run: Outcome, story: MaterialSummary, regions: Sequence[int]) -> str:
    """Effect of rerouting, leakage and stockpiles on the hardest hit region, as a title."""
    if not regions:
        return f"No region loses a day of {story.name}, even without rerouting and stockpiles"
    lost = dict(zip(run.days_lost, _lost(story, regions[0]), strict=True))
    naive, *_, left = lost.values()
    who = with_article(story.network.consumers[regions[0]].region)
    acting = [step for before, step in pairwise(lost) if abs(lost[step] - lost[before]) >= NO_CHANGE_DAYS]
    means = capital(listing(acting or list(lost)[1:]))
    s = "s" if acting in (["rerouting"], ["leakage"]) else ""
    if abs(naive - left) < 0.5:
        return f"{means} spare{s} {who} none of the {day_count(naive)} of {story.name} it loses"
    change = "spare" if left < naive else "cost"
    end = f"it {'still ' if 0 < left < naive else ''}loses {day_count(left) if left > 0 else 'none'}"
    return f"{means} {change}{s} {who} {day_count(abs(naive - left))} of {story.name}; {end}"


def _draw_steps(ax: Axes, story: MaterialSummary, index: int, highest: float) -> None:
    """Full bars for the first and the last, floating ones for the effect of each step."""
    bare(ax, f"{story.network.consumers[index].region}, days lost")
    lost = _lost(story, index)
    set_reach(ax, np.array([highest]), [f"{highest:,.0f} days "])
    rows = _row_labels(story.run)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    _draw_step(ax, 0, 0.0, lost[0], f"{lost[0]:,.0f} days", GREY, bold=True)
    for place, (before, after) in enumerate(pairwise(lost), start=1):
        change = after - before
        text = "no change" if abs(change) < 0.05 else f"{'+' if change > 0 else '−'}{_days_text(abs(change))}"
        _draw_step(ax, place, min(before, after), abs(change), text, WIDE_COLOURS[5 if change > 0 else 0])
        through = 0.31 if abs(change) < 0.05 else -0.31
        ax.plot([before, before], [place - 1 + 0.31, place + through], color=GREY, linewidth=0.8)
    ax.plot([lost[-1]] * 2, [len(lost) - 1 + 0.31, len(lost) - 0.31], color=GREY, linewidth=0.8)
    _draw_step(ax, len(lost), 0.0, lost[-1], f"{lost[-1]:,.0f} days", INK, bold=True)


def _days_text(days: float) -> str:
    return f"{days:,.0f}" if days >= 99.5 else f"{days:.1f}"


def _draw_step(ax: Axes, place: int, left: float, width: float, text: str, colour: str, *, bold: bool = False) -> None:
    ax.barh(place, width, 0.62, left, color=colour, linewidth=0)
    beside(ax, text, left + width, place, bold=bold)
