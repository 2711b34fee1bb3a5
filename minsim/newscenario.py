"""Reference tables → a scenario file: every number with its source, nothing happening yet.

`scenario_mapping` says what the file holds, `scenario_text` how it reads, `write_scenario` puts it on disk: validated and
balanced first, then whole or not at all.
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

from minsim.data.reference import (
    ANY,
    AS_OF,
    ChainValue,
    MaterialEntry,
    chain_values,
    european_union,
    facts,
    materials,
    publications,
)
from minsim.errors import OutputError, ScenarioError
from minsim.wording import unknown

if TYPE_CHECKING:
    from minsim.loading import Scenario

DEEP = "deep"
ASSUMPTION = "assumption"
DIGITS = 6
"""Digits of a share: they must sum to 1 within 1e-6."""
WIDTH = 118

Block = dict[str, Any]


# ------------------------------------------------------------------------------------------------------------- what it says


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
        What `loading.scenario_from_mapping` takes.

    Raises
    ------
    ScenarioError
        If a material is unknown, or has no chain.

    Examples
    --------
    >>> scenario_mapping("chips", ["gallium"])["materials"]["gallium"]["consumers"]["United States"]["stock_days"]["value"]
    65.3
    """
    entries = [_deep_entry(key) for key in dict.fromkeys(keys)]
    if not entries:
        raise ScenarioError.single("expected at least one material", path="materials")
    titles = [entry.title[:1].lower() + entry.title[1:] for entry in entries]
    said = ", ".join(titles[:-1]) + (" and " if len(titles) > 1 else "") + titles[-1]
    own = {entry.key: _material(entry) for entry in entries if not entry.scenario}
    parents = {entry.scenario for entry in entries if entry.scenario}
    mapping: dict[str, Any] = {
        "format": 1,
        "title": f"{name}: {said}, undisturbed",
        "description": (
            f"Who makes, trades and uses {said}, and who depends on whom? Nothing happens yet: add events below, and say "
            "here what they ask."
        ),
        "as_of": AS_OF,
        **({"extends": parents.pop()} if parents else {}),
        "start": start,
        "end": end or dt.date(start.year + 2, 12, 31),
        "seed": 1,
    }
    if own:
        mapping |= {"sources": _sources(own), "materials": own}
    return mapping


def _deep_entry(key: str) -> MaterialEntry:
    known = materials()
    if key not in known:
        raise ScenarioError.single(unknown("material", key, known), path="materials")
    if known[key].tier != DEEP:
        deep = ", ".join(entry.key for entry in known.values() if entry.tier == DEEP)
        raise ScenarioError.single(
            f"{key} is for screening only: its tables carry no chain. Those that do: {deep}", path=f"materials.{key}"
        )
    return known[key]


def _material(entry: MaterialEntry) -> Block:
    stages: Block = {}
    for stage in entry.stages:
        stages[stage] = _stage(entry, stage)
    price = facts(entry.key, "price")[0]
    return {
        "title": entry.title,
        "basis": entry.basis,
        "source": ASSUMPTION,
        "note": entry.note,
        "price_usd_per_kg": {
            "value": price.value, "source": price.source, "note": f"{price.year}: {price.note}; {price.basis}",
        },
        "stages": stages,
        "consumers": {value.country: _consumer(entry.key, value) for value in _values(entry.key, "demand")},
    }  # fmt: skip


def _stage(entry: MaterialEntry, stage: str) -> Block:
    block: Block = {}
    position = entry.stages.index(stage)
    if stage not in ("mine", "process", "fabricate"):
        block["after"] = entry.stages[position - 1] if position else "none"
    for value in _values(entry.key, "feed_stock_days", stage):
        block["feed_stock_days"] = _number(value)
    block["producers"] = _producers(entry.key, stage)
    block["trade"] = _trade(entry, stage)
    return block


def _producers(material: str, stage: str) -> Block:
    """Producers whose shares sum to 1: old scrap takes its tonnes of world use, the others share the rest."""
    use = sum(value.value for value in _values(material, "demand"))
    scrap = {value.country: value for value in _values(material, "scrap", stage)}
    left = 1.0 - sum(value.value for value in scrap.values()) / use
    rows = _shares(material, stage)
    producers: Block = {}
    for country, (share, source, note) in rows.items():
        block: Block = {"share": round(share * left, DIGITS), "source": source}
        if scrap:
            note = "; ".join(part for part in (note, f"{share:g} of what is made from ore") if part)
        producers[country] = block | ({"note": note} if note else {}) | _terms(material, stage, country)
    for country, value in scrap.items():
        block = {"share": round(value.value / use, DIGITS), "feed": "none", "country": country, "source": value.source}
        bounds = "" if value.low is None else f", {_plain(value.low)} to {_plain(value.high)}"
        producers[f"{country} scrap"] = block | {"note": f"{_plain(value.value)} t a year{bounds}: {value.note}"}
    largest = max(producers, key=lambda key: producers[key]["share"])
    over = sum(block["share"] for block in producers.values()) - 1.0
    producers[largest]["share"] = round(producers[largest]["share"] - over, DIGITS)
    return producers


def _shares(material: str, stage: str) -> dict[str, tuple[float, str, str]]:
    """Region → share of what is made from ore, its source and note; members of the European Union together."""
    stated = _values(material, "share", stage)
    if stated:
        return {v.country: (v.value, v.source, _with_range(v.note, v) if v.low is not None else v.note) for v in stated}
    shares: dict[str, tuple[float, str, str]] = {}
    published = {f.country: f for f in facts(material, "production") if f.stage == stage}
    for country, fact in published.items():
        region, share = european_union(country), fact.share or 0.0
        before = shares.get(region, (0.0, "", ""))[0]
        note = "; ".join(part for part in (fact.year, fact.note) if part)
        shares[region] = (before + share, fact.source, note)
    return shares


