"""Record a replication day by day: flows on every arc, output of every producer, and effects on the levers.

A run keeps no daily flows by arc. The same replication, run again with a `Recorder` among its processes, does; the recorder
only reads, so that the replication is bit-identical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from minsim.errors import SimulationError
from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import ArcIndex, ArcRow, BuyerRow, SellerRow
from minsim.network.network import Network
from minsim.results.outcome import Outcome
from minsim.scenario.format.events import ExportCurb
from minsim.simulation.calendar import FIRST, Steps
from minsim.simulation.engine import Record, simulate
from minsim.simulation.events.curbs import curbed_arcs
from minsim.simulation.world import World

ARC_ROWS = (ArcRow.SHARE, ArcRow.SHIPPED, ArcRow.LEAKED, ArcRow.IN_TRANSIT, ArcRow.CAP_TODAY)
SELLER_ROWS = (
    SellerRow.STOCK,
    SellerRow.OUTPUT,
    SellerRow.EXPECTED_ORDERS,
    SellerRow.AVAILABILITY,
    SellerRow.PROJECT_CAPACITY,
    SellerRow.GROWTH,
    SellerRow.EXPECTED_STOCKPILE_ORDERS,
    SellerRow.SUPPLY_LIMIT,
)
BUYER_ROWS = (
    BuyerRow.STOCK,
    BuyerRow.NEED,
    BuyerRow.ORDER,
    BuyerRow.USED,
    BuyerRow.GROWTH,
    BuyerRow.QUALIFICATION_START,
)
LEAD_ROWS = (ArcIndex.LEAD_DAYS, ArcIndex.LEAK_LEAD_DAYS)
LEVERS = ("caps", "availability", "demand", "extra_days")
"""Levers of the world whose effects are recorded by name."""

Effects = Mapping[str, tuple[Indices, Floats]]


@dataclass
class Recorder:
    """A process that copies the state every morning; pass it to `engine.simulate`, once.

    Attributes
    ----------
    rows : dict of int to array, shape (days + 1, columns)
        By row of `State.value`: row d is the state on the morning of day d, before its events. Counters of a day (shipped,
        made, ordered) are therefore in the row of the next day.
    leads : dict of int to array, shape (days + 1, arcs)
        By row of `State.index`: lead times [days].
    effects : dict of str to list of (int, Effects)
        By lever: the effects in force, and their first day; one entry a change.
    permits : dict of str to set of int
        By curb that grants permits (licences or a quota): the arcs it covers.
    """

    rows: dict[int, Floats] = field(default_factory=dict)
    leads: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    effects: dict[str, list[tuple[int, Effects]]] = field(default_factory=lambda: {name: [] for name in LEVERS})
    permits: dict[str, set[int]] = field(default_factory=dict)

    def __call__(self, world: World) -> Steps:
        """Copy the state every morning before any event, and once after the last day."""
        self._make_room(world.network)
        self._find_permits(world)
        while True:
            self._copy(world)
            yield world.wait(1, FIRST)

    def _make_room(self, network: Network) -> None:
        columns = {ARC_ROWS: len(network.arcs), SELLER_ROWS: len(network.sellers), BUYER_ROWS: len(network.buyer_names)}
        mornings = network.days + 1
        self.rows = {row: np.zeros((mornings, count)) for rows, count in columns.items() for row in rows}
        self.leads = {row: np.zeros((mornings, len(network.arcs)), dtype=np.int64) for row in LEAD_ROWS}

    def _find_permits(self, world: World) -> None:
        for scheduled in world.network.events:
            curb = scheduled.model
            if isinstance(curb, ExportCurb) and (curb.measure.licence is not None or curb.measure.quota is not None):
                self.permits[scheduled.event] = {int(a) for a in curbed_arcs(world, curb)}

    def _copy(self, world: World) -> None:
        for row, kept in self.rows.items():
            kept[world.day] = world.state.value[row, : kept.shape[1]]
        for row, leads in self.leads.items():
            leads[world.day] = world.state.index[row, : leads.shape[1]]
        for lever, changes in self.effects.items():
            now: Effects = getattr(world, lever).effects
            last: Effects = changes[-1][1] if changes else {}
            if now.keys() != last.keys() or any(now[name] is not last[name] for name in now):
                changes.append((world.day - 1, dict(now)))  # effects of this morning acted yesterday


@dataclass(frozen=True)
class Recording:
    """A replication and what a `Recorder` recorded of it."""

    record: Record
    seen: Recorder

    @property
    def network(self) -> Network:
        """The replication's network."""
        return self.record.network

    def at_start(self, row: int, day: int) -> Floats:
        """A row of the state on the morning of a day."""
        morning: Floats = self.seen.rows[row][day]
        return morning

    def at_end(self, row: int, day: int) -> Floats:
        """A row of the state, or of the day's counters, at the end of a day."""
        evening: Floats = self.seen.rows[row][day + 1]
        return evening

    def lead(self, arc: int, row: int = ArcIndex.LEAD_DAYS) -> npt.NDArray[np.int64]:
        """Lead time of goods shipped on each day on an arc [days]."""
        leads: npt.NDArray[np.int64] = self.seen.leads[row][1:, arc]
        return leads

    def shipped(self, arc: int) -> Floats:
        """Shipments of each day on an arc, leakage included [t]."""
        rows = self.seen.rows
        sent: Floats = rows[ArcRow.SHIPPED][1:, arc] + rows[ArcRow.LEAKED][1:, arc]
        return sent

    def arrived(self, arc: int) -> Floats:
        """Arrivals of each day on an arc [t]: goods at sea or shipped, and no longer at sea."""
        transit = self.seen.rows[ArcRow.IN_TRANSIT][:, arc]
        gone = transit[:-1] + self.shipped(arc) - transit[1:]
        # Differences of large numbers: without arrivals, the remainder is rounding.
        brought: Floats = np.where(gone > 1e-9 * transit[:-1], gone, 0.0)
        return brought

    def effects_on(self, lever: str, column: int, day: int) -> dict[str, float]:
        """Effects in force on one column of a lever on a day, by name."""
        in_force: Effects = {}
        for since, effects in self.seen.effects[lever]:
            if since <= day:
                in_force = effects
        found = {}
        for name, (where, values) in in_force.items():
            places = np.flatnonzero(where == column)
            if len(places):
                found[name] = float(values[places[0]])
        return found


def watch(run: Outcome) -> Recording:
    """Run the reference replication of a run again, and record it.

    Raises
    ------
    SimulationError
        If a user's process acts differently the second time, so that the results differ.
    """
    recorder = Recorder()
    record = simulate(run.record.network, "reference", (*run.processes, recorder))
    if not np.array_equal(record.sector, run.record.sector):
        raise SimulationError("the run came out differently when repeated; a process of your own keeps a memory")
    return Recording(record, recorder)
