"""The world a process acts in: the calendar, the levers it may pull, and the state it may read.

Processes never write a stock. They put effects on levers (a policy cap, an availability, a demand factor, a delay), each
under a name of its own. Several effects on one target combine by a fixed rule, in any order: caps by the minimum, factors by
the product, extra days by the maximum.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import simpy

from minsim.errors import SimulationError
from minsim.kernel.codes import SupplyClass
from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.daily_record import SectorDay
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
    SectorRow,
    SellerRow,
)
from minsim.kernel.rules import sector_column, usual_need
from minsim.kernel.state import State
from minsim.network.network import Network
from minsim.simulation import transit
from minsim.simulation.calendar import USER_RANK, Day
from minsim.simulation.levers import Lever
from minsim.simulation.log import Application, LogEntry, LogKind

Process = Callable[["World"], Generator[simpy.Event, Any, Any]]
"""A generator function of the world: a user's process."""


class MarketPrices(Protocol):
    """The market of one material, as other processes see it."""

    def received_by(self, seller: int) -> float:
        """Price that a producer receives, by its column [USD/kg]."""


@dataclass
class World:
    """Access to one running replication: read the state, wait, and put effects on levers.

    Attributes
    ----------
    network : Network
        Labels, and the scenario's numbers.
    state : State
        The arrays; read them freely, change them through levers only.
    env : simpy.Environment
        The clock and the calendar; whole days.
    entries : list of LogEntry
        The log so far, in the order of entry.
    purchase_price_usd_per_kg : array of shape (days, holdings)
        Price at which each stockpile can buy, day by day [USD/kg].

    Examples
    --------
    A process of your own is a generator function that takes the world:

    >>> def curb(world):
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
        self.ranks = Lever(np.full(arcs, float(SupplyClass.OTHERS)), np.minimum, self._set_ranks)
        consumers = len(network.consumers)
        self.floors = self._lever(ConsumerRow.PRICE_FLOOR, consumers, np.maximum)
        self.duties = self._lever(ConsumerRow.DUTY, consumers, np.add)
        self.arc_floors = Lever(np.zeros(arcs), np.maximum)
        self.floods: dict[str, dict[str, tuple[str, float]]] = {}
        self.markets: dict[str, MarketPrices] = {}
        prices = [holding.price_usd_per_kg for holding in network.holdings]
        self.purchase_price_usd_per_kg = np.tile(prices, (network.days, 1))
        self.declarations: dict[str, frozenset[int]] = {}
        self.applications: list[Application] = []
        self.triggered = [self.env.event() for _ in network.holdings]
        self.recovered = [self.env.event() for _ in network.holdings]
        self._set_declared()

    def _lever(self, row: int, columns: int, combine: Callable[[Floats, Floats], Floats]) -> Lever:
        return Lever(self.state.value[row, :columns], combine)

    def _set_leads(self) -> None:
        count = len(self.leads)
        days = self.leads + self.extra_days.row.astype(np.int64)
        self.state.index[ArcIndex.LEAD_DAYS, :count] = days
        self.state.index[ArcIndex.LEAK_LEAD_DAYS, :count] = days + self.leak_extra_days.row.astype(np.int64)
        self.state.index[ArcIndex.AIR_LEAD_DAYS, :count] = np.minimum(days, self.air_days.row).astype(np.int64)
        longest = int(self.state.index[ArcIndex.LEAK_LEAD_DAYS, :count].max(initial=0))
        self.state = transit.with_room_for(self.state, self.day, longest)

    def _set_stores(self) -> None:
        # New capacity adds storage: a producer without output has none, and could make nothing.
        days = np.array([seller.store_days for seller in self.network.sellers])
        self.state.value[SellerRow.STORE, : len(days)] = self.stores + days * self.projects.row

    def _set_caps(self) -> None:
        # Where permits apply as well, the kernel recomputes today's cap every day.
        self.state.value[ArcRow.CAP_TODAY, : len(self.leads)] = self.caps.row

    def _set_ranks(self) -> None:
        self.state.index[ArcIndex.SUPPLY_CLASS, : len(self.leads)] = self.ranks.row
        self._flag_products(ProductIndex.HAS_SUPPLY_CLASSES, self.ranks.row < SupplyClass.OTHERS)

    def _set_leaks(self) -> None:
        self._flag_products(ProductIndex.LEAKS, self.leak_share.row > 0.0)

    def _flag_products(self, row: int, arcs: npt.NDArray[np.bool_]) -> None:
        """Flag the products that have at least one flagged arc."""
        index = self.state.index
        for p in range(len(self.network.products)):
            first, end = (index[BuyerIndex.FIRST_ARC, index[ProductIndex.FIRST_BUYER, p + k]] for k in range(2))
            index[row, p] = bool(arcs[first:end].any())

    def _set_declared(self) -> None:
        opened = frozenset[int]().union(*self.declarations.values())
        for h, holding in enumerate(self.network.holdings):
            self.state.value[HoldingRow.DECLARED, h] = float(not holding.declared_only or h in opened)

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
        """An event `days` from now, before any flow of that day.

        Parameters
        ----------
        days : int
            Days from today on, >= 0 [days].
        rank : int
            Order among what is due on one day, lowest first; absent: before the scenario's events.

        Returns
        -------
        Day
            The event to yield.

        Raises
        ------
        SimulationError
            The days are not whole, or negative.
        """
        if not math.isfinite(days) or days != int(days) or days < 0:
            raise SimulationError(f"expected whole days >= 0 to wait, got {days}")
        return Day(self.env, int(days), rank)

    def until(self, when: dt.date | int, rank: int = USER_RANK) -> Day:
        """An event on a date or day; today if that has passed.

        Parameters
        ----------
        when : date or int
            A date, or a day counted from the scenario's start [days].
        rank : int
            As for `wait`.

        Returns
        -------
        Day
            The event to yield.
        """
        day = when if isinstance(when, int) else self.network.day_of(when)
        return self.wait(max(0, day - self.day), rank)

    def log(self, event: str, what: str, whom: str = "", day: int | None = None) -> None:
        """Write a line of your own into the run's log, of today or of the day given.

        Parameters
        ----------
        event : str
            Key of the event, or a name of your own.
        what : str
            What happened.
        whom : str
            To whom.
        day : int, optional
            Counted from the scenario's start [days]; absent: today.
        """
        names = (whom,) if whom else ()
        self.entries.append(LogEntry(self.day if day is None else day, event, LogKind.NOTE, whom=names, text=what))

    # selection

    def arcs(
        self,
        *,
        exporter: str | None = None,
        importers: Iterable[str] | str = "all",
        materials: Iterable[str] | str = "all",
        stage: str | None = None,
    ) -> Indices:
        """Arcs from an exporter to importers, for some materials.

        `importers="all"`, or a bloc, does not include the exporter itself.

        Parameters
        ----------
        exporter : str, optional
            Country of the sellers, or one producer; absent: any.
        importers : iterable of str or "all"
            Regions or blocs of the buyers.
        materials : iterable of str or "all"
            Keys of the materials.
        stage : str, optional
            Stage whose product is traded; absent: any.

        Returns
        -------
        ndarray of uint32, shape (n_arcs_meant,)
            Positions in `network.arcs`.
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
        """Producers of a material, at a stage, in a country, or one by name.

        Parameters
        ----------
        material : str
            Key of the material.
        stage, country, producer : str, optional
            Absent: any.

        Returns
        -------
        ndarray of uint32, shape (n_sellers_meant,)
            Positions in `network.sellers`.
        """
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
        """Cap arcs at (1 - fraction) of their baseline flow; a fraction of 0 sets no cap.

        Parameters
        ----------
        name : str
            What the cap is called; a second one of that name replaces the first.
        arcs : ndarray, shape (n_arcs_meant,)
            As `arcs` finds them.
        fraction : float
            Part of baseline flow that is stopped, 0 to 1 [fraction].
        """
        if fraction > 0.0:
            self.caps.put(name, arcs, (1.0 - fraction) * self.state.value[ArcRow.BASE_FLOW, arcs])
        else:
            self.caps.drop(name)

    def uncap(self, name: str) -> None:
        """Lift the cap called `name`.

        Parameters
        ----------
        name : str
            As given to `cap`; a name without a cap changes nothing.
        """
        self.caps.drop(name)

    def delay(self, name: str, arcs: Indices, days: float, *, holds: bool = False) -> None:
        """Lengthen lead times [days]; with `holds`, also for goods at sea, those due today included.

        Parameters
        ----------
        name : str
            What the delay is called; a second one of that name replaces the first.
        arcs : ndarray, shape (n_arcs_meant,)
            As `arcs` finds them.
        days : float
            Added to the lead time; the part beyond whole days is cut off [days].
        holds : bool
            Whether goods already at sea wait too.
        """
        self.extra_days.put(name, arcs, days)
        if holds:
            before = self.held_days.row.copy()
            self.held_days.put(name, arcs, days)
            later = (self.held_days.row - before).astype(np.int64)
            if later.max(initial=0) > 0:
                self.state = transit.held(self.state, self.day, later)

    def serve_first(self, name: str, arcs: Indices, rank: int) -> None:
        """Put arcs into a supply class, by which sellers short of product serve them.

        Parameters
        ----------
        name : str
            What the preference is called; a second one of that name replaces the first.
        arcs : ndarray, shape (n_arcs_meant,)
            As `arcs` finds them.
        rank : int
            Class in which they are served: 0 before 1 before 2, the class of all others.
        """
        self.ranks.put(name, arcs, float(rank))

    def open_permit_balance(self, arcs: Indices, free_t_per_day: Floats) -> int:
        """Open an empty permit balance over some arcs, with the tonnes a day that need no permit; returns its column.

        Raises
        ------
        SimulationError
            If the network was built for fewer permit balances.
        """
        value, index = self.state.value, self.state.index
        column = int(index[COUNT, Count.PERMITS])
        first = int(index[PermitIndex.FIRST_ARC, column])
        end = first + len(arcs)
        if max(end, column + 2) > index.shape[1]:
            raise SimulationError("no room for another purse of permits; state the curb as an event of the scenario")
        index[ItemIndex.PERMIT_ARC, first:end] = arcs
        value[ItemRow.PERMIT_FREE, first:end] = free_t_per_day
        index[PermitIndex.FIRST_ARC, column + 1] = end
        index[COUNT, Count.PERMITS] = column + 1
        value[PermitRow.ACTIVE, column] = 1.0
        return column

    def set_permit_free(self, column: int, free_t_per_day: Floats) -> None:
        """Set the tonnes a day that need no permit, for each arc of a permit balance."""
        first, end = self.state.index[PermitIndex.FIRST_ARC, column : column + 2]
        self.state.value[ItemRow.PERMIT_FREE, first:end] = free_t_per_day

    def declare(self, name: str, holdings: Iterable[int]) -> None:
        """Declare a disruption, which permits the release of these holdings."""
        self.declarations[name] = frozenset(holdings)
        self._set_declared()

    def revoke(self, name: str) -> None:
        """Revoke a declaration."""
        self.declarations.pop(name, None)
        self._set_declared()

    # observation

    def stock_t(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers [t].

        Parameters
        ----------
        material : str
            Key of the material.
        region : str
            Who uses it.

        Returns
        -------
        float
            As of now: at the start of the day [t].

        Raises
        ------
        SimulationError
            Nobody in the region uses the material.
        """
        return float(self.state.value[BuyerRow.STOCK, self._consumer(material, region)])

    def cover_days(self, material: str, region: str) -> float:
        """Commercial stock of a region's consumers, in days of day-0 use with growth.

        Parameters
        ----------
        material : str
            Key of the material.
        region : str
            Who uses it.

        Returns
        -------
        float
            As of now: at the start of the day [days].

        Raises
        ------
        SimulationError
            Nobody in the region uses the material.
        """
        v = self._consumer(material, region)
        return float(self.state.value[BuyerRow.STOCK, v] / usual_need(self.state, v))

    def shortfall_t(self, material: str, region: str) -> float:
        """Shortfall of a region yesterday [t]; 0 on the first day.

        Parameters
        ----------
        material : str
            Key of the material.
        region : str
            Who uses it.

        Returns
        -------
        float
            Over all end uses [t]; 0 where nobody uses the material.
        """
        if self.day == 0:
            return 0.0
        rows = [k for k, s in enumerate(self.network.sectors) if (s.material, s.region) == (material, region)]
        return float(self.state.daily[self.day - 1, [sector_column(k) + SectorDay.SHORTFALL for k in rows]].sum())

    def _consumer(self, material: str, region: str) -> int:
        for c, label in enumerate(self.network.consumers):
            if (label.material, label.region) == (material, region):
                return int(self.state.index[ConsumerIndex.BUYER, c])
        known = ", ".join(f"{c.material} in {c.region}" for c in self.network.consumers)
        raise SimulationError(f"nobody uses {material} in {region}; the scenario has {known}")
