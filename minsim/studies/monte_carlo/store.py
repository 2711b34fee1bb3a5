"""Replications on disk: Parquet parts, each written whole or not at all.

A part names the scenario, the seed and the replications it holds. Only the parent writes; a part appears by one rename, so
that whoever is killed, and whenever, what is in the folder is good and what is not is computed again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from minsim._version import __version__
from minsim.errors import OutputError
from minsim.metrics.consumers import FloatArray
from minsim.studies.monte_carlo.replications import (
    METRIC_UNITS,
    METRICS,
    Chunk,
    Experiment,
    Failure,
    ResultSchema,
    Weekly,
)

FOLDER = "parts"
WEEKLY = "weekly_shortfall_fraction"
KEY = b"minsim"
ROWS_TOGETHER = 1024
"""Replications in a row group of the merged table, whatever the parts were."""
DATES = tuple(name for name, unit in METRIC_UNITS.items() if unit == "date")


@dataclass(frozen=True)
class Part:
    """A file of replications, and what it says of itself."""

    path: Path
    first: int
    last: int
    failures: tuple[Failure, ...]
    shape: ResultSchema | None


class ReplicationStore:
    """The parts of one experiment in a folder; opened by one process at a time.

    Parameters
    ----------
    out : Path
        Folder of the ensemble.
    experiment : Experiment
        What the parts must be of.
    design : str, optional
        What tells its runs from others of the experiment. Given, or empty, the parts share the folder with those of other
        experiments, each in a folder of its own; absent, the folder holds this experiment alone.

    Raises
    ------
    OutputError
        If the folder holds another experiment, or cannot be written, or another process is at it.
    """

    def __init__(self, out: Path, experiment: Experiment, design: str | None = None) -> None:
        self.out, self.experiment = out, experiment
        self.identity = {
            "scenario": experiment.name,
            "scenario_hash": experiment.scenario_hash,
            "seed": experiment.seed,
            "sampler": experiment.sampler,
            "version": program_version(),
        }
        self.folder = out / FOLDER
        if design is not None:
            self.identity |= {"central": experiment.central, "design": design}
            told = json.dumps(self.identity, sort_keys=True).encode()
            self.folder /= hashlib.sha256(told).hexdigest()[:16]

    @contextlib.contextmanager
    def opened(self) -> Iterator[list[Part]]:
        """The parts found, in order, while no other process may write here."""
        with locked(self.out):
            yield self.found()

    def found(self) -> list[Part]:
        """The parts found, in order; what a killed process left half-written is removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(".*.tmp"):
            leftover.unlink()
        return sorted((self._read(path) for path in self.folder.glob("part-*.parquet")), key=lambda p: p.first)

    def _read(self, path: Path) -> Part:
        try:
            told = json.loads(parquet.read_schema(path).metadata[KEY])
        except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
            raise OutputError(f"{path} was not written by minsim ({error}); remove it") from error
        for name, wanted in self.identity.items():
            if told["identity"][name] != wanted:
                raise OutputError(
                    f"{self.out} holds replications of another experiment: {name.replace('_', ' ')} "
                    f"{_brief(told['identity'][name])} there, {_brief(wanted)} here; give another folder, or remove this one"
                )
        failures = tuple(Failure(**failure) for failure in told["failures"])
        shape = None if told["shape"] is None else ResultSchema.from_dict(told["shape"])
        return Part(path, told["first"], told["last"], failures, shape)

    def write(self, chunk: Chunk) -> Part:
        """Write a chunk as a part, whole or not at all."""
        told = {
            "identity": self.identity,
            "first": chunk.first,
            "last": chunk.last,
            "failures": [vars(failure) for failure in chunk.failures],
            "shape": None if chunk.shape is None else chunk.shape.as_dict(),
        }
        table = table_of(chunk).replace_schema_metadata({KEY: json.dumps(told).encode()})
        path = self.folder / f"part-{chunk.first:08d}-{chunk.last:08d}.parquet"
        draft = self.folder / f".{path.name}.tmp"
        try:
            parquet.write_table(table, draft)
            os.replace(draft, path)
        except BaseException:  # Ctrl-C too: a half-written part must not stay behind
            draft.unlink(missing_ok=True)
            raise
        return Part(path, chunk.first, chunk.last, chunk.failures, chunk.shape)


@functools.cache
def program_version() -> str:
    """The version, and a digest of the program itself: what another program computed must not be mixed in.

    Two states of a program under development have the same version, and other numbers.
    """
    told = hashlib.sha256()
    with resources.as_file(resources.files("minsim")) as package:
        for path in sorted([*package.rglob("*.py"), *package.rglob("*.csv")]):
            told.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{told.hexdigest()[:12]}"


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keep other processes from writing parts into a folder, which is made if need be."""
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        with _held(out / FOLDER / ".lock"):
            yield
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {(error.strerror or str(error)).lower()}") from error


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock that the system lifts when this process ends, however it ends."""
    with path.open("w") as file:
        try:
            import fcntl
        except ImportError:  # where there are no such locks, two commands on one folder are the user's own affair
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another minsim is writing to {path.parent.parent}; wait for it, or give another folder"
            raise OutputError(message) from None
        yield


def _brief(value: Any) -> str:
    return value[:24] if isinstance(value, str) else str(value)


