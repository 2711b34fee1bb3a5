"""Distil the reference tables of minsim from a folder of gathered facts.

    python tools/update_reference_data.py FOLDER [--to minsim/data] [--check]

FOLDER holds `production.csv`, `demand.csv`, `prices.csv` and `stocks.csv` as published figures were gathered (see
docs/data.md for the columns). What is taken of them, and into which unit it is turned, stands in the plans below; a new
release of USGS or IEA means new facts, and here at most another source title. Years are not named: each series is taken at
its latest.

Nothing here is judged or filled in. What nobody publishes stands in `minsim/data/chains.csv`, which people write.
`--check` writes nothing and says by exit code 1 that the tables in the tree are not those of FOLDER.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minsim.data import countries, country_aliases

Row = dict[str, str]

COLUMNS = (
    "material", "measure", "stage", "country", "partner", "year", "value", "unit", "share", "basis",
    "source", "url", "licence", "confidence", "note",
)  # fmt: skip
DATA = Path(__file__).resolve().parents[1] / "minsim" / "data"
REST = "Rest of world"
SMALLEST_SHARE = 0.01
"""Producers below this share of a stage are added to the rest of the world: the tables hold what is used."""

# ------------------------------------------------------------------------------------------------------------- plans


@dataclass(frozen=True)
class Publisher:
    """One source: how its rows are told, and under what terms they may be used."""

    key: str
    starts: str
    title: str
    publisher: str
    date: str
    url: str
    licence: str


PUBLISHERS = (
    Publisher(
        "usgs-mcs-2026", "USGS Mineral Commodity Summaries 2026", "Mineral Commodity Summaries 2026, data release",
        "US Geological Survey", "2026", "https://doi.org/10.5066/P1WKQ63T", "US public domain",
    ),
    Publisher(
        "iea-2025", "IEA Critical Minerals Dataset", "Critical Minerals Dataset, May 2025 edition, base case",
        "International Energy Agency", "2025-05",
        "https://www.iea.org/data-and-statistics/data-product/critical-minerals-dataset", "CC BY 4.0",
    ),
    Publisher(
        "baci-hs17-2024", "CEPII BACI HS17", "BACI HS17, version 202601, year 2024", "CEPII", "2026-01",
        "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37", "Etalab 2.0",
    ),
    Publisher(
        "baci-hs92-2024", "CEPII BACI HS92", "BACI HS92, version 202601, year 2024", "CEPII", "2026-01",
        "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37", "Etalab 2.0",
    ),
    Publisher(
        "court-of-auditors-2026", "European Court of Auditors report",
        "EU faces major reliance on China for critical minerals, on a report of the European Court of Auditors",
        "Plataforma", "2026-02-03",
        "https://www.plataformamedia.com/en/2026/02/03/eu-faces-major-reliance-on-china-for-critical-minerals-auditors-warn",
        "single facts",
    ),
    Publisher(
        "rare-earth-exchanges-2025", "Rare Earth Exchanges on IEA commentary",
        "The mineral chessboard, on an IEA commentary of 23 October 2025", "Rare Earth Exchanges", "2025-10",
        "https://rareearthexchanges.com/news/the-mineral-chessboard-iea-sounds-alarm-as-china-tightens-its-grip",
        "single facts",
    ),
    Publisher(
        "adamas-2024", "Adamas Intelligence, record REPM exports",
        "Record rare-earth permanent magnet exports from China in 2024", "Adamas Intelligence", "",
        "https://www.adamasintel.com/record-rare-earth-magnet-exports-from-china-in-2024/", "single facts",
    ),
    Publisher(
        "goldsea-2026", "Reuters via Goldsea", "China rare earth exports to US, Japan fell in December",
        "Reuters, via Goldsea", "2026-01",
        "http://www.goldsea.com/public/index.php/article_details/china-rare-earth-exports-to-us-japan-fell-in-december",
        "single facts",
    ),
    Publisher(
        "ocean-freight", "56ok Global Ocean Freight Transit Times", "Global ocean freight transit times", "56ok", "",
        "https://en-test.56ok.com/topic/detail-593856-global-ocean-freight-transit-times-key-insights.html", "single facts",
    ),
)  # fmt: skip

PRODUCTION = {
    # (material, stage): (mineral of the facts, its stage, publisher, basis)
    ("gallium", "process"): ("gallium", "primary_low_purity", "usgs-mcs-2026", "metal"),
    ("antimony", "mine"): ("antimony", "mine", "usgs-mcs-2026", "contained"),
    ("tungsten", "mine"): ("tungsten", "mine", "usgs-mcs-2026", "contained"),
    ("natural-graphite", "mine"): ("graphite", "mine", "usgs-mcs-2026", "product"),
    ("natural-graphite", "battery-grade"): ("graphite", "refine", "iea-2025", "product"),
    ("cobalt", "mine"): ("cobalt", "mine", "usgs-mcs-2026", "contained"),
    ("cobalt", "process"): ("cobalt", "refine", "iea-2025", "contained"),
    # Mine and refinery of one source: brine is refined where it is pumped, and only there do the two agree.
    ("lithium", "mine"): ("lithium", "mine", "iea-2025", "contained"),
    ("lithium", "process"): ("lithium", "refine", "iea-2025", "contained"),
    ("magnets", "mine"): ("magnet_rare_earths", "mine", "iea-2025", "oxide"),
    ("magnets", "process"): ("magnet_rare_earths", "refine", "iea-2025", "oxide"),
    ("magnets", "fabricate"): ("ndfeb_magnets", "magnet", "rare-earth-exchanges-2025", "product"),
    ("nickel", "mine"): ("nickel", "mine", "usgs-mcs-2026", "contained"),
    ("nickel", "process"): ("nickel", "refine", "iea-2025", "contained"),
    ("manganese", "mine"): ("manganese", "mine", "usgs-mcs-2026", "contained"),
    ("copper", "mine"): ("copper", "mine", "usgs-mcs-2026", "contained"),
    ("copper", "process"): ("copper", "refine", "usgs-mcs-2026", "metal"),
    ("magnesium", "process"): ("magnesium", "smelt", "usgs-mcs-2026", "metal"),
    ("bismuth", "process"): ("bismuth", "refine", "usgs-mcs-2026", "metal"),
    ("indium", "process"): ("indium", "refine", "usgs-mcs-2026", "metal"),
    ("titanium-sponge", "process"): ("titanium_sponge", "sponge", "usgs-mcs-2026", "metal"),
    ("platinum", "mine"): ("platinum", "mine", "usgs-mcs-2026", "metal"),
    ("tantalum", "mine"): ("tantalum", "mine", "usgs-mcs-2026", "contained"),
}
SECOND_OPINIONS = {
    # Published by another source too: its share of the leading country goes into the note.
    ("natural-graphite", "mine"): ("graphite", "mine", "iea-2025"),
    ("cobalt", "mine"): ("cobalt", "mine", "iea-2025"),
    ("lithium", "mine"): ("lithium", "mine", "usgs-mcs-2026"),
    ("magnets", "mine"): ("rare_earths", "mine", "usgs-mcs-2026"),
    ("nickel", "mine"): ("nickel", "mine", "iea-2025"),
    ("copper", "mine"): ("copper", "mine", "iea-2025"),
    ("copper", "process"): ("copper", "refine", "iea-2025"),
}
CAPACITY = {("gallium", "process"), ("magnesium", "process"), ("indium", "process"), ("titanium-sponge", "process")}

US_USE = {
    # material: (mineral, words in the detail of the consumption that counts, of the net import reliance)
    "gallium": ("gallium", "Consumption, reported", "Net import reliance"),
    "germanium": ("germanium", "Consumption, estimated", "Net import reliance"),
    "antimony": ("antimony", "Consumption, apparent", "Net import reliance"),
    "tungsten": ("tungsten", "Apparent, all forms", "Net import reliance"),
    "natural-graphite": ("graphite", "Consumption, apparent", "Net import reliance"),
    "cobalt": ("cobalt", "Apparent", "Net import reliance"),
    "lithium": ("lithium", "Consumption, apparent", "Net import reliance"),
    "nickel": ("nickel", "Apparent, total", "Net import reliance"),
    "manganese": ("manganese", "Consumption, apparent", "Net import reliance"),
    "copper": ("copper", "Apparent", "Net import reliance"),
    "magnesium": ("magnesium", "Apparent", "Net import reliance"),
    "bismuth": ("bismuth", "Apparent", "Net import reliance"),
    "indium": ("indium", "Consumption, estimated", "Net import reliance"),
    "titanium-sponge": ("titanium_sponge", "Consumption, apparent", "Net import reliance"),
    "platinum": ("platinum", "Platinum", "Net import reliance"),
    "tantalum": ("tantalum", "Consumption, apparent", "Net import reliance"),
}
US_FLOWS = {
    # Where use is withheld, the trade it can be narrowed down with.
    "germanium": (("Germanium metal", "Germanium dioxide"), ("germanium",)),
    "tungsten": (("Ores and concentrates", "Other forms"), ("tungsten",)),
    "lithium": (("Imports for consumption", "Exports"), ("lithium",)),
}
US_SOURCES = {
    # material: the form whose countries of origin are taken
    "gallium": "Metal",
    "germanium": "Combined total",
    "antimony": "Total metal and oxide",
    "tungsten": "Ores, concentrates, and other forms",
    "natural-graphite": "All",
    "cobalt": "Metal, oxide, and salts",
    "lithium": "All",
    "nickel": "Primary nickel",
    "manganese": "Manganese contained in principal manganese imports",
    "copper": "Refined copper",
    "magnesium": "Combined total",
    "bismuth": "All",
    "indium": "All",
    "titanium-sponge": "Titanium Sponge Metal",
    "platinum": "Platinum",
    "tantalum": "Total",
}
EU_SUPPLY = {
    # material: mineral of the facts, and the measure that gives China's share
    "magnets": ("ndfeb_magnets", "imports_from_China"),
    "gallium": ("gallium", "supply_share_from_China"),
    "tungsten": ("tungsten", "supply_share_from_China"),
    "magnesium": ("magnesium", "supply_share_from_China"),
}
CHINESE_EXPORTS = {"magnets": "ndfeb_magnets"}
IMPORTS = {
    # material: headings of BACI whose sum stands for the material (gross weight)
    "magnets": ("ndfeb_magnets",),
    "antimony": ("antimony",),
    "natural-graphite": ("graphite", "graphite_powder_flake"),
    "cobalt": ("cobalt",),
    "lithium": ("lithium",),
    "tungsten": ("tungsten_powders",),
}
HEADINGS = {
    "magnets": "HS 850511, permanent magnets of metal; those without rare earths are in it",
    "antimony": "HS 811010, unwrought metal and powder; oxide is not in it",
    "natural-graphite": "HS 250410 (HS92) and 250490 (HS17), powder, flake and other natural graphite",
    "cobalt": "HS 282200, oxides and hydroxides; metal is not in it",
    "lithium": "HS 283691, carbonate; hydroxide is not in it",
    "tungsten": "HS 810110 (HS92), powders; tungstates and carbide are not in it",
}
WORLD_USE = {
    "natural-graphite": "graphite",
    "cobalt": "cobalt",
    "lithium": "lithium",
    "copper": "copper",
    "nickel": "nickel",
}

POUND_KG, TROY_OUNCE_KG = 0.45359237, 0.0311034768
PRICES = {
    # material: (mineral, words in the form, kg of what the material counts in one unit of the price, how it was turned)
    "gallium": ("gallium", "unit value of imports", 1.0, "metal"),
    "germanium": ("germanium", "Germanium metal", 1.0, "metal"),
    "antimony": ("antimony", "metal, average", POUND_KG, "metal"),
    "tungsten": ("tungsten", "concentrate", 7.930, "a dry metric ton unit is 10 kg of WO3, 7.930 kg of tungsten"),
    "natural-graphite": ("graphite", "foreign ports: F", 1000.0, "flake"),
    "cobalt": ("cobalt", "U.S. spot, cathode", POUND_KG, "metal; the LME paid about 30% less"),
    "lithium": ("lithium", "lithium carbonate", 187.87, "carbonate holds 0.18787 of lithium"),
    "nickel": ("nickel", "Dollars per metric ton", 1000.0, "metal"),
    "manganese": (
        "manganese", "manganese content", 10.0,
        "USGS quotes a metric ton unit, 10 kg of manganese; the facts say a metric ton, which cannot be",
    ),
    "copper": ("copper", "U.S. producer", 100 * POUND_KG, "cathode"),
    "magnesium": ("magnesium", "U.S. spot Western", POUND_KG, "metal"),
    "bismuth": ("bismuth", "Price, average", POUND_KG, "metal"),
    "indium": ("indium", "U.S. warehouse", 1.0, "metal"),
    "titanium-sponge": ("titanium_sponge", "Price", 1.0, "sponge"),
    "platinum": ("platinum", "Platinum", TROY_OUNCE_KG, "metal"),
    "tantalum": ("tantalum", "tantalum oxi", 0.8190, "Ta2O5 holds 0.8190 of tantalum"),
}  # fmt: skip
with (DATA / "materials.csv").open(encoding="utf-8", newline="") as _file:
    BASIS = {row["material"]: row["basis"] for row in csv.DictReader(_file)}
    """What a tonne counts, where a plan does not say otherwise."""
STOCKS = ("gallium", "bismuth", "cobalt", "copper", "nickel", "manganese")

# ------------------------------------------------------------------------------------------------------------ reading


TONNES = {
    "kg": 1e-3, "kilograms": 1e-3, "t": 1.0, "tonnes": 1.0, "metric tons": 1.0, "metric tonnes": 1.0, "kt": 1e3,
    "thousand metric tons": 1e3, "thousand tonnes": 1e3, "thousand t": 1e3, "million metric tons": 1e6,
}  # fmt: skip
"""Tonnes in a unit, by its name in lower case. Plain tons are missing: they may be short or long ones."""

UNTOLD = {"", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "na", "n/a", "not available", "w", "withheld", "xx", "e", "..."}
"""What stands in place of a figure that is not available, withheld or nil, in lower case."""

_FIGURE = re.compile(r"([<>~]?)\s*(\d{1,3}(?:[, \u00a0\u202f]\d{3})+|\d+)(\.\d+)?")
_WORLD = re.compile(r"world( total)?,?( \(?round(ed|s)?\)?)?", re.IGNORECASE)


def facts(folder: Path, name: str) -> list[Row]:
    """Rows of one file of facts, figures without separators and world totals under one name."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return [_plain(row, name) for row in csv.DictReader(file)]


