"""Rules that a scenario must satisfy beyond the types of its fields: one small function per rule, one module per family.

A check yields findings, (path, message), and never stops at the first. `CHECKS` find problems, `CAUTIONS` find values that
are allowed but deserve a warning, both in a validated model. The rule that every number has a source is checked on the raw
mapping, so that it applies even when the model does not validate. `NOT_YET` lists features of the format that this version
refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from minsim.scenario.checks.amounts import (
    caution_lonely_draws,
    check_shared_draws,
    check_shares_of_sectors,
    check_shares_of_stages,
    check_stockpile_prices,
    check_targets_of_stockpiles,
    check_total_growth,
)
from minsim.scenario.checks.chains import (
    check_chains,
    check_every_product_is_bought,
    check_inputs,
    check_no_cycle_of_products,
)
from minsim.scenario.checks.events import (
    caution_curbs_at_home,
    caution_event_days,
    caution_idle_curbs,
    check_event_days,
    check_horizon,
)
from minsim.scenario.checks.markets import (
    check_events_with_prices,
    check_floor_stage,
    check_hosts,
    check_quota_on_end_uses,
    check_scrap,
)
from minsim.scenario.checks.names import Finding
from minsim.scenario.checks.places import (
    caution_invented_places,
    check_blocs,
    check_declared_places,
    check_places_named,
    check_zones,
)
from minsim.scenario.checks.reach import caution_empty_blocs, caution_idle_stockpiles, caution_reaching_nobody
from minsim.scenario.checks.references import (
    check_materials_named,
    check_producers_named,
    check_sectors_named,
    check_stages_named,
)
from minsim.scenario.checks.sources import Quantity, quantities, source_cautions, source_problems
from minsim.scenario.checks.users import check_suppliers, check_users_within
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.schema_tree import Path, names_of

__all__ = [
    "CAUTIONS",
    "CHECKS",
    "CHECKS_OF_NAMES",
    "NOT_YET",
    "Check",
    "Finding",
    "Quantity",
    "findings",
    "quantities",
    "refused",
    "source_cautions",
    "source_problems",
]

NOT_YET: tuple[str, ...] = ()
"""Not simulated yet: event types, and keys refused unless they have their default value. `*` matches any id; below `events`
the type of the event is given in place of its id."""


def refused(model: ScenarioModel) -> Iterator[Finding]:
    """Features of the format that this version does not simulate (`NOT_YET`): refused, never ignored."""
    for pattern in NOT_YET:
        for path in _written(model, pattern.split("."), ()):
            yield path, "not simulated yet in this version; remove it"


def _written(value: Any, steps: list[str], path: Path) -> Iterator[Path]:
    """Paths below a value that match the steps and do not have their default value."""
    if not steps:
        yield (*path, "type") if hasattr(value, "type") else path
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if steps[0] in ("*", getattr(child, "type", key)):
                yield from _written(child, steps[1:], (*path, key))
    elif isinstance(value, BaseModel):
        name = names_of(type(value)).get(steps[0])
        if name is not None:
            child = getattr(value, name)
            if len(steps) > 1 or child != type(value).model_fields[name].get_default():
                yield from _written(child, steps[1:], (*path, steps[0]))


Check = Callable[[ScenarioModel], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_shares_of_stages,
    check_shares_of_sectors,
    check_shared_draws,
    check_stockpile_prices,
    check_targets_of_stockpiles,
    check_horizon,
    check_total_growth,
    check_chains,
    check_inputs,
    check_no_cycle_of_products,
    check_every_product_is_bought,
    check_blocs,
    check_declared_places,
    check_places_named,
    check_zones,
    check_materials_named,
    check_stages_named,
    check_producers_named,
    check_sectors_named,
    check_event_days,
    check_events_with_prices,
    check_floor_stage,
    check_hosts,
    check_scrap,
    check_quota_on_end_uses,
    check_users_within,
    check_suppliers,
    refused,
)
"""Rules whose violation is a problem."""

CHECKS_OF_NAMES: tuple[Check, ...] = (
    check_blocs,
    check_places_named,
    check_materials_named,
    check_stages_named,
    check_producers_named,
    check_sectors_named,
)
"""Rules about names alone, which hold whatever the numbers of a scenario are."""

CAUTIONS: tuple[Check, ...] = (
    caution_invented_places,
    caution_event_days,
    caution_idle_curbs,
    caution_curbs_at_home,
    caution_empty_blocs,
    caution_reaching_nobody,
    caution_idle_stockpiles,
    caution_lonely_draws,
)
"""Rules whose violation is a warning."""


def findings(model: ScenarioModel, rules: Iterable[Check]) -> Iterator[Finding]:
    """All findings of some rules, `CHECKS` or `CAUTIONS`."""
    for rule in rules:
        yield from rule(model)
