"""How fast is an ensemble of the headline scenario, with one worker and with two, and how much memory does its parent take?

Prints, from this one run: the parts of a replication in one process, the rate with one and with two workers (start-up of the
workers apart), and the peak memory of the parent for few and for many replications. Absolute numbers depend on the machine,
and on what else it does.

    python benchmarks/ensemble.py [SCENARIO] [REPLICATIONS]
    python benchmarks/ensemble.py --memory SCENARIO REPLICATIONS    # of this process, with two workers [MB]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from minsim.scenario import Scenario, load_scenario
from minsim.studies import ensemble
from minsim.studies.monte_carlo.replications import Experiment, Replicator

FEW = 10


class Rate(NamedTuple):
    """Replications a second once all workers are at work, and seconds until then."""

    per_second: float
    start_seconds: float


def rate(scenario: Scenario, replications: int, jobs: int) -> Rate:
    """The rate of one ensemble."""
    marks: list[tuple[float, int]] = []

    def note(done: int, wanted: int) -> None:
        marks.append((time.perf_counter(), done))

    began = time.perf_counter()
    ensemble(scenario, replications, jobs=jobs, chunk=16, progress=note)
    warm = marks[2 * jobs]  # every worker has imported, compiled or loaded, and finished a chunk
    last = marks[-1]
    return Rate((last[1] - warm[1]) / (last[0] - warm[0]), warm[0] - began)


def rates(scenario: Scenario, replications: int, rounds: int) -> tuple[Rate, Rate, float]:
    """Medians with one worker and with two, by turns, and the median of their ratios."""
    pairs = [(rate(scenario, replications, 1), rate(scenario, replications, 2)) for _ in range(rounds)]
    one, two = (
        Rate(*(statistics.median(column) for column in zip(*own, strict=True))) for own in zip(*pairs, strict=True)
    )
    return one, two, statistics.median(second.per_second / first.per_second for first, second in pairs)


def parts_of_one(scenario: Scenario, rounds: int = 60) -> dict[str, float]:
    """CPU time of building the network, simulating, measuring, and the whole, in this process: medians [s]."""
    from minsim.metrics.consumers import measure_consumers
    from minsim.simulation.engine import simulate

    replicator = Replicator(Experiment.of(scenario, None))
    replicator.measure(replicator.draws(0))
    times: dict[str, list[float]] = {"network": [], "simulation": [], "metrics": [], "all": []}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = function()
        times[name].append(time.process_time() - began)
        return found

    for k in range(rounds):
        draws = replicator.draws(k)
        network = timed("network", lambda: replicator.network(draws))  # noqa: B023
        record = timed("simulation", lambda: simulate(network))  # noqa: B023
        timed("metrics", lambda: measure_consumers(record))  # noqa: B023
        timed("all", lambda: replicator.measure(draws))  # noqa: B023
    return {name: statistics.median(own) for name, own in times.items()}


def parent_memory_mb(name: str, replications: int) -> float:
    """Peak memory of a process of its own that runs and saves an ensemble with two workers [MB]."""
    command = [sys.executable, __file__, "--memory", name, str(replications)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def own_memory_mb(name: str, replications: int) -> float:
    """Run and save an ensemble; the peak memory of this process, on Linux [MB].

    `ru_maxrss` would not do: it starts at what the process that started this one had taken.
    """
    with tempfile.TemporaryDirectory() as out:
        ensemble(name, replications, jobs=2, out=out).save(out, plot=False)
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main(name: str = "magnet-ban", replications: str = "800") -> None:
    """Measure one scenario."""
    scenario = load_scenario(name)
    told = ", ".join(f"{part} {1e3 * seconds:.1f} ms" for part, seconds in parts_of_one(scenario).items())
    print(f"one replication, CPU: {told}")
    one, two, ratio = rates(scenario, int(replications), 1)
    print(f"1 worker:  {one.per_second:.0f} replications/s (after {one.start_seconds:.1f} s)")
    print(
        f"2 workers: {two.per_second:.0f} replications/s (after {two.start_seconds:.1f} s), {ratio:.2f} times as many"
    )
    print(f"10,000 replications with 2 workers: about {10_000 / two.per_second + two.start_seconds:.0f} s")
    few, many = (parent_memory_mb(name, count) for count in (FEW, int(replications)))
    print(f"peak memory of the parent: {few:.0f} MB for {FEW} replications, {many:.0f} MB for {replications}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print(own_memory_mb(sys.argv[2], int(sys.argv[3])))
    else:
        main(*sys.argv[1:3])
