"""Heat map of library runs: days of use lost, by scenario and region."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minsim._version import __version__
from minsim.charts.heatmap import HeatMapCell, draw_maps
from minsim.charts.page import write_page
from minsim.charts.style import drawing_style
from minsim.text.formatting import capital, count, day_count, inside_sentence, long_date, whole_days, with_article

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minsim.studies.library_runs import Entry, Loss

DARKEST_DAYS = 365.0
"""Days of use lost from which on a cell is darkest: a year; shades go by the square root, so that a week is visible."""


def plot_catalogue(entries: Sequence[Entry]) -> Figure:
    """Draw the heat map.

    Parameters
    ----------
    entries : sequence of Entry
        From `minsim.studies.library_runs.run_all`; those that failed are left out.

    Returns
    -------
    Figure
    """
    done = [entry for entry in entries if entry.failure is None]
    worst = _worst(done)
    regions = _regions(done, worst)
    cells = [
        [_cell(worst.get((entry.name, region))) if region in entry.regions else None for region in regions]
        for entry in done
    ]
    headline, foot = _headline(worst, len(done)), _foot(done)
    what = "Days of use lost, the most of any material, central case"
    with drawing_style():
        return draw_maps(
            [("", cells)],
            [entry.name for entry in done],
            regions,
            lambda height_in: write_page(headline, what, foot, height_in),
        )


def _worst(entries: Sequence[Entry]) -> dict[tuple[str, str], Loss]:
    """Largest loss by scenario and region, over all materials; no entry where nothing is lost."""
    found: dict[tuple[str, str], Loss] = {}
    for entry in entries:
        for loss in entry.losses:
            before = found.get((entry.name, loss.region))
            if loss.days_lost > (0.0 if before is None else before.days_lost):
                found[entry.name, loss.region] = loss
    return found


def _regions(entries: Sequence[Entry], worst: dict[tuple[str, str], Loss]) -> list[str]:
    """Regions by the days lost over all scenarios, then by name."""
    lost = {region: 0.0 for entry in entries for region in entry.regions}
    for (_, region), loss in worst.items():
        lost[region] += loss.days_lost
    return sorted(lost, key=lambda region: (-lost[region], region))


def _cell(loss: Loss | None) -> HeatMapCell:
    if loss is None:
        return 0.0, "0"
    return math.sqrt(loss.days_lost / DARKEST_DAYS), whole_days(loss.days_lost)


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
