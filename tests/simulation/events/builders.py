"""The network of the event tests, the arithmetic of one tank, and a probe that looks at every day.

China and Japan sell `x` to China, Japan and the United States, who use 50, 50 and 100 t/day. Without a home preference
every buyer takes the share 0.72 from China and 0.28 from Japan, so the United States receive 72 and 28 t/day, 30 days
after shipment. Mexico makes nothing. Without rerouting nothing but the event changes what is called.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from networks import DAYS_PER_YEAR, NO_REROUTING, date, frame

from minsim.kernel.daily_record import SectorDay
from minsim.network.network import Network, build_network
from minsim.scenario import scenario_from_mapping
from minsim.scenario.distributions import Draws
from minsim.simulation.calendar import LAST
from minsim.simulation.engine import Record, simulate
from minsim.simulation.world import World

Mapping = dict[str, Any]

DAYS, START, END, LEAD, HOME_LEAD = 300, 60, 160, 30, 5
USE, CHINA, JAPAN = 100.0, 72.0, 28.0
"""The United States' use, and what they call from China and Japan [t/day]."""
CHINA_OUTPUT, JAPAN_OUTPUT = 144.0, 56.0
PLENTY = 1e9


def chain(events: Mapping | None = None, *, stock: float = 10.0, days: int = DAYS, **blocks: Any) -> Mapping:
    """The network of the event tests, with events."""
    sectors = {
        "defence": {"share": 0.1, "priority": 1},
        "vehicles": {"share": 0.5, "priority": 2},
        "other": {"share": 0.4, "priority": 3},
    }
    consumers = {
        "United States": {"demand_t_per_year": USE * DAYS_PER_YEAR, "stock_days": stock, "sectors": sectors},
        "Japan": {"demand_t_per_year": 50 * DAYS_PER_YEAR, "stock_days": stock},
        "China": {"demand_t_per_year": 50 * DAYS_PER_YEAR, "stock_days": stock},
    }
    stage = {
        "utilisation": 0.9,
        "product_stock_days": 14,
        "producers": {"China": {"share": 0.72}, "Japan": {"share": 0.28}, "Mexico": {"share": 0.0}},
        "trade": {"home_preference": 1.0, "lead_time_days": {"default": LEAD, "home": HOME_LEAD}},
    }
    material = {"basis": "metal", "price_usd_per_kg": 10, "stages": {"fabricate": stage}, "consumers": consumers}
    standard: Mapping = {
        "regions": {
            "blocs": {"pair": ["Japan", "United States"], "everyone": ["China", "Japan", "Mexico", "United States"]}
        },
        "behaviour": {"x": NO_REROUTING},
        "events": events or {},
    }
    return frame(days, {"x": material}, **(standard | blocks))


def lane(events: Mapping | None = None, **given: Any) -> Mapping:
    """The same with one seller, China, and one buyer, the United States."""
    mapping = chain(events, **given)
    material = mapping["materials"]["x"]
    material["stages"]["fabricate"]["producers"] = {"China": {"share": 1.0}}
    material["consumers"] = {"United States": material["consumers"]["United States"]}
    return mapping


def event(type_: str, start: int = START, length: int | None = END - START, **given: Any) -> Mapping:
    """An event from day `start` on, for `length` days."""
    block = {"type": type_, "start": date(start), **given}
    return block if length is None else block | {"duration_days": length}


def curb(measure: Mapping, start: int = START, length: int | None = END - START, **given: Any) -> Mapping:
    """China's curb on the United States."""
    usual = {"exporter": "China", "importers": ["United States"], "materials": ["x"], "measure": measure}
    return event("export_curb", start, length, **(usual | given))


def plant(country: str, stage: str = "fabricate", material: str = "x") -> Mapping:
    """Every producer of a country at a stage."""
    return {"material": material, "stage": stage, "country": country}


# ------------------------------------------------------------------------------------------------------------------ running


def network(mapping: Mapping, seed: int | None = None, replication: int | None = None) -> Network:
    """The network of a mapping; central values unless a replication is asked for."""
    loaded = scenario_from_mapping(copy.deepcopy(mapping), name="test")
    number = loaded.model.seed if seed is None else seed
    return build_network(loaded, Draws.central(number) if replication is None else Draws(number, replication))


def run(mapping: Mapping, rerouting: str = "reference", processes: Sequence[Any] = (), **given: Any) -> Record:
    """One run of a mapping."""
    return simulate(network(mapping, **given), rerouting, processes)


