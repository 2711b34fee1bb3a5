"""Days on SimPy's calendar, and the order of what is due on one day."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]
"""A running process: it yields the events it waits for, and receives their values."""

# Ranks order what is due on one day: SimPy takes the lowest first.
FIRST = -1
"""Rank of the notices that the kernel left on the day before."""
USER_RANK = 5
"""Rank of a user's processes: before the scenario's events."""
EVENT_RANK = 10
"""Rank of the first event of the scenario; the others follow in the order of their keys."""
LAST = 1_000_000
"""Rank of the kernel's next advance: after everything due that day."""


class Day(simpy.Event):
    """A day on the calendar; its rank orders it among the events of that day."""

    def __init__(self, env: simpy.Environment, delay: int, rank: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, rank, delay)  # type: ignore[arg-type]
