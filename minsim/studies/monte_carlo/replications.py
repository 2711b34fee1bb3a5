"""One replication after the other: what a worker process computes.

Replication k of an experiment is a pure function of the scenario, the seed and k. What a worker sends back is small: one
number a metric and place, and one a week and region; daily arrays stay where they were made.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from minsim.metrics.consumers import CONSUMER_UNITS, DEMAND, SHORTFALL, FloatArray
from minsim.metrics.stockpiles import STOCKPILE_UNITS, measure_stockpiles
from minsim.scenario.distributions import Draws, UnitDraws, dimensions
from minsim.studies.monte_carlo import sobol

if TYPE_CHECKING:
    from minsim.network.network import Network
    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record


METRIC_UNITS = {**CONSUMER_UNITS, **STOCKPILE_UNITS}
"""Metrics of a place, and their units."""
METRICS = tuple(METRIC_UNITS)
"""Columns of the values of an ensemble, in order."""
WEEK_DAYS = 7

Weekly = npt.NDArray[np.float32]


class MaterialRegion(NamedTuple):
    """Whose numbers a row holds: a region's use of a material, or an owner's stock of one."""

    material: str
    region: str


@dataclass(frozen=True)
class ResultSchema:
    """What all replications of a scenario have in common.

    Attributes
    ----------
    places : tuple of MaterialRegion
        Rows: consumers first, in the order of the network; then owners of stocks that are no consumers.
    consumers : int
        How many of the places are consumers.
    start : date
        Day 0.
    days : int
        Days simulated.
    """

    places: tuple[MaterialRegion, ...]
    consumers: int
    start: dt.date
    days: int

    @property
    def weeks(self) -> int:
        """Weeks begun."""
        return -(-self.days // WEEK_DAYS)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        places = [list(place) for place in self.places]
        return {"places": places, "consumers": self.consumers, "start": self.start.isoformat(), "days": self.days}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> ResultSchema:
        """The shape that `as_dict` told."""
        places = tuple(MaterialRegion(*place) for place in given["places"])
        return cls(places, given["consumers"], dt.date.fromisoformat(given["start"]), given["days"])


@dataclass(frozen=True)
class Experiment:
    """What is replicated: small, and sent to a worker with every task.

    Attributes
    ----------
    name : str
        Name of the scenario.
    resolved : str
        The whole scenario as JSON.
    scenario_hash : str
    seed : int
    sampler : {"random", "sobol"}
        Where single uniform draws come from: named streams, or scrambled Sobol points.
    central : bool
        Resolve every number to its central value instead.
    """

    name: str
    resolved: str
    scenario_hash: str
    seed: int
    sampler: Literal["random", "sobol"] = "random"
    central: bool = False

    @classmethod
    def of(cls, scenario: Scenario, seed: int | None, sampler: Literal["random", "sobol"] = "random") -> Experiment:
        """The experiment of a scenario; its own seed unless another is given."""
        resolved = json.dumps(scenario.resolved, sort_keys=True)
        return cls(scenario.name, resolved, scenario.hash, scenario.model.seed if seed is None else seed, sampler)


@dataclass(frozen=True)
class Failure:
    """A replication that could not be computed, and why."""

    replication: int
    cause: str


@dataclass(frozen=True)
class Chunk:
    """Some replications of one experiment.

    Attributes
    ----------
    first, last : int
        The replications asked for, both included.
    replications : array of shape (m,)
        Those that were computed, in order.
    values : array of shape (m, places, metrics)
        By `METRICS`; dates are day numbers, `nan` is absent by nature.
    weekly : array of shape (m, consumers, weeks)
        Shortfall as a fraction of the week's demand; empty where nobody asks for it.
    failures : tuple of Failure
    shape : ResultSchema or None
        None where every replication failed.
    """

    first: int
    last: int
    replications: npt.NDArray[np.int64]
    values: FloatArray
    weekly: Weekly
    failures: tuple[Failure, ...]
    shape: ResultSchema | None


def compute(experiment: Experiment, first: int, last: int) -> Chunk:
    """Compute replications `first` to `last`, both included; those that fail are named, the others go on."""
    replicator = replicator_of(experiment)
    return gather(replicator, [(k, replicator.draws(k)) for k in range(first, last + 1)])


def compute_values(experiment: Experiment, first: int, last: int) -> Chunk:
    """Compute replications as `compute` does, keeping no weeks."""
    return without_weeks(compute(experiment, first, last))


def without_weeks(chunk: Chunk) -> Chunk:
    """A chunk that is asked for its metrics alone."""
    return replace(chunk, weekly=np.empty((0, 0, 0), dtype=np.float32))


def compute_points(
    experiment: Experiment, first: int, replication: int | None, names: Sequence[tuple[str, str]], points: FloatArray
) -> Chunk:
    """Compute one replication with other and other draws in place of some of its own.

    Parameters
    ----------
    experiment : Experiment
    first : int
        Number of the first point.
    replication : int or None
        Whose streams serve all other draws; None: these stand at their central values.
    names : sequence of Dimension
        What the columns of the points stand for.
    points : array of shape (m, len(names))
        In the unit cube; `nan` leaves a draw as it is.
    """
    rows = (zip(names, point, strict=True) for point in points.tolist())
    units = [{name: u for name, u in row if not math.isnan(u)} for row in rows]
    draws = [(first + i, UnitDraws(experiment.seed, replication, given)) for i, given in enumerate(units)]
    return without_weeks(gather(replicator_of(experiment), draws))


def gather(replicator: Replicator, draws: Sequence[tuple[int, Draws]]) -> Chunk:
    """Replications by number, measured one by one."""
    found: list[tuple[int, FloatArray, Weekly]] = []
    failures = []
    for k, drawn in draws:
        try:
            found.append((k, *replicator.measure(drawn)))
        except Exception as error:  # whatever it is, it must not take the other replications with it
            failures.append(Failure(k, f"{type(error).__name__}: {error}"))
    numbers = np.array([k for k, _, _ in found], dtype=np.int64)
    values = np.array([value for _, value, _ in found]) if found else np.empty((0, 0, len(METRICS)))
    weekly = np.array([week for _, _, week in found]) if found else np.empty((0, 0, 0), dtype=np.float32)
    shape = replicator.shape if found else None
    return Chunk(draws[0][0], draws[-1][0], numbers, values, weekly, tuple(failures), shape)


@functools.lru_cache(maxsize=32)
def replicator_of(experiment: Experiment) -> Replicator:
    """The replicator of an experiment, made once a process."""
    return Replicator(experiment)


class Replicator:
    """Computes replications of one experiment; keeps the network where replications differ in their events alone.

    Parameters
    ----------
    experiment : Experiment
    """

    def __init__(self, experiment: Experiment) -> None:
        # Imported here: the parent of a pool never needs the compiled engine, which is slow to import.
        from minsim.network.network import is_redrawable
        from minsim.scenario import scenario_from_mapping

        self.experiment = experiment
        self.scenario = scenario_from_mapping(json.loads(experiment.resolved), experiment.name)
        self.redrawable = is_redrawable(self.scenario)
        self.dimensions = dimensions(self.scenario.model)
        self.shape: ResultSchema | None = None
        self._network: Network | None = None
        self._groups: list[list[int]] = []

    def draws(self, k: int) -> Draws:
        """Draws of replication k."""
        if self.experiment.central:
            return Draws.central(self.experiment.seed)
        if self.experiment.sampler == "sobol":
            return sobol.sobol_draws(self.dimensions, self.experiment.seed, k)
        return Draws(self.experiment.seed, k)

    def network(self, draws: Draws) -> Network:
        """The network of one replication."""
        from minsim.network.network import build_network

        if self._network is not None and self.redrawable:
            return self._network.redrawn(draws)
        self._network = build_network(self.scenario, draws)
        if self.shape is None:
            self._settle(self._network)
        return self._network

    def record(self, draws: Draws) -> Record:
        """One replication, whole."""
        from minsim.simulation.engine import simulate

        return simulate(self.network(draws))

    def measure(self, draws: Draws) -> tuple[FloatArray, Weekly]:
        """Metrics of one replication by place, and the weekly shortfall by consumer."""
        from minsim.metrics.consumers import measure_consumers

        record = self.record(draws)
        assert self.shape is not None
        values = np.full((len(self.shape.places), len(METRICS)), np.nan)
        for name, column in measure_consumers(record).items():
            values[: self.shape.consumers, METRICS.index(name)] = column
        held = [place for place, group in enumerate(self._groups) if group]
        for name, column in measure_stockpiles(record, [self._groups[place] for place in held]).items():
            values[held, METRICS.index(name)] = column
        return values, weekly_shortfall(record)

    def _settle(self, network: Network) -> None:
        """Find the places: they are the same in every replication."""
        consumers = [MaterialRegion(consumer.material, consumer.region) for consumer in network.consumers]
        owners: dict[MaterialRegion, list[int]] = {}
        for index, holding in enumerate(network.holdings):
            owners.setdefault(MaterialRegion(holding.material, holding.owner), []).append(index)
        places = (*consumers, *(place for place in owners if place not in consumers))
        self._groups = [owners.get(place, []) for place in places]
        self.shape = ResultSchema(places, len(consumers), network.start, network.days)


def weekly_shortfall(record: Record) -> Weekly:
    """Shortfall of each week as a fraction of its demand, shape (consumers, weeks)."""
    days, network = record.sector.shape[0], record.network
    owner = [sector.consumer for sector in network.sectors]
    weeks = np.arange(0, days, WEEK_DAYS)
    sums = np.zeros((2, len(network.consumers), len(weeks)))
    for row, column in enumerate((DEMAND, SHORTFALL)):
        by_sector = np.add.reduceat(record.sector[:, :, column], weeks, axis=0)
        for index, consumer in enumerate(owner):
            sums[row, consumer] += by_sector[:, index]
    demand, missing = sums
    found = np.divide(missing, demand, out=np.zeros_like(demand), where=demand > 0.0)
    return np.ascontiguousarray(found, dtype=np.float32)


DAYS_LOST, ONSET, SURVIVE = (METRICS.index(name) for name in ("shortfall_days", "onset_date", "time_to_survive_days"))
