"""Start and end of each event in a replication: probabilities, windows and durations are drawn once, dates become days."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

from minsim.scenario.distributions import Draws
from minsim.scenario.format.events import AnyEvent, ExportCurb
from minsim.scenario.format.model import ScenarioModel


@dataclass(frozen=True)
class ScheduledEvent:
    """One event as it happens in one replication.

    Attributes
    ----------
    event : str
        Its key in the scenario.
    model : AnyEvent
        Its block of the scenario.
    start_day, end_day : int, int or None
        First day and first free day, counted from the scenario's start [days]; None: it lasts.
    """

    event: str
    model: AnyEvent
    start_day: int
    end_day: int | None

    @property
    def title(self) -> str:
        """Name for readers."""
        return self.model.title or self.event.replace("-", " ")

    @property
    def type(self) -> str:
        """Event type of the format."""
        return self.model.type

    @property
    def exporter(self) -> str | None:
        """The exporting country of a curb."""
        return self.model.exporter if isinstance(self.model, ExportCurb) else None

    @property
    def importers(self) -> tuple[str, ...] | str | None:
        """Importers affected by a curb."""
        return self.model.importers if isinstance(self.model, ExportCurb) else None

    def acts_within(self, days: int) -> bool:
        """Whether any of its days falls within a run of `days`."""
        return self.start_day < days and (self.end_day is None or self.end_day > max(0, self.start_day))


def day_of(date: dt.date, start: dt.date) -> int:
    """Days from `start` to `date`."""
    return (date - start).days


@functools.lru_cache(maxsize=8)
def months_of(start: dt.date, end: dt.date) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Months from `start` to `end`, as YYYY-MM, and the month in which each day falls, counted from 0."""
    first, days = start.year * 12 + start.month - 1, range(day_of(end, start) + 1)
    dates = (start + dt.timedelta(days=day) for day in days)
    months = tuple(date.year * 12 + date.month - 1 - first for date in dates)
    named = (f"{(first + month) // 12:04}-{(first + month) % 12 + 1:02}" for month in range(months[-1] + 1))
    return tuple(named), months


def scheduled_events(model: ScenarioModel, draws: Draws) -> list[ScheduledEvent]:
    """The events that happen in this replication, by key."""
    scheduled = []
    for name in sorted(model.events):
        event = model.events[name]
        path = f"events.{name}"
        if draws.happens(event.probability, f"{path}.probability"):
            scheduled.append(_scheduled(name, event, path, model.start, draws))
    return scheduled


def _scheduled(name: str, event: AnyEvent, path: str, start: dt.date, draws: Draws) -> ScheduledEvent:
    first = start if event.start is None else draws.start(event.start, f"{path}.start")
    end = None if event.end is None else day_of(event.end, start)
    if event.duration_days is not None:
        end = day_of(first, start) + draws.whole(event.duration_days, f"{path}.duration_days")
    return ScheduledEvent(name, event, day_of(first, start), end)
