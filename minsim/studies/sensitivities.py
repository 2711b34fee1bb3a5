"""Which numbers drive an answer: Morris screening and Sobol indices of one metric, by SALib.

Morris [1]_ moves one number at a time between quantiles of its distribution and takes the mean size of what follows
(mu*), in the unit of the metric; it costs a dozen replications a number. Sobol indices [2]_ are shares of the variance: of a
number alone (first order), and with all it acts together with (total); they cost hundreds.

References
----------
.. [1] Campolongo, Cariboni, Saltelli: An effective screening design for sensitivity analysis of large models. Environmental
   Modelling & Software 22 (2007).
.. [2] Saltelli et al.: Variance based sensitivity analysis of model output. Computer Physics Communications 181 (2010).
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
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
from minsim.scenario import Input, Scenario
from minsim.scenario.distributions import Dimension, dimensions, stream
from minsim.scenario.format.sources import ASSUMPTION
from minsim.studies.answers import material_name, path_words
from minsim.studies.ensembles import rounded
from minsim.studies.monte_carlo.batches import Batch, RunProgress, RunSeries, design_of, load, replication_runner
from minsim.studies.monte_carlo.replications import (
    METRIC_UNITS,
    METRICS,
    Chunk,
    Experiment,
    Failure,
    MaterialRegion,
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
INNER = (0.025, 0.95)
"""Morris moves within the central 95% of a distribution: the ends of an unbounded one are infinitely far off."""
MOST_NAMED = 10


@dataclass(frozen=True)
class Factor:
    """A number that is moved.

    Attributes
    ----------
    name : Dimension
        Its path and purpose.
    is_assumption : bool
    spread : float
        Of a number without a distribution: how far it is moved to either side, as a fraction of itself.
    most : float
        Largest factor on it; keeps shares below 1.
    """

    name: Dimension
    is_assumption: bool
    spread: float = 0.0
    most: float = np.inf

    @property
    def label(self) -> str:
        """The path, with what is drawn where it is not the value."""
        path, purpose = self.name
        return {"start": path, "happens": path.removesuffix(".probability") + " happens"}.get(purpose, path)

    def scaled(self, u: FloatArray) -> FloatArray:
        """Units as the draws want them: factors, where the number has no distribution."""
        return np.minimum(1.0 + self.spread * (2.0 * u - 1.0), self.most) if self.name[1] == "factor" else u


class Sensitivity:
    """What each number contributes to one metric; made by `sensitivity`.

    Attributes
    ----------
    rows : list of dict
        The numbers that count most first.
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
        """The column by which numbers are ranked."""
        return "mu_star" if self.method == "morris" else "total"

    def answer(self) -> Answer:
        """Which numbers drive the answer, in plain words."""
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
        """The content of `summary.json`."""
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
        """Draw the tornado, assumptions marked."""
        return plotting.figure(self).axes[0]

    def save(self, out: str | Path, *, plot: bool = True, command: str | None = None) -> Path:
        """Write `sensitivity.csv`, `sensitivity.png`, `summary.json` and `manifest.json` into a folder."""
        from minsim.studies.files import save_table

        def draw() -> Any:
            return self.plot().figure

        picture = draw if plot else None
        seed = self.experiment.seed
        return save_table(Path(out), "sensitivity", self.rows, self.summary(), picture, self.scenario, seed, command)

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
    """Find which uncertain numbers drive a metric.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    metric : str
        A metric of a region that every run has, such as `shortfall_days`.
    region, material : str, optional
        Absent: the first that fits of those whose metric varies most.
    method : {"morris", "sobol"}
    samples : int, optional
        Trajectories of Morris (10), or base points of Sobol (64; a power of two).
    spread : float
        Also move every empirical number without a distribution by this fraction of itself to either side.
    seed : int, optional
        Of the design, and of hazards, which draw alike in every run.
    jobs, executor, out, progress
        As of `ensemble`.

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
    series = _series(experiment, factors, units, method)
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as computed:
        (batch,) = computed.compute([series])
    values = np.full((len(units), *batch.values.shape[1:]), np.nan)  # `nan` where a run failed
    values[batch.replications] = batch.values
    place, column = _place(batch.shape, values[:, :, METRICS.index(metric)], region, material)
    group = len(factors) + (1 if method == "morris" else 2)
    whole = np.isfinite(column).reshape(-1, group).all(axis=1)
    if whole.sum() < 2:
        raise SimulationError(_why_none(metric, batch, whole, spread))
    kept = np.repeat(whole, group)
    rows = list(_rows(method, factors, units[kept], column[kept], experiment.seed))
    key = "mu_star" if method == "morris" else "total"
    rows.sort(key=lambda row: (-(row[key] or 0.0), row["number"]))
    return Sensitivity(loaded, experiment, metric, place, method, rows, len(units), int((~kept).sum()), batch.failures)


def _why_none(metric: str, batch: Batch, whole: Any, spread: float) -> str:
    """Why too few groups of runs are left: their metric is absent, or some run of each failed."""
    if not batch.failures:
        return f"{metric} is absent in nearly every run; choose another metric"
    cause = batch.failures[0].cause.splitlines()
    milder = f"; a spread below {spread:g} fails less often" if spread else ""
    return (
        f"{len(batch.failures)} runs failed, in {len(whole) - int(whole.sum())} of {len(whole)} groups of runs; "
        f"the first: {' '.join(line.strip() for line in cause[:2])}{milder}"
    )


def _check_salib() -> None:
    try:
        import SALib  # noqa: F401
    except ImportError as error:
        raise MinsimError("sensitivity needs SALib: pip install 'minsim[sensitivity]'") from error


def factors_of(scenario: Scenario, spread: float = 0.0) -> Iterator[Factor]:
    """Numbers to be moved: the uncertain ones, and with a spread all other empirical ones."""
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
    """SALib warns of its own uses of numpy and pandas, which are no concern of the reader."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _series(experiment: Experiment, factors: Sequence[Factor], units: FloatArray, method: Method) -> RunSeries:
    """The runs of a design, numbered as its points."""
    low, width = INNER if method == "morris" else (0.0, 1.0)
    moved = np.stack([f.scaled(u if f.spread else low + width * u) for f, u in zip(factors, units.T, strict=True)], 1)
    names = [factor.name for factor in factors]

    def task(first: int, last: int) -> Task[Chunk]:
        return compute_points, (experiment, first, 0, names, moved[first : last + 1])

    return RunSeries(experiment, len(moved), task, design_of(repr(names), moved.tobytes()))


