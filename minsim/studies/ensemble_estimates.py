"""Estimates from the replications of an ensemble: means, quantiles, probabilities, and their standard errors."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minsim._version import __version__
from minsim.errors import SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.scenario import Scenario
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import FailedRun
from minsim.studies.monte_carlo.estimates import groups_of, rounded
from minsim.studies.monte_carlo.replications import (
    DAYS_LOST,
    METRIC_UNITS,
    METRICS,
    ONSET,
    Experiment,
    Failure,
    ResultSchema,
)
from minsim.studies.monte_carlo.sobol import SCRAMBLINGS
from minsim.studies.monte_carlo.store import Part, values_of, weekly_of

FAN_BYTES = 32_000_000
"""Most memory for weekly values at a time [bytes]."""
STANDARD_ERRORS = {
    "random": "mean: sd / sqrt(n); probability: binomial; quantile: order statistics; CVaR: asymptotic",
    "sobol": f"spread between {SCRAMBLINGS} independent scramblings / sqrt({SCRAMBLINGS})",
}


@dataclass(frozen=True)
class Band:
    """Quantiles of the weekly shortfall of one consumer, shape (quantiles, weeks), as fractions of demand."""

    place: int
    quantiles: FloatArray


class EnsembleEstimates:
    """Replications of one scenario, and their estimates.

    Attributes
    ----------
    scenario : Scenario
    experiment : Experiment
        With the seed and the sampler.
    count : int
        Replications requested, or fewer if a standard error was reached.
    stopped : bool
        Whether a standard error was reached before the number requested.
    failures : tuple of Failure
        Replications that could not be computed; all estimates leave them out.
    replications : array of shape (m,)
        Numbers of the replications that were computed.
    values : array of shape (m, places, metrics)
        By `schema.places` and `replications.METRICS`; dates are day numbers; `nan`: not applicable.
    """

    def __init__(
        self,
        scenario: Scenario,
        experiment: Experiment,
        count: int,
        stopped: bool,
        parts: tuple[Part, ...],
        scratch: Path | None = None,
    ) -> None:
        self.scenario, self.experiment, self.count, self.stopped = scenario, experiment, count, stopped
        self.parts = tuple(part for part in parts if part.first < count)
        if scratch is not None:
            weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        failures = {f.replication: f for part in self.parts for f in part.failures if f.replication < count}
        self.failures: tuple[Failure, ...] = tuple(failures[k] for k in sorted(failures))
        schema = next((part.schema for part in self.parts if part.schema is not None), None)
        if schema is None:
            cause = self.failures[0].cause if self.failures else "nothing was computed"
            raise SimulationError(f"not one of {self.count} replications could be computed: {cause}")
        self.schema: ResultSchema = schema
        read = [values_of(part) for part in self.parts if part.schema is not None]
        numbers = np.concatenate([number for number, _ in read])
        self.replications: npt.NDArray[np.int64] = numbers[numbers < count]
        self.values: FloatArray = np.concatenate([values for _, values in read])[numbers < count]

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        return self.experiment.seed

    @property
    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed, with what is needed to run them again."""
        is_repeatable = self.experiment.sampler == "random"
        return [FailedRun(failure, self.seed, is_repeatable=is_repeatable) for failure in self.failures]

    @property
    def groups(self) -> estimates.Groups | None:
        """Scrambling of each replication, None with plain streams."""
        return self.replications % SCRAMBLINGS if self.experiment.sampler == "sobol" else None

    def column(self, place: int, metric: int) -> tuple[FloatArray, estimates.Groups | None]:
        """Values of one metric of one place, without those that do not apply, and their groups.

        Parameters
        ----------
        place : int
            Position in `schema.places`.
        metric : int
            Position in `METRICS`.

        Returns
        -------
        values : ndarray, shape (n,)
            In the unit of the metric; dates as day numbers.
        groups : ndarray of int, shape (n,), or None
            Scrambling of each value; None with plain streams.
        """
        values = self.values[:, place, metric]
        return values[~np.isnan(values)], groups_of(self.groups, ~np.isnan(values))

    # ---------------------------------------------------------------------------------------------------------- estimates

    def days_lost(self, place: int) -> estimates.Estimate:
        """Mean of days of use lost.

        Parameters
        ----------
        place : int
            Position in `schema.places`.

        Returns
        -------
        Estimate
            `value` and its standard error `se` [days].
        """
        return estimates.mean(*self.column(place, DAYS_LOST))

    def tail_days(self, place: int) -> estimates.Estimate:
        """Mean of days of use lost in the worst 5% of replications.

        Parameters
        ----------
        place : int
            Position in `schema.places`.

        Returns
        -------
        Estimate
            `value` and its standard error `se` [days].
        """
        values, groups = self.column(place, DAYS_LOST)
        return estimates.tail_mean(values, groups=groups)

    def probability_by(self, place: int, day: float = math.inf) -> estimates.Estimate:
        """Probability of any shortfall up to a day, that day included.

        Parameters
        ----------
        place : int
            Position in `schema.places`.
        day : float
            Counted from the scenario's start [days]; absent: the last.

        Returns
        -------
        Estimate
            `value` and its standard error `se` [fraction].
        """
        onset = self.values[:, place, ONSET]
        return estimates.probability(onset <= min(day, self.schema.days), self.groups)

    @cached_property
    def ranked(self) -> list[int]:
        """Consumers with any shortfall in any replication, by the mean of days lost."""
        short = [p for p in range(self.schema.consumer_count) if self.probability_by(p).value > 0.0]
        lost = {p: round(self.days_lost(p).value, 6) for p in short}
        return sorted(short, key=lambda p: (-lost[p], self.schema.places[p]))

    @cached_property
    def bands(self) -> list[Band]:
        """Quantiles of every consumer's weekly shortfall."""
        together = max(1, FAN_BYTES // (4 * self.schema.weeks * len(self.replications)))
        bands: list[Band] = []
        for first in range(0, self.schema.consumer_count, together):
            places = range(first, min(first + together, self.schema.consumer_count))
            weekly = self.weekly(places)
            levels = [np.quantile(weekly[:, i], estimates.QUANTILES, axis=0) for i in range(len(places))]
            bands += [Band(place, np.asarray(level, dtype=float)) for place, level in zip(places, levels, strict=True)]
        return bands

    def weekly(self, places: Sequence[int]) -> npt.NDArray[np.float32]:
        """Weekly shortfall of some consumers as fractions of demand, shape (m, places, weeks); read from the parts.

        Parameters
        ----------
        places : sequence of int
            Positions of consumers in `schema.places`.

        Returns
        -------
        ndarray of float32, shape (m, places, weeks)
            By replication, place and week [fraction].
        """
        weekly = np.empty((len(self.replications), len(places), self.schema.weeks), dtype=np.float32)
        filled = 0
        for part in self.parts:
            if part.schema is None:  # every replication of this part failed
                continue
            numbers, own = weekly_of(part, places)
            own = own[numbers < self.count]
            weekly[filled : filled + len(own)] = own
            filled += len(own)
        return weekly

    def check_days(self) -> Iterator[int]:
        """Days for which the probability of a shortfall is reported: the first of every month, and the last day.

        Yields
        ------
        int
            Counted from the scenario's start [days].
        """
        for day in range(1, self.schema.days):
            if (self.schema.start + dt.timedelta(days=day)).day == 1 or day == self.schema.days - 1:
                yield day

    # ------------------------------------------------------------------------------------------------------------- tables

    @cached_property
    def metric_rows(self) -> list[dict[str, Any]]:
        """Mean, spread and quantiles of every metric, by place, over the replications in which it applies."""
        return [
            row
            for place in range(len(self.schema.places))
            for metric in range(len(METRICS))
            if (row := self._metric_row(place, metric)) is not None
        ]

    def _metric_row(self, place: int, metric: int) -> dict[str, Any] | None:
        values, groups = self.column(place, metric)
        if len(values) == 0:
            return None
        name = METRICS[metric]
        is_date = METRIC_UNITS[name] == "date"
        average = estimates.mean(values, groups)
        row: dict[str, Any] = {
            **self.schema.places[place]._asdict(),
            "metric": name,
            "unit": METRIC_UNITS[name],
            "replications": len(values),
            "mean": None if is_date else rounded(average.value),
            "sd": rounded(estimates.standard_deviation(values)),
            "se": rounded(average.se),
        }
        for level in estimates.QUANTILES:
            value, se = estimates.quantile(values, level, groups)
            row[f"q{100 * level:02.0f}"] = self.date(value).isoformat() if is_date else rounded(value)
            row[f"q{100 * level:02.0f}_se"] = rounded(se)
        return row

    @cached_property
    def probability_rows(self) -> list[dict[str, Any]]:
        """Probability of any shortfall by the first of every month, and by the end."""
        rows = []
        for place in range(self.schema.consumer_count):
            for day in self.check_days():
                value, se = self.probability_by(place, day)
                estimate = {"by": self.date(day).isoformat(), "probability": rounded(value), "se": rounded(se)}
                rows.append({**self.schema.places[place]._asdict(), **estimate})
        return rows

    @cached_property
    def tail_rows(self) -> list[dict[str, Any]]:
        """Conditional value at risk of days of use lost, at 95%."""
        rows = []
        for place in range(self.schema.consumer_count):
            value, se = self.tail_days(place)
            rows.append({**self.schema.places[place]._asdict(), "cvar_95_days": rounded(value), "se": rounded(se)})
        return rows

    @cached_property
    def fan_rows(self) -> list[dict[str, Any]]:
        """Quantiles of the weekly shortfall, by place and week."""
        return [
            {
                "week": self.date(7 * week),
                **self.schema.places[band.place]._asdict(),
                **{f"q{100 * q:02.0f}": float(v) for q, v in zip(estimates.QUANTILES, at, strict=True)},
            }
            for band in self.bands
            for week, at in enumerate(band.quantiles.T)
        ]

    def date(self, day: float) -> dt.date:
        """A day number as a date.

        Parameters
        ----------
        day : float
            Counted from the scenario's start [days]; the part beyond whole days is cut off.

        Returns
        -------
        date
            The day's date.
        """
        return self.schema.start + dt.timedelta(days=int(day))

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`; values that do not apply are None.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        return {
            "scenario": self.scenario.name,
            "as_of": self.scenario.model.as_of.isoformat(),
            "version": __version__,
            "seed": self.seed,
            "sampler": self.experiment.sampler,
            "replications": self.count,
            "stopped_early": self.stopped,
            "failures": [vars(failure) for failure in self.failures],
            "standard_errors": STANDARD_ERRORS[self.experiment.sampler],
            "metrics": self.metric_rows,
            "probability_of_shortfall": self.probability_rows,
            "cvar_95": self.tail_rows,
        }
