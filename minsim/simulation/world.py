"""The world a process acts in: the calendar, the levers it may pull, and what it may look at.

Processes never write a stock. They pull levers (a policy cap, an availability, a demand factor, a delay), each under a name
of their own; what several processes do to one target combines by a fixed rule, whatever their order: caps by the minimum,
factors by the product, extra days by the maximum.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import simpy

from minsim.errors import SimulationError
from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    ConsumerIndex,
    ConsumerRow,
    Count,
    HoldingRow,
    ItemIndex,
    ItemRow,
    PermitIndex,
    PermitRow,
    ProductIndex,
    SectorDay,
    SectorRow,
    SellerRow,
)
from minsim.kernel.state import SECTOR_FIELDS, State
from minsim.network.network import Network

Process = Callable[["World"], Generator[simpy.Event, Any, Any]]
"""A generator function of the world: what a user's process, and every event of the format, is."""

FIRST, LAST = -1, 1_000_000
"""Ranks within a day: the wake-up of the flows, and their next advance, after everything due that day has taken effect."""
USER_RANK = 5
"""Rank of processes of a user's own: before the scenario's events of the same day."""
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
    """One row of the state that processes may change, each under its own name.

    Parameters
    ----------
    row : array
        The row as it stands without any effect; changed in place.
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
        index = np.asarray(
            where, dtype=np.intp
        )  # numpy converts any other kind, at every use and at ten times the price
        amounts = np.empty(len(index))
        amounts[:] = value
        self.effects[name] = index, amounts
        self._settle()

    def drop(self, name: str) -> None:
        """Take the effect called `name` away."""
        if self.effects.pop(name, None) is not None:
            self._settle()

    def _settle(self) -> None:
        # Products of floats depend on their order: taken by name, they never depend on the order of the calls.
        self.row[:] = self.base
        for name in sorted(self.effects):
            where, value = self.effects[name]
            self.row[where] = self.combine(self.row[where], value)
        if self.settled is not None:
            self.settled()


HOME, BLOC, OTHERS = range(3)
"""Classes in which a seller short of product serves its buyers: home while it curbs exports, then a bloc's, then others."""


