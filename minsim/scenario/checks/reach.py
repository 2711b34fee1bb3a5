"""Who events and stockpiles reach: what reaches nobody changes nothing, and is warned of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minsim.scenario.checks.names import Finding, countries_of, places
from minsim.scenario.format.events import (
    AnyEvent,
    Chokepoint,
    DemandShock,
    ExportCurb,
    MarketFlood,
    Pandemic,
    PriceFloor,
    Substitution,
    Tariff,
    TradeBloc,
)
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import LANE_ARROW
from minsim.scenario.stages import chain


@dataclass(frozen=True)
class Market:
    """One product: who sells it, who buys it, by place, and the end uses of it by region."""

    material: str
    stage: str
    sellers: frozenset[str]
    buyers: frozenset[str]
    end_uses: dict[str, frozenset[str]]


def caution_empty_blocs(model: ScenarioModel) -> Iterator[Finding]:
    """A bloc without a member means nobody."""
    for name, members in model.regions.members.items():
        if not members:
            yield ("regions", "blocs", name), "holds nobody: whatever names it reaches nobody; name its members"


def caution_reaching_nobody(model: ScenarioModel) -> Iterator[Finding]:
    """An event that reaches no seller, buyer or end use changes nothing."""
    known, markets = places(model), list(_markets(model))
    for key, event in model.events.items():
        named = [*_named(event, "importers"), *_named(event, "importer"), *_named(event, "exporter")]
        named += [*_named(event, "regions"), *_named(event, "bloc"), *_named(event, "countries")]
        if any(name not in known for name in named):
            continue  # unknown names are problems of their own
        own = [market for market in markets if _covers(event, market)]
        reason = _reason(model, event, own)
        if own and reason is not None:
            field, message = reason
            yield ("events", key, field), f"{message}: it changes nothing"


def caution_idle_stockpiles(model: ScenarioModel) -> Iterator[Finding]:
    """A stockpile whose owner uses nothing made of what it holds is empty, and serves nobody."""
    users = {name: _users_of(model, name) for name in model.materials}
    for key, pile in model.stockpiles.items():
        owners = _members(model, [pile.owner])
        held = [name for name in pile.holds if name in users]
        if held and pile.owner in places(model) and not any(owners & users[name] for name in held):
            what = ", ".join(held)
            yield ("stockpiles", key, "owner"), f"{pile.owner} uses nothing made of {what}: the pile serves nobody"
            continue
        if pile.members is not None and not _members(model, pile.members) & (owners | _end_uses(model, owners)):
            yield ("stockpiles", key, "members"), f"none of its members is of {pile.owner}: the pile serves nobody"


def _named(event: AnyEvent, field: str) -> list[str]:
    value = getattr(event, field, None)
    return [value] if isinstance(value, str) and value != "all" else list(value) if isinstance(value, tuple) else []


def _members(model: ScenarioModel, names: Iterable[str]) -> set[str]:
    """Places named, blocs replaced by their members."""
    blocs = model.regions.members
    return {place for name in names for place in blocs.get(name, (name,))}


def _markets(model: ScenarioModel) -> Iterator[Market]:
    for name, material in model.materials.items():
        try:
            stages = chain(material)
        except ValueError:
            continue  # stages that form no line are a problem of their own
        uses: dict[str, frozenset[str]] = {}
        for region, consumer in material.consumers.items():
            place = consumer.within or region
            uses[place] = uses.get(place, frozenset()) | set(consumer.sectors or ("all",))
        for position, stage_name in enumerate(stages):
            stage = material.stages[stage_name]
            is_last = position == len(stages) - 1
            buyers = (
                set(uses) | _takers(model, name) if is_last else countries_of(material.stages[stages[position + 1]])
            )
            sellers = frozenset(countries_of(stage) | set(stage.producers))
            yield Market(name, stage_name, sellers, frozenset(buyers), uses if is_last else {})


def _takers(model: ScenarioModel, name: str) -> set[str]:
    """Places of the producers that take a material as an input."""
    stages = (stage for material in model.materials.values() for stage in material.stages.values())
    return {place for stage in stages if name in stage.inputs for place in countries_of(stage)}


def _covers(event: AnyEvent, market: Market) -> bool:
    materials, stage = getattr(event, "materials", None), getattr(event, "stage", None)
    stages = getattr(event, "stages", "all")
    return (
        materials is not None
        and (materials == "all" or market.material in materials)
        and stage in (None, market.stage)
        and (stages == "all" or market.stage in stages)
    )


def _reason(model: ScenarioModel, event: AnyEvent, markets: list[Market]) -> tuple[str, str] | None:
    """Field of an event that reaches nobody, and why."""
    match event:
        case ExportCurb():
            return _curb(model, event, markets)
        case Tariff():
            exporters = None if event.exporters == "all" else _members(model, event.exporters)
            return _trade(_members(model, [event.importer]), exporters, markets, "importer", "exporters")
        case PriceFloor() | TradeBloc():
            inside = _members(model, [event.bloc])
            return _trade(inside, inside, markets, "bloc", "bloc")
        case MarketFlood():
            return _trade(None, _members(model, [event.exporter]), markets, "exporter", "exporter")
        case Chokepoint():
            lanes = [[_members(model, [end]) for end in lane.split(LANE_ARROW)] for lane in event.lanes]
            used = any(_trade(buyers, sellers, markets, "", "") is None for sellers, buyers in lanes)
            return None if used else ("lanes", "nothing it covers moves on these lanes")
        case Pandemic():
            hit = None if event.countries == "all" else _members(model, event.countries)
            there = any(_meet(hit, market.sellers | market.buyers) for market in markets)
            return None if there else ("countries", "nobody there makes or buys what it covers")
        case DemandShock() | Substitution():
            hit = None if event.regions == "all" else _members(model, event.regions)
            return _uses(hit, event.sectors, markets, "regions")
        case _:
            return None


def _curb(model: ScenarioModel, event: ExportCurb, markets: list[Market]) -> tuple[str, str] | None:
    exporters = _members(model, [event.exporter])
    sold = [market for market in markets if market.sellers & exporters]
    if not sold or (event.importers != "all" and event.exporter in event.importers):
        return None  # cautions of their own
    everybody = {place for market in sold for place in market.buyers}
    given = everybody if event.importers == "all" else set(event.importers)
    named = set() if event.importers == "all" else given - set(model.regions.blocs)
    buyers = named | (_members(model, given - named) - exporters)
    if not any(buyers & market.buyers for market in sold):
        return "importers", "nobody named there buys what is curbed"
    return None if event.sectors == "all" else _uses(buyers, event.sectors, sold, "importers")


def _trade(
    buyers: set[str] | None, sellers: set[str] | None, markets: list[Market], buying: str, selling: str
) -> tuple[str, str] | None:
    """Whether one of the buyers meets one of the sellers in a market; None: all of them."""
    if not any(_meet(sellers, market.sellers) for market in markets):
        return selling, "nobody named there makes what it covers"
    if not any(_meet(sellers, market.sellers) and _meet(buyers, market.buyers) for market in markets):
        return buying, "nobody named there buys what it covers"
    return None


def _uses(regions: set[str] | None, sectors: object, markets: list[Market], field: str) -> tuple[str, str] | None:
    """Whether one of the regions has one of the end uses; None: all regions."""
    here = [
        uses for market in markets for place, uses in market.end_uses.items() if regions is None or place in regions
    ]
    if not here:
        return field, "nobody there uses the materials it covers"
    wanted = set(sectors) if isinstance(sectors, tuple) else None
    return None if any(_meet(wanted, uses) for uses in here) else ("sectors", "nobody it reaches has these end uses")


def _meet(some: set[str] | None, others: Iterable[str]) -> bool:
    return bool(set(others)) if some is None else bool(some & set(others))


def _users_of(model: ScenarioModel, name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Regions that use a material, or what is made from it."""
    users = {consumer.within or region for region, consumer in model.materials[name].consumers.items()}
    for other, material in model.materials.items():
        if other not in seen and any(name in stage.inputs for stage in material.stages.values()):
            users |= _users_of(model, other, seen | {name})
    return users


def _end_uses(model: ScenarioModel, regions: set[str]) -> set[str]:
    """End uses in some regions."""
    consumers = (pair for block in model.materials.values() for pair in block.consumers.items())
    return {
        use
        for region, consumer in consumers
        if (consumer.within or region) in regions
        for use in (consumer.sectors or ("all",))
    }
