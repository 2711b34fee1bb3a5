"""Reference tables → blocks of a scenario: a material's chain with every number's source, and the publications it names.

Used by `minsim new` to write a file, and by `from_data:` when a file is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from minsim.data.reference import (
    ANY,
    ChainValue,
    MaterialEntry,
    chain_values,
    european_union,
    facts,
    materials,
    publications,
)
from minsim.errors import ScenarioError
from minsim.scenario.format.sources import ASSUMPTION
from minsim.text.messages import unknown

DEEP = "deep"
SHARE_DECIMALS = 6
"""Decimal places of a share: shares must sum to 1 within 1e-6."""

ScenarioBlock = dict[str, Any]
"""A block of a scenario as plain data."""


def deep_entry(key: str) -> MaterialEntry:
    """A material with a chain.

    Raises
    ------
    ScenarioError
        If the tables do not know it, or carry no chain of it.
    """
    known = materials()
    if key not in known:
        raise ScenarioError.single(unknown("material", key, known), path="materials")
    if known[key].tier != DEEP:
        deep = ", ".join(entry.key for entry in known.values() if entry.tier == DEEP)
        raise ScenarioError.single(
            f"{key} is for screening only: its tables carry no chain. Those that do: {deep}", path=f"materials.{key}"
        )
    return known[key]


def material_block(entry: MaterialEntry) -> ScenarioBlock:
    """A material's block of a scenario, from the tables."""
    stages: ScenarioBlock = {}
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


def _stage(entry: MaterialEntry, stage: str) -> ScenarioBlock:
    block: ScenarioBlock = {}
    position = entry.stages.index(stage)
    if stage not in ("mine", "process", "fabricate"):
        block["after"] = entry.stages[position - 1] if position else "none"
    for value in _values(entry.key, "feed_stock_days", stage):
        block["feed_stock_days"] = _number(value)
    block["producers"] = _producers(entry.key, stage)
    block["trade"] = _trade(entry, stage)
    return block


def _producers(material: str, stage: str) -> ScenarioBlock:
    """Producers, with shares that sum to 1: old scrap supplies its tonnes of world use, the others share the remainder."""
    use = sum(value.value for value in _values(material, "demand"))
    scrap = {value.country: value for value in _values(material, "scrap", stage)}
    left = 1.0 - sum(value.value for value in scrap.values()) / use
    rows = _shares(material, stage)
    producers: ScenarioBlock = {}
    for country, (share, source, note) in rows.items():
        block: ScenarioBlock = {"share": round(share * left, SHARE_DECIMALS), "source": source}
        if scrap:
            note = "; ".join(part for part in (note, f"{share:g} of what is made from ore") if part)
        producers[country] = block | ({"note": note} if note else {}) | _terms(material, stage, country)
    for country, value in scrap.items():
        block = {
            "share": round(value.value / use, SHARE_DECIMALS),
            "feed": "none",
            "country": country,
            "source": value.source,
        }
        bounds = "" if value.low is None else f", {_plain(value.low)} to {_plain(value.high)}"
        producers[f"{country} scrap"] = block | {"note": f"{_plain(value.value)} t a year{bounds}: {value.note}"}
    largest = max(producers, key=lambda key: producers[key]["share"])
    over = sum(block["share"] for block in producers.values()) - 1.0
    producers[largest]["share"] = round(producers[largest]["share"] - over, SHARE_DECIMALS)
    return producers


def _shares(material: str, stage: str) -> dict[str, tuple[float, str, str]]:
    """Region → share of output from ore, its source and note; members of the European Union together."""
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


def _terms(material: str, stage: str, country: str) -> ScenarioBlock:
    """Yield and utilisation of one producer."""
    block: ScenarioBlock = {}
    for measure in ("yield", "utilisation"):
        for value in _values(material, measure, stage):
            if value.country == country:
                block[measure] = _number(value)
    return block


def _consumer(material: str, demand: ChainValue) -> ScenarioBlock:
    own = [v for v in _values(material, "stock_days") if v.country == demand.country]
    return {
        "demand_t_per_year": _number(demand),
        "stock_days": _number((own or _values(ANY, "stock_days"))[0]),
    }


def _trade(entry: MaterialEntry, stage: str) -> ScenarioBlock:
    preference = next(iter(_values(entry.key, "home_preference", stage)), None)
    sellers = {block.get("country", name) for name, block in _producers(entry.key, stage).items()}
    last = stage == entry.stages[-1]
    buyers = {v.country for v in _values(entry.key, "demand")} if last else _makers(entry, stage)
    shares = {
        f"{v.country} -> {v.partner}": _number(v)
        for v in _values(entry.key, "trade_share", stage)
        if v.country in sellers and v.partner in buyers
    }
    block: ScenarioBlock = {"source": ASSUMPTION, "note": "what is not known is fitted to outputs and needs"}
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
    """Places of the producers that process a stage's product further."""
    following = _producers(entry.key, entry.stages[entry.stages.index(stage) + 1])
    return {name for name, block in following.items() if "feed" not in block}


def _lead_times(material: str, sellers: Iterable[str], buyers: Iterable[str]) -> ScenarioBlock:
    """Lead times of the existing trade routes; a material shipped by air has one lead time for all routes."""
    own, common = _values(material, "lead_days"), _values(ANY, "lead_days")
    default = next((v for v in (*own, *common) if not v.country), None)
    by_air = any(not v.country for v in own)
    routes = {(v.country, v.partner): v for v in (*(() if by_air else common), *own) if v.country}
    pairs = {f"{s} -> {b}": _number(v) for (s, b), v in routes.items() if s in sellers and b in buyers}
    block: ScenarioBlock = {"home": _number(_values(ANY, "home_lead_days")[0])}
    if default is not None:
        block = {"default": _number(default)} | block
    return block | ({"pairs": pairs} if pairs else {})


def _values(material: str, measure: str, stage: str | None = None) -> list[ChainValue]:
    return [value for value in chain_values(material, measure) if stage is None or value.stage in ("", stage)]


def _number(value: ChainValue) -> ScenarioBlock:
    """A number of the format with its source; a range is a triangular distribution around it."""
    origin = {"source": value.source, "note": value.note}
    if value.low is None or value.high is None:
        return {"value": _whole(value.value), **origin}
    low, mode, high = map(_whole, (value.low, value.value, value.high))
    return {"dist": "triangular", "low": low, "mode": mode, "high": high, **origin}


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _with_range(note: str, value: ChainValue) -> str:
    return f"{value.low:g} to {value.high:g}: {note}"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def sources_of(blocks: Mapping[str, Any]) -> ScenarioBlock:
    """The publications named as a source or in a note."""
    text = yaml.safe_dump(dict(blocks), width=1e9)
    found: ScenarioBlock = {}
    for key, publication in publications().items():
        if re.search(rf"\b{re.escape(key)}\b", text):
            entry = {
                "title": publication.title, "publisher": publication.publisher, "date": publication.date,
                "url": publication.url, "licence": publication.licence, "confidence": publication.confidence,
            }  # fmt: skip
            found[key] = {name: value for name, value in entry.items() if value}
    return found
