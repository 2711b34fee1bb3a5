"""Reference tables → a scenario file: every number with its source, nothing happening yet.

`scenario_mapping` gives the content of the file, `scenario_text` its layout; `write_scenario` validates and balances the
scenario, then writes the file atomically.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from minsim.data.reference import AS_OF
from minsim.errors import OutputError, ScenarioError
from minsim.scenario.from_data import deep_entry, material_block, sources_of
from minsim.text.formatting import listing

if TYPE_CHECKING:
    from minsim.scenario import Scenario

WIDTH = 118
"""Longest line of the file [characters]."""


# ----------------------------------------------------------------------------------------------------------------- content


def scenario_mapping(
    name: str, keys: Sequence[str], *, start: dt.date = AS_OF, end: dt.date | None = None
) -> dict[str, Any]:
    """A scenario in which nothing happens, from the reference tables.

    Parameters
    ----------
    name : str
        Name of the scenario.
    keys : sequence of str
        Materials, each with a deep chain.
    start, end : date
        Days simulated; by default from the date of the tables to the end of the second year after it.

    Returns
    -------
    dict
        What `minsim.scenario.scenario_from_mapping` takes.

    Raises
    ------
    ScenarioError
        If a material is unknown, or has no chain.

    Examples
    --------
    >>> scenario_mapping("chips", ["gallium"])["materials"]["gallium"]["consumers"]["United States"]["stock_days"]["value"]
    65.3
    """
    entries = [deep_entry(key) for key in dict.fromkeys(keys)]
    if not entries:
        raise ScenarioError.single("expected at least one material", path="materials")
    titles = [entry.title[:1].lower() + entry.title[1:] for entry in entries]
    names = listing(titles)
    own = {entry.key: material_block(entry) for entry in entries if not entry.scenario}
    parents = {entry.scenario for entry in entries if entry.scenario}
    mapping: dict[str, Any] = {
        "format": 1,
        "title": f"{name}: {names}, undisturbed",
        "description": (
            f"Who makes, trades and uses {names}, and who depends on whom? Nothing happens yet: add events below, and say "
            "here what they ask."
        ),
        "group": "Baselines",
        "as_of": AS_OF,
        **({"extends": parents.pop()} if parents else {}),
        "start": start,
        "end": end or dt.date(start.year + 2, 12, 31),
        "seed": 1,
    }
    if own:
        mapping |= {"sources": sources_of(own), "materials": own}
    return mapping


# ------------------------------------------------------------------------------------------------------------------ layout


FILE_HEADER = """\
# yaml-language-server: $schema=scenario.schema.json
#
# Written by `minsim new` from the reference tables of {as_of}. A number published somewhere names its source; `source:
# assumption` is our own, and its note says how it was reached. Shares of producers are of the stage's world output;
# members of the European Union count together.

"""

EVENTS_EXAMPLE = """
# What happens; for example:
#
# events:
#   ban:
#     type: export_curb
#     exporter: China
#     importers: [United States]
#     materials: [{material}]
#     start: {start}
#     duration_days: 365
#     measure: {{ban: true}}
#     source: assumption
#     note: say why
"""


def scenario_text(mapping: Mapping[str, Any]) -> str:
    """The mapping as YAML for editing: one line per number where it fits."""
    body = "\n".join(_lines(mapping, 0)) + "\n"
    body = re.sub(r"(?m)^(sources|materials):", r"\n\1:", body)
    material = next(iter(mapping.get("materials", {"magnets": None})))
    start = mapping["start"] + dt.timedelta(days=90)
    return FILE_HEADER.format(as_of=mapping["as_of"]) + body + EVENTS_EXAMPLE.format(material=material, start=start)


def _lines(mapping: Mapping[str, Any], depth: int) -> Iterable[str]:
    indent = "  " * depth
    for key, value in mapping.items():
        head = f"{indent}{_scalar(key)}:"
        if isinstance(value, list):
            yield from (head, *(f"{indent}  - {_scalar(item)}" for item in value))
            continue
        if not isinstance(value, Mapping):
            yield from _folded(head, value, depth)
            continue
        inline = f"{head} {_flow(value)}"
        if _is_leaf(value) and len(inline) <= WIDTH:
            yield inline
        else:
            yield head
            yield from _lines(value, depth + 1)


def _folded(head: str, value: Any, depth: int) -> Iterable[str]:
    """A scalar on one line, or a long text folded below its key."""
    if not isinstance(value, str) or len(head) + len(value) < WIDTH - 4 or value.startswith("http"):
        yield f"{head} {_scalar(value)}"
        return
    yield f"{head} >-"
    indent, line = "  " * (depth + 1), ""
    for word in value.split():
        if line and len(indent) + len(line) + len(word) >= WIDTH:
            yield indent + line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield indent + line


def _is_leaf(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(inner, Mapping | list) for inner in value.values())


def _flow(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(value), default_flow_style=True, sort_keys=False, width=1e9, allow_unicode=True).strip()


def _scalar(value: Any) -> str:
    text: str = yaml.safe_dump([value], default_flow_style=True, width=1e9, allow_unicode=True).strip()
    return text[1:-1]


# -------------------------------------------------------------------------------------------------------------------- file


def is_name(name: str) -> bool:
    """Whether a scenario may be called so.

    Examples
    --------
    >>> is_name("chips-2026"), is_name("../chips")
    (True, False)
    """
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) is not None


def write_scenario(
    path: Path, keys: Sequence[str], *, name: str | None = None, force: bool = False, start: dt.date = AS_OF
) -> Scenario:
    """Write a scenario file from the reference tables, after it has been validated and balanced.

    Parameters
    ----------
    path : Path
        The file.
    keys : sequence of str
        Materials.
    name : str, optional
        What the title calls it; absent: the stem of the file's name.
    force : bool
        Replace a file that is there already.
    start : date
        First day simulated.

    Returns
    -------
    Scenario
        The scenario as loaded from what was written.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written; nothing is written then.
    ScenarioError
        If a material is unknown or has no chain, or the file is no valid scenario.
    """
    text = scenario_text(scenario_mapping(name or path.stem, keys, start=start))
    if path.exists() and not force:
        raise OutputError(f"{path} is there already; give another name, or --force to replace it")
    beside = path.parent / f".{path.stem}-{secrets.token_hex(6)}.yaml"
    try:
        beside.write_text(text, encoding="utf-8")
        scenario = _balanced(beside)
        if force:
            os.replace(beside, path)
        else:
            os.link(beside, path)  # unlike a rename, refuses a file that appeared in the meantime
    except FileExistsError as error:
        raise OutputError(f"{path} is there already; give another name, or --force to replace it") from error
    except OSError as error:
        raise OutputError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    finally:
        beside.unlink(missing_ok=True)
    return scenario


def _balanced(path: Path) -> Scenario:
    from minsim.network.network import build_network
    from minsim.scenario import load_scenario
    from minsim.scenario.distributions import Draws

    scenario = load_scenario(path)
    build_network(scenario, Draws.central())
    return scenario
