"""Estimates from replications, each with its Monte-Carlo standard error.

With plain named streams the replications are independent, and the standard errors are the textbook ones: sd / √n for a mean,
binomial for a probability, half the width of the order statistics around a quantile, and asymptotic for the conditional
value at risk [1]_. With Sobol points the replications of one scrambling are not independent, but the scramblings are:
every standard error is then the standard deviation of the estimates of the 16 scramblings / √16 [2]_.

References
----------
.. [1] Hong, Hu, Liu: Monte Carlo methods for value-at-risk and conditional value-at-risk: a review. ACM TOMACS 24 (2014).
.. [2] L'Ecuyer, Lemieux: Recent advances in randomized quasi-Monte Carlo methods. Modeling Uncertainty, Kluwer (2002).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from minsim.metrics.consumers import FloatArray

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TAIL = 0.95
"""Level of the conditional value at risk."""

Groups = npt.NDArray[np.int64]


def groups_of(groups: Groups | None, chosen: npt.NDArray[np.bool_]) -> Groups | None:
    """Groups of some of the values; None without groups."""
    return None if groups is None else groups[chosen]


class Estimate(NamedTuple):
    """A number and its Monte-Carlo standard error; `nan` if undefined (fewer than two values)."""

    value: float
    se: float


def mean(values: FloatArray, groups: Groups | None = None) -> Estimate:
    """Mean; standard error sd / √n.

    >>> mean(np.array([1.0, 2.0, 3.0, 4.0]))
    Estimate(value=2.5, se=0.6454972243679028)
    """
    if groups is not None:
        return _over_groups(values, groups, lambda own: float(own.mean()))
    if len(values) == 0:
        return Estimate(math.nan, math.nan)
    return Estimate(float(values.mean()), standard_deviation(values) / math.sqrt(len(values)))


def standard_deviation(values: FloatArray) -> float:
    """Sample standard deviation; `nan` for fewer than two values, exactly 0 if all are equal."""
    if len(values) < 2:
        return math.nan
    return 0.0 if values.min() == values.max() else float(values.std(ddof=1))


def probability(happens: npt.NDArray[np.bool_], groups: Groups | None = None) -> Estimate:
    """Share of replications in which an event happens; standard error √(p (1 - p) / n).

    >>> probability(np.array([True, False, False, False]))
    Estimate(value=0.25, se=0.21650635094610965)
    """
    if groups is not None:
        return _over_groups(happens.astype(float), groups, lambda own: float(own.mean()))
    if len(happens) == 0:
        return Estimate(math.nan, math.nan)
    p = float(happens.mean())
    return Estimate(p, math.sqrt(p * (1.0 - p) / len(happens)))


def quantile(values: FloatArray, level: float, groups: Groups | None = None) -> Estimate:
    """Quantile; standard error: half the distance between the order statistics one binomial sd to either side."""
    if groups is not None:
        return _over_groups(values, groups, lambda own: float(np.quantile(own, level)))
    if len(values) == 0:
        return Estimate(math.nan, math.nan)
    spread = math.sqrt(level * (1.0 - level) / len(values))
    low, high = np.quantile(values, [max(0.0, level - spread), min(1.0, level + spread)])
    return Estimate(float(np.quantile(values, level)), float(high - low) / 2.0)


def tail_mean(values: FloatArray, level: float = TAIL, groups: Groups | None = None) -> Estimate:
    """Conditional value at risk: mean of the worst (1 - `level`) of all replications.

    Estimated as q + mean of max(x - q, 0) / (1 - level), with q the quantile; the standard error is the standard deviation
    of the terms of that mean / √n, since the error of q has no first-order effect.

    >>> tail_mean(np.arange(1.0, 101.0)).value
    98.0
    """
    if groups is not None:
        return _over_groups(values, groups, lambda own: tail_mean(own, level).value)
    if len(values) == 0:
        return Estimate(math.nan, math.nan)
    ordered = np.sort(values)
    threshold = float(ordered[max(0, math.ceil(level * len(values) - 1e-9) - 1)])
    excess = np.maximum(values - threshold, 0.0) / (1.0 - level)
    value = round(threshold + float(excess.mean()), 12)
    return Estimate(value, standard_deviation(excess) / math.sqrt(len(values)))


def _over_groups(values: FloatArray, groups: Groups, estimate: Callable[[FloatArray], float]) -> Estimate:
    """The estimate over all groups; standard error from the spread between groups."""
    if len(values) == 0:
        return Estimate(math.nan, math.nan)
    own = np.array([estimate(values[groups == group]) for group in np.unique(groups)])
    return Estimate(estimate(values), standard_deviation(own) / math.sqrt(len(own)))


def wilson(happened: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95% confidence interval of a probability; it has a width even at 0 of n and n of n.

    References
    ----------
    Wilson: Probable inference, the law of succession, and statistical inference. JASA 22 (1927).

    >>> low, high = wilson(0, 100)
    >>> low, round(high, 4)
    (0.0, 0.037)
    """
    p, square = happened / count, z * z / count
    centre = (p + square / 2.0) / (1.0 + square)
    half = z * math.sqrt(p * (1.0 - p) / count + square / (4.0 * count)) / (1.0 + square)
    return max(0.0, centre - half) if happened else 0.0, min(1.0, centre + half) if happened < count else 1.0


def rounded(value: float) -> float | None:
    """A number of an output file: twelve significant digits; None if not finite."""
    return None if not math.isfinite(value) else float(f"{value:.12g}")
