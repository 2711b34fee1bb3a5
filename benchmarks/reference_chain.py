"""How fast is one replication of the reference chain, and where does its time go?

The chain: 8 mines → 6 processors → 6 regions, 84 arcs, 5 years of days, every plant failing about once a year, and one
export curb. Prints medians and ratios, all measured in this one run, in CPU time, since a machine is seldom idle; absolute
times depend on the machine.

    python benchmarks/reference_chain.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any, NamedTuple

from minsim.kernel import advance as fl
from minsim.kernel.state import State
from minsim.network.network import build_network
from minsim.scenario import Scenario, scenario_from_mapping
from minsim.scenario.distributions import Draws
from minsim.simulation import engine


def reference_chain() -> Scenario:
    """The chain of the design's speed measurements, as a scenario."""
    mines, plants, regions = (
        {f"{kind} {letter}": {"share": 1.0 / count} for letter in "ABCDEFGH"[:count]}
        for kind, count in (("Mineland", 8), ("Plantland", 6), ("Useland", 6))
    )
    outage = {"type": "outage", "availability": 0.0, "hazard": {"rate_per_year": 1.0, "repair_days": 30}}
    events: dict[str, Any] = {
        f"outage-{stage}-{name.replace(' ', '-')}": {
            **outage,
            "producer": {"material": "metal", "stage": stage, "producer": name},
        }
        for stage, names in (("mine", mines), ("process", plants))
        for name in names
    }
    events["curb"] = {
        "type": "export_curb",
        "exporter": "Plantland A",
        "importers": ["Useland A"],
        "materials": ["metal"],
        "stage": "process",
        "start": "2027-01-01",
        "duration_days": 365,
        "measure": {"ban": True},
    }
    return scenario_from_mapping(
        {
            "format": 1,
            "title": "Reference chain",
            "as_of": "2026-01-01",
            "start": "2026-01-01",
            "end": "2030-12-31",
            "source": "assumption",
            "note": "benchmark",
            "materials": {
                "metal": {
                    "basis": "metal",
                    "stages": {"mine": {"producers": mines}, "process": {"producers": plants}},
                    "trade": {"lead_time_days": {"default": 30}},
                    "consumers": {name: {"demand_t_per_year": 10000.0, "stock_days": 30} for name in regions},
                }
            },
            "events": events,
        },
        name="reference-chain",
    )


class Speed(NamedTuple):
    """What one replication takes: medians of CPU time [s], and of engine / kernel, by the clock, of single replications."""

    replication: float
    build: float
    engine_per_kernel: float
    kernel_calls: int


def measure(rounds: int) -> Speed:
    """Run the chain `rounds` times, building its network anew beside every run."""
    scenario = reference_chain()
    advance = fl.advance
    spent: list[float] = []

    def timed_advance(state: State, first: int, end: int) -> int:
        began = time.perf_counter()
        reached = advance(state, first, end)
        spent.append(time.perf_counter() - began)
        return reached

    engine.simulate(build_network(scenario, Draws(1, 0)))
    totals, builds, ratios = [], [], []
    fl.advance = timed_advance
    try:
        for k in range(rounds):
            began = time.process_time()
            network = build_network(scenario, Draws(1, k % 50))
            built = time.process_time()
            spent.clear()
            entered = time.perf_counter()
            engine.simulate(network)
            ratios.append((time.perf_counter() - entered) / sum(spent))
            totals.append(time.process_time() - built)
            builds.append(built - began)
    finally:
        fl.advance = advance
    return Speed(*map(statistics.median, (totals, builds, ratios)), len(spent))


def main(rounds: int = 200) -> None:
    """Run the chain `rounds` times and print what it took."""
    speed = measure(rounds)
    kernel = speed.replication / speed.engine_per_kernel
    rest = speed.replication - kernel
    print(f"replication {speed.replication * 1e3:.2f} ms of CPU: {1.0 / speed.replication:.0f} replications/s a core")
    print(f"  kernel {kernel * 1e3:.2f} ms in {speed.kernel_calls} calls, calendar and records {rest * 1e3:.2f} ms")
    print(f"  engine / kernel in the same run {speed.engine_per_kernel:.2f}")
    print(f"building the network anew {speed.build * 1e3:.2f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