def _place(
    shape: Any, column: FloatArray, region: str | None, material: str | None
) -> tuple[MaterialRegion, FloatArray]:
    """The place meant, and its values; without a name the one that varies most."""
    fitting = [
        i
        for i, place in enumerate(shape.places)
        if (region is None or place.region == region) and (material is None or place.material == material)
    ]
    if not fitting:
        known = ", ".join(f"{place.material} in {place.region}" for place in shape.places)
        raise ScenarioError.single(f"nobody uses {material or 'anything'} in {region}; the scenario has {known}")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spread = {i: float(np.nan_to_num(np.nanstd(column[:, i]))) for i in fitting}
    index = max(fitting, key=lambda i: (spread[i], -i))
    return shape.places[index], column[:, index]


def _rows(
    method: Method, factors: Sequence[Factor], units: FloatArray, column: FloatArray, seed: int
) -> Iterator[dict[str, Any]]:
    problem = _problem(len(factors))
    key = int(stream(seed, 0, "sensitivity", "resampling").integers(2**31))
    constant = float(np.ptp(column)) <= 1e-9 * max(1.0, float(np.abs(column).max()))
    with _quiet(), np.errstate(all="ignore"):
        if method == "morris":
            from SALib.analyze import morris

            found = morris.analyze(problem, units, column, num_levels=LEVELS, seed=key)
            columns = {"mu_star": found["mu_star"], "mu_star_se": found["mu_star_conf"] / 1.96,
                       "mu": found["mu"], "sigma": found["sigma"]}  # fmt: skip
        else:
            from SALib.analyze import sobol

            found = sobol.analyze(problem, column, calc_second_order=False, seed=key)
            columns = {"first": found["S1"], "first_se": found["S1_conf"] / 1.96,
                       "total": found["ST"], "total_se": found["ST_conf"] / 1.96}  # fmt: skip
    for i, factor in enumerate(factors):
        numbers = {name: 0.0 if constant else rounded(float(values[i])) for name, values in columns.items()}
        yield {"number": factor.label, "is_assumption": factor.is_assumption, **numbers}
