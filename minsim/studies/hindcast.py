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
from typing import TYPE_CHECKING, Final

from minsim.scenario.format.events import ExportCurb

if TYPE_CHECKING:
    import pandas as pd

    from minsim.results.run import Run

__all__ = ["FORECASTS", "Observation", "errors", "hindcast", "observations"]

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
