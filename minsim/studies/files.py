"""Files of ensembles and of the other studies, written atomically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from minsim.results.files import ResultFiles, manifest
from minsim.results.tables import Columns
from minsim.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Study(Protocol):
    """What the files of a study are made of."""

    @property
    def scenario(self) -> Scenario:
        """The scenario that was replicated."""
        ...

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        ...

    def summary(self) -> dict[str, Any]:
        """JSON-ready form."""
        ...

    def plot(self) -> Axes:
        """Draw the study."""
        ...


def study_files(
    study: Study, tables: Mapping[str, Sequence[Mapping[str, Any]]], command: str | None, **settings: Any
) -> ResultFiles:
    """Tables of rows as NAME.csv, `summary.json`, a picture named as the first table, and the manifest.

    `settings` are added to the manifest.
    """
    origin = manifest(study.scenario, study.seed, None, command)
    contents: dict[str, Any] = {f"{name}.csv": columns_of_rows(rows) for name, rows in tables.items()}
    contents |= {"summary.json": study.summary(), "manifest.json": {**origin, **settings}}
    return ResultFiles(contents, {(f"{next(iter(tables))}.png",): lambda: cast("Figure", study.plot().figure)})


def columns_of_rows(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows with the same keys as columns: numbers, dates, or else text."""
    return {key: _column([row[key] for row in rows]) for key in (rows[0] if rows else ())}


def _column(values: Sequence[Any]) -> np.ndarray:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    if all(hasattr(value, "isoformat") for value in values):
        return np.array(values, dtype="datetime64[D]")
    return np.array(["" if value is None else str(value) for value in values], dtype=object)
