"""Distributions and named random streams.

There is no global random state. Every draw comes from a stream of its own, keyed by (seed, replication, entity, purpose):
adding an event, a material or a scenario never shifts another's draws, two scenarios with one seed share their random
numbers, and replication k is the same run in whatever chunk, process or machine it is computed.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from pydantic import BaseModel

from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import (
    DISTRIBUTIONS,
    Choice,
    Lognormal,
    Normal,
    Number,
    Pert,
    Triangular,
    Uniform,
    Window,
    support,
    weights_of,
)
from minsim.scenario.format.numbers import (
    central as central,
)

if TYPE_CHECKING:  # imported on the first draw: loading and checking a scenario does without numpy
    from numpy.random import Generator

AnyDistribution = Triangular | Pert | Uniform | Normal | Lognormal | Choice

_STANDARD_NORMAL = NormalDist()
_LEAST = 2.0**-54
"""Replaces a uniform draw of exactly 0, whose quantile may be infinite; half the spacing of numpy's draws."""


# ---------------------------------------------------------------------------------------------------------------- streams


def stream(seed: int, replication: int, entity: str, purpose: str) -> Generator:
    """Random generator that belongs to one purpose of one entity in one replication.

    A Philox counter generator [1]_ whose 128-bit key is the BLAKE2b hash of the four names. Making one costs a few
    microseconds, and distinct keys give independent streams, so no generator is stored or passed around: a second call
    returns the same stream from its start.

    Parameters
    ----------
    seed : int
        Seed of the scenario.
    replication : int
        Number of the replication, from 0.
    entity : str
        Dotted path of the number or entity, such as `events.curb.duration_days`.
    purpose : str
        What is drawn, such as `value` or `failures`.

    References
    ----------
    .. [1] Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC11 (2011).

    Examples
    --------
    >>> stream(1, 0, "events.curb", "happens").random() == stream(1, 0, "events.curb", "happens").random()
    True
    """
    import numpy as np

    _admit_fixed_keys()
    # numpy's integers and strings print differently from Python's; the key must not depend on the caller's types.
    name = repr((int(seed), int(replication), str(entity), str(purpose)))
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    return np.random.Generator(np.random.Philox(cast("np.random.SeedSequence", _FixedKey(key))))


class _FixedKey:
    """A fixed key in place of a seed sequence; `Philox(key=...)` would gather entropy only to discard it."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def generate_state(self, n_words: int, dtype: Any = None) -> Any:
        return self.key


@functools.cache
def _admit_fixed_keys() -> None:
    from numpy.random.bit_generator import ISeedSequence

    ISeedSequence.register(_FixedKey)


# ---------------------------------------------------------------------------------------------------------- distributions


def sample(distribution: AnyDistribution, generator: Generator) -> float:
    """One value drawn from a distribution: its quantile at one uniform draw."""
    return quantile(distribution, max(generator.random(), _LEAST))


def draw(number: Number, generator: Generator) -> float:
    """One draw of a number for a process that draws repeatedly; a number without a distribution is returned as it is."""
    return sample(number, generator) if is_distribution(number) else central(number)


def is_distribution(number: Any) -> TypeGuard[AnyDistribution]:
    """Whether a number is to be drawn; isinstance checks of pydantic's classes would take ten times as long."""
    return type(number) in DISTRIBUTIONS


def quantile(distribution: AnyDistribution, u: float) -> float:
    """Value below which a distribution lies with probability `u`: the inverse of its distribution function.

    Parameters
    ----------
    distribution : Triangular, Pert, Uniform, Normal, Lognormal or Choice
        As written in a scenario.
    u : float
        Probability, strictly between 0 and 1.

    Raises
    ------
    ValueError
        If `u` lies outside (0, 1).
    """
    if not 0.0 < u < 1.0:
        raise ValueError(f"expected a probability between 0 and 1, got {u}")
    match distribution:
        case Triangular():
            return _triangular(distribution, u)
        case Pert():
            return _pert(distribution, u)
        case Uniform():
            return distribution.low + u * (distribution.high - distribution.low)
        case Normal():
            return _normal(distribution, u)
        case Lognormal():
            return _lognormal(distribution, u)
        case Choice():
            return _choice(distribution, u)


