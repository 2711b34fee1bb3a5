"""Overrides: set or delete single values of a scenario by their dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minsim.errors import Problem, ScenarioError
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.sources import ASSUMPTION
from minsim.scenario.reading.yaml_documents import Item, UnknownTarget, from_python, normalised, read_document
from minsim.scenario.schema_tree import SOURCE_KEYS, inside, is_number, known_keys, models_at
from minsim.text.messages import did_you_mean, short

READ_WITH_THE_FILE = {"extends", "from_data"}
"""Keys that include other files or tables; they are resolved before overrides apply."""

OVERRIDE_SOURCE = {"source": ASSUMPTION, "note": "override"}
"""Source and note of the numbers of an override."""


def parse_override(text: str) -> tuple[str, Any]:
    """Dotted path and value of an override as written after `--set`.

    Parameters
    ----------
    text : str
        `PATH=VALUE`, the value in YAML: `events.curb.duration_days=180`, `events.curb=null`,
        `stockpiles.vault.target_days={dist: uniform, low: 30, high: 60}`.

    Raises
    ------
    ScenarioError
        If there is no `=`, no path or no value, or the value is not YAML.

    Examples
    --------
    >>> parse_override("events.curb.duration_days=180")
    ('events.curb.duration_days', 180)
    """
    path, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not path or not value:
        raise ScenarioError.single(
            f"expected PATH=VALUE, such as events.curb.duration_days=180, got {short(text)}; PATH=null deletes",
            path=path,
        )
    problems: list[Problem] = []
    item = read_document(value, "", problems)
    if item is None or problems:
        raise ScenarioError(Problem("", 0, 0, path, f"{problem.message}\nin {short(value)}") for problem in problems)
    return path, item.plain()


def overridden(tree: Item, overrides: Mapping[str, Any], problems: list[Problem]) -> Item:
    """A copy of `tree` with the overrides set; those that cannot be set are reported in `problems`."""
    for path, value in overrides.items():
        try:
            steps = normalised(path).split(".")
            new = from_python(value, tuple(steps))
            tree = _set(tree, ScenarioModel, steps, 0, new)
        except UnknownTarget as error:
            problems.append(Problem("", 0, 0, path, f"cannot be set: {error}"))
        except ScenarioError as error:
            problems.extend(error.problems)
    return tree


def _set(item: Item, annotation: Any, path: list[str], level: int, new: Item) -> Item:
    """A copy of `item` in which the value at `path[level:]` is replaced, or deleted by null."""
    key, below = path[level], path[level + 1 :]
    if not isinstance(item.value, dict):
        raise UnknownTarget(f"{'.'.join(path[:level])} is a single value, with nothing below it")
    written = {name: child.value for name, child in item.value.items()}
    known = known_keys(annotation, written) - READ_WITH_THE_FILE
    is_new_entry = not known and not below and new.value is not None
    if key not in (known or written) and not is_new_entry:
        raise UnknownTarget(f'unknown {"key" if known else "name"} "{key}"{did_you_mean(key, known or written)}')
    inner = inside(annotation, key, written)
    values = dict(item.value)
    if below:
        values[key] = _set(values.get(key, Item({})), inner, path, level + 1, new)
    elif new.value is None:
        values.pop(key, None)
    else:
        values[key] = _sourced(new, inner)
    return Item(values, item.place, item.key)


def _sourced(new: Item, annotation: Any) -> Item:
    """An override marked as such: its numbers must not inherit the source of the block."""
    if is_number(annotation) and isinstance(new.value, int | float) and not isinstance(new.value, bool):
        return from_python({"value": new.value, **OVERRIDE_SOURCE})
    if not isinstance(new.value, dict):
        return new
    if models_at(annotation, {key: child.value for key, child in new.value.items()}):
        own = {} if new.value.keys() & set(SOURCE_KEYS) else from_python(OVERRIDE_SOURCE).value
        return Item({**new.value, **own})
    inner = {key: inside(annotation, key, {}) for key in new.value}
    return Item({key: _sourced(child, inner[key]) for key, child in new.value.items()})
