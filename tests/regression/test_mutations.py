"""The regression notices a changed model: the register of changes fits the source, and a sample of it is run.

`python benchmarks/mutations.py` runs all of them, in several minutes.
"""

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def mutations():
    """The script, loaded from its file; it imports its list from beside it."""
    names = ("mutation_list", "mutations")
    for name in names:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    yield module
    for name in names:
        del sys.modules[name]


def test_every_change_fits_the_source(mutations):
    assert mutations.misfits(mutations.MUTATIONS) == []
    assert Counter(change.name for change in mutations.MUTATIONS).most_common(1)[0][1] == 1
    assert all(change.old != change.new for change in mutations.MUTATIONS)


def test_changes_cover_every_phase_and_every_module_of_events(mutations):
    phases = {change.part[0] for change in mutations.MUTATIONS if change.part[0].isdigit()}
    assert phases == set("2345678")
    modules = {path.name for path in mutations.MODEL.glob("simulation/events/*.py")} - {"__init__.py"}
    assert {change.file.removeprefix("simulation/events/") for change in mutations.MUTATIONS} >= modules


def test_the_register_notices_text_that_is_gone(mutations):
    stale = mutations.Mutation("stale", "", "", "simulation/world.py", "nobody wrote this", "")
    assert "stands 0 times" in mutations.misfits([stale])[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lead-minus-one", "week-of-memory", "review-a-day-longer", "authorised-a-day-late"])
def test_a_sample_is_caught(mutations, tmp_path, name):
    mutations.snapshot(tmp_path)
    (change,) = (change for change in mutations.MUTATIONS if change.name == name)
    outcome = mutations.judge(change, tmp_path)
    assert outcome.by == change.likely[0]
    assert outcome.drifts > 0


@pytest.mark.slow
def test_the_unchanged_model_is_not_caught(mutations, tmp_path):
    mutations.snapshot(tmp_path)
    outcome = mutations.judge(mutations.Mutation("control", "", "", "", "", ""), tmp_path)
    assert (outcome.by, outcome.first) == ("", "")
