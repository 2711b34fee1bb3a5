"""Events of a scenario as SimPy processes, one module a family.

`PROCESSES` maps each event type of the format to its process. A process waits for its days on the calendar and puts effects
on the levers of `minsim.simulation.world.World`; it never writes a stock.
"""

from __future__ import annotations

from collections.abc import Callable

from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import (
    CapacityProject,
    Chokepoint,
    DemandShock,
    Event,
    ExportCurb,
    MarketFlood,
    Outage,
    Pandemic,
    PriceFloor,
    Substitution,
    Tariff,
    TradeBloc,
)
from minsim.simulation.calendar import Steps
from minsim.simulation.events.blocs import trade_bloc
from minsim.simulation.events.chokepoints import chokepoint
from minsim.simulation.events.curbs import export_curb
from minsim.simulation.events.demand import demand_shock, substitution
from minsim.simulation.events.prices import market_flood, price_floor, price_setting, tariff
from minsim.simulation.events.stockpiles import declared_disruption, release_authority
from minsim.simulation.events.supply import capacity_project, outage, pandemic, recovery
from minsim.simulation.world import World

EventProcess = Callable[[World, ScheduledEvent, int], Steps]

PROCESSES: dict[type[Event], EventProcess] = {
    ExportCurb: export_curb,
    Outage: outage,
    CapacityProject: capacity_project,
    Pandemic: pandemic,
    DemandShock: demand_shock,
    Substitution: substitution,
    Chokepoint: chokepoint,
    TradeBloc: trade_bloc,
    PriceFloor: price_floor,
    Tariff: tariff,
    MarketFlood: market_flood,
}
"""Event type → its process, called with the world, the scheduled event and its rank within a day."""

__all__ = ["PROCESSES", "EventProcess", "declared_disruption", "price_setting", "recovery", "release_authority"]
