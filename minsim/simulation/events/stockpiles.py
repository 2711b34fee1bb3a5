"""Strategic stockpiles: the authority that opens them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minsim.kernel.rows import HoldingRow
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import Chokepoint, ExportCurb, Outage, Pandemic
from minsim.scenario.format.numbers import Names
from minsim.simulation.events.chokepoints import arcs_through
from minsim.simulation.events.curbs import curbed_arcs, holds_nothing_back
from minsim.simulation.world import World


def release_authority(world: World, holding: int, rank: int) -> Generator[Any, Any, None]:
    """For ever: notice the trigger, decide for the authorisation days, release until stocks are restored, then refill.

    The kernel notices triggers and does the releasing; a pile that needs no authorisation it opens itself, the same day.
    """
    label = world.network.holdings[holding]
    whom = f"{label.owner}: {label.material}/{label.stage}"
    while True:
        restored = world.restored[holding]  # taken now: both notices may come on one day
        triggered_on = yield world.triggered[holding]
        world.log(label.stockpile, "release is triggered", whom, day=triggered_on)
        yield world.until(triggered_on + label.authorisation_days, rank)
        if world.state.value[HoldingRow.STATE, holding] == 1.0:
            world.state.value[HoldingRow.STATE, holding] = 2.0
        world.log(label.stockpile, "release is authorised", whom, day=triggered_on + label.authorisation_days)
        restored_on = yield restored
        world.log(label.stockpile, "commercial stocks are restored; release ends", whom, day=restored_on)


def declared_disruption(world: World, span: ScheduledEvent, rank: int) -> Generator[Any, Any, None]:
    """Declare a disruption while an event holds back, stops or slows what a stockpile is there for."""
    holdings = [h for h in range(len(world.network.holdings)) if touches(world, span, h)]
    if not holdings:
        return
    yield world.until(span.start_day, rank)
    world.declare(span.event, holdings)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.revoke(span.event)


def touches(world: World, span: ScheduledEvent, holding: int) -> bool:
    """Whether an event is a disruption of the materials a holding serves, and for curbs and passages, aimed at its owner.

    An event in name only, which holds back, stops and slows nothing, is none.
    """
    if in_name_only(world, span):
        return False
    event, label = span.model, world.network.holdings[holding]
    materials = {label.material} | {world.network.consumers[c].material for c in label.serves}
    match event:
        case ExportCurb():
            arcs = [world.network.arcs[a] for a in curbed_arcs(world, event)]
            hit = {arc.buyer_region for arc in arcs if arc.base_flow_t_per_day > 0.0 and arc.material in materials}
            return bool(hit & set(label.owner_regions))
        case Chokepoint():
            regions = {world.network.arcs[a].buyer_region for a in arcs_through(world, event)}
            return bool(regions & set(label.owner_regions)) and _names_one(event.materials, materials)
        case Pandemic():
            return _names_one(event.materials, materials)
        case Outage():
            return event.producer.material in materials
        case _:
            return False


def _names_one(named: Names, materials: set[str]) -> bool:
    return named == "all" or bool(materials & set(named))


def in_name_only(world: World, span: ScheduledEvent) -> bool:
    """Whether an event that may be declared a disruption has magnitude zero."""
    event, path, reader = span.model, f"events.{span.event}", world.network.reader

    def number(name: str) -> float:
        return reader.number(getattr(event, name), f"{path}.{name}")

    match event:
        case ExportCurb():
            return holds_nothing_back(world, span.event, event)
        case Outage():
            never = (
                event.hazard is not None
                and reader.number(event.hazard.rate_per_year, f"{path}.hazard.rate_per_year") <= 0.0
            )
            return never or number("availability") >= 1.0
        case Chokepoint():
            return number("extra_days") <= 0.0 and number("throughput") >= 1.0
        case Pandemic():
            unhindered = number("availability") >= 1.0 and number("lanes_extra_days") <= 0.0
            return unhindered and number("demand_factor") == 1.0
        case _:
            return False
