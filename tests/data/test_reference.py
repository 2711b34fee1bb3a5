"""Reference tables: well-formed, sourced, adding up; and what the script makes of facts."""

from __future__ import annotations

import csv
import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import pytest

from minsim.data import countries
from minsim.data.reference import (
    ANY,
    REST_OF_WORLD,
    chain_values,
    european_union,
    facts,
    materials,
    publications,
    stage_shares,
)

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"t", "t/year", "share", "USD/kg", "days"}
CHAIN_UNITS = {"t/year", "share", "days", "t/t", "factor", "yes or no"}
MEASURES = {
    "share", "scrap", "yield", "utilisation", "demand", "stock_days", "feed_stock_days", "trade_share", "home_only",
    "forbidden", "lead_days", "home_lead_days", "home_preference",
}  # fmt: skip
DEEP = [key for key, entry in materials().items() if entry.tier == "deep"]
STATED = [value for key in (*materials(), ANY) for value in chain_values(key)]


@pytest.mark.parametrize("fact", facts(), ids=lambda f: f"{f.material}-{f.measure}-{f.country}-{f.year}")
def test_every_figure_says_what_it_is_and_where_it_is_from(fact):
    assert fact.material in materials()
    assert fact.unit in UNITS
    assert fact.basis
    assert fact.source in publications()
    assert fact.url.startswith(("https://", "http://"))  # not every publisher has the former
    assert fact.licence
    assert fact.confidence in {"found", "derived"}
    for place in (fact.country, fact.partner):
        assert place in countries() | {"", "World"}
    assert fact.year[:4] == "2020" or 2020 < int(fact.year[:4]) <= 2026
    assert fact.value is not None or fact.share is not None


def test_shares_lie_between_nothing_and_everything():
    for fact in facts():
        for share in (fact.share, fact.value if fact.unit == "share" else None):
            assert share is None or 0.0 <= share <= 1.0
        assert fact.value is None or (fact.value >= 0.0 and math.isfinite(fact.value))


def test_terms_of_use_are_those_of_the_publication():
    for fact in facts():
        publication = publications()[fact.source]
        assert (fact.url, fact.licence) == (publication.url, publication.licence)


@pytest.mark.parametrize("key", materials())
def test_producers_of_every_stage_add_up_to_the_world(key):
    stages = dict.fromkeys((*materials()[key].stages, *(f.stage for f in facts(key, "production"))))
    for stage in stages:
        shares = stage_shares(key, stage)
        assert shares, f"{key}/{stage}"
        assert math.fsum(shares.values()) == pytest.approx(1.0, abs=1e-6), f"{key}/{stage}"


def test_the_rest_of_the_world_stands_last():
    assert list(stage_shares("cobalt", "mine"))[-1] == REST_OF_WORLD


@pytest.mark.parametrize("key", materials())
def test_every_material_has_a_price_and_a_reliance(key):
    if not materials()[key].scenario:
        assert len(facts(key, "price")) == 1
        assert facts(key, "net_import_reliance")


def test_prices_are_per_kilogram_of_what_the_material_counts():
    price = {key: facts(key, "price")[0].value for key in ("copper", "platinum", "lithium", "tungsten", "manganese")}
    assert price["copper"] == pytest.approx(490 / 100 / 0.45359237, rel=1e-5)  # cents a pound
    assert price["platinum"] == pytest.approx(1200 / 0.0311034768, rel=1e-5)  # dollars a troy ounce
    assert price["lithium"] == pytest.approx(9000 / 1000 / 0.18787, rel=1e-5)  # carbonate
    assert price["tungsten"] == pytest.approx(380 / 7.930, rel=1e-5)  # a unit of 10 kg of WO3
    assert price["manganese"] == pytest.approx(4.5 / 10)  # a unit of 10 kg


@pytest.mark.parametrize("value", STATED, ids=lambda v: f"{v.material}-{v.measure}-{v.stage}-{v.country}-{v.partner}")
def test_every_number_of_a_chain_has_a_source_and_a_reason(value):
    assert value.measure in MEASURES
    assert value.unit in CHAIN_UNITS
    assert value.source in {*publications(), "assumption"}
    assert value.note
    assert (value.low is None) == (value.high is None)
    if value.low is not None and value.high is not None:
        assert value.low <= value.value <= value.high
    for place in (value.country, value.partner):
        assert place in countries() | {""}
    if value.unit in {"share", "t/t"}:
        assert 0.0 <= value.value <= 1.0


