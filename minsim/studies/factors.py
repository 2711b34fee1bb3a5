"""Numbers that a sensitivity study varies: the uncertain ones of a scenario, and with a spread all empirical ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.scenario import Input, Scenario
from minsim.scenario.distributions import (
    AnyDistribution,
    Dimension,
    central,
    choice_shares,
    dimension_of,
    dimensions,
    uncertain_numbers,
)
from minsim.scenario.format.numbers import Choice, Window
from minsim.scenario.format.sources import ASSUMPTION

MOST_STATES = 4
"""Most days of a window that are states of their own; a longer one varies continuously."""


@dataclass(frozen=True)
class Factor:
    """A number that is varied.

    Attributes
    ----------
    name : Dimension
        Path and purpose of its draw.
    is_assumption : bool
    spread : float
        Half-width of the variation of a number without a distribution, as a fraction of the number.
    most : float
        Largest factor applied to it; keeps shares at or below 1.
    shares : tuple of float
        Probability of each of its states, if it has only a few; empty: it varies continuously.
    """

    name: Dimension
    is_assumption: bool
    spread: float = 0.0
    most: float = np.inf
    shares: tuple[float, ...] = ()

    @property
    def states(self) -> tuple[float, ...]:
        """A draw in [0, 1] of each of its states; that an event happens stands last, whatever its probability."""
        if self.name[1] == "happens":
            return 1.0, 0.0
        return tuple(
            upto - share / 2 for share, upto in zip(self.shares, itertools.accumulate(self.shares), strict=True)
        )

    @property
    def label(self) -> str:
        """The path, with a remark if the draw is not the value itself."""
        path, purpose = self.name
        return {"start": path, "happens": path.removesuffix(".probability") + " happens"}.get(purpose, path)

    def scaled(self, u: FloatArray) -> FloatArray:
        """Uniform numbers in [0, 1] as draws; as factors if the number has no distribution."""
        return np.minimum(1.0 + self.spread * (2.0 * u - 1.0), self.most) if self.name[1] == "factor" else u


def factors_of(scenario: Scenario, spread: float = 0.0) -> Iterator[Factor]:
    """Numbers to be varied: the uncertain ones, and with a spread all other empirical ones."""
    inputs = {entry.path: entry for entry in scenario.inputs()}
    drawn = dimensions(scenario.model)
    for name in drawn:
        shares = _happening(scenario, name) if name[1] == "happens" else _states(scenario, name)
        yield Factor(name, _is_assumption(scenario, name, inputs), shares=shares if len(shares) > 1 else ())
    if spread > 0.0:
        taken = {path for path, _ in drawn}
        for path, entry in inputs.items():
            if path not in taken and entry.value != 0.0 and np.isfinite(entry.value) and "(" not in entry.text:
                share_like = entry.unit == "" and 0.0 < entry.value <= 1.0
                most = 1.0 / entry.value if share_like else np.inf
                yield Factor((path, "factor"), entry.kind == ASSUMPTION, spread, most)


def _happening(scenario: Scenario, name: Dimension) -> tuple[float, float]:
    """Probability that an event happens, and that it does not."""
    chance = central(scenario.model.events[name[0].split(".")[1]].probability)
    return chance, 1.0 - chance


def _states(scenario: Scenario, name: Dimension) -> tuple[float, ...]:
    """Probability of each state of a draw, which several numbers may share; empty if any of them varies continuously."""
    users = [number for path, number in uncertain_numbers(scenario.model) if dimension_of(number, path) == name]
    bounds = {round(bound, 12) for number in users for bound in itertools.accumulate(_shares(number))}
    if not all(map(_shares, users)):
        return ()
    return tuple(after - before for before, after in itertools.pairwise([0.0, *sorted(bounds)]))


def _shares(number: AnyDistribution | Window) -> tuple[float, ...]:
    """Probability of each state of what has few, a choice or a short window; empty for others."""
    if isinstance(number, Window):
        days = (number.latest - number.earliest).days + 1
        return (1.0 / days,) * days if days <= MOST_STATES else ()
    return choice_shares(number) if isinstance(number, Choice) else ()


def _is_assumption(scenario: Scenario, name: Dimension, inputs: dict[str, Input]) -> bool:
    path, _ = name
    shared = [at for at, number in uncertain_numbers(scenario.model) if dimension_of(number, at) == name and at != path]
    if shared:
        return all(inputs[at].kind == ASSUMPTION for at in shared if at in inputs)
    if path in inputs:
        return inputs[path].kind == ASSUMPTION
    event = scenario.model.events.get(path.split(".")[1])
    return event is not None and (event.source or scenario.model.source) == ASSUMPTION
