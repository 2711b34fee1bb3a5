"""A run held against what happened: China's exports of magnets in 2025, month by month, with two naive forecasts beside it.

A simulation is worth its parameters only where it beats what anybody would have said without it: that nothing changes, or
that nothing comes for as long as a licence takes and everything thereafter.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from minsim.scenario.format.events import ExportCurb

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.results.run import Run

__all__ = ["FORECASTS", "Observation", "errors", "hindcast", "observations", "plot_hindcast"]

EXPORTER, MATERIAL, STAGE = "China", "magnets", "fabricate"
WORLD: Final = "World"
YEAR: Final = "2025"
FORECASTS: Final = {"simulated_t": "minsim", "no_change_t": "no change", "pause_t": "nothing for 45 working days"}
"""Columns of forecasts in a hindcast, with their names."""
PAUSE_DAYS: Final = 63
"""45 working days, in calendar days: how long a licence is said to take."""


@dataclass(frozen=True)
class Observation:
    """What customs counted in a month.

    Attributes
    ----------
    month : str
        As 2025-04.
    destination : str
        A country, or `World`.
    tonnes : float
        Exports of magnets from China [t].
    source : str
        Address of the report.
    confidence : str
        `found` there, or `derived` from figures found.
    note : str
        How it was derived, or what else was said.
    """

    month: str
    destination: str
    tonnes: float
    source: str
    confidence: str
    note: str


def observations() -> tuple[Observation, ...]:
    """Monthly exports of magnets from China in 2025, by destination and month."""
    table = resources.files("minsim.data").joinpath("history_magnets_2025.csv").read_text(encoding="utf-8")
    return tuple(Observation(**{**row, "tonnes": float(row["tonnes"])}) for row in csv.DictReader(table.splitlines()))  # type: ignore[arg-type]


def hindcast(run: Run) -> pd.DataFrame:
    """Compare a run's monthly exports of magnets from China with those observed and with two naive forecasts.

    Parameters
    ----------
    run : Run
        Of `magnet-licences-2025`, or of a scenario of one's own over the same months; it must curb China's magnets.

    Returns
    -------
    DataFrame
        One row a destination and month of 2025 within the run: `destination`, `month`, `observed_t` (nan where nobody
        published it), `simulated_t`, `no_change_t` (the run's baseline trade), `pause_t` (nothing for 45 working days
        from the first curb, then the baseline) [t], `confidence` of the observation, and `scored`: whether the month
        counts in `errors`, for which it must be observed and not lie before the curb.
    """
    import pandas as pd

    began = curb_began(run)
    seen = {(found.destination, found.month): found for found in observations()}
    places = sorted({destination for destination, _ in seen})
    rows = []
    for (destination, month), simulated_t in sorted(_simulated(run).items()):
        if destination not in places or month[:4] != YEAR:
            continue
        found = seen.get((destination, month))
        daily = _baseline_t_per_day(run, destination)
        days = _days_of(month)
        open_days = sum(not began <= day < began + dt.timedelta(days=PAUSE_DAYS) for day in days)
        rows.append(
            {
                "destination": destination,
                "month": month,
                "observed_t": found.tonnes if found else math.nan,
                "simulated_t": simulated_t,
                "no_change_t": daily * len(days),
                "pause_t": daily * open_days,
                "confidence": found.confidence if found else "",
                "scored": found is not None and days[-1] >= began,
            }
        )
    return pd.DataFrame(rows)


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Errors of each forecast of a hindcast, by destination, over the months scored.

    Returns
    -------
    DataFrame
        `destination`, `forecast`, `months`, `mean_error_t` (too high is positive), `mean_absolute_error_t` [t], and
        `mape`, the mean of absolute errors as fractions of what was observed: small months weigh as much as large ones.
    """
    import pandas as pd

    rows = []
    for destination, months in table[table.scored].groupby("destination"):
        for column, forecast in FORECASTS.items():
            off = months[column] - months.observed_t
            rows.append(
                {
                    "destination": destination,
                    "forecast": forecast,
                    "months": len(months),
                    "mean_error_t": off.mean(),
                    "mean_absolute_error_t": off.abs().mean(),
                    "mape": (off.abs() / months.observed_t).mean(),
                }
            )
    return pd.DataFrame(rows)


def curb_began(run: Run) -> dt.date:
    """First day of the first curb on China's magnets in a run.

    Raises
    ------
    ValueError
        If the run has none.
    """
    starts = [
        span.start_day
        for span in run.record.network.events
        if isinstance(span.model, ExportCurb)
        and span.model.exporter == EXPORTER
        and (span.model.materials == "all" or MATERIAL in span.model.materials)
    ]
    if not starts:
        raise ValueError(f"expected a curb of {EXPORTER} on {MATERIAL}, got none in {run.scenario.name}")
    return run.record.network.date_of(min(starts))


