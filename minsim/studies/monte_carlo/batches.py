"""Replicate several experiments with common random numbers; keep their metrics only."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minsim.errors import SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.scenario import Scenario, load_scenario
from minsim.studies.monte_carlo.replications import (
    METRICS,
    Chunk,
    Experiment,
    Failure,
    MaterialRegion,
    ResultSchema,
    compute_values,
)
from minsim.studies.monte_carlo.store import ReplicationStore, chunk_of, locked, missing_runs
from minsim.studies.monte_carlo.workers import Task, results_of, shared_executor, usable_cores

LONGEST_CHUNK = 32
"""Most runs in a task."""

RunProgress = Callable[[int, int], None]
"""Called with the number of runs done and requested, whenever further runs are done."""


@dataclass(frozen=True)
class Batch:
    """Replications of one experiment.

    Attributes
    ----------
    replications : array of shape (m,)
        Replications that were computed.
    values : array of shape (m, places, metrics)
        By `schema.places` and `replications.METRICS`; dates are day numbers; `nan`: not applicable.
    schema : ResultSchema
    failures : tuple of Failure
    """

    replications: npt.NDArray[np.int64]
    values: FloatArray
    schema: ResultSchema
    failures: tuple[Failure, ...] = field(default=())

    def column(self, metric: str) -> FloatArray:
        """Values of one metric, shape (m, places)."""
        return self.values[:, :, METRICS.index(metric)]

    def values_by_run(self, count: int) -> FloatArray:
        """Values of runs 0 to count - 1, shape (count, places, metrics); `nan` if a run failed or was not computed."""
        values = np.full((count, *self.values.shape[1:]), np.nan)
        values[self.replications] = self.values
        return values

    def values_at(self, metric: str, place: MaterialRegion) -> FloatArray:
        """Values of one metric at one place, shape (m,)."""
        return self.column(metric)[:, self.schema.places.index(place)]

    def values_in(self, metric: str, region: str, materials: Sequence[str]) -> FloatArray:
        """Values of one metric of several materials in one region, shape (m, materials)."""
        own = [self.schema.places.index(MaterialRegion(name, region)) for name in materials]
        return self.column(metric)[:, own]

    @property
    def cause(self) -> str:
        """Why not one run could be computed, in a line; empty where one could."""
        return "" if len(self.replications) else self.failures[0].line


@dataclass(frozen=True)
class FailedRun:
    """A replication of an experiment that could not be computed, with what is needed to run it again.

    Attributes
    ----------
    failure : Failure
    seed : int
    changes : mapping of str to Any
        Overrides of the scenario in this experiment, by dotted path.
    scenario : int
        Index among several scenarios.
    central : bool
        Whether it was the central case, which has no random draws.
    is_repeatable : bool
        Whether `minsim run` can reproduce its draws; false for Sobol points.
    """

    failure: Failure
    seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    scenario: int = 0
    central: bool = False
    is_repeatable: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**vars(self.failure), "seed": self.seed, "changes": dict(self.changes)}


@dataclass(frozen=True)
class RunSeries:
    """Numbered runs of one experiment, and the task that computes a range of them.

    Attributes
    ----------
    experiment : Experiment
    count : int
        Number of runs: 0 to count - 1.
    task : callable
        First and last number → the task that computes these runs.
    design : str
        Distinguishes the series from others of the same experiment; empty: plain replications.
    """

    experiment: Experiment
    count: int
    task: Callable[[int, int], Task[Chunk]]
    design: str = ""


def load(scenario: Scenario | str | Path) -> Scenario:
    """The scenario, loaded first if given by name or path."""
    return load_scenario(scenario) if isinstance(scenario, str | Path) else scenario


class ReplicationRunner:
    """Computes series of runs, each only once, and stores them in a folder; made by `replication_runner`."""

    def __init__(self, out: Path | None, jobs: int, executor: Executor | None, progress: RunProgress | None) -> None:
        self.out, self.jobs, self.executor, self.progress = out, jobs, executor, progress
        self._known: dict[tuple[Experiment, int], Batch] = {}
        self._done = self._requested = 0
        self._schema: ResultSchema | None = None

    def replicate(self, experiments: Iterable[Experiment], replications: int) -> list[Batch]:
        """Replicate every experiment; replication k has the same random numbers in all that share a seed.

        An experiment of which not one replication can be computed has a batch without values, with its failures.

        Raises
        ------
        SimulationError
            If nothing at all could be computed.
        """
        requested = list(experiments)
        new = [e for e in dict.fromkeys(requested) if (e, replications) not in self._known]
        batches = self.compute([RunSeries(e, replications, _replication_task(e)) for e in new])
        self._known |= {(e, replications): batch for e, batch in zip(new, batches, strict=True)}
        return [self._known[e, replications] for e in requested]

    def compute(self, series: Sequence[RunSeries]) -> list[Batch]:
        """Compute every run that the folder does not hold yet, and store it there."""
        stores = [self._store(own) for own in series]
        chunks = [_stored_chunks(store, own.count) for store, own in zip(stores, series, strict=True)]
        self._requested += sum(own.count for own in series)
        self._report(
            sum(min(c.last + 1, own.count) - c.first for own, kept in zip(series, chunks, strict=True) for c in kept)
        )
        tasks = [
            (_labelled, (index, *own.task(first, last)))
            for index, own in enumerate(series)
            for first, last in missing_runs(chunks[index], own.count, LONGEST_CHUNK)
        ]
        with contextlib.closing(results_of(iter(tasks), self.jobs, self.executor)) as results:
            for index, chunk in results:
                store = stores[index]
                if store is not None:
                    store.write(chunk)
                chunks[index].append(chunk)
                self._report(chunk.last + 1 - chunk.first)
        schemas = (chunk.schema for own_chunks in chunks for chunk in own_chunks)
        self._schema = self._schema or next((schema for schema in schemas if schema is not None), None)
        return [gathered(own_chunks, own, self._schema) for own_chunks, own in zip(chunks, series, strict=True)]

    def _store(self, series: RunSeries) -> ReplicationStore | None:
        return None if self.out is None else ReplicationStore(self.out, series.experiment, series.design)

    def _report(self, more: int) -> None:
        self._done += more
        if self.progress is not None:
            self.progress(self._done, self._requested)


def _stored_chunks(store: ReplicationStore | None, count: int) -> list[Chunk]:
    """Chunks in the folder that hold any of the first `count` runs."""
    return [] if store is None else [chunk_of(part) for part in store.stored_parts() if part.first < count]


@contextlib.contextmanager
def replication_runner(
    *,
    jobs: int | None,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Iterator[ReplicationRunner]:
    """A runner for several rounds of runs; its folder is locked against other processes meanwhile.

    Parameters
    ----------
    jobs, executor, progress
        As of `ensemble`.
    out : str or Path, optional
        Folder that stores the runs as they finish, so that the same call resumes where an earlier one stopped.
    """
    cores = usable_cores() if jobs is None else jobs
    folder = None if out is None else Path(out)
    with (
        contextlib.nullcontext() if folder is None else locked(folder),
        shared_executor(cores, executor) as shared,
    ):
        yield ReplicationRunner(folder, cores, shared, progress)


def _replication_task(experiment: Experiment) -> Callable[[int, int], Task[Chunk]]:
    return lambda first, last: (compute_values, (experiment, first, last))


def _labelled(label: int, function: Callable[..., Chunk], arguments: tuple[object, ...]) -> tuple[int, Chunk]:
    return label, function(*arguments)


def gathered(chunks: Sequence[Chunk], series: RunSeries, schema: ResultSchema | None = None) -> Batch:
    """Join the chunks of one series, in the order of their runs; drop runs beyond its count.

    Parameters
    ----------
    chunks : sequence of Chunk
    series : RunSeries
    schema : ResultSchema, optional
        That of a series computed beside this one: with it, a series that failed throughout is a batch without values.

    Raises
    ------
    SimulationError
        If not one run could be computed, and no schema is given.
    """
    ordered = sorted(chunks, key=lambda chunk: chunk.first)
    failures = tuple(f for chunk in ordered for f in chunk.failures if f.replication < series.count)
    computed = [chunk for chunk in ordered if chunk.schema is not None]
    numbers = np.concatenate([chunk.replications for chunk in computed]) if computed else np.empty(0, dtype=np.int64)
    counted = numbers < series.count
    if not counted.any():
        if schema is None:
            raise SimulationError(f"{series.experiment.name}: not one run could be computed: {failures[0].cause}")
        return Batch(numbers[:0], np.empty((0, len(schema.places), len(METRICS))), schema, failures)
    schema = computed[0].schema
    assert schema is not None
    values = np.concatenate([chunk.values for chunk in computed])
    return Batch(numbers[counted], values[counted], schema, failures)


def ranked_places(batches: Sequence[Batch]) -> list[MaterialRegion]:
    """Places that are consumers in every batch, by the most days lost in any; of equals, the thinnest stock first.

    The stock tells a region that the event hits, and that is spared by its stock, from those that it does not concern.
    """
    common = [place for place in batches[0].schema.consumers if all(place in b.schema.consumers for b in batches)]

    def means(metric: str, place: MaterialRegion) -> list[float]:
        return [round(float(np.nan_to_num(batch.values_at(metric, place).mean())), 6) for batch in batches]

    lost = {place: max(means("shortfall_days", place)) for place in common}
    stock = {place: min(means("min_commercial_cover_days", place)) for place in common}
    return sorted(common, key=lambda place: (-lost[place], stock[place], place))


def design_of(*parts: bytes | str) -> str:
    """A digest of everything that distinguishes a series."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:16]
