"""Sources and regions of the scenario format."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    WithJsonSchema,
)

from minsim.scenario.format.numbers import Frozen, PlaceName

ASSUMPTION = "assumption"
"""What `source:` says of an assumed number."""

_Published = Annotated[
    str,
    BeforeValidator(lambda value: value.isoformat() if isinstance(value, dt.date) else str(value)),
    WithJsonSchema({"type": ["string", "integer"]}),
]


class Source(Frozen):
    """One published document."""

    title: str
    """Title of the document."""
    publisher: str | None = None
    """Who published it."""
    date: _Published | None = None
    """Date of publication."""
    document: str | None = None
    """File name of a stored copy."""
    url: str | None = None
    """Address, where public."""
    licence: str | None = None
    """Licence of the data taken from it."""
    confidence: Literal["found", "derived", "memory"] | None = None
    """`found` in the source, `derived` from found values, or recalled from `memory`."""


class Regions(Frozen):
    """Groups of places."""

    blocs: dict[PlaceName, tuple[str, ...]] = {}
    """Named groups of countries or regions, usable wherever importers or owners are named."""
