"""Replications on disk: Parquet parts, written atomically and listed with their checksums.

A part names the scenario, the seed and the replications it holds. Only the parent process writes. A part is first listed in
the manifest of its folder, then appears by one rename, so that a process may be killed at any time: every part in the
folder is complete, and missing runs are computed again. What the manifest does not list, such as the copy that a service
for sharing folders leaves beside a part, and what is no longer as it was written are refused: they would be counted as
replications.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
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
from minsim.results.atomic import reason, write_text
from minsim.results.ownership import checksum
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
MANIFEST = "manifest.jsonl"
"""List of the parts of a folder, one a line: its name, and the SHA-256 of its bytes."""
WEEKLY = "weekly_shortfall_fraction"
KEY = b"minsim"
ROWS_TOGETHER = 1024
"""Replications in a row group of the merged table, independent of the sizes of the parts."""
MOST_FAULTS = 8
REMEDY = "remove the folder of the parts to compute them again, or give another folder"
DATES = tuple(name for name, unit in METRIC_UNITS.items() if unit == "date")


@dataclass(frozen=True)
class Part:
    """A file of replications, and its metadata."""

    path: Path
    first: int
    last: int
    failures: tuple[Failure, ...]
    schema: ResultSchema | None


class ReplicationStore:
    """The parts of one experiment in a folder; opened by one process at a time.

    Parameters
    ----------
    out : Path
        Folder of the ensemble.
    experiment : Experiment
        The experiment that every part must belong to.
    design : str, optional
        Distinguishes its runs from others of the experiment. If given, even empty, several experiments share the folder,
        each in its own subfolder; absent: the folder holds this experiment alone.

    Raises
    ------
    OutputError
        If the folder holds another experiment, cannot be written, or is locked by another process.
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
            canonical = json.dumps(self.identity, sort_keys=True).encode()
            self.folder /= hashlib.sha256(canonical).hexdigest()[:16]

    @contextlib.contextmanager
    def opened(self) -> Iterator[list[Part]]:
        """The stored parts, in order, with the folder locked against other processes."""
        with locked(self.out):
            yield self.stored_parts()

    def stored_parts(self) -> list[Part]:
        """The stored parts, in order; removes incomplete files of a killed process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(".part-*.parquet.tmp"):
            leftover.unlink()
        listed = self._listed()
        self._refuse_others(listed)
        return sorted((self._read(self.folder / name) for name in listed), key=lambda p: p.first)

    def _listed(self) -> dict[str, str]:
        """Checksums of the listed parts by name; a part whose writing was cut short leaves the list."""
        path = self.folder / MANIFEST
        text = path.read_text("utf-8") if path.exists() else ""
        whole, _, torn = text.rpartition("\n")
        try:
            entries = [json.loads(line) for line in whole.splitlines()]
            listed = {str(entry["part"]): str(entry["sha256"]) for entry in entries}
        except (KeyError, TypeError, ValueError) as error:
            raise OutputError(f"{path} is not as minsim wrote it ({error}); {REMEDY}") from error
        last = entries[-1]["part"] if entries else None
        if last is not None and not (self.folder / last).exists():
            del listed[last]  # listed, but never moved here
            torn = last
        if torn:
            lines = (_listing(name, known) for name, known in listed.items())
            write_text(path, "".join(lines))
        return listed

    def _refuse_others(self, listed: Mapping[str, str]) -> None:
        """Refuse what is missing, changed, or foreign, by name."""
        there = {path.name for path in self.folder.iterdir() if path.is_file() and not path.name.startswith(".")}
        there.discard(MANIFEST)
        foreign, missing = sorted(there - listed.keys()), sorted(listed.keys() - there)
        changed = sorted(name for name in there & listed.keys() if checksum(self.folder / name) != listed[name])
        faults = [
            *(f"{self.folder / name} was not written by minsim, or is a copy; move it away" for name in foreign),
            *(f"{self.folder / name} is missing; bring it back, or {REMEDY}" for name in missing),
            *(f"{self.folder / name} has been changed since it was written; {REMEDY}" for name in changed),
        ]
        if foreign and not listed:
            faults = [f"{self.folder} holds files that {MANIFEST} does not list: {', '.join(foreign)}; {REMEDY}"]
        if faults:
            more = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
            raise OutputError("\n  ".join(["replications that cannot be relied on:", *faults[:MOST_FAULTS], *more]))

    def _read(self, path: Path) -> Part:
        try:
            metadata = json.loads(parquet.read_schema(path).metadata[KEY])
        except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
            raise OutputError(f"{path} was not written by minsim ({error}); {REMEDY}") from error
        for name, expected in self.identity.items():
            if metadata["identity"][name] != expected:
                raise OutputError(
                    f"{self.out} holds replications of another experiment: {name.replace('_', ' ')} "
                    f"{_brief(metadata['identity'][name])} there, {_brief(expected)} here; "
                    "give another folder, or remove this one"
                )
        failures = tuple(Failure(**failure) for failure in metadata["failures"])
        schema = None if metadata["shape"] is None else ResultSchema.from_dict(metadata["shape"])
        return Part(path, metadata["first"], metadata["last"], failures, schema)

    def write(self, chunk: Chunk) -> Part:
        """Write a chunk as a part, atomically."""
        metadata = {
            "identity": self.identity,
            "first": chunk.first,
            "last": chunk.last,
            "failures": [vars(failure) for failure in chunk.failures],
            "shape": None if chunk.schema is None else chunk.schema.as_dict(),
        }
        table = table_of(chunk).replace_schema_metadata({KEY: json.dumps(metadata).encode()})
        path = self.folder / f"part-{chunk.first:08d}-{chunk.last:08d}.parquet"
        draft = self.folder / f".{path.name}.tmp"
        content = pa.BufferOutputStream()
        parquet.write_table(table, content)
        data = content.getvalue().to_pybytes()
        try:
            draft.write_bytes(data)
            with (self.folder / MANIFEST).open("a", encoding="utf-8", newline="") as manifest:
                manifest.write(_listing(path.name, hashlib.sha256(data).hexdigest()))
            os.replace(draft, path)
        except BaseException:  # Ctrl-C too: no incomplete file may stay behind
            draft.unlink(missing_ok=True)
            raise
        return Part(path, chunk.first, chunk.last, chunk.failures, chunk.schema)


@functools.cache
def program_version() -> str:
    """The version, with a digest of the source: results of different programs must not be mixed.

    Two states of a program under development share a version but may compute different numbers.
    """
    digest = hashlib.sha256()
    with resources.as_file(resources.files("minsim")) as package:
        for path in sorted([*package.rglob("*.py"), *package.rglob("*.csv")]):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Lock a folder against other processes that would write parts; creates it if missing."""
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        with _file_lock(out):
            yield
    except OSError as error:
        raise OutputError(f"cannot write results to {out}: {reason(error)}") from error