def _plain(row: Row, name: str) -> Row:
    """A row whose figure is digits alone, a sign such as `>` moved into its qualifier."""
    row = {key: text.strip() if isinstance(text, str) else "" for key, text in row.items() if key is not None}
    text = row.get("value", "")
    found = _FIGURE.fullmatch(text)
    if found is not None:
        row["value"] = re.sub(r"\D", "", found[2]) + (found[3] or "")
        row["qualifier"] = row.get("qualifier", "") or found[1]
    elif text.lower() not in UNTOLD and row.get("measure") == "production":
        raise SystemExit(
            f"{name}: expected a figure such as 40000, got {text!r} in {row}; mend it, or leave the row out"
        )
    for place in ("country", "region"):
        if _WORLD.fullmatch(row.get(place, "")):
            row[place] = "World"
    return row


def canonical(name: str) -> str:
    """A place in the one spelling scenarios use."""
    found = country_aliases().get(name, name)
    if found not in countries():
        raise SystemExit(f"unknown country {name!r}; add it to minsim/data/countries.csv")
    return found


def publisher_of(row: Row) -> Publisher:
    """The source of a row, which must be one whose terms are known."""
    for publisher in PUBLISHERS:
        if row["source_title"].startswith(publisher.starts):
            return publisher
    raise SystemExit(f"no terms known for {row['source_title']!r}; add it to PUBLISHERS or leave the row out")