def _triangular(distribution: Triangular, u: float) -> float:
    low, mode, high = distribution.low, distribution.mode, distribution.high
    width = high - low
    if width == 0:
        return low
    if u * width <= mode - low:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1 - u) * width * (high - mode))


def _pert(distribution: Pert, u: float) -> float:
    from scipy.special import betaincinv

    low, mode, high = distribution.low, distribution.mode, distribution.high
    width = high - low
    if width == 0:
        return low
    rising, falling = 1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width
    # Next to 0 the inverse is not a number.
    return float(low + width * betaincinv(rising, falling, max(u, _LEAST)))


def _normal(distribution: Normal, u: float) -> float:
    if distribution.sd == 0:
        return distribution.mean
    untruncated = NormalDist(distribution.mean, distribution.sd)
    below_low, below_high = untruncated.cdf(distribution.low), untruncated.cdf(distribution.high)
    # The format puts the mean inside the bounds, so that these probabilities lie on either side of 1/2 and keep their
    # digits. A u next to 0 or 1 may round to the end itself, where the quantile is the bound.
    probability = below_low + u * (below_high - below_low)
    if not 0.0 < probability < 1.0:
        probability = min(max(probability, _LEAST), 1 - _LEAST * 2)
    return min(max(untruncated.inv_cdf(probability), distribution.low), distribution.high)


def _lognormal(distribution: Lognormal, u: float) -> float:
    variance = math.log1p((distribution.sd / distribution.mean) ** 2)
    location = math.log(distribution.mean) - variance / 2
    return math.exp(location + math.sqrt(variance) * _STANDARD_NORMAL.inv_cdf(u))


def _choice(distribution: Choice, u: float) -> float:
    weights = weights_of(distribution)
    values = sorted(weights)
    reached = accumulate(weights[value] for value in values)
    target = u * sum(weights.values())
    possible = [value for value in values if weights[value] > 0]
    return next((value for value, total in zip(values, reached, strict=True) if target < total), possible[-1])


def choice_shares(distribution: Choice) -> tuple[float, ...]:
    """Probability of each possible value of a choice, by value."""
    weights = weights_of(distribution)
    return tuple(weights[value] / sum(weights.values()) for value in sorted(weights) if weights[value] > 0)


# ------------------------------------------------------------------------------------------------------------------ draws


