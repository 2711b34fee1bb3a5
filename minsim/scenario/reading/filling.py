"""`from_data`: materials filled in from the reference tables, with their sources."""

from __future__ import annotations

from typing import Any

from minsim.errors import Problem, ScenarioError
from minsim.scenario.from_data import deep_entry, material_block, sources_of
from minsim.scenario.reading.merging import merged
from minsim.scenario.reading.yaml_documents import Item, Position, from_python
from minsim.text.messages import got


def with_reference_data(tree: Item, problems: list[Problem]) -> Item | None:
    """A tree with its `from_data` materials filled in from the tables; None on an error, with the reason in `problems`."""
    named = tree.child("materials")
    if named is None or not isinstance(named.value, dict):
        return tree
    blocks, known_problems = dict(named.value), len(problems)
    tables: dict[str, Any] = {}
    for key, block in named.value.items():
        requested = block.child("from_data")
        if requested is not None and requested.value is not None:
            found = _reference_block(requested, ("materials", key, "from_data"), problems)
            tables[key] = found
            own = Item(
                {name: item for name, item in block.value.items() if name != "from_data"}, block.place, block.key
            )
            blocks[key] = merged(_placed(from_python(found), requested.place), own)
    if len(problems) > known_problems:
        return None
    if not tables:
        return tree
    sources = _placed(from_python(sources_of(tables)), named.place)
    filled = {"materials": Item(blocks, named.place, named.key)}
    filled["sources"] = merged(sources, tree.value["sources"]) if "sources" in tree.value else sources
    return Item({**tree.value, **filled}, tree.place, tree.key)


def _reference_block(requested: Item, path: tuple[str, ...], problems: list[Problem]) -> dict[str, Any]:
    """A material's block from the reference data; empty on an error, with the reason in `problems`."""
    if not isinstance(requested.value, str):
        problems.append(requested.place.problem(path, f"expected the name of a material, got {got(requested.plain())}"))
        return {}
    try:
        entry = deep_entry(requested.value)
    except ScenarioError as error:
        problems.extend(requested.place.problem(path, problem.message) for problem in error.problems)
        return {}
    if entry.scenario:
        fix = f"its chain is that of the library scenario {entry.scenario}; say `extends: {entry.scenario}` instead"
        problems.append(requested.place.problem(path, f"{entry.key} cannot be filled in alone: {fix}"))
        return {}
    return material_block(entry)


def _placed(item: Item, place: Position) -> Item:
    """A tree with all values at one position of the file."""
    value = item.value
    if isinstance(value, dict):
        value = {key: _placed(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_placed(child, place) for child in value]
    return Item(value, place, place)