def test_regional_use_that_nobody_publishes_is_an_assumption_with_a_range():
    for key in DEEP:
        for value in chain_values(key, "demand"):
            assert value.low is not None, f"{key} {value.country}"
            assert value.country == "United States" or value.source in {"assumption", "baci-hs17-2024"}


def test_members_of_the_european_union_count_together():
    members = [name for name in countries() if european_union(name) == "European Union"]
    assert len(members) == 27 + 1  # and the Union itself


def test_a_release_is_written_by_the_script(tmp_path):
    facts_folder = tmp_path / "facts"
    facts_folder.mkdir()
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "update_reference_data.py", facts_folder, "--to", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode != 0
    assert not list(tmp_path.glob("*.csv"))  # nothing is left of a folder that lacks its files


def test_tables_have_one_header():
    headers = set()
    for name in ("production", "use", "imports", "prices", "stocks"):
        with (ROOT / "minsim" / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            headers.add(tuple(next(csv.reader(file))))
    assert len(headers) == 1


def usgs(country: str, value: str, **given: str) -> dict[str, str]:
    row = {
        "mineral": "antimony", "stage": "mine", "measure": "production", "country": country, "year": "2026",
        "value": value, "qualifier": "", "unit": "t", "share": "", "confidence": "found", "note": "",
        "source_title": "USGS Mineral Commodity Summaries 2026 (data release, NMIC)",
    }  # fmt: skip
    return row | given


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("update_reference_data", ROOT / "tools" / "update_reference_data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_what_is_withheld_or_small_is_the_rest_of_the_world(script):
    rows = [usgs("Burma", "600"), usgs("Mexico", "5"), usgs("United States", "W"), usgs("World", "1000")]
    made = {row["country"]: row for row in script.shares_of_output("antimony", "mine", rows, "contained", "")}
    assert {country: float(row["share"]) for country, row in made.items()} == {"Myanmar": 0.6, "Rest of world": 0.4}
    assert "withheld: United States" in made["Rest of world"]["note"]


def test_countries_that_exceed_a_rounded_world_are_scaled(script):
    rows = [usgs("China", "900"), usgs("Russia", "106"), usgs("World", "1000")]
    made = [float(row["share"]) for row in script.shares_of_output("antimony", "mine", rows, "contained", "")]
    assert made == pytest.approx([900 / 1006, 106 / 1006], abs=1e-6)


def test_what_the_iea_counts_in_a_country_and_in_its_rest_counts_once(script):
    iea = "IEA Critical Minerals Dataset (May 2025 edition, base case), CC BY 4.0"
    rows = [
        usgs(country, value, unit="kt", source_title=iea)
        for country, value in (("Indonesia", "600"), ("Canada", "100"), ("Rest of world", "400"), ("World", "1000"))
    ]
    made = {
        row["country"]: float(row["share"])
        for row in script.shares_of_output("nickel", "process", rows, "contained", "")
    }
    assert made == pytest.approx({"Indonesia": 0.6, "Canada": 0.1, "Rest of world": 0.3})


def test_nickel_is_refined_in_the_proportions_of_its_published_world_total():
    """IEA, 2024: 1,493.2 of 3,483.697 kt in Indonesia."""
    refined = {
        f.country: f.share for f in facts() if (f.material, f.measure, f.stage) == ("nickel", "production", "process")
    }
    assert refined["Indonesia"] == pytest.approx(1493.2 / 3483.697, abs=1e-6)


def test_a_source_without_known_terms_is_refused(script):
    with pytest.raises(SystemExit, match="no terms known"):
        script.publisher_of({"source_title": "World Mining Data 2026"})


def test_units_become_tonnes_and_bounds_stay_bounds(script):
    assert script.tonnes(usgs("China", "900000", unit="kg")) == pytest.approx(900.0)
    (row,) = script.us_figure("tungsten", "net_import_reliance", usgs("x", "50", qualifier=">"))
    assert (row["value"], row["note"][:8]) == ("0.5", "at least")
    assert not list(script.us_figure("tungsten", "consumption", usgs("x", "W")))
