"""How a budget is searched: each purchase alone, then the best mix, step by step or among all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minsim.errors import SimulationError
from minsim.scenario import Scenario
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import Batch, FailedRun, ReplicationRunner
from minsim.studies.monte_carlo.estimates import Estimate
from minsim.studies.monte_carlo.replications import Experiment, MaterialRegion
from minsim.studies.purchase_options import Purchase, Shelf

Amounts = tuple[float, ...]
"""Dollars for each purchase, in the order of the shelf."""

HALVINGS = 30
"""Most halvings of the budget in the search for the least money that is enough."""
ENOUGH = 0.99
"""Share of all that a purchase can save from which on more of it is wasted."""
REFINEMENT = 8
"""Parts into which the last interval of that search is cut."""
STEPS = 8
"""Steps in which the useful amount of a purchase is bought."""
MOST_EXHAUSTIVE = 400
"""Mixes of steps up to which every one is tried."""
SAVES_FROM_DAYS = 0.01
"""Days of use from which on a purchase counts, and a step of the mix is worth its while."""
NEGLIGIBLE = 1e-9
"""Share of the budget below which no step is taken."""
MILLION = 1e6


@dataclass(frozen=True)
class Point:
    """What some spending saves.

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
    """One purchase alone.

    Attributes
    ----------
    purchase : Purchase
    best : Point
        The least money that saves (nearly) all that the budget saves spent on it.
    curve : tuple of Point
        By money.
    """

    purchase: Purchase
    best: Point
    curve: tuple[Point, ...]

    @property
    def is_useful(self) -> bool:
        """Whether it saves anything by itself."""
        return self.best.saved.value > SAVES_FROM_DAYS

    @property
    def per_million(self) -> Estimate:
        """Days of use saved per million USD."""
        return _per_million(self.best.saved, self.best.usd)

    @property
    def range_per_million(self) -> tuple[float, float]:
        """The same at the high and at the low end of the cost."""
        cost, value = self.purchase.cost, self.per_million.value
        return value * cost.usd / cost.high_usd, value * cost.usd / cost.low_usd


@dataclass(frozen=True)
class Step:
    """One step of the best mix: what is bought next, and where that leads."""

    bought: Amounts
    point: Point
    gain: Estimate


@dataclass(frozen=True)
class Mix:
    """The best mix.

    Attributes
    ----------
    steps : tuple of Step
        In the order in which it is bought.
    best : Point
        The whole.
    is_exact : bool
        Whether every mix of steps was tried; otherwise each step is the best next one.
    """

    steps: tuple[Step, ...]
    best: Point
    is_exact: bool


def _per_million(saved: Estimate, usd: float) -> Estimate:
    scale = MILLION / usd if usd > 0.0 else 0.0
    return Estimate(saved.value * scale, saved.se * scale)


@dataclass(frozen=True)
class Budget:
    """What is asked of a budget."""

    scenario: Scenario
    region: str
    materials: tuple[str, ...]
    budget_usd: float
    shelf: Shelf
    seed: int
    replications: int | None

    def changes(self, amounts: Amounts) -> dict[str, Any]:
        """What the spending changes in the scenario."""
        changed = dict(self.shelf.removals)
        for purchase, usd in zip(self.shelf.purchases, amounts, strict=True):
            changed |= purchase.changes(usd)
        return changed

    def at(self, amounts: Amounts) -> Experiment:
        """The scenario with the spending."""
        changed = self.scenario.with_overrides(self.changes(amounts))
        return replace(Experiment.of(changed, self.seed), central=self.replications is None)


