"""Attribute the shortfall of each region to the events, by Shapley value [t].

An event's part is what it adds to the shortfall, averaged over every order in which the events could be added [1]_. The
order in the file has no influence, two events that have an effect only together share it equally, an event without effect
gets nothing, and the parts sum to the whole. All runs share one network and one set of random numbers: named streams give
every plant the same failures whichever other events act.

References
----------
.. [1] Shapley: A value for n-person games. Contributions to the Theory of Games II (1953), 307-317.
.. [2] Castro, Gómez, Tejada: Polynomial calculation of the Shapley value based on sampling. Computers & Operations Research
   36 (2009), 1726-1730.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np

from minsim._version import __version__
from minsim.metrics import consumers
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.results.files import ResultFiles, SavedResult, manifest
from minsim.results.outcome import Outcome
from minsim.results.tables import columns_of
from minsim.results.waterfall import Waterfall

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes

    from minsim.network.network import Network
    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record

ATTRIBUTION_FILES = (
    "attribution.csv",
    "waterfall.csv",
    "attribution.json",
    "attribution.png",
    "attribution.svg",
    "waterfall.png",
    "waterfall.svg",
    "manifest.json",
)
"""Files an attribution may write."""
EXACT_UP_TO = 8
"""Events up to which every subset is run: 2^8 = 256 runs."""
ORDERS = 64
"""Orders sampled with more events; half of them are the reverse of the other half."""


def attribute(
    scenario: Scenario | Outcome | str | Path,
    *,
    seed: int | None = None,
    replication: int | None = None,
    exact_up_to: int = EXACT_UP_TO,
    orders: int = ORDERS,
) -> Attribution:
    """Attribute the shortfall of each region to the events.

    Parameters
    ----------
    scenario : Scenario, Run, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file; or a finished run, whose seed
        and replication then count.
    seed : int, optional
        Seed of the draws; absent: the scenario's own.
    replication : int, optional
        Which draw of the uncertain numbers; absent: their central values.
    exact_up_to : int
        Most events for which every subset is run; above, orders of the events are sampled.
    orders : int
        Orders sampled, in antithetic pairs: each order with its reverse, which reduces the variance [2]_.

    Returns
    -------
    Attribution

    Raises
    ------
    ScenarioError
        The scenario cannot be run.
    ValueError
        If `orders` is not an even number from 4 on.

    Examples
    --------
    >>> attribute("magnet-ban").table  # doctest: +SKIP
    """
    from minsim.results.run import run

    if orders < 4 or orders % 2:
        raise ValueError(f"expected an even number of orders, at least 4, got {orders}")
    finished = scenario if isinstance(scenario, Outcome) else run(scenario, seed=seed, replication=replication)
    network = finished.record.network
    coalitions = Coalitions(finished)
    acting = coalitions.players
    exact = len(acting) <= exact_up_to
    parts, errors = exact_parts(coalitions) if exact else sampled_parts(coalitions, network, orders // 2)
    return Attribution(
        run=finished,
        events=tuple(sorted(finished.scenario.model.events)),
        acting=acting,
        parts_t=parts,
        errors_t=errors,
        undisturbed_t=coalitions.shortfall_t(0),
        orders=None if exact else orders,
        runs=len(coalitions.known),
    )


class Coalitions:
    """Shortfall of each consumer under any subset of the events; each subset is run once.

    Parameters
    ----------
    run : Outcome
        The finished run with all events.

    Attributes
    ----------
    players : tuple of str
        Events that act within the run, by key; a subset is a number whose bit k stands for player k.
    """

    def __init__(self, run: Outcome) -> None:
        self.run, self.network = run, run.record.network
        events = self.network.events
        self.players = tuple(scheduled.event for scheduled in events if scheduled.acts_within(self.network.days))
        self.known: dict[int, FloatArray] = {self.everyone: _shortfall_t(run.record)}

    @property
    def everyone(self) -> int:
        """The subset of all players."""
        return (1 << len(self.players)) - 1

    def shortfall_t(self, members: int) -> FloatArray:
        """Shortfall with only these events, by consumer [t]."""
        if members not in self.known:
            from minsim.simulation.engine import simulate

            names = {name for k, name in enumerate(self.players) if members >> k & 1}
            events = tuple(scheduled for scheduled in self.network.events if scheduled.event in names)
            record = simulate(replace(self.network, events=events), "reference", self.run.processes)
            self.known[members] = _shortfall_t(record)
        return self.known[members]


def exact_parts(coalitions: Coalitions) -> tuple[FloatArray, FloatArray]:
    """Shapley values from all subsets [t], and their standard errors, which are 0; shape (players, consumers)."""
    count = len(coalitions.players)
    weights = [math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count) for size in range(count)]
    parts = np.zeros((count, len(coalitions.shortfall_t(0))))
    for members in range(1 << count):
        for k in range(count):
            if not members >> k & 1:
                added = coalitions.shortfall_t(members | 1 << k) - coalitions.shortfall_t(members)
                parts[k] += weights[members.bit_count()] * added
    return parts, np.zeros_like(parts)


def sampled_parts(coalitions: Coalitions, network: Network, pairs: int) -> tuple[FloatArray, FloatArray]:
    """Means over sampled orders of the events [t], and their standard errors [t]; shape (players, consumers).

    An order and its reverse are not independent: they count as one observation.
    """
    generator = network.draws.stream("attribution", "orders")
    observed = []
    for _ in range(pairs):
        order = generator.permutation(len(coalitions.players)).tolist()
        observed.append((added_in_turn(coalitions, order) + added_in_turn(coalitions, order[::-1])) / 2.0)
    stacked = np.array(observed)
    return stacked.mean(axis=0), stacked.std(axis=0, ddof=1) / math.sqrt(pairs)


def added_in_turn(coalitions: Coalitions, order: list[int]) -> FloatArray:
    """What each player adds to the shortfall when added in this order [t], shape (players, consumers)."""
    added = np.zeros((len(order), len(coalitions.shortfall_t(0))))
    members = 0
    for k in order:
        added[k] = coalitions.shortfall_t(members | 1 << k) - coalitions.shortfall_t(members)
        members |= 1 << k
    return added


def _shortfall_t(record: Record) -> FloatArray:
    return np.asarray(consumers.consumer_flows_t(record)[:, :, consumers.SHORTFALL].sum(axis=0))


class AttributionRow(TypedDict):
    """Part of one region's shortfall that is due to one event [t], with its standard error [t]."""

    material: str
    region: str
    event: str
    shortfall_t: float
    standard_error_t: float


