"""Goods at sea: room in the transit ring for longer lead times, and goods that are held on their way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minsim.kernel.state import State


def with_room_for(state: State, today: int, days: int) -> State:
    """The state with a transit ring that holds lead times of so many days; goods at sea keep their day of arrival."""
    old = state.ring.shape[0]
    if days < old:
        return state
    ring = np.zeros((2 * days, state.ring.shape[1]))
    due = today + np.arange(old)
    ring[due % len(ring)] = state.ring[due % old]
    return state._replace(ring=ring)


def held(state: State, today: int, days: npt.NDArray[np.int64]) -> State:
    """The state with goods at sea delayed, by a number of days for each arc [days]."""
    old = state.ring.shape[0]
    laden = state.ring[(today + np.arange(old)) % old].any(axis=1)
    state = with_room_for(state, today, int(np.flatnonzero(laden).max(initial=0) + days.max()) + 1)
    ring = state.ring
    due = today + np.arange(len(ring))
    for a in np.flatnonzero(days > 0):
        tonnes = ring[due % len(ring), a]
        ring[(due + days[a]) % len(ring), a] = tonnes
    return state
