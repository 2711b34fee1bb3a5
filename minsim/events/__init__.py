"""Events of a scenario as SimPy processes: one module a family.

`PROCESSES` maps each event type of the format to the generator function that plays it. A process waits for its days on
the calendar and pulls the levers of `minsim.world.World`; it never writes a stock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from minsim import schema
from minsim.events.blocs import trade_bloc
from minsim.events.curbs import export_curb
from minsim.events.demand import demand_shock, substitution
from minsim.events.passages import chokepoint
from minsim.events.prices import market_flood, price_floor, price_setting, tariff
from minsim.events.stockpiles import declared_disruption, release_authority
from minsim.events.supply import capacity_project, outage, pandemic, recovery
from minsim.spans import EventSpan
from minsim.world import World

EventProcess = Callable[[World, EventSpan, int], Generator[Any, Any, None]]

PROCESSES: dict[type[schema.Event], EventProcess] = {
    schema.ExportCurb: export_curb,
    schema.Outage: outage,
    schema.CapacityProject: capacity_project,
    schema.Pandemic: pandemic,
    schema.DemandShock: demand_shock,
    schema.Substitution: substitution,
    schema.Chokepoint: chokepoint,
    schema.TradeBloc: trade_bloc,
    schema.PriceFloor: price_floor,
    schema.Tariff: tariff,
    schema.MarketFlood: market_flood,
}
"""Event type → the process that plays it; called with the world, the event's span and its rank within a day."""

__all__ = ["PROCESSES", "EventProcess", "declared_disruption", "price_setting", "recovery", "release_authority"]
