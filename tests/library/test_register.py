"""The register: what every scenario of the library must have before it may be in it.

A new scenario needs, besides its file: a question in its description, `group:` and `as_of:` of its own, a source for every
empirical number (or `assumption`, with a note), a golden (`minsim regress NAME --baselines tests/golden --update`), and a
row in the README's table with its question and its answer.
"""

import re
from pathlib import Path

import pytest
import yaml

import minsim
from minsim.scenario.format.sources import ASSUMPTION

TREE = Path(__file__).parents[2]
NAMES = list(minsim.library())


def readme_rows():
    """Rows of the README's library: the scenarios named, the question and the answer."""
    text = (TREE / "README.md").read_text("utf-8")
    table = text[text.index("## The library") :].split("\n## ")[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        names = re.findall(r"`([^`]+)`", cells[0])
        if line.startswith("|") and names:
            yield names, *cells[1:]


def own_keys(name):
    """What a scenario's own file says, whatever it inherits."""
    return yaml.safe_load(minsim.library()[name].read_text("utf-8"))


@pytest.fixture(scope="module")
def scenario():
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded[name] = minsim.load_scenario(name)
        return loaded[name]

    return load


@pytest.mark.parametrize("name", NAMES)
def test_its_own_description_asks_a_question(name, scenario):
    assert "description" in own_keys(name), "it would be listed with the question of what it extends"
    assert scenario(name).question.endswith("?"), scenario(name).question


@pytest.mark.parametrize("name", NAMES)
def test_it_says_itself_as_of_when_and_in_which_group(name):
    assert own_keys(name).keys() >= {"as_of", "group"}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source_or_is_an_assumption_with_a_reason(name, scenario):
    known = scenario(name).model.sources
    bare = [
        entry.path
        for entry in scenario(name).inputs()
        if not (entry.source in known or (entry.source == ASSUMPTION and entry.note))
    ]
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_golden(name):
    assert (TREE / "tests" / "golden" / f"{name}.yaml").is_file()


def test_it_has_one_row_in_the_readme_with_a_question_and_an_answer():
    rows = list(readme_rows())
    named = [name for names, *_ in rows for name in names]
    assert sorted(named) == sorted(NAMES)
    assert [names for names, question, _ in rows if not question.endswith("?")] == []
    assert [names for names, _, answer in rows if not answer] == []
