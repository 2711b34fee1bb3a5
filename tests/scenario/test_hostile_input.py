"""Hostile and careless input: refused at once with a place and a fix, or handled; never a hang, a traceback or a command."""

from __future__ import annotations

import os
import unicodedata

import pytest
import yaml

from minsim.errors import Problem, ScenarioError
from minsim.scenario import load_scenario
from minsim.scenario.scenario import scenario_from_mapping

BASE = """
format: 1
title: Base
as_of: 2026-01-01
start: 2026-01-01
end: 2026-12-31
source: assumption
note: made for a test
materials:
  gallium:
    basis: metal
    price_usd_per_kg: 500
    stages:
      mine: {producers: {China: {share: 0.8}, Japan: {share: 0.2}}}
      process: {producers: {China: {share: 0.7}, Japan: {share: 0.3}}}
    prices: {reference_usd_per_kg: 500}
    trade: {lead_time_days: {default: 30, home: 5}}
    consumers:
      United States: {demand_t_per_year: 100, stock_days: 40}
      Japan: {demand_t_per_year: 50, stock_days: 40}
      China: {demand_t_per_year: 200, stock_days: 40}
events:
  ban:
    type: export_curb
    exporter: China
    importers: [United States]
    materials: [gallium]
    stage: process
    start: 2026-02-01
    duration_days: 120
    measure: {ban: true}
stockpiles:
  vault: {owner: United States, holds: {gallium: process}, target_days: 20}
"""
MATERIAL = "materials.gallium"


def scenario(**overrides):
    """The scenario above, some of whose values are others, by dotted path with `__` for the dots."""
    paths = {key.replace("__", "."): value for key, value in overrides.items()}
    return scenario_from_mapping(yaml.safe_load(BASE)).with_overrides(paths)


def refusals(overrides):
    with pytest.raises(ScenarioError) as caught:
        scenario(**overrides)
    return {problem.path: problem.message for problem in caught.value.problems}