@dataclass
class Probe:
    """A process that keeps a copy of the state of every day, after its events and before its flows."""

    mornings: list[np.ndarray] = field(default_factory=list)
    indices: list[np.ndarray] = field(default_factory=list)
    at_sea: list[np.ndarray] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    world: World | None = None

    def __call__(self, world: World) -> Iterator[Any]:
        self.world = world
        yield world.wait(0, LAST - 1)
        while True:
            self.look(world)
            yield world.wait(1, LAST - 1)

    def look(self, world: World) -> None:
        self.mornings.append(world.state.value.copy())
        self.indices.append(world.state.index.copy())
        self.at_sea.append(world.state.ring.sum(axis=0))
        self.waiting.append(sum(1 for a in world.applications if a.decided_day is None))

    def close(self) -> Probe:
        """Look once more, after the last day."""
        assert self.world is not None
        self.look(self.world)
        return self

    def morning(self, row: int) -> np.ndarray:
        """A row of the state by day, as the day's flows find it."""
        return np.array([value[row] for value in self.mornings[:-1]])

    def closing(self, row: int) -> np.ndarray:
        """A row of the state by day, as the day's flows leave it: stocks, and the day's counters."""
        return np.array([value[row] for value in self.mornings[1:]])

    def arc(self, seller: str, buyer: str) -> int:
        """Column of the only arc of consumers between two places."""
        assert self.world is not None
        (found,) = [
            a
            for a, arc in enumerate(self.world.network.arcs)
            if (arc.seller, arc.buyer_region, arc.kind) == (seller, buyer, "consumer")
        ]
        return found

    def buyer(self, name: str) -> int:
        """Column of a buyer by its name, such as `x/fabricate of Japan`."""
        assert self.world is not None
        return self.world.network.buyer_names.index(name)

    def seller(self, name: str) -> int:
        """Column of a producer."""
        assert self.world is not None
        return [s.producer for s in self.world.network.sellers].index(name)


def probed(mapping: Mapping, rerouting: str = "reference", **given: Any) -> tuple[Record, Probe]:
    """A run, and what a probe saw."""
    probe = Probe()
    record = run(mapping, rerouting, [probe], **given)
    return record, probe.close()


def series(record: Record, what: int, region: str = "United States", sector: str | None = None) -> np.ndarray:
    """Demand, consumption, shortfall or release by day [t]."""
    columns = [
        k for k, label in enumerate(record.network.sectors) if label.region == region and sector in (None, label.sector)
    ]
    assert columns
    return record.sector[:, columns, what].sum(axis=1)


def shortfall(record: Record, region: str = "United States", sector: str | None = None) -> np.ndarray:
    """Shortfall by day [t]."""
    return series(record, SectorDay.SHORTFALL, region, sector)


def same(one: Record, other: Record) -> bool:
    """Whether two runs agree bit for bit, but for their logs."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("sector", "consumer", "holding", "trade", "leaked")
    )


def close(one: Record, other: Record) -> bool:
    """Whether two runs agree within rounding."""
    return all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=1e-7, atol=1e-6, equal_nan=True)
        for name in ("sector", "consumer", "holding", "trade", "leaked")
    )


# ------------------------------------------------------------------------------------------------- arithmetic by hand


def during(inside: Any, usual: float, start: int = START, end: int = END, days: int = DAYS) -> np.ndarray:
    """A day series that differs from the usual between two days."""
    values = np.full(days, float(usual))
    values[start:end] = inside
    return values


def later(shipped: np.ndarray, usual: float, lead: int = LEAD) -> np.ndarray:
    """Arrivals of what was shipped a lead time ago; before the first of them, the usual."""
    return np.concatenate([np.full(lead, float(usual)), shipped])[: len(shipped)]


def tank(arrivals: np.ndarray, demand: Any = USE, stock: float = 10 * USE) -> np.ndarray:
    """Shortfall of one stock that is used as it comes and never refilled beyond what arrives [t]."""
    missing = np.zeros(len(arrivals))
    for day, wanted in enumerate(np.broadcast_to(demand, arrivals.shape)):
        stock += arrivals[day]
        missing[day] = max(0.0, wanted - stock)
        stock = max(0.0, stock - wanted)
    return missing


def seller(
    called: np.ndarray, capacity: np.ndarray, output: float, *, stock_days: float = 14.0, before: Any = None
) -> np.ndarray:
    """What one seller ships of what is called, by section 3.3: expected orders, stock correction, capacity [t].

    `before` are the calls before policy caps, which drive production; absent: the calls.
    """
    driving = called if before is None else before
    target = stock = stock_days * output
    orders, shipped = output, np.zeros(len(called))
    for day in range(len(called)):
        stock += max(0.0, min(orders + (target - stock) / 30.0, capacity[day]))
        shipped[day] = min(called[day], stock)
        stock -= shipped[day]
        orders += (driving[day] - orders) / 14.0
    return shipped
