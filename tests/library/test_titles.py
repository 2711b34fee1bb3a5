"""Scenarios on the reference data: their rules, and that each says what its title promises."""

from __future__ import annotations

from pathlib import Path

import pytest

import minsim
from minsim.scenario import load_scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
NAMES = (
    "gallium-germanium-antimony-suspension-ends",
    "drc-cobalt-quota",
    "japan-dual-use-ban",
    "european-magnets",
    "panama-chokepoint",
    "myanmar-stops",
    "pandemic",
)


@pytest.mark.parametrize("name", NAMES)
def test_scenarios_keep_the_rules(name):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    assert "as_of: 2026-02-05" in text
    scenario = load_scenario(name)
    assert "?" in scenario.model.description
    assert scenario.model.events
    assert not scenario.warnings
    assert all(number.source != "assumption" or number.note for number in scenario.inputs())


@pytest.fixture(scope="module")
def lost():
    def days(name: str, material: str, region: str, rerouting: str = "reference") -> float:
        if name not in runs:
            runs[name] = minsim.run(name)
        rows = runs[name].bracket
        wanted = (rows.material == material) & (rows.region == region) & (rows.rerouting == rerouting)
        return float(rows[wanted & (rows.metric == "shortfall_days")].value.item() or 0.0)

    runs: dict[str, minsim.Run] = {}
    return days


def test_the_canal_is_nearly_nothing_for_magnets(lost):
    assert lost("panama-chokepoint", "magnets", "United States", "none") < 1.0


def test_china_itself_is_hit_when_myanmar_stops(lost):
    assert lost("myanmar-stops", "magnets", "China") > 0.0


def test_a_ban_on_europe_is_felt_in_europe_alone(lost):
    assert lost("european-magnets", "magnets", "European Union") > 100.0
    assert lost("european-magnets", "magnets", "United States") == 0.0


def test_the_quota_bites_its_largest_buyer(lost):
    assert lost("drc-cobalt-quota", "cobalt", "China") > 0.0


@pytest.mark.parametrize("material", ["gallium", "germanium", "antimony"])
def test_only_antimony_is_lost_without_rerouting(lost, material):
    days = lost("gallium-germanium-antimony-suspension-ends", material, "United States", "none")
    assert (days > 10.0) == (material == "antimony")