@dataclass
class Search:
    """Tries spending, each amount once."""

    question: Budget
    trials: ReplicationRunner
    found: dict[Amounts, Batch] = field(default_factory=dict)

    def failed_runs(self) -> list[FailedRun]:
        """Replications that could not be computed."""
        q = self.question
        return [
            FailedRun(failure, q.seed, q.changes(amounts), central=q.replications is None)
            for amounts, batch in self.found.items()
            for failure in batch.failures
        ]

    @property
    def _all(self) -> tuple[Purchase, ...]:
        return self.question.shelf.purchases

    @property
    def nothing(self) -> Amounts:
        """Nothing is spent."""
        return (0.0,) * len(self._all)

    def only(self, index: int, usd: float) -> Amounts:
        """All is spent on one purchase."""
        return tuple(usd if i == index else 0.0 for i in range(len(self._all)))

    def look(self, wanted: Iterable[Amounts]) -> None:
        """Replicate with all spending not tried yet."""
        new = [amounts for amounts in dict.fromkeys(wanted) if amounts not in self.found]
        batches = self.trials.replicate(map(self.question.at, new), self.question.replications or 1)
        self.found |= dict(zip(new, batches, strict=True))

    def _days(self, amounts: Amounts) -> dict[int, float]:
        """Days of use lost in the region, by replication."""
        batch = self.found[amounts]
        own = [batch.shape.places.index(MaterialRegion(name, self.question.region)) for name in self.question.materials]
        return dict(
            zip(batch.replications.tolist(), batch.column("shortfall_days")[:, own].sum(axis=1).tolist(), strict=True)
        )

    def lost(self, amounts: Amounts) -> Estimate:
        """Days of use lost with some spending."""
        return estimates.mean(np.array(list(self._days(amounts).values())))

    def saved(self, before: Amounts, after: Amounts) -> Estimate:
        """Days saved by spending more, draw by draw."""
        without, with_it = self._days(before), self._days(after)
        both = [k for k in without if k in with_it]
        if not both:
            raise SimulationError("not one replication was computed both with and without what is bought")
        return estimates.mean(np.array([without[k] - with_it[k] for k in both]))

    def point(self, amounts: Amounts) -> Point:
        """What some spending saves, tried already."""
        return Point(amounts, self.saved(self.nothing, amounts))

    # -------------------------------------------------------------------------------------------------------------- alone

    def alone(self) -> list[Yield]:
        """What each purchase saves by itself, and with how much money."""
        budget = self.question.budget_usd
        whole = [self.only(i, budget) for i in range(len(self._all))]
        self.look(whole)
        useful = [i for i, amounts in enumerate(whole) if self.point(amounts).saved.value > SAVES_FROM_DAYS]
        return [self._yield(i, i in useful) for i in range(len(self._all))]

    def _yield(self, index: int, is_useful: bool) -> Yield:
        budget = self.question.budget_usd
        if not is_useful:
            return Yield(self._all[index], self.point(self.only(index, budget)), ())
        enough = ENOUGH * self.point(self.only(index, budget)).saved.value
        usd = self._least(lambda usd: self.only(index, usd), budget, enough)
        self.look(self.only(index, usd * part / STEPS) for part in range(1, STEPS))
        tried = sorted(amounts for amounts in self.found if amounts == self.only(index, amounts[index]))
        curve = tuple(self.point(amounts) for amounts in tried)
        return Yield(self._all[index], self.point(self.only(index, usd)), curve)

    def _least(self, amounts_at: Callable[[float], Amounts], most_usd: float, enough_days: float) -> float:
        """Least money that saves enough: by halves downwards, then refined."""
        low, high = 0.0, most_usd
        for _ in range(HALVINGS):
            if self._saves(amounts_at(high / 2.0)) < enough_days:
                low = high / 2.0
                break
            high /= 2.0
        between = [low + (high - low) * part / REFINEMENT for part in range(1, REFINEMENT)]
        self.look(map(amounts_at, between))
        return next((usd for usd in between if self._saves(amounts_at(usd)) >= enough_days), high)

    def _saves(self, amounts: Amounts) -> float:
        self.look([amounts])
        return self.point(amounts).saved.value

    # ----------------------------------------------------------------------------------------------------------- together

    def mix(self, yields: Sequence[Yield]) -> Mix:
        """The best mix: grown step by step, and held against every other where these are few."""
        caps, needy = self.caps(yields)
        steps = self.greedy(caps, needy)
        best = steps[-1].point if steps else self.point(self.nothing)
        grid = self.grid(caps)
        self.look(grid)
        for amounts in grid:
            point = self.point(amounts)
            if (round(point.saved.value, 6), -point.usd) > (round(best.saved.value, 6), -best.usd):
                best = point
        if steps and best is not steps[-1].point:
            steps = [Step(best.amounts, best, best.saved)]
        return Mix(tuple(steps), best, bool(grid))

    def caps(self, yields: Sequence[Yield]) -> tuple[dict[int, float], list[tuple[int, int]]]:
        """Useful money of each purchase that has a part in a mix, and the pairs that need each other.

        Oxide is worth nothing without plants to work it up, and plants nothing without oxide: purchases idle by themselves
        are tried beside every other.
        """
        caps = {i: y.best.usd for i, y in enumerate(yields) if y.is_useful}
        half = self.question.budget_usd / 2.0
        pairs = [
            (i, j) for i, j in itertools.permutations(range(len(yields)), 2) if i not in caps and (j in caps or i < j)
        ]
        self.look(self._pair(i, j, half, half) for i, j in pairs)
        needy = []
        for i, j in pairs:
            gain = self.point(self._pair(i, j, half, half)).saved.value
            beside = self._saves(self.only(j, half)) if j in caps else 0.0
            if gain > beside + SAVES_FROM_DAYS:
                needy.append((i, j))
        for i, j in needy:
            for mine, other in ((i, j), (j, i)):
                caps[mine] = max(caps.get(mine, 0.0), self._least_beside(mine, other))
        return caps, needy

    def _least_beside(self, mine: int, other: int) -> float:
        """Least money for a purchase that saves, beside half the budget for another, nearly all that the other half does."""
        half = self.question.budget_usd / 2.0
        without = self._saves(self.only(other, half))
        gain = self._saves(self._pair(mine, other, half, half)) - without
        return self._least(lambda usd: self._pair(mine, other, usd, half), half, without + ENOUGH * gain)

    def _pair(self, i: int, j: int, usd_i: float, usd_j: float) -> Amounts:
        return tuple(usd_i if k == i else usd_j if k == j else 0.0 for k in range(len(self._all)))

    def greedy(self, caps: Mapping[int, float], needy: Sequence[tuple[int, int]]) -> list[Step]:
        """The mix step by step: one purchase more, or two at once that need each other, whatever saves most per dollar."""
        here = self.nothing
        steps: list[Step] = []
        bundles: list[tuple[int, ...]] = [*((i,) for i in caps), *needy]
        while True:
            offered = {b: more for b in bundles if (more := self._more(here, b, caps)) is not None}
            self.look(offered.values())
            gains = {b: self.saved(here, after) for b, after in offered.items()}
            good = [b for b in offered if gains[b].value > SAVES_FROM_DAYS]
            if not good:
                return steps
            spent = math.fsum(here)
            rates = {b: gains[b].value / (math.fsum(offered[b]) - spent) for b in good}
            best = min(good, key=lambda b: (-rates[b], len(b), b))
            bought = tuple(after - before for after, before in zip(offered[best], here, strict=True))
            here = offered[best]
            steps.append(Step(bought, self.point(here), gains[best]))

    def _more(self, here: Amounts, bundle: tuple[int, ...], caps: Mapping[int, float]) -> Amounts | None:
        """One step more of each purchase of a bundle; None where there is no money for it, or no use."""
        left = self.question.budget_usd - math.fsum(here)
        wanted = {i: min(caps[i] / STEPS, caps[i] - here[i]) for i in bundle}
        if min(left, *wanted.values()) <= NEGLIGIBLE * self.question.budget_usd:
            return None
        scale = min(1.0, left / math.fsum(wanted.values()))
        return tuple(usd + scale * wanted.get(i, 0.0) for i, usd in enumerate(here))

    def grid(self, caps: Mapping[int, float]) -> list[Amounts]:
        """Every mix of steps that the budget allows, what is left over spent on any one; empty if these are too many."""
        if not caps or (STEPS + 1) ** len(caps) * (len(caps) + 1) > MOST_EXHAUSTIVE:
            return []
        found: dict[Amounts, None] = {}
        for shares in itertools.product(range(STEPS + 1), repeat=len(caps)):
            mix = {i: share * cap / STEPS for share, (i, cap) in zip(shares, caps.items(), strict=True)}
            here = tuple(mix.get(i, 0.0) for i in range(len(self._all)))
            if math.fsum(here) <= self.question.budget_usd * (1.0 + 1e-12):
                found |= {amounts: None for i in caps if (amounts := self._more(here, (i,), caps)) is not None}
                found[here] = None
        return list(found)
