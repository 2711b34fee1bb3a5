"""Chart of stock cover: one panel per region, with its commercial stock and the stockpiles that may serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from minsim.charts.curves import LabelledLine, days_of, draw_events, draw_lines, set_timeline
from minsim.charts.page import grid_of_axes, start_page
from minsim.charts.style import COLOURS, DASHES, drawing_style
from minsim.metrics import consumers
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.results.waterfall import NO_CHANGE_DAYS
from minsim.text.formatting import capital, day_count, listing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
"""Regions drawn, those with the lowest stock; the others are named below the chart."""


def plot_cover(run: Outcome, material: str | None = None, region: str | None = None) -> Figure:
    """Draw commercial cover and stockpiles of each region of a material, in days of its use.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        Absent: the material of which most days of use are lost.
    region : str, optional
        Draw this region alone.

    Raises
    ------
    NotInRunError
        If the run has no such material, or nobody there uses it.
    """
    story = MaterialSummary(run, material or rank_materials(run)[0])
    cover = consumers.commercial_cover_days(run.record)
    ranked = [story.consumer(region)] if region else _thinnest_first(story)
    moving = [i for i in ranked if not story.low_point(i).is_steady]  # the others are drawn only if all are steady
    drawn = (moving or ranked)[:MOST_PANELS]
    piles = {index: _stockpiles(story, index) for index in drawn}
    highest = max(float(line.values.max()) for index in drawn for line in [*_own(cover, index), *piles[index]])
    columns = 1 if len(drawn) < 3 else 2
    with drawing_style():
        figure, bottom, top = start_page(run, _headline(story, drawn[0]), _what(story), _note(story, drawn, region))
        axes = grid_of_axes(figure, bottom, top, -(-len(drawn) // columns), columns)
        for ax, index in zip(axes, drawn, strict=False):
            _draw(ax, story, index, [*_own(cover, index), *piles[index]], highest, small=columns > 1)
        for ax in axes[len(drawn) :]:
            ax.remove()
    return figure


def _thinnest_first(story: MaterialSummary) -> list[int]:
    """Consumers by their lowest stock, ascending, then by days lost, descending."""
    lowest, lost = story.measures["min_commercial_cover_days"], story.measures["shortfall_days"]
    order = {i: (round(float(lowest[i]), 3), -round(float(lost[i]), 3)) for i in story.everyone}
    return sorted(story.everyone, key=lambda i: (*order[i], story.network.consumers[i].region))


def _own(cover: FloatArray, index: int) -> list[LabelledLine]:
    return [LabelledLine(cover[:, index], "commercial stock", COLOURS[0])]


def _stockpiles(story: MaterialSummary, index: int) -> list[LabelledLine]:
    """Strategic stocks that may serve a consumer, in days of its use of what they hold."""
    return [
        LabelledLine(days, story.stockpile(holding), COLOURS[1], DASHES[1 + k % (len(DASHES) - 1)], 1.8)
        for k, (holding, days) in enumerate(story.strategic([index]))
    ]


def _draw(
    ax: Axes, story: MaterialSummary, index: int, lines: Sequence[LabelledLine], highest: float, *, small: bool
) -> None:
    region = story.network.consumers[index].region
    set_timeline(ax, story.network, highest, f"{region}, days of use", most=7 if small else 10)
    draw_events(ax, story, named=False)
    own = lines[0]
    ax.fill_between(days_of(ax, len(own.values)), own.values, color=own.colour, alpha=0.16, linewidth=0)
    # A single line needs no label: the heading names it.
    draw_lines(ax, [replace(line, bold=not small) for line in lines], at_peak=False, named=len(lines) > 1)


def _headline(story: MaterialSummary, index: int) -> str:
    low = story.low_point(index)
    if low.is_steady:
        return f"Commercial stocks of {story.name} stay at {low.level}"
    end = "nothing" if low.lowest_days < NO_CHANGE_DAYS else day_count(low.lowest_days)
    whose = f"Commercial stocks of {story.name} in {story.region(index)}"
    return f"{whose} fall from {day_count(low.opening_days)} of use to {end} on {story.date(low.day)}"


def _what(story: MaterialSummary) -> str:
    titles = list(dict.fromkeys(event.title for event in story.disturbances()))
    shaded = f"; shaded: {listing(titles)}" if 0 < len(titles) <= 2 else "; shaded: events" if titles else ""
    return (
        f"{capital(story.name)}. Commercial stocks (filled) and stockpiles, in days of use on an ordinary day{shaded}"
    )


def _note(story: MaterialSummary, drawn: Sequence[int], region: str | None) -> str:
    """Regions not drawn: those with constant stocks, and those without room."""
    hidden = [i for i in story.everyone if i not in drawn] if region is None else []
    steady = [story.region(i) for i in hidden if story.low_point(i).is_steady]
    falling = [story.region(i) for i in hidden if story.region(i) not in steady]
    notes = [f"Not drawn: {listing(falling)}."] if falling else []
    return " ".join([*notes, *([f"Hardly changing, not drawn: {listing(steady)}."] if steady else [])])
