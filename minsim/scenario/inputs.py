"""The empirical numbers of a scenario, each with its unit and its own or inherited source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import BaseModel

from minsim.scenario.checks import Quantity, quantities
from minsim.scenario.distributions import central
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import DISTRIBUTIONS, Given, Number
from minsim.scenario.schema_tree import Path, dotted, names_of


@dataclass(frozen=True)
class Input:
    """An empirical number of a scenario and where it comes from."""

    path: str
    """Dotted path, as overrides name it."""
    value: float
    """The number; of a distribution, its central value."""
    text: str
    """The number as written, a distribution with its parameters."""
    unit: str
    """Unit, empty for shares, factors and other plain ratios."""
    source: str | None
    """Key in `sources:`, or `assumption`; None for a number with a note only."""
    note: str | None
    """Reason for the value."""
    kind: Literal["found", "derived", "memory", "assumption"]
    """How well it is known: found in the source, derived from it, recalled from memory, or assumed."""


_UNITS = (
    ("t_per_year", "t/year"),
    ("tonnes_per_year", "t/year"),
    ("usd_per_kg", "USD/kg"),
    ("usd_per_t", "USD/t"),
    ("usd", "USD"),
    ("days_per_month", "days/month"),
    ("days_per_day", "days/day"),
    ("days", "days"),
    ("per_day", "1/day"),
    ("per_year", "1/year"),
)
"""Suffix of a key → unit; the first match applies."""


def inputs_of(model: ScenarioModel, data: Mapping[str, Any]) -> list[Input]:
    """Every empirical number of a scenario, given as a model and as its plain data, in order of path."""
    return sorted((_input(quantity, model) for quantity in quantities(data)), key=lambda entry: entry.path)


def _input(quantity: Quantity, model: ScenarioModel) -> Input:
    number = _number_at(model, quantity.path)
    kind: Any = "assumption"
    if quantity.source in model.sources:
        kind = model.sources[quantity.source].confidence or "found"
    path = dotted(quantity.path)
    unit = _unit(quantity.path)
    return Input(path, central(number), _number_text(number), unit, quantity.source, quantity.note, kind)


def _number_at(model: ScenarioModel, path: Path) -> Number:
    here: Any = model
    for part in path:
        if isinstance(here, BaseModel):
            here = getattr(here, names_of(type(here))[str(part)])
        else:
            here = here[part]
    return cast(Number, here)


def _number_text(number: Number) -> str:
    if isinstance(number, DISTRIBUTIONS):
        parameters = number.model_dump(exclude={"dist", "source", "note"}, exclude_unset=True)
        return f"{number.dist}({', '.join(f'{key}={_digits(value)}' for key, value in parameters.items())})"
    return _digits(number.value if isinstance(number, Given) else number)


def _digits(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"[{', '.join(map(_digits, value))}]" if isinstance(value, tuple) else f"{value:.12g}"


def _unit(path: Path) -> str:
    """Unit given by a key; an entry of a table has the unit of the table."""
    *above, key = map(str, path)
    if key == "yield" or above[-1] == "inputs":
        return "t/t"
    for table in ("lead_time_days", "tonnes_per_year"):
        key = table if table in above else key
    return next((unit for ending, unit in _UNITS if key == ending or key.endswith(f"_{ending}")), "")