def missing_runs(parts: Sequence[Part | Chunk], replications: int, longest: int) -> Iterator[tuple[int, int]]:
    """Runs of replications that no part holds, in order, cut where they are longer than `longest`."""
    first = 0
    held = sorted((part.first, part.last + 1) for part in parts)
    for until, after in [*held, (replications, replications)]:
        for start in range(first, min(until, replications), longest):
            yield start, min(start + longest, until, replications) - 1
        first = max(first, after)


# ---------------------------------------------------------------------------------------------------------------- columns


def table_of(chunk: Chunk) -> pa.Table:
    """A chunk as a table: one row a replication and place."""
    if chunk.shape is None:
        return pa.table({"replication": pa.array([], pa.int64())})
    shape, count = chunk.shape, len(chunk.replications)
    flat = chunk.values.reshape(-1, len(METRICS))
    columns = {
        "replication": pa.array(np.repeat(chunk.replications, len(shape.places))),
        "material": pa.array([place.material for place in shape.places] * count),
        "region": pa.array([place.region for place in shape.places] * count),
        **{name: _column(flat[:, j], name, shape.start) for j, name in enumerate(METRICS)},
    }
    if chunk.weekly.size:
        columns[WEEKLY] = _weekly_column(chunk.weekly, shape, count)
    return pa.table(columns)


def chunk_of(part: Part) -> Chunk:
    """The chunk that a part was written from, without its weeks."""
    numbers, values = values_of(part)
    weekly = np.empty((0, 0, 0), dtype=np.float32)
    return Chunk(part.first, part.last, numbers, values, weekly, part.failures, part.shape)


def _column(values: FloatArray, name: str, start: dt.date) -> pa.Array:
    if name not in DATES:
        return pa.array(values, from_pandas=True)
    absent = np.isnan(values)
    days = np.datetime64(start, "D") + np.where(absent, 0, values).astype("timedelta64[D]")
    return pa.array(days, mask=absent)


def _weekly_column(weekly: Weekly, shape: ResultSchema, count: int) -> pa.Array:
    """Weeks of each consumer as a list; other places have none."""
    full = np.zeros((count, len(shape.places), shape.weeks), dtype=np.float32)
    full[:, : shape.consumers] = weekly
    mask = np.tile(np.arange(len(shape.places)) >= shape.consumers, count)
    return pa.FixedSizeListArray.from_arrays(pa.array(full.ravel()), shape.weeks, mask=pa.array(mask))


def values_of(part: Part, metrics: Sequence[str] = METRICS) -> tuple[np.ndarray, FloatArray]:
    """Replications of a part, and their values of shape (m, places, metrics); dates are day numbers."""
    if part.shape is None:
        return np.empty(0, dtype=np.int64), np.empty((0, 0, len(metrics)))
    table = parquet.read_table(part.path, columns=["replication", *metrics], use_threads=False)
    places = len(part.shape.places)
    columns = [_numbers(table[name], name, part.shape.start) for name in metrics]
    values = np.stack(columns, axis=1).reshape(-1, places, len(metrics))
    return table["replication"].to_numpy()[::places], values


def _numbers(column: pa.ChunkedArray, name: str, start: dt.date) -> FloatArray:
    if name not in DATES:
        return np.asarray(column.to_numpy(), dtype=np.float64)
    days = column.to_numpy().astype("datetime64[D]")
    since = (days - np.datetime64(start, "D")).astype(float)
    return np.where(np.isnat(days), np.nan, since)


def weekly_of(part: Part, places: Sequence[int]) -> tuple[np.ndarray, Weekly]:
    """Replications of a part, and the weekly shortfall of some consumers, shape (m, len(places), weeks)."""
    assert part.shape is not None
    table = parquet.read_table(part.path, columns=["replication", WEEKLY], use_threads=False)
    step, weeks = len(part.shape.places), part.shape.weeks
    rows = (np.arange(0, table.num_rows, step)[:, None] + np.asarray(places)).ravel()
    own = table[WEEKLY].combine_chunks().take(pa.array(rows))
    weekly = own.flatten().to_numpy().reshape(-1, len(places), weeks)
    return table["replication"].to_numpy()[::step], weekly


def merge(parts: Sequence[Part], replications: int, path: Path) -> None:
    """Write the replications below a number as one table without weeks; the same bytes whatever the parts were."""
    import pyarrow.compute as pc

    writer: parquet.ParquetWriter | None = None
    waiting: list[pa.Table] = []
    rows = 0
    try:
        for part in parts:
            if part.shape is None or part.first >= replications:
                continue
            table = parquet.read_table(part.path, use_threads=False).drop_columns(WEEKLY)
            table = table.filter(pc.less(table["replication"], replications)).replace_schema_metadata(None)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            waiting.append(table)
            rows += table.num_rows
            size = ROWS_TOGETHER * len(part.shape.places)
            while rows >= size:
                together = pa.concat_tables(waiting).combine_chunks()
                writer.write_table(together.slice(0, size), row_group_size=size)
                waiting, rows = [together.slice(size)], rows - size
        if writer is not None and rows:
            writer.write_table(pa.concat_tables(waiting).combine_chunks(), row_group_size=rows)
    finally:
        if writer is not None:
            writer.close()
