"""Sizing of a stockpile: the smallest target with which a region is served in a share of replications."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.errors import ScenarioError
from minsim.metrics.consumers import FloatArray
from minsim.metrics.disturbances import made_from
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario
from minsim.scenario.distributions import Draws, central
from minsim.studies.answers import material_name
from minsim.studies.files import study_files
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import FailedRun, ReplicationRunner, RunProgress, load, replication_runner
from minsim.studies.monte_carlo.replications import Experiment, Failure
from minsim.text.formatting import count, dollars, listing, long_date, percent, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FIRST_STEP_DAYS = 30
"""First target tried above 0 [days]."""
CURVE_POINTS = 8
"""Evenly spaced targets of the curve of service against size."""


@dataclass(frozen=True)
class Level:
    """The service achieved with one target.

    Attributes
    ----------
    days : float
        Target [days of use].
    served, count : int
        Replications served, and all that were computed.
    failures : tuple of Failure
        Replications that could not be computed.
    """

    days: float
    served: int
    count: int
    failures: tuple[Failure, ...] = ()

    @property
    def service(self) -> float:
        """Share of replications served; `nan` if none could be computed."""
        return self.served / self.count if self.count else math.nan

    @property
    def cause(self) -> str:
        """Why not one replication could be computed, in a line; empty where one could."""
        return "" if self.count else self.failures[0].line

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% confidence interval (Wilson)."""
        return estimates.wilson(self.served, self.count) if self.count else (0.0, 1.0)


