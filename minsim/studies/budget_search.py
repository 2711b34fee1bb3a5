"""Search for the best use of a budget: each purchase alone, then the best mix, greedy or exhaustive."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minsim.scenario import Scenario
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import Batch, FailedRun, ReplicationRunner
from minsim.studies.monte_carlo.estimates import Estimate
from minsim.studies.monte_carlo.replications import Experiment
from minsim.studies.purchase_options import Purchase, PurchaseOptions

Amounts = tuple[float, ...]
"""Spending on each purchase [USD], in the order of the purchase options."""

HALVINGS = 30
"""Most halvings of the budget in the search for the least sufficient spending."""
ENOUGH = 0.99
"""Share of the days a purchase can save at which further spending on it counts as wasted."""
REFINEMENT = 8
"""Equal parts of the last interval of that search."""
STEPS = 8
"""Steps into which the useful amount of a purchase is divided."""
MOST_EXHAUSTIVE = 400
"""Most mixes of steps for which all are simulated."""
LEAST_SAVED_DAYS = 0.01
"""Days of use that a purchase, or a step of the mix, must save to count as useful."""
NEGLIGIBLE = 1e-9
"""Share of the budget below which a step is ignored."""
MILLION = 1e6


@dataclass(frozen=True)
class Point:
    """Days saved by some spending.

    Attributes
    ----------
    amounts : tuple of float
        USD for each purchase.
    saved : Estimate
        Days of use saved, with the standard error of the paired difference.
    """

    amounts: Amounts
    saved: Estimate

    @property
    def usd(self) -> float:
        """Dollars spent."""
        return math.fsum(self.amounts)


@dataclass(frozen=True)
class Yield:
    """Days saved by one purchase alone.

    Attributes
    ----------
    purchase : Purchase
    best : Point
        The least spending that saves nearly as much as the whole budget spent on this purchase.
    curve : tuple of Point
        By increasing spending.
    """

    purchase: Purchase
    best: Point
    curve: tuple[Point, ...]

    @property
    def is_useful(self) -> bool:
        """Whether the purchase alone saves any days."""
        return self.best.saved.value > LEAST_SAVED_DAYS

    @property
    def is_computed(self) -> bool:
        """Whether a replication could be computed both with the purchase and without."""
        return math.isfinite(self.best.saved.value)

    @property
    def per_million(self) -> Estimate:
        """Days of use saved per million USD."""
        return _per_million(self.best.saved, self.best.usd)

    @property
    def range_per_million(self) -> tuple[float, float]:
        """Days of use saved per million USD at the high and at the low end of the cost."""
        cost, value = self.purchase.cost, self.per_million.value
        return value * cost.usd / cost.high_usd, value * cost.usd / cost.low_usd


@dataclass(frozen=True)
class Step:
    """One step of the best mix: the next purchase, and the total reached."""

    bought: Amounts
    point: Point
    gain: Estimate


@dataclass(frozen=True)
class Mix:
    """The best mix.

    Attributes
    ----------
    steps : tuple of Step
        In the order of purchase.
    best : Point
        The total.
    is_exact : bool
        Whether all mixes of steps were simulated; otherwise the mix is greedy: each step is the best next one.
    """

    steps: tuple[Step, ...]
    best: Point
    is_exact: bool


def _per_million(saved: Estimate, usd: float) -> Estimate:
    scale = MILLION / usd if usd > 0.0 else 0.0
    return Estimate(saved.value * scale, saved.se * scale)


@dataclass(frozen=True)
class Budget:
    """The question of a spending study: scenario, region, materials, budget and purchase options."""

    scenario: Scenario
    region: str
    materials: tuple[str, ...]
    budget_usd: float
    options: PurchaseOptions
    seed: int
    replications: int | None

    def changes(self, amounts: Amounts) -> dict[str, Any]:
        """Scenario overrides of the spending."""
        changed = dict(self.options.removals)
        for purchase, usd in zip(self.options.purchases, amounts, strict=True):
            changed |= purchase.changes(usd)
        return changed

    def at(self, amounts: Amounts) -> Experiment:
        """The scenario with the spending."""
        changed = self.scenario.with_overrides(self.changes(amounts))
        return replace(Experiment.of(changed, self.seed), central=self.replications is None)


@dataclass
class Search:
    """Simulates ways to spend the budget, each once."""

    question: Budget
    runner: ReplicationRunner
    batches: dict[Amounts, Batch] = field(default_factory=dict)

    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed."""
        q = self.question
        return [
            FailedRun(failure, q.seed, q.changes(amounts), central=q.replications is None)
            for amounts, batch in self.batches.items()
            for failure in batch.failures
        ]

    @property
    def _all(self) -> tuple[Purchase, ...]:
        return self.question.options.purchases

    @property
    def nothing(self) -> Amounts:
        """No spending."""
        return (0.0,) * len(self._all)

    def only(self, index: int, usd: float) -> Amounts:
        """Spending on one purchase only."""
        return tuple(usd if i == index else 0.0 for i in range(len(self._all)))

    def simulate(self, spending: Iterable[Amounts]) -> None:
        """Replicate with all spending not simulated yet."""
        new = [amounts for amounts in dict.fromkeys(spending) if amounts not in self.batches]
        replicated = self.runner.replicate(map(self.question.at, new), self.question.replications or 1)
        self.batches |= dict(zip(new, replicated, strict=True))

    def _days(self, amounts: Amounts) -> dict[int, float]:
        """Days of use lost in the region, by replication."""
        batch = self.batches[amounts]
        lost = batch.values_in("shortfall_days", self.question.region, self.question.materials).sum(axis=1)
        return dict(zip(batch.replications.tolist(), lost.tolist(), strict=True))

    def lost(self, amounts: Amounts) -> Estimate:
        """Days of use lost with some spending."""
        return estimates.mean(np.array(list(self._days(amounts).values())))

    def saved(self, before: Amounts, after: Amounts) -> Estimate:
        """Days saved by additional spending: mean of the paired differences by replication; `nan` without a pair."""
        without, with_it = self._days(before), self._days(after)
        both = [k for k in without if k in with_it]
        return estimates.mean(np.array([without[k] - with_it[k] for k in both]))

    def point(self, amounts: Amounts) -> Point:
        """Days saved by some spending that is simulated already."""
        return Point(amounts, self.saved(self.nothing, amounts))

    # -------------------------------------------------------------------------------------------------------------- alone

    def alone(self) -> list[Yield]:
        """Days saved by each purchase alone, with the least sufficient spending."""
        budget = self.question.budget_usd
        whole = [self.only(i, budget) for i in range(len(self._all))]
        self.simulate(whole)
        useful = [i for i, amounts in enumerate(whole) if self.point(amounts).saved.value > LEAST_SAVED_DAYS]
        return [self._yield(i, i in useful) for i in range(len(self._all))]

    def _yield(self, index: int, is_useful: bool) -> Yield:
        budget = self.question.budget_usd
        if not is_useful:
            return Yield(self._all[index], self.point(self.only(index, budget)), ())
        enough = ENOUGH * self.point(self.only(index, budget)).saved.value
        usd = self._least_usd(lambda usd: self.only(index, usd), budget, enough)
        self.simulate(self.only(index, usd * part / STEPS) for part in range(1, STEPS))
        simulated = sorted(amounts for amounts in self.batches if amounts == self.only(index, amounts[index]))
        curve = tuple(point for point in map(self.point, simulated) if math.isfinite(point.saved.value))
        return Yield(self._all[index], self.point(self.only(index, usd)), curve)

    def _least_usd(self, amounts_at: Callable[[float], Amounts], most_usd: float, enough_days: float) -> float:
        """Least spending that saves enough: halve until it does not, then refine the last interval."""
        low, high = 0.0, most_usd
        for _ in range(HALVINGS):
            if not self._days_saved(amounts_at(high / 2.0)) >= enough_days:
                low = high / 2.0
                break
            high /= 2.0
        between = [low + (high - low) * part / REFINEMENT for part in range(1, REFINEMENT)]
        self.simulate(map(amounts_at, between))
        return next((usd for usd in between if self._days_saved(amounts_at(usd)) >= enough_days), high)

    def _days_saved(self, amounts: Amounts) -> float:
        self.simulate([amounts])
        return self.point(amounts).saved.value

    # ----------------------------------------------------------------------------------------------------------- together

    def mix(self, yields: Sequence[Yield]) -> Mix:
        """The best mix: greedy, then compared with all mixes of steps if these are few."""
        caps, complements = self.caps(yields)
        steps = self.greedy(caps, complements)
        best = steps[-1].point if steps else self.point(self.nothing)
        grid = self.grid(caps)
        self.simulate(grid)
        for amounts in grid:
            point = self.point(amounts)
            if (round(point.saved.value, 6), -point.usd) > (round(best.saved.value, 6), -best.usd):
                best = point
        if steps and best is not steps[-1].point:
            steps = [Step(best.amounts, best, best.saved)]
        return Mix(tuple(steps), best, bool(grid))

    def caps(self, yields: Sequence[Yield]) -> tuple[dict[int, float], list[tuple[int, int]]]:
        """Useful spending on each purchase that can be part of a mix, and the pairs that are useful together only.

        Oxide saves nothing without plants to process it, and plants nothing without oxide: purchases that save nothing
        alone are simulated together with every other one.
        """
        caps = {i: y.best.usd for i, y in enumerate(yields) if y.is_useful}
        half = self.question.budget_usd / 2.0
        pairs = [
            (i, j) for i, j in itertools.permutations(range(len(yields)), 2) if i not in caps and (j in caps or i < j)
        ]
        self.simulate(self._pair(i, j, half, half) for i, j in pairs)
        complements = []
        for i, j in pairs:
            gain = self.point(self._pair(i, j, half, half)).saved.value
            beside = self._days_saved(self.only(j, half)) if j in caps else 0.0
            if gain > beside + LEAST_SAVED_DAYS:
                complements.append((i, j))
        for i, j in complements:
            for mine, other in ((i, j), (j, i)):
                caps[mine] = max(caps.get(mine, 0.0), self._least_usd_beside(mine, other))
        return caps, complements

    def _least_usd_beside(self, mine: int, other: int) -> float:
        """Least spending on a purchase, beside half the budget on another, that saves nearly as much as the other half."""
        half = self.question.budget_usd / 2.0
        without = self._days_saved(self.only(other, half))
        gain = self._days_saved(self._pair(mine, other, half, half)) - without
        return self._least_usd(lambda usd: self._pair(mine, other, usd, half), half, without + ENOUGH * gain)

    def _pair(self, i: int, j: int, usd_i: float, usd_j: float) -> Amounts:
        return tuple(usd_i if k == i else usd_j if k == j else 0.0 for k in range(len(self._all)))

    def greedy(self, caps: Mapping[int, float], complements: Sequence[tuple[int, int]]) -> list[Step]:
        """The greedy mix: each step buys the purchase, or the pair of complements, that saves most per dollar."""
        here = self.nothing
        steps: list[Step] = []
        bundles: list[tuple[int, ...]] = [*((i,) for i in caps), *complements]
        while True:
            offered = {b: more for b in bundles if (more := self._next_step(here, b, caps)) is not None}
            self.simulate(offered.values())
            gains = {b: self.saved(here, after) for b, after in offered.items()}
            good = [b for b in offered if gains[b].value > LEAST_SAVED_DAYS]
            if not good:
                return steps
            spent = math.fsum(here)
            rates = {b: gains[b].value / (math.fsum(offered[b]) - spent) for b in good}
            best = min(good, key=lambda b: (-rates[b], len(b), b))
            bought = tuple(after - before for after, before in zip(offered[best], here, strict=True))
            here = offered[best]
            steps.append(Step(bought, self.point(here), gains[best]))

    def _next_step(self, here: Amounts, bundle: tuple[int, ...], caps: Mapping[int, float]) -> Amounts | None:
        """One more step of each purchase of a bundle; None if the budget or the useful amount is exhausted."""
        left = self.question.budget_usd - math.fsum(here)
        step = {i: min(caps[i] / STEPS, caps[i] - here[i]) for i in bundle}
        if min(left, *step.values()) <= NEGLIGIBLE * self.question.budget_usd:
            return None
        scale = min(1.0, left / math.fsum(step.values()))
        return tuple(usd + scale * step.get(i, 0.0) for i, usd in enumerate(here))

    def grid(self, caps: Mapping[int, float]) -> list[Amounts]:
        """All mixes of steps within the budget, the remainder spent on any one purchase; empty if these are too many."""
        if not caps or (STEPS + 1) ** len(caps) * (len(caps) + 1) > MOST_EXHAUSTIVE:
            return []
        mixes: dict[Amounts, None] = {}
        for shares in itertools.product(range(STEPS + 1), repeat=len(caps)):
            mix = {i: share * cap / STEPS for share, (i, cap) in zip(shares, caps.items(), strict=True)}
            here = tuple(mix.get(i, 0.0) for i in range(len(self._all)))
            if math.fsum(here) <= self.question.budget_usd * (1.0 + 1e-12):
                mixes |= {amounts: None for i in caps if (amounts := self._next_step(here, (i,), caps)) is not None}
                mixes[here] = None
        return list(mixes)