def is_from(row: Row, key: str) -> bool:
    """Whether a row comes from a source."""
    return any(p.key == key and row["source_title"].startswith(p.starts) for p in PUBLISHERS)


def tonnes(row: Row) -> float:
    """A row's value in tonnes."""
    unit = " ".join(row["unit"].lower().split())
    if unit not in TONNES:
        raise SystemExit(f"unknown unit {row['unit']!r} in {row}; expected one of {', '.join(TONNES)}")
    return float(row["value"]) * TONNES[unit]


def figure(value: float) -> str:
    """A number as written into the tables: six significant digits, no exponent for what is large."""
    text = f"{value:.6g}"
    return f"{float(text):.0f}" if "e+" in text else text


def detail(row: Row) -> str:
    """What a USGS row counts, without its footnotes."""
    return row["note"].removeprefix("detail: ").split(";")[0].strip()


def latest(rows: list[Row]) -> list[Row]:
    """Rows of the latest year among them."""
    year = max(row["year"] for row in rows)
    return [row for row in rows if row["year"] == year]


def tidy(material: str, measure: str, source: Row, **given: str) -> Row:
    """One row of the tables, with the terms of its source."""
    publisher = publisher_of(source)
    confidence = given.pop("confidence", source["confidence"])
    row = dict.fromkeys(COLUMNS, "")
    row["basis"] = BASIS[material]
    row |= {"material": material, "measure": measure, "year": source.get("year", ""), **given}
    return row | {
        "source": publisher.key,
        "url": publisher.url,
        "licence": publisher.licence,
        "confidence": confidence,
    }


