"""Decisive inputs: vary one uncertain number at a time to both ends of its range, all others fixed.

One-at-a-time screening needs two runs per number and gives the change of the metric directly; it misses interactions.
`minsim sensitivity` (Morris, Sobol) includes them, at ten to a hundred times the cost.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.metrics.disturbances import made_from
from minsim.report.progress import PageProgress
from minsim.results.outcome import Outcome
from minsim.studies.factors import Factor, factors_of
from minsim.studies.monte_carlo.batches import RunSeries, gathered
from minsim.studies.monte_carlo.replications import METRICS, Chunk, Experiment, compute_points
from minsim.studies.monte_carlo.workers import Task, results_of

ENDS = (0.05, 0.95)
"""Quantiles to which a number is set: the ends of the middle 90% of its range."""
NO_EFFECT = 1e-9
"""Span below which a number has no effect, relative to the largest value of the metric."""


@dataclass(frozen=True)
class InputEffect:
    """Effect of one uncertain number on the metric.

    Attributes
    ----------
    factor : Factor
    low, high : float
        The metric with the number at its 5% and at its 95% quantile.
    central : float
        The metric with the number unchanged.
    """

    factor: Factor
    low: float
    high: float
    central: float

    @property
    def span(self) -> float:
        """Range of the metric over its three values."""
        values = (self.low, self.high, self.central)
        return max(values) - min(values)


@dataclass(frozen=True)
class InputScreening:
    """Effects of all uncertain numbers, the largest first.

    Attributes
    ----------
    metric : str
    consumer : int
        Index of the consumer in the network.
    effects : tuple of InputEffect
    uncertain : int
        Number of uncertain numbers; there are fewer effects if time ran out or a run failed.
    short_runs : int
        Runs with a shortage of any consumer.
    """

    metric: str
    consumer: int
    effects: tuple[InputEffect, ...]
    uncertain: int
    short_runs: int

    @property
    def decisive(self) -> list[InputEffect]:
        """Effects that are not zero."""
        size = max((abs(v) for e in self.effects for v in (e.low, e.high, e.central)), default=0.0)
        return [effect for effect in self.effects if effect.span > NO_EFFECT * max(size, 1.0)]


def screen_inputs(
    run: Outcome,
    metric: str,
    consumer: int,
    *,
    most_seconds: float,
    jobs: int,
    executor: Executor | None,
    progress: PageProgress,
) -> InputScreening:
    """Vary one uncertain number of a run at a time.

    Parameters
    ----------
    run : Outcome
        The finished run; its seed and replication fix the other numbers.
    metric : str
        One of `studies.monte_carlo.replications.METRICS`.
    consumer : int
        Index of the consumer in the network.
    most_seconds : float
        No further run is started after this time [s].
    jobs, executor
        As of `studies.ensemble`.
    progress : callable
        Called with the number of runs done and requested.
    """
    factors = nearest_first(run, list(factors_of(run.scenario)), consumer)
    values = _values(run, factors, most_seconds, jobs, executor, progress)
    central = float(run.measures["reference"][metric][consumer])
    ends = values[:, :, consumer, METRICS.index(metric)]
    effects = [InputEffect(f, low, high, central) for f, (low, high) in zip(factors, ends.tolist(), strict=True)]
    effects = [effect for effect in effects if math.isfinite(effect.span)]
    effects.sort(key=lambda effect: (-round(effect.span, 9), effect.factor.label))
    consumers = len(run.record.network.consumers)
    short = (values[:, :, :consumers, METRICS.index("shortfall_days")] > 0).any(axis=2)
    return InputScreening(metric, consumer, tuple(effects), len(factors), int(short.sum()))


def nearest_first(run: Outcome, factors: Sequence[Factor], consumer: int) -> list[Factor]:
    """Numbers of other materials last, so that the least relevant runs are dropped if time runs out."""
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
    """Metrics with each number at either end, shape (factors, 2, places, metrics); `nan`: not computed."""
    if not factors:
        return np.full((0, len(ENDS), len(run.record.network.consumers), len(METRICS)), np.nan)
    series = _one_at_a_time(run, factors)
    end_by = time.monotonic() + most_seconds
    firsts = range(0, series.count, len(ENDS))
    tasks = (series.task(first, first + len(ENDS) - 1) for first in firsts if time.monotonic() < end_by)
    chunks: list[Chunk] = []
    with contextlib.closing(results_of(tasks, jobs, executor)) as results:
        for chunk in results:
            chunks.append(chunk)
            progress("runs with one number moved", len(ENDS) * len(chunks), series.count)
    values = gathered(chunks, series).values_by_run(series.count)
    return values.reshape(len(factors), len(ENDS), *values.shape[1:])


def _one_at_a_time(run: Outcome, factors: Sequence[Factor]) -> RunSeries:
    """Two runs per number, with the number at either end of its range."""
    experiment = Experiment.of(run.scenario, run.seed)
    names = [factor.name for factor in factors]

    def task(first: int, last: int) -> Task[Chunk]:
        points = np.full((last - first + 1, len(factors)), np.nan)
        points[:, first // len(ENDS)] = ENDS
        return compute_points, (experiment, first, run.replication, names, points)

    return RunSeries(experiment, len(ENDS) * len(factors), task)
