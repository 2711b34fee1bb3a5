"""Ensembles: many replications of one scenario, and what they say together."""

from __future__ import annotations

import bisect
import contextlib
import datetime as dt
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from minsim._version import __version__
from minsim.errors import SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.scenario import Scenario, load_scenario
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import FailedRun, RunProgress
from minsim.studies.monte_carlo.replications import METRIC_UNITS, METRICS, Experiment, Failure, ResultSchema, compute
from minsim.studies.monte_carlo.sobol import SCRAMBLINGS
from minsim.studies.monte_carlo.store import Part, ReplicationStore, missing_runs, values_of, weekly_of
from minsim.studies.monte_carlo.workers import results_of, usable_cores

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from minsim.results.answer import Answer

from minsim.studies.monte_carlo.replications import DAYS_LOST, ONSET

Sampler = Literal["random", "sobol"]
LONGEST_CHUNK = 64
STEPS = {"random": 64, "sobol": 16 * SCRAMBLINGS}
"""Replications after which a standard error is looked at, again and again: never at a number that workers decide."""
LEAST_STEPS = 4
"""Looks before the first that may stop: a standard error of few replications is no guide."""
FAN_BYTES = 32_000_000
"""Weeks held in memory at a time."""


def ensemble(
    scenario: Scenario | str | Path,
    replications: int = 1000,
    *,
    seed: int | None = None,
    sampler: Sampler = "random",
    until_se_days: float | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    chunk: int | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Ensemble:
    """Simulate a scenario many times, with other draws of its uncertain numbers each time.

    Replication k is the run with the draws of (seed, k), whatever computes it; the answer is the same, bit for bit, for
    any number of jobs, chunk, executor, and however often the work was interrupted.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    replications : int
        How many; the most there may be with `until_se_days`.
    seed : int, optional
        Seed of the draws; absent: the scenario's own.
    sampler : {"random", "sobol"}
        Named random streams, or Sobol points in sixteen independent scramblings.
    until_se_days : float, optional
        Stop as soon as the mean of days of use lost is known to this standard error in every region [days].
    jobs : int or None
        Worker processes; 1 computes in this process, None takes every core. A script that asks for more than one needs
        the usual `if __name__ == "__main__":`.
    executor : concurrent.futures.Executor, optional
        Compute there instead, `jobs` tasks at a time (and as many waiting).
    chunk : int, optional
        Replications a task; decides nothing but speed.
    out : str or Path, optional
        Folder that keeps the replications as they come, so that the same call goes on where an earlier one stopped.
    progress : callable, optional
        Told the number of replications done and wanted.

    Raises
    ------
    ScenarioError
        The scenario cannot be read.
    OutputError
        The folder holds another experiment, or cannot be written.
    SimulationError
        Not one replication could be computed, or a worker process died.

    Examples
    --------
    >>> ensemble("magnet-ban", 100).answer().headline  # doctest: +SKIP
    """
    if replications < 1:
        raise ValueError(f"expected at least one replication, got {replications}")
    loaded = load_scenario(scenario) if isinstance(scenario, str | Path) else scenario
    jobs = usable_cores() if jobs is None else jobs
    chunk = chunk or max(1, min(LONGEST_CHUNK, replications // (4 * jobs)))
    experiment = Experiment.of(loaded, seed, sampler)
    scratch = Path(tempfile.mkdtemp(prefix="minsim-")) if out is None else None
    try:
        folder = ReplicationStore(scratch or Path(str(out)), experiment)
        rule = _StoppingRule(replications, until_se_days, sampler)
        with folder.opened() as parts:
            count = _fill(folder, parts, rule, jobs, executor, chunk, progress)
            return Ensemble(loaded, experiment, count, count < replications, tuple(parts), scratch)
    except BaseException:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        raise


def _fill(
    folder: ReplicationStore,
    parts: list[Part],
    rule: _StoppingRule,
    jobs: int,
    executor: Executor | None,
    chunk: int,
    progress: RunProgress | None,
) -> int:
    """Compute what no part holds, until the rule says enough; returns how many replications count."""
    done = 0
    for part in parts:
        rule.take(part)
        done += max(0, min(part.last + 1, rule.replications) - part.first)
    tasks = ((compute, (folder.experiment, *run)) for run in list(missing_runs(parts, rule.replications, chunk)))
    if progress is not None:
        progress(done, rule.replications)
    if rule.enough is None:
        with contextlib.closing(results_of(tasks, jobs, executor)) as results:
            for found in results:
                part = folder.write(found)
                bisect.insort(parts, part, key=lambda p: p.first)
                rule.take(part)
                done += part.last + 1 - part.first
                if progress is not None:
                    progress(done, rule.replications)
                if rule.enough is not None:
                    break
    return rule.replications if rule.enough is None else rule.enough


class _StoppingRule:
    """Says when enough replications are done, looking at them in their order, whatever the order they come in."""

    def __init__(self, replications: int, until_se_days: float | None, sampler: Sampler) -> None:
        self.replications, self.until_se_days, self.sampler = replications, until_se_days, sampler
        self.enough: int | None = None
        self._waiting: dict[int, Part] = {}
        self._numbers: list[int] = []
        self._lost: list[FloatArray] = []
        self._reached = 0

    def take(self, part: Part) -> None:
        """Take note of another part."""
        if self.until_se_days is None:
            return
        self._waiting[part.first] = part
        while self.enough is None and self._reached in self._waiting:
            self._go_through(self._waiting.pop(self._reached))

    def _go_through(self, part: Part) -> None:
        numbers, values = values_of(part, ("shortfall_days",))
        consumers = part.shape.consumers if part.shape else 0
        found = dict(zip(numbers.tolist(), values[:, :consumers, 0], strict=True))
        for k in range(part.first, part.last + 1):
            if k in found:
                self._numbers.append(k)
                self._lost.append(found[k])
            self._reached = k + 1
            step = STEPS[self.sampler]
            if self._reached % step == 0 and self._reached >= LEAST_STEPS * step and self._is_enough():
                self.enough = min(self._reached, self.replications)
                return

    def _is_enough(self) -> bool:
        assert self.until_se_days is not None
        if len(self._lost) < 2:
            return False
        lost, numbers = np.array(self._lost), np.array(self._numbers)
        groups = numbers % SCRAMBLINGS if self.sampler == "sobol" else None
        errors = [estimates.mean(column[~np.isnan(column)], _of(groups, ~np.isnan(column))).se for column in lost.T]
        return all(error <= self.until_se_days for error in errors if not math.isnan(error))


def _of(groups: estimates.Groups | None, chosen: npt.NDArray[np.bool_]) -> estimates.Groups | None:
    return None if groups is None else groups[chosen]


@dataclass(frozen=True)
class Band:
    """Quantiles of the weekly shortfall of one consumer, shape (quantiles, weeks), as fractions of demand."""

    place: int
    quantiles: FloatArray


class Ensemble:
    """Replications of one scenario, and their estimates; made by `ensemble`.

    Attributes
    ----------
    scenario : Scenario
    experiment : Experiment
        With the seed and the sampler.
    count : int
        Replications asked for, or fewer where a standard error was reached.
    stopped : bool
        Whether a standard error was reached before the number asked for.
    failures : tuple of Failure
        Replications that could not be computed; all estimates leave them out.
    replications : array of shape (m,)
        Those that were computed.
    values : array of shape (m, places, metrics)
        By `shape.places` and `replications.METRICS`; dates are day numbers, `nan` is absent by nature.
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
        shape = next((part.shape for part in self.parts if part.shape is not None), None)
        if shape is None:
            cause = self.failures[0].cause if self.failures else "nothing was computed"
            raise SimulationError(f"not one of {self.count} replications could be computed: {cause}")
        self.shape: ResultSchema = shape
        read = [values_of(part) for part in self.parts if part.shape is not None]
        numbers = np.concatenate([number for number, _ in read])
        self.replications: npt.NDArray[np.int64] = numbers[numbers < count]
        self.values: FloatArray = np.concatenate([values for _, values in read])[numbers < count]

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        return self.experiment.seed

    @property
    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed, and what it takes to run them again."""
        is_repeatable = self.experiment.sampler == "random"
        return [FailedRun(failure, self.seed, is_repeatable=is_repeatable) for failure in self.failures]

    @property
    def groups(self) -> estimates.Groups | None:
        """Scrambling of each replication, None with plain streams."""
        return self.replications % SCRAMBLINGS if self.experiment.sampler == "sobol" else None

    def column(self, place: int, metric: int) -> tuple[FloatArray, estimates.Groups | None]:
        """Values of one metric of one place that are not absent, and their groups."""
        values = self.values[:, place, metric]
        return values[~np.isnan(values)], _of(self.groups, ~np.isnan(values))

    # ---------------------------------------------------------------------------------------------------------- estimates

    def days_lost(self, place: int) -> estimates.Estimate:
        """Mean of days of use lost."""
        return estimates.mean(*self.column(place, DAYS_LOST))

    def tail_days(self, place: int) -> estimates.Estimate:
        """Mean of days of use lost in the worst 5% of replications."""
        values, groups = self.column(place, DAYS_LOST)
        return estimates.tail_mean(values, groups=groups)

    def probability_by(self, place: int, day: float = math.inf) -> estimates.Estimate:
        """Probability of any shortfall up to a day, that day included."""
        onset = self.values[:, place, ONSET]
        return estimates.probability(onset <= min(day, self.shape.days), self.groups)

    @cached_property
    def ranked(self) -> list[int]:
        """Consumers with any shortfall in any replication, by the mean of days lost."""
        short = [p for p in range(self.shape.consumers) if self.probability_by(p).value > 0.0]
        lost = {p: round(self.days_lost(p).value, 6) for p in short}
        return sorted(short, key=lambda p: (-lost[p], self.shape.places[p]))

    @cached_property
    def bands(self) -> list[Band]:
        """Quantiles of every consumer's weekly shortfall."""
        together = max(1, FAN_BYTES // (4 * self.shape.weeks * len(self.replications)))
        found: list[Band] = []
        for first in range(0, self.shape.consumers, together):
            asked = range(first, min(first + together, self.shape.consumers))
            weekly = self.weekly(asked)
            levels = [np.quantile(weekly[:, i], estimates.QUANTILES, axis=0) for i in range(len(asked))]
            found += [Band(place, np.asarray(level, dtype=float)) for place, level in zip(asked, levels, strict=True)]
        return found

    def weekly(self, places: Sequence[int]) -> npt.NDArray[np.float32]:
        """Weekly shortfall of some consumers as fractions of demand, shape (m, places, weeks); read from the parts."""
        weekly = np.empty((len(self.replications), len(places), self.shape.weeks), dtype=np.float32)
        filled = 0
        for part in self.parts:
            if part.shape is None:  # every replication of it failed
                continue
            numbers, own = weekly_of(part, places)
            own = own[numbers < self.count]
            weekly[filled : filled + len(own)] = own
            filled += len(own)
        return weekly

    def check_days(self) -> Iterator[int]:
        """Days by which the probability of a shortfall is told: the first of every month, and the last day."""
        for day in range(1, self.shape.days):
            if (self.shape.start + dt.timedelta(days=day)).day == 1 or day == self.shape.days - 1:
                yield day

    # ------------------------------------------------------------------------------------------------------------- tables

    @cached_property
    def metric_rows(self) -> list[dict[str, Any]]:
        """Mean, spread and quantiles of every metric, by place; of those replications in which it is not absent."""
        return [
            row
            for place in range(len(self.shape.places))
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
            **self.shape.places[place]._asdict(),
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
        for place in range(self.shape.consumers):
            for day in self.check_days():
                value, se = self.probability_by(place, day)
                told = {"by": self.date(day).isoformat(), "probability": rounded(value), "se": rounded(se)}
                rows.append({**self.shape.places[place]._asdict(), **told})
        return rows

    @cached_property
    def tail_rows(self) -> list[dict[str, Any]]:
        """Conditional value at risk of days of use lost, at 95%."""
        rows = []
        for place in range(self.shape.consumers):
            value, se = self.tail_days(place)
            rows.append({**self.shape.places[place]._asdict(), "cvar_95_days": rounded(value), "se": rounded(se)})
        return rows

    @cached_property
    def fan_rows(self) -> list[dict[str, Any]]:
        """Quantiles of the weekly shortfall, by place and week."""
        return [
            {
                "week": self.date(7 * week),
                **self.shape.places[band.place]._asdict(),
                **{f"q{100 * q:02.0f}": float(v) for q, v in zip(estimates.QUANTILES, at, strict=True)},
            }
            for band in self.bands
            for week, at in enumerate(band.quantiles.T)
        ]

    def date(self, day: float) -> dt.date:
        """A day number as a date."""
        return self.shape.start + dt.timedelta(days=int(day))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every replication: one row a replication and place, one column a metric; dates as dates."""
        import pandas as pd

        places, count = self.shape.places, len(self.replications)
        frame = pd.DataFrame(
            {
                "replication": np.repeat(self.replications, len(places)),
                "material": [place.material for place in places] * count,
                "region": [place.region for place in places] * count,
            }
        )
        for j, name in enumerate(METRICS):
            column = self.values[:, :, j].ravel()
            if METRIC_UNITS[name] == "date":
                frame[name] = pd.Timestamp(self.shape.start) + pd.to_timedelta(column, unit="D")
            else:
                frame[name] = column
        return frame

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The estimates of every metric."""
        import pandas as pd

        return pd.DataFrame(self.metric_rows)

    @cached_property
    def probability(self) -> pd.DataFrame:
        """Probability of any shortfall by date, with its standard error."""
        import pandas as pd

        return pd.DataFrame(self.probability_rows)

    @cached_property
    def fan(self) -> pd.DataFrame:
        """Quantiles of the weekly shortfall as fractions of demand."""
        import pandas as pd

        return pd.DataFrame(self.fan_rows)

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`; values absent by nature are None."""
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

    # ------------------------------------------------------------------------------------------------------------ reading

    def answer(self) -> Answer:
        """What was found, in plain words."""
        from minsim.studies.answers import ensemble_answer

        return ensemble_answer(self)

    def plot(self, ax: Axes | None = None, place: tuple[str, str] | None = None) -> Axes:
        """Draw the fan of weekly shortfalls.

        Parameters
        ----------
        ax : Axes, optional
            Draw one place into these axes; absent: a whole figure of the hardest hit regions.
        place : (material, region), optional
            Absent: the one that loses most days of use on average.
        """
        if ax is None:
            return plotting.figure(self).axes[0]
        index = self.ranked[0] if place is None and self.ranked else 0
        if place is not None:
            index = self.shape.places.index(place)
        return plotting.draw_into(ax, self, index)

    def save(self, out: str | Path, *, plot: bool = True, command: str | None = None) -> Path:
        """Write `summary.json`, `replications.parquet`, `fan.csv`, `fan.png` and `manifest.json` into a folder."""
        from minsim.studies.files import save_ensemble

        return save_ensemble(self, Path(out), plot=plot, command=command)

    def __repr__(self) -> str:
        return f"<Ensemble of {self.scenario.name}: {self.answer().headline}>"


STANDARD_ERRORS = {
    "random": "mean: sd / sqrt(n); probability: binomial; quantile: order statistics; CVaR: asymptotic",
    "sobol": f"spread between {SCRAMBLINGS} independent scramblings / sqrt({SCRAMBLINGS})",
}


def rounded(value: float) -> float | None:
    """Twelve significant digits; None where absent."""
    return None if not math.isfinite(value) else float(f"{value:.12g}")
