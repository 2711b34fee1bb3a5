"""Result files: tables as plain columns, written so that each file appears whole or not at all.

pandas takes longer to import than a run takes to compute, so the files are written from numpy columns. Everything is
first written into a temporary folder beside the target, then moved file by file; the manifest comes last, so a folder
that has one is complete.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import platform
import re
import secrets
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from minsim import __version__, metrics
from minsim.errors import OutputError
from minsim.licence_table import licence_columns
from minsim.metrics import Outcome
from minsim.price_metrics import spot_price_usd_per_kg

if TYPE_CHECKING:
    from minsim.causes.attribution import Attribution
    from minsim.engine import Record
    from minsim.network import Network

Columns = dict[str, NDArray[Any]]
"""A table: columns of one length, by name."""

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

ATTRIBUTION_FILES = (
    "attribution.csv",
    "waterfall.csv",
    "attribution.json",
    "attribution.png",
    "attribution.svg",
    "waterfall.png",
    "waterfall.svg",
    "manifest.json",
)
"""Files an attribution may write."""

DEPENDENCIES = ("matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "scipy", "simpy")
FLOAT_FORMAT = "%.12g"


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


def save_attribution(attribution: Attribution, out: Path, *, plot: bool = True, command: str | None = None) -> Path:
    """Write an attribution and its waterfall into a folder.

    Parameters
    ----------
    attribution : Attribution
        The finished attribution.
    out : Path
        The folder; made with its parents if absent.
    plot : bool
        Also draw both, as PNG and SVG.
    command : str, optional
        What the user typed, kept in the manifest without folders.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    with whole_files(out, ATTRIBUTION_FILES) as folder:
        write_csv(folder / "attribution.csv", columns_of(attribution.rows, attribution.COLUMNS))
        if attribution.waterfall.rows:
            write_csv(folder / "waterfall.csv", columns_of(attribution.waterfall.rows, attribution.waterfall.COLUMNS))
        write_json(folder / "attribution.json", attribution.summary())
        if plot:
            from minsim import style
            from minsim.charts.attribution import plot_attribution
            from minsim.charts.waterfall import plot_waterfall

            figures = {"attribution": plot_attribution(attribution)}
            if attribution.waterfall.rows:
                figures["waterfall"] = plot_waterfall(attribution.run)
            for name, figure in figures.items():
                style.save_figure(figure, folder / f"{name}.png", folder / f"{name}.svg")
        write_json(folder / "manifest.json", manifest(attribution.run, command))
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
        from minsim import style
        from minsim.charts.licences import plot_licences
        from minsim.charts.shortfall import plot_shortfall

        style.save_figure(plot_shortfall(run), folder / "shortfall.png", folder / "shortfall.svg")
        if run.record.applications:
            style.save_figure(plot_licences(run), folder / "licences.png")
    write_json(folder / "manifest.json", manifest(run, command))


# ------------------------------------------------------------------------------------------------------------ whole or not


@contextlib.contextmanager
def whole_files(out: Path, own_files: Sequence[str]) -> Iterator[Path]:
    """Folder to write files into, which then appear in `out` together; of an error nothing is left.

    Parameters
    ----------
    out : Path
        The folder; made with its parents if absent.
    own_files : sequence of str
        Files that may be written; those of an earlier time that are not written now are removed.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    try:
        with _staging_folder(out) as staging:
            yield staging
            _publish(staging, out, own_files)
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {(error.strerror or str(error)).lower()}") from error


@contextlib.contextmanager
def _staging_folder(out: Path) -> Iterator[Path]:
    """Temporary folder beside `out`, on the same file system so that moving is atomic; gone afterwards."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = out.parent / f".{out.name}-{secrets.token_hex(6)}"
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out: Path, own_files: Sequence[str]) -> None:
    """Move every file into `out`, the manifest last, and remove what an earlier run left under our names."""
    out.mkdir(exist_ok=True)
    written = {path.name for path in staging.iterdir()}
    # Until the new manifest stands, the folder must not look complete.
    for name in ("manifest.json", *own_files):
        if name == "manifest.json" or name not in written:
            (out / name).unlink(missing_ok=True)
    for name in sorted(written, key=lambda name: (name == "manifest.json", name)):
        os.replace(staging / name, out / name)


# ----------------------------------------------------------------------------------------------------------------- columns


def daily_columns(record: Record) -> Columns:
    """Columns of `daily`, days outermost."""
    network, days = record.network, record.sector.shape[0]
    consumer = np.array([sector.consumer for sector in network.sectors], dtype=np.intp)
    flows = record.sector.reshape(-1, record.sector.shape[2])
    cover = metrics.commercial_cover_days(record)
    return {
        "date": np.repeat(_dates(network), len(network.sectors)),
        **{key: _tiled([getattr(s, key) for s in network.sectors], days) for key in ("material", "region", "sector")},
        "demand_t": flows[:, metrics.DEMAND],
        "consumed_t": flows[:, metrics.CONSUMED],
        "shortfall_t": flows[:, metrics.SHORTFALL],
        "destroyed_t": flows[:, metrics.DESTROYED],
        "from_stockpile_t": flows[:, metrics.FROM_STOCKPILE],
        "commercial_cover_days": cover[:, consumer].ravel(),
        "price_usd_per_kg": record.consumer[:, consumer, metrics.PRICE].ravel(),
        "spot_price_usd_per_kg": spot_price_usd_per_kg(record)[:, consumer].ravel(),
    }