@dataclass(frozen=True, eq=False)
class Attribution(SavedResult):
    """Tonnes of each region's shortfall due to each event; made by `attribute`.

    Attributes
    ----------
    run : Outcome
        The run with all events.
    events : tuple of str
        Every event of the scenario, by key.
    acting : tuple of str
        Events that act within the run; the others have no part.
    parts_t, errors_t : ndarray, shape (acting, consumers)
        Parts and their standard errors [t]; negative if an event reduces the shortfall.
    undisturbed_t : ndarray, shape (consumers,)
        Shortfall without any event [t].
    orders : int or None
        Orders sampled; None where the parts are exact.
    runs : int
        Replications it took.
    """

    COLUMNS: ClassVar = ("material", "region", "event", "shortfall_t", "standard_error_t")

    run: Outcome = field(repr=False)
    events: tuple[str, ...]
    acting: tuple[str, ...]
    parts_t: FloatArray = field(repr=False)
    errors_t: FloatArray = field(repr=False)
    undisturbed_t: FloatArray = field(repr=False)
    orders: int | None
    runs: int

    @cached_property
    def rows(self) -> list[AttributionRow]:
        """One row for each consumer and event, in that order."""
        return list(self._rows())

    def _rows(self) -> Iterator[AttributionRow]:
        place = {event: k for k, event in enumerate(self.acting)}
        for index, consumer in enumerate(self.run.record.network.consumers):
            for event in self.events:
                k = place.get(event)
                yield {
                    "material": consumer.material,
                    "region": consumer.region,
                    "event": event,
                    "shortfall_t": 0.0 if k is None else float(self.parts_t[k, index]),
                    "standard_error_t": 0.0 if k is None else float(self.errors_t[k, index]),
                }

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.COLUMNS))

    @property
    def waterfall(self) -> Waterfall:
        """Days of use lost naively, and after each of rerouting, leakage and stockpiles."""
        return Waterfall(self.run)

    def title_of(self, event: str) -> str:
        """Name of an event for readers.

        Parameters
        ----------
        event : str
            Key of the event.

        Returns
        -------
        str
            Its title, or its key in words.
        """
        return self.run.scenario.model.events[event].title or event.replace("-", " ")

    def plot(self, ax: Axes | None = None, material: str | None = None) -> Axes:
        """Draw each region's shortfall as a bar, divided by event.

        Parameters
        ----------
        ax : Axes, optional
            Draw into these axes alone; absent: a whole figure.
        material : str, optional
            Absent: the material of which most days of use are lost.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        if ax is None:
            return plotting.figure(self, material).axes[0]
        return plotting.draw_into(ax, self, material)

    def summary(self) -> dict[str, Any]:
        """JSON-ready form: the rows, how they were found, and the waterfall.

        Returns
        -------
        dict
            Content of `attribution.json`.
        """
        return {
            "scenario": self.run.scenario.name,
            "as_of": self.run.scenario.model.as_of.isoformat(),
            "version": __version__,
            "method": "exact" if self.orders is None else "sampled",
            "orders": self.orders,
            "runs": self.runs,
            "attribution": self.rows,
            "undisturbed": [
                {"material": c.material, "region": c.region, "shortfall_t": float(self.undisturbed_t[index])}
                for index, c in enumerate(self.run.record.network.consumers)
            ],
            "waterfall": [
                {**row, "shortfall_days": None if math.isnan(row["shortfall_days"]) else row["shortfall_days"]}
                for row in self.waterfall.rows
            ],
        }

    def _files(self, command: str | None) -> ResultFiles:
        run, waterfall = self.run, self.waterfall
        contents: dict[str, Any] = {
            "attribution.csv": columns_of(self.rows, self.COLUMNS),
            "attribution.json": self.summary(),
            "manifest.json": manifest(run.scenario, run.seed, run.replication, command),
        }
        pictures: dict[tuple[str, ...], Any] = {
            ("attribution.png", "attribution.svg"): partial(plotting.figure, self),
        }
        if waterfall.rows:
            contents["waterfall.csv"] = columns_of(waterfall.rows, waterfall.COLUMNS)
            pictures["waterfall.png", "waterfall.svg"] = partial(plotting.figure, run, "waterfall")
        return ResultFiles(contents, pictures, ATTRIBUTION_FILES)
