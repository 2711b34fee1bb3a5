"""Chart of a run's shortfall and stocks: the finding as the title, labelled lines, the sources below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.charts.curves import MOST_EVENTS, LabelledLine, days_of, draw_events, draw_lines, set_timeline
from minsim.charts.page import start_page
from minsim.charts.style import COLOURS, DASHES, GREY, WIDTHS_PT, drawing_style, panels
from minsim.metrics import consumers
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.text.formatting import capital, count, day_count, listing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 4
"""Regions drawn; the others are named below the chart."""

# ------------------------------------------------------------------------------------------------------------------ charts


def plot_shortfall(run: Outcome, material: str | None = None) -> Figure:
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
    story = MaterialSummary(run, material or rank_materials(run)[0])
    with drawing_style():
        figure, bottom, top = start_page(run, story.headline(), _subtitle(story), " ".join(_notes(story)))
        if story.short:
            upper, lower = panels(figure, bottom, top, (0.6, 0.4))
            _draw_shortfall(upper, story)
            upper.tick_params(labelbottom=False)
            _draw_cover(lower, story, list(dict.fromkeys([*story.own, *story.short]))[:2])
        else:
            (only,) = panels(figure, bottom, top, (1.0,))
            _draw_cover(only, story, _thinnest(story), name_events=True)
    return figure


def shortfall_axes(ax: Axes, run: Outcome, material: str | None = None) -> Axes:
    """Draw the shortfall of one material (commercial cover, where nobody runs short) into axes of your own."""
    story = MaterialSummary(run, material or rank_materials(run)[0])
    with drawing_style():
        if story.short:
            _draw_shortfall(ax, story)
        else:
            _draw_cover(ax, story, _thinnest(story), name_events=True)
        ax.set_title(story.headline(), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def _draw_shortfall(ax: Axes, story: MaterialSummary) -> None:
    shares = {
        name: 100 * consumers.shortfall_fraction(consumers.consumer_flows_t(record))
        for name, record in story.run.bracket_records.items()
    }
    drawn = story.short[:MOST_LINES]
    worst = drawn[0]
    lines = [
        LabelledLine(
            _where_positive(shares["reference"][:, index]), _loss_label(story, index, rank), *_line_style(rank)
        )
        for rank, index in enumerate(drawn)
    ]
    highest = max(shares["reference"][:, drawn].max(), *(share[:, worst].max() for share in shares.values()))
    set_timeline(ax, story.network, highest, "Shortfall, % of daily demand", "{:g}%")
    draw_events(ax, story, named=True)
    if len(shares) > 1:
        _draw_band(ax, [share[:, worst] for share in shares.values()], lines[0].colour)
        lines += _band_edges(shares, worst)
    draw_lines(ax, lines, at_peak=True)


def _loss_label(story: MaterialSummary, index: int, rank: int) -> str:
    """The region and its loss; only the first label gives the unit."""
    days = day_count(story.measures["shortfall_days"][index])
    return f"{story.network.consumers[index].region}, {days}{' of use lost' if rank == 0 else ''}"


def _where_positive(values: FloatArray) -> FloatArray:
    """Leave out days at zero except next to a positive one: a line along the axis has no information and hides others."""
    beside = np.convolve(values > 0, np.ones(3), mode="same") > 0
    return np.where(beside, values, np.nan)


def _draw_band(ax: Axes, shares: list[FloatArray], colour: str) -> None:
    low, high = np.min(shares, axis=0), np.max(shares, axis=0)
    ax.fill_between(days_of(ax, len(low)), low, high, color=colour, alpha=0.16, linewidth=0, zorder=1)


def _band_edges(shares: dict[str, FloatArray], index: int) -> list[LabelledLine]:
    """Outer behaviours of the hardest hit region; left out if they hardly differ from its line."""
    edges = []
    for name, label in (("none", "without rerouting"), ("free", "with free rerouting")):
        apart = np.abs(shares[name][:, index] - shares["reference"][:, index]).max()
        if shares[name][:, index].any() and apart > 0.04 * shares["reference"][:, index].max():
            edges.append(
                LabelledLine(_where_positive(shares[name][:, index]), label, GREY, (0, (1, 1.5)), 0.9, bold=False)
            )
    return edges


def _draw_cover(ax: Axes, story: MaterialSummary, indices: Sequence[int], *, name_events: bool = False) -> None:
    cover = consumers.commercial_cover_days(story.run.record)
    lines = [
        LabelledLine(cover[:, index], f"{story.network.consumers[index].region}, commercial stock", *_line_style(rank))
        for rank, index in enumerate(indices)
    ]
    lines += _stockpile_lines(story, indices)
    set_timeline(ax, story.network, max(line.values.max() for line in lines), "Stocks, days of use")
    draw_events(ax, story, named=name_events)
    draw_lines(ax, lines, at_peak=False)


def _stockpile_lines(story: MaterialSummary, indices: Sequence[int]) -> list[LabelledLine]:
    """Strategic stocks that may serve some consumers, in days of their use, in the colour of the first they serve."""
    served = [(min(k for k, i in enumerate(indices) if i in h.serves), h, days) for h, days in story.strategic(indices)]
    served.sort(key=lambda stock: stock[0])
    return [LabelledLine(days, story.stockpile(h), COLOURS[rank], (0, (3, 1.2)), 1.6) for rank, h, days in served[:3]]


def _thinnest(story: MaterialSummary) -> list[int]:
    """Consumers by their lowest commercial stock, ascending; at most `MOST_LINES`."""
    lowest = story.measures["min_commercial_cover_days"]
    order = sorted(story.everyone, key=lambda i: (story.remoteness(i), lowest[i], story.network.consumers[i].region))
    return order[:MOST_LINES]


def _line_style(rank: int) -> tuple[str, Any, float]:
    return COLOURS[rank], DASHES[rank], WIDTHS_PT[rank]


def _subtitle(story: MaterialSummary) -> str:
    what = "Shortfall and stocks by region" if story.short else "Commercial and strategic stocks by region"
    if story.short and len(story.run.bracket_records) > 1:
        what += f"; shaded: {story.region(story.short[0])}, from no rerouting of trade to free rerouting"
    return f"{capital(story.name)}. {what}"


def _notes(story: MaterialSummary) -> Iterator[str]:
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
