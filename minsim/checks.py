"""What must hold in a scenario beyond the shape of each field: one small function a rule.

A check yields findings, (path, message), and never stops at the first. `CHECKS` find problems, `CAUTIONS` what is allowed
but deserves a warning, both in a validated model; the rule that every number has a source is checked on the raw mapping,
so that it speaks up even when the model does not validate. `NOT_YET` lists what the format knows and this version refuses.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import graphlib
import re
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from minsim.chain import NOTHING, predecessors
from minsim.schema import (
    LANE_ARROW,
    AnyEvent,
    ExportCurb,
    Given,
    Material,
    ScenarioModel,
    Stockpile,
    Trade,
    Window,
)
from minsim.uncertainty import central

Path = tuple[str | int, ...]
Finding = tuple[Path, str]

SHARES_WITHIN = 1e-6
"""How far the shares of a stage or a region may sum from 1."""

ASSUMPTION = "assumption"
"""What `source:` says of an invented number."""

NOT_YET: tuple[str, ...] = (
    "events.outage",
    "events.capacity_project",
    "events.demand_shock",
    "events.chokepoint",
    "events.pandemic",
    "events.market_flood",
    "events.price_floor",
    "events.tariff",
    "events.trade_bloc",
    "events.substitution",
    "events.export_curb.announcement",
    "events.export_curb.leakage",
    "events.export_curb.home_first",
    "events.export_curb.sectors",
    "events.export_curb.measure.quota",
    "events.export_curb.measure.licence",
    "stockpiles.*.members",
    "stockpiles.*.release.drawdown",
    "materials.*.prices",
    "materials.*.byproduct_of",
)
"""Not simulated yet: event types, and keys refused unless they hold their default. `*` stands for any id; below `events`
the type of the event stands in the place of its id."""


# ------------------------------------------------------------------------------------------------------------ suggestions


def closest(wrong: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Known name most like a wrong one, whatever its case; None when none is alike."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(wrong.casefold(), sorted(folded), n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def did_you_mean(wrong: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """End of a message about a wrong name: the known name most like it, or all of them when they are few."""
    known = sorted(set(known))
    near = closest(wrong, known, cutoff=cutoff)
    if near is not None:
        return f'; did you mean "{near}"?'
    return f"; expected {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    return f'unknown {kind} "{name}"{did_you_mean(name, known)}'


def _place_like(name: str, known: Iterable[str]) -> str | None:
    """Known place that a name probably means: by another spelling in use, such as `USA`, or by a slip of the keys."""
    from minsim.data import country_aliases

    known = set(known)
    other_spellings = {alias.casefold(): country for alias, country in country_aliases().items()}
    if (country := other_spellings.get(name.casefold())) in known:
        return country
    return closest(name, (other for other in known if not _numbered_apart(name, other)), cutoff=0.8)


def _numbered_apart(one: str, other: str) -> bool:
    """Whether two names differ only in a letter or a number, as `Mine A` and `Mine B` do on purpose."""

    def stem(name: str) -> list[str]:
        return [word for word in re.findall(r"[^\W\d_]+|\d+", name.casefold()) if len(word) > 1 and not word.isdigit()]

    return one.casefold() != other.casefold() and stem(one) == stem(other)


# ------------------------------------------------------------------------------------------------- walking the raw mapping


def kinds_of(annotation: Any) -> Iterator[Any]:
    """Types an annotation of the schema allows: unions opened, `Annotated` and None dropped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from kinds_of(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for choice in get_args(annotation):
            yield from kinds_of(choice)
    elif annotation is not types.NoneType:
        yield annotation


def is_number(annotation: Any) -> bool:
    """Whether a number may stand here, with a source and a distribution if need be."""
    return any(kind is Given for kind in kinds_of(annotation))


def models_at(annotation: Any, value: Mapping[str, Any]) -> list[type[BaseModel]]:
    """Blocks of the format that a mapping may be, chosen by its `type` or `dist` when it has one."""
    models = [kind for kind in kinds_of(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    tagged = {model: _tag(model) for model in models}
    fitting = [model for model, tag in tagged.items() if tag is not None and value.get(tag[0]) == tag[1]]
    return fitting or [model for model, tag in tagged.items() if tag is None] or models


@functools.cache
def _tag(model: type[BaseModel]) -> tuple[str, str] | None:
    for name in ("type", "dist"):
        if name in model.model_fields:
            return name, get_args(model.model_fields[name].annotation)[0]
    return None


@functools.cache
def keys_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """Keys of a block as written in a file, each with its annotation."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def inside(annotation: Any, key: str, value: Mapping[str, Any]) -> Any:
    """Annotation of what stands under a key of a mapping; None where the format knows none."""
    for model in models_at(annotation, value):
        if key in keys_of(model):
            return keys_of(model)[key]
    for kind in kinds_of(annotation):
        if get_origin(kind) is dict and key not in ("source", "note"):
            return get_args(kind)[1]
    return None


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
        here = _told_by(here, _own(value, "source"), _own(value, "note"))
    if is_number(annotation):
        if value is not None:
            yield here
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _quantities(replace(here, path=(*here.path, key)), child, inside(annotation, key, value))


def _told_by(here: Quantity, source: str | None, note: str | None) -> Quantity:
    """What is known inside a block, from what is known around it and the block's own source and note."""
    if source is None:
        return replace(here, note=note or here.note)
    # A note further out tells of the source further out; it still is a reason for what is assumed here.
    inherited = here.note if source == ASSUMPTION else None
    return replace(here, source=source, note=note or inherited, source_at=here.path)


def _own(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


# ---------------------------------------------------------------------------------------------------------------- sources


def source_problems(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Numbers without a source, and sources nobody listed, in a raw scenario mapping."""
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
    """Paths gathered by the block they stand in, so that a table of numbers gives one message a row."""
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
            yield path, f'unknown source "{source}"{did_you_mean(source, known)}; list it under `sources:`'


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


# --------------------------------------------------------------------------------------------------- names of one scenario


def blocks(model: ScenarioModel) -> Iterator[tuple[Path, str, Material]]:
    """Path, id and block of every material."""
    for name, material in model.materials.items():
        yield ("materials", name), name, material


def listed(block: BaseModel, field: str) -> Iterator[tuple[Path, str]]:
    """Names a field holds, one or several, each with the end of its path; nothing for `all` and for what is absent."""
    value = getattr(block, field, None)
    if isinstance(value, str) and value != "all":
        yield (field,), value
    elif isinstance(value, tuple):
        yield from (((field, index), name) for index, name in enumerate(value))


def declared_places(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    """Where producers stand and consumers live: the places a scenario brings in."""
    for path, _, material in blocks(model):
        for stage_name, stage in material.stages.items():
            for key, producer in stage.producers.items():
                here = (*path, "stages", stage_name, "producers", key)
                yield (here, key) if producer.country is None else ((*here, "country"), producer.country)
        for region in material.consumers:
            yield (*path, "consumers", region), region


def known_countries() -> frozenset[str]:
    """Places minsim knows by name."""
    from minsim.data import countries

    return countries()


def places(model: ScenarioModel) -> set[str]:
    """Every name that may stand for a place: of the scenario (named plants and blocs too), or of a known country."""
    own = {name for _, name in declared_places(model)} | set(model.regions.blocs)
    plants = {
        key for material in model.materials.values() for stage in material.stages.values() for key in stage.producers
    }
    return own | plants | known_countries()


def sectors(model: ScenarioModel) -> set[str]:
    """Every end use of the scenario; `all` where a consumer names none."""
    consumers = [consumer for material in model.materials.values() for consumer in material.consumers.values()]
    return {name for consumer in consumers for name in (consumer.sectors or ("all",))}


# ------------------------------------------------------------------------------------------------------ checks: quantities


def check_shares_of_stages(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of producers at a stage sum to 1; of uncertain shares, their central values."""
    for path, _, material in blocks(model):
        for name, stage in material.stages.items():
            shares = [central(producer.share) for producer in stage.producers.values()]
            yield from _sum_to_one((*path, "stages", name, "producers"), shares)


def check_shares_of_sectors(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of sectors in a region sum to 1."""
    for path, _, material in blocks(model):
        for region, consumer in material.consumers.items():
            shares = [central(sector.share) for sector in consumer.sectors.values()]
            if shares:
                yield from _sum_to_one((*path, "consumers", region, "sectors"), shares)


def _sum_to_one(path: Path, shares: list[float]) -> Iterator[Finding]:
    total = sum(sorted(shares))
    if abs(total - 1) > SHARES_WITHIN:
        way = "too much" if total > 1 else "missing"
        yield path, f"expected shares that sum to 1, got {total:.8g}: {abs(total - 1):.2g} {way}"


def check_stockpile_prices(model: ScenarioModel) -> Iterator[Finding]:
    """A stockpile that counts money needs a price for all it holds."""
    for name, stockpile in model.stockpiles.items():
        ceiling = stockpile.fill.price_ceiling_usd_per_kg if stockpile.fill else None
        if stockpile.budget_usd is None and ceiling is None:
            continue
        for material in sorted(set(stockpile.holds) & set(model.materials)):
            block = model.materials[material]
            if block.price_usd_per_kg is None and block.prices is None:
                reason = "a budget" if stockpile.budget_usd is not None else "a price ceiling"
                mend = f"give materials.{material} a `price_usd_per_kg`"
                yield (
                    ("stockpiles", name, "holds", material),
                    f'"{material}" has no price, which {reason} needs; {mend}',
                )


# ----------------------------------------------------------------------------------------------- checks: chains and inputs


def check_chains(model: ScenarioModel) -> Iterator[Finding]:
    """Stages of a material form one line."""
    for path, _, material in blocks(model):
        for end, message in _chain_findings(material):
            yield (*path, "stages", *end), message


def _chain_findings(material: Material) -> Iterator[Finding]:
    before = predecessors(material)
    untold = sorted(set(material.stages) - set(before))
    for name in untold:
        yield (name,), f"unusual name; say `after:` which stage it comes, or `after: {NOTHING}` when it is the first"
    unknown = {name for name, earlier in before.items() if earlier is not None and earlier not in material.stages}
    for name in sorted(unknown):
        known = [*material.stages, NOTHING]
        yield (name, "after"), _unknown("stage", before[name] or "", [stage for stage in known if stage != name])
    if untold or unknown:
        return
    followers = Counter(before.values())
    for earlier, count in sorted(followers.items(), key=lambda item: item[0] or ""):
        if count > 1:
            yield (), _branching(earlier, sorted(name for name in before if before[name] == earlier))
    yield from _ring(before)


def _branching(earlier: str | None, names: list[str]) -> str:
    both = " and ".join(names)
    where = "come first" if earlier is None else f'come after "{earlier}"'
    return f"{both} both {where}, but stages form one line; mend `after:`"


def _ring(before: Mapping[str, str | None]) -> Iterator[Finding]:
    try:
        graphlib.TopologicalSorter({name: [earlier] if earlier else [] for name, earlier in before.items()}).prepare()
    except graphlib.CycleError as error:
        yield (), f"stages go round in a ring: {' -> '.join(error.args[1])}"


def check_inputs(model: ScenarioModel) -> Iterator[Finding]:
    """Inputs and hosts are materials of the scenario."""
    for path, _, material in blocks(model):
        for stage_name, stage in material.stages.items():
            for name in stage.inputs:
                if name not in model.materials:
                    yield (*path, "stages", stage_name, "inputs", name), _unknown("material", name, model.materials)
        if material.byproduct_of is not None and material.byproduct_of.host not in model.materials:
            host = material.byproduct_of.host
            yield (*path, "byproduct_of", "host"), _unknown("material", host, model.materials)


def check_no_ring_of_products(model: ScenarioModel) -> Iterator[Finding]:
    """No product is made, through others, from itself."""
    try:
        graphlib.TopologicalSorter({name: _inputs(material) for name, material in model.materials.items()}).prepare()
    except graphlib.CycleError as error:
        yield ("materials", error.args[1][0]), f"inputs go round in a ring: {' -> '.join(error.args[1])}"


def check_every_product_is_bought(model: ScenarioModel) -> Iterator[Finding]:
    """Every material has a consumer or is an input of another."""
    used = {name for material in model.materials.values() for name in _inputs(material)}
    for path, name, material in blocks(model):
        if not material.consumers and name not in used:
            yield path, f"nothing buys {name}; give it `consumers:` or name it among the `inputs:` of a stage"


def _inputs(material: Material) -> set[str]:
    return {name for stage in material.stages.values() for name in stage.inputs}


# --------------------------------------------------------------------------------------------------------- checks: places


def check_declared_places(model: ScenarioModel) -> Iterator[Finding]:
    """No producer or consumer stands in a place that looks like a misspelling of another."""
    likeness = _misspelt(model)
    for path, name in declared_places(model):
        if name in likeness:
            yield path, f'unknown country "{name}"; did you mean "{likeness[name]}"?'


def caution_invented_places(model: ScenarioModel) -> Iterator[Finding]:
    """Places minsim does not know are allowed, and said."""
    ordinary = known_countries() | set(model.regions.blocs) | set(_misspelt(model))
    seen: set[str] = set()
    for path, name in declared_places(model):
        if name not in ordinary | seen:
            seen.add(name)
            yield path, f'"{name}" is no country minsim knows; taken as an invented one'


def _misspelt(model: ScenarioModel) -> dict[str, str]:
    """Unknown names that look like a known or a commoner one, and that one."""
    counts = Counter(name for _, name in declared_places(model))
    accepted = set(known_countries()) | set(model.regions.blocs)
    likeness = {}
    for name in sorted(set(counts) - accepted, key=lambda name: (-counts[name], name)):
        near = _place_like(name, accepted)
        if near is None:
            accepted.add(name)
        else:
            likeness[name] = near
    return likeness


def check_places_named(model: ScenarioModel) -> Iterator[Finding]:
    """Places that events, lanes, stockpiles, zones and blocs refer to exist."""
    known = places(model)
    for path, name in _place_references(model):
        if name not in known:
            near = _place_like(name, known)
            yield (
                path,
                f'unknown place "{name}"'
                + (f'; did you mean "{near}"?' if near else "; no country, region or bloc is called so"),
            )


def _place_references(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    for bloc, members in model.regions.blocs.items():
        yield from ((("regions", "blocs", bloc, index), name) for index, name in enumerate(members))
    for path, _, material in blocks(model):
        yield from _places_of_material(path, material)
    for name, stockpile in model.stockpiles.items():
        yield ("stockpiles", name, "owner"), stockpile.owner
    for name, event in model.events.items():
        for end, place in _places_of_event(event):
            yield ("events", name, *end), place


def _places_of_material(path: Path, material: Material) -> Iterator[tuple[Path, str]]:
    if material.trade is not None:
        yield from _places_of_trade((*path, "trade"), material.trade)
    for name, stage in material.stages.items():
        if stage.trade is not None:
            yield from _places_of_trade((*path, "stages", name, "trade"), stage.trade)
    if material.prices is not None:
        for zone in material.prices.zones:
            members = material.prices.zones[zone]
            if members != "rest":
                yield from (((*path, "prices", "zones", zone, index), name) for index, name in enumerate(members))
        yield from (((*path, "prices", "costs", name), name) for name in material.prices.costs)


def _places_of_trade(path: Path, trade: Trade) -> Iterator[tuple[Path, str]]:
    lanes: list[tuple[Path, str]] = [((*path, "forbidden", index), lane) for index, lane in enumerate(trade.forbidden)]
    lanes += [((*path, "shares", lane), lane) for lane in trade.shares]
    lanes += [((*path, "tonnes_per_year", lane), lane) for lane in trade.tonnes_per_year]
    lanes += [((*path, "lead_time_days", "pairs", lane), lane) for lane in trade.lead_time_days.pairs]
    yield from _ends(lanes)


def _ends(lanes: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    for path, lane in lanes:
        yield from ((path, end) for end in lane.split(LANE_ARROW))


def _places_of_event(event: AnyEvent) -> Iterator[tuple[Path, str]]:
    for field in ("exporter", "exporters", "importer", "importers", "regions", "countries", "bloc"):
        yield from listed(event, field)
    yield from _ends(listed(event, "lanes"))
    if isinstance(event, ExportCurb):
        if event.measure.licence is not None:
            rates = event.measure.licence.approval_rates
            yield from ((("measure", "licence", "approval_rates", name), name) for name in rates)
        if event.leakage is not None:
            yield from ((("leakage", *end), name) for end, name in listed(event.leakage, "via"))


def check_zones(model: ScenarioModel) -> Iterator[Finding]:
    """Price zones do not overlap, and one at most takes the rest."""
    for path, _, material in blocks(model):
        zones = material.prices.zones if material.prices is not None else {}
        rest = sorted(name for name, members in zones.items() if members == "rest")
        if len(rest) > 1:
            yield (*path, "prices", "zones"), f"expected one zone at most to take the rest, got {' and '.join(rest)}"
        counts = Counter(name for members in zones.values() if members != "rest" for name in members)
        for name in sorted(name for name, count in counts.items() if count > 1):
            yield (*path, "prices", "zones"), f'"{name}" stands in more than one zone'


# ---------------------------------------------------------------------------------- checks: materials, stages and sectors


def check_materials_named(model: ScenarioModel) -> Iterator[Finding]:
    """Materials that events, stockpiles and behaviour refer to exist."""
    for path, name in _material_references(model):
        if name not in model.materials:
            yield path, _unknown("material", name, model.materials)


def _material_references(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    for name in model.behaviour:
        yield ("behaviour", name), name
    for key, stockpile in model.stockpiles.items():
        yield from ((("stockpiles", key, "holds", name), name) for name in stockpile.holds)
    for key, event in model.events.items():
        for end, name in listed(event, "materials"):
            yield ("events", key, *end), name
        if (producer := getattr(event, "producer", None)) is not None:
            yield ("events", key, "producer", "material"), producer.material


def check_stages_named(model: ScenarioModel) -> Iterator[Finding]:
    """Stages that events and stockpiles refer to exist in every material named beside them."""
    for path, stage, names in _stage_references(model):
        lacking = [name for name in names if name in model.materials and stage not in model.materials[name].stages]
        if lacking:
            known = {stage for name in lacking for stage in model.materials[name].stages}
            yield path, f'{lacking[0]} has no stage "{stage}"{did_you_mean(stage, known)}'
    known = {stage for material in model.materials.values() for stage in material.stages}
    for path, stage in _loose_stages(model):
        if stage not in known:
            yield path, _unknown("stage", stage, known)


def _stage_references(model: ScenarioModel) -> Iterator[tuple[Path, str, list[str]]]:
    for key, stockpile in model.stockpiles.items():
        for material, stage in stockpile.holds.items():
            yield ("stockpiles", key, "holds", material), stage, [material]
    for key, event in model.events.items():
        named = [name for _, name in listed(event, "materials")]
        for end, stage in listed(event, "stage"):
            yield ("events", key, *end), stage, named
        if (producer := getattr(event, "producer", None)) is not None:
            yield ("events", key, "producer", "stage"), producer.stage, [producer.material]


def _loose_stages(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    """Stages named beside `materials: all`, or among several: enough that one material has them."""
    for key, event in model.events.items():
        loose = list(listed(event, "stages"))
        if getattr(event, "materials", None) == "all":
            loose += listed(event, "stage")
        yield from ((("events", key, *end), stage) for end, stage in loose)


def check_producers_named(model: ScenarioModel) -> Iterator[Finding]:
    """An event on producers hits at least one."""
    for key, event in model.events.items():
        reference = getattr(event, "producer", None)
        if reference is None or reference.material not in model.materials:
            continue
        stage = model.materials[reference.material].stages.get(reference.stage)
        if stage is None:
            continue
        field = "country" if reference.producer is None else "producer"
        name, known = getattr(reference, field), set(stage.producers)
        if field == "country":
            known = {producer.country or key for key, producer in stage.producers.items()}
        if name not in known:
            where = f'{reference.material}/{reference.stage} has no producer "{name}"{did_you_mean(name, known)}'
            hint = "\nnew capacity needs a producer to belong to; give it one, of share 0 if it makes nothing yet"
            yield ("events", key, "producer", field), where + (hint if event.type == "capacity_project" else "")


def check_sectors_named(model: ScenarioModel) -> Iterator[Finding]:
    """Sectors that events and stockpiles refer to exist; members of a stockpile are sectors or places."""
    known = sectors(model)
    for key, event in model.events.items():
        for end, name in listed(event, "sectors"):
            if name not in known:
                yield ("events", key, *end), _unknown("sector", name, known)
    for key, stockpile in model.stockpiles.items():
        yield from _sectors_of_stockpile(("stockpiles", key), stockpile, known, places(model))


def _sectors_of_stockpile(path: Path, stockpile: Stockpile, known: set[str], regions: set[str]) -> Iterator[Finding]:
    for end, name in listed(stockpile.release, "sectors"):
        if name not in known:
            yield (*path, "release", *end), _unknown("sector", name, known)
    for name in stockpile.members or ():
        if name not in known | regions:
            yield (*path, "members", name), f'unknown sector or place "{name}"{did_you_mean(name, known | regions)}'


# ---------------------------------------------------------------------------------------------------------- checks: dates


def check_event_days(model: ScenarioModel) -> Iterator[Finding]:
    """An event that ends acts on a day at least."""
    for key, event in model.events.items():
        if event.end is None or event.start is None:
            continue
        first = event.start.latest if isinstance(event.start, Window) else event.start
        if event.end <= first:
            yield (
                ("events", key, "end"),
                f"expected an end after the start, {first}, got {event.end}: `end` is the first free day",
            )


def caution_event_days(model: ScenarioModel) -> Iterator[Finding]:
    """An event outside the days simulated changes nothing."""
    for key, event in model.events.items():
        earliest = event.start.earliest if isinstance(event.start, Window) else event.start or model.start
        latest = event.start.latest if isinstance(event.start, Window) else earliest
        end = event.end
        if end is None and event.duration_days is not None:
            end = latest + dt.timedelta(days=min(central(event.duration_days), 1e6))
        if earliest > model.end:
            yield (
                ("events", key),
                f"begins on {earliest}, after the last day simulated, {model.end}: it changes nothing",
            )
        elif end is not None and end <= model.start:
            yield (
                ("events", key),
                f"is over by {end}, before the first day simulated, {model.start}: it changes nothing",
            )


def caution_idle_curbs(model: ScenarioModel) -> Iterator[Finding]:
    """A curb on what its exporter does not make changes nothing."""
    for key, event in model.events.items():
        if isinstance(event, ExportCurb) and event.exporter in places(model) - _sellers(model, event):
            yield (
                ("events", key, "exporter"),
                f"{event.exporter} makes none of what is curbed: the curb changes nothing",
            )


def _sellers(model: ScenarioModel, event: ExportCurb) -> set[str]:
    names = model.materials if event.materials == "all" else event.materials
    found = set()
    for name in set(names) & set(model.materials):
        for stage_name, stage in model.materials[name].stages.items():
            if event.stage in (None, stage_name):
                found |= {producer.country or key for key, producer in stage.producers.items()}
    blocs = {bloc for bloc, members in model.regions.blocs.items() if found & set(members)}
    return found | blocs


# ------------------------------------------------------------------------------------------------------ not simulated yet


def refused(model: ScenarioModel) -> Iterator[Finding]:
    """What the format knows and this version does not simulate (`NOT_YET`): refused, never ignored."""
    for pattern in NOT_YET:
        for path in _written(model, pattern.split("."), ()):
            yield path, "not simulated yet in this version; remove it"


def _written(value: Any, steps: list[str], path: Path) -> Iterator[Path]:
    """Paths below a value that match the steps and do not hold their default."""
    if not steps:
        yield (*path, "type") if hasattr(value, "type") else path
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if steps[0] in ("*", getattr(child, "type", key)):
                yield from _written(child, steps[1:], (*path, key))
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            child = getattr(value, name)
            if steps[0] == (field.alias or name) and (len(steps) > 1 or child != field.get_default()):
                yield from _written(child, steps[1:], (*path, steps[0]))


# --------------------------------------------------------------------------------------------------------------- registry


Check = Callable[[ScenarioModel], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_shares_of_stages,
    check_shares_of_sectors,
    check_stockpile_prices,
    check_chains,
    check_inputs,
    check_no_ring_of_products,
    check_every_product_is_bought,
    check_declared_places,
    check_places_named,
    check_zones,
    check_materials_named,
    check_stages_named,
    check_producers_named,
    check_sectors_named,
    check_event_days,
    refused,
)
"""Every rule whose breach is a problem."""

CAUTIONS: tuple[Check, ...] = (caution_invented_places, caution_event_days, caution_idle_curbs)
"""Every rule whose breach is a warning."""


def findings(model: ScenarioModel, rules: Iterable[Check]) -> Iterator[Finding]:
    """All findings of some rules, `CHECKS` or `CAUTIONS`."""
    for rule in rules:
        yield from rule(model)