# ------------------------------------------------------------------------------------------------------------- tables


def production(folder: Path) -> Iterator[Row]:
    """Output and share of each producer, adding up to one with the rest of the world."""
    everything = facts(folder, "production.csv")
    for (material, stage), (mineral, their_stage, source, basis) in PRODUCTION.items():
        rows = latest(
            [
                row
                for row in everything
                if (row["mineral"], row["stage"], row["measure"]) == (mineral, their_stage, "production")
                and is_from(row, source)
            ]
        )
        if not rows:
            raise SystemExit(f"no production of {mineral}/{their_stage} by {source} in {folder}")
        note = second_opinion(everything, material, stage)
        if all(row["country"] != "World" for row in rows):
            yield from shares_alone(material, stage, rows, basis, note)
            continue
        yield from shares_of_output(material, stage, rows, basis, note)
    yield from capacities(everything)


def shares_alone(material: str, stage: str, rows: list[Row], basis: str, note: str) -> Iterator[Row]:
    """Where only a leading share is published."""
    told = sum(float(row["share"]) for row in rows)
    for row in rows:
        yield tidy(
            material, "production", row, stage=stage, country=canonical(row["country"]), unit="t",
            share=figure(float(row["share"])), basis=basis, note=note,
        )  # fmt: skip
    yield tidy(
        material, "production", rows[0], stage=stage, country=REST, unit="t", share=figure(1.0 - told), basis=basis,
        confidence="derived", note="the remainder",
    )  # fmt: skip