@contextlib.contextmanager
def _file_lock(out: Path) -> Iterator[None]:
    """Hold a lock that the operating system releases when this process ends, on every system."""
    from filelock import FileLock, Timeout

    lock = FileLock(out / FOLDER / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(f"another minsim is writing to {out}; wait for it, or give another folder") from None
    try:
        yield
    finally:
        lock.release()


def _listing(name: str, known: str) -> str:
    """Line of the manifest on one part."""
    return json.dumps({"part": name, "sha256": known}) + "\n"


def _brief(value: Any) -> str:
    return value[:24] if isinstance(value, str) else str(value)


def missing_runs(parts: Sequence[Part | Chunk], replications: int, longest: int) -> Iterator[tuple[int, int]]:
    """Ranges of replications that no part holds, in order, none longer than `longest`."""
    first = 0
    stored = sorted((part.first, part.last + 1) for part in parts)
    for until, after in [*stored, (replications, replications)]:
        for start in range(first, min(until, replications), longest):
            yield start, min(start + longest, until, replications) - 1
        first = max(first, after)


# ---------------------------------------------------------------------------------------------------------------- columns


def table_of(chunk: Chunk) -> pa.Table:
    """A chunk as a table: one row per replication and place."""
    if chunk.schema is None:
        return pa.table({"replication": pa.array([], pa.int64())})
    schema, count = chunk.schema, len(chunk.replications)
    flat = chunk.values.reshape(-1, len(METRICS))
    columns = {
        "replication": pa.array(np.repeat(chunk.replications, len(schema.places))),
        "material": pa.array([place.material for place in schema.places] * count),
        "region": pa.array([place.region for place in schema.places] * count),
        **{name: _column(flat[:, j], name, schema.start) for j, name in enumerate(METRICS)},
    }
    if chunk.weekly.size:
        columns[WEEKLY] = _weekly_column(chunk.weekly, schema, count)
    return pa.table(columns)


def chunk_of(part: Part) -> Chunk:
    """The chunk of a part, without its weekly shortfall."""
    numbers, values = values_of(part)
    weekly = np.empty((0, 0, 0), dtype=np.float32)
    return Chunk(part.first, part.last, numbers, values, weekly, part.failures, part.schema)


def _column(values: FloatArray, name: str, start: dt.date) -> pa.Array:
    if name not in DATES:
        return pa.array(values, from_pandas=True)
    missing = np.isnan(values)
    days = np.datetime64(start, "D") + np.where(missing, 0, values).astype("timedelta64[D]")
    return pa.array(days, mask=missing)


def _weekly_column(weekly: Weekly, schema: ResultSchema, count: int) -> pa.Array:
    """Weekly values of each consumer as a list; null for other places.

    Lists of one length would be the type for it, but pyarrow below 26 does not write those that are null.
    """
    places, consumers = len(schema.places), schema.consumer_count
    rows = np.arange(count)[:, None] * consumers + np.minimum(np.arange(places), consumers)
    starts = np.append(rows.ravel() * schema.weeks, weekly.size).astype(np.int32)
    null = np.append(np.tile(np.arange(places) >= consumers, count), False)
    return pa.ListArray.from_arrays(pa.array(starts, mask=null), pa.array(weekly.ravel()))


def values_of(part: Part, metrics: Sequence[str] = METRICS) -> tuple[np.ndarray, FloatArray]:
    """Replications of a part, and their values of shape (m, places, metrics); dates are day numbers."""
    if part.schema is None:
        return np.empty(0, dtype=np.int64), np.empty((0, 0, len(metrics)))
    table = parquet.read_table(part.path, columns=["replication", *metrics], use_threads=False)
    places = len(part.schema.places)
    columns = [_numbers(table[name], name, part.schema.start) for name in metrics]
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
    assert part.schema is not None
    table = parquet.read_table(part.path, columns=["replication", WEEKLY], use_threads=False)
    step, weeks = len(part.schema.places), part.schema.weeks
    rows = (np.arange(0, table.num_rows, step)[:, None] + np.asarray(places)).ravel()
    own = table[WEEKLY].combine_chunks().take(pa.array(rows))
    weekly = own.flatten().to_numpy().reshape(-1, len(places), weeks)
    return table["replication"].to_numpy()[::step], weekly


def merge(parts: Sequence[Part], replications: int, path: Path) -> None:
    """Write the replications below a number as one table without weekly values; the bytes do not depend on the parts."""
    writer: parquet.ParquetWriter | None = None
    pending: list[pa.Table] = []
    rows = 0
    try:
        for part in parts:
            if part.schema is None or part.first >= replications:
                continue
            table = _table_below(part, replications)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            pending.append(table)
            rows += table.num_rows
            size = ROWS_TOGETHER * len(part.schema.places)
            while rows >= size:
                together = pa.concat_tables(pending).combine_chunks()
                writer.write_table(together.slice(0, size), row_group_size=size)
                pending, rows = [together.slice(size)], rows - size
        if writer is not None and rows:
            writer.write_table(pa.concat_tables(pending).combine_chunks(), row_group_size=rows)
    finally:
        if writer is not None:
            writer.close()


def _table_below(part: Part, replications: int) -> pa.Table:
    """The replications of a part below a number, without weekly values and metadata."""
    import pyarrow.compute as pc

    table = parquet.read_table(part.path, use_threads=False).drop_columns(WEEKLY)
    return table.filter(pc.less(table["replication"], replications)).replace_schema_metadata(None)
