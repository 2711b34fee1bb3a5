"""The stopping rule of an ensemble: enough replications for a standard error.

Replications are examined in the order of their numbers, and the error is checked at fixed numbers only, so that the result
does not depend on the order in which workers finish.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.sobol import SCRAMBLINGS
from minsim.studies.monte_carlo.store import Part, values_of

Sampler = Literal["random", "sobol"]
STEPS = {"random": 64, "sobol": 16 * SCRAMBLINGS}
"""Replications between two checks of the standard error."""
LEAST_STEPS = 4
"""Steps before the first check: a standard error of few replications is unreliable."""


class StoppingRule:
    """Decides how many replications are enough, independently of the order in which they are computed.

    Parameters
    ----------
    replications : int
        The most there may be.
    until_se_days : float or None
        Standard error of the mean of days of use lost that every region must reach [days]; None: compute all.
    sampler : {"random", "sobol"}
    """

    def __init__(self, replications: int, until_se_days: float | None, sampler: Sampler) -> None:
        self.replications, self.until_se_days, self.sampler = replications, until_se_days, sampler
        self.enough: int | None = None
        self._pending: dict[int, Part] = {}
        self._numbers: list[int] = []
        self._lost: list[FloatArray] = []
        self._examined = 0

    def add(self, part: Part) -> None:
        """Add a part; examines it as soon as all earlier parts are there."""
        if self.until_se_days is None:
            return
        self._pending[part.first] = part
        while self.enough is None and self._examined in self._pending:
            self._examine(self._pending.pop(self._examined))

    def _examine(self, part: Part) -> None:
        numbers, values = values_of(part, ("shortfall_days",))
        consumers = part.schema.consumer_count if part.schema else 0
        days_lost = dict(zip(numbers.tolist(), values[:, :consumers, 0], strict=True))
        for k in range(part.first, part.last + 1):
            if k in days_lost:
                self._numbers.append(k)
                self._lost.append(days_lost[k])
            self._examined = k + 1
            step = STEPS[self.sampler]
            if self._examined % step == 0 and self._examined >= LEAST_STEPS * step and self._is_enough():
                self.enough = min(self._examined, self.replications)
                return

    def _is_enough(self) -> bool:
        assert self.until_se_days is not None
        if len(self._lost) < 2:
            return False
        lost, numbers = np.array(self._lost), np.array(self._numbers)
        groups = numbers % SCRAMBLINGS if self.sampler == "sobol" else None
        errors = [
            estimates.mean(column[~np.isnan(column)], estimates.groups_of(groups, ~np.isnan(column))).se
            for column in lost.T
        ]
        return all(error <= self.until_se_days for error in errors if not math.isnan(error))