def shares_of_output(material: str, stage: str, rows: list[Row], basis: str, note: str) -> Iterator[Row]:
    """Tonnes and shares; the small, and what is withheld or rounded away, are the rest of the world."""
    world = next((tonnes(row) for row in rows if row["country"] == "World" and _is_exact(row)), None)
    if world is None:
        raise SystemExit(f"expected a figure for the world's {material}/{stage}, got none in {rows[0]['year']}")
    named = [row for row in rows if row["country"] != "World"]
    withheld = [canonical(row["country"]) for row in named if not _is_exact(row)]
    made = added([row for row in named if _is_exact(row)])
    total = max(world, sum(value for value, _ in made.values()) - counted_twice_t(rows, world))
    kept = {
        country: (value, row)
        for country, (value, row) in made.items()
        if country != REST and value >= SMALLEST_SHARE * total
    }
    if material == "gallium":  # three producers and no rest: the small ones are all there is beside China
        kept = {country: pair for country, pair in made.items() if country != REST and pair[0] > 0.0}
    shares = {country: round(value / total, 6) for country, (value, _) in kept.items()}
    leading = max(shares, key=lambda country: shares[country])
    for country, (value, row) in sorted(kept.items(), key=lambda item: -item[1][0]):
        yield tidy(
            material, "production", row, stage=stage, country=country, value=figure(value), unit="t",
            share=figure(shares[country]), basis=basis, note=note if country == leading else "",
        )  # fmt: skip
    rest = round(1.0 - sum(shares.values()), 6)
    if rest > 1e-4:
        rest_note = "the remainder of the world total" + (f"; withheld: {', '.join(withheld)}" if withheld else "")
        yield tidy(
            material, "production", rows[0], stage=stage, country=REST, value=figure(rest * total), unit="t",
            share=figure(rest), basis=basis, confidence="derived", note=rest_note,
        )  # fmt: skip


