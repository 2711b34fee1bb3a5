"""The files of a run."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from minsim.metrics.licences import licence_columns
from minsim.results import plotting
from minsim.results.files import ResultFiles, manifest
from minsim.results.outcome import Outcome
from minsim.results.tables import daily_columns, event_columns, stockpile_columns, trade_columns

OWN_FILES = (
    "daily.csv",
    "daily.parquet",
    "stockpiles.csv",
    "trade.csv",
    "licences.csv",
    "events.csv",
    "summary.json",
    "shortfall.png",
    "shortfall.svg",
    "licences.png",
    "manifest.json",
)
"""Files a run may write; those of an earlier run that the new one does not write are removed."""


def run_files(run: Outcome, format: Literal["csv", "parquet"] = "csv", command: str | None = None) -> ResultFiles:
    """The files of a run; see `Run.save`.

    Raises
    ------
    ValueError
        The format is not known.
    """
    if format not in ("csv", "parquet"):
        raise ValueError(f"expected format csv or parquet, got {format!r}")
    record = run.record
    contents: dict[str, Any] = {
        f"daily.{format}": daily_columns(record),
        "stockpiles.csv": stockpile_columns(record),
        "trade.csv": trade_columns(record),
        "events.csv": event_columns(record),
        "summary.json": run.summary(),
        "manifest.json": manifest(run.scenario, run.seed, run.replication, command),
    }
    pictures: dict[tuple[str, ...], Any] = {
        ("shortfall.png", "shortfall.svg"): partial(plotting.figure, run, "shortfall"),
    }
    if record.applications:
        contents["licences.csv"] = licence_columns(record)
        pictures[("licences.png",)] = partial(plotting.figure, run, "licences")
    return ResultFiles(contents, pictures, OWN_FILES)
