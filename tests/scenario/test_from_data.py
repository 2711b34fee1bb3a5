"""`from_data`: a scenario filled in from the tables says what `minsim new` writes, and what stands beside it overrides."""

import datetime as dt

import pytest

import minsim
from minsim.reference import new_scenario
from minsim.scenario import scenario_from_mapping

HEAD = """\
format: 1
title: Gallium in my words
description: Who runs short?
group: Mine
as_of: 2026-02-05
start: 2026-02-05
end: 2028-12-31
seed: 1
"""
SAME = {"title": "Gallium in my words", "description": "Who runs short?", "group": "Mine"}


@pytest.fixture
def load(tmp_path):
    def loaded(text, name="mine"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return minsim.load_scenario(path)

    return loaded


@pytest.fixture
def problems(load):
    def found(text):
        with pytest.raises(minsim.ScenarioError) as caught:
            load(text)
        return [(problem.line, problem.path, problem.message) for problem in caught.value.problems]

    return found


def written(*materials):
    """What `minsim new` writes of some materials, under the head above."""
    return scenario_from_mapping(new_scenario.scenario_mapping("x", materials) | SAME, name="mine")


@pytest.mark.parametrize("materials", [("gallium",), ("gallium", "antimony", "natural-graphite")])
def test_it_says_what_new_writes(load, materials):
    filled = load(HEAD + "materials:\n" + "".join(f"  {key}: {{from_data: {key}}}\n" for key in materials))
    assert filled == written(*materials)
    assert filled.resolved == written(*materials).resolved
    assert [(i.path, i.value, i.source, i.note) for i in filled.inputs()] == [
        (i.path, i.value, i.source, i.note) for i in written(*materials).inputs()
    ]


def test_it_runs_to_the_same_bits_as_the_library_scenario_made_by_new(load):
    """`gallium-germanium-antimony-2026` was written by `minsim new`."""
    names = ("gallium", "germanium", "antimony")
    filled = load(HEAD + "materials:\n" + "".join(f"  {key}: {{from_data: {key}}}\n" for key in names))
    ours, theirs = (minsim.run(s, bracket=False) for s in (filled, "gallium-germanium-antimony-2026"))
    assert ours.daily.equals(theirs.daily)
    assert ours.trade.equals(theirs.trade)


def test_what_stands_beside_it_is_merged_by_key_and_null_deletes(load):
    scenario = load(
        HEAD
        + """\
sources:
  mine: {title: My own}
materials:
  gallium:
    from_data: gallium
    title: Ga
    price_usd_per_kg: null
    consumers:
      United States: {stock_days: {value: 11, source: mine}}
"""
    )
    ours, theirs = (s.model.materials["gallium"] for s in (scenario, written("gallium")))
    assert (ours.title, ours.price_usd_per_kg) == ("Ga", None)
    assert ours.consumers["United States"].stock_days.value == 11
    assert ours.consumers["United States"].demand_t_per_year == theirs.consumers["United States"].demand_t_per_year
    assert {name: c for name, c in ours.consumers.items() if name != "United States"} == {
        name: c for name, c in theirs.consumers.items() if name != "United States"
    }
    assert set(scenario.model.sources) > {"mine", "usgs-mcs-2026"}


def test_it_works_beside_extends_and_in_what_is_extended(load):
    load(HEAD + "materials:\n  gallium: {from_data: gallium}\n", name="parent")
    child = load(
        "format: 1\nextends: parent.yaml\nmaterials:\n"
        "  gallium: {consumers: {Japan: {stock_days: {value: 3, source: assumption, note: mine}}}}\n"
        "  germanium: {from_data: germanium}\n",
        name="child",
    )
    assert set(child.model.materials) == {"gallium", "germanium"}
    assert child.model.materials["gallium"].consumers["Japan"].stock_days.value == 3
    assert child.model.materials["germanium"] == written("gallium", "germanium").model.materials["germanium"]


def test_a_scenario_in_memory_may_use_it():
    mapping = {"format": 1, **SAME, "as_of": "2026-02-05", "start": dt.date(2026, 2, 5), "end": "2028-12-31", "seed": 1}
    filled = scenario_from_mapping(mapping | {"materials": {"gallium": {"from_data": "gallium"}}}, name="mine")
    assert filled == written("gallium")
    assert scenario_from_mapping(filled.resolved, name="mine") == filled


def test_what_cannot_be_filled_in_is_said_all_at_once_with_its_line(problems):
    found = problems(
        HEAD + "materials:\n  a: {from_data: galium}\n  b: {from_data: nickel}\n  c: {from_data: 7}\n"
        "  magnets:\n    from_data: magnets\n"
    )
    assert [(line, path) for line, path, _ in found] == [
        (10, "materials.a.from_data"),
        (11, "materials.b.from_data"),
        (12, "materials.c.from_data"),
        (14, "materials.magnets.from_data"),
    ]
    galium, nickel, number, magnets = (message for _, _, message in found)
    assert galium == 'unknown material "galium"; did you mean "gallium"?'
    assert nickel.startswith("nickel is for screening only: its tables carry no chain. Those that do: ")
    assert number == "expected the name of a material, got 7"
    assert "say `extends: rare-earth-magnets-2026` instead" in magnets


def test_a_mistake_in_what_is_filled_in_names_the_line_of_from_data(problems):
    found = problems(
        HEAD
        + "materials:\n  gallium:\n    from_data: gallium\n    stages: {process: {producers: {China: {share: 0.1}}}}\n"
    )
    assert any(path.startswith("materials.gallium.stages.process.producers") for _, path, _ in found)
    assert all(line in (11, 12) for line, _, _ in found)


def test_it_cannot_be_set_afterwards():
    with pytest.raises(minsim.ScenarioError, match='unknown key "from_data"'):
        written("gallium").with_overrides({"materials.gallium.from_data": "antimony"})