class Draws:
    """The numbers of a scenario in one replication.

    Every value depends on the seed, the replication and the dotted path alone, never on earlier calls; a second call returns
    the same value.

    Parameters
    ----------
    seed : int
        Seed of the scenario.
    replication : int
        Number of the replication, from 0.

    Examples
    --------
    >>> from minsim.scenario.format.numbers import Uniform
    >>> delay = Uniform(dist="uniform", low=0, high=10)
    >>> Draws.central().number(delay, "events.mine.delay_days")
    5.0
    >>> 0 < Draws(seed=1, replication=0).number(delay, "events.mine.delay_days") < 10
    True
    """

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication
        self.is_central = False

    @classmethod
    def central(cls, seed: int = 0) -> Draws:
        """Resolve every number to its central value; processes still draw, from the streams of replication 0."""
        draws = cls(seed, 0)
        draws.is_central = True
        return draws

    def __repr__(self) -> str:
        if self.is_central:
            return f"Draws.central(seed={self.seed})"
        return f"Draws(seed={self.seed}, replication={self.replication})"

    def stream(self, entity: str, purpose: str) -> Generator:
        """Random generator for a process, such as the failures of a plant."""
        return stream(self.seed, self.replication, entity, purpose)

    def number(self, value: Number, path: str) -> float:
        """Value of the number at a dotted path."""
        if is_distribution(value) and not self.is_central:
            return sample(value, self.stream(*dimension_of(value, path)))
        return central(value)

    def whole(self, value: Number, path: str) -> int:
        """Value of the number at a dotted path, rounded to the nearest whole (halves up) [days, mostly]."""
        return math.floor(self.number(value, path) + 0.5)

    def happens(self, probability: Number, path: str) -> bool:
        """Whether an event of this probability happens; in the central case, whether it is at least as likely as not."""
        chance = self.number(probability, path)
        if self.is_central:
            return chance >= 0.5
        if chance <= 0 or chance >= 1:
            return chance >= 1
        return bool(self.stream(path, "happens").random() < chance)

    def start(self, when: dt.date | Window, path: str) -> dt.date:
        """Day on which something starts: of a window, the middle day (the earlier of two), or any of its days alike."""
        if not isinstance(when, Window):
            return when
        days = (when.latest - when.earliest).days
        if self.is_central:
            return when.earliest + dt.timedelta(days=days // 2)
        return when.earliest + dt.timedelta(
            days=math.floor(self.stream(*dimension_of(when, path)).random() * (days + 1))
        )


# ------------------------------------------------------------------------------------------------------------- dimensions

Dimension = tuple[str, str]
"""Dotted path and purpose of one uniform draw: `value` of a distribution, `start` in a window, `happens` of an event."""


def dimension_of(number: AnyDistribution | Window, path: str) -> Dimension:
    """The uniform draw of a number or a window at a path: its own, or that of the name it shares."""
    if number.shared is not None:
        return f"shared.{number.shared}", "value"
    return path, "start" if isinstance(number, Window) else "value"


def uncertain_numbers(block: Any, path: str = "") -> Iterator[tuple[str, AnyDistribution | Window]]:
    """Distributions and windows of a block of a scenario, each with its dotted path, in the order of the format."""
    if isinstance(block, AnyDistribution | Window):
        yield path, block
        return
    children: Iterable[tuple[str, Any]] = ()
    if isinstance(block, BaseModel):
        children = ((field.alias or name, getattr(block, name)) for name, field in type(block).model_fields.items())
    elif isinstance(block, Mapping):
        children = block.items()
    for key, child in children:
        yield from uncertain_numbers(child, f"{path}.{key}" if path else key)


def dimensions(model: ScenarioModel) -> list[Dimension]:
    """Every single uniform draw of a replication, by path; streams of hazards, which draw repeatedly, are not included."""
    found = {
        dimension_of(number, path)
        for path, number in uncertain_numbers(model)
        if not path.endswith(".hazard.repair_days")
    }
    for name, event in model.events.items():
        least, most = support(event.probability)
        if least < 1 and most > 0:
            found.add((f"events.{name}.probability", "happens"))
    return sorted(found)


class UnitDraws(Draws):
    """Draws of which some are given as points of the unit cube; all others are those of the replication.

    Parameters
    ----------
    seed : int
        As in `Draws`.
    replication : int or None
        As in `Draws`; None: all others have their central values.
    units : mapping of Dimension to float
        Uniform draws in [0, 1]; with purpose `factor`, factors on numbers without a distribution.
    """

    def __init__(self, seed: int, replication: int | None, units: Mapping[Dimension, float]) -> None:
        super().__init__(seed, replication or 0)
        self.is_central = replication is None
        self.units = units

    def number(self, value: Number, path: str) -> float:
        """A number: the quantile of the given point, or as in `Draws`."""
        if is_distribution(value):
            u = self.units.get(dimension_of(value, path))
            return super().number(value, path) if u is None else quantile(value, _inside(u))
        return central(value) * self.units.get((path, "factor"), 1.0)

    def happens(self, probability: Number, path: str) -> bool:
        """Whether an event happens: if the given point lies below its probability, or as in `Draws`."""
        u = self.units.get((path, "happens"))
        return super().happens(probability, path) if u is None else _inside(u) < self.number(probability, path)

    def start(self, when: dt.date | Window, path: str) -> dt.date:
        """First day of an event: the given point of its window, or as in `Draws`."""
        u = self.units.get(dimension_of(when, path)) if isinstance(when, Window) else None
        if u is None or not isinstance(when, Window):
            return super().start(when, path)
        return when.earliest + dt.timedelta(days=math.floor(_inside(u) * ((when.latest - when.earliest).days + 1)))


def _inside(u: float) -> float:
    return min(max(float(u), _LEAST), 1.0 - 2.0 * _LEAST)
