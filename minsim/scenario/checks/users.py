"""Users within a region: the region, its end uses and the suppliers they name exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minsim.scenario.checks.amounts import sum_to_one
from minsim.scenario.checks.names import Finding, blocks, countries_of
from minsim.scenario.format.materials import Consumer, Material
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.schema_tree import Path
from minsim.scenario.stages import predecessors
from minsim.text.messages import unknown


def check_users_within(model: ScenarioModel) -> Iterator[Finding]:
    """Every user is within a region that uses the material, and has only end uses of that region."""
    for path, _, material in blocks(model):
        regions = {name: consumer for name, consumer in material.consumers.items() if consumer.within is None}
        for name, consumer in material.consumers.items():
            if consumer.within is not None:
                yield from _user((*path, "consumers", name), consumer, regions)


def _user(path: Path, user: Consumer, regions: Mapping[str, Consumer]) -> Iterator[Finding]:
    if user.within is None or user.within not in regions:
        yield (*path, "within"), unknown("region", str(user.within), regions)
        return
    known = set(regions[user.within].sectors) or {"all"}
    for sector in set(user.sectors) or {"all"}:
        if sector not in known:
            end = ("sectors", sector) if user.sectors else ()
            yield (*path, *end), f"{unknown('sector', sector, known)}; a user has some of its region's"


def check_suppliers(model: ScenarioModel) -> Iterator[Finding]:
    """Suppliers are those of users within a region, sell the last product, and sum to 1 where shares are given."""
    for path, _, material in blocks(model):
        known = sellers(material)
        for name, consumer in material.consumers.items():
            here = (*path, "consumers", name, "suppliers")
            if consumer.suppliers is None:
                continue
            if consumer.within is None:
                yield (
                    here,
                    "only a user within a region names its suppliers; a region's lanes go under `trade.forbidden`",
                )
            for index, supplier in enumerate(consumer.suppliers):
                if known and supplier not in known:
                    end = supplier if isinstance(consumer.suppliers, Mapping) else index
                    yield (*here, end), unknown("supplier", supplier, known)
            if isinstance(consumer.suppliers, Mapping):
                yield from sum_to_one(here, list(consumer.suppliers.values()))


def sellers(material: Material) -> set[str]:
    """Countries and named plants that sell the last product of a material."""
    before = predecessors(material)
    found: set[str] = set()
    for stage in set(before) - set(before.values()):
        found |= set(material.stages[stage].producers) | countries_of(material.stages[stage])
    return found
