"""Chains: stages form a line, inputs exist and form no cycle, and every product is bought."""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from minsim.scenario.checks.names import Finding, blocks
from minsim.scenario.format.materials import Material
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.stages import NO_PREDECESSOR, predecessors
from minsim.text.messages import unknown


def check_chains(model: ScenarioModel) -> Iterator[Finding]:
    """Stages of a material form one line."""
    for path, _, material in blocks(model):
        for end, message in _chain_findings(material):
            yield (*path, "stages", *end), message


def _chain_findings(material: Material) -> Iterator[Finding]:
    before = predecessors(material)
    unordered = sorted(set(material.stages) - set(before))
    for name in unordered:
        yield (
            (name,),
            f"unusual name; say `after:` which stage it comes, or `after: {NO_PREDECESSOR}` when it is the first",
        )
    absent = {name for name, earlier in before.items() if earlier is not None and earlier not in material.stages}
    for name in sorted(absent):
        known = [*material.stages, NO_PREDECESSOR]
        yield (name, "after"), unknown("stage", before[name] or "", [stage for stage in known if stage != name])
    if unordered or absent:
        return
    followers = Counter(before.values())
    for earlier, count in sorted(followers.items(), key=lambda item: item[0] or ""):
        if count > 1:
            yield (), _branching(earlier, sorted(name for name in before if before[name] == earlier))
    if cycle := ring_of({name: [earlier] if earlier else [] for name, earlier in before.items()}):
        yield (), f"stages go round in a ring: {' -> '.join(cycle)}"


def _branching(earlier: str | None, names: list[str]) -> str:
    both = " and ".join(names)
    where = "come first" if earlier is None else f'come after "{earlier}"'
    return f"{both} both {where}, but stages form one line; mend `after:`"


def ring_of(before: Mapping[str, Iterable[str]]) -> list[str]:
    """Names that form a cycle; empty when there is none."""
    try:
        graphlib.TopologicalSorter(before).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def check_inputs(model: ScenarioModel) -> Iterator[Finding]:
    """Inputs and hosts are materials of the scenario."""
    for path, _, material in blocks(model):
        for stage_name, stage in material.stages.items():
            for name in stage.inputs:
                if name not in model.materials:
                    yield (*path, "stages", stage_name, "inputs", name), unknown("material", name, model.materials)
        if material.byproduct_of is not None and material.byproduct_of.host not in model.materials:
            host = material.byproduct_of.host
            yield (*path, "byproduct_of", "host"), unknown("material", host, model.materials)


def check_no_cycle_of_products(model: ScenarioModel) -> Iterator[Finding]:
    """No product is made, through others, from itself."""
    if cycle := ring_of({name: _inputs(material) for name, material in model.materials.items()}):
        yield ("materials", cycle[0]), f"inputs go round in a ring: {' -> '.join(cycle)}"


def check_every_product_is_bought(model: ScenarioModel) -> Iterator[Finding]:
    """Every material has a consumer or is an input of another."""
    used = {name for material in model.materials.values() for name in _inputs(material)}
    for path, name, material in blocks(model):
        if not material.consumers and name not in used:
            yield path, f"nothing buys {name}; give it `consumers:` or name it among the `inputs:` of a stage"


def _inputs(material: Material) -> set[str]:
    return {name for stage in material.stages.values() for name in stage.inputs}