def added(rows: list[Row]) -> dict[str, tuple[float, Row]]:
    """Tonnes of each country, all its rows together, and the last of them."""
    made: dict[str, tuple[float, Row]] = {}
    for row in rows:
        country = canonical(row["country"])
        made[country] = (made.get(country, (0.0, row))[0] + tonnes(row), row)
    return made


def _is_exact(row: Row) -> bool:
    """Whether a row tells a figure, and not only a bound of one."""
    return _is_number(row["value"]) and row.get("qualifier", "") not in ("<", ">")


def counted_twice_t(rows: list[Row], world_t: float) -> float:
    """What the IEA names under a country and counts in its rest of the world besides, as it does Canada's nickel [t].

    Its rows then exceed its own world by that country's output to the tonne.
    """
    if all(row["country"] != REST for row in rows):
        return 0.0
    each_t = [tonnes(row) for row in rows if row["country"] != "World" and _is_exact(row)]
    excess_t = sum(each_t) - world_t
    return next((value for value in each_t if value > 0.0 and abs(value - excess_t) < 1.0), 0.0)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d+)?", text))


def second_opinion(everything: list[Row], material: str, stage: str) -> str:
    """What another source says of the leading country."""
    if (material, stage) not in SECOND_OPINIONS:
        return ""
    mineral, their_stage, source = SECOND_OPINIONS[material, stage]
    rows = latest(
        [
            row
            for row in everything
            if (row["mineral"], row["stage"], row["measure"]) == (mineral, their_stage, "production")
            and is_from(row, source)
        ]
    )
    named = [
        row for row in rows if row["country"] not in ("World", "Rest of world", "Other countries") and row["share"]
    ]
    top = max(named, key=lambda row: float(row["share"]))
    world = next(tonnes(row) for row in rows if row["country"] == "World")
    return (
        f"{source}: {canonical(top['country'])} {100 * float(top['share']):.1f}% of {world:,.0f} t of "
        f"{mineral.replace('_', ' ')} in {top['year']}"
    )


def capacities(everything: list[Row]) -> Iterator[Row]:
    """Capacity by country, where it is published."""
    for material, stage in sorted(CAPACITY):
        mineral, their_stage, _, basis = PRODUCTION[material, stage]
        for row in everything:
            wanted = (row["mineral"], row["stage"], row["measure"]) == (mineral, their_stage, "capacity")
            if wanted and row["country"] != "World" and _is_number(row["value"]) and float(row["value"]) > 0:
                yield tidy(
                    material, "capacity", row, stage=stage, country=canonical(row["country"]),
                    value=figure(tonnes(row)), unit="t/year", basis=basis,
                )  # fmt: skip


