"""Bibliographies: every source once, assumptions apart, and no sign of a text that breaks the format it stands in."""

import json
import re

import pytest
from click.testing import CliRunner

import minsim
from minsim.cli.main import main
from minsim.scenario import scenario_from_mapping
from minsim.scenario.bibliography import bibliography

CSL_KEYS = {"id", "type", "title", "author", "publisher", "issued", "URL", "note", "abstract"}
NASTY = r"50% of R&D_costs: {a} #1 $5 ~x^2 \end *bold* [link](x) <tag> `code`"


@pytest.fixture(scope="module")
def nasty():
    """A scenario whose texts hold every sign that means something in Markdown or TeX."""
    source = {"title": NASTY, "publisher": NASTY, "date": "2026-02", "url": "https://example.org/a_b%20{c}?x=1&y=2"}
    return scenario_from_mapping(
        {
            "format": 1, "title": NASTY, "as_of": "2026-01-01", "start": "2026-01-01", "end": "2026-12-31",
            "sources": {"survey": source, "memo": {"title": "Memo", "date": "early 2026"}},
            "materials": {
                "salt": {
                    "basis": "product",
                    "stages": {"mine": {"producers": {"China": {"share": 1, "source": "survey"}}}},
                    "consumers": {
                        "Japan": {"demand_t_per_year": 10, "stock_days": 3, "source": "assumption", "note": NASTY}
                    },
                }
            },
        },
        name="nasty",
    )  # fmt: skip


def balanced(text: str) -> bool:
    """Whether every brace that TeX sees opens and closes."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def test_markdown_gives_every_source_and_the_assumptions_apart(nasty):
    text = bibliography(nasty, "md")
    sources, assumptions = text.split("## Assumptions")
    assert "- **survey**: " in sources
    assert "Memo" in sources
    assert "`materials.salt.stages.mine.producers.China.share` = 1" in sources
    assert "`materials.salt.consumers.Japan.stock_days` = 3 days" in assumptions
    assert "stock_days" not in sources
    assert r"\*bold\*" in text
    assert r"\<tag\>" in text
    assert r"\`code\`" in text


def test_bibtex_escapes_what_tex_reads(nasty):
    text = bibliography(nasty, "bibtex")
    assert balanced(text)
    assert r"50\% of R\&D\_costs: \{a\} \#1 \$5 \textasciitilde{}x\textasciicircum{}2 \textbackslash{}end" in text
    assert "url = {https://example.org/a_b%20%7Bc%7D?x=1&y=2}," in text
    assert re.findall(r"@misc\{([^,]+),", text) == ["memo", "survey", "nasty-assumptions"]
    assert "  year = {2026},\n  month = {2},\n" in text
    assert "  year = {early 2026},\n" in text


def test_csl_is_what_citeproc_reads(nasty):
    items = {item["id"]: item for item in json.loads(bibliography(nasty, "csl"))}
    assert list(items) == ["memo", "survey", "nasty-assumptions"]
    assert all(item.keys() <= CSL_KEYS for item in items.values())
    assert items["survey"]["title"] == NASTY
    assert items["survey"]["issued"] == {"date-parts": [[2026, 2]]}
    assert items["memo"]["issued"] == {"literal": "early 2026"}
    assert items["survey"]["author"] == [{"literal": NASTY}]
    assert "materials.salt.consumers.Japan.stock_days = 3 days" in items["nasty-assumptions"]["abstract"]


@pytest.mark.parametrize("name", minsim.library())
def test_every_scenario_has_a_bibliography_in_every_format(name):
    scenario = minsim.load_scenario(name)
    keys = [*scenario.model.sources, f"{name}-assumptions"]
    assert [item["id"] for item in json.loads(bibliography(scenario, "csl"))] == keys
    text = bibliography(scenario, "bibtex")
    assert balanced(text)
    assert re.findall(r"(?m)^@misc\{([^,]+),$", text) == keys
    assert all(f"**{key}**" in bibliography(scenario, "md") for key in scenario.model.sources)


def test_the_command_prints_the_format_asked_for_and_nothing_else():
    done = CliRunner().invoke(main, ["sources", "magnet-ban", "--format", "csl"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)[-1]["id"] == "magnet-ban-assumptions"
