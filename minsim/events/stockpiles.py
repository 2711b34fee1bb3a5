"""Strategic stockpiles: the authority that opens them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minsim import flows as fl
from minsim.schema import Chokepoint, ExportCurb, Outage, Pandemic
from minsim.spans import EventSpan
from minsim.world import World


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
        if world.state.value[fl.HOLDING_STATE, holding] == 1.0:
            world.state.value[fl.HOLDING_STATE, holding] = 2.0
        world.log(label.stockpile, "release is authorised", whom)
        yield restored
        world.log(label.stockpile, "commercial stocks are restored; release ends", whom)


def declared_disruption(world: World, span: EventSpan, rank: int) -> Generator[Any, Any, None]:
    """Declare a disruption while an event holds back, stops or slows what a stockpile is there for."""
    holdings = [h for h in range(len(world.network.holdings)) if touches(world, span, h)]
    if not holdings:
        return
    yield world.until(span.start_day, rank)
    world.declare(span.event, holdings)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.revoke(span.event)


def touches(world: World, span: EventSpan, holding: int) -> bool:
    """Whether an event is a disruption of the materials a holding serves, and for a curb, aimed at its owner."""
    event, label = span.model, world.network.holdings[holding]
    materials = {label.material} | {world.network.consumers[c].material for c in label.serves}
    match event:
        case ExportCurb():
            aimed = event.importers == "all" or bool(
                world.network.reader.expand(event.importers) & set(label.owner_regions)
            )
            return aimed and (event.materials == "all" or bool(materials & set(event.materials)))
        case Pandemic() | Chokepoint():
            return event.materials == "all" or bool(materials & set(event.materials))
        case Outage():
            return event.producer.material in materials
        case _:
            return False
