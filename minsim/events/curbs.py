"""Export curbs: an exporter holds back a product from some importers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minsim.schema import ExportCurb
from minsim.spans import EventSpan
from minsim.world import World


def export_curb(world: World, span: EventSpan, rank: int) -> Generator[Any, Any, None]:
    """Wait for the curb's first day, cap the exporter's arcs, and lift the caps on its first free day."""
    curb = span.model
    assert isinstance(curb, ExportCurb)
    yield world.until(span.start_day, rank)
    arcs = world.arcs(exporter=curb.exporter, importers=curb.importers, materials=curb.materials, stage=curb.stage)
    fraction = removed_fraction(world, span.event, curb)
    world.cap(span.event, arcs, fraction=fraction)
    whom = ", ".join(sorted({world.network.arcs[a].buyer_region for a in arcs})) or "nobody"
    world.log(span.event, f"curb begins: {fraction:.0%} of {curb.exporter}'s baseline trade is held back", whom)
    if span.end_day is not None:
        yield world.until(span.end_day, rank)
        world.uncap(span.event)
        world.log(span.event, "curb ends", whom)


def removed_fraction(world: World, event: str, curb: ExportCurb) -> float:
    """Fraction of baseline trade that a ban or a cut removes."""
    if curb.measure.cut is None:
        return 1.0
    return world.network.reader.number(curb.measure.cut, f"events.{event}.measure.cut")
