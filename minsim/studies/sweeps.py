"""Sweeps: one scenario on a grid of values of some of its numbers, with common random numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.errors import ScenarioError
from minsim.metrics.consumers import CONSUMER_UNITS, FloatArray
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario, parse_override
from minsim.studies.answers import days, material_name, path_words
from minsim.studies.files import study_files
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import Batch, FailedRun, RunProgress, load, ranked_places, replication_runner
from minsim.studies.monte_carlo.estimates import rounded
from minsim.studies.monte_carlo.replications import Experiment, MaterialRegion
from minsim.text.formatting import capital, count, listing, with_article

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SWEPT = tuple(name for name, unit in CONSUMER_UNITS.items() if unit != "date")
"""Metrics of a sweep, besides the probability of any shortfall."""
MOST_VALUES = 10_000
"""Most values of one path."""
MOST_TIES = 3
"""Most points that come out alike and are named; of more, the number is said."""


def parse_over(text: str) -> tuple[str, tuple[Any, ...]]:
    """Path and values of `PATH=low:high:step` (both ends included) or `PATH=a,b,c`.

    Raises
    ------
    ScenarioError
        If the text has neither form.

    Examples
    --------
    >>> parse_over("stockpiles.vault.target_days=0:60:30")
    ('stockpiles.vault.target_days', (0, 30, 60))
    >>> parse_over("events.curb.duration_days=90,365")
    ('events.curb.duration_days', (90, 365))
    """
    path, _, given = (part.strip() for part in text.partition("="))
    if given.count(":") == 2 and not given.startswith(("{", "[")):
        try:
            low, high, step = (float(part) for part in given.split(":"))
            steps = (high - low) / step
        except (ValueError, ZeroDivisionError):
            steps = -1.0
        if not 0 <= steps <= MOST_VALUES:
            message = f"expected PATH=low:high:step with numbers, step > 0 and low <= high, got {given}"
            raise ScenarioError.single(message, path=path)
        numbers = (low + step * k for k in range(int(steps + 1e-9) + 1))
        return path, tuple(int(x) if float(x).is_integer() else float(f"{x:.12g}") for x in numbers)
    if given.startswith(("{", "[")):
        return path, (parse_override(text)[1],)
    return path, tuple(parse_override(f"{path}={value}")[1] for value in given.split(","))


class Sweep(SavedResult):
    """Outcomes on a grid of values; made by `sweep`.

    Attributes
    ----------
    over : mapping of str to tuple
        Values of each path.
    points : list of tuple
        Values at each point of the grid, the last path changing fastest.
    """

    def __init__(
        self, scenario: Scenario, seed: int, over: Mapping[str, Sequence[Any]], batches: list[Batch], is_central: bool
    ) -> None:
        self.scenario, self.seed, self.batches, self.is_central = scenario, seed, batches, is_central
        self.over = {path: tuple(values) for path, values in over.items()}
        self.points = list(itertools.product(*self.over.values()))

    @cached_property
    def computed(self) -> list[int]:
        """Positions of the points of which at least one replication could be computed."""
        return [k for k, batch in enumerate(self.batches) if len(batch.replications)]

    @cached_property
    def places(self) -> list[MaterialRegion]:
        """Places, by the most days lost at any point of the grid; of equals, the thinnest stock first."""
        return ranked_places([self.batches[k] for k in self.computed])

    def estimate(self, point: int, place: MaterialRegion, metric: str) -> estimates.Estimate:
        """Mean of a metric at a point of the grid, or `probability_of_shortfall`.

        Parameters
        ----------
        point : int
            Position in `points`.
        place : MaterialRegion
            Material and region.
        metric : str
            A metric of a region that is no date, or `probability_of_shortfall`.

        Returns
        -------
        Estimate
            `value` and its standard error `se` in the metric's unit.
        """
        if metric == "probability_of_shortfall":
            return estimates.probability(self.values(point, place, "duration_days") > 0.0)
        return estimates.mean(self.values(point, place, metric))

    def values(self, point: int, place: MaterialRegion, metric: str) -> FloatArray:
        """Values of a metric at a point of the grid, one per replication in which it applies.

        Parameters
        ----------
        point : int
            Position in `points`.
        place : MaterialRegion
            Material and region.
        metric : str
            A metric of a region that is no date.

        Returns
        -------
        ndarray, shape (n,)
            In the metric's unit.
        """
        values = self.batches[point].values_at(metric, place)
        return values[~np.isnan(values)]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per point, place and metric."""
        return [
            self._row(k, point, place, metric)
            for k, point in enumerate(self.points)
            for place in self.places
            for metric in (*SWEPT, "probability_of_shortfall")
        ]

    def _row(self, k: int, point: tuple[Any, ...], place: MaterialRegion, metric: str) -> dict[str, Any]:
        found = self.estimate(k, place, metric)
        of = "duration_days" if metric == "probability_of_shortfall" else metric
        return {
            **dict(zip(self.over, point, strict=True)),
            **place._asdict(),
            "metric": metric,
            "unit": CONSUMER_UNITS.get(metric, "fraction"),
            "replications": len(self.values(k, place, of)),
            "mean": rounded(found.value),
            "se": None if self.is_central else rounded(found.se),
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def answer(self) -> Answer:
        """The finding about the hardest-hit region, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        place = self.places[0]
        lost = {k: round(self.estimate(k, place, "shortfall_days").value, 6) for k in self.computed}
        fewest, most = min(lost.values()), max(lost.values())
        ends = [[k for k in lost if lost[k] == end] for end in (fewest, most)]
        lines = [f"Fewest days are lost at {self._listed(ends[0])}, most at {self._listed(ends[1])}."]
        return Answer(
            self._headline(place, ends[0][0], ends[1][0]),
            (*(lines if fewest < most else ()), *self._failed_points(), self._foot()),
        )

    def _headline(self, place: MaterialRegion, least: int, most: int) -> str:
        who, what = capital(with_article(place.region)), material_name(self.scenario, place.material)
        where = "every point of the grid" if len(self.computed) == len(self.points) else "every point computed"
        few, many = self._days(least, place), self._days(most, place)
        if not self.estimate(most, place, "shortfall_days").value > 0.0:
            used = sorted({place.material for place in self.places})
            names = listing([material_name(self.scenario, name) for name in used])
            return f"Nobody runs short of {names} at {where.replace('every', 'any')}"
        if few == many:
            return f"{who} loses {few} of {what} at {where}"
        numbers = listing([path_words(path)[0].replace(": ", "'s ") for path in self.over])
        return f"{who} loses {few} to {many} of {what}, depending on {numbers}"

    def _listed(self, points: Sequence[int]) -> str:
        """Points that come out alike: by name, or how many they are."""
        return listing(list(map(self.named, points))) if len(points) <= MOST_TIES else count(len(points), "point")

    def _failed_points(self) -> Iterator[str]:
        """The points of which nothing could be computed, each with the reason."""
        for k, batch in enumerate(self.batches):
            if k not in self.computed:
                yield f"Not computed: {self.named(k)}. {batch.cause}"

    def _foot(self) -> str:
        counts = {len(self.batches[k].replications) for k in self.computed}
        wanted = max(len(batch.replications) + len(batch.failures) for batch in self.batches)
        each = "the central case" if self.is_central else f"{count(wanted, 'replication')}"
        fewer = f" ({min(counts):,} where some failed)" if min(counts) < wanted else ""
        foot = f"{count(len(self.computed), 'point')}, {each} each{fewer}, seed {self.seed}"
        return foot + ("." if self.is_central else "; ± is one standard error.")

    def _days(self, k: int, place: MaterialRegion) -> str:
        return days(self.estimate(k, place, "shortfall_days"))

    def named(self, k: int) -> str:
        """The values at a point of the grid, as text.

        Parameters
        ----------
        k : int
            Position in `points`.

        Returns
        -------
        str
            Such as `events.ban.duration_days = 90`.
        """
        return ", ".join(f"{path} = {value}" for path, value in zip(self.over, self.points[k], strict=True))

    @property
    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed."""
        return [
            FailedRun(failure, self.seed, dict(zip(self.over, point, strict=True)), central=self.is_central)
            for point, batch in zip(self.points, self.batches, strict=True)
            for failure in batch.failures
        ]

    def plot(self, metric: str = "shortfall_days", place: tuple[str, str] | None = None) -> Axes:
        """Draw lines over one path, or a heat map over two; absent: the hardest-hit place.

        Parameters
        ----------
        metric : str
            A metric of a region that is no date, or `probability_of_shortfall`.
        place : (material, region), optional
            Absent: the one that loses most days anywhere on the grid.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        drawn = self.places[0] if place is None else MaterialRegion(*place)
        return plotting.figure(self, metric, drawn).axes[0]

    def _files(self, command: str | None) -> ResultFiles:
        return study_files(self, {"sweep": self.rows}, command)

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        failures = [failed.as_dict() for failed in self.failed_runs]
        over = {path: list(values) for path, values in self.over.items()}
        return {"scenario": self.scenario.name, "seed": self.seed, "over": over, "failures": failures,
                "answer": self.answer().as_dict()}  # fmt: skip

    def __repr__(self) -> str:
        return f"<Sweep of {self.scenario.name}: {self.answer().headline}>"


def sweep(
    scenario: Scenario | str | Path,
    over: Mapping[str, Sequence[Any]],
    replications: int | None = None,
    *,
    seed: int | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Sweep:
    """Simulate a scenario at every point of a grid of values, with common random numbers.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    over : mapping of str to sequence
        Dotted path → values, as for `Scenario.with_overrides`.
    replications : int, optional
        Replications at every point; absent: the central case alone.
    seed, jobs, executor, out, progress
        As of `ensemble`.

    Returns
    -------
    Sweep
        Its `answer` and `table`.

    Raises
    ------
    ScenarioError
        A path does not exist, or a value is not valid; nothing is run.

    Examples
    --------
    >>> sweep("magnet-ban", {"events.ban.duration_days": [90, 365]}).table  # doctest: +SKIP
    """
    if not over or not all(over.values()):
        raise ValueError("expected at least one path with at least one value to sweep over")
    loaded = load(scenario)
    seed = loaded.model.seed if seed is None else seed
    points = itertools.product(*over.values())
    scenarios = [loaded.with_overrides(dict(zip(over, point, strict=True))) for point in points]
    is_central = replications is None
    experiments = [replace(Experiment.of(point, seed), central=is_central) for point in scenarios]
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        batches = runner.replicate(experiments, replications or 1)
    return Sweep(loaded, seed, over, batches, is_central)
