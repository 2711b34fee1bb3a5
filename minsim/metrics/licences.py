"""The licence queue as a table: tonnes each importer applied for, was granted, was refused and waits for, by week.

Weeks count from the curb's first day. An importer files one application a week, which is decided as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from minsim.simulation.engine import Record
    from minsim.simulation.log import Application

DAYS_PER_WEEK = 7


class LicenceWeek(NamedTuple):
    """One week of one importer under one curb.

    Attributes
    ----------
    first_day : int
        First day of the week, counted from the scenario's start.
    event, importer : str
    applied_t, approved_t, refused_t : float
        Applied for, approved and refused in the week [t].
    waiting_t : float
        Applied for and not decided at the end of the week [t].
    mean_wait_days : float
        From application to decision, over the decisions of the week [days]; `nan` without one.
    """

    first_day: int
    event: str
    importer: str
    applied_t: float
    approved_t: float
    refused_t: float
    waiting_t: float
    mean_wait_days: float


def licence_weeks(record: Record) -> list[LicenceWeek]:
    """Every week of every importer that applied, by event, importer and week.

    From the curb's first week within the run to its last, or to the week of the last decision.
    """
    importers = sorted({(filed.event, filed.importer) for filed in record.applications})
    return [week for event, importer in importers for week in _weeks_of(record, event, importer)]


def licence_columns(record: Record) -> dict[str, NDArray[Any]]:
    """Columns of `licences`: week (its first day), event, importer, tonnes [t], mean wait [days]."""
    weeks = licence_weeks(record)
    days = np.array([week.first_day for week in weeks], dtype="timedelta64[D]")
    numbers = LicenceWeek._fields[3:]
    return {
        "week": np.datetime64(record.network.start, "D") + days,
        "event": np.array([week.event for week in weeks], dtype=object),
        "importer": np.array([week.importer for week in weeks], dtype=object),
        **{name: np.array([getattr(week, name) for week in weeks], dtype=float) for name in numbers},
    }


def decided_waits(applications: Sequence[Application]) -> list[int]:
    """Days from application to decision, for each application decided [days]."""
    return [a.decided_day - a.applied_day for a in applications if a.decided_day is not None]


def _weeks_of(record: Record, event: str, importer: str) -> Iterator[LicenceWeek]:
    under_it = [filed for filed in record.applications if filed.event == event]
    own = [filed for filed in under_it if filed.importer == importer]
    first, until = _curb_days(record, event, under_it)
    before_the_run = max(0, -first) // DAYS_PER_WEEK
    for number in range(before_the_run, math.ceil((until - first) / DAYS_PER_WEEK)):
        begin = first + DAYS_PER_WEEK * number
        yield _week(own, begin, begin + DAYS_PER_WEEK)


def _curb_days(record: Record, event: str, filed: Sequence[Application]) -> tuple[int, int]:
    """First day of a curb, and the first day on which neither it acts nor an application waits."""
    network = record.network
    curb = next((scheduled for scheduled in network.events if scheduled.event == event), None)
    first = min(a.applied_day for a in filed) if curb is None else curb.start_day
    end = None if curb is None else curb.end_day
    decided = [network.days if a.decided_day is None else a.decided_day + 1 for a in filed]
    return first, min(network.days, max([network.days if end is None else end, *decided]))


def _week(own: Sequence[Application], begin: int, end: int) -> LicenceWeek:
    """One importer's week, of the days `begin` to `end` - 1."""
    applied = [a for a in own if begin <= a.applied_day < end]
    decided = [a for a in own if a.decided_day is not None and begin <= a.decided_day < end]
    waiting = [a for a in own if a.applied_day < end and (a.decided_day is None or a.decided_day >= end)]
    waits = decided_waits(decided)
    return LicenceWeek(
        begin,
        own[0].event,
        own[0].importer,
        sum(a.tonnes for a in applied),
        sum(a.approved_t for a in decided),
        sum(a.refused_t for a in decided),
        sum(a.tonnes for a in waiting),
        sum(waits) / len(waits) if waits else math.nan,
    )
