"""Ensembles: the same bits for any number of workers, resumed after any interruption, failures recorded."""

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet
import pytest
import yaml

from minsim.errors import OutputError, SimulationError
from minsim.studies import ensemble
from minsim.studies.monte_carlo.replications import Experiment
from minsim.studies.monte_carlo.store import ReplicationStore, missing_runs


def same(a, b):
    np.testing.assert_array_equal(a.replications, b.replications)
    np.testing.assert_array_equal(a.values, b.values)
    assert a.summary() == b.summary()
    assert a.fan_rows == b.fan_rows


class Backwards(concurrent.futures.Executor):
    """Computes nothing until somebody waits, then the last task first."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, /, *arguments):
        future = concurrent.futures.Future()
        self.waiting.append((future, function, arguments))
        if len(self.waiting) == 4:
            self.flush()
        return future

    def flush(self):
        for future, function, arguments in reversed(self.waiting):
            future.set_result(function(*arguments))
        self.waiting = []


def test_the_same_for_any_chunk_and_order(uncertain_use, tmp_path):
    plain = ensemble(uncertain_use, 24)
    same(plain, ensemble(uncertain_use, 24, chunk=5))
    same(plain, ensemble(uncertain_use, 24, chunk=1, executor=Backwards(), jobs=2))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        same(plain, ensemble(uncertain_use, 24, chunk=7, executor=pool))


@pytest.mark.slow
def test_the_same_for_any_number_of_workers(uncertain_use):
    same(ensemble(uncertain_use, 24, chunk=3), ensemble(uncertain_use, 24, jobs=2, chunk=4))


def test_files_are_the_same_bytes_whatever_the_chunks(uncertain_use, tmp_path):
    for name, chunk in (("a", 3), ("b", 10)):
        ensemble(uncertain_use, 20, chunk=chunk, out=tmp_path / name).save(tmp_path / name)
    for file in ("summary.json", "replications.parquet", "fan.csv", "fan.png", "manifest.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_an_ensemble_goes_on_where_it_stopped(uncertain_use, tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    def stop(done, wanted):
        if done >= 12:
            raise Stop

    with pytest.raises(Stop):
        ensemble(uncertain_use, 24, chunk=4, out=tmp_path, progress=stop)
    assert len(list((tmp_path / "parts").glob("part-*.parquet"))) == 3
    seen = []
    again = ensemble(uncertain_use, 24, chunk=5, out=tmp_path, progress=lambda done, wanted: seen.append(done))
    assert seen[0] == 12
    same(again, ensemble(uncertain_use, 24))
    same(ensemble(uncertain_use, 10, out=tmp_path), ensemble(uncertain_use, 10))  # fewer: the first of them


def test_another_experiment_in_the_folder_is_an_error(uncertain_use, uncertain_events, tmp_path):
    ensemble(uncertain_use, 4, out=tmp_path)
    with pytest.raises(OutputError, match=r"another experiment: scenario hash .* give another folder, or remove"):
        ensemble(uncertain_events, 4, out=tmp_path)
    with pytest.raises(OutputError, match="another experiment: seed 7 there, 8 here"):
        ensemble(uncertain_use, 4, seed=8, out=tmp_path)


def test_a_foreign_or_broken_part_is_an_error(uncertain_use, tmp_path):
    ensemble(uncertain_use, 4, out=tmp_path)
    (tmp_path / "parts" / "part-00000004-00000007.parquet").write_bytes(b"half a fi")
    with pytest.raises(OutputError, match="was not written by minsim"):
        ensemble(uncertain_use, 8, out=tmp_path)


def test_two_at_once_in_a_folder_are_refused(uncertain_use, tmp_path):
    parts = ReplicationStore(tmp_path, Experiment.of(uncertain_use, None))
    with parts.opened(), pytest.raises(OutputError, match="another minsim is writing"):
        ensemble(uncertain_use, 4, out=tmp_path)


def test_no_distributions_no_spread(certain):
    found = ensemble(certain, 8)
    lost = found.metrics.query("metric == 'shortfall_days' and region == 'Southland'").iloc[0]
    assert lost["mean"] > 0
    assert (lost["sd"], lost["se"]) == (0.0, 0.0)
    assert lost["q05"] == lost["q95"] == lost["mean"]
    assert set(found.probability["probability"]) <= {0.0, 1.0}
    assert "in nearly every replication" in found.answer().headline


def test_failures_are_recorded_and_the_rest_go_on(failing):
    found = ensemble(failing, 16)
    assert 0 < len(found.failures) < 16
    assert len(found.replications) == 16 - len(found.failures)
    assert {f.replication for f in found.failures}.isdisjoint(found.replications.tolist())
    assert all("availability" in failure.cause for failure in found.failures)
    assert "failed and" in str(found.answer())


def test_failures_survive_on_disk(failing, tmp_path):
    first = ensemble(failing, 16, out=tmp_path, chunk=1)  # parts without a single good replication among them
    same(first, ensemble(failing, 16, out=tmp_path))
    first.save(tmp_path, plot=False)
    table = pyarrow.parquet.read_table(tmp_path / "replications.parquet").to_pandas()
    assert table["replication"].nunique() == len(first.replications)


def test_all_failing_is_an_error(failing):
    hopeless = failing.with_overrides(
        {"materials.salt.stages.mine.utilisation": {"dist": "uniform", "low": 0.92, "high": 0.95}}
    )
    with pytest.raises(SimulationError, match="not one of 4 replications could be computed: BalanceError"):
        ensemble(hopeless, 4)


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_stopping_at_a_standard_error_does_not_depend_on_chunks(uncertain_events, sampler):
    wanted = 9.0
    found = [
        ensemble(uncertain_events, 5000, until_se_days=wanted, chunk=chunk, sampler=sampler, executor=executor)
        for chunk, executor in ((64, None), (37, None))
    ]
    assert found[0].stopped
    assert found[0].count == found[1].count < 5000
    assert max(found[0].days_lost(place).se for place in range(2)) <= wanted
    same(*found)


@pytest.mark.slow
def test_sobol_points_are_uniform_and_tell_a_smaller_error(uncertain_events):
    smooth = uncertain_events.with_overrides({"events.ban.probability": 1.0, "events.flood": None})
    plain, sobol = (ensemble(smooth, 512, sampler=sampler) for sampler in ("random", "sobol"))
    place = plain.ranked[0]
    a, b = plain.days_lost(place), sobol.days_lost(place)
    assert abs(a.value - b.value) < 4 * (a.se + b.se)
    assert b.se < a.se / 2


def test_the_summary_is_strict_json_and_complete(uncertain_events):
    summary = json.loads(json.dumps(ensemble(uncertain_events, 16).summary(), allow_nan=False))
    assert summary["replications"] == 16
    probabilities = [r for r in summary["probability_of_shortfall"] if r["region"] == "Southland"]
    assert [r["by"] for r in probabilities][-2:] == ["2026-12-01", "2026-12-31"]
    values = [r["probability"] for r in probabilities]
    assert values == sorted(values)
    assert {r["region"] for r in summary["cvar_95"]} == {"Northland", "Southland"}
    stock = [r for r in summary["metrics"] if r["metric"] == "stockpile_opening_days"]
    assert [r["region"] for r in stock] == ["Southland"]
    assert stock[0]["mean"] == pytest.approx(20.0)


def test_frames_agree_with_the_values(uncertain_events):
    found = ensemble(uncertain_events, 8)
    assert len(found.frame) == 8 * 2
    south = found.frame.query("region == 'Southland'")
    assert south["shortfall_days"].mean() == pytest.approx(found.days_lost(1).value)
    assert south["onset_date"].dropna().dt.year.eq(2026).all()
    assert set(found.fan.columns) == {"week", "material", "region", "q05", "q25", "q50", "q75", "q95"}


def test_missing_runs_fill_gaps_and_never_overlap():
    class Part:
        def __init__(self, first, last):
            self.first, self.last = first, last

    held = [Part(4, 7), Part(10, 10), Part(30, 40)]
    runs = list(missing_runs(held, 20, 3))
    assert runs == [(0, 2), (3, 3), (8, 9), (11, 13), (14, 16), (17, 19)]


# ------------------------------------------------------------------------------------------------------------------ kills


def workers_of(pid):
    """Worker processes of an ensemble; multiprocessing starts one more that only tidies up."""
    out = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in out.stdout.splitlines() if "spawn_main" in line]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


PATIENCE_S = 600
"""Ends a wait for what never comes; nothing that works takes so long, on however busy a machine."""
ENDLESS = 1_000_000
"""Replications of an ensemble that is still running whenever its test has seen the first of them."""


def wait_for(condition):
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def start(uncertain_use, tmp_path):
    """Starts `minsim ensemble` on a file, in a process group of its own."""
    file = tmp_path / "salt.yaml"
    file.write_text(yaml.safe_dump(uncertain_use.resolved), "utf-8")
    running = []

    def start(replications):
        command = [sys.executable, "-m", "minsim", "ensemble", str(file), "-n", str(replications), "--jobs", "2",
                   "--no-plot", "--out", str(tmp_path / "out")]  # fmt: skip
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def parts_in(folder):
    return len(list((folder / "out" / "parts").glob("part-*.parquet")))


def wait_for_parts(process, folder, count):
    """Wait until a running ensemble has written so many parts."""
    wait_for(lambda: parts_in(folder) >= count or process.poll() is not None)
    assert process.poll() is None, process.communicate()


@pytest.mark.slow
def test_killed_as_parts_are_written_it_goes_on_and_ends_the_same(uncertain_use, start, tmp_path):
    """A worker is killed, then the parent; what either left behind serves the ensemble that ends."""
    for victim in ("worker", "parent"):
        process = start(ENDLESS)
        wait_for_parts(process, tmp_path, parts_in(tmp_path) + 1)
        workers = workers_of(process.pid)
        os.kill(workers[-1] if victim == "worker" else process.pid, signal.SIGKILL)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == (1 if victim == "worker" else -signal.SIGKILL)
        if victim == "worker":
            assert "Traceback" not in errors
        wait_for(lambda: not any(map(alive, workers)))  # noqa: B023
    assert parts_in(tmp_path) >= 2
    process = start(600)
    output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert "In 90% of replications" in output
    same(ensemble(uncertain_use, 600), ensemble(uncertain_use, 600, out=tmp_path / "out"))
    assert not list((tmp_path / "out" / "parts").glob(".*.tmp"))


@pytest.mark.slow
def test_ctrl_c_leaves_no_orphan_and_no_half_written_file(start, tmp_path):
    process = start(ENDLESS)
    wait_for_parts(process, tmp_path, 1)
    workers = workers_of(process.pid)
    assert workers
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in errors
    wait_for(lambda: not any(map(alive, workers)))
    assert not list((tmp_path / "out" / "parts").glob(".*.tmp"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["parts"]