class Sizing(SavedResult):
    """Service as a function of size; made by `size`.

    Attributes
    ----------
    levels : list of Level
        By size.
    days : float or None
        The smallest sufficient target, in whole days; None if no target up to `most_days` is sufficient.
    standing : int
        Replications in which the shortage without the stockpile still stands on the last day. They count as not served:
        a stockpile that lasts until then says how long the run is, and not how large a stockpile must be.
    """

    def __init__(self, question: Question, levels: list[Level], usd_per_day: float, standing: int = 0) -> None:
        self.question, self.usd_per_day, self.standing = question, usd_per_day, standing
        self.levels = sorted(levels, key=lambda level: level.days)
        self.scenario = question.scenario
        enough = [level.days for level in self.levels if level.service >= question.service]
        # Service rises with size except for sampling noise: take the smallest size above all insufficient ones.
        too_small = [level.days for level in self.levels if level.service < question.service]
        self.days = min((d for d in enough if not too_small or d > max(too_small)), default=None)

    @cached_property
    def interval(self) -> tuple[float, float | None]:
        """95% confidence interval of the smallest sufficient size; upper end None: above the largest size tried."""
        required = self.question.service
        low = max((level.days for level in self.levels if level.interval[1] < required), default=0.0)
        certain = [level.days for level in self.levels if level.interval[0] >= required and level.days >= low]
        return low, min(certain, default=None)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Service at every size tried."""
        return [
            {
                "target_days": level.days,
                "service": level.service if level.count else None,
                "low": level.interval[0],
                "high": level.interval[1],
                "replications": level.count,
                "failures": len(level.failures),
                "cost_usd": None if math.isnan(self.usd_per_day) else level.days * self.usd_per_day,
            }
            for level in self.levels
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def answer(self) -> Answer:
        """The size, in plain words, and whether the size of the scenario is enough.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        q = self.question
        whom = f"{with_article(q.region)} with {q.what}"
        where = f"{percent(q.service)} of replications"
        if self.days is None and self._is_standing:
            head = f"No size can be named for {whom}: the shortage still stands on the last day"
            lines = []
        elif self.days is None:
            head = f"No target up to {count(q.most_days, 'day')} serves {whom} in {where}"
            lines = [self._best_line()]
        else:
            head = f"{count(self.days, 'day')} of use serve {whom} in {where}"
            lines = list(self._size_lines(self.days))
        lines += [*self._standing_line(), self._stated_line()]
        if self.failed_runs:
            failed = count(len(self.failed_runs), "replication")
            lines.append(f"{failed} failed, of all sizes together, and count neither as served nor as not served.")
        lines += [f"Not computed: a target of {count(k.days, 'day')}. {k.cause}" for k in self.levels if not k.count]
        return Answer(head, (*lines, q.definition))

    @property
    def _is_standing(self) -> bool:
        """Whether too many replications end within a shortage for any size to serve."""
        most = max((level.count for level in self.levels), default=0)
        return self.standing > 0 and most - self.standing < self.question.service * most

    def _standing_line(self) -> Iterator[str]:
        """Replications whose shortage outlasts the run."""
        if self.standing:
            ending = long_date(self.scenario.model.end)
            most = max(level.count for level in self.levels)
            yield (
                f"Without the stockpile the shortage still stands on the last day, {ending}, in {self.standing:,} of "
                f"{count(most, 'replication')}: what it needs is not known, and they count as not served."
            )

    def _best_line(self) -> str:
        """The best service, where no size is sufficient."""
        best = max((level for level in self.levels if level.count), key=lambda level: level.service)
        return f"The most is {percent(best.service)}, at {count(best.days, 'day')} of use. {self.question.why_not}"

    def _size_lines(self, days: float) -> Iterator[str]:
        """Confidence interval and cost of the smallest sufficient size."""
        low, high = self.interval
        most = count(self.question.most_days, "day")
        until = f"and {count(high, 'day')}" if high is not None else f"and more than {most}"
        yield f"With 95% confidence the smallest such target lies between {low:,.0f} {until}."
        if not math.isnan(self.usd_per_day):
            yield f"At reference prices that costs {dollars(days * self.usd_per_day)}."

    def _stated_line(self) -> str:
        """Service of the target stated in the scenario."""
        stated = next(level for level in self.levels if level.days == self.question.stated_days)
        if not stated.count:
            return f"The {count(stated.days, 'day')} of the scenario cannot be told: {stated.cause}"
        enough = "are enough" if stated.service >= self.question.service else "are not enough"
        low, high = stated.interval
        return (
            f"The {count(stated.days, 'day')} of the scenario {enough}: they serve in {percent(stated.service)} "
            f"of {count(stated.count, 'replication')} ({percent(low)} to {percent(high)} with 95% confidence)."
        )

    @property
    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed."""
        q = self.question
        return [
            FailedRun(failure, q.seed, q.changes(level.days)) for level in self.levels for failure in level.failures
        ]

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        q = self.question
        low, high = self.interval
        return {
            "scenario": self.scenario.name,
            "seed": q.seed,
            "stockpile": q.stockpile,
            "region": q.region,
            "service": q.service,
            "at_most_days_lost": q.at_most_days,
            "full": q.full,
            "smallest_days": self.days,
            "standing_on_last_day": self.standing,
            "low_days": None if self.days is None else low,
            "high_days": None if self.days is None else high,
            "failures": [failed.as_dict() for failed in self.failed_runs],
            "curve": self.rows,
            "answer": self.answer().as_dict(),
        }

    def plot(self) -> Axes:
        """Draw the share of replications served against the size.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        return plotting.figure(self).axes[0]

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        return self.question.seed

    def _files(self, command: str | None) -> ResultFiles:
        return study_files(self, {"size": self.rows}, command)

    def __repr__(self) -> str:
        return f"<Sizing of {self.question.stockpile}: {self.answer().headline}>"


