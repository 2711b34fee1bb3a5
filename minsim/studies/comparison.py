"""Compare scenarios: paired differences by replication, with common random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.errors import SimulationError
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario
from minsim.studies.answers import days, material_name
from minsim.studies.files import study_files
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import Batch, FailedRun, RunProgress, load, ranked_places, replication_runner
from minsim.studies.monte_carlo.estimates import rounded
from minsim.studies.monte_carlo.replications import (
    METRIC_UNITS,
    Experiment,
    Failure,
    MaterialRegion,
    ResultSchema,
    Weekly,
    compute,
)
from minsim.text.formatting import capital, count, listing, with_article

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COMPARED = (
    "shortfall_days",
    "shortfall_t",
    "duration_days",
    "peak_shortfall_fraction",
    "destroyed_t",
    "from_stockpile_t",
    "leaked_t",
    "value_of_shortfall_usd",
)
"""Metrics compared: those defined in every replication, so that all can be paired."""


@dataclass(frozen=True)
class CentralCase:
    """Weekly shortfall of one scenario's central case as a fraction of demand, shape (consumers, weeks)."""

    schema: ResultSchema
    weekly: Weekly


class Comparison(SavedResult):
    """Two or more scenarios, each compared with the first; made by `compare`.

    Attributes
    ----------
    scenarios : list of Scenario
        Those of which at least one replication could be computed.
    central : list of CentralCase or None
        None: it cannot be computed.
    failed_runs : list of FailedRun
        Replications that could not be computed, of scenarios left out too.
    left_out : tuple of str
        A sentence for each scenario, or central case, that could not be computed at all.
    """

    def __init__(
        self,
        scenarios: list[Scenario],
        seed: int,
        batches: list[Batch],
        central: list[CentralCase | None],
        failed_runs: Sequence[FailedRun] = (),
        left_out: Sequence[str] = (),
    ) -> None:
        self.scenarios, self.seed, self.batches, self.central = scenarios, seed, batches, central
        self.names = labels_of(scenarios)
        self.failed_runs, self.left_out = list(failed_runs), tuple(left_out)

    @property
    def scenario(self) -> Scenario:
        """The first scenario, with which the others are compared."""
        return self.scenarios[0]

    @cached_property
    def places(self) -> list[MaterialRegion]:
        """Places that are consumers in every scenario, by the most days lost in any; of equals, the thinnest stock first."""
        return ranked_places(self.batches)

    def difference(self, other: int, place: MaterialRegion, metric: str = "shortfall_days") -> FloatArray:
        """Differences from the first scenario, one per replication that both have.

        Parameters
        ----------
        other : int
            Position of the other scenario in `scenarios`.
        place : MaterialRegion
            Material and region.
        metric : str
            One of `COMPARED`.

        Returns
        -------
        ndarray, shape (pairs,)
            Other less first, in the metric's unit.
        """
        a, b = self.batches[0], self.batches[other]
        _, mine, theirs = np.intersect1d(a.replications, b.replications, return_indices=True)
        return b.values_at(metric, place)[theirs] - a.values_at(metric, place)[mine]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Means, and paired differences from the first scenario with their standard errors."""
        return [
            self._row(k, place, metric)
            for place in self.places
            for metric in COMPARED
            for k in range(1, len(self.scenarios))
        ]

    def _row(self, k: int, place: MaterialRegion, metric: str) -> dict[str, Any]:
        change = self.difference(k, place, metric)
        base, other = (self.batches[i].values_at(metric, place) for i in (0, k))
        average = estimates.mean(change)
        low, high = np.quantile(change, (0.05, 0.95)) if len(change) else (np.nan, np.nan)
        return {
            **place._asdict(),
            "metric": metric,
            "unit": METRIC_UNITS[metric],
            "scenario": self.names[k],
            "compared_with": self.names[0],
            "replications": int(np.isfinite(change).sum()),
            "mean": rounded(float(other.mean())),
            "mean_compared": rounded(float(base.mean())),
            "difference": rounded(average.value),
            "se": rounded(average.se),
            "q05": rounded(float(low)),
            "q95": rounded(float(high)),
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def answer(self) -> Answer:
        """The findings, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        lines = tuple(line for k in range(1, len(self.scenarios)) for line in self._lines(k))
        failed = sum(len(batch.failures) for batch in self.batches)
        lost = f"; {count(failed, 'replication')} failed and left out" if failed else ""
        total = len(self.difference(1, self.places[0])) if self.places else 0
        foot = (
            f"{count(total, 'pair')} of replications with common random numbers, seed {self.seed}{lost}; "
            "± is one standard error."
        )
        return Answer(lines[0], (*lines[1:], *self.left_out, foot))

    def _lines(self, k: int) -> Iterator[str]:
        name, first = self.names[k], self.names[0]
        differing, same = 0, []
        for place in self.places:
            change = estimates.mean(self.difference(k, place))
            if abs(change.value) < 1e-9 and not change.se > 0:
                same.append(place.region)
                continue
            more = "more" if change.value > 0 else "less"
            amount = days(estimates.Estimate(abs(change.value), change.se))
            who, what = capital(with_article(place.region)), material_name(self.scenario, place.material)
            yield f"{who} loses {amount} of {what} {more} in {name} than in {first}."
            differing += 1
        if same and not differing:
            yield f"{name} and {first} differ nowhere: every region loses the same in both."
        elif same:
            yield f"No difference for {listing([with_article(region) for region in sorted(same)])}."

    def plot(self) -> Axes:
        """Draw the central cases in one chart, and the differences below.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        return plotting.figure(self).axes[0]

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        return {
            "scenarios": self.names,
            "seed": self.seed,
            "failures": {
                name: [vars(failure) for failure in batch.failures]
                for name, batch in zip(self.names, self.batches, strict=True)
            },
            "left_out": list(self.left_out),
            "differences": self.rows,
        }

    def _files(self, command: str | None) -> ResultFiles:
        return study_files(self, {"comparison": self.rows}, command)

    def __repr__(self) -> str:
        return f"<Comparison: {self.answer().headline}>"


def labels_of(scenarios: list[Scenario]) -> list[str]:
    """Unique names of the scenarios."""
    names = [scenario.name for scenario in scenarios]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: k + 1].count(name)})" for k, name in enumerate(names)
    ]


def compare(
    first: Scenario | str | Path,
    *others: Scenario | str | Path,
    replications: int = 200,
    seed: int | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Comparison:
    """Compare scenarios replication by replication, with common random numbers.

    Parameters
    ----------
    first, *others : Scenario, str or Path
        The others are compared with the first.
    replications : int
        Replications of each scenario.
    seed : int, optional
        Seed of all draws; absent: that of the first scenario.
    jobs, executor, out, progress
        As of `ensemble`.

    Returns
    -------
    Comparison
        Its `answer` and `table`.

    Raises
    ------
    ScenarioError
        A scenario cannot be read.
    SimulationError
        Not one replication of the first scenario, or of any other, could be computed.

    Examples
    --------
    >>> compare("magnet-ban", "truce-lapses", replications=50).answer()  # doctest: +SKIP
    """
    if not others:
        raise ValueError("expected two scenarios or more to compare")
    scenarios = [load(scenario) for scenario in (first, *others)]
    seed = scenarios[0].model.seed if seed is None else seed
    experiments = [Experiment.of(scenario, seed) for scenario in scenarios]
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        batches = runner.replicate(experiments, replications)
    failed = [FailedRun(failure, seed, scenario=k) for k, batch in enumerate(batches) for failure in batch.failures]
    kept = [k for k, batch in enumerate(batches) if len(batch.replications)]
    names = labels_of(scenarios)
    left_out = [f"{names[k]} is left out: {batch.cause}" for k, batch in enumerate(batches) if k not in kept]
    if 0 not in kept or len(kept) < 2:
        raise SimulationError(f"nothing is left to compare with: {'; '.join(left_out)}")
    central: list[CentralCase | None] = []
    for k in kept:
        found = central_case(experiments[k])
        if isinstance(found, Failure):
            failed.append(FailedRun(found, seed, scenario=k, central=True))
            left_out.append(f"The central case of {names[k]} is not drawn: {found.line}")
        central.append(None if isinstance(found, Failure) else found)
    return Comparison([scenarios[k] for k in kept], seed, [batches[k] for k in kept], central, failed, left_out)


def central_case(experiment: Experiment) -> CentralCase | Failure:
    """Simulate the central case of an experiment; why it failed, where it does."""
    chunk = compute(replace(experiment, central=True), 0, 0)
    return chunk.failures[0] if chunk.schema is None else CentralCase(chunk.schema, chunk.weekly[0])
