"""The scenario format: every field, its unit and its meaning, written once.

Frozen pydantic models that forbid unknown keys. The JSON Schema (`minsim schema`), the validation errors and the format
reference in the documentation all come from here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
    Strict,
    model_validator,
)

from minsim.scenario.format.events import AnyEvent
from minsim.scenario.format.materials import Behaviour, Material
from minsim.scenario.format.numbers import Date, Frozen, Identifier
from minsim.scenario.format.sources import Regions, Source
from minsim.scenario.format.stockpiles import Stockpile


class ScenarioModel(Frozen):
    """A scenario: one question, asked of one network."""

    format: Literal[1]
    """Version of this format."""
    title: str
    """What happens, in a line."""
    description: str = ""
    """The question the scenario answers, in a sentence or two."""
    group: str = "Other"
    """What it is listed under among its like."""
    as_of: Date
    """The date whose knowledge the scenario rests on; printed in every title."""
    extends: str | None = None
    """One parent: a library scenario, or a path relative to this file and inside its folder tree."""
    start: Date
    """First simulated day."""
    end: Date
    """Last simulated day."""
    long_horizon: bool = False
    """Says that more than 100 years are meant, which are refused otherwise."""
    seed: Annotated[int, Strict(), Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream."""
    sources: dict[Identifier, Source] = {}
    """Published documents, by key."""
    regions: Regions = Regions()
    """Groups of places."""
    materials: Annotated[dict[Identifier, Material], Field(min_length=1)]
    """Materials, by key."""
    behaviour: dict[str, Behaviour] = {}
    """Overrides of the reference behaviour, by material."""
    stockpiles: dict[Identifier, Stockpile] = {}
    """Strategic stockpiles, by key."""
    events: dict[Identifier, AnyEvent] = {}
    """What happens, by key."""

    @model_validator(mode="after")
    def _ordered(self) -> ScenarioModel:
        if self.end < self.start:
            raise ValueError(f"expected end on or after start, got {self.start} to {self.end}")
        return self