@dataclass(frozen=True)
class Question:
    """The question of a sizing: stockpile, region, required service, and search limits."""

    scenario: Scenario
    stockpile: str
    region: str
    service: float
    at_most_days: float
    full: bool
    most_days: float
    seed: int
    replications: int

    @property
    def path(self) -> str:
        """Path of the target."""
        return f"stockpiles.{self.stockpile}.target_days"

    @property
    def stated_days(self) -> float:
        """The target of the scenario [days]."""
        return float(round(central(self.scenario.model.stockpiles[self.stockpile].target_days)))

    @property
    def materials(self) -> list[str]:
        """Materials used in the region that the stockpile holds, or that are made from what it holds."""
        held = set(self.scenario.model.stockpiles[self.stockpile].holds)
        used = [name for name, m in self.scenario.model.materials.items() if self.region in m.consumers]
        return [name for name in used if held & made_from(self.scenario, name)]

    @property
    def what(self) -> str:
        """The materials by name, as text."""
        return listing([material_name(self.scenario, name) for name in self.materials])

    @property
    def definition(self) -> str:
        """Definition of served, as text."""
        limit = f"no more than {count(self.at_most_days, 'day')} of use lost" if self.at_most_days else "no shortfall"
        fill = "full on the first day" if self.full else "filled on the first day as the scenario says"
        return (
            f"Served means {limit}; the stockpile is {fill}. {count(self.replications, 'replication')} of each size, "
            f"with common random numbers, seed {self.seed}."
        )

    @property
    def why_not(self) -> str:
        """The likely reason why no size reaches the required service."""
        release = self.scenario.model.stockpiles[self.stockpile].release
        days = central(release.authorisation_days)
        if days > 0 and release.trigger == "shortfall" and not self.at_most_days:
            return (
                f"Its release takes {count(days, 'day')} to authorise, and only a shortfall triggers it: there always "
                "is one first. Allow some days of use lost, or trigger the release by cover."
            )
        if self.scenario.model.stockpiles[self.stockpile].members is not None:
            return "It serves only its members' share of use; the others run short whatever it holds."
        if not self.full:
            return "It may be filled too slowly; ask for one that is full on the first day."
        return "What it holds, or how fast it is released, does not help further."

    def changes(self, days: float) -> dict[str, float]:
        """Overrides of the scenario for another target."""
        filled = {f"stockpiles.{self.stockpile}.initial_fill": 1.0} if self.full else {}
        return {self.path: float(days), **filled}

    def at(self, days: float) -> Experiment:
        """The scenario with another target."""
        return Experiment.of(self.scenario.with_overrides(self.changes(days)), self.seed)


