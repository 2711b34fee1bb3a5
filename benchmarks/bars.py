"""Every speed that is promised, measured in one run and printed beside its bar.

    python benchmarks/bars.py [--replications N] [--rounds N]

Times of single replications are CPU time; rates of workers and times of commands are by the clock, and mean little on a
machine that is busy with something else. The memory of the parent is measured at 10,000 replications, whatever N.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
import ensemble
import reference_chain

from minsim.scenario import load_scenario

HEADLINE = "magnet-ban"
WHOLE = 10_000


class Bar(NamedTuple):
    """One promise: what, the bar, what was measured, whether more is better."""

    what: str
    wanted: float
    measured: float
    unit: str
    more: bool = False

    def __str__(self) -> str:
        met = self.measured >= self.wanted if self.more else self.measured <= self.wanted
        sign = ">=" if self.more else "<="
        return (
            f"{self.what:58} {sign} {self.wanted:7.5g} {self.measured:9.4g} {self.unit:6} {'met' if met else 'MISSED'}"
        )


def chain_bars(rounds: int) -> Iterator[Bar]:
    """The reference chain."""
    speed = reference_chain.measure(rounds)
    yield Bar("reference chain, replications a second and core", 120, 1.0 / speed.replication, "1/s", more=True)
    yield Bar("  engine / kernel in the same run", 2, speed.engine_per_kernel, "")


def ensemble_bars(replications: int, rounds: int) -> Iterator[Bar]:
    """The headline scenario, replicated."""
    scenario = load_scenario(HEADLINE)
    seconds = ensemble.parts_of_one(scenario)["all"]
    _, two, ratio = ensemble.rates(scenario, replications, rounds)
    whole = two.start_seconds + WHOLE / two.per_second
    yield Bar(f"{WHOLE:,} replications of {HEADLINE} on 2 workers, by the clock", 60, whole, "s")
    yield Bar("  the same on 2 idle cores, from its CPU time", 60, two.start_seconds + WHOLE * seconds / 2, "s")
    yield Bar("  2 workers / 1 worker", 1.8, ratio, "", more=True)
    few, many = (ensemble.parent_memory_mb(HEADLINE, count) for count in (ensemble.FEW, WHOLE))
    yield Bar(f"  memory of the parent, {WHOLE:,} over {ensemble.FEW} replications", 150, many - few, "MB")


def command_bars(rounds: int) -> Iterator[Bar]:
    """Commands from a warm cache."""
    with tempfile.TemporaryDirectory() as out:
        run = ["run", HEADLINE, "--out", out]
        for wanted, arguments in ((0.25, ["--help"]), (2.0, [*run, "--no-plot"]), (3.0, run)):
            seconds = [_seconds(arguments) for _ in range(rounds + 1)][1:]
            yield Bar(f"minsim {' '.join(arguments).replace(out, 'DIR')}", wanted, statistics.median(seconds), "s")


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "minsim", *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures every speed that is promised.")
    parser.add_argument("--replications", type=int, default=800, help="of each ensemble that is timed")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; bar, measured:")
    for bar in chain_bars(40 * options.rounds):
        print(bar, flush=True)
    for bar in ensemble_bars(options.replications, options.rounds):
        print(bar, flush=True)
    for bar in command_bars(options.rounds):
        print(bar, flush=True)


if __name__ == "__main__":
    main()
