"""Several experiments with common random numbers, replicated side by side, of which only some metrics are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minsim.errors import SimulationError
from minsim.loading import Scenario, load_scenario
from minsim.metrics import FloatArray
from minsim.risk.replications import Chunk, Experiment, Failure, Shape, compute_metrics
from minsim.risk.workers import results_of

CHUNK = 32


@dataclass(frozen=True)
class Batch:
    """Replications of one experiment.

    Attributes
    ----------
    replications : array of shape (m,)
        Those that were computed.
    values : array of shape (m, places, metrics)
        Dates are day numbers, `nan` is absent by nature.
    shape : Shape
    failures : tuple of Failure
    """

    replications: npt.NDArray[np.int64]
    values: FloatArray
    shape: Shape
    failures: tuple[Failure, ...] = field(default=())


def load(scenario: Scenario | str | Path) -> Scenario:
    """A scenario, loaded if need be."""
    return load_scenario(scenario) if isinstance(scenario, str | Path) else scenario


def replicate(
    experiments: Sequence[Experiment],
    replications: int,
    metrics: Sequence[str],
    *,
    jobs: int,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Batch]:
    """Replicate every experiment; replication k has the same random numbers in all that share a seed.

    Raises
    ------
    SimulationError
        If not one replication of an experiment could be computed.
    """
    runs = [
        (first, min(first + CHUNK, replications) - 1)
        for first in range(0, replications, min(CHUNK, max(1, replications)))
    ]
    tasks = (
        (compute_metrics, (label, experiment, *run, tuple(metrics)))
        for label, experiment in enumerate(experiments)
        for run in runs
    )
    chunks: list[list[Chunk]] = [[] for _ in experiments]
    done = 0
    with contextlib.closing(results_of(tasks, jobs, executor)) as results:
        for label, chunk in results:
            chunks[label].append(chunk)
            done += chunk.last + 1 - chunk.first
            if progress is not None:
                progress(done, replications * len(experiments))
    return [gathered(own, experiment.name) for own, experiment in zip(chunks, experiments, strict=True)]


def gathered(chunks: Sequence[Chunk], name: str) -> Batch:
    """Chunks of one experiment in order, whatever the order they came in."""
    ordered = sorted(chunks, key=lambda chunk: chunk.first)
    failures = tuple(failure for chunk in ordered for failure in chunk.failures)
    found = [chunk for chunk in ordered if chunk.shape is not None]
    if not found:
        raise SimulationError(f"{name}: not one replication could be computed: {failures[0].cause}")
    shape = found[0].shape
    assert shape is not None
    numbers = np.concatenate([chunk.replications for chunk in found])
    return Batch(numbers, np.concatenate([chunk.values for chunk in found]), shape, failures)
