"""Merge one tree over another, as `extends` and `from_data` do."""

from __future__ import annotations

from minsim.scenario.reading.yaml_documents import Item


def merged(parent: Item, child: Item) -> Item:
    """Merge mappings by key, null deletes; any other value, including a number with its source, is replaced as a whole."""
    if not (isinstance(parent.value, dict) and isinstance(child.value, dict)) or _is_leaf(parent) or _is_leaf(child):
        return child
    values = dict(parent.value)
    for key, item in child.value.items():
        if key not in values:
            values[key] = item
        elif item.value is None:
            del values[key]
        else:
            values[key] = merged(values[key], item)
    return Item(values, child.place, child.key)


def _is_leaf(item: Item) -> bool:
    """Whether a mapping is one number: `{value: ...}` or `{dist: ...}`."""
    found = (item.value.get("value"), item.value.get("dist"))
    return any(entry is not None and not isinstance(entry.value, dict | list) for entry in found)
