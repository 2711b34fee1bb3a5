"""Which numbers decide: every uncertain one moved to both ends of its range, all others left where they stand.

One at a time costs two runs a number and says how far the answer moves, which a reader can follow; it sees no two numbers
acting together. `minsim sensitivity` (Morris, Sobol) does, at ten to a hundred times the cost.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.metrics.disturbances import made_from
from minsim.results.outcome import Outcome
from minsim.studies.monte_carlo.batches import RunSeries, gathered
from minsim.studies.monte_carlo.replications import METRICS, Chunk, Experiment, compute_points
from minsim.studies.monte_carlo.workers import Task, results_of
from minsim.studies.sensitivities import Factor, factors_of

if TYPE_CHECKING:
    from minsim.report.progress import PageProgress

ENDS = (0.05, 0.95)
"""Quantiles to which a number is moved: the ends of the middle 90% of its range."""
NO_EFFECT = 1e-9
"""Below this, relative to the largest value met, a number moves nothing."""


@dataclass(frozen=True)
class Decider:
    """One number moved, and where the metric then stands.

    Attributes
    ----------
    factor : Factor
    low, high : float
        The metric with the number at its 5% and at its 95% quantile.
    central : float
        The metric with the number where it stands.
    """

    factor: Factor
    low: float
    high: float
    central: float

    @property
    def span(self) -> float:
        """How far the metric moves between its three values."""
        values = (self.low, self.high, self.central)
        return max(values) - min(values)


@dataclass(frozen=True)
class Screening:
    """Every number moved, those that move the metric most first.

    Attributes
    ----------
    metric : str
    consumer : int
        Whose metric it is, by its place in the network.
    deciders : tuple of Decider
    wanted : int
        Numbers there are; fewer were moved where time ran out, or a run failed.
    short_runs : int
        Runs in which anybody at all is short of anything.
    """

    metric: str
    consumer: int
    deciders: tuple[Decider, ...]
    wanted: int
    short_runs: int

    @property
    def acting(self) -> list[Decider]:
        """Those that move the metric at all."""
        size = max((abs(v) for d in self.deciders for v in (d.low, d.high, d.central)), default=0.0)
        return [decider for decider in self.deciders if decider.span > NO_EFFECT * max(size, 1.0)]


def screen(
    run: Outcome,
    metric: str,
    consumer: int,
    *,
    most_seconds: float,
    jobs: int,
    executor: Executor | None,
    progress: PageProgress,
) -> Screening:
    """Move one uncertain number of a run at a time.

    Parameters
    ----------
    run : Outcome
        The finished run; its seed and replication say where the other numbers stand.
    metric : str
        One of `risk.replications.METRICS`.
    consumer : int
        Whose metric, by its place in the network.
    most_seconds : float
        No further run is begun after this time [s]; what was not moved is counted, and said.
    jobs, executor
        As of `risk.ensemble`.
    progress : callable
        Told the runs done and wanted.
    """
    factors = nearest_first(run, list(factors_of(run.scenario)), consumer)
    values = _values(run, factors, most_seconds, jobs, executor, progress)
    central = float(run.measures["reference"][metric][consumer])
    ends = values[:, :, consumer, METRICS.index(metric)]
    deciders = [Decider(f, low, high, central) for f, (low, high) in zip(factors, ends.tolist(), strict=True)]
    deciders = [decider for decider in deciders if math.isfinite(decider.span)]
    deciders.sort(key=lambda decider: (-round(decider.span, 9), decider.factor.label))
    consumers = len(run.record.network.consumers)
    short = (values[:, :, :consumers, METRICS.index("shortfall_days")] > 0).any(axis=2)
    return Screening(metric, consumer, tuple(deciders), len(factors), int(short.sum()))


def nearest_first(run: Outcome, factors: Sequence[Factor], consumer: int) -> list[Factor]:
    """Numbers of other materials last, so that what time runs out for is what hardly bears on the metric."""
    own = made_from(run.scenario, run.record.network.consumers[consumer].material)

    def names_another(factor: Factor) -> bool:
        block, *rest = factor.name[0].split(".")
        return block in ("materials", "behaviour") and rest[0] not in own

    return sorted(factors, key=names_another)


def _values(
    run: Outcome,
    factors: Sequence[Factor],
    most_seconds: float,
    jobs: int,
    executor: Executor | None,
    progress: PageProgress,
) -> FloatArray:
    """Every metric of every place with each number at either end, shape (factors, 2, places, metrics); `nan`: not run."""
    consumers = len(run.record.network.consumers)
    if not factors:
        return np.full((0, len(ENDS), consumers, len(METRICS)), np.nan)
    experiment = Experiment.of(run.scenario, run.seed)
    names = [factor.name for factor in factors]
    chunks: list[Chunk] = []
    end_by = time.monotonic() + most_seconds

    def moved(first: int, last: int) -> Task[Chunk]:
        points = np.full((last - first + 1, len(factors)), np.nan)
        points[:, first // len(ENDS)] = ENDS
        return compute_points, (experiment, first, run.replication, names, points)

    both_ends = RunSeries(experiment, len(ENDS) * len(factors), moved)
    firsts = range(0, both_ends.count, len(ENDS))
    tasks = (moved(first, first + len(ENDS) - 1) for first in firsts if time.monotonic() < end_by)
    with contextlib.closing(results_of(tasks, jobs, executor)) as results:
        for chunk in results:
            chunks.append(chunk)
            progress("runs with one number moved", len(ENDS) * len(chunks), both_ends.count)
    batch = gathered(chunks, both_ends)
    values = np.full((len(ENDS) * len(factors), *batch.values.shape[1:]), np.nan)
    values[batch.replications] = batch.values
    return values.reshape(len(factors), len(ENDS), *batch.values.shape[1:])
