"""Heat map of a catalogue: days of use lost, scenario by region."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minsim import __version__
from minsim.charts.cells import Cell, draw_cells
from minsim.phrases import capital, count, day_count, inside_sentence, long_date, with_article
from minsim.style import GREY, INK, MARGIN_IN, WIDTH_IN, drawing_style, new_figure, wrapped, write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.catalogue import Entry, Loss

ROW_IN, HEADING_IN = 0.31, 0.45
DARKEST_DAYS = 365.0
"""Days of use lost from which on a cell is darkest: a year. Shades go by the square root, so that a week is seen too."""


def plot_days_lost(entries: Sequence[Entry]) -> Figure:
    """Draw the heat map.

    Parameters
    ----------
    entries : sequence of Entry
        As `catalogue.run_all` gives them; those that failed are left out.

    Returns
    -------
    Figure
    """
    done = [entry for entry in entries if entry.failure is None]
    worst = _worst(done)
    regions = _regions(done, worst)
    with drawing_style():
        figure = new_figure()
        ax = _page(figure, _headline(worst, len(done)), _foot(done), [entry.name for entry in done])
        cells = {
            (row, column): _cell(worst.get((entry.name, region)))
            for row, entry in enumerate(done)
            for column, region in enumerate(regions)
            if region in entry.regions
        }
        draw_cells(ax, [entry.name for entry in done], [_broken(region) for region in regions], cells)
    return figure


def _page(figure: Figure, title: str, foot: str, names: Sequence[str]) -> Axes:
    """Give the page its head, its foot and as much height as the rows need; returns axes for them."""
    foot_in = 0.14 + 0.155 * len(wrapped(figure, foot, 8.0, bold=False))
    head_in = 0.62 + 0.26 * len(wrapped(figure, title, 13.5, bold=True))
    rows_in = ROW_IN * len(names)
    height_in = head_in + HEADING_IN + rows_in + 0.15 + foot_in
    figure.set_size_inches(WIDTH_IN, height_in)
    below = write_text(figure, title, height_in - 0.32, 13.5, INK, bold=True)
    write_text(figure, "Most days of use lost of any material, central case", below - 0.06, 9.5, GREY)
    write_text(figure, foot, foot_in, 8.0, GREY)
    left_in = MARGIN_IN + 0.1 + _widest_in(figure, names)
    left, bottom = left_in / WIDTH_IN, (foot_in + 0.15) / height_in
    return figure.add_axes((left, bottom, (WIDTH_IN - MARGIN_IN - left_in) / WIDTH_IN, rows_in / height_in))


def _widest_in(figure: Figure, names: Sequence[str]) -> float:
    """Room that the longest of some labels takes [inches]."""
    probe = figure.text(0, 0, max(names, key=len, default=""))
    width = float(probe.get_window_extent().width / figure.dpi)
    probe.remove()
    return width


def _worst(entries: Sequence[Entry]) -> dict[tuple[str, str], Loss]:
    """Largest loss by scenario and region, of whatever material; none where nothing is lost."""
    found: dict[tuple[str, str], Loss] = {}
    for entry in entries:
        for loss in entry.losses:
            before = found.get((entry.name, loss.region))
            if loss.days_lost > (0.0 if before is None else before.days_lost):
                found[entry.name, loss.region] = loss
    return found


def _regions(entries: Sequence[Entry], worst: dict[tuple[str, str], Loss]) -> list[str]:
    """Regions by the days they lose over all scenarios, then by name."""
    lost = {region: 0.0 for entry in entries for region in entry.regions}
    for (_, region), loss in worst.items():
        lost[region] += loss.days_lost
    return sorted(lost, key=lambda region: (-lost[region], region))


def _cell(loss: Loss | None) -> Cell:
    if loss is None:
        return "0", None
    return ("< 1" if loss.days_lost < 0.5 else f"{loss.days_lost:.0f}"), math.sqrt(loss.days_lost / DARKEST_DAYS)


def _broken(region: str) -> str:
    return region.replace(" ", "\n", 1)


def _headline(worst: dict[tuple[str, str], Loss], scenarios: int) -> str:
    if not worst:
        return f"Nobody runs short in any of {count(scenarios, 'scenario')}"
    most = max(worst.values(), key=lambda loss: (loss.days_lost, loss.region))
    short = len({name for name, _ in worst})
    who = capital(with_article(most.region))
    return (
        f"{who} may lose most: {day_count(most.days_lost)} of {inside_sentence(most.material)}; "
        f"somebody runs short in {short} of {count(scenarios, 'scenario')}"
    )


def _foot(entries: Sequence[Entry]) -> str:
    dates = [entry.as_of for entry in entries if entry.as_of is not None]
    return (
        "–: no such user in the scenario. Sources: those of each scenario, as of "
        f"{long_date(max(dates))}. minsim {__version__}"
    )
