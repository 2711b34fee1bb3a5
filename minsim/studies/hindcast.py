"""Hindcast: China's monthly exports of magnets in 2025, observed, simulated, and by two naive forecasts.

A simulation is useful only if it beats forecasts without a model: that nothing changes, or that exports stop for the time a
licence takes and then return in full.
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

    from minsim.results.run import Run

__all__ = ["FORECASTS", "Observation", "errors", "hindcast", "observations"]

EXPORTER, MATERIAL, STAGE = "China", "magnets", "fabricate"
WORLD: Final = "World"
YEAR: Final = "2025"
FORECASTS: Final = {"simulated_t": "minsim", "no_change_t": "no change", "pause_t": "nothing for 45 working days"}
"""Columns of forecasts in a hindcast, with their labels."""
PAUSE_DAYS: Final = 63
"""45 working days in calendar days: the stated time to obtain a licence."""


@dataclass(frozen=True)
class Observation:
    """Exports recorded by customs in a month.

    Attributes
    ----------
    month : str
        Such as 2025-04.
    destination : str
        A country, or `World`.
    tonnes : float
        Exports of magnets from China [t].
    source : str
        Address of the report.
    confidence : str
        `found` in the source, or `derived` from figures found there.
    note : str
        Derivation, or a remark.
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
        Run of `magnet-licences-2025`, or of your own scenario over the same months with a curb on China's magnets.

    Returns
    -------
    DataFrame
        One row per destination and month of 2025 within the run: `destination`, `month`, `observed_t` (nan if not
        published), `simulated_t`, `no_change_t` (the run's baseline trade), `pause_t` (nothing for 45 working days
        from the first curb, then the baseline) [t], `confidence` of the observation, and `scored`: whether the month
        counts in `errors`: it is observed and ends after the start of the curb.
    """
    import pandas as pd

    curb_start = curb_began(run)
    observed = {(o.destination, o.month): o for o in observations()}
    destinations = {destination for destination, _ in observed}
    rows = []
    for (destination, month), simulated_t in sorted(_simulated(run).items()):
        if destination in destinations and month[:4] == YEAR:
            base_t_per_day = _baseline_t_per_day(run, destination)
            row = _month_row(observed.get((destination, month)), month, simulated_t, base_t_per_day, curb_start)
            rows.append({"destination": destination, **row})
    return pd.DataFrame(rows)


def _month_row(
    observation: Observation | None, month: str, simulated_t: float, base_t_per_day: float, curb_start: dt.date
) -> dict[str, Any]:
    """Exports to one destination in one month: observed, simulated, and by both naive forecasts."""
    days = _days_of(month)
    pause_end = curb_start + dt.timedelta(days=PAUSE_DAYS)
    open_days = sum(not curb_start <= day < pause_end for day in days)
    return {
        "month": month,
        "observed_t": observation.tonnes if observation else math.nan,
        "simulated_t": simulated_t,
        "no_change_t": base_t_per_day * len(days),
        "pause_t": base_t_per_day * open_days,
        "confidence": observation.confidence if observation else "",
        "scored": observation is not None and days[-1] >= curb_start,
    }


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Errors of each forecast of a hindcast, by destination, over the scored months.

    Returns
    -------
    DataFrame
        `destination`, `forecast`, `months`, `mean_error_t` (forecast less observed), `mean_absolute_error_t` [t], and
        `mape`, the mean absolute percentage error as a fraction: small months have the same weight as large ones.
    """
    import pandas as pd

    rows = []
    for destination, months in table[table.scored].groupby("destination"):
        for column, forecast in FORECASTS.items():
            error_t = months[column] - months.observed_t
            rows.append(
                {
                    "destination": destination,
                    "forecast": forecast,
                    "months": len(months),
                    "mean_error_t": error_t.mean(),
                    "mean_absolute_error_t": error_t.abs().mean(),
                    "mape": (error_t.abs() / months.observed_t).mean(),
                }
            )
    return pd.DataFrame(rows)


def curb_began(run: Run) -> dt.date:
    """First day of the first curb on China's magnets in a run.

    Raises
    ------
    ValueError
        If the run has no such curb.
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
    """Simulated exports by destination and month, the world included [t]."""
    trade = run.trade
    exports = trade[
        (trade.material == MATERIAL) & (trade.stage == STAGE) & (trade.seller == EXPORTER) & (trade.buyer != EXPORTER)
    ]
    shipped_t: dict[tuple[str, str], float] = {}
    months = exports.month.dt.strftime("%Y-%m")  # as observations name them
    for buyer, month, tonnes in zip(exports.buyer, months, exports.shipped_t, strict=True):
        for destination in (buyer, WORLD):
            key = str(destination), str(month)
            shipped_t[key] = shipped_t.get(key, 0.0) + float(tonnes)
    return shipped_t


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
