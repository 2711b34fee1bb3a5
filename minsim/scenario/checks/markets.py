"""Prices: events that need a price model have one, hosts exist, and a curb on end uses can be simulated."""

from __future__ import annotations

from collections.abc import Iterator

from minsim.scenario.checks.names import Finding
from minsim.scenario.format.events import CapacityProject, ExportCurb, MarketFlood, PriceFloor, Tariff
from minsim.scenario.format.materials import NewScrap
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.stages import chain
from minsim.text.messages import unknown


def check_events_with_prices(model: ScenarioModel) -> Iterator[Finding]:
    """Floors, tariffs, floods and incentives need a price model of every material they name."""
    for key, event in model.events.items():
        match event:
            case PriceFloor() | Tariff() | MarketFlood():
                names = [] if event.materials == "all" else list(event.materials)
                path: tuple[str | int, ...] = ("events", key, "materials")
            case CapacityProject() if event.incentive is not None:
                names, path = [event.producer.material], ("events", key, "incentive")
            case _:
                continue
        for name in names:
            if name in model.materials and model.materials[name].prices is None:
                yield path, f"{name} has no prices; give it a `prices:` block, or drop the event"
        priced = [name for name, material in model.materials.items() if material.prices is not None]
        if not names and not priced:
            yield path, "no material has prices; give one a `prices:` block, or drop the event"


def check_floor_stage(model: ScenarioModel) -> Iterator[Finding]:
    """A material's price is that of its last product."""
    for key, event in model.events.items():
        if isinstance(event, PriceFloor) and event.stage is not None and event.materials != "all":
            for name in event.materials:
                if name in model.materials and event.stage in model.materials[name].stages:
                    last = chain(model.materials[name])[-1]
                    if event.stage != last:
                        yield (
                            ("events", key, "stage"),
                            f"expected {name}'s last stage, {last}, which its price is of, got {event.stage}",
                        )


def check_hosts(model: ScenarioModel) -> Iterator[Finding]:
    """A by-product's host is another material of the scenario."""
    for name, material in model.materials.items():
        if material.byproduct_of is not None:
            host = material.byproduct_of.host
            path = ("materials", name, "byproduct_of", "host")
            if host == name:
                yield path, "expected another material, got the by-product itself"
            elif host not in model.materials:
                yield path, unknown("material", host, model.materials)


def check_scrap(model: ScenarioModel) -> Iterator[Finding]:
    """New scrap comes from a material and stage of the scenario."""
    for name, material in model.materials.items():
        for stage_name, stage in material.stages.items():
            for producer_name, producer in stage.producers.items():
                feed = producer.feed
                path = ("materials", name, "stages", stage_name, "producers", producer_name, "feed")
                if not isinstance(feed, NewScrap):
                    continue
                if feed.scrap_of not in model.materials:
                    yield (*path, "scrap_of"), unknown("material", feed.scrap_of, model.materials)
                elif feed.stage is not None and feed.stage not in model.materials[feed.scrap_of].stages:
                    yield (*path, "stage"), unknown("stage", feed.stage, model.materials[feed.scrap_of].stages)


def check_quota_on_end_uses(model: ScenarioModel) -> Iterator[Finding]:
    """A quota in tonnes cannot distinguish end uses."""
    for key, event in model.events.items():
        if isinstance(event, ExportCurb) and event.sectors != "all" and event.measure.quota is not None:
            yield ("events", key, "sectors"), "expected no sectors with a quota; use `cut` or `licence`, or drop them"
