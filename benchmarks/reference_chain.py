"""How fast is one replication of the reference chain, and where does its time go?

The chain: 8 mines → 6 processors → 6 regions, 84 arcs, 5 years of days, every plant failing about once a year, and one
export curb. Prints medians and ratios, all measured in this one run; absolute times depend on the machine.

    python benchmarks/reference_chain.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from minsim import engine
from minsim import flows as fl
from minsim.loading import Scenario, scenario_from_mapping
from minsim.network import build_network
from minsim.uncertainty import Draws


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


def main(rounds: int = 200) -> None:
    """Run the chain `rounds` times and print what it took."""
    scenario = reference_chain()
    kernel_seconds = 0.0
    calls = 0
    advance = fl.advance

    def timed_advance(state: fl.State, first: int, end: int) -> int:
        nonlocal kernel_seconds, calls
        began = time.perf_counter()
        reached = advance(state, first, end)
        kernel_seconds += time.perf_counter() - began
        calls += 1
        return reached

    fl.advance = timed_advance
    networks = [build_network(scenario, Draws(1, k)) for k in range(min(rounds, 50))]
    engine.simulate(networks[0])
    totals, kernels, builds = [], [], []
    for k in range(rounds):
        began = time.perf_counter()
        build_network(scenario, Draws(1, k))
        builds.append(time.perf_counter() - began)
        kernel_seconds = 0.0
        calls = 0
        began = time.perf_counter()
        engine.simulate(networks[k % len(networks)])
        totals.append(time.perf_counter() - began)
        kernels.append(kernel_seconds)
    total, kernel, build = (statistics.median(values) for values in (totals, kernels, builds))
    ratio = statistics.median(t / k for t, k in zip(totals, kernels, strict=True))
    print(f"arcs {len(networks[0].arcs)}, days {networks[0].days}, kernel calls a replication {calls}")
    print(f"replication {total * 1e3:.2f} ms (median of {rounds}): {1.0 / total:.0f} replications/s a core")
    rest = total - kernel
    print(f"  kernel {kernel * 1e3:.2f} ms ({kernel / total:.0%}), calendar, levers and records {rest * 1e3:.2f} ms")
    print(f"  engine / kernel in the same run {ratio:.2f}")
    print(f"building the network anew {build * 1e3:.2f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
