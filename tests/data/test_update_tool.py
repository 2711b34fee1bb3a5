"""The tool that distils the reference tables: figures as publishers write them are read, added, or refused by name."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "tools" / "update_reference_data.py"
HEAD = ["mineral", "stage", "measure", "country", "year", "value", "qualifier", "unit", "share", "source_title", "confidence", "note"]  # fmt: skip  # noqa: E501


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("update_reference_data", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def output(tool, tmp_path, *rows, unit="metric tons"):
    """Country → value and share, of the rows of a producer table as written."""
    with (tmp_path / "production.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for country, value in rows:
            source = "USGS Mineral Commodity Summaries 2026"
            writer.writerow(["tin", "mine", "production", country, "2025", value, "", unit, "", source, "found", ""])
    found = tool.shares_of_output("copper", "mine", tool.facts(tmp_path, "production.csv"), "contained", "")
    return {row["country"]: (float(row["value"]), float(row["share"])) for row in found}


def test_figures_are_read_as_publishers_write_them(tool, tmp_path):
    rows = ("China", "40,000"), ("Peru", "1,000.0"), ("China", "9 000"), ("Chile", "\N{EM DASH}"), ("Japan", "> 50")
    shares = output(tool, tmp_path, *rows, ("World total (rounded)", "100,000"))
    assert shares == {"China": (49_000, 0.49), "Peru": (1000, 0.01), "Rest of world": (50_000, 0.5)}


@pytest.mark.parametrize("unit", ["t", "metric tons", "Metric  Tons", "tonnes"])
def test_tonnes_have_several_names(tool, tmp_path, unit):
    assert output(tool, tmp_path, ("China", "60"), ("World", "100"), unit=unit)["China"] == (60, 0.6)


@pytest.mark.parametrize("value", ["4,00", "12-15", "about 40", "1.2.3", "-5"])
def test_what_is_no_figure_is_refused_by_name(tool, tmp_path, value):
    with pytest.raises(SystemExit, match="China"):
        output(tool, tmp_path, ("China", value), ("World", "100"))


@pytest.mark.parametrize("unit", ["tons", "carats"])
def test_unknown_units_are_refused_by_name(tool, tmp_path, unit):
    with pytest.raises(SystemExit, match=f"unknown unit '{unit}'"):
        output(tool, tmp_path, ("China", "60"), ("World", "100"), unit=unit)


def test_a_world_without_a_figure_is_refused(tool, tmp_path):
    with pytest.raises(SystemExit, match="copper/mine"):
        output(tool, tmp_path, ("China", "60"), ("World", "W"))
