"""Write the files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minsim.metrics.licences import licence_columns
from minsim.results import plotting
from minsim.results.outcome import Outcome

if TYPE_CHECKING:
    pass

from minsim.results.files import manifest, whole_files, write_csv, write_json, write_parquet
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


def save_run(
    run: Outcome,
    out: Path,
    format: Literal["csv", "parquet"] = "csv",
    *,
    plot: bool = True,
    command: str | None = None,
) -> Path:
    """Write the files of a run into a folder.

    Parameters
    ----------
    run : Outcome
        The finished run.
    out : Path
        The folder; made with its parents if absent.
    format : {"csv", "parquet"}
        Format of the daily table; the small tables are CSV either way.
    plot : bool
        Also draw `shortfall.png` and `shortfall.svg`, and `licences.png` where licences were applied for.
    command : str, optional
        What the user typed, kept in the manifest without folders.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        The folder cannot be written.
    ValueError
        The format is not known.
    """
    if format not in ("csv", "parquet"):
        raise ValueError(f"expected format csv or parquet, got {format!r}")
    with whole_files(out, OWN_FILES) as staging:
        _write_all(run, staging, format, plot, command)
    return out


def _write_all(run: Outcome, folder: Path, format: str, plot: bool, command: str | None) -> None:
    if format == "csv":
        write_csv(folder / "daily.csv", daily_columns(run.record))
    else:
        write_parquet(folder / "daily.parquet", daily_columns(run.record))
    write_csv(folder / "stockpiles.csv", stockpile_columns(run.record))
    write_csv(folder / "trade.csv", trade_columns(run.record))
    if run.record.applications:
        write_csv(folder / "licences.csv", licence_columns(run.record))
    write_csv(folder / "events.csv", event_columns(run.record))
    write_json(folder / "summary.json", run.summary())
    if plot:
        plotting.save(plotting.figure(run, "shortfall"), folder / "shortfall.png", folder / "shortfall.svg")
        if run.record.applications:
            plotting.save(plotting.figure(run, "licences"), folder / "licences.png")
    write_json(folder / "manifest.json", manifest(run, command))
