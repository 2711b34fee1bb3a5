"""Every number of a scenario has a source or a note; checked on raw data, so that invalid scenarios are checked too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from minsim.scenario.checks.names import Finding
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.sources import ASSUMPTION
from minsim.scenario.schema_tree import Path, inside, is_number
from minsim.text.messages import unknown


@dataclass(frozen=True)
class Quantity:
    """A number of a scenario, with the source and note it has or inherits."""

    path: Path
    source: str | None = None
    note: str | None = None
    source_at: Path = ()
    """Block that gives the source."""


def quantities(data: Mapping[str, Any]) -> Iterator[Quantity]:
    """Every number of a raw scenario mapping that may carry a source; the nearest enclosing source counts."""
    yield from _quantities(Quantity(()), data, ScenarioModel)


def _quantities(here: Quantity, value: Any, annotation: Any) -> Iterator[Quantity]:
    if isinstance(value, Mapping):
        here = _with_source(here, _own(value, "source"), _own(value, "note"))
    if is_number(annotation):
        if value is not None:
            yield here
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _quantities(replace(here, path=(*here.path, key)), child, inside(annotation, key, value))


def _with_source(here: Quantity, source: str | None, note: str | None) -> Quantity:
    """The source and note inside a block: its own, or those inherited from the enclosing block."""
    if source is None:
        return replace(here, note=note or here.note)
    # A note of an enclosing block describes that block's source, but is still a reason for an assumption here.
    inherited = here.note if source == ASSUMPTION else None
    return replace(here, source=source, note=note or inherited, source_at=here.path)


def _own(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def source_problems(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Numbers without a source, and sources that are not listed, in a raw scenario mapping."""
    yield from _unsourced(data)
    yield from _unlisted(data)


def source_cautions(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Assumptions and overrides of behaviour that give no reason."""
    bare = (quantity for quantity in quantities(data) if quantity.source == ASSUMPTION and not quantity.note)
    for path in dict.fromkeys(quantity.source_at for quantity in bare):
        yield path, "an assumption without a note; say how it was reached"
    for material, block in _mapping(data.get("behaviour")).items():
        if isinstance(block, Mapping) and not block.get("note") and not block.get("source"):
            yield ("behaviour", material), "an override of the reference behaviour without a note; say why"


def _unsourced(data: Mapping[str, Any]) -> Iterator[Finding]:
    bare = (q.path for q in quantities(data) if _must_have_source(q.path) and not q.source and not q.note)
    for path, names in _grouped(bare):
        yield path, f"no source for {', '.join(names)}; add `source:` or `note:` here or to an enclosing block"


def _grouped(paths: Iterable[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Paths grouped by the block that contains them, so that a table of numbers gives one message per row."""
    blocks: dict[Path, list[str]] = {}
    for path in paths:
        blocks.setdefault(path[:-1], []).append(str(path[-1]))
    yield from blocks.items()


def _must_have_source(path: Path) -> bool:
    match path:
        case ("events", *_) | ("materials", _, "consumers" | "prices" | "price_usd_per_kg", *_):
            return True
        case ("materials", _, "stages", _, "producers", *_):
            return True
    return False


def _unlisted(data: Mapping[str, Any]) -> Iterator[Finding]:
    known = {str(key) for key in _mapping(data.get("sources"))} | {ASSUMPTION}
    for path, source in _named_sources((), {key: value for key, value in data.items() if key != "sources"}):
        if source not in known:
            yield path, f"{unknown('source', source, known)}; list it under `sources:`"


def _named_sources(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, Mapping):
        return
    for key, child in value.items():
        if key == "source" and isinstance(child, str):
            yield (*path, key), child
        else:
            yield from _named_sources((*path, key), child)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