@dataclass
class Application:
    """A week's application of one importer for licences.

    Attributes
    ----------
    event, importer : str
    applied_day, decided_day : int, int or None
    tonnes, approved_t, refused_t : float
        [t]
    """

    event: str
    importer: str
    applied_day: int
    tonnes: float
    decided_day: int | None = None
    approved_t: float = 0.0
    refused_t: float = 0.0


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
        network = self.network
        arcs, sellers, sectors = len(network.arcs), len(network.sellers), len(network.sectors)
        value = self.state.value
        self.caps = Lever(value[ArcRow.CAP, :arcs], np.minimum, self._set_caps)
        self.leak_share = Lever(value[ArcRow.LEAK_SHARE, :arcs], np.maximum, self._set_leaks)
        self.air_cover = self._lever(ArcRow.AIR_COVER_DAYS, arcs, np.maximum)
        self.availability = self._lever(SellerRow.AVAILABILITY, sellers, np.multiply)
        self.projects = Lever(value[SellerRow.PROJECT_CAPACITY, :sellers], np.add, self._set_stores)
        self.stores = value[SellerRow.STORE, :sellers].copy()
        self.demand = self._lever(SectorRow.SHOCK_FACTOR, sectors, np.multiply)
        self.deferred = self._lever(SectorRow.DEFERRED, sectors, np.maximum)
        self.substituted = self._lever(SectorRow.SUBSTITUTION_FACTOR, sectors, np.multiply)
        self.targets = self._lever(BuyerRow.TARGET_FACTOR, len(network.buyer_names), np.multiply)
        self.leads = self.state.index[ArcIndex.LEAD_DAYS, :arcs].astype(np.int64)
        self.extra_days = Lever(np.zeros(arcs), np.maximum, self._set_leads)
        self.held_days = Lever(np.zeros(arcs), np.maximum)
        self.leak_extra_days = Lever(np.zeros(arcs), np.maximum, self._set_leads)
        self.air_days = Lever(np.full(arcs, np.inf), np.minimum, self._set_leads)
        self.ranks = Lever(np.full(arcs, float(OTHERS)), np.minimum, self._set_ranks)
        consumers = len(network.consumers)
        self.floors = self._lever(ConsumerRow.PRICE_FLOOR, consumers, np.maximum)
        self.duties = self._lever(ConsumerRow.DUTY, consumers, np.add)
        self.arc_floors = Lever(np.zeros(arcs), np.maximum)
        self.floods: dict[str, dict[str, tuple[str, float]]] = {}
        self.books: dict[str, Any] = {}
        self.offer = np.tile([h.price_usd_per_kg for h in network.holdings], (network.days, 1))
        self.declarations: dict[str, frozenset[int]] = {}
        self.applications: list[Application] = []
        self.triggered = [self.env.event() for _ in network.holdings]
        self.restored = [self.env.event() for _ in network.holdings]
        self._set_declared()

    def _lever(self, row: int, columns: int, combine: Callable[[Floats, Floats], Floats]) -> Lever:
        return Lever(self.state.value[row, :columns], combine)

    def _set_leads(self) -> None:
        count = len(self.leads)
        days = self.leads + self.extra_days.row.astype(np.int64)
        self.state.index[ArcIndex.LEAD_DAYS, :count] = days
        self.state.index[ArcIndex.LEAK_LEAD_DAYS, :count] = days + self.leak_extra_days.row.astype(np.int64)
        self.state.index[ArcIndex.AIR_LEAD_DAYS, :count] = np.minimum(days, self.air_days.row).astype(np.int64)
        self._lengthen_ring(int(self.state.index[ArcIndex.LEAK_LEAD_DAYS, :count].max(initial=0)))

    def _lengthen_ring(self, days: int) -> None:
        """Make room for goods that are longer at sea than any before; what is due keeps its day."""
        old = self.state.ring.shape[0]
        if days < old:
            return
        ring = np.zeros((2 * days, self.state.ring.shape[1]))
        due = self.day + np.arange(old)
        ring[due % len(ring)] = self.state.ring[due % old]
        self.state = self.state._replace(ring=ring)

    def _set_stores(self) -> None:
        # New capacity comes with room for its product: a producer that made nothing had none, and could make nothing.
        days = np.array([seller.store_days for seller in self.network.sellers])
        self.state.value[SellerRow.STORE, : len(days)] = self.stores + days * self.projects.row

    def _set_caps(self) -> None:
        # Where permits count too, the kernel works out today's cap afresh every day.
        self.state.value[ArcRow.CAP_TODAY, : len(self.leads)] = self.caps.row

    def _set_ranks(self) -> None:
        self.state.index[ArcIndex.SUPPLY_CLASS, : len(self.leads)] = self.ranks.row
        self._flag_products(ProductIndex.HAS_SUPPLY_CLASSES, self.ranks.row < OTHERS)

    def _set_leaks(self) -> None:
        self._flag_products(ProductIndex.LEAKS, self.leak_share.row > 0.0)

    def _flag_products(self, row: int, arcs: npt.NDArray[np.bool_]) -> None:
        """Mark the products some of whose arcs are marked."""
        index = self.state.index
        for p in range(len(self.network.products)):
            first, end = (index[BuyerIndex.FIRST_ARC, index[ProductIndex.FIRST_BUYER, p + k]] for k in range(2))
            index[row, p] = bool(arcs[first:end].any())

    def _set_declared(self) -> None:
        open_ones = frozenset[int]().union(*self.declarations.values())
        for h, holding in enumerate(self.network.holdings):
            self.state.value[HoldingRow.DECLARED, h] = float(not holding.declared_only or h in open_ones)

    # the calendar

    @property
    def day(self) -> int:
        """Today, counted from the scenario's start [days]."""
        return int(self.env.now)

    @property
    def date(self) -> dt.date:
        """Today's date."""
        return self.network.date_of(self.day)

    def wait(self, days: int, rank: int = USER_RANK) -> Day:
        """An event that happens `days` from now, before any flow of that day."""
        if not math.isfinite(days) or days != int(days) or days < 0:
            raise SimulationError(f"expected whole days >= 0 to wait, got {days}")
        return Day(self.env, int(days), rank)

    def until(self, when: dt.date | int, rank: int = USER_RANK) -> Day:
        """An event that happens on a date or day; today, if that has passed."""
        day = when if isinstance(when, int) else self.network.day_of(when)
        return self.wait(max(0, day - self.day), rank)

    def log(self, event: str, what: str, whom: str = "", day: int | None = None) -> None:
        """Write a line of the run's log, of today or of the day given."""
        self.entries.append(LogEntry(self.day if day is None else day, event, what, whom))

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

    def sellers(
        self, material: str, stage: str | None = None, country: str | None = None, producer: str | None = None
    ) -> Indices:
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
            self.caps.put(name, arcs, (1.0 - fraction) * self.state.value[ArcRow.BASE_FLOW, arcs])
        else:
            self.caps.drop(name)

    def uncap(self, name: str) -> None:
        """Lift the cap called `name`."""
        self.caps.drop(name)

    def delay(self, name: str, arcs: Indices, days: float, *, holds: bool = False) -> None:
        """Lengthen lead times [days]; with `holds`, goods at sea wait too, those due today included."""
        self.extra_days.put(name, arcs, days)
        if holds:
            before = self.held_days.row.copy()
            self.held_days.put(name, arcs, days)
            later = (self.held_days.row - before).astype(np.int64)
            if later.max(initial=0) > 0:
                self._hold(later)

    def _hold(self, days: npt.NDArray[np.int64]) -> None:
        """Let what is at sea arrive later, by a number of days for each arc."""
        old = self.state.ring.shape[0]
        laden = self.state.ring[(self.day + np.arange(old)) % old].any(axis=1)
        self._lengthen_ring(int(np.flatnonzero(laden).max(initial=0) + days.max()) + 1)
        ring = self.state.ring
        due = self.day + np.arange(len(ring))
        for a in np.flatnonzero(days > 0):
            tonnes = ring[due % len(ring), a]
            ring[(due + days[a]) % len(ring), a] = tonnes

    def serve_first(self, name: str, arcs: Indices, rank: int) -> None:
        """Let sellers short of product serve these arcs in a class before others."""
        self.ranks.put(name, arcs, float(rank))

    def open_purse(self, arcs: Indices, free_t_per_day: Floats) -> int:
        """Open an empty purse of permits over some arcs, with the tonnes a day that need none; returns its number.

        Raises
        ------
        SimulationError
            If the network was built for fewer purses than are opened.
        """
        value, index = self.state.value, self.state.index
        purse = int(index[COUNT, Count.PERMITS])
        first = int(index[PermitIndex.FIRST_ARC, purse])
        end = first + len(arcs)
        if max(end, purse + 2) > index.shape[1]:
            raise SimulationError("no room for another purse of permits; state the curb as an event of the scenario")
        index[ItemIndex.PERMIT_ARC, first:end] = arcs
        value[ItemRow.PERMIT_FREE, first:end] = free_t_per_day
        index[PermitIndex.FIRST_ARC, purse + 1] = end
        index[COUNT, Count.PERMITS] = purse + 1
        value[PermitRow.ACTIVE, purse] = 1.0
        return purse

    def set_free(self, purse: int, free_t_per_day: Floats) -> None:
        """Change the tonnes a day that need no permit, arc by arc."""
        first, end = self.state.index[PermitIndex.FIRST_ARC, purse : purse + 2]
        self.state.value[ItemRow.PERMIT_FREE, first:end] = free_t_per_day

    def declare(self, name: str, holdings: Iterable[int]) -> None:
        """Declare a disruption, for the holdings that it opens."""
        self.declarations[name] = frozenset(holdings)
        self._set_declared()

    def revoke(self, name: str) -> None:
        """Take a declaration back."""
        self.declarations.pop(name, None)
        self._set_declared()

    # what to look at

    def stock_t(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers [t]."""
        return float(self.state.value[BuyerRow.STOCK, self._consumer(material, region)])

    def cover_days(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers, in days of day-0 use with growth."""
        v = self._consumer(material, region)
        use = self.state.value[BuyerRow.BASE_NEED, v] * self.state.value[BuyerRow.GROWTH, v]
        return float(self.state.value[BuyerRow.STOCK, v] / use)

    def shortfall_t(self, material: str, region: str) -> float:
        """Shortfall of a region yesterday [t]; 0 on the first day."""
        if self.day == 0:
            return 0.0
        rows = [k for k, s in enumerate(self.network.sectors) if (s.material, s.region) == (material, region)]
        return float(self.state.daily[self.day - 1, [SECTOR_FIELDS * k + SectorDay.SHORTFALL for k in rows]].sum())

    def _consumer(self, material: str, region: str) -> int:
        for c, label in enumerate(self.network.consumers):
            if (label.material, label.region) == (material, region):
                return int(self.state.index[ConsumerIndex.BUYER, c])
        known = ", ".join(f"{c.material} in {c.region}" for c in self.network.consumers)
        raise SimulationError(f"nobody uses {material} in {region}; the scenario has {known}")
