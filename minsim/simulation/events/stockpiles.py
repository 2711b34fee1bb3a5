"""Strategic stockpiles: the authority that releases them."""

from __future__ import annotations

from minsim.kernel.codes import HoldingState
from minsim.kernel.rows import HoldingIndex
from minsim.scenario.event_dates import ScheduledEvent
from minsim.scenario.format.events import Chokepoint, ExportCurb, Outage, Pandemic
from minsim.scenario.format.numbers import Names
from minsim.simulation.calendar import Steps
from minsim.simulation.events.chokepoints import arcs_through
from minsim.simulation.events.curbs import curbed_arcs
from minsim.simulation.events.curbs import has_zero_magnitude as curb_has_zero_magnitude
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World


def release_authority(world: World, holding: int, rank: int) -> Steps:
    """Authorise a release some days after its trigger; it lasts until commercial stocks have recovered. Repeats.

    The kernel detects triggers and does the releasing; without authorisation days it releases on the day of the trigger.
    """
    label = world.network.holdings[holding]

    def enter(day: int, kind: LogKind) -> None:
        world.entries.append(LogEntry(day, label.stockpile, kind, holding=holding))

    while True:
        recovered = world.recovered[holding]  # read before waiting: both notices may come on one day
        triggered_on = yield world.triggered[holding]
        enter(triggered_on, LogKind.RELEASE_TRIGGERED)
        authorised_on = triggered_on + label.authorisation_days
        yield world.until(authorised_on, rank)
        if world.state.index[HoldingIndex.STATE, holding] == HoldingState.TRIGGERED:
            world.state.index[HoldingIndex.STATE, holding] = HoldingState.AUTHORISED
        enter(authorised_on, LogKind.RELEASE_AUTHORISED)
        recovered_on = yield recovered
        enter(recovered_on, LogKind.RELEASE_ENDS)


def declared_disruption(world: World, scheduled: ScheduledEvent, rank: int) -> Steps:
    """Declare a disruption, for the stockpiles concerned, while an event lasts."""
    holdings = [h for h in range(len(world.network.holdings)) if is_disruption(world, scheduled, h)]
    if not holdings:
        return
    yield world.until(scheduled.start_day, rank)
    world.declare(scheduled.event, holdings)
    if scheduled.end_day is not None:
        yield world.until(scheduled.end_day, rank)
        world.revoke(scheduled.event)


def is_disruption(world: World, scheduled: ScheduledEvent, holding: int) -> bool:
    """Whether an event disrupts the materials a holding serves; curbs and chokepoints must affect the owner's regions.

    An event of zero magnitude is no disruption.
    """
    if has_zero_magnitude(world, scheduled):
        return False
    event, label = scheduled.model, world.network.holdings[holding]
    materials = {label.material} | {world.network.consumers[c].material for c in label.serves}
    match event:
        case ExportCurb():
            arcs = [world.network.arcs[a] for a in curbed_arcs(world, event)]
            hit = {arc.buyer_region for arc in arcs if arc.base_flow_t_per_day > 0.0 and arc.material in materials}
            return bool(hit & set(label.owner_regions))
        case Chokepoint():
            regions = {world.network.arcs[a].buyer_region for a in arcs_through(world, event)}
            return bool(regions & set(label.owner_regions)) and _covers_any(event.materials, materials)
        case Pandemic():
            return _covers_any(event.materials, materials)
        case Outage():
            return event.producer.material in materials
        case _:
            return False


def _covers_any(named: Names, materials: set[str]) -> bool:
    return named == "all" or bool(materials & set(named))


def has_zero_magnitude(world: World, scheduled: ScheduledEvent) -> bool:
    """Whether an event that may be declared a disruption has no effect."""
    event, path, reader = scheduled.model, f"events.{scheduled.event}", world.network.reader

    def number(name: str) -> float:
        return reader.number(getattr(event, name), f"{path}.{name}")

    match event:
        case ExportCurb():
            return curb_has_zero_magnitude(world, scheduled.event, event)
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