def _simulated(run: Run) -> dict[tuple[str, str], float]:
    """Tonnes shipped by destination and month, the world included."""
    trade = run.trade
    exports = trade[
        (trade.material == MATERIAL) & (trade.stage == STAGE) & (trade.seller == EXPORTER) & (trade.buyer != EXPORTER)
    ]
    found: dict[tuple[str, str], float] = {}
    for buyer, month, tonnes in zip(exports.buyer, exports.month, exports.shipped_t, strict=True):
        for destination in (buyer, WORLD):
            key = str(destination), str(month)
            found[key] = found.get(key, 0.0) + float(tonnes)
    return found


def _baseline_t_per_day(run: Run, destination: str) -> float:
    return sum(
        arc.base_flow_t_per_day
        for arc in run.record.network.arcs
        if (arc.material, arc.stage, arc.seller) == (MATERIAL, STAGE, EXPORTER)
        and arc.buyer_region != EXPORTER
        and destination in (WORLD, arc.buyer_region)
    )


def _days_of(month: str) -> list[dt.date]:
    first = dt.date.fromisoformat(f"{month}-01")
    days = [first + dt.timedelta(days=k) for k in range(31)]
    return [day for day in days if day.month == first.month]


# ----------------------------------------------------------------------------------------------------------------- picture


HEADLINE: Final = (
    "A queue of 45 working days follows the fall and return of China's magnet exports in 2025; "
    "for the United States a plain pause does better"
)
FOOTNOTE: Final = (
    "Scenario magnet-licences-2025: not fitted month by month, but several parameters come from the same months "
    "(docs/validation.md). No monthly figures for the United States in January, February and April 2025. "
    "Sources: Chinese customs as reported by trade press, each month's in minsim/data/history_magnets_2025.csv."
)


def plot_hindcast(table: pd.DataFrame, title: str = HEADLINE, note: str = FOOTNOTE) -> Figure:
    """Draw a hindcast: the world above, the United States below; what was observed, simulated and naively expected.

    Parameters
    ----------
    table : DataFrame
        Made by `hindcast`.
    title : str
        What the picture shows, in a sentence; the default is what `magnet-licences-2025` shows.
    note : str
        Written below the picture.
    """
    from minsim.charts.page import write_page
    from minsim.charts.style import drawing_style, panels

    with drawing_style():
        subtitle = "Magnets exported from China, January to December 2025, tonnes a month. Shaded: licences required."
        figure, bottom_in, top_in = write_page(title, subtitle, note)
        for axes, destination in zip(
            panels(figure, bottom_in, top_in, (0.55, 0.45)), (WORLD, "United States"), strict=True
        ):
            _draw_months(axes, table[table.destination == destination], destination, named=destination == WORLD)
    return figure


NAMES: Final[dict[str, tuple[str, str, tuple[float, float]]]] = {
    "observed_t": ("Chinese customs", "2025-06", (14.0, -16.0)),
    "simulated_t": ("minsim", "2025-01", (-14.0, -17.0)),
    "no_change_t": ("no change", "2025-05", (0.0, 7.0)),
    "pause_t": ("nothing for 45 working days", "2025-05", (16.0, 5.0)),
}
"""Label of each line, the month it stands at, and how far from it [points]."""


def _draw_months(ax: Axes, months: pd.DataFrame, destination: str, *, named: bool) -> None:
    from minsim.charts.page import framed, set_values
    from minsim.charts.style import COLOURS, GREY
    from minsim.text.formatting import MONTHS

    place = [int(month[5:]) for month in months.month]
    looks: dict[str, dict[str, Any]] = {
        "no_change_t": {"color": GREY, "linestyle": (0, (1, 1.5)), "linewidth": 1.4},
        "pause_t": {"color": GREY, "linestyle": (0, (5, 1.5)), "linewidth": 1.4},
        "simulated_t": {"color": COLOURS[0], "linewidth": 2.6},
        "observed_t": {"color": COLOURS[1], "linewidth": 1.2, "marker": "o", "markersize": 6},
    }
    framed(ax, "To the world, t a month" if destination == WORLD else f"To the {destination}, t a month")
    ax.set_xlim(0.6, 12.4)
    set_values(ax, max(months[column].max() for column in looks))
    ax.set_xticks(range(1, 13), [month[:3] for month in MONTHS])
    ax.axvspan(3.6, 12.4, color="black", alpha=0.05, linewidth=0, zorder=0)
    for column, look in looks.items():
        values = dict(zip(place, months[column], strict=True))
        ax.plot(place, list(values.values()), **look)
        if named:
            _name_line(ax, column, values, look["color"])
    ax.tick_params(axis="x", labelbottom=not named)


def _name_line(ax: Axes, column: str, values: dict[int, float], colour: str) -> None:
    from minsim.charts.page import halo
    from minsim.charts.style import darker

    text, month, offset = NAMES[column]
    at = int(month[5:])
    ax.annotate(
        text, (at, values[at]), offset, "data", "offset points", color=darker(colour), fontweight="bold",
        fontsize=9, path_effects=halo(2.5), zorder=20,
    )  # fmt: skip
