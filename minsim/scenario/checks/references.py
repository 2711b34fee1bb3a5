"""References: materials, stages, producers and sectors that events, stockpiles and behaviour name exist."""

from __future__ import annotations

from collections.abc import Iterator

from minsim.scenario.checks.names import Finding, countries_of, listed, places, sectors
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.stockpiles import Stockpile
from minsim.scenario.schema_tree import Path
from minsim.text.messages import did_you_mean, unknown


def check_materials_named(model: ScenarioModel) -> Iterator[Finding]:
    """Materials that events, stockpiles and behaviour refer to exist."""
    for path, name in _material_references(model):
        if name not in model.materials:
            yield path, unknown("material", name, model.materials)


def _material_references(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    for name in model.behaviour:
        yield ("behaviour", name), name
    for key, stockpile in model.stockpiles.items():
        yield from ((("stockpiles", key, "holds", name), name) for name in stockpile.holds)
    for key, event in model.events.items():
        for end, name in listed(event, "materials"):
            yield ("events", key, *end), name
        if (producer := getattr(event, "producer", None)) is not None:
            yield ("events", key, "producer", "material"), producer.material


def check_stages_named(model: ScenarioModel) -> Iterator[Finding]:
    """Stages that events and stockpiles refer to exist in every material named beside them."""
    for path, stage, names in _stage_references(model):
        lacking = [name for name in names if name in model.materials and stage not in model.materials[name].stages]
        if lacking:
            known = {stage for name in lacking for stage in model.materials[name].stages}
            yield path, f'{lacking[0]} has no stage "{stage}"{did_you_mean(stage, known)}'
    known = {stage for material in model.materials.values() for stage in material.stages}
    for path, stage in _loose_stages(model):
        if stage not in known:
            yield path, unknown("stage", stage, known)


def _stage_references(model: ScenarioModel) -> Iterator[tuple[Path, str, list[str]]]:
    for key, stockpile in model.stockpiles.items():
        for material, stage in stockpile.holds.items():
            yield ("stockpiles", key, "holds", material), stage, [material]
    for key, event in model.events.items():
        named = [name for _, name in listed(event, "materials")]
        for end, stage in listed(event, "stage"):
            yield ("events", key, *end), stage, named
        if (producer := getattr(event, "producer", None)) is not None:
            yield ("events", key, "producer", "stage"), producer.stage, [producer.material]


def _loose_stages(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    """Stages named beside `materials: all`, or among several: enough that one material has them."""
    for key, event in model.events.items():
        loose = list(listed(event, "stages"))
        if getattr(event, "materials", None) == "all":
            loose += listed(event, "stage")
        yield from ((("events", key, *end), stage) for end, stage in loose)


def check_producers_named(model: ScenarioModel) -> Iterator[Finding]:
    """An event on producers hits at least one."""
    for key, event in model.events.items():
        reference = getattr(event, "producer", None)
        if reference is None or reference.material not in model.materials:
            continue
        stage = model.materials[reference.material].stages.get(reference.stage)
        if stage is None:
            continue
        field = "country" if reference.producer is None else "producer"
        name, known = getattr(reference, field), set(stage.producers)
        if field == "country":
            known = countries_of(stage)
        if name not in known:
            where = f'{reference.material}/{reference.stage} has no producer "{name}"{did_you_mean(name, known)}'
            hint = "\nnew capacity needs a producer to belong to; give it one, of share 0 if it makes nothing yet"
            yield ("events", key, "producer", field), where + (hint if event.type == "capacity_project" else "")


def check_sectors_named(model: ScenarioModel) -> Iterator[Finding]:
    """Sectors that events and stockpiles refer to exist; members of a stockpile are sectors or places."""
    known = sectors(model)
    for key, event in model.events.items():
        for end, name in listed(event, "sectors"):
            if name not in known:
                yield ("events", key, *end), unknown("sector", name, known)
    for key, stockpile in model.stockpiles.items():
        yield from _sectors_of_stockpile(("stockpiles", key), stockpile, known, places(model))


def _sectors_of_stockpile(path: Path, stockpile: Stockpile, known: set[str], regions: set[str]) -> Iterator[Finding]:
    for end, name in listed(stockpile.release, "sectors"):
        if name not in known:
            yield (*path, "release", *end), unknown("sector", name, known)
    for name in stockpile.members or ():
        if name not in known | regions:
            yield (*path, "members", name), unknown("sector or place", name, known | regions)