def use(folder: Path) -> Iterator[Row]:
    """What the United States uses, how much of it is net imports, and what the world uses."""
    rows = facts(folder, "demand.csv")
    for material, (mineral, of_use, of_reliance) in US_USE.items():
        ours = [
            r for r in rows if (r["mineral"], r["region"]) == (mineral, "United States") and is_from(r, "usgs-mcs-2026")
        ]
        for measure, words in (("consumption", of_use), ("net_import_reliance", of_reliance)):
            years = [r for r in ours if r["measure"] == measure and words in detail(r)]
            for row in sorted(years, key=lambda r: r["year"])[-3:]:
                yield from us_figure(material, measure, row)
        yield from us_flows(material, ours)
    for material, mineral in WORLD_USE.items():
        found = [r for r in rows if (r["mineral"], r["region"], r["measure"]) == (mineral, "World", "total_demand")]
        for row in latest(found):
            yield tidy(
                material, "consumption", row, country="World", value=figure(tonnes(row)), unit="t", note=row["note"],
            )  # fmt: skip


def us_figure(material: str, measure: str, row: Row) -> Iterator[Row]:
    """One year of one US figure; `>50` is a lower bound, and `W` withheld: no row."""
    value = row["qualifier"] + row["value"]
    if measure == "consumption" and _is_number(value):
        yield tidy(
            material, measure, row, country="United States", value=figure(tonnes(row)), unit="t", note=detail(row)
        )
    if measure == "net_import_reliance" and re.fullmatch(r">?\d+(\.\d+)?", value):
        bound = value.startswith(">")
        yield tidy(
            material, measure, row, country="United States", value=figure(float(value.lstrip(">")) / 100),
            unit="share", note="at least: USGS publishes a lower bound only" if bound else detail(row),
        )  # fmt: skip


def us_flows(material: str, ours: list[Row]) -> Iterator[Row]:
    """Imports and exports of the latest year, where use itself is withheld."""
    if material not in US_FLOWS:
        return
    forms, _ = US_FLOWS[material]
    for measure in ("imports", "exports"):
        found = [
            r
            for r in ours
            if r["measure"] == measure and _is_number(r["value"]) and any(form in detail(r) for form in forms)
        ]
        for row in latest(found):
            yield tidy(
                material, measure, row, country="United States", value=figure(tonnes(row)), unit="t", note=detail(row)
            )


def imports(folder: Path) -> Iterator[Row]:
    """Where the United States buys; what regions import, and how much of it from China."""
    rows = facts(folder, "demand.csv")
    for material, form in US_SOURCES.items():
        mineral = US_USE[material][0]
        for row in rows:
            named, _, origin = row["measure"].partition(":")
            if (row["mineral"], named) == (mineral, "import_source_share") and detail(row).startswith(form):
                yield tidy(
                    material, "import_source_share", row, country="United States", partner=canonical(origin),
                    value=figure(float(row["value"]) / 100), unit="share", note=detail(row),
                )  # fmt: skip
    for material, (mineral, measure) in EU_SUPPLY.items():
        for row in rows:
            if (row["mineral"], row["region"], row["measure"]) == (mineral, "European Union", measure):
                yield tidy(
                    material, "supply_share", row, country="European Union", partner="China",
                    value=figure(float(row["share"] or row["value"])), unit="share",
                    note="share of supply, as reported" + ("" if row["year"].isdigit() else "; the year is not given"),
                )  # fmt: skip
    for material, mineral in CHINESE_EXPORTS.items():
        for row in rows:
            if (row["mineral"], row["region"], row["measure"]) == (mineral, "World", "exports_from_China"):
                yield tidy(
                    material, "exports", row, country="World", partner="China", value=figure(tonnes(row)), unit="t",
                    note=row["note"],
                )  # fmt: skip
    for material, headings in IMPORTS.items():
        yield from regional_imports(material, [r for r in rows if r["mineral"] in headings and r["year"] == "2024"])