def size(
    scenario: Scenario | str | Path,
    stockpile: str,
    region: str,
    service: float = 0.95,
    *,
    at_most_days: float = 0.0,
    full: bool = False,
    most_days: float = 720.0,
    replications: int = 200,
    seed: int | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Sizing:
    """Find the smallest target of a stockpile with which a region is served in a share of replications.

    Sizes are doubled until one serves, then bisected to whole days, all with common random numbers.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    stockpile, region : str
        Key of the stockpile, and the region to be served.
    service : float
        Share of replications to be served.
    at_most_days : float
        Most days of use lost in a replication that counts as served [days].
    full : bool
        Full on the first day; otherwise filled as in the scenario.
    most_days : float
        Largest target tried [days].
    replications : int
        Replications of each size.
    seed, jobs, executor, out, progress
        As of `ensemble`.

    Returns
    -------
    Sizing
        Its `answer`, the smallest target `days` [days] and `table`.

    Raises
    ------
    ScenarioError
        There is no such stockpile or region, or the region uses nothing of what it holds.

    Examples
    --------
    >>> size("magnet-ban", "project-vault", "United States", full=True, at_most_days=15).days  # doctest: +SKIP
    """
    loaded = load(scenario)
    seed = loaded.model.seed if seed is None else seed
    _check(loaded, stockpile, region, service)
    question = Question(loaded, stockpile, region, service, at_most_days, full, most_days, seed, replications)
    if not question.materials:
        message = f"{region} uses nothing that is, or is made from, what {stockpile} holds; name another region"
        raise ScenarioError.single(message, path=f"stockpiles.{stockpile}.holds")
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        search = _SizeSearch(question, runner)
        search.run()
    return Sizing(question, list(search.levels.values()), usd_per_day(question), len(search.standing))


def _check(scenario: Scenario, stockpile: str, region: str, service: float) -> None:
    model = scenario.model
    if stockpile not in model.stockpiles:
        raise ScenarioError.single(unknown("stockpile", stockpile, model.stockpiles), path=f"stockpiles.{stockpile}")
    regions = {name: None for material in model.materials.values() for name in material.consumers}
    if region not in regions:
        raise ScenarioError.single(unknown("region", region, regions))
    owner = model.stockpiles[stockpile].owner
    owners = model.regions.members.get(owner, (owner,))
    if region not in owners:
        raise ScenarioError.single(
            f"{stockpile} is owned by {owner} and serves nobody else: name {listing(sorted(owners))} instead of {region}",
            path=f"stockpiles.{stockpile}.owner",
        )
    if not 0 < service <= 1:
        raise ValueError(f"expected a share of replications between 0 and 1, got {service}")


class _SizeSearch:
    """Searches the smallest sufficient size; simulates each size once."""

    def __init__(self, question: Question, runner: ReplicationRunner) -> None:
        self.question, self.runner = question, runner
        self.levels: dict[float, Level] = {}
        self.standing: frozenset[int] = frozenset()

    def run(self) -> None:
        """Double the size until it is sufficient, bisect to whole days, then simulate the points of the curve."""
        low, high = 0.0, float(FIRST_STEP_DAYS)
        self.standing = self._standing()
        self.simulate([self.question.stated_days, 0.0])
        if not self.serves(0.0) and self._is_possible():
            while high < self.question.most_days and not self.serves(high):
                low, high = high, min(2.0 * high, self.question.most_days)
            if not self.serves(high) and self._failed():
                high = min(self._failed())  # a size may be enough below those that cannot be computed
                low = max(days for days in self.levels if days < high and not self.serves(days))
                high = min(days for days in self.levels if days > low and (self.serves(days) or days in self._failed()))
            if self.serves(high) or high in self._failed():
                high = self._bisected(low, high)
        reach = max(1.5 * high, self.question.stated_days, float(FIRST_STEP_DAYS))
        steps = np.linspace(0.0, min(reach, max(self.question.most_days, self.question.stated_days)), CURVE_POINTS)
        self.simulate([float(round(days)) for days in steps])

    def _failed(self) -> list[float]:
        """Sizes of which not one replication could be computed."""
        return [days for days, level in self.levels.items() if not level.count]

    def _bisected(self, low: float, high: float) -> float:
        """The smallest size above an insufficient one that is sufficient, or that cannot be computed like the upper end."""
        while high - low > 1.0:
            middle = float(math.floor((low + high) / 2.0))
            is_above = self.serves(middle) or {middle, high} <= set(self._failed())
            low, high = (low, middle) if is_above else (middle, high)
        return high

    def _standing(self) -> frozenset[int]:
        """Replications that end short without the stockpile: a run that is a day shorter has a short day less."""
        q = self.question
        nothing = q.scenario.with_overrides(q.changes(0.0))
        end = nothing.model.end - dt.timedelta(days=1)
        if end <= nothing.model.start:
            return frozenset()
        runs = [Experiment.of(own, q.seed) for own in (nothing, nothing.with_overrides({"end": end}))]
        days = [
            dict(zip(batch.replications.tolist(), batch.values_in("duration_days", q.region, q.materials), strict=True))
            for batch in self.runner.replicate(runs, q.replications)
        ]
        whole, shorter = days
        return frozenset(k for k in whole.keys() & shorter.keys() if (whole[k] > shorter[k]).any())

    def _is_possible(self) -> bool:
        """Whether enough replications end without a shortage for some size to serve."""
        computed = self.levels[0.0].count
        return computed - len(self.standing) >= self.question.service * computed

    def serves(self, days: float) -> bool:
        """Whether a size is sufficient."""
        self.simulate([days])
        return self.levels[days].service >= self.question.service

    def simulate(self, sizes: list[float]) -> None:
        """Replicate the sizes that are new."""
        q = self.question
        new = [days for days in dict.fromkeys(sizes) if days not in self.levels]
        batches = self.runner.replicate(map(q.at, new), q.replications)
        for days, batch in zip(new, batches, strict=True):
            lost, short = (batch.values_in(name, q.region, q.materials) for name in ("shortfall_days", "duration_days"))
            served = self._served(lost, short)
            served[np.isin(batch.replications, list(self.standing))] = False
            self.levels[days] = Level(days, int(served.sum()), len(served), batch.failures)

    def _served(self, lost: FloatArray, short: FloatArray) -> FloatArray:
        limit = self.question.at_most_days
        return np.asarray(lost.max(axis=1) <= limit if limit > 0 else short.max(axis=1) == 0.0)


def usd_per_day(question: Question) -> float:
    """Cost of a day of use in the stockpile at reference prices [USD]; `nan` if a price is missing."""
    from minsim.network.network import build_network

    network = build_network(question.scenario, Draws.central(question.seed))
    held = [holding for holding in network.holdings if holding.stockpile == question.stockpile]
    return float(sum(1000.0 * holding.price_usd_per_kg * holding.use_t_per_day for holding in held))
