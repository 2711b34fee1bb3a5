"""The examples for users' continuous integration: parsed, and their steps run in a project of a user's."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

TREE = Path(__file__).parents[2]
EXAMPLES = TREE / "examples" / "ci"
FIXTURES = TREE / "tests" / "regression_scenarios"
WORKFLOW = yaml.safe_load((EXAMPLES / ".github/workflows/minsim.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((EXAMPLES / ".pre-commit-config.yaml").read_text("utf-8"))
STEPS = {step["name"]: step for step in WORKFLOW["jobs"]["regress"]["steps"] if "run" in step}


@pytest.fixture
def project(tmp_path):
    """A user's project, with a `minsim` on the path that runs this tree."""
    shutil.copytree(
        FIXTURES / "scenarios", tmp_path / "scenarios", ignore=lambda _, names: set(names) - {"ban.yaml", "chain.yaml"}
    )
    shutil.copytree(
        FIXTURES / "baselines", tmp_path / "baselines", ignore=lambda _, names: set(names) - {"ban.yaml", "chain.yaml"}
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "minsim").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m minsim "$@"\n', "utf-8")
    (tools / "gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > gh-arguments.txt\n', "utf-8")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return tmp_path


def run_step(project, name, **variables):
    """Run a step as GitHub does: bash that stops at the first error."""
    command = re.sub(r"^python -m pip install minsim$", "minsim --version", STEPS[name]["run"])
    environment = os.environ | variables | {
        "PATH": f"{project / 'tools'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(TREE),
        "GITHUB_STEP_SUMMARY": str(project / "summary.md"),
    }  # fmt: skip
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(shell, capture_output=True, text=True, cwd=project, env=environment, check=False)


def test_the_steps_are_those_tested_here():
    assert list(STEPS) == ["Install", "Validate", "Regress", "Summary", "Comment"]
    assert WORKFLOW["permissions"] == {"contents": "read", "pull-requests": "write"}
    # YAML 1.1 reads the key `on` as true; GitHub does not mind.
    assert set(WORKFLOW[True]) == {"push", "pull_request"}


@pytest.mark.slow
def test_the_workflow_passes_where_nothing_changed(project):
    for name in ("Install", "Validate", "Regress", "Summary"):
        done = run_step(project, name)
        assert done.returncode == 0, done.stdout + done.stderr
    assert ElementTree.parse(project / "regress.xml").getroot().get("failures") == "0"
    assert "all 2 scenarios are as their baselines say" in (project / "summary.md").read_text("utf-8")


@pytest.mark.slow
def test_the_workflow_fails_and_comments_where_an_outcome_changed(project):
    path = project / "scenarios" / "ban.yaml"
    path.write_text(path.read_text("utf-8").replace("duration_days: 100", "duration_days: 130"), "utf-8")
    assert run_step(project, "Validate").returncode == 0
    assert run_step(project, "Regress").returncode == 1
    assert run_step(project, "Comment", PULL_REQUEST="https://example.org/pull/1").returncode == 0
    assert (project / "gh-arguments.txt").read_text("utf-8").split()[:5] == [
        "pr", "comment", "https://example.org/pull/1", "--body-file", "regress.md"
    ]  # fmt: skip
    assert "ban" in (project / "regress.md").read_text("utf-8")
    assert list((project / "drifts").glob("ban-*.png"))


@pytest.mark.slow
def test_the_workflow_stops_at_a_broken_scenario(project):
    (project / "scenarios" / "broken.yaml").write_text("format: 1\n", "utf-8")
    assert run_step(project, "Validate").returncode == 2
    assert run_step(project, "Regress").returncode == 2
    assert run_step(project, "Summary").returncode == 0


@pytest.mark.slow
def test_the_hook_takes_scenarios_and_finds_broken_ones(project):
    (hook,) = HOOKS["repos"][0]["hooks"]
    assert HOOKS["repos"][0]["repo"] == "local"
    (project / "scenarios" / "broken.yaml").write_text("format: 1\n", "utf-8")
    every = sorted(str(path.relative_to(project).as_posix()) for path in project.rglob("*.yaml"))
    taken = [name for name in every if re.search(hook["files"], name)]
    assert taken == ["scenarios/ban.yaml", "scenarios/broken.yaml", "scenarios/chain.yaml"]

    def run_hook(names):
        command = [str(project / "tools" / "minsim"), *hook["entry"].split()[1:], *names]
        environment = os.environ | {"PYTHONPATH": str(TREE)}
        return subprocess.run(command, capture_output=True, text=True, cwd=project, env=environment, check=False)

    assert run_hook(["scenarios/ban.yaml", "scenarios/chain.yaml"]).returncode == 0
    failed = run_hook(taken)
    assert failed.returncode == 2
    assert "scenarios/broken.yaml" in failed.stderr
