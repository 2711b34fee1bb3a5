"""Simulate replications and measure them: the work of a worker process.

Replication k of an experiment is a pure function of the scenario, the seed and k. A worker returns little: one number per
metric and place, and one per week and consumer; daily arrays stay in the worker.
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
    """The place of a result row: a region that uses a material, or an owner that stocks one."""

    material: str
    region: str


@dataclass(frozen=True)
class ResultSchema:
    """Rows and dates that all replications of a scenario share.

    Attributes
    ----------
    places : tuple of MaterialRegion
        Rows: consumers first, in the order of the network; then owners of stocks that are not consumers.
    consumer_count : int
        Number of places that are consumers.
    start : date
        Day 0.
    days : int
        Days simulated.
    """

    places: tuple[MaterialRegion, ...]
    consumer_count: int
    start: dt.date
    days: int

    @property
    def consumers(self) -> tuple[MaterialRegion, ...]:
        """Places that are consumers."""
        return self.places[: self.consumer_count]

    @property
    def weeks(self) -> int:
        """Weeks, the last one possibly shorter."""
        return -(-self.days // WEEK_DAYS)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "places": [list(place) for place in self.places],
            "consumers": self.consumer_count,
            "start": self.start.isoformat(),
            "days": self.days,
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> ResultSchema:
        """The schema written by `as_dict`."""
        places = tuple(MaterialRegion(*place) for place in given["places"])
        return cls(places, given["consumers"], dt.date.fromisoformat(given["start"]), given["days"])


@dataclass(frozen=True)
class Experiment:
    """The scenario and the draws to replicate; small, because it is sent to a worker with every task.

    Attributes
    ----------
    name : str
        Name of the scenario.
    resolved : str
        The whole scenario as JSON.
    scenario_hash : str
    seed : int
    sampler : {"random", "sobol"}
        Source of the uniform draws: named random streams, or scrambled Sobol points.
    central : bool
        Set every number to its central value instead.
    """

    name: str
    resolved: str
    scenario_hash: str
    seed: int
    sampler: Literal["random", "sobol"] = "random"
    central: bool = False

    @classmethod
    def of(cls, scenario: Scenario, seed: int | None, sampler: Literal["random", "sobol"] = "random") -> Experiment:
        """The experiment of a scenario; the seed of the scenario unless another is given."""
        resolved = json.dumps(scenario.resolved, sort_keys=True)
        return cls(scenario.name, resolved, scenario.hash, scenario.model.seed if seed is None else seed, sampler)


@dataclass(frozen=True)
class Failure:
    """A replication that could not be computed, and the cause."""

    replication: int
    cause: str

    @property
    def line(self) -> str:
        """The cause in one line."""
        lines = [line.strip() for line in self.cause.splitlines()]
        return " ".join(line for line in lines if line and not line.endswith("nothing was run.")).rstrip(".") + "."


@dataclass(frozen=True)
class Chunk:
    """A run of consecutive replications of one experiment.

    Attributes
    ----------
    first, last : int
        First and last replication requested, both included.
    replications : array of shape (m,)
        Replications that were computed, in order.
    values : array of shape (m, places, metrics)
        By `METRICS`; dates are day numbers; `nan`: not applicable.
    weekly : array of shape (m, consumers, weeks)
        Shortfall as a fraction of the week's demand; empty if not requested.
    failures : tuple of Failure
    schema : ResultSchema or None
        None if every replication failed.
    """

    first: int
    last: int
    replications: npt.NDArray[np.int64]
    values: FloatArray
    weekly: Weekly
    failures: tuple[Failure, ...]
    schema: ResultSchema | None


def compute(experiment: Experiment, first: int, last: int) -> Chunk:
    """Compute replications `first` to `last`, both included; a failure is recorded and the others continue."""
    replicator = replicator_of(experiment)
    return gather(replicator, [(k, replicator.draws(k)) for k in range(first, last + 1)])


def compute_values(experiment: Experiment, first: int, last: int) -> Chunk:
    """Compute replications as `compute` does, without the weekly shortfall."""
    return without_weeks(compute(experiment, first, last))


def without_weeks(chunk: Chunk) -> Chunk:
    """A chunk without its weekly shortfall."""
    return replace(chunk, weekly=np.empty((0, 0, 0), dtype=np.float32))


def compute_points(
    experiment: Experiment, first: int, replication: int | None, names: Sequence[tuple[str, str]], points: FloatArray
) -> Chunk:
    """Compute one replication at many points, each of which replaces some of its draws.

    Parameters
    ----------
    experiment : Experiment
    first : int
        Number of the first point.
    replication : int or None
        Replication whose streams supply all other draws; None: these take their central values.
    names : sequence of Dimension
        The draw that each column of the points replaces.
    points : array of shape (m, len(names))
        In the unit cube; `nan` keeps the replication's own draw.
    """
    rows = (zip(names, point, strict=True) for point in points.tolist())
    units = [{name: u for name, u in row if not math.isnan(u)} for row in rows]
    draws = [(first + i, UnitDraws(experiment.seed, replication, given)) for i, given in enumerate(units)]
    return without_weeks(gather(replicator_of(experiment), draws))


def gather(replicator: Replicator, draws: Sequence[tuple[int, Draws]]) -> Chunk:
    """Measure replications, given by number and draws, one by one."""
    found: list[tuple[int, FloatArray, Weekly]] = []
    failures = []
    for k, drawn in draws:
        try:
            found.append((k, *replicator.measure(drawn)))
        except Exception as error:  # whatever the error, the other replications must continue
            failures.append(Failure(k, f"{type(error).__name__}: {error}"))
    numbers = np.array([k for k, _, _ in found], dtype=np.int64)
    values = np.array([value for _, value, _ in found]) if found else np.empty((0, 0, len(METRICS)))
    weekly = np.array([week for _, _, week in found]) if found else np.empty((0, 0, 0), dtype=np.float32)
    schema = replicator.schema if found else None
    return Chunk(draws[0][0], draws[-1][0], numbers, values, weekly, tuple(failures), schema)


@functools.lru_cache(maxsize=32)
def replicator_of(experiment: Experiment) -> Replicator:
    """The replicator of an experiment, made once per process."""
    return Replicator(experiment)


class Replicator:
    """Computes replications of one experiment; reuses the network if replications differ in their events alone.

    Parameters
    ----------
    experiment : Experiment
    """

    def __init__(self, experiment: Experiment) -> None:
        # Imported here: the parent process of a pool never needs the compiled engine, which is slow to import.
        from minsim.network.network import is_redrawable
        from minsim.scenario import scenario_from_mapping

        self.experiment = experiment
        self.scenario = scenario_from_mapping(json.loads(experiment.resolved), experiment.name)
        self.redrawable = is_redrawable(self.scenario)
        self.dimensions = dimensions(self.scenario.model)
        self.schema: ResultSchema | None = None
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
        if self.schema is None:
            self._set_schema(self._network)
        return self._network

    def record(self, draws: Draws) -> Record:
        """The full record of one replication."""
        from minsim.simulation.engine import simulate

        return simulate(self.network(draws))

    def measure(self, draws: Draws) -> tuple[FloatArray, Weekly]:
        """Metrics of one replication by place, and the weekly shortfall by consumer."""
        from minsim.metrics.consumers import measure_consumers

        record = self.record(draws)
        assert self.schema is not None
        values = np.full((len(self.schema.places), len(METRICS)), np.nan)
        for name, column in measure_consumers(record).items():
            values[: self.schema.consumer_count, METRICS.index(name)] = column
        held = [place for place, group in enumerate(self._groups) if group]
        for name, column in measure_stockpiles(record, [self._groups[place] for place in held]).items():
            values[held, METRICS.index(name)] = column
        return values, weekly_shortfall(record)

    def _set_schema(self, network: Network) -> None:
        """List the places, which are the same in every replication."""
        consumers = [MaterialRegion(consumer.material, consumer.region) for consumer in network.consumers]
        owners: dict[MaterialRegion, list[int]] = {}
        for index, holding in enumerate(network.holdings):
            owners.setdefault(MaterialRegion(holding.material, holding.owner), []).append(index)
        places = (*consumers, *(place for place in owners if place not in consumers))
        self._groups = [owners.get(place, []) for place in places]
        self.schema = ResultSchema(places, len(consumers), network.start, network.days)


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
