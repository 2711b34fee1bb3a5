"""Everything the page tells, computed: the run, draws of its uncertain numbers, what decides, what could be bought."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minsim.report.decisive_inputs import Screening, screen
from minsim.report.stock_options import SIZES_DAYS, StockOption, purchases
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.studies.ensembles import Ensemble, ensemble
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.replications import DAYS_LOST, ONSET
from minsim.studies.monte_carlo.workers import shared_executor, usable_cores

if TYPE_CHECKING:
    from minsim.results.run import Run

from minsim.report.progress import PageProgress

MIDDLE = (0.05, 0.95)
"""Quantiles between which nine draws in ten lie."""


@dataclass(frozen=True)
class Effort:
    """How much to compute beside the run itself.

    Attributes
    ----------
    draws : int
        Draws of all uncertain numbers; 0 leaves the ranges out.
    screening_seconds : float
        Time for moving one number at a time; 0 leaves it out [s].
    jobs : int or None
        Worker processes; None takes every core.
    """

    draws: int = 100
    screening_seconds: float = 120.0
    jobs: int | None = None


@dataclass(frozen=True)
class PageContents:
    """What the page tells.

    Attributes
    ----------
    run : Run
        With its bracket.
    stories : list of MaterialSummary
        One a material with users, the hardest hit first.
    focus : int
        The consumer hit hardest; where nobody is short, the one with the thinnest stock.
    draws : Ensemble or None
    screening : Screening or None
    purchases : list of StockOption
        Empty where nobody is short.
    """

    run: Run = field(repr=False)
    stories: list[MaterialSummary] = field(repr=False)
    focus: int
    draws: Ensemble | None
    screening: Screening | None
    purchases: list[StockOption]

    @property
    def short(self) -> list[MaterialSummary]:
        """Stories of the materials that somebody runs short of."""
        return [story for story in self.stories if story.short]

    def range_of(self, consumer: int) -> Range | None:
        """Where nine draws in ten lie; None without draws."""
        return None if self.draws is None else range_in(self.draws, consumer)


@dataclass(frozen=True)
class Range:
    """What the draws say of one consumer.

    Attributes
    ----------
    draws, short : int
        Draws, and those in which it runs short.
    days : tuple of float
        5% and 95% quantile of days of use lost, over all draws [days].
    onset : tuple of date or None
        5% and 95% quantile of the first short day, over the draws in which there is one.
    """

    draws: int
    short: int
    days: tuple[float, float]
    onset: tuple[dt.date, dt.date] | None


def range_in(found: Ensemble, consumer: int) -> Range:
    """Range of one consumer in an ensemble."""
    lost, _ = found.column(consumer, DAYS_LOST)
    first, _ = found.column(consumer, ONSET)
    low, high = (estimates.quantile(lost, q).value for q in MIDDLE)
    onset = None
    if len(first):
        early, late = (found.date(np.floor(estimates.quantile(first, q).value)) for q in MIDDLE)
        onset = (early, late)
    return Range(len(found.replications), len(first), (low, high), onset)


def gather(run: Run, effort: Effort, progress: PageProgress) -> PageContents:
    """Compute what the page tells of a finished run."""
    stories = [MaterialSummary(run, material) for material in rank_materials(run)]
    short = bool(stories[0].short)
    focus = focus_of(stories)
    jobs = usable_cores() if effort.jobs is None else effort.jobs
    with shared_executor(jobs) as executor:
        draws = None
        if effort.draws:
            draws = ensemble(
                run.scenario, effort.draws, seed=run.seed, jobs=jobs, executor=executor,
                progress=lambda done, wanted: progress("draws of the uncertain numbers", done, wanted),
            )  # fmt: skip
        screening = None
        if effort.screening_seconds > 0:
            metric = "shortfall_days" if short else "min_commercial_cover_days"
            screening = screen(
                run,
                metric,
                focus,
                most_seconds=effort.screening_seconds,
                jobs=jobs,
                executor=executor,
                progress=progress,
            )
    bought = purchases(run, focus, SIZES_DAYS, progress) if short else []
    return PageContents(run, stories, focus, draws, screening, bought)


def focus_of(stories: list[MaterialSummary]) -> int:
    """The consumer that loses most days of use; where nobody does, the one with the thinnest commercial stock."""
    if stories[0].short:
        return stories[0].short[0]
    lowest = stories[0].run.measures["reference"]["min_commercial_cover_days"]
    users = stories[0].run.record.network.consumers
    return min(range(len(users)), key=lambda i: (lowest[i], users[i].material, users[i].region))
