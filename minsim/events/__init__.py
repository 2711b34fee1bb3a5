"""Events of a scenario as SimPy processes: one module a family.

`PROCESSES` maps each event type of the format to the generator function that plays it. A process waits for its days on
the calendar and pulls the levers of `minsim.world.World`; it never writes a stock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from minsim.events.curbs import export_curb
from minsim.events.stockpiles import release_authority
from minsim.schema import AnyEvent, ExportCurb
from minsim.spans import EventSpan
from minsim.world import World

EventProcess = Callable[[World, EventSpan, int], Generator[Any, Any, None]]

PROCESSES: dict[type[AnyEvent], EventProcess] = {ExportCurb: export_curb}  # type: ignore[dict-item]
"""Event type → the process that plays it; called with the world, the event's span and its rank within a day."""

__all__ = ["PROCESSES", "EventProcess", "release_authority"]
