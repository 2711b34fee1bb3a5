"""The world a process acts in: the calendar, the levers it may pull, and what it may look at.

Processes never write a stock. They pull levers (a policy cap, an availability, a demand factor, a delay), each under a name
of their own; what several processes do to one target combines by a fixed rule, whatever their order: caps by the minimum,
factors by the product, extra days by the maximum.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from minsim import flows as fl
from minsim.errors import SimulationError
from minsim.flows import Floats, Indices, State
from minsim.network import Network

Process = Callable[["World"], Generator[simpy.Event, Any, Any]]
"""A generator function of the world: what a user's process, and every event of the format, is."""

FIRST, LAST = -1, 1_000_000
"""Ranks within a day: the wake-up of the flows, and their next advance, after everything due that day has taken effect."""
EVENT_RANK = 10
"""Rank of the first event of a scenario; events of one day act in the order of their keys."""


@dataclass(frozen=True)
class LogEntry:
    """What happened, on which day, to whom."""

    day: int
    event: str
    what: str
    whom: str


class Lever:
    """One row of the state that processes may change, each under its own name."""

    def __init__(self, row: Floats, combine: Callable[[Floats, Floats], Floats]) -> None:
        self.row, self.combine = row, combine
        self.base = row.copy()
        self.effects: dict[str, tuple[Indices, Floats]] = {}

    def put(self, name: str, where: Sequence[int] | Indices, value: float | Floats) -> None:
        """Put, or replace, the effect called `name` on the columns `where`."""
        index = np.asarray(where, dtype=np.uint32)
        self.effects[name] = index, np.broadcast_to(np.asarray(value, dtype=float), index.shape)
        self._settle()

    def drop(self, name: str) -> None:
        """Take the effect called `name` away."""
        self.effects.pop(name, None)
        self._settle()

    def _settle(self) -> None:
        # Products of floats depend on their order: by name, they never depend on the order of the calls.
        self.row[:] = self.base
        for name in sorted(self.effects):
            where, value = self.effects[name]
            self.row[where] = self.combine(self.row[where], value)


class Day(simpy.Event):
    """A day on the calendar, with a rank that decides ties among what is due that day."""

    def __init__(self, env: simpy.Environment, delay: int, rank: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, rank, delay)  # type: ignore[arg-type]


