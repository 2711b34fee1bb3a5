"""`minsim new`: a sourced scenario that validates, balances, and in which nothing goes short."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import minsim
from minsim.cli.main import EXIT_FAILED, EXIT_INVALID, main
from minsim.data.reference import chain_values, materials
from minsim.errors import OutputError, ScenarioError
from minsim.network.network import build_network
from minsim.reference.new_scenario import scenario_mapping, scenario_text, write_scenario
from minsim.scenario import load_scenario
from minsim.scenario.distributions import Draws

ROOT = Path(__file__).resolve().parents[2]
DEEP = [key for key, entry in materials().items() if entry.tier == "deep"]
BASES = {
    "gallium-germanium-antimony-2026": ["gallium", "germanium", "antimony"],
    "cobalt-2026": ["cobalt"],
}
"""Scenarios of the library that are what the tables say, and nothing else."""


@pytest.mark.parametrize("key", DEEP)
def test_every_deep_material_makes_a_scenario_without_shortfall(key, tmp_path):
    scenario = write_scenario(tmp_path / "fresh.yaml", [key])
    assert not scenario.warnings
    run = minsim.run(scenario.with_overrides({"end": "2027-02-04"}), bracket=False)
    assert run.daily.shortfall_t.max() == 0.0
    cover = run.daily.groupby(["material", "region"]).commercial_cover_days
    assert (cover.max() - cover.min()).max() < 1e-6


@pytest.mark.parametrize("key", [key for key in DEEP if not materials()[key].scenario])
def test_ranges_leave_a_balance(key, tmp_path):
    scenario = write_scenario(tmp_path / "fresh.yaml", [key])
    for replication in range(20):
        assert build_network(scenario, Draws(3, replication)).residual < 1e-6


def test_every_number_has_a_source_and_every_assumption_a_note(tmp_path):
    scenario = write_scenario(tmp_path / "fresh.yaml", [key for key in DEEP if not materials()[key].scenario])
    for number in scenario.inputs():
        assert number.source, number.path
        assert number.source != "assumption" or number.note, number.path


def test_what_the_united_states_use_is_what_the_tables_say():
    made = scenario_mapping("x", ["cobalt"])["materials"]["cobalt"]
    assert made["consumers"]["United States"]["demand_t_per_year"]["mode"] == 9600
    assert made["stages"]["process"]["producers"]["United States scrap"]["feed"] == "none"
    assert sum(p["share"] for p in made["stages"]["process"]["producers"].values()) == pytest.approx(1.0, abs=1e-9)


def test_magnets_extend_the_library(tmp_path):
    scenario = write_scenario(tmp_path / "both.yaml", ["magnets", "gallium"])
    assert {"magnets", "ndpr-oxide", "dytb-oxide", "gallium"} == set(scenario.model.materials)


def test_a_material_for_screening_has_no_chain():
    with pytest.raises(ScenarioError, match="nickel is for screening only"):
        scenario_mapping("x", ["nickel"])


def test_an_unknown_material_is_named_with_a_guess():
    with pytest.raises(ScenarioError, match='did you mean "gallium"'):
        scenario_mapping("x", ["galium"])


def test_a_file_is_never_overwritten_unasked(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n", encoding="utf-8")
    with pytest.raises(OutputError, match="there already"):
        write_scenario(path, ["gallium"])
    assert path.read_text(encoding="utf-8") == "mine\n"
    write_scenario(path, ["gallium"], force=True)
    assert load_scenario(path).model.materials


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def fails(*_: object) -> None:
        raise ScenarioError.single("no balance")

    monkeypatch.setattr("minsim.reference.new_scenario._balanced", fails)
    with pytest.raises(ScenarioError):
        write_scenario(tmp_path / "fresh.yaml", ["gallium"])
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        write_scenario(tmp_path / "nowhere" / "fresh.yaml", ["gallium"])


@pytest.mark.parametrize("name", BASES)
def test_bases_of_the_library_are_those_of_the_tables(name):
    mended = f"minsim new {name} --materials {','.join(BASES[name])} --out scenarios/{name}.yaml --force"
    written = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    assert written == scenario_text(scenario_mapping(name, BASES[name])), f"the tables changed; run {mended}"


def test_the_command_writes_and_refuses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["new", "chips", "--materials", "gallium,germanium"])
    assert done.exit_code == 0, done.output
    assert "wrote chips.yaml" in done.output
    assert load_scenario(tmp_path / "chips.yaml").model.title.startswith("chips: gallium and germanium")
    again = CliRunner().invoke(main, ["new", "chips", "--materials", "gallium"])
    assert (again.exit_code, "there already" in again.output) == (EXIT_FAILED, True)
    wrong = CliRunner().invoke(main, ["new", "other", "--materials", "galium"])
    assert (wrong.exit_code, "did you mean" in wrong.output) == (EXIT_INVALID, True)
    outside = CliRunner().invoke(main, ["new", "../other", "--materials", "gallium"])
    assert outside.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["chips.yaml"]


def test_ranges_are_kept_as_distributions():
    value = next(v for v in chain_values("tungsten", "demand") if v.country == "United States")
    made = scenario_mapping("x", ["tungsten"])["materials"]["tungsten"]["consumers"]["United States"][
        "demand_t_per_year"
    ]
    assert (made["dist"], made["low"], made["mode"], made["high"]) == ("triangular", value.low, value.value, value.high)
