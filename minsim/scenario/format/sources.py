"""Sources and regions of the scenario format."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
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
    """Named groups of countries, regions or other blocs, usable wherever importers or owners are named."""

    @functools.cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """Places in each bloc, the blocs within it replaced by their own."""
        return {bloc: tuple(dict.fromkeys(self._places(bloc, ()))) for bloc in self.blocs}

    def _places(self, bloc: str, within: tuple[str, ...]) -> Iterator[str]:
        for name in self.blocs[bloc]:
            if name not in self.blocs:
                yield name
            elif name not in (*within, bloc):  # a ring is refused by a check
                yield from self._places(name, (*within, bloc))
