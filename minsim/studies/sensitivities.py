"""Global sensitivity analysis of one metric: Morris screening and Sobol indices, by SALib.

Morris screening [1]_ varies one number at a time between quantiles of its distribution; mu* is the mean absolute effect, in
the unit of the metric. It needs about a dozen runs per number. Sobol indices [2]_ are shares of the variance: of a number
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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from minsim.errors import MinsimError, ScenarioError, SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Input, Scenario
from minsim.scenario.distributions import Dimension, dimension_of, dimensions, stream, uncertain_numbers
from minsim.scenario.format.sources import ASSUMPTION
from minsim.studies.answers import material_name, path_words
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
from minsim.text.formatting import count, three_figures, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Method = Literal["morris", "sobol"]
LEVELS = 4
"""Levels of the Morris grid."""
INNER = (0.025, 0.95)
"""Start and width of the quantiles that Morris varies: the central 95%, because distributions may be unbounded."""
RANKED_BY: dict[Method, str] = {"morris": "mu_star", "sobol": "total"}
"""Column that ranks the numbers."""
MOST_NAMED = 10
"""Most numbers named in the answer."""


@dataclass(frozen=True)
class Factor:
    """A number that is varied.

    Attributes
    ----------
    name : Dimension
        Path and purpose of its draw.
    is_assumption : bool
    spread : float
        Half-width of the variation of a number without a distribution, as a fraction of the number.
    most : float
        Largest factor applied to it; keeps shares at or below 1.
    """

    name: Dimension
    is_assumption: bool
    spread: float = 0.0
    most: float = np.inf

    @property
    def label(self) -> str:
        """The path, with a remark if the draw is not the value itself."""
        path, purpose = self.name
        return {"start": path, "happens": path.removesuffix(".probability") + " happens"}.get(purpose, path)

    def scaled(self, u: FloatArray) -> FloatArray:
        """Uniform numbers in [0, 1] as draws; as factors if the number has no distribution."""
        return np.minimum(1.0 + self.spread * (2.0 * u - 1.0), self.most) if self.name[1] == "factor" else u


class Sensitivity(SavedResult):
    """Sensitivity of one metric to each number; made by `sensitivity`.

    Attributes
    ----------
    rows : list of dict
        One row per number, the most influential first.
    """

    def __init__(
        self, scenario: Scenario, experiment: Experiment, metric: str, place: MaterialRegion, method: Method,
        rows: list[dict[str, Any]], runs: int, lost: int, failures: tuple[Failure, ...] = (),
    ) -> None:  # fmt: skip
        self.scenario, self.experiment, self.metric, self.place, self.method = (
            scenario, experiment, metric, place, method,
        )  # fmt: skip
        self.rows, self.runs, self.lost, self.failures = rows, runs, lost, failures

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
            return Answer(f"Nothing that is uncertain moves the {what}", (self._foot(),))
        first = acting[0]
        head = f"The {what} hang most on {path_words(first['number'])[0].replace(': ', ', ')}"
        named = acting[:MOST_NAMED]
        lines = [
            f"{row['number']}{' (assumption)' if row['is_assumption'] else ''}: {self._size(row)}" for row in named
        ]
        assumed = sum(row["is_assumption"] for row in named)
        verb = "is an assumption" if assumed == 1 else "are assumptions"
        tally = f"{assumed} of the {count(len(named), 'number')} named {verb}."
        return Answer(head, (*lines, tally, self._foot()))

    def _size(self, row: dict[str, Any]) -> str:
        if self.method == "morris":
            return f"{three_figures(row['mu_star'])} ± {three_figures(row['mu_star_se'] or 0.0)} {self.unit}"
        return f"{100 * row['total']:.0f}% of the variance, {100 * row['first']:.0f}% by itself"

    def _foot(self) -> str:
        idle = len(self.rows) - sum((row[self.main] or 0.0) > 1e-9 for row in self.rows)
        still = f"; {count(idle, 'number')} of {len(self.rows)} without effect" if idle else ""
        gone = f"; {count(self.lost, 'run')} left out, with a failure among them" if self.lost else ""
        meaning = (
            "mean size of the effect across 95% of a number's range" if self.method == "morris" else "Sobol indices"
        )
        material = material_name(self.scenario, self.place.material)
        return f"{material}: {meaning}; {count(self.runs, 'run')}, seed {self.experiment.seed}{still}{gone}."

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
        Trajectories of Morris (default 10), or base points of Sobol (default 64; a power of two).
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
    units = _design(method, len(factors), samples, experiment.seed)
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        (batch,) = runner.compute([_series(experiment, factors, units, method)])
    values = batch.values_by_run(len(units))[:, :, METRICS.index(metric)]
    place, column = _place(batch.schema, values, region, material)
    group = len(factors) + (1 if method == "morris" else 2)
    complete = np.isfinite(column).reshape(-1, group).all(axis=1)
    if complete.sum() < 2:
        raise SimulationError(_why_none(metric, batch, complete, spread))
    kept = np.repeat(complete, group)
    rows = sorted(_rows(method, factors, units[kept], column[kept], experiment.seed), key=_rank(method))
    return Sensitivity(loaded, experiment, metric, place, method, rows, len(units), int((~kept).sum()), batch.failures)


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


def factors_of(scenario: Scenario, spread: float = 0.0) -> Iterator[Factor]:
    """Numbers to be varied: the uncertain ones, and with a spread all other empirical ones."""
    inputs = {entry.path: entry for entry in scenario.inputs()}
    drawn = dimensions(scenario.model)
    for name in drawn:
        yield Factor(name, _is_assumption(scenario, name, inputs))
    if spread > 0.0:
        taken = {path for path, _ in drawn}
        for path, entry in inputs.items():
            if path not in taken and entry.value != 0.0 and np.isfinite(entry.value) and "(" not in entry.text:
                share_like = entry.unit == "" and 0.0 < entry.value <= 1.0
                most = 1.0 / entry.value if share_like else np.inf
                yield Factor((path, "factor"), entry.kind == ASSUMPTION, spread, most)


def _is_assumption(scenario: Scenario, name: Dimension, inputs: dict[str, Input]) -> bool:
    path, _ = name
    shared = [at for at, number in uncertain_numbers(scenario.model) if dimension_of(number, at) == name and at != path]
    if shared:
        return all(inputs[at].kind == ASSUMPTION for at in shared if at in inputs)
    if path in inputs:
        return inputs[path].kind == ASSUMPTION
    event = scenario.model.events.get(path.split(".")[1])
    return event is not None and (event.source or scenario.model.source) == ASSUMPTION


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


def _series(experiment: Experiment, factors: Sequence[Factor], units: FloatArray, method: Method) -> RunSeries:
    """The runs of a design, numbered like its points."""
    low, width = INNER if method == "morris" else (0.0, 1.0)
    points = np.stack([f.scaled(u if f.spread else low + width * u) for f, u in zip(factors, units.T, strict=True)], 1)
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
            columns = {"mu_star": indices["mu_star"], "mu_star_se": indices["mu_star_conf"] / 1.96,
                       "mu": indices["mu"], "sigma": indices["sigma"]}  # fmt: skip
        else:
            from SALib.analyze import sobol

            indices = sobol.analyze(problem, column, calc_second_order=False, seed=key)
            columns = {"first": indices["S1"], "first_se": indices["S1_conf"] / 1.96,
                       "total": indices["ST"], "total_se": indices["ST_conf"] / 1.96}  # fmt: skip
    for i, factor in enumerate(factors):
        numbers = {name: 0.0 if constant else rounded(float(values[i])) for name, values in columns.items()}
        yield {"number": factor.label, "is_assumption": factor.is_assumption, **numbers}
