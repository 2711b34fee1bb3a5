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
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minsim._version import __version__
from minsim.errors import OutputError
from minsim.results.outcome import Outcome

if TYPE_CHECKING:
    pass

from minsim.results.tables import Columns

DEPENDENCIES = ("matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "scipy", "simpy")
FLOAT_FORMAT = "%.12g"


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


# ----------------------------------------------------------------------------------------------------------------- formats


def write_csv(path: Path, columns: Columns) -> None:
    """Write columns as CSV: ISO dates and months, 12 significant digits, `nan` empty."""
    texts = [_as_texts(column) for column in columns.values()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))


def _as_texts(column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "M":
        days, which = np.unique(column, return_inverse=True)
        return np.datetime_as_string(days).astype(object)[which].tolist()  # type: ignore[no-any-return]
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
