"""The names a scenario declares and refers to, for the rules that compare the two."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from minsim.scenario.format.materials import Material, Stage
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.schema_tree import Path

Finding = tuple[Path, str]
"""Where a rule is violated, and the message."""


def blocks(model: ScenarioModel) -> Iterator[tuple[Path, str, Material]]:
    """Path, id and block of every material."""
    for name, material in model.materials.items():
        yield ("materials", name), name, material


def listed(block: BaseModel, field: str) -> Iterator[tuple[Path, str]]:
    """Names in a field, one or several, each with the end of its path; nothing for `all` or an absent field."""
    value = getattr(block, field, None)
    if isinstance(value, str) and value != "all":
        yield (field,), value
    elif isinstance(value, tuple):
        yield from (((field, index), name) for index, name in enumerate(value))


def declared_places(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    """Locations of producers and consumers: the places a scenario declares."""
    for path, _, material in blocks(model):
        for stage_name, stage in material.stages.items():
            for key, producer in stage.producers.items():
                here = (*path, "stages", stage_name, "producers", key)
                yield (here, key) if producer.country is None else ((*here, "country"), producer.country)
        for region, consumer in material.consumers.items():
            if consumer.within is None:
                yield (*path, "consumers", region), region


def countries_of(stage: Stage) -> set[str]:
    """Countries of a stage's producers."""
    return {producer.country or key for key, producer in stage.producers.items()}


def known_countries() -> frozenset[str]:
    """Places minsim knows by name."""
    from minsim.data import countries

    return countries()


def places(model: ScenarioModel) -> set[str]:
    """Every valid name of a place: those of the scenario (named plants and blocs included) and known countries."""
    own = {name for _, name in declared_places(model)} | set(model.regions.blocs)
    materials = model.materials.values()
    plants = {key for material in materials for stage in material.stages.values() for key in stage.producers}
    return own | plants | known_countries()


def sectors(model: ScenarioModel) -> set[str]:
    """Every end use of the scenario; `all` where a consumer names none."""
    consumers = [consumer for material in model.materials.values() for consumer in material.consumers.values()]
    return {name for consumer in consumers for name in (consumer.sectors or ("all",))}
