"""Events that disturb a material, directly or through its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minsim.scenario.format.events import AnyEvent, CapacityProject, Outage, PriceFloor

if TYPE_CHECKING:
    from minsim.network.network import Network
    from minsim.scenario import Scenario
    from minsim.scenario.event_dates import ScheduledEvent

RELIEF_TYPES = frozenset({"capacity_project", "price_floor", "trade_bloc", "substitution"})
"""Events that respond to a disturbance; times to survive and to recover count from disturbances only."""


def acting_disturbances(network: Network, material: str) -> list[ScheduledEvent]:
    """Events that disturb a material, or its inputs, on at least one day of the run."""
    upstream = made_from(network.scenario, material)
    return [
        event
        for event in network.events
        if event.type not in RELIEF_TYPES and event.acts_within(network.days) and _names_any(event.model, upstream)
    ]


def made_from(scenario: Scenario, material: str) -> set[str]:
    """A material and all its inputs, direct and indirect."""
    found, waiting = set(), [material]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [key for stage in scenario.model.materials[name].stages.values() for key in stage.inputs]
    return found


def _names_any(event: AnyEvent, materials: set[str]) -> bool:
    if isinstance(event, Outage | CapacityProject):
        return event.producer.material in materials
    named = "all" if isinstance(event, PriceFloor) else event.materials
    return named == "all" or not materials.isdisjoint(named)
