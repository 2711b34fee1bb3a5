"""How many replications a second does an ensemble of the headline scenario reach, with one worker and with two?

Prints, from this one run: the parts of a replication in one process, the rate with one and with two workers (start-up of the
workers apart), and the memory of the parent. Absolute numbers depend on the machine, and on what else it does.

    python benchmarks/ensemble.py [SCENARIO] [REPLICATIONS]
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from minsim.loading import Scenario, load_scenario
from minsim.risk import ensemble
from minsim.risk.replications import Experiment, Replicator


def rate(scenario: Scenario, replications: int, jobs: int) -> tuple[float, float]:
    """Replications a second once all workers are at work, and seconds until then."""
    marks: list[tuple[float, int]] = []

    def note(done: int, wanted: int) -> None:
        marks.append((time.perf_counter(), done))

    began = time.perf_counter()
    ensemble(scenario, replications, jobs=jobs, chunk=16, progress=note)
    warm = marks[2 * jobs]  # every worker has imported, compiled or loaded, and finished a chunk
    last = marks[-1]
    return (last[1] - warm[1]) / (last[0] - warm[0]), warm[0] - began


def parts_of_one(scenario: Scenario, rounds: int = 60) -> None:
    """Median time of building the network, simulating and measuring, in this process."""
    from minsim.engine import simulate
    from minsim.metrics import measure_consumers

    replicator = Replicator(Experiment.of(scenario, None))
    replicator.measure(replicator.draws(0))
    times: dict[str, list[float]] = {"network": [], "simulation": [], "metrics": [], "all": []}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        found = function()
        times[name].append(time.perf_counter() - began)
        return found

    for k in range(rounds):
        draws = replicator.draws(k)
        network = timed("network", lambda: replicator.network(draws))  # noqa: B023
        record = timed("simulation", lambda: simulate(network))  # noqa: B023
        timed("metrics", lambda: measure_consumers(record))  # noqa: B023
        timed("all", lambda: replicator.measure(draws))  # noqa: B023
    told = ", ".join(f"{name} {1e3 * statistics.median(own):.1f} ms" for name, own in times.items())
    kind = "events redrawn" if replicator.redrawable else "built anew"
    print(f"one replication ({kind}): {told}")


def main(name: str = "magnet-ban", replications: str = "800") -> None:
    """Measure one scenario."""
    scenario = load_scenario(name)
    parts_of_one(scenario)
    one, start_one = rate(scenario, int(replications), 1)
    two, start_two = rate(scenario, int(replications), 2)
    print(f"1 worker:  {one:.0f} replications/s (after {start_one:.1f} s)")
    print(f"2 workers: {two:.0f} replications/s (after {start_two:.1f} s), {two / one:.2f} times as many")
    print(f"10,000 replications with 2 workers: about {10_000 / two + start_two:.0f} s")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:3])
