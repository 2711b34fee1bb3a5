"""What is left of a scenario without its mistakes of shape, so that its names are checked in the same pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from minsim.errors import Problem
from minsim.scenario.format.model import ScenarioModel

ENTRIES = ("events", "stockpiles")
"""Tables whose entries nothing else names: one with a mistake can be left out."""


def mended(data: Mapping[str, Any], problems: Iterable[Problem]) -> ScenarioModel | None:
    """A scenario whose mistakes of shape are taken out or stood in for; None where that is not possible.

    Unknown keys go, events and stockpiles with a mistake go as a whole, and a wrong value elsewhere counts as 1: what a
    rule about names finds in the result stands in the file, what one about numbers finds may not.
    """
    kept: Any = data
    for problem in problems:
        path = problem.path.split(".")
        if path[0] in ENTRIES and len(path) > 1:
            kept = _replaced(kept, path[:2], drop=True)
        else:
            kept = _replaced(kept, path, drop=problem.message.startswith("unknown key"))
    try:
        return ScenarioModel.model_validate(kept)
    except ValidationError:
        return None


def _replaced(value: Any, path: list[str], *, drop: bool) -> Any:
    """A copy of a mapping without the value at a path, or with 1 in place of the number there."""
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    below = value[path[0]]
    if len(path) > 1 and not (isinstance(below, Mapping) and ("dist" in below or "value" in below)):
        return {**value, path[0]: _replaced(below, path[1:], drop=drop)}
    others = {key: child for key, child in value.items() if key != path[0]}
    return others if drop and len(path) == 1 else {**others, path[0]: 1}
