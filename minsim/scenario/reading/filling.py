"""`from_data`: materials filled in from the reference tables, with their sources."""

from __future__ import annotations

from typing import Any

from minsim.errors import Problem, ScenarioError
from minsim.scenario.from_data import deep_entry, material_block, sources_of
from minsim.scenario.reading.merging import merged
from minsim.scenario.reading.yaml_documents import Item, Position, from_python
from minsim.text.messages import got


def with_reference_data(tree: Item, problems: list[Problem]) -> Item | None:
    """A tree whose `from_data` materials are filled in from the tables; None when one cannot be, and `problems` says why."""
    named = tree.child("materials")
    if named is None or not isinstance(named.value, dict):
        return tree
    blocks, said = dict(named.value), len(problems)
    tables: dict[str, Any] = {}
    for key, block in named.value.items():
        asked = block.child("from_data")
        if asked is not None and asked.value is not None:
            found = _reference_block(asked, ("materials", key, "from_data"), problems)
            tables[key] = found
            own = Item(
                {name: item for name, item in block.value.items() if name != "from_data"}, block.place, block.key
            )
            blocks[key] = merged(_placed(from_python(found), asked.place), own)
    if len(problems) > said:
        return None
    if not tables:
        return tree
    sources = _placed(from_python(sources_of(tables)), named.place)
    filled = {"materials": Item(blocks, named.place, named.key)}
    filled["sources"] = merged(sources, tree.value["sources"]) if "sources" in tree.value else sources
    return Item({**tree.value, **filled}, tree.place, tree.key)


def _reference_block(asked: Item, path: tuple[str, ...], problems: list[Problem]) -> dict[str, Any]:
    """The block of a material of the reference data; empty where there is none, and `problems` says why."""
    if not isinstance(asked.value, str):
        problems.append(asked.place.problem(path, f"expected the name of a material, got {got(asked.plain())}"))
        return {}
    try:
        entry = deep_entry(asked.value)
    except ScenarioError as error:
        problems.extend(asked.place.problem(path, problem.message) for problem in error.problems)
        return {}
    if entry.scenario:
        mend = f"its chain is that of the library scenario {entry.scenario}; say `extends: {entry.scenario}` instead"
        problems.append(asked.place.problem(path, f"{entry.key} cannot be filled in alone: {mend}"))
        return {}
    return material_block(entry)


def _placed(item: Item, place: Position) -> Item:
    """A tree all of which is said to stand at one place."""
    value = item.value
    if isinstance(value, dict):
        value = {key: _placed(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_placed(child, place) for child in value]
    return Item(value, place, place)
