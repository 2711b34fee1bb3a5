"""The generated references say all there is, and what commands say of themselves works."""

from __future__ import annotations

import csv
import importlib
import itertools
import re
import shlex
import subprocess
import sys

import click
import pytest
from docs.snippets import TREE
from pydantic import BaseModel

import minsim
from minsim import scenario, studies
from minsim.cli.main import main
from minsim.scenario.format import model as schema
from minsim.scenario.format.numbers import Frozen
from minsim.studies.sweeps import parse_over


def numbers_of(table: str) -> dict[str, dict[str, float]]:
    """A table of behaviour parameters, by the key of its first column and the parameter."""
    found: dict[str, dict[str, float]] = {}
    with (TREE / "minsim" / "data" / table).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(next(iter(row.values())), {})[row["parameter"]] = float(row["value"])
    return found


HOOKS = TREE / "docs" / "hooks"


@pytest.fixture
def hook(monkeypatch):
    monkeypatch.syspath_prepend(str(HOOKS))
    return importlib.import_module


def models() -> list[type[BaseModel]]:
    everything = vars(schema).values()
    return [m for m in everything if isinstance(m, type) and issubclass(m, Frozen)]


# ------------------------------------------------------------------------------------------------------------------ format


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_key_says_what_it_means(model):
    assert model.__doc__
    unsaid = [name for name, field in model.model_fields.items() if not field.description]
    assert set(unsaid) <= {"type", "dist"}  # they say which block it is, and the block says what that means


def test_the_format_reference_is_whole(hook):
    page = hook("format_reference").reference()
    sections = dict(re.findall(r"^### .*? \{ #([\w-]+) \}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    words = hook("format_reference")
    for model in models():
        if model in (Frozen, *words.COMMON) or model.__name__.startswith("_"):
            continue
        inherited = {name for common in words.COMMON if issubclass(model, common) for name in common.model_fields}
        keys = {field.alias or name for name, field in model.model_fields.items() if name not in inherited}
        told = set(re.findall(r"^\| `(\w+)` \|", sections[words.anchor(model)], re.MULTILINE))
        assert told == keys - set(words.TAGS), model.__name__


def test_bounds_and_defaults_are_told(hook):
    page = hook("format_reference").reference()
    assert "| `review_days` | days ≥ 0 and ≤ 1,000,000 | required |" in page
    assert "| `decisions_per_day` | a number > 0 | required |" in page
    assert "| `switching_days` | days > 0 or `.inf` |" in page
    assert "| `authorisation_days` | whole days ≥ 0 and ≤ 1,000,000 | `0` |" in page
    assert "| `bounds` | list of 2 numbers | `[0.2, 20]` |" in page
    assert "| `share` | a share ≥ 0 and ≤ 1 | required |" in page
    assert "At `materials.KEY.stages.KEY.trade` or `materials.KEY.trade`." in page


def test_links_within_the_format_reference_lead_somewhere(hook):
    page = hook("format_reference").reference()
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= set(re.findall(r"\{ #([\w-]+) \}", page))


# ---------------------------------------------------------------------------------------------------------------- commands


def contexts(context):
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            yield from contexts(click.Context(context.command.commands[name], info_name=name, parent=context))


COMMANDS = list(contexts(click.Context(main, info_name="minsim")))
EXAMPLES = [
    line.strip()
    for context in COMMANDS
    for line in (context.command.help or "").splitlines()
    if re.match(r"\s+minsim \w", line)
]


def test_the_command_reference_is_whole(hook):
    page = hook("command_reference").reference()
    sections = re.split(r"^##+ (minsim[\w -]*?) \{ .*\}$", page, flags=re.MULTILINE)
    told = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert list(told) == [context.command_path for context in COMMANDS]
    for context in COMMANDS:
        for parameter in context.command.params:
            if isinstance(parameter, click.Option):
                assert f"{max(parameter.opts, key=len)}" in told[context.command_path]
                assert " ".join((parameter.help or "").split())[:30] in told[context.command_path].replace("\\", "")


def test_every_command_gives_examples():
    assert len(EXAMPLES) > 30
    for context in COMMANDS:
        if context.command_path not in ("minsim", "minsim data list"):
            assert any(example.startswith(context.command_path) for example in EXAMPLES), context.command_path


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_help_name_what_there_is(example):
    """An example on a library scenario changes numbers, and leaves out events, that the scenario has."""
    words = shlex.split(re.split(r"\s{3,}| > ", example)[0])
    names = [word for word in words[2:] if word in scenario.library()]
    for option, value in itertools.pairwise(words):
        for name in names:
            if option == "--set" or (option == "--over" and words[1] == "sweep"):
                path, values = parse_over(value)
                assert scenario.load_scenario(name, {path: values[0]})
            if option in ("--without", "--only"):
                assert getattr(scenario.load_scenario(name), option.strip("-"))(value)


# ------------------------------------------------------------------------------------------------------- model, API, site


def test_the_tests_the_model_names_exist():
    named = set(re.findall(r"`(test_\w+)`", (TREE / "docs" / "model.md").read_text("utf-8")))
    defined = {name for path in (TREE / "tests").rglob("test_*.py")
               for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)}  # fmt: skip
    assert len(named) > 30
    assert named <= defined


def test_the_bracket_the_model_tells_is_that_of_the_data():
    page = (TREE / "docs" / "model.md").read_text("utf-8")
    head, *rows = re.findall(r"^\| (?:(?:no|free) rerouting|reference)?\s*\|.*\|$", page, re.MULTILINE)
    names = re.findall(r"`(\w+)`", head)
    told = {row.split("|")[1].strip(): dict(zip(names, row.split("|")[2:-1], strict=True)) for row in rows}
    behaviour, bracket = numbers_of("behaviour.csv"), numbers_of("bracket.csv")
    for label, where, numbers in (
        ("reference", "default", behaviour),
        ("no rerouting", "none", bracket),
        ("free rerouting", "free", bracket),
    ):
        for name, text in told[label].items():
            value = numbers[where].get(name)
            first = text.split(";")[0].strip()
            assert first == ("as reference" if value is None else "never" if value == float("inf") else f"{value:g}")
    assert told["reference"]["qualification_days"].strip() == (
        f"0; {behaviour['magnets']['qualification_days']:g} for magnets"
    )


def test_the_api_page_names_everything_public():
    page = (TREE / "docs" / "api.md").read_text("utf-8")
    told = re.findall(r"^::: ([\w.]+)", page, re.MULTILINE)
    # those of `minsim.studies` that `minsim` has too stand once, at home
    public = {f"minsim.{name}" for name in minsim.__all__ if not name.startswith("__") and name not in studies.__all__}
    assert public | {f"minsim.studies.{name}" for name in studies.__all__} | {"minsim.simulation.world.World"} == set(
        told
    )
    assert "`minsim.__version__`" in page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TREE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_the_site_fetches_nothing(site):
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    assert len(pages) > 20
    for path, text in pages.items():
        fetched = re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"((?:https?:)?//[^\"]+)", text)
        assert not fetched, f"{path.name} fetches {fetched}"
    for path in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", path.read_text("utf-8")), path.name


@pytest.mark.slow
def test_every_equation_is_mathml(site):
    text = (site / "model.html").read_text("utf-8")
    source = (TREE / "docs" / "model.md").read_text("utf-8")
    assert text.count("<math ") > 20
    assert text.count('display="block"') == len(re.findall(r"^\s*\$\$$", source, re.MULTILINE)) // 2
    assert "arithmatex" not in text
    assert "\\(" not in text
