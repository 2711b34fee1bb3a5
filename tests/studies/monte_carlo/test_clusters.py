"""Ensembles and sweeps on a Dask cluster of separate processes: the same bits as in one process."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from minsim.cli.main import main
from minsim.errors import MinsimError
from minsim.studies import ensemble, size
from minsim.studies.monte_carlo.clusters import dask_cluster

pytest.importorskip("distributed")
PATIENCE_S = 600
"""Ends a wait for what never comes; nothing that works takes so long, on however busy a machine."""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler and two workers, each a process of its own; told by the file that the scheduler wrote."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    here = ["--scheduler-file", str(file), "--no-dashboard"]
    commands = [["scheduler", "--port", "0", "--host", "127.0.0.1", *here]]
    commands += [
        ["worker", "--nthreads", str(n), "--no-nanny", "--local-directory", str(folder), *here] for n in (1, 2)
    ]
    processes = []
    try:
        for command in commands:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
            end = time.monotonic() + PATIENCE_S
            while not file.exists() and time.monotonic() < end:
                time.sleep(0.1)
        yield str(file)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def with_both_workers(scheduler):
    """The cluster once both workers have joined."""
    from distributed import Client

    with Client(scheduler_file=scheduler, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE_S)
    return dask_cluster(scheduler)


@pytest.mark.slow
def test_the_same_bits_on_a_cluster(uncertain_use, scheduler):
    with with_both_workers(scheduler) as cluster:
        assert cluster.jobs == 2
        spread = ensemble(uncertain_use, 24, chunk=2, jobs=cluster.jobs, executor=cluster.executor)
        sized = size(uncertain_use, "reserve", "Southland", 0.8, replications=8, executor=cluster.executor)
    alone = ensemble(uncertain_use, 24, chunk=5)
    np.testing.assert_array_equal(spread.values, alone.values)
    assert spread.fan_rows == alone.fan_rows
    assert sized.rows == size(uncertain_use, "reserve", "Southland", 0.8, replications=8).rows


@pytest.mark.slow
def test_the_command_on_a_cluster_writes_the_same_files(uncertain_use, scheduler, tmp_path):
    file = tmp_path / "salt.yaml"
    file.write_text(yaml.safe_dump(uncertain_use.resolved), "utf-8")
    with with_both_workers(scheduler):
        pass
    common = ["ensemble", str(file), "-n", "12", "--no-plot", "--out"]
    for name, more in (("dask", ["--executor", "dask", "--scheduler", scheduler]), ("here", ["--jobs", "1"])):
        outcome = CliRunner().invoke(main, [*common, str(tmp_path / name), *more], catch_exceptions=False)
        assert outcome.exit_code == 0, outcome.stderr
    for name in ("replications.parquet", "summary.json", "fan.csv"):
        assert (tmp_path / "dask" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_scheduler_that_is_not_there_is_an_error(tmp_path):
    (tmp_path / "gone.json").write_text(json.dumps({"address": "tcp://127.0.0.1:9", "type": "Scheduler", "id": "x"}))
    with pytest.raises(MinsimError, match="no Dask scheduler answers at"), dask_cluster("tcp://127.0.0.1:9"):
        pass


def test_the_executor_and_its_scheduler_go_together():
    for given in (["--executor", "dask"], ["--scheduler", "tcp://127.0.0.1:9"]):
        outcome = CliRunner().invoke(main, ["ensemble", "magnet-ban", *given])
        assert outcome.exit_code == 2
        assert "go together" in outcome.stderr
