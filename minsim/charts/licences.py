"""Chart of a licence queue: tonnes waiting and tonnes approved, by week and importer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minsim.charts.page import framed, name_colours, set_dates, set_values, start_page
from minsim.charts.style import WIDE_COLOURS, drawing_style, panels
from minsim.errors import NotInRunError
from minsim.metrics.consumers import FloatArray
from minsim.metrics.licences import DAYS_PER_WEEK, LicenceWeek, decided_waits, licence_weeks
from minsim.results.outcome import Outcome
from minsim.text.formatting import count, long_date, tonnes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_IMPORTERS = len(WIDE_COLOURS) - 1
"""Importers with their own colour; the others are drawn together, in grey."""

WeeklyAmount = Callable[[LicenceWeek], float]
"""Tonnes of one importer in one week [t]."""


def plot_licences(run: Outcome, event: str | None = None) -> Figure:
    """Draw the licence queue of one curb.

    Parameters
    ----------
    run : Outcome
        The finished run.
    event : str, optional
        Absent: the curb with the most tonnes applied for.

    Returns
    -------
    Figure
        Its first axes show the tonnes waiting, its second the tonnes approved.

    Raises
    ------
    NotInRunError
        If nobody applied, or not under this event.
    """
    weeks = licence_weeks(run.record)
    applied = _totals(weeks, lambda week: week.event)
    if not applied or event not in (None, *applied):
        raise NotInRunError(f"nobody applied for licences{'' if event is None else f' under {event!r}'} in this run")
    chosen = event or max(applied, key=lambda name: applied[name])
    own = [week for week in weeks if week.event == chosen]
    spec = run.scenario.model.events[chosen]
    with drawing_style():
        what = f"{spec.title or chosen.replace('-', ' ')}: licences by importer, week by week from the curb's first day"
        figure, bottom, top = start_page(run, _headline(run, chosen, own), what)
        upper, lower = panels(figure, bottom, top - 0.18, (0.55, 0.45))
        colours = _colours(own)
        _draw_weeks(upper, run, own, colours, "Waiting for a decision at the end of the week, t", lambda w: w.waiting_t)
        _draw_weeks(lower, run, own, colours, "Approved in the week, t", lambda w: w.approved_t)
        upper.tick_params(labelbottom=False)
        name_colours(upper, {name: colour for name, (colour, _) in colours.items()})
    return figure


def _totals(weeks: Sequence[LicenceWeek], owner: Callable[[LicenceWeek], str]) -> dict[str, float]:
    """Tonnes applied for, by curb or importer."""
    totals: dict[str, float] = {}
    for week in weeks:
        totals[owner(week)] = totals.get(owner(week), 0.0) + week.applied_t
    return totals


def _headline(run: Outcome, event: str, weeks: Sequence[LicenceWeek]) -> str:
    waiting: dict[int, float] = {}
    for week in weeks:
        waiting[week.first_day] = waiting.get(week.first_day, 0.0) + week.waiting_t
    peak = max(waiting, key=lambda day: (waiting[day], -day))
    date = long_date(run.record.network.date_of(peak + DAYS_PER_WEEK - 1))
    waits = decided_waits([filed for filed in run.record.applications if filed.event == event])
    took = f"a decision takes {count(sum(waits) / len(waits), 'day')} on average" if waits else "none is decided"
    return f"Up to {tonnes(waiting[peak])} wait for licences, the most on {date}; {took}"


def _colours(weeks: Sequence[LicenceWeek]) -> dict[str, tuple[str, list[str]]]:
    """Colour and importers of each name in the key, the largest applicant first."""
    totals = _totals(weeks, lambda week: week.importer)
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    own, rest = ranked[:MOST_IMPORTERS], ranked[MOST_IMPORTERS:]
    colours = {name: (WIDE_COLOURS[k], [name]) for k, name in enumerate(own)}
    return colours | ({count(len(rest), "other importer"): (WIDE_COLOURS[-1], rest)} if rest else {})


def _draw_weeks(
    ax: Axes,
    run: Outcome,
    weeks: Sequence[LicenceWeek],
    colours: Mapping[str, tuple[str, list[str]]],
    heading: str,
    amount: WeeklyAmount,
) -> None:
    """Weekly bars, the importers stacked in one order in every panel."""
    network = run.record.network
    framed(ax, heading)
    days = sorted({week.first_day for week in weeks})
    last = min(days[-1] + DAYS_PER_WEEK, network.days)
    set_dates(ax, network.date_of(days[0]), last - days[0])
    first = ax.get_xlim()[0] - days[0]
    bottom = np.zeros(len(days))
    for colour, importers in colours.values():
        height = _by_week(weeks, days, importers, amount)
        ax.bar(first + np.array(days), height, 6.3, bottom, align="edge", color=colour, linewidth=0)
        bottom += height
    set_values(ax, float(bottom.max()))


def _by_week(
    weeks: Sequence[LicenceWeek], days: Sequence[int], importers: Sequence[str], amount: WeeklyAmount
) -> FloatArray:
    found = dict.fromkeys(days, 0.0)
    for week in weeks:
        if week.importer in importers:
            found[week.first_day] += amount(week)
    return np.array([found[day] for day in days])
