"""Chart of a budget's effect: days saved per million dollars, and days saved against money spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from minsim.charts.page import axes_right_of, bare, beside, framed, grid_of_axes, set_reach, start_page
from minsim.charts.style import COLOURS, DASHES, INK, drawing_style
from minsim.results.outcome import Outcome
from minsim.studies.budget_search import Yield
from minsim.text.formatting import dollars, three_figures, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.studies.spending import Spending

MOST_BARS = 7
VISIBLE_FRACTION = 0.02
"""Fraction of the largest saving from which on a purchase has a line of its own."""
NOTE = (
    "Bars: the least money that saves nearly all a purchase can, alone; lines across them: the range of its cost, an "
    "assumption. Everything bought stands on the first day."
)


def plot_spending(found: Spending) -> Figure:
    """Draw bars of days saved per million dollars, and below them days saved against money spent.

    Parameters
    ----------
    found : Spending

    Returns
    -------
    Figure
        Its first axes hold the bars.
    """
    question = found.question
    what = (
        f"Days of use saved in {with_article(question.region)}, of {three_figures(found.lost.value)} lost if nothing is "
        f"bought; budget {dollars(question.budget_usd)}"
    )
    shown = [y for y in found.yields if y.is_computed][:MOST_BARS]
    useful = [y for y in shown if y.is_useful]
    with drawing_style():
        figure, bottom, top = start_page(cast("Outcome", found), found.answer().headline, what, NOTE)
        middle = top - min(0.45, 0.12 + 0.06 * len(shown)) * (top - bottom) - 0.35
        (upper,) = axes_right_of(figure, [y.purchase.label for y in shown], middle if useful else bottom, top)
        _draw_bars(upper, shown)
        if useful:
            (lower,) = grid_of_axes(figure, bottom + 0.22, middle, 1, 1)
            _draw_savings(lower, found, useful)
    return figure


def _draw_bars(ax: Axes, shown: list[Yield]) -> None:
    bare(ax, "Days of use saved per million dollars")
    values = [y.per_million.value for y in shown]
    ends = [max(y.per_million.value, y.range_per_million[1] if y.is_useful else 0.0) for y in shown]
    for level, y in enumerate(shown):
        ax.barh(level, y.per_million.value, height=0.6, color=COLOURS[level % len(COLOURS)], linewidth=0.0)
        if y.is_useful and y.range_per_million[0] < y.range_per_million[1]:
            ax.plot(y.range_per_million, [level, level], color=INK, linewidth=1.2)
    labels = [_bar_label(y) for y in shown]
    for level, (end, label) in enumerate(zip(ends, labels, strict=True)):
        beside(ax, label, end, level)
    ax.set_yticks(range(len(shown)), [y.purchase.label for y in shown], fontsize=9.5, color=INK)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    set_reach(ax, np.array(ends if any(values) else [1.0] * len(shown)), labels)


def _bar_label(y: Yield) -> str:
    if not y.is_useful:
        return "saves next to nothing alone"
    rate, saved = (
        f"{value:,.2g}" if value < 10.0 else f"{value:,.0f}" for value in (y.per_million.value, y.best.saved.value)
    )
    return f"{rate}  (at most {saved} days, for {dollars(y.best.usd)})"


def _draw_savings(ax: Axes, found: Spending, useful: list[Yield]) -> None:
    """Days saved against money: each purchase that saves a visible part alone, and the mix."""
    framed(ax, "Days of use saved, by money spent on one purchase alone, and on the best mix")
    highest = max(max(y.best.saved.value for y in useful), found.mix.best.saved.value)
    visible = [y for y in useful if y.best.saved.value >= VISIBLE_FRACTION * highest]
    reach = min(found.question.budget_usd, 1.15 * max([found.mix.best.usd, *(y.best.usd for y in visible)]))
    for rank, y in enumerate(useful):
        if y in visible:
            _draw_purchase(ax, y, rank, reach, has_errors=found.question.replications is not None)
    bought = [usd for usd in found.mix.best.amounts if usd > 0.0]
    if len(bought) > 1:
        usd = [0.0, *(step.point.usd for step in found.mix.steps)]
        total = [0.0, *(step.point.saved.value for step in found.mix.steps)]
        ax.plot(usd, total, color=INK, linewidth=1.2, marker="o", markersize=3.5,
                label="best mix")  # fmt: skip
    ax.set_xlim(0.0, reach)
    ax.xaxis.set_major_formatter(lambda value, _: dollars(value) if value else "0")
    ax.set_ylim(0.0, 1.12 * highest)
    ax.yaxis.tick_right()
    ax.legend(loc="upper left", frameon=False, fontsize=8.5)


def _draw_purchase(ax: Axes, y: Yield, rank: int, reach: float, *, has_errors: bool) -> None:
    """Days saved by one purchase alone, up to the money `reach` [USD]."""
    beyond = next((k for k, point in enumerate(y.curve, 1) if point.usd >= reach), len(y.curve))
    points = y.curve[:beyond]
    colour = COLOURS[rank % len(COLOURS)]
    usd = [point.usd for point in points]
    saved = np.array([point.saved.value for point in points])
    if has_errors:
        error = 2.0 * np.nan_to_num([point.saved.se for point in points])
        ax.fill_between(usd, saved - error, saved + error, color=colour, alpha=0.16, linewidth=0)
    ax.plot(usd, saved, linewidth=2.6, label=y.purchase.label, color=colour, linestyle=DASHES[rank % len(DASHES)])
