"""Reference data of the minerals: production, trade, use, stocks and prices, each with its source.

There are two kinds of tables. Published figures are written by `tools/update_reference_data.py` and never edited by hand:
`production.csv`, `use.csv`, `imports.csv`, `prices.csv`, `stocks.csv`, with `sources.csv` for the documents. Values that
turn those figures into a balanced chain are written by hand, each row a stated assumption or arithmetic on a published
figure: `chains.csv`, with `materials.csv` for the list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from minsim.data.csv_tables import read_rows

__all__ = [
    "ANY",
    "AS_OF",
    "EUROPEAN_UNION",
    "REST_OF_WORLD",
    "ChainValue",
    "Fact",
    "MaterialEntry",
    "Publication",
    "chain_values",
    "european_union",
    "facts",
    "materials",
    "publications",
    "stage_shares",
]

AS_OF: Final = dt.date(2026, 2, 5)
"""Date of the knowledge on which the tables are based."""

ANY: Final = "any"
"""Material of a chain value that applies to every material without a value of its own."""

EUROPEAN_UNION: Final = "European Union"
REST_OF_WORLD: Final = "Rest of world"

_PUBLISHED: Final = ("production", "use", "imports", "prices", "stocks")

_MEMBERS: Final = frozenset(
    [
        "Austria",
        "Belgium",
        "Bulgaria",
        "Croatia",
        "Cyprus",
        "Czechia",
        "Denmark",
        "Estonia",
        "Finland",
        "France",
        "Germany",
        "Greece",
        "Hungary",
        "Ireland",
        "Italy",
        "Latvia",
        "Lithuania",
        "Luxembourg",
        "Malta",
        "Netherlands",
        "Poland",
        "Portugal",
        "Romania",
        "Slovakia",
        "Slovenia",
        "Spain",
        "Sweden",
    ]
)


@dataclass(frozen=True, slots=True)
class MaterialEntry:
    """A material the tables know.

    Parameters
    ----------
    key, title : str
        Its key in scenarios, and its name.
    tier : {"deep", "screening"}
        `deep`: a chain detailed enough to simulate; `screening`: concentration and reliance only.
    basis : str
        What a tonne counts.
    stages : tuple of str
        Stages of its chain, first to last.
    scenario : str
        Library scenario that holds the chain; empty where it is made from the tables.
    note : str
        What is included and what is not.
    """

    key: str
    title: str
    tier: str
    basis: str
    stages: tuple[str, ...]
    scenario: str
    note: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A source document of the tables: its key in `sources:`, and its metadata."""

    key: str
    title: str
    publisher: str
    date: str
    url: str
    licence: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One published figure.

    Parameters
    ----------
    table, material, measure : str
        Table it belongs to, the material, and what it measures.
    stage, country, partner : str
        Where; empty where it does not apply. `partner` is the seller of a trade figure.
    year : str
        Year, or years as `2021-2024`.
    value : float or None
        In `unit`; None where only a share is published.
    unit, basis : str
        Unit, and what a tonne counts.
    share : float or None
        Share of the world (`production`) or of the buyer's imports (`imports`).
    source, url, licence : str
        Key of the publication, its address, its terms.
    confidence : {"found", "derived"}
        Read in the source, or arithmetic on what was read there.
    note : str
        What exactly is counted; what other sources say.
    """

    table: str
    material: str
    measure: str
    stage: str
    country: str
    partner: str
    year: str
    value: float | None
    unit: str
    share: float | None
    basis: str
    source: str
    url: str
    licence: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class ChainValue:
    """One number of a chain: an assumption, or arithmetic on a published figure.

    Parameters
    ----------
    material : str
        `any` for a value that applies to every material without one of its own.
    measure : str
        `share` (of a stage's output), `scrap` [t/year], `yield` [t/t], `utilisation`, `demand` [t/year], `stock_days`,
        `feed_stock_days`, `trade_share` (of the partner's purchases), `home_only` (1: sells to nobody abroad), `forbidden`
        (1: nothing moves on the trade route), `lead_days`, `home_lead_days`, `home_preference`.
    stage, country, partner : str
        Where; `country` is the seller and `partner` the buyer of a trade route.
    value : float
        In `unit`.
    low, high : float or None
        Range, where there is one.
    unit, source, note : str
        Unit; key of a publication, or `assumption`; derivation.
    """

    material: str
    measure: str
    stage: str
    country: str
    partner: str
    value: float
    low: float | None
    high: float | None
    unit: str
    source: str
    note: str


@cache
def materials() -> Mapping[str, MaterialEntry]:
    """Materials by key, deep chains first.

    Examples
    --------
    >>> materials()["gallium"].tier, materials()["nickel"].tier
    ('deep', 'screening')
    """
    return MappingProxyType(
        {
            row["material"]: MaterialEntry(
                key=row["material"],
                title=row["title"],
                tier=row["tier"],
                basis=row["basis"],
                stages=tuple(row["stages"].split(";")),
                scenario=row["scenario"],
                note=row["note"],
            )
            for row in read_rows("materials")
        }
    )


@cache
def publications() -> Mapping[str, Publication]:
    """Source documents of the tables, by the key that scenarios use.

    Examples
    --------
    >>> publications()["usgs-mcs-2026"].licence
    'US public domain'
    """
    return MappingProxyType(
        {
            row["key"]: Publication(
                row["key"], row["title"], row["publisher"], row["date"], row["url"], row["licence"], row["confidence"]
            )
            for row in read_rows("sources")
        }
    )


@cache
def facts(material: str | None = None, measure: str | None = None) -> tuple[Fact, ...]:
    """Published figures, in the order of the tables.

    Parameters
    ----------
    material, measure : str, optional
        Only those of one material, of one measure.

    Examples
    --------
    >>> [round(fact.value) for fact in facts("gallium", "price")]
    [580]
    """
    if material is None and measure is None:
        return tuple(_fact(table, row) for table in _PUBLISHED for row in read_rows(table))
    return tuple(
        fact
        for fact in facts()
        if (material is None or fact.material == material) and (measure is None or fact.measure == measure)
    )


@cache
def chain_values(material: str, measure: str | None = None) -> tuple[ChainValue, ...]:
    """Values that turn the published figures into a chain, in the order of the table.

    Parameters
    ----------
    material : str
        Key of a material, or `any`.
    measure : str, optional
        Only one measure.

    Examples
    --------
    >>> [value.value for value in chain_values("gallium", "stock_days")]
    [65.3]
    """
    return tuple(
        _chain_value(row)
        for row in read_rows("chains")
        if row["material"] == material and (measure is None or row["measure"] == measure)
    )


def stage_shares(material: str, stage: str) -> dict[str, float]:
    """Share of each producer in a stage's world output; they add up to one.

    Published shares take precedence; without them the chain's own apply. Old scrap is part of the output.

    Parameters
    ----------
    material, stage : str
        Which stage.

    Returns
    -------
    dict of str to float
        Country → share, largest first, the rest of the world last; empty where nothing is known.

    Examples
    --------
    >>> next(iter(stage_shares("antimony", "mine").items()))
    ('China', 0.361272)
    """
    stated = {v.country: v.value for v in chain_values(material, "share") if v.stage == stage}
    published = {f.country: f.share for f in facts(material, "production") if f.stage == stage and f.share is not None}
    shares = published or stated
    scrap = {v.country: v.value for v in chain_values(material, "scrap") if v.stage == stage}
    if scrap:
        use = sum(value.value for value in chain_values(material, "demand"))
        shares = {place: share * (1.0 - sum(scrap.values()) / use) for place, share in shares.items()}
        for place, tonnes in scrap.items():
            shares[place] = shares.get(place, 0.0) + tonnes / use
    return dict(sorted(shares.items(), key=lambda item: (item[0] == REST_OF_WORLD, -item[1], item[0])))


def european_union(country: str) -> str:
    """The region a country counts as in chains: members are the European Union.

    Examples
    --------
    >>> european_union("Finland"), european_union("Norway")
    ('European Union', 'Norway')
    """
    return EUROPEAN_UNION if country in _MEMBERS else country


def _fact(table: str, row: Mapping[str, str]) -> Fact:
    return Fact(
        table=table,
        value=float(row["value"]) if row["value"] else None,
        share=float(row["share"]) if row["share"] else None,
        **{
            name: row[name]
            for name in (
                "material", "measure", "stage", "country", "partner", "year", "unit", "basis", "source", "url",
                "licence", "confidence", "note",
            )
        },
    )  # fmt: skip


def _chain_value(row: Mapping[str, str]) -> ChainValue:
    return ChainValue(
        value=float(row["value"]),
        low=float(row["low"]) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        **{
            name: row[name] for name in ("material", "measure", "stage", "country", "partner", "unit", "source", "note")
        },
    )
