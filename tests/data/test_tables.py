"""Reference tables: complete, labelled, and the values the model's description promises."""

from __future__ import annotations

import csv
import dataclasses
import math
import subprocess
import sys
from importlib import resources

import pytest
from pydantic import TypeAdapter

from minsim.data import (
    BRACKETS,
    BehaviourSet,
    bracket_behaviour,
    bracket_overrides,
    countries,
    country_aliases,
    defaults,
    reference_behaviour,
    reference_values,
)
from minsim.data.csv_tables import read_rows
from minsim.scenario.format.materials import Behaviour
from minsim.scenario.format.numbers import Frozen, PlaceName

TABLES = ("behaviour", "bracket", "costs", "defaults")


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("USA", "United States"),
        ("US", "United States"),
        ("U.S.", "United States"),
        ("EU", "European Union"),
        ("Korea", "South Korea"),
        ("Korea, Republic of", "South Korea"),
        ("UK", "United Kingdom"),
        ("Burma", "Myanmar"),
        ("Congo (Kinshasa)", "DR Congo"),
        ("Congo, D.R.", "DR Congo"),
        ("Democratic Republic of Congo", "DR Congo"),
        ("RoW", "Rest of world"),
        ("Other countries", "Rest of world"),
        ("Côte d’Ivoire", "Ivory Coast"),
    ],
)
def test_other_spellings_lead_to_the_canonical_name(spelling: str, name: str) -> None:
    assert country_aliases()[spelling] == name
    assert name in countries()
    assert spelling not in countries()


def test_names_are_unambiguous() -> None:
    names = [row["name"] for row in read_rows("countries")]
    aliases = [alias for row in read_rows("countries") for alias in row["aliases"].split(";") if alias]
    assert len(names) == len(set(names))
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(names)
    assert set(country_aliases().values()) <= countries()


def test_every_name_may_stand_in_a_scenario() -> None:
    place = TypeAdapter(PlaceName)
    for name in countries():
        assert place.validate_python(name) == name.strip()


def test_places_of_the_magnet_chain_are_known() -> None:
    chain = {"China", "Myanmar", "Malaysia", "Australia", "Japan", "South Korea", "United States", "European Union"}
    assert chain | {"Rest of world"} <= countries()


def test_kinds_are_country_or_aggregate() -> None:
    kinds = {row["name"]: row["kind"] for row in read_rows("countries")}
    assert set(kinds.values()) == {"country", "aggregate"}
    assert kinds["European Union"] == kinds["Rest of world"] == "aggregate"
    assert kinds["United States"] == "country"


def test_reference_behaviour_is_that_of_the_model() -> None:
    assert reference_behaviour("cobalt") == BehaviourSet(
        contract_flex=0.1, spot_share=0.2, switching_days=180.0, adjustment_days=30.0, qualification_days=0.0
    )


def test_magnets_need_approved_suppliers_and_differ_in_nothing_else() -> None:
    magnets, default = reference_behaviour("magnets"), reference_behaviour("default")
    assert magnets == default._replace(qualification_days=365.0)


def test_behaviour_has_the_fields_of_the_format() -> None:
    of_format = set(Behaviour.model_fields) - set(Frozen.model_fields)
    assert set(BehaviourSet._fields) == of_format


def test_brackets_are_those_of_the_model() -> None:
    assert BRACKETS == ("none", "reference", "free")
    assert bracket_overrides("none") == {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": math.inf}
    assert bracket_overrides("reference") == {}
    assert bracket_overrides("free") == {
        "contract_flex": 0.5,
        "spot_share": 1.0,
        "switching_days": 30.0,
        "qualification_days": 0.0,
    }


def test_a_bracket_fixes_what_it_names_and_leaves_the_rest() -> None:
    given = BehaviourSet(0.3, 0.4, 90.0, 20.0, 500.0)
    assert bracket_behaviour(given, "none") == BehaviourSet(0.0, 0.0, math.inf, 20.0, 500.0)
    assert bracket_behaviour(given, "reference") == given
    assert bracket_behaviour(given, "free") == BehaviourSet(0.5, 1.0, 30.0, 20.0, 0.0)


def test_an_unknown_bracket_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a bracket among none, reference, free, got 'some'"):
        bracket_overrides("some")


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a table among .*, got 'prices'"):
        reference_values("prices")


def test_defaults_are_those_of_the_model() -> None:
    assert defaults() == {
        "utilisation": 0.9,
        "feed_stock_days": 30.0,
        "product_stock_days": 14.0,
        "product_store_days": 90.0,
        "home_lead_days": 5.0,
        "default_lead_days": 30.0,
        "home_preference": 1.0,
    }


@pytest.mark.parametrize("table", TABLES)
def test_every_value_is_labelled_an_assumption_and_says_why(table: str) -> None:
    rows = reference_values(table)
    assert rows
    for row in rows:
        assert row.source == "assumption"
        assert len(row.note) > 10
        assert row.unit
        assert not math.isnan(row.value)
    assert len({(row.group, row.parameter) for row in rows}) == len(rows)


@pytest.mark.parametrize("table", [*TABLES, "countries"])
def test_rows_have_as_many_cells_as_columns(table: str) -> None:
    text = resources.files("minsim.data").joinpath(f"{table}.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert {len(row) for row in rows} == {len(header)}


def test_what_is_handed_out_cannot_be_changed() -> None:
    for mapping in (defaults(), country_aliases(), bracket_overrides("none")):
        with pytest.raises(TypeError):
            mapping["utilisation"] = 1.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        reference_behaviour("magnets").spot_share = 1.0  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        reference_values("defaults")[0].value = 1.0  # type: ignore[misc]


def test_reading_the_tables_loads_nothing_heavy() -> None:
    code = (
        "import sys, minsim.data as d; d.countries(), d.defaults(), d.reference_behaviour('x');"
        "print(sorted({'pandas', 'numpy', 'pydantic', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
