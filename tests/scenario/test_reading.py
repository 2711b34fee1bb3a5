"""From YAML to `Scenario`: scalars, places, extends, overrides, round trips."""

import datetime as dt
import json
import math
import os
import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsim.errors import ScenarioError
from minsim.scenario import (
    Scenario,
    json_schema,
    library,
    library_folder,
    load_scenario,
    parse_override,
    scenario_from_mapping,
)
from minsim.scenario.format.numbers import Given, Triangular
from minsim.scenario.reading import inheritance

BASE = """\
format: 1
title: Salt <b>& pepper</b>
description: What if?
as_of: 2026-01-15
start: 2026-02-01
end: 2027-12-31
sources:
  survey: {title: A survey, date: 2026-01-01}
  talk: {title: A talk, confidence: memory}
materials:
  salt:
    basis: product
    source: survey
    stages:
      mine:
        producers:
          Chile: {share: 0.6}
          Peru: {share: 0.4, source: talk}
    consumers:
      Japan:
        demand_t_per_year: {value: 1.2e3, source: survey, note: rounded}
        stock_days: {dist: triangular, low: 20, mode: 30, high: 60}
    trade:
      lead_time_days: {default: 30, pairs: {"Chile -> Japan": 40}}
behaviour:
  salt: {switching_days: .inf, note: nobody switches}
events:
  curb:
    type: export_curb
    exporter: Chile
    materials: [salt]
    start: 2026-06-01
    duration_days: {value: 90, source: talk}
    measure: {ban: true}
    source: assumption
    note: a guess
  late:
    type: export_curb
    exporter: Peru
    materials: [salt]
    start: 2027-06-01
    measure: {cut: 0.5}
    note: another guess
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE, "utf-8")
    return tmp_path


@pytest.fixture
def base(folder):
    return load_scenario("base.yaml")


def child(folder, text, name="child.yaml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def only_problem(call, *arguments):
    with pytest.raises(ScenarioError) as caught:
        call(*arguments)
    [problem] = caught.value.problems
    return problem


# ------------------------------------------------------------------------------------------------------------------- YAML


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.0e9", 12e9),
        ("1e9", 1e9),
        ("2.0e6", 2e6),
        ("+.5", 0.5),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        ("null", None),
        ("~", None),
        ("2026-02-28", dt.date(2026, 2, 28)),
        ("2026-02-30", "2026-02-30"),
        ("'2026-02-28'", "2026-02-28"),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("{a: [1, no]}", {"a": [1, "no"]}),
        ("{<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}),
        ("{<<: [{a: 1}, {a: 2, b: 2}]}", {"a": 1, "b": 2}),
        ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    found = parse_override(f"a.b={text}")[1]
    assert (found, type(found)) == (value, type(value))


def test_a_date_in_a_scenario_is_a_date(base):
    assert base.model.start == dt.date(2026, 2, 1)
    assert base.model.sources["survey"].date == "2026-01-01"
    assert base.model.behaviour["salt"].switching_days == math.inf


def test_aliases_keep_the_place_of_their_anchor(folder):
    text = BASE.replace("Chile: {share: 0.6}", "Chile: &c {share: 0.6}").replace(
        "Peru: {share: 0.4, source: talk}", "Peru: {<<: *c, shar: 0.4}"
    )
    problem = only_problem(load_scenario, child(folder, text))
    assert problem.path.endswith("producers.Peru.shar")


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 9)),
            "aliases",
        ),
        ("a: &a {b: *a}\n", "aliases"),
        ("a: " + "[" * 5000 + "]" * 5000 + "\n", "nested more than"),
        ("a: " + "{a: " * 41 + "1" + "}" * 41 + "\n", "nested more than"),
        ("- format\n- 1\n", "expected a mapping of keys to values, got a list"),
        ("just text", "expected a mapping of keys to values"),
        ("? [a, b]\n: 1\n", "expected text as a key"),
        ("<<: 3\nformat: 1\n", "expected a mapping, or a list of them, after `<<:`"),
        ("a: *nowhere\n", "undefined alias"),
        ("a: b\x00\n", "save the file as UTF-8"),
    ],
)
def test_hostile_and_broken_documents(folder, text, telling):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(child(folder, text))
    assert any(telling in problem.message for problem in caught.value.problems)


def test_bytes_that_are_no_text(folder):
    (folder / "raw.yaml").write_bytes(b"title: caf\xe9\n")
    assert "UTF-8" in only_problem(load_scenario, "raw.yaml").message


def test_an_empty_file_misses_everything(folder):
    with pytest.raises(ScenarioError, match='missing key "materials"'):
        load_scenario(child(folder, "# nothing yet\n"))


def test_text_in_other_scripts_survives(folder):
    text = BASE.replace("What if?", "Was wäre, wenn… 稀土?")
    assert load_scenario(child(folder, text)).model.description == "Was wäre, wenn… 稀土?"


# ----------------------------------------------------------------------------------------------------- names and the library


@pytest.fixture
def shelf(folder, monkeypatch):
    """A library of two scenarios."""
    shelf = folder / "shelf"
    shelf.mkdir()
    (shelf / "salt-base.yaml").write_text(BASE, "utf-8")
    (shelf / "salt-short.yml").write_text("extends: salt-base\ntitle: Short\nevents: {late: null}\n", "utf-8")
    (shelf / "README.md").write_text("no scenario", "utf-8")
    monkeypatch.setattr(inheritance, "library_folder", lambda: shelf)
    return shelf


def test_the_library_knows_its_scenarios_by_stem(shelf):
    assert list(library()) == ["salt-base", "salt-short"]
    assert load_scenario("salt-short").name == "salt-short"
    assert list(load_scenario("salt-short").model.events) == ["curb"]


def test_library_folder_of_a_checkout_and_of_an_installation(tmp_path, monkeypatch):
    package = tmp_path / "minsim"
    package.mkdir()
    monkeypatch.setattr(inheritance, "__file__", str(package / "scenario" / "reading" / "inheritance.py"))
    assert library_folder() == tmp_path / "scenarios"
    assert library() == {}
    (package / "scenarios").mkdir()
    assert library_folder() == package / "scenarios"


def test_an_unknown_name(shelf):
    problem = only_problem(load_scenario, "salt-shrt")
    assert 'did you mean "salt-short"?' in problem.message
    assert "minsim list" in problem.message


def test_a_missing_file(folder):
    assert 'did you mean "base.yaml"?' in only_problem(load_scenario, "bsae.yaml").message
    assert "cannot be read" in only_problem(load_scenario, "nowhere/bsae.yaml").message
    (folder / "dir.yaml").mkdir()
    assert "cannot be read" in only_problem(load_scenario, "dir.yaml").message


def test_paths_and_strings_name_the_same_file(folder, base):
    assert load_scenario(folder / "base.yaml") == load_scenario("./base.yaml") == base


# ---------------------------------------------------------------------------------------------------------------- extends


def test_extends_merges_by_key_and_null_deletes(folder, base):
    path = child(
        folder,
        "extends: base.yaml\n"
        "title: Child\n"
        "events:\n"
        "  late: null\n"
        "  curb:\n"
        "    duration_days: 30\n"
        "    measure: {ban: null, cut: 0.25}\n"
        "materials: {salt: {consumers: {Japan: {stock_days: {value: 10, source: talk}}}}}\n",
    )
    scenario = load_scenario(path)
    assert (scenario.name, scenario.model.title, scenario.model.description) == ("child", "Child", "What if?")
    assert list(scenario.model.events) == ["curb"]
    curb = scenario.model.events["curb"]
    assert (curb.duration_days, curb.measure.cut, curb.measure.ban) == (30, 0.25, None)
    assert scenario.model.materials["salt"].consumers["Japan"].stock_days == Given(value=10, source="talk")
    assert "extends" not in scenario.resolved
    assert scenario.model.extends is None
    assert scenario.hash != base.hash


def test_lists_are_replaced_not_joined(folder):
    path = child(folder, "extends: base.yaml\nevents: {curb: {importers: [Japan]}}\n")
    grandchild = child(folder, "extends: child.yaml\nevents: {curb: {importers: [Peru]}}\n", "grandchild.yaml")
    assert load_scenario(path).model.events["curb"].importers == ("Japan",)
    assert load_scenario(grandchild).model.events["curb"].importers == ("Peru",)


def test_a_number_is_replaced_whole(folder):
    path = child(folder, "extends: base.yaml\nevents: {curb: {duration_days: {dist: uniform, low: 1, high: 2}}}\n")
    assert load_scenario(path).resolved["events"]["curb"]["duration_days"] == {"dist": "uniform", "low": 1, "high": 2}


def test_both_measures_after_merging_hint_at_null(folder):
    problem = only_problem(load_scenario, child(folder, "extends: base.yaml\nevents: {curb: {measure: {cut: 0.5}}}\n"))
    assert (problem.path, problem.file) == ("events.curb.measure", str(folder / "child.yaml"))
    assert "`ban: null`" in problem.message


def test_problems_name_the_file_they_stand_in(folder):
    child(folder, BASE.replace("share: 0.4", "share: 40").replace("basis: product", "basis: bags"), "parent.yaml")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(child(folder, "extends: parent.yaml\nseed: -1\nseed: -2\nevents: {crub: null}\n")))
    places = {(problem.file, problem.path) for problem in caught.value.problems}
    assert places == {
        ("parent.yaml", "materials.salt.basis"),
        ("parent.yaml", "materials.salt.stages.mine.producers.Peru.share"),
        (str(folder / "child.yaml"), "seed"),
        (str(folder / "child.yaml"), "events.crub"),
    }
    lines = {problem.path: problem.line for problem in caught.value.problems if problem.file == "parent.yaml"}
    assert lines["materials.salt.basis"] == BASE[: BASE.index("basis:")].count("\n") + 1


def test_deleting_what_the_parent_lacks_is_a_problem(folder):
    problem = only_problem(load_scenario, child(folder, "extends: base.yaml\nevents: {crub: null}\n"))
    assert 'there is no "crub" here; did you mean "curb"?' in problem.message


@pytest.mark.parametrize(
    ("named", "telling"),
    [
        ("../base.yaml", "got one outside"),
        ("sub/../../base.yaml", "got one outside"),
        ("/etc/passwd", "got an absolute one"),
        ("C:\\base.yaml", "got an absolute one"),
        ("link.yaml", "got one outside"),
        ("linked/base.yaml", "got one outside"),
        ("zzz/far.yaml", "no such file"),
        ("near.yml", 'no such file; did you mean "near.yaml"?'),
        ("salt-bse", 'no scenario "salt-bse" in the library; did you mean "salt-base"?'),
        ("../shelf/salt-base", "got one outside"),
        ("child.yaml", "goes round in a ring: child.yaml -> child.yaml"),
        ("5", "expected the name or the path of one scenario, got 5"),
        ("[a, b]", "expected the name or the path of one scenario, got a list"),
    ],
)
def test_extends_that_lead_nowhere_or_out(shelf, folder, named, telling):
    path = child(folder, f"extends: {named}\n", "in/child.yaml")
    child(folder, BASE, "in/near.yaml")
    os.symlink(folder / "base.yaml", folder / "in" / "link.yaml")
    os.symlink(folder, folder / "in" / "linked")
    problem = only_problem(load_scenario, path)
    assert problem.message.startswith("cannot extend ")
    assert telling in problem.message
    assert (problem.line, problem.path) == (1, "extends")


def test_a_long_ring(folder):
    for here, there in (("a", "b"), ("b", "c"), ("c", "a")):
        child(folder, f"extends: {there}.yaml\n", f"{here}.yaml")
    problem = only_problem(load_scenario, "a.yaml")
    assert "a.yaml -> b.yaml -> c.yaml -> a.yaml" in problem.message
    assert problem.file == "c.yaml"


def test_extends_below_and_by_library_name(shelf, folder):
    child(folder, "extends: salt-base\ntitle: Parent\n", "below/parent.yaml")
    assert load_scenario(child(folder, "extends: below/parent.yaml\nseed: 3\n")).model.title == "Parent"


def test_a_broken_parent_is_reported_at_its_place(folder):
    child(folder, "a: [1\n", "parent.yaml")
    problem = only_problem(load_scenario, child(folder, "extends: parent.yaml\n"))
    assert (problem.file, problem.line) == ("parent.yaml", 2)


def test_a_mapping_extends_the_library_only(shelf):
    assert scenario_from_mapping({"extends": "salt-base", "title": "Here"}).model.title == "Here"
    assert "can only extend one of the library" in only_problem(scenario_from_mapping, {"extends": "base.yaml"}).message


# --------------------------------------------------------------------------------------------------------------- overrides


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b.c=180", ("a.b.c", 180)),
        ("a=null", ("a", None)),
        ("a.b={dist: uniform, low: 1, high: 2}", ("a.b", {"dist": "uniform", "low": 1, "high": 2})),
        ("a.start=2026-01-01", ("a.start", dt.date(2026, 1, 1))),
        ("a=[b, c]", ("a", ["b", "c"])),
        ("a.pairs.Chile -> Japan=5", ("a.pairs.Chile -> Japan", 5)),
        ("a = x=y ", ("a", "x=y")),
    ],
)
def test_parse_override(text, expected):
    assert parse_override(text) == expected


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("events.curb", "expected PATH=VALUE"),
        ("=5", "expected PATH=VALUE"),
        ("a=", "PATH=null deletes"),
        ("a=[1", "cannot be read as YAML"),
        ("a={b: 1, b: 2}", "duplicate key"),
        ("a=!!python/none x", "the tag !!python/none is refused"),
    ],
)
def test_bad_overrides_of_the_command_line(text, telling):
    with pytest.raises(ScenarioError) as caught:
        parse_override(text)
    assert telling in str(caught.value)


def test_overrides_replace_and_delete(base):
    changed = base.with_overrides(
        {
            "seed": 9,
            "events.late": None,
            "events.curb.measure": {"cut": 0.5},
            "events.curb.start": dt.date(2026, 7, 1),
            "events.curb.home_first": False,
            "materials.salt.trade.home_preference": 2,
            "materials.salt.trade.lead_time_days.pairs.Chile -> Japan": np.float64(50),
            "materials.salt.consumers.Japan.stock_days": Triangular(dist="triangular", low=1, mode=2, high=3),
        }
    )
    assert changed.model.seed == 9
    assert list(changed.model.events) == ["curb"]
    assert changed.model.events["curb"].measure.cut == 0.5
    assert changed.model.events["curb"].start == dt.date(2026, 7, 1)
    assert changed.model.materials["salt"].trade.home_preference == Given(value=2, source="assumption", note="override")
    assert changed.model.materials["salt"].consumers["Japan"].stock_days.mode == 2
    assert base.model.seed == 0  # the scenario itself stays as it was
    assert changed.name == base.name


def test_overridden_numbers_do_not_pass_for_the_source_of_their_block(base):
    path = "materials.salt.stages.mine.producers.Chile.share"
    changed = base.with_overrides({path: 0.6, "events.curb.duration_days": {"dist": "uniform", "low": 1, "high": 2}})
    inputs = {entry.path: entry for entry in changed.inputs()}
    assert (inputs[path].source, inputs[path].note, inputs[path].kind) == ("assumption", "override", "assumption")
    assert inputs["events.curb.duration_days"].note == "override"
    assert changed.warnings == base.warnings


def test_a_new_event_by_override(base):
    event = {"type": "export_curb", "exporter": "Peru", "materials": ["salt"], "measure": {"cut": 0.1}}
    assert set(base.with_overrides({"events.new": event}).model.events) == {"curb", "late", "new"}


def test_an_override_that_mends_the_file(folder):
    path = child(folder, BASE.replace("share: 0.4", "share: 0.3"))
    assert load_scenario(path, {"materials.salt.stages.mine.producers.Peru.share": 0.4}).name == "child"


@pytest.mark.parametrize(
    ("path", "value", "telling"),
    [
        ("events.crub.duration_days", 3, 'unknown name "crub"; did you mean "curb"?'),
        ("events.crub", None, 'unknown name "crub"; did you mean "curb"?'),
        ("events.curb.duration", 3, 'unknown key "duration"; did you mean "duration_days"?'),
        ("event.curb", 3, 'unknown key "event"; did you mean "events"?'),
        ("extends", "base.yaml", 'unknown key "extends"'),
        ("title.x", 3, "title is a single value"),
        ("events.curb.materials.0", "salt", "events.curb.materials is a single value"),
        ("", 3, 'unknown key ""'),
        ("events.curb.duration_days", -3, "got -3"),
        ("events.curb.duration_days", "ten", 'got text "ten"'),
        ("events.curb.duration_days", math.nan, "got nan"),
        ("events.curb.measure", {"ban": True, "cut": 0.5}, "exactly one of"),
        ("events.curb.exporter", "Chili", 'did you mean "Chile"?'),
        ("events.curb.measure", {"cot": 0.5}, 'did you mean "cut"?'),
        ("materials", None, 'missing key "materials"'),
        ("seed", object(), "got an object of type object"),
    ],
)
def test_bad_overrides(base, path, value, telling):
    with pytest.raises(ScenarioError) as caught:
        base.with_overrides({path: value})
    assert telling in str(caught.value)
    assert path in {problem.path for problem in caught.value.problems} or "measure" in path
    assert {problem.line for problem in caught.value.problems if telling in problem.message} <= {0, 1}


def test_all_bad_overrides_are_reported_together(base):
    with pytest.raises(ScenarioError) as caught:
        base.with_overrides({"events.crub": None, "seed": -1, "materials.salt.basis": "bags"})
    assert [problem.path for problem in caught.value.problems] == ["events.crub", "materials.salt.basis", "seed"]


def test_without_and_only(base):
    assert list(base.without("curb").model.events) == ["late"]
    assert list(base.only("curb").model.events) == ["curb"]
    assert base.only("curb") == base.without("late")
    assert base.only().model.events == {}
    for change in (base.without, base.only):
        assert 'did you mean "curb"?' in only_problem(change, "crub").message


# -------------------------------------------------------------------------------------------------------------- a scenario


def test_resolved_round_trips_through_json(base):
    again = scenario_from_mapping(json.loads(json.dumps(base.resolved, allow_nan=False)), base.name)
    assert again == base
    assert again.hash == base.hash
    assert again.model == base.model
    assert base.resolved["start"] == "2026-02-01"
    assert base.resolved["behaviour"]["salt"]["switching_days"] == ".inf"


def test_it_pickles(base):
    assert pickle.loads(pickle.dumps(base)) == base
    assert {base: 1}[pickle.loads(pickle.dumps(base))] == 1


def shuffled(value, order):
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return value


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_keys_never_counts(seed):
    mapping = RESOLVED
    other = scenario_from_mapping(shuffled(mapping, random.Random(seed)))
    reference = scenario_from_mapping(mapping)
    assert other.hash == reference.hash
    assert other.model == reference.model
    assert repr(other.model) == repr(reference.model)  # the order of iteration too


RESOLVED = {
    **{"format": 1, "title": "t", "as_of": "2026-01-01", "start": "2026-01-01", "end": "2026-12-31"},
    "source": "assumption",
    "note": "a test",
    "materials": {
        "salt": {
            "basis": "product",
            "stages": {
                "process": {"producers": {"Peru": {"share": 0.5}, "Chile": {"share": 0.5}}, "yield": 0.5},
                "mine": {"producers": {"Peru": {"share": 0.1}, "Chile": {"share": 0.2}, "Japan": {"share": 0.7}}},
            },
            "consumers": {
                "Japan": {"demand_t_per_year": 3, "stock_days": 1},
                "Chile": {"demand_t_per_year": {"value": 3, "note": "so"}, "stock_days": 1},
            },
        }
    },
}


@given(number=st.one_of(st.floats(0, 1e12), st.integers(0, 10**12)))
@settings(max_examples=50, deadline=None)
def test_any_demand_round_trips(number):
    mapping = json.loads(json.dumps(RESOLVED))
    mapping["materials"]["salt"]["consumers"]["Japan"]["demand_t_per_year"] = number
    scenario = scenario_from_mapping(mapping)
    again = scenario_from_mapping(json.loads(json.dumps(scenario.resolved)))
    assert again.hash == scenario.hash
    assert again.model.materials["salt"].consumers["Japan"].demand_t_per_year == number


def test_hash_knows_numbers_not_their_spelling(base):
    same = scenario_from_mapping({**base.resolved, "seed": 0})
    assert same.hash != base.hash  # said, though it says what is so anyway
    one, other = (scenario_from_mapping({**RESOLVED, "format": value}) for value in (1, 1))
    assert one.hash == other.hash
    demand = json.loads(json.dumps(RESOLVED).replace('"demand_t_per_year": 3,', '"demand_t_per_year": 3.0,'))
    assert scenario_from_mapping(demand).hash == one.hash


def test_tables_may_carry_a_source(folder):
    text = BASE.replace("        producers:\n", "        producers:\n          source: talk\n          note: by ear\n")
    scenario = load_scenario(child(folder, text))
    assert set(scenario.model.materials["salt"].stages["mine"].producers) == {"Chile", "Peru"}
    share = {entry.path: entry for entry in scenario.inputs()}["materials.salt.stages.mine.producers.Chile.share"]
    assert (share.source, share.note, share.kind) == ("talk", "by ear", "memory")
    assert scenario_from_mapping(scenario.resolved).hash == scenario.hash


def test_inputs(base):
    inputs = {entry.path: entry for entry in base.inputs()}
    assert list(inputs) == sorted(inputs)
    told = {path: (e.value, e.text, e.unit, e.source, e.note, e.kind) for path, e in inputs.items()}
    japan = "materials.salt.consumers.Japan"
    assert told == {
        "behaviour.salt.switching_days": (math.inf, "inf", "days", None, "nobody switches", "assumption"),
        "events.curb.duration_days": (90, "90", "days", "talk", None, "memory"),
        "events.late.measure.cut": (0.5, "0.5", "", None, "another guess", "assumption"),
        f"{japan}.demand_t_per_year": (1200, "1200", "t/year", "survey", "rounded", "found"),
        f"{japan}.stock_days": (30, "triangular(low=20, mode=30, high=60)", "days", "survey", None, "found"),
        "materials.salt.stages.mine.producers.Chile.share": (0.6, "0.6", "", "survey", None, "found"),
        "materials.salt.stages.mine.producers.Peru.share": (0.4, "0.4", "", "talk", None, "memory"),
        "materials.salt.trade.lead_time_days.default": (30, "30", "days", "survey", None, "found"),
        "materials.salt.trade.lead_time_days.pairs.Chile -> Japan": (40, "40", "days", "survey", None, "found"),
    }


def test_html_is_escaped(base):
    page = base._repr_html_()
    assert "Salt &lt;b&gt;&amp; pepper&lt;/b&gt;" in page
    assert "<b>" not in page


def test_repr_is_short(base):
    assert repr(base) == "Scenario(name='base')"
    assert isinstance(base, Scenario)


# ------------------------------------------------------------------------------------------------------------- JSON Schema


def test_json_schema_leaves_room_for_extends():
    schema = json.loads(json.dumps(json_schema(), allow_nan=False))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["format"]
    assert "materials" in schema["then"]["required"]
    assert "required" not in schema["$defs"]["Consumer"]
    assert schema["$defs"]["Triangular"]["required"] == ["dist", "low", "mode", "high"]
    assert {"yield", "source"} <= schema["$defs"]["Producer"]["properties"].keys()
    assert schema["$defs"]["Consumer"]["properties"]["stock_days"]["description"]
    assert {"type": "null"} in schema["$defs"]["Consumer"]["properties"]["stock_days"]["anyOf"]


def test_the_committed_json_schema_is_the_present_one():
    committed = (library_folder() / "scenario.schema.json").read_text("utf-8")
    assert committed == json.dumps(json_schema(), indent=2, allow_nan=False) + "\n", (
        "the format has changed: minsim schema --out scenarios/scenario.schema.json"
    )


def test_every_library_file_names_its_json_schema():
    for path in library().values():
        first, _, _ = path.read_text("utf-8").partition("\n")
        assert first == "# yaml-language-server: $schema=scenario.schema.json", path.name
