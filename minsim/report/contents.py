"""Compute the contents of the page: the run, an ensemble, the decisive inputs, and stock options."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minsim.report.decisive_inputs import InputScreening, screen_inputs
from minsim.report.progress import PageProgress
from minsim.report.stock_options import SIZES_DAYS, StockOption, stock_options
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.studies.ensembles import Ensemble, ensemble
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.replications import DAYS_LOST, ONSET
from minsim.studies.monte_carlo.workers import shared_executor, usable_cores

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from minsim.results.run import Run

MIDDLE = (0.05, 0.95)
"""Quantiles that enclose nine draws in ten."""


@dataclass(frozen=True)
class Effort:
    """Computing effort besides the run itself.

    Attributes
    ----------
    draws : int
        Draws of all uncertain numbers; 0: no ranges.
    screening_seconds : float
        Time for varying one number at a time; 0: no screening [s].
    jobs : int or None
        Worker processes; None uses every core.
    """

    draws: int = 100
    screening_seconds: float = 120.0
    jobs: int | None = None


@dataclass(frozen=True)
class PageContents:
    """The contents of the page.

    Attributes
    ----------
    run : Run
        With its bracket.
    summaries : list of MaterialSummary
        One per material with consumers, the hardest hit first.
    focus : int
        The hardest-hit consumer; without shortages, the one with the thinnest stock.
    ensemble : Ensemble or None
    screening : InputScreening or None
    stock_options : list of StockOption
        Empty without shortages.
    """

    run: Run = field(repr=False)
    summaries: list[MaterialSummary] = field(repr=False)
    focus: int
    ensemble: Ensemble | None
    screening: InputScreening | None
    stock_options: list[StockOption]

    @property
    def short(self) -> list[MaterialSummary]:
        """Summaries of the materials with shortages."""
        return [summary for summary in self.summaries if summary.short]

    def range_of(self, consumer: int) -> Range | None:
        """Range of nine draws in ten; None without an ensemble."""
        return None if self.ensemble is None else range_in(self.ensemble, consumer)


@dataclass(frozen=True)
class Range:
    """Range of one consumer over the draws.

    Attributes
    ----------
    draws, short : int
        Number of draws, and of those with a shortage.
    days : tuple of float
        5% and 95% quantile of days of use lost, over all draws [days].
    onset : tuple of date or None
        5% and 95% quantile of the first short day, over the draws with a shortage.
    """

    draws: int
    short: int
    days: tuple[float, float]
    onset: tuple[dt.date, dt.date] | None


def range_in(drawn: Ensemble, consumer: int) -> Range:
    """Range of one consumer in an ensemble."""
    lost, _ = drawn.column(consumer, DAYS_LOST)
    first, _ = drawn.column(consumer, ONSET)
    low, high = (estimates.quantile(lost, q).value for q in MIDDLE)
    onset = None
    if len(first):
        early, late = (drawn.date(np.floor(estimates.quantile(first, q).value)) for q in MIDDLE)
        onset = (early, late)
    return Range(len(drawn.replications), len(first), (low, high), onset)


def gather(run: Run, effort: Effort, progress: PageProgress) -> PageContents:
    """Compute the contents of the page of a finished run."""
    summaries = [MaterialSummary(run, material) for material in rank_materials(run)]
    is_short = bool(summaries[0].short)
    focus = focus_of(summaries)
    jobs = usable_cores() if effort.jobs is None else effort.jobs
    with shared_executor(jobs) as executor:
        drawn = _ensemble(run, effort.draws, jobs, executor, progress) if effort.draws else None
        screening = None
        if effort.screening_seconds > 0:
            screening = screen_inputs(
                run, "shortfall_days" if is_short else "min_commercial_cover_days", focus,
                most_seconds=effort.screening_seconds, jobs=jobs, executor=executor, progress=progress,
            )  # fmt: skip
    options = stock_options(run, focus, SIZES_DAYS, progress) if is_short else []
    return PageContents(run, summaries, focus, drawn, screening, options)


def _ensemble(run: Run, draws: int, jobs: int, executor: Executor | None, progress: PageProgress) -> Ensemble:
    return ensemble(
        run.scenario, draws, seed=run.seed, jobs=jobs, executor=executor,
        progress=lambda done, requested: progress("draws of the uncertain numbers", done, requested),
    )  # fmt: skip


def focus_of(summaries: list[MaterialSummary]) -> int:
    """The consumer that loses most days of use; without shortages, the one with the thinnest commercial stock."""
    if summaries[0].short:
        return summaries[0].short[0]
    lowest = summaries[0].run.measures["reference"]["min_commercial_cover_days"]
    users = summaries[0].run.record.network.consumers
    return min(range(len(users)), key=lambda i: (lowest[i], users[i].material, users[i].region))