def regional_imports(material: str, rows: list[Row]) -> Iterator[Row]:
    """Imports by region over all headings of a material, with China's part [t, gross weight]."""
    total: dict[str, float] = {}
    chinese: dict[str, float] = {}
    last: dict[str, Row] = {}
    for row in rows:
        if not row["measure"].startswith("imports") or "BACI" not in row["source_title"]:
            continue
        region = canonical(row["region"])
        from_china = re.search(r"from China ([\d,.]+) t", row["note"])
        if from_china is None:
            raise SystemExit(f"expected 'from China N t' in the note of {row}")
        total[region] = total.get(region, 0.0) + float(row["value"])
        chinese[region] = chinese.get(region, 0.0) + float(from_china[1].replace(",", ""))
        last[region] = row
    for region in sorted(total):
        if region == "China":
            continue
        for measure, partner, value in (("imports", "World", total[region]), ("imports", "China", chinese[region])):
            yield tidy(
                material, measure, last[region], country=region, partner=partner, value=figure(value), unit="t",
                share=figure(value / total[region]) if total[region] else "", basis="product",
                confidence="derived" if len(IMPORTS[material]) > 1 else "found",
                note=f"{HEADINGS[material]}; gross weight, re-exports included",
            )  # fmt: skip


def prices(folder: Path) -> Iterator[Row]:
    """One annual average a material, per kilogram of what the material counts."""
    rows = facts(folder, "prices.csv")
    for material, (mineral, words, kilograms, basis) in PRICES.items():
        found = [
            {**r, "year": r["date"]}
            for r in rows
            if r["mineral"] == mineral and words in r["form"] and is_from(r, "usgs-mcs-2026") and r["value"]
        ]
        if not found:
            raise SystemExit(f"no price of {mineral} called {words!r}")
        row = latest(found)[0]
        yield tidy(
            material, "price", row, value=figure(float(row["value"]) / kilograms), unit="USD/kg", basis=basis,
            confidence="found" if kilograms == 1.0 else "derived", note=f"{row['value']} {row['unit']}, annual average",
        )  # fmt: skip


def stocks(folder: Path) -> Iterator[Row]:
    """Days of cover held by users."""
    for row in facts(folder, "stocks.csv"):
        year = re.search(r"in (\d{4})$", row["detail"])
        if row["mineral"] in STOCKS and row["measure"] == "actual_cover" and year and is_from(row, "usgs-mcs-2026"):
            yield tidy(
                row["mineral"], "cover", {**row, "year": year[1]}, country=canonical(row["region"]), value=row["value"],
                unit="days", note=f"year-end stocks / consumption: {row['detail']}",
            )  # fmt: skip


def sources() -> Iterator[Row]:
    """The documents behind the tables."""
    for publisher in PUBLISHERS:
        yield {
            "key": publisher.key, "title": publisher.title, "publisher": publisher.publisher, "date": publisher.date,
            "url": publisher.url, "licence": publisher.licence, "confidence": "found",
        }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ writing


def as_text(rows: list[Row]) -> str:
    """A table as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def tables(folder: Path) -> dict[str, str]:
    """Every table, by the name of its file."""
    return {
        "production.csv": as_text(list(production(folder))),
        "use.csv": as_text(list(use(folder))),
        "imports.csv": as_text(list(imports(folder))),
        "prices.csv": as_text(list(prices(folder))),
        "stocks.csv": as_text(list(stocks(folder))),
        "sources.csv": as_text(list(sources())),
    }


def main() -> int:
    """Write the tables, or say whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of facts")
    parser.add_argument("--to", type=Path, default=DATA, help="folder of tables")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a table differs")
    given = parser.parse_args()
    differing = 0
    for name, text in tables(given.folder).items():
        path = given.to / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            print(f"{name}: unchanged")
            continue
        differing += 1
        if given.check:
            print(f"{name}: differs")
            continue
        beside = path.with_suffix(".csv.new")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
        print(f"{name}: written, {text.count(chr(10)) - 1} rows")
    return 1 if given.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