@dataclass
class World:
    """A safe handle on one running replication.

    Attributes
    ----------
    network : Network
        Labels, and the scenario's numbers.
    state : State
        The arrays; read them freely, change them through levers only.
    env : simpy.Environment
        The clock and the calendar; whole days.

    Examples
    --------
    A process of your own is a generator function that takes the world:

    >>> def board(world):
    ...     yield world.until(world.network.date_of(30))
    ...     world.cap("my-curb", world.arcs(exporter="China", importers=["United States"]), fraction=0.5)
    ...     world.log("my-curb", "half of the trade is stopped", "United States")
    """

    network: Network
    state: State
    env: simpy.Environment = field(default_factory=simpy.Environment)
    entries: list[LogEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.caps = self._lever(fl.ARC_CAP, len(self.network.arcs), np.minimum)
        self.availability = self._lever(fl.SELLER_AVAILABILITY, len(self.network.sellers), np.multiply)
        self.projects = self._lever(fl.SELLER_PROJECT, len(self.network.sellers), np.add)
        self.demand = self._lever(fl.SECTOR_FACTOR, len(self.network.sectors), np.multiply)
        self.targets = self._lever(fl.BUYER_TARGET_FACTOR, len(self.network.buyer_names), np.maximum)
        self.extra_days = Lever(np.zeros(len(self.network.arcs)), np.maximum)
        self.triggered = [self.env.event() for _ in self.network.holdings]
        self.restored = [self.env.event() for _ in self.network.holdings]

    def _lever(self, row: int, columns: int, combine: Callable[[Floats, Floats], Floats]) -> Lever:
        return Lever(self.state.value[row, :columns], combine)

    # the calendar

    @property
    def day(self) -> int:
        """Today, counted from the scenario's start [days]."""
        return int(self.env.now)

    @property
    def date(self) -> dt.date:
        """Today's date."""
        return self.network.date_of(self.day)

    def wait(self, days: int, rank: int = EVENT_RANK) -> Day:
        """An event that happens `days` from now, before any flow of that day."""
        if days != int(days) or days < 0:
            raise SimulationError(f"expected whole days >= 0 to wait, got {days}")
        return Day(self.env, int(days), rank)

    def until(self, when: dt.date | int, rank: int = EVENT_RANK) -> Day:
        """An event that happens on a date or day; today, if that has passed."""
        day = when if isinstance(when, int) else self.network.day_of(when)
        return self.wait(max(0, day - self.day), rank)

    def log(self, event: str, what: str, whom: str = "") -> None:
        """Write a line of the run's log."""
        self.entries.append(LogEntry(self.day, event, what, whom))

    # who is meant

    def arcs(
        self,
        *,
        exporter: str | None = None,
        importers: Iterable[str] | str = "all",
        materials: Iterable[str] | str = "all",
        stage: str | None = None,
    ) -> Indices:
        """Arcs from an exporter to importers, for some materials.

        `importers: all`, or a bloc, never means the exporter itself.
        """
        wanted = None if isinstance(importers, str) else self._importers(importers, exporter)
        return np.array(
            [
                a
                for a, arc in enumerate(self.network.arcs)
                if (exporter is None or exporter in (arc.seller_country, arc.seller))
                and (materials == "all" or arc.material in materials)
                and (stage is None or arc.stage == stage)
                and (arc.buyer_region != exporter if wanted is None else arc.buyer_region in wanted)
            ],
            dtype=np.uint32,
        )

    def _importers(self, names: Iterable[str], exporter: str | None) -> set[str]:
        blocs = self.network.reader.blocs
        wanted: set[str] = set()
        for name in names:
            wanted |= set(blocs[name]) - {exporter} if name in blocs else {name}
        return wanted

    def sellers(self, material: str, stage: str | None = None, country: str | None = None, producer: str | None = None) -> Indices:
        """Producers of a material, at a stage, in a country, or one by name."""
        return np.array(
            [
                i
                for i, seller in enumerate(self.network.sellers)
                if seller.material == material
                and (stage is None or seller.stage == stage)
                and (country is None or seller.country == country)
                and (producer is None or seller.producer == producer)
            ],
            dtype=np.uint32,
        )

    # the levers

    def cap(self, name: str, arcs: Indices, *, fraction: float) -> None:
        """Hold arcs to (1 - fraction) of their baseline flow; a fraction of 0 sets no cap at all."""
        if fraction > 0.0:
            self.caps.put(name, arcs, (1.0 - fraction) * self.state.value[fl.ARC_BASE_FLOW, arcs])
        else:
            self.caps.drop(name)

    def uncap(self, name: str) -> None:
        """Lift the cap called `name`."""
        self.caps.drop(name)

    # what to look at

    def stock_t(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers [t]."""
        return float(self.state.value[fl.BUYER_STOCK, self._consumer(material, region)])

    def cover_days(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers, in days of day-0 use with growth."""
        v = self._consumer(material, region)
        use = self.state.value[fl.BUYER_BASE_NEED, v] * self.state.value[fl.BUYER_GROWTH, v]
        return float(self.state.value[fl.BUYER_STOCK, v] / use)

    def shortfall_t(self, material: str, region: str) -> float:
        """Shortfall of a region yesterday [t]; 0 on the first day."""
        if self.day == 0:
            return 0.0
        rows = [k for k, s in enumerate(self.network.sectors) if (s.material, s.region) == (material, region)]
        return float(self.state.daily[self.day - 1, [fl.SECTOR_FIELDS * k + fl.SHORTFALL for k in rows]].sum())

    def _consumer(self, material: str, region: str) -> int:
        for c, label in enumerate(self.network.consumers):
            if (label.material, label.region) == (material, region):
                return int(self.state.index[fl.CONSUMER_BUYER, c])
        known = ", ".join(f"{c.material} in {c.region}" for c in self.network.consumers)
        raise SimulationError(f"nobody uses {material} in {region}; the scenario has {known}")
