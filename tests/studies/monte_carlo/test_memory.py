"""Memory of an ensemble's parent does not grow with the replications: they are on disk."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "ensemble.py"
BAR_MB, AT = 150, 10_000


def parent_mb(scenario: Path, replications: int) -> float:
    """Peak memory of a process that runs and saves an ensemble with two workers [MB]."""
    command = [sys.executable, str(BENCHMARK), "--memory", str(scenario), str(replications)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.slow
def test_the_parent_keeps_next_to_nothing_of_a_replication(uncertain_events, tmp_path):
    scenario = tmp_path / "salt.yaml"
    scenario.write_text(yaml.safe_dump(uncertain_events.resolved))
    few, many = (parent_mb(scenario, count) for count in (10, 1010))
    assert many - few < BAR_MB / AT * 1000
