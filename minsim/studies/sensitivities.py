"""Global sensitivity analysis of one metric: Morris screening and Sobol indices, by SALib.

Morris screening [1]_ varies one number at a time between quantiles of its distribution; mu* is the mean absolute effect, in
the unit of the metric. Whether an event happens, and which of several values is chosen, has no quantiles to go between: it
moves from one state to another, however rare, and its effect is the difference between the two. Morris needs about a dozen
runs per number. Sobol indices [2]_ are shares of the variance: of a number
alone (first order), and with all its interactions (total). They need hundreds of runs per number.

References
----------
.. [1] Campolongo, Cariboni, Saltelli: An effective screening design for sensitivity analysis of large models. Environmental
   Modelling & Software 22 (2007).
.. [2] Saltelli et al.: Variance based sensitivity analysis of model output. Computer Physics Communications 181 (2010).
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minsim.errors import MinsimError, ScenarioError, SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario
from minsim.scenario.distributions import stream
from minsim.studies.answers import ROUNDING, digits_of, material_name, path_words
from minsim.studies.factors import Factor, factors_of
from minsim.studies.files import study_files
from minsim.studies.monte_carlo.batches import Batch, RunProgress, RunSeries, design_of, load, replication_runner
from minsim.studies.monte_carlo.estimates import rounded
from minsim.studies.monte_carlo.replications import (
    METRIC_UNITS,
    METRICS,
    Chunk,
    Experiment,
    Failure,
    MaterialRegion,
    ResultSchema,
    compute_points,
)
from minsim.studies.monte_carlo.workers import Task
from minsim.text.formatting import count, listing, three_figures, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.random import Generator

Method = Literal["morris", "sobol"]
LEVELS = 4
"""Levels of the Morris grid."""
STEP = LEVELS / (2.0 * (LEVELS - 1.0))
"""Step of the Morris grid, by which SALib divides every effect."""
INNER = (0.025, 0.95)
"""Start and width of the quantiles that Morris varies: the central 95%, because distributions may be unbounded."""
RANKED_BY: dict[Method, str] = {"morris": "mu_star", "sobol": "total"}
"""Column that ranks the numbers."""
MOST_NAMED = 10
"""Most numbers named in the answer."""


class Sensitivity(SavedResult):
    """Sensitivity of one metric to each number; made by `sensitivity`.

    Attributes
    ----------
    rows : list of dict
        One row per number, the most influential first.
    never_drawn : tuple of str
        Numbers with a state that no run of the design has, so that its effect is not known; with Sobol alone.
    """

    def __init__(
        self, scenario: Scenario, experiment: Experiment, metric: str, place: MaterialRegion, method: Method,
        rows: list[dict[str, Any]], runs: int, lost: int, failures: tuple[Failure, ...] = (),
        never_drawn: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.scenario, self.experiment, self.metric, self.place, self.method = (
            scenario, experiment, metric, place, method,
        )  # fmt: skip
        self.rows, self.runs, self.lost, self.failures = rows, runs, lost, failures
        self.never_drawn = never_drawn

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def unit(self) -> str:
        """Unit of the metric."""
        return METRIC_UNITS[self.metric]

    @property
    def main(self) -> str:
        """The column that ranks the numbers."""
        return RANKED_BY[self.method]

    def answer(self) -> Answer:
        """The most influential numbers, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        name = "days of use lost" if self.metric == "shortfall_days" else self.metric.replace("_", " ")
        what = f"{name} in {with_article(self.place.region)}"
        acting = [row for row in self.rows if (row[self.main] or 0.0) > 1e-9]
        if not acting:
            of = "drawn" if self.never_drawn else "uncertain"
            return Answer(f"Nothing that is {of} moves the {what}", (*self._unknown(), self._foot()))
        first = acting[0]
        head = f"The {what} hang most on {path_words(first['number'])[0].replace(': ', ', ')}"
        named = acting[:MOST_NAMED]
        lines = [
            f"{row['number']}{' (assumption)' if row['is_assumption'] else ''}: {self._size(row)}" for row in named
        ]
        assumed = sum(row["is_assumption"] for row in named)
        verb = "is an assumption" if assumed == 1 else "are assumptions"
        tally = f"{assumed} of the {count(len(named), 'number')} named {verb}."
        return Answer(head, (*lines, tally, *self._unknown(), self._foot()))

    def _unknown(self) -> Iterator[str]:
        """Rare states that no run has."""
        if self.never_drawn:
            yield (
                f"Too rare to be in any of {count(self.runs, 'run')}, and so of unknown effect: "
                f"{listing(list(self.never_drawn))}. More samples draw it, and Morris moves to every state."
            )

    def _size(self, row: dict[str, Any]) -> str:
        if self.method == "morris":
            size, error = row["mu_star"], row["mu_star_se"] or 0.0
            about = f" ± {three_figures(error)}" if error > ROUNDING * size else ""
            return f"{three_figures(size)}{about} {self.unit}"
        total, first = (_share(row[name], row[f"{name}_se"] or 0.0) for name in ("total", "first"))
        return f"{total} of the variance, {first} by itself"

    def _foot(self) -> str:
        idle = sum(not (row[self.main] or 0.0) > 1e-9 and row["number"] not in self.never_drawn for row in self.rows)
        still = f"; {count(idle, 'number')} of {len(self.rows)} without effect" if idle else ""
        gone = f"; {count(self.lost, 'run')} left out, with a failure among them" if self.lost else ""
        meaning = (
            "mean size of the effect across 95% of a number's range, or between its states"
            if self.method == "morris"
            else "Sobol indices"
        )
        errors = "; ± is one standard error" if any(row[f"{self.main}_se"] for row in self.rows) else ""
        material = material_name(self.scenario, self.place.material)
        return f"{material}: {meaning}; {count(self.runs, 'run')}, seed {self.experiment.seed}{still}{gone}{errors}."

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        return {
            "scenario": self.scenario.name,
            "seed": self.experiment.seed,
            "method": self.method,
            "metric": self.metric,
            "unit": self.unit,
            **self.place._asdict(),
            "runs": self.runs,
            "runs_left_out": self.lost,
            "never_drawn": list(self.never_drawn),
            "failures": [vars(failure) for failure in self.failures],
            "numbers": self.rows,
        }

    def plot(self) -> Axes:
        """Draw the tornado, assumptions marked.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        return plotting.figure(self).axes[0]

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        return self.experiment.seed

    def _files(self, command: str | None) -> ResultFiles:
        return study_files(self, {"sensitivity": self.rows}, command)

    def __repr__(self) -> str:
        return f"<Sensitivity of {self.scenario.name}: {self.answer().headline}>"


def sensitivity(
    scenario: Scenario | str | Path,
    metric: str = "shortfall_days",
    region: str | None = None,
    material: str | None = None,
    *,
    method: Method = "morris",
    samples: int | None = None,
    spread: float = 0.0,
    seed: int | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Sensitivity:
    """Find the uncertain numbers to which a metric is most sensitive.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    metric : str
        A metric of a region that is defined in every run, such as `shortfall_days`.
    region, material : str, optional
        Absent: the place whose metric varies most.
    method : {"morris", "sobol"}
    samples : int, optional
        Trajectories of Morris (default 10), or base points of Sobol (default 64), which must be a power of two.
    spread : float
        Also vary every empirical number without a distribution by this fraction of itself to either side.
    seed : int, optional
        Seed of the design, and of hazards, whose draws are the same in every run.
    jobs, executor, out, progress
        As of `ensemble`.

    Returns
    -------
    Sensitivity
        Its `answer` and `table`.

    Raises
    ------
    MinsimError
        SALib is not installed, nothing is uncertain, or every run failed.

    Examples
    --------
    >>> sensitivity("magnet-ban", region="United States").answer()  # doctest: +SKIP
    """
    _check_salib()
    if METRIC_UNITS.get(metric, "date") == "date":
        raise ScenarioError.single(unknown("metric", metric, [m for m, u in METRIC_UNITS.items() if u != "date"]))
    loaded = load(scenario)
    experiment = Experiment.of(loaded, seed)
    factors = list(factors_of(loaded, spread))
    if len(factors) < 2:
        raise ScenarioError.single("fewer than two numbers are uncertain; give distributions, or a spread")
    samples = samples or (10 if method == "morris" else 64)
    _check_samples(method, samples)
    units = _design(method, len(factors), samples, experiment.seed)
    points = _points(method, factors, units, experiment.seed)
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        (batch,) = runner.compute([_series(experiment, factors, points)])
    values = batch.values_by_run(len(units))[:, :, METRICS.index(metric)]
    place, column = _place(batch.schema, values, region, material)
    group = len(factors) + (1 if method == "morris" else 2)
    complete = np.isfinite(column).reshape(-1, group).all(axis=1)
    if complete.sum() < 2:
        raise SimulationError(_why_none(metric, batch, complete, spread))
    kept = np.repeat(complete, group)
    rows = sorted(_rows(method, factors, units[kept], column[kept], experiment.seed), key=_rank(method))
    return Sensitivity(
        loaded, experiment, metric, place, method, rows, len(units), int((~kept).sum()), batch.failures,
        tuple(_never_drawn(factors, points[kept])) if method == "sobol" else (),
    )  # fmt: skip


def _check_samples(method: Method, samples: int) -> None:
    """Sobol points are balanced in powers of two alone."""
    if method == "sobol" and samples & (samples - 1):
        below = 2 ** (samples.bit_length() - 1)
        message = f"expected a power of two as base points of Sobol, got {samples}; give {below} or {2 * below}"
        raise ScenarioError.single(message)


def _share(share: float, se: float) -> str:
    """A share of the variance in per cent, with its standard error."""
    digits = min(digits_of(100.0 * se), 1) if se > ROUNDING else 0
    about = f" ± {100.0 * se:.{digits}f}" if se > ROUNDING else ""
    return f"{round(100.0 * share, digits) + 0.0:.{digits}f}%{about}"


def _rank(method: Method) -> Callable[[dict[str, Any]], tuple[float, str]]:
    return lambda row: (-(row[RANKED_BY[method]] or 0.0), row["number"])


def _why_none(metric: str, batch: Batch, complete: Any, spread: float) -> str:
    """Why too few groups of runs are left: the metric does not apply, or a run of each group failed."""
    if not batch.failures:
        return f"{metric} is absent in nearly every run; choose another metric"
    cause = batch.failures[0].cause.splitlines()
    milder = f"; a spread below {spread:g} fails less often" if spread else ""
    return (
        f"{len(batch.failures)} runs failed, in {len(complete) - int(complete.sum())} of {len(complete)} groups of runs; "
        f"the first: {' '.join(line.strip() for line in cause[:2])}{milder}"
    )


def _check_salib() -> None:
    try:
        import SALib  # noqa: F401
    except ImportError as error:
        raise MinsimError("sensitivity needs SALib: pip install 'minsim[sensitivity]'") from error


def _never_drawn(factors: Sequence[Factor], points: FloatArray) -> Iterator[str]:
    """Numbers of which no point has one of their states."""
    for factor, column in zip(factors, points.T, strict=True):
        if factor.shares:
            bounds = np.cumsum(factor.shares)[:-1]
            if len(np.unique(np.searchsorted(bounds, column, side="right"))) < len(factor.shares):
                yield factor.label


def _problem(count_of: int) -> dict[str, Any]:
    return {"num_vars": count_of, "names": [str(i) for i in range(count_of)], "bounds": [[0.0, 1.0]] * count_of}


def _design(method: Method, width: int, samples: int, seed: int) -> FloatArray:
    """Points of the unit cube, shape (runs, width)."""
    key = int(stream(seed, 0, "sensitivity", "design").integers(2**31))
    with _quiet():
        if method == "morris":
            from SALib.sample import morris

            return np.asarray(morris.sample(_problem(width), samples, num_levels=LEVELS, seed=key), dtype=float)
        from SALib.sample import sobol

        return np.asarray(sobol.sample(_problem(width), samples, calc_second_order=False, seed=key), dtype=float)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide SALib's warnings about its own use of numpy and pandas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _points(method: Method, factors: Sequence[Factor], units: FloatArray, seed: int) -> FloatArray:
    """Draws of every number at the points of a design, shape (runs, factors)."""
    low, width = INNER if method == "morris" else (0.0, 1.0)
    states = stream(seed, 0, "sensitivity", "states")
    columns = []
    for factor, u in zip(factors, units.T, strict=True):
        if method == "morris" and factor.shares:
            columns.append(_between_states(np.array(factor.states), u.reshape(-1, len(factors) + 1), states))
        else:
            columns.append(factor.scaled(u if factor.spread else low + width * u))
    return np.stack(columns, axis=1)


def _between_states(states: FloatArray, u: FloatArray, generator: Generator) -> FloatArray:
    """Two states of a number for each trajectory: its step crosses the middle of the grid, from one to the other."""
    pairs = np.array([np.sort(generator.choice(len(states), 2, replace=False)) for _ in u])
    return np.asarray(np.where(u < 0.5, states[pairs[:, :1]], states[pairs[:, 1:]])).ravel()


def _series(experiment: Experiment, factors: Sequence[Factor], points: FloatArray) -> RunSeries:
    """The runs of a design, numbered like its points."""
    names = [factor.name for factor in factors]

    def task(first: int, last: int) -> Task[Chunk]:
        return compute_points, (experiment, first, 0, names, points[first : last + 1])

    return RunSeries(experiment, len(points), task, design_of(repr(names), points.tobytes()))


def _place(
    schema: ResultSchema, column: FloatArray, region: str | None, material: str | None
) -> tuple[MaterialRegion, FloatArray]:
    """The selected place and its values; without names the place whose values vary most."""
    fitting = [
        i
        for i, place in enumerate(schema.places)
        if (region is None or place.region == region) and (material is None or place.material == material)
    ]
    if not fitting:
        known = ", ".join(f"{place.material} in {place.region}" for place in schema.places)
        raise ScenarioError.single(f"nobody uses {material or 'anything'} in {region}; the scenario has {known}")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spread = {i: float(np.nan_to_num(np.nanstd(column[:, i]))) for i in fitting}
    index = max(fitting, key=lambda i: (spread[i], -i))
    return schema.places[index], column[:, index]


def _rows(
    method: Method, factors: Sequence[Factor], units: FloatArray, column: FloatArray, seed: int
) -> Iterator[dict[str, Any]]:
    problem = _problem(len(factors))
    key = int(stream(seed, 0, "sensitivity", "resampling").integers(2**31))
    constant = float(np.ptp(column)) <= 1e-9 * max(1.0, float(np.abs(column).max()))
    with _quiet(), np.errstate(all="ignore"):
        if method == "morris":
            from SALib.analyze import morris

            indices = morris.analyze(problem, units, column, num_levels=LEVELS, seed=key)
            # From one state to another there is no slope to be drawn out to the whole range.
            step = np.array([STEP if factor.shares else 1.0 for factor in factors])
            columns = {"mu_star": step * indices["mu_star"], "mu_star_se": step * indices["mu_star_conf"] / 1.96,
                       "mu": step * indices["mu"], "sigma": step * indices["sigma"]}  # fmt: skip
        else:
            from SALib.analyze import sobol

            indices = sobol.analyze(problem, column, calc_second_order=False, seed=key)
            columns = {"first": indices["S1"], "first_se": indices["S1_conf"] / 1.96,
                       "total": indices["ST"], "total_se": indices["ST_conf"] / 1.96}  # fmt: skip
    for i, factor in enumerate(factors):
        numbers = {name: 0.0 if constant else rounded(float(values[i])) for name, values in columns.items()}
        yield {"number": factor.label, "is_assumption": factor.is_assumption, **numbers}
