"""Ramps: effects that grow day by day."""

from __future__ import annotations

from collections.abc import Iterator


def ramp(days: int, first: int = 0) -> Iterator[float]:
    """Fraction of the full effect on day `first`, `first` + 1, … of a ramp: k / days on day k; ends with 1 on day `days`.

    Examples
    --------
    >>> list(ramp(4))
    [0.0, 0.25, 0.5, 0.75, 1.0]
    >>> list(ramp(4, first=3))
    [0.75, 1.0]
    >>> list(ramp(0))
    [1.0]
    """
    yield from (k / days for k in range(first, days))
    yield 1.0