def file_problems(path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return caught.value.problems


# ------------------------------------------------------------------------------------------------------------------ files


def test_pipes_devices_and_huge_files_are_refused_unread(tmp_path):
    pipe, huge = tmp_path / "pipe.yaml", tmp_path / "huge.yaml"
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(50_000_000)
    for path, telling in ((pipe, "a pipe"), ("/dev/zero", "a device"), (huge, "50.0 MB")):
        (problem,) = file_problems(path)
        assert telling in problem.message


@pytest.mark.parametrize("name", [b"\xff.yaml", b"a\x00b.yaml", b"a\x1b[2J.yaml", b"a\nb.yaml"])
def test_names_of_files_that_are_no_printable_text_are_refused(tmp_path, name):
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    if b"\x00" not in name:
        with open(path, "w", encoding="utf-8") as file:
            file.write(BASE)
    (problem,) = file_problems(path)
    assert "rename it" in problem.message
    str(problem).encode()


def test_too_many_values_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text("a: [" + "1, " * 250_000 + "]", encoding="utf-8")
    (problem,) = file_problems(path)
    assert "200,000 values" in problem.message


def test_a_long_line_of_extends_is_refused(tmp_path):
    for k in range(60):
        (tmp_path / f"s{k}.yaml").write_text(f"extends: s{k + 1}.yaml\n", encoding="utf-8")
    (problem,) = file_problems(tmp_path / "s0.yaml")
    assert "at most 20 files" in problem.message


@pytest.mark.parametrize(
    "text", ["a: &a {<<: *a, b: 1}", "a: &a {b: &b {<<: *a}}", "a: &a [*a]", "a: &a {<<: [*a]}", "a: &a {b: {c: *a}}"]
)
def test_aliases_that_hold_or_merge_themselves_are_refused(tmp_path, text):
    path = tmp_path / "ring.yaml"
    path.write_text(text, encoding="utf-8")
    assert any("aliases" in problem.message for problem in file_problems(path))


# ------------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("character", ["\x1b[2J", "\x9b2J", "\x07", "\r", "\x00", "\ud800", "\u202e", "\x85"])
def test_control_characters_are_refused_and_never_printed(character):
    for overrides in (
        {"title": f"a{character}b"},
        {"events__ban__title": f"a{character}b"},
        {"stockpiles__vault__owner": f"a{character}b"},
        {"note": character},
    ):
        with pytest.raises(ScenarioError) as caught:
            scenario(**overrides)
        assert "control character" in str(caught.value)
        assert character[0] not in str(caught.value)
        str(caught.value).encode()


@pytest.mark.parametrize(
    "line",
    ['title: "a\\e[2Jb"', '"t\\e[2J": 1', "title: !<%1b[2J> a", 'events: {"b\\x9b": 1}', '"a\\nb": 1', '"\\ud800": 1'],
)
def test_control_characters_of_a_file_are_refused_at_their_line(tmp_path, line):
    path = tmp_path / "escapes.yaml"
    path.write_text(f"{BASE.replace('title: Base', '')}\n{line}\n", encoding="utf-8")
    problems = file_problems(path)
    assert not set("\x1b\x9b\ud800") & set("".join(map(str, problems)))
    assert any(problem.line > len(BASE.splitlines()) - 2 for problem in problems)


def test_a_problem_shows_control_characters_as_escapes():
    assert str(Problem("a\x1b", 1, 1, "b\x9b", "c\x07\nd")) == "a\\x1b:1:1  b\\x9b\n    c\\x07\n    d"


@pytest.mark.parametrize(("here", "there"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_place_typed_in_two_ways_is_one_place(here, there):
    place = "Ñuñoa Ærøå"
    mapping = yaml.safe_load(BASE)
    mapping["materials"]["gallium"]["consumers"][unicodedata.normalize(here, place)] = {
        "demand_t_per_year": 10,
        "stock_days": 10,
    }
    mapping["regions"] = {"blocs": {"é": [unicodedata.normalize(there, place)]}}
    mapping["events"]["ban"]["importers"] = [unicodedata.normalize(there, place), unicodedata.normalize(there, "é")]
    found = scenario_from_mapping(mapping)
    assert found.model.events["ban"].importers[0] in found.model.materials["gallium"].consumers
    path = f"{MATERIAL}.consumers.{unicodedata.normalize(there, place)}.stock_days"
    changed = found.with_overrides({path: 20}).model.materials["gallium"].consumers
    assert changed[unicodedata.normalize("NFC", place)].stock_days.value == 20
    assert len(changed) == 4


# ---------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "bounds",
    [[20, 0.2], [-5, -1], [0, 0], [0, 20], [0.2, ".inf"], [1.5, 20], [0.2, 0.9], [-1, 20], [1e-320, 2], [1, 1e300]],
)
def test_price_bounds_lie_around_the_reference(bounds):
    (path,) = refusals({f"{MATERIAL}.prices.bounds": bounds})
    assert path.startswith(f"{MATERIAL}.prices.bounds")


@pytest.mark.parametrize("bounds", [[0.2, 20], [1, 1], [0.5, 1]])
def test_price_bounds_that_hold_the_reference_are_accepted(bounds):
    assert scenario(**{f"{MATERIAL}.prices.bounds": bounds}).model.materials["gallium"].prices.bounds == tuple(bounds)


def test_reversed_price_bounds_are_told_the_other_way_round():
    assert "did you mean [0.2, 20]?" in refusals({f"{MATERIAL}.prices.bounds": [20, 0.2]})[f"{MATERIAL}.prices.bounds"]


DEMAND = f"{MATERIAL}.consumers.Japan.demand_t_per_year"
SHOCK = {"type": "demand_shock", "materials": ["gallium"]}
OUTAGE = {"type": "outage", "producer": {"material": "gallium", "stage": "mine", "country": "China"}, "availability": 0}


@pytest.mark.parametrize(
    "overrides",
    [
        {DEMAND: 1e300},
        {DEMAND: {"dist": "lognormal", "mean": 100, "sd": ".inf"}},
        {DEMAND: {"dist": "lognormal", "mean": 100, "sd": 1e9}},
        {DEMAND: {"dist": "lognormal", "mean": ".inf", "sd": 1}},
        {DEMAND: {"dist": "uniform", "low": 1, "high": ".inf"}},
        {DEMAND: {"dist": "normal", "mean": 1, "sd": ".inf", "low": 0, "high": 2}},
        {DEMAND: {"dist": "choice", "values": [1, 2], "weights": [1, ".inf"]}},
        {f"{MATERIAL}.stages.process.yield": 1e-300},
        {"events.ban.start": "9999-12-31"},
        {"events.ban.start": "0001-01-01"},
        {"events.ban.duration_days": 1e12},
        {"events.shock": {**SHOCK, "factor": 1e300}},
        {"events.shock": {**SHOCK, "factor": 1e9}},
        {"events.fails": {**OUTAGE, "hazard": {"rate_per_year": 1e12, "repair_days": 0}}},
        {"end": "2928-12-31"},
        {"end": "9999-12-31"},
        {f"{MATERIAL}.consumers.Japan.growth_per_year": 10, "end": "2120-12-31"},
        {f"{MATERIAL}.stages.mine.growth_per_year": 10, "end": "2120-12-31"},
    ],
)
def test_numbers_beyond_all_measure_are_refused_at_their_place(overrides):
    found = refusals(overrides)
    named = next(iter(overrides))
    assert any(path.startswith(named) and "got" in message for path, message in found.items()), found


def test_a_horizon_beyond_a_hundred_years_is_simulated_if_meant():
    assert "long_horizon" in refusals({"end": "2126-12-31"})["end"]
    assert scenario(end="2126-12-31", long_horizon=True).model.long_horizon
    assert scenario(end="2125-12-31")


# ------------------------------------------------------------------------------------------------------------------ blocs


def test_a_bloc_within_a_bloc_means_its_places():
    blocs = {"A": ["B", "Japan"], "B": ["C"], "C": ["United States", "Japan"]}
    assert scenario(regions__blocs=blocs).model.regions.members["A"] == ("United States", "Japan")


@pytest.mark.parametrize(
    "blocs", [{"A": ["B"], "B": ["A"]}, {"A": ["A"]}, {"A": ["B"], "B": ["C"], "C": ["D"], "D": ["B"]}]
)
def test_blocs_in_a_ring_are_refused_by_name(blocs):
    (message,) = refusals({"regions.blocs": blocs}).values()
    assert "ring" in message
    assert " -> " in message


@pytest.mark.parametrize(
    ("at", "overrides"),
    [
        ("events.ban.importers", {"events.ban.importers": ["France"]}),
        ("events.ban.importers", {"regions.blocs": {"A": ["China"]}, "events.ban.importers": ["A"]}),
        ("events.ban.importers", {"regions.blocs": {"A": ["B"], "B": []}, "events.ban.importers": ["A"]}),
        ("regions.blocs.A", {"regions.blocs": {"A": []}}),
        ("stockpiles.vault.owner", {"stockpiles.vault.owner": "France"}),
        ("stockpiles.vault.members", {"stockpiles.vault.members": {"Japan": 1}}),
        ("events.x.lanes", {"events.x": {"type": "chokepoint", "lanes": ["China -> France"], "extra_days": 3}}),
        ("events.x.countries", {"events.x": {"type": "pandemic", "countries": ["France"], "availability": 0.5}}),
        ("events.x.regions", {"events.x": {**SHOCK, "regions": ["France"], "factor": 2}}),
        ("events.x.bloc", {"events.x": {"type": "trade_bloc", "bloc": "France"}}),
        ("events.x.importer", {"events.x": {"type": "tariff", "importer": "France", "exporters": ["China"],
                                            "materials": ["gallium"], "rate": 0.1}}),
        ("events.x.exporters", {"events.x": {"type": "tariff", "importer": "Japan", "exporters": ["France"],
                                             "materials": ["gallium"], "rate": 0.1}}),
        ("events.x.bloc", {"events.x": {"type": "price_floor", "bloc": "France", "materials": ["gallium"],
                                        "price_usd_per_kg": 600}}),
        ("events.x.exporter", {"events.x": {"type": "market_flood", "exporter": "France", "materials": ["gallium"],
                                            "discount": 0.2}}),
    ],
)  # fmt: skip
def test_what_reaches_nobody_is_warned_of(at, overrides):
    assert [warning for warning in scenario(**overrides).warnings if warning.startswith(f"{at}: ")]


def test_what_reaches_somebody_is_not_warned_of():
    assert scenario().warnings == ()


# ----------------------------------------------------------------------------------------------------- all problems at once


@pytest.mark.parametrize(
    "shape",
    [
        {"events.x": {"type": "demand_shock"}},
        {"events.x": {**SHOCK, "factor": "two"}},
        {"stockpiles.vault.target_days": "many"},
        {DEMAND: "10,5"},
        {DEMAND: {"dist": "uniform", "low": 2, "high": 1}},
        {f"{MATERIAL}.stages.mine.producers.China.share": 2},
    ],
)
def test_mistakes_of_shape_and_of_names_are_told_together(shape):
    named = {"events.ban.importers": ["Frnce"], "events.ban.exporter": "Chna", "events.ban.stage": "proces"}
    found = refusals({**shape, **named})
    assert {"events.ban.importers.0", "events.ban.exporter", "events.ban.stage"} <= set(found)
    assert any(path.startswith(next(iter(shape))) for path in found)
    assert len(found) == len(refusals(shape)) + 3
