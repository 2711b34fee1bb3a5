"""Several experiments with common random numbers, replicated side by side, of which only metrics are kept."""

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
from minsim.studies.monte_carlo.replications import METRICS, Chunk, Experiment, Failure, ResultSchema, compute_values
from minsim.studies.monte_carlo.store import ReplicationStore, chunk_of, locked, missing_runs
from minsim.studies.monte_carlo.workers import Task, results_of, shared_executor, usable_cores

CHUNK = 32

RunProgress = Callable[[int, int], None]
"""Called with the runs done and wanted, whenever some more are done."""


@dataclass(frozen=True)
class Batch:
    """Replications of one experiment.

    Attributes
    ----------
    replications : array of shape (m,)
        Those that were computed.
    values : array of shape (m, places, metrics)
        By `shape.places` and `replications.METRICS`; dates are day numbers, `nan` is absent by nature.
    shape : ResultSchema
    failures : tuple of Failure
    """

    replications: npt.NDArray[np.int64]
    values: FloatArray
    shape: ResultSchema
    failures: tuple[Failure, ...] = field(default=())

    def column(self, metric: str) -> FloatArray:
        """Values of one metric, shape (m, places)."""
        return self.values[:, :, METRICS.index(metric)]


@dataclass(frozen=True)
class FailedRun:
    """A replication of some experiment that could not be computed, and what it takes to run it again.

    Attributes
    ----------
    failure : Failure
    seed : int
    changes : mapping of str to Any
        What the experiment changes in the scenario, by dotted path.
    scenario : int
        Which of several scenarios.
    central : bool
        Whether it was the central case, which draws nothing.
    is_repeatable : bool
        Whether `minsim run` can draw its numbers; not those of Sobol points.
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
    """Numbered runs of one experiment, and how some of them are computed.

    Attributes
    ----------
    experiment : Experiment
    count : int
        Runs wanted: 0 to count - 1.
    task : callable
        First and last number → the task that computes these runs.
    design : str
        Tells the series from others of the same experiment; empty: plain replications.
    """

    experiment: Experiment
    count: int
    task: Callable[[int, int], Task[Chunk]]
    design: str = ""


def load(scenario: Scenario | str | Path) -> Scenario:
    """A scenario, loaded if need be."""
    return load_scenario(scenario) if isinstance(scenario, str | Path) else scenario


class ReplicationRunner:
    """Computes series of runs, each once however often it is asked for, and keeps them in a folder; made by `trials`."""

    def __init__(self, out: Path | None, jobs: int, executor: Executor | None, progress: RunProgress | None) -> None:
        self.out, self.jobs, self.executor, self.progress = out, jobs, executor, progress
        self._known: dict[tuple[Experiment, int], Batch] = {}
        self._done = self._wanted = 0

    def replicate(self, experiments: Iterable[Experiment], replications: int) -> list[Batch]:
        """Replicate every experiment; replication k has the same random numbers in all that share a seed.

        Raises
        ------
        SimulationError
            If not one replication of an experiment could be computed.
        """
        asked = list(experiments)
        new = [e for e in dict.fromkeys(asked) if (e, replications) not in self._known]
        batches = self.compute([RunSeries(e, replications, _replication_task(e)) for e in new])
        self._known |= {(e, replications): batch for e, batch in zip(new, batches, strict=True)}
        return [self._known[e, replications] for e in asked]

    def compute(self, series: Sequence[RunSeries]) -> list[Batch]:
        """Compute every run that the folder does not hold, and keep it there."""
        folders = [
            None if self.out is None else ReplicationStore(self.out, own.experiment, own.design) for own in series
        ]
        chunks = [
            [] if folder is None else [chunk_of(part) for part in folder.found() if part.first < own.count]
            for folder, own in zip(folders, series, strict=True)
        ]
        self._wanted += sum(own.count for own in series)
        self._tell(
            sum(min(c.last + 1, own.count) - c.first for own, kept in zip(series, chunks, strict=True) for c in kept)
        )
        tasks = [
            (_labelled, (index, *own.task(first, last)))
            for index, own in enumerate(series)
            for first, last in missing_runs(chunks[index], own.count, CHUNK)
        ]
        with contextlib.closing(results_of(iter(tasks), self.jobs, self.executor)) as results:
            for index, chunk in results:
                folder = folders[index]
                if folder is not None:
                    folder.write(chunk)
                chunks[index].append(chunk)
                self._tell(chunk.last + 1 - chunk.first)
        return [gathered(found, own) for found, own in zip(chunks, series, strict=True)]

    def _tell(self, more: int) -> None:
        self._done += more
        if self.progress is not None:
            self.progress(self._done, self._wanted)


@contextlib.contextmanager
def replication_runner(
    *,
    jobs: int | None,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Iterator[ReplicationRunner]:
    """Somewhere to compute, for several rounds of runs, and a folder that no other process writes to meanwhile.

    Parameters
    ----------
    jobs, executor, progress
        As of `ensemble`.
    out : str or Path, optional
        Folder that keeps the runs as they come, so that the same call goes on where an earlier one stopped.
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


def gathered(chunks: Sequence[Chunk], series: RunSeries) -> Batch:
    """Chunks of one series in order, whatever the order they came in, and no more of them than wanted."""
    ordered = sorted(chunks, key=lambda chunk: chunk.first)
    failures = tuple(f for chunk in ordered for f in chunk.failures if f.replication < series.count)
    found = [chunk for chunk in ordered if chunk.shape is not None]
    numbers = np.concatenate([chunk.replications for chunk in found]) if found else np.empty(0, dtype=np.int64)
    wanted = numbers < series.count
    if not wanted.any():
        raise SimulationError(f"{series.experiment.name}: not one run could be computed: {failures[0].cause}")
    shape = found[0].shape
    assert shape is not None
    return Batch(numbers[wanted], np.concatenate([chunk.values for chunk in found])[wanted], shape, failures)


def design_of(*parts: bytes | str) -> str:
    """A short name of what distinguishes a series, from all its parts."""
    told = hashlib.sha256()
    for part in parts:
        told.update(part.encode() if isinstance(part, str) else part)
        told.update(b"\0")
    return told.hexdigest()[:16]