def stockpile_columns(record: Record) -> Columns:
    """Columns of `stockpiles`, days outermost."""
    network, days = record.network, record.holding.shape[0]
    holdings = network.holdings
    return {
        "date": np.repeat(_dates(network), len(holdings)),
        "stockpile": _tiled([holding.stockpile for holding in holdings], days),
        "material": _tiled([holding.material for holding in holdings], days),
        "stock_t": record.holding[:, :, metrics.CLOSING].ravel(),
        "cover_days": metrics.strategic_cover_days(record).ravel(),
        "bought_t": record.holding[:, :, metrics.BOUGHT].ravel(),
        "released_t": record.holding[:, :, metrics.RELEASED].ravel(),
        "spent_usd": record.holding[:, :, metrics.SPENT].ravel(),
    }


def trade_columns(record: Record) -> Columns:
    """Columns of `trade`, months outermost; only lanes that carried something in the run or in baseline trade."""
    network, months = record.network, record.trade.shape[0]
    baseline = np.array([arc.base_flow_t_per_day > 0 for arc in network.arcs], dtype=bool)
    used = np.flatnonzero(record.trade.any(axis=0) | record.leaked.any(axis=0) | baseline)
    arcs = [network.arcs[index] for index in used]
    first = np.datetime64(network.start, "M")
    names = np.datetime_as_string(first + np.arange(months)).astype(object)
    return {
        "month": np.repeat(names, len(arcs)),
        **{key: _tiled([getattr(a, key) for a in arcs], months) for key in ("material", "stage", "seller", "buyer")},
        "shipped_t": record.trade[:, used].ravel(),
        "leaked_t": record.leaked[:, used].ravel(),
    }


def event_columns(record: Record) -> Columns:
    """Columns of `events`: the log."""
    days = np.array([entry.day for entry in record.log], dtype="timedelta64[D]")
    return {
        "date": np.datetime64(record.network.start, "D") + days,
        **{key: np.array([getattr(e, key) for e in record.log], dtype=object) for key in ("event", "what", "whom")},
    }


def columns_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    """Columns of rows of texts and numbers; without rows, empty ones."""
    return {
        name: np.array([row[name] for row in rows], dtype=object if rows and isinstance(rows[0][name], str) else float)
        for name in names
    }


def _dates(network: Network) -> NDArray[np.datetime64]:
    days: NDArray[np.datetime64] = np.datetime64(network.start, "D") + np.arange(network.days)
    return days


def _tiled(names: list[str], times: int) -> NDArray[np.object_]:
    return np.tile(np.array(names, dtype=object), times)


# ----------------------------------------------------------------------------------------------------------------- formats


def write_csv(path: Path, columns: Columns) -> None:
    """Write columns as CSV: ISO dates, 12 significant digits, `nan` empty."""
    texts = [_as_texts(column) for column in columns.values()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))


def _as_texts(column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "M":
        days, which = np.unique(column, return_inverse=True)
        return np.datetime_as_string(days, unit="D").astype(object)[which].tolist()  # type: ignore[no-any-return]
    if column.dtype == object:
        return column.tolist()  # type: ignore[no-any-return]
    # Many values repeat from day to day (demand, zero shortfall), and formatting is what takes the time.
    known: dict[float, str] = {}
    texts = []
    for value in (column + 0.0).tolist():  # + 0.0 turns -0.0 into 0.0
        if value != value:
            texts.append("")
            continue
        text = known.get(value)
        if text is None:
            text = known[value] = FLOAT_FORMAT % value
        texts.append(text)
    return texts


def write_parquet(path: Path, columns: Columns) -> None:
    """Write columns as Parquet: dates as dates, texts dictionary-encoded, `nan` as null."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    parquet.write_table(table, path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write strict JSON: no NaN, no infinity."""
    path.write_text(json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------- manifest


def manifest(run: Outcome, command: str | None = None) -> dict[str, Any]:
    """What it takes to compute a run again; no folder, user or time of day, so that equal runs have equal manifests."""
    return {
        "scenario": run.scenario.name,
        "scenario_hash": run.scenario.hash,
        "seed": run.seed,
        "replication": run.replication,
        "command": None if command is None else _without_folders(command),
        "versions": {
            "minsim": __version__,
            "python": platform.python_version(),
            **{name: version for name in DEPENDENCIES if (version := _version(name)) is not None},
        },
        "resolved_scenario": run.scenario.resolved,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _without_folders(command: str) -> str:
    return shlex.join(re.sub(r"^([^=]*=)?(.+)$", _last_part, word) for word in shlex.split(command))


def _last_part(match: re.Match[str]) -> str:
    option, value = match.group(1) or "", match.group(2)
    for path in (PurePosixPath(value), PureWindowsPath(value)):
        if path.is_absolute() or value.startswith("~"):
            return option + path.name
    return option + value