def _terms(material: str, stage: str, country: str) -> Block:
    """Yield and utilisation of one producer."""
    block: Block = {}
    for measure in ("yield", "utilisation"):
        for value in _values(material, measure, stage):
            if value.country == country:
                block[measure] = _number(value)
    return block


def _consumer(material: str, demand: ChainValue) -> Block:
    own = [v for v in _values(material, "stock_days") if v.country == demand.country]
    return {
        "demand_t_per_year": _number(demand),
        "stock_days": _number((own or _values(ANY, "stock_days"))[0]),
    }


def _trade(entry: MaterialEntry, stage: str) -> Block:
    preference = next(iter(_values(entry.key, "home_preference", stage)), None)
    sellers = {block.get("country", name) for name, block in _producers(entry.key, stage).items()}
    last = stage == entry.stages[-1]
    buyers = {v.country for v in _values(entry.key, "demand")} if last else _makers(entry, stage)
    shares = {
        f"{v.country} -> {v.partner}": _number(v)
        for v in _values(entry.key, "trade_share", stage)
        if v.country in sellers and v.partner in buyers
    }
    block: Block = {"source": ASSUMPTION, "note": "what is not known is fitted to outputs and needs"}
    if preference is not None:
        block["home_preference"] = _number(preference)
    kept = {v.country for v in _values(entry.key, "home_only", stage)} & sellers
    forbidden = [f"{seller} -> {buyer}" for seller in sorted(kept) for buyer in sorted(buyers - {seller})]
    forbidden += [
        f"{v.country} -> {v.partner}"
        for v in _values(entry.key, "forbidden", stage)
        if v.country in sellers and v.partner in buyers
    ]
    if forbidden:
        block["forbidden"] = forbidden
    return block | ({"shares": shares} if shares else {}) | {"lead_time_days": _lead_times(entry.key, sellers, buyers)}


def _makers(entry: MaterialEntry, stage: str) -> set[str]:
    """Places of the producers that take a stage's product."""
    following = _producers(entry.key, entry.stages[entry.stages.index(stage) + 1])
    return {name for name, block in following.items() if "feed" not in block}


def _lead_times(material: str, sellers: Iterable[str], buyers: Iterable[str]) -> Block:
    """Lead times of the lanes there are; a material flown everywhere has one of its own for all lanes."""
    own, common = _values(material, "lead_days"), _values(ANY, "lead_days")
    default = next((v for v in (*own, *common) if not v.country), None)
    flown = any(not v.country for v in own)
    lanes = {(v.country, v.partner): v for v in (*(() if flown else common), *own) if v.country}
    pairs = {f"{s} -> {b}": _number(v) for (s, b), v in lanes.items() if s in sellers and b in buyers}
    block: Block = {"home": _number(_values(ANY, "home_lead_days")[0])}
    if default is not None:
        block = {"default": _number(default)} | block
    return block | ({"pairs": pairs} if pairs else {})


def _values(material: str, measure: str, stage: str | None = None) -> list[ChainValue]:
    return [value for value in chain_values(material, measure) if stage is None or value.stage in ("", stage)]


def _number(value: ChainValue) -> Block:
    """A number of the format with its source; a range is a triangular distribution around it."""
    said = {"source": value.source, "note": value.note}
    if value.low is None or value.high is None:
        return {"value": _whole(value.value), **said}
    low, mode, high = map(_whole, (value.low, value.value, value.high))
    return {"dist": "triangular", "low": low, "mode": mode, "high": high, **said}


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _with_range(note: str, value: ChainValue) -> str:
    return f"{value.low:g} to {value.high:g}: {note}"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def _sources(blocks: Mapping[str, Any]) -> Block:
    """The publications named as a source, or in a note."""
    said = yaml.safe_dump(dict(blocks), width=1e9)
    found: Block = {}
    for key, publication in publications().items():
        if re.search(rf"\b{re.escape(key)}\b", said):
            entry = {
                "title": publication.title, "publisher": publication.publisher, "date": publication.date,
                "url": publication.url, "licence": publication.licence, "confidence": publication.confidence,
            }  # fmt: skip
            found[key] = {name: text for name, text in entry.items() if text}
    return found


# ------------------------------------------------------------------------------------------------------------ how it reads


HEAD = """\
# yaml-language-server: $schema=scenario.schema.json
#
# Written by `minsim new` from the reference tables of {as_of}. A number published somewhere names its source; `source:
# assumption` is our own, and its note says how it was reached. Shares of producers are of the stage's world output;
# members of the European Union count together.

"""

TAIL = """
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
    """The mapping as YAML that people edit: one line a number where it fits."""
    body = "\n".join(_lines(mapping, 0)) + "\n"
    body = re.sub(r"(?m)^(sources|materials):", r"\n\1:", body)
    material = next(iter(mapping.get("materials", {"magnets": None})))
    start = mapping["start"] + dt.timedelta(days=90)
    return HEAD.format(as_of=mapping["as_of"]) + body + TAIL.format(material=material, start=start)


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
    """A scalar on its line, or a long text folded below its key."""
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


# ------------------------------------------------------------------------------------------------------------ on the disk


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
    from minsim.loading import load_scenario
    from minsim.network import build_network
    from minsim.uncertainty import Draws

    scenario = load_scenario(path)
    build_network(scenario, Draws.central())
    return scenario
