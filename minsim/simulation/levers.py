"""Levers: rows of the state that processes may change, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from minsim.kernel.compiling import Floats, Indices


class Lever:
    """One row of the state that processes may change, each under its own name.

    Parameters
    ----------
    row : array
        The row without any effect; changed in place.
    combine : callable
        Rule for several effects on one column: minimum, maximum, product or sum.
    settled : callable, optional
        Called after every change.
    """

    def __init__(
        self, row: Floats, combine: Callable[[Floats, Floats], Floats], settled: Callable[[], None] | None = None
    ) -> None:
        self.row, self.combine, self.settled = row, combine, settled
        self.base = row.copy()
        self.effects: dict[str, tuple[npt.NDArray[np.intp], Floats]] = {}

    def put(self, name: str, where: Sequence[int] | Indices, value: float | Floats) -> None:
        """Put, or replace, the effect called `name` on the columns `where`."""
        index = np.asarray(where, dtype=np.intp)  # any other type would be converted at every use, ten times slower
        amounts = np.empty(len(index))
        amounts[:] = value
        self.effects[name] = index, amounts
        self._settle()

    def drop(self, name: str) -> None:
        """Remove the effect called `name`."""
        if self.effects.pop(name, None) is not None:
            self._settle()

    def _settle(self) -> None:
        # Products of floats depend on their order; sorted by name, they do not depend on the order of the calls.
        self.row[:] = self.base
        for name in sorted(self.effects):
            where, value = self.effects[name]
            self.row[where] = self.combine(self.row[where], value)
        if self.settled is not None:
            self.settled()
