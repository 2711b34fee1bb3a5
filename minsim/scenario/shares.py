"""Shares of one whole in a replication: those drawn keep what is drawn, others give way, so that all sum to 1."""

from __future__ import annotations

from collections.abc import Sequence

from minsim.scenario.distributions import is_distribution
from minsim.scenario.format.numbers import Number, Rest

SHARES_WITHIN = 1e-6
"""How far shares may sum from 1."""


def completed(numbers: Sequence[Number], values: Sequence[float]) -> list[float]:
    """Shares of one replication that sum to 1, from what is written and what was drawn.

    The one written `rest` takes what the others leave. Without one, shares written as plain numbers give way in
    proportion, never a drawn one. Shares that sum to 1 as they are, as in the central case, stay.

    Parameters
    ----------
    numbers : sequence of Number
        As written in a scenario that passed its checks.
    values : sequence of float
        Their values in this replication.

    Returns
    -------
    list of float
        In the same order.
    """
    if any(isinstance(number, Rest) for number in numbers):
        others = sum(value for number, value in zip(numbers, values, strict=True) if not isinstance(number, Rest))
        pairs = zip(numbers, values, strict=True)
        return [max(0.0, 1.0 - others) if isinstance(number, Rest) else value for number, value in pairs]
    drawn = [is_distribution(number) for number in numbers]
    plain = sum(value for value, own in zip(values, drawn, strict=True) if not own)
    total = sum(values)
    if not any(drawn) or plain <= 0.0 or abs(total - 1.0) <= SHARES_WITHIN:
        return list(values)
    factor = max(0.0, 1.0 - (total - plain)) / plain
    return [value if own else value * factor for value, own in zip(values, drawn, strict=True)]
