"""The pytest plugin, in runs of pytest of their own."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from minsim.cli.main import main

FIXTURES = Path(__file__).parents[1] / "regression_scenarios"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A user's project: scenarios, baselines, a test of their own."""
    (tmp_path / "scenarios").mkdir()
    for name in ("ban", "chain"):
        shutil.copy(FIXTURES / "scenarios" / f"{name}.yaml", tmp_path / "scenarios")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    update = ["regress", "scenarios/ban.yaml", "scenarios/chain.yaml", "--baselines", "baselines", "--update"]
    assert CliRunner().invoke(main, update).exit_code == 0
    return tmp_path


def run_pytest(folder, *arguments):
    installed = any(point.name == "minsim" for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "minsim.regression.pytest_plugin"]
    root = Path(__file__).parents[2]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(root), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    }
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-v", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


@pytest.mark.slow
def test_does_nothing_unless_asked(project):
    done = run_pytest(project)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "scenario" not in done.stdout


def test_scenarios_are_tests(project):
    done = run_pytest(project, "--minsim-baselines", "baselines")
    assert done.returncode == 0, done.stdout
    assert "scenarios/ban.yaml::baseline PASSED" in done.stdout
    assert "3 passed" in done.stdout


@pytest.mark.slow
def test_a_drift_fails_in_plain_words(project):
    path = project / "scenarios" / "ban.yaml"
    path.write_text(path.read_text("utf-8").replace("duration_days: 100", "duration_days: 130"), "utf-8")
    (project / "baselines" / "chain.yaml").unlink()
    done = run_pytest(project, "--minsim-baselines", "baselines", "scenarios")
    assert done.returncode == 1
    assert "2 failed" in done.stdout
    assert "the question changed" in done.stdout
    assert "United States magnets, without rerouting: days of use lost " in done.stdout
    assert "to accept: minsim regress scenarios/ban.yaml --baselines baselines --update" in done.stdout
    assert "no baseline in" in done.stdout
    assert "Traceback" not in done.stdout
    assert "runtest" not in done.stdout


@pytest.mark.slow
def test_patterns_are_a_setting(project):
    (project / "scenarios").rename(project / "cases")
    (project / "pytest.ini").write_text("[pytest]\nminsim_scenarios = cases/b*.yaml\n", "utf-8")
    done = run_pytest(project, "--minsim-baselines", "baselines")
    assert "cases/ban.yaml::baseline PASSED" in done.stdout
    assert "chain" not in done.stdout


def test_loading_the_plugin_loads_nothing_heavy():
    code = "import sys, pytest; before = set(sys.modules); import minsim.regression.pytest_plugin; "
    code += "print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.partition(".")[0] for name in loaded}.isdisjoint(
        {"numpy", "numba", "pandas", "pydantic", "yaml", "click"}
    )
