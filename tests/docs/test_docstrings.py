"""Docstrings of the public API agree with signatures: every parameter described under its name, every result told."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic

import minsim
from minsim import regression, studies
from minsim.results.run import Run
from minsim.simulation.world import World

griffe = pytest.importorskip("griffe")
# It complains of missing annotations, which are in the signature.
logging.getLogger("griffe").setLevel(logging.CRITICAL)

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def members_on_page(name: str) -> list[str]:
    """Members that `docs/api.md` lists for a class; empty where it shows all."""
    options = rf"^::: {re.escape(name)}\n    options:\n(?:      .*\n)*?      members: \[(.*?)\]"
    found = re.search(options, PAGE, re.MULTILINE)
    return found.group(1).replace(",", " ").split() if found else []


LISTED = {Run: members_on_page("minsim.Run"), World: members_on_page("minsim.simulation.world.World")}
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (minsim, studies, regression)
    for name in module.__all__
} | {"minsim.simulation.world.World": World}
CLASSES = {
    name: thing
    for name, thing in PUBLIC.items()
    if inspect.isclass(thing) and not issubclass(thing, Exception) and "minsim" in thing.__module__
}


def members(owner: type) -> Iterator[tuple[str, Any]]:
    """Public members of a class that minsim defines: functions, class methods and properties."""
    for name in LISTED.get(owner) or dir(owner):
        defined = next((base for base in owner.__mro__ if name in vars(base)), None)
        if not name.startswith("_") and defined is not None and defined.__module__.startswith("minsim"):
            yield name, inspect.getattr_static(owner, name)


def callables() -> dict[str, Callable[..., Any]]:
    """Public functions and methods, by name."""
    found = {name: thing for name, thing in PUBLIC.items() if inspect.isfunction(thing)}
    for owner_name, owner in CLASSES.items():
        for name, member in members(owner):
            function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            if inspect.isfunction(function):
                found[f"{owner_name}.{name}"] = function
    return dict(sorted(found.items()))


def properties() -> dict[str, Callable[..., Any]]:
    """Getters of public properties, by name."""
    found: dict[str, Callable[..., Any]] = {}
    for owner_name, owner in CLASSES.items():
        for name, member in members(owner):
            if isinstance(member, property) and member.fget is not None:
                found[f"{owner_name}.{name}"] = member.fget
            if isinstance(member, functools.cached_property):
                found[f"{owner_name}.{name}"] = member.func
    return dict(sorted(found.items()))


def sections(documented: Any) -> dict[str, Any]:
    """Sections of a numpydoc docstring, by kind."""
    text = inspect.cleandoc(documented.__doc__ or "")
    return {section.kind.value: section.value for section in griffe.Docstring(text).parse("numpy")}


def described(found: dict[str, Any], kind: str) -> list[str]:
    """Names that a section describes; numpydoc writes parameters of one kind as `a, b : float`."""
    return [name.strip().lstrip("*") for item in found.get(kind, ()) for name in item.name.split(",")]


def faults(function: Callable[..., Any]) -> list[str]:
    """What is wrong with the docstring of a function, in words."""
    found, signature = sections(function), inspect.signature(function)
    taken = [name for name in signature.parameters if name not in ("self", "cls")]
    told = described(found, "parameters")
    wrong = [] if taken == told else [f"takes {taken}, describes {told}"]
    returned = str(signature.return_annotation)
    if returned not in ("None", "NoReturn") and not {"returns", "yields"} & set(found):
        wrong.append(f"says nothing of what it returns ({returned})")
    annotations = {name: str(p.annotation) for name, p in signature.parameters.items()} | {"the result": returned}
    wrong += [f"type of {name} is Any" for name, annotation in annotations.items() if annotation == "Any"]
    return wrong


@pytest.mark.parametrize("name", callables())
def test_parameters_and_results_are_described(name: str) -> None:
    assert not faults(callables()[name])


@pytest.mark.parametrize("name", properties())
def test_properties_are_described_and_typed(name: str) -> None:
    getter = properties()[name]
    assert getter.__doc__
    assert inspect.signature(getter).return_annotation not in (inspect.Signature.empty, "Any")


@pytest.mark.parametrize("name", CLASSES)
def test_fields_of_classes_are_described(name: str) -> None:
    owner = CLASSES[name]
    found = sections(owner)
    told = {*described(found, "parameters"), *described(found, "attributes")}
    fields = {field.name for field in dataclasses.fields(owner)} if dataclasses.is_dataclass(owner) else set()
    fields = {name for name in fields | {*getattr(owner, "_fields", ())} if not name.startswith("_")}
    assert owner.__doc__
    assert owner in LISTED or fields <= told, f"not described: {sorted(fields - told)}"


def test_the_walk_sees_functions_methods_and_inherited_members() -> None:
    assert {"minsim.run", "minsim.Run.plot", "minsim.studies.Ensemble.answer", "minsim.regression.read"} <= set(
        callables()
    )
    assert {"minsim.Run.daily", "minsim.simulation.world.World.date"} <= set(properties())
    assert set(LISTED[World]) <= set(dir(World))


def test_the_page_shows_of_a_run_what_completion_shows() -> None:
    shown = {name for name in dir(synthetic.finished(bracket=False)) if not name.startswith("_")}
    assert set(LISTED[Run]) == shown


def test_the_check_can_fail() -> None:
    def wrong(a: int, b: Any) -> int:
        """Add.

        Parameters
        ----------
        a, c : int
        """
        return a + int(b)

    assert faults(wrong) == [
        "takes ['a', 'b'], describes ['a', 'c']",
        "says nothing of what it returns (int)",
        "type of b is Any",
    ]
