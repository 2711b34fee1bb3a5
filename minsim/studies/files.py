"""Files of ensembles and of the other studies, written atomically."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.results import plotting
from minsim.results.files import manifest, whole_files, write_csv, write_json
from minsim.results.tables import Columns
from minsim.scenario import Scenario
from minsim.studies.ensemble_estimates import EnsembleEstimates
from minsim.studies.monte_carlo.store import merge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENSEMBLE_FILES = ("summary.json", "replications.parquet", "fan.csv", "fan.png", "manifest.json")


@dataclass(frozen=True)
class _Origin:
    """The scenario and seed that a manifest records."""

    scenario: Scenario
    seed: int
    replication: None = None


def save_ensemble(found: EnsembleEstimates, out: Path, *, plot: bool = True, command: str | None = None) -> Path:
    """Write an ensemble into a folder; see `Ensemble.save`."""
    with whole_files(out, ENSEMBLE_FILES) as folder:
        write_json(folder / "summary.json", found.summary())
        merge(found.parts, found.count, folder / "replications.parquet")
        write_csv(folder / "fan.csv", columns_of_rows(found.fan_rows))
        if plot:
            plotting.save(plotting.figure(found), folder / "fan.png")
        origin = manifest(_Origin(found.scenario, found.seed), command)  # type: ignore[arg-type]
        write_json(
            folder / "manifest.json", {**origin, "replications": found.count, "sampler": found.experiment.sampler}
        )
    return out


def save_table(
    out: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    figure: Callable[[], Figure] | None,
    scenario: Scenario,
    seed: int,
    command: str | None,
    more: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Path:
    """Write a table as NAME.csv, its picture as NAME.png, `summary.json`, the manifest and `more` tables."""
    tables = {name: rows, **(more or {})}
    own = (*(f"{table}.csv" for table in tables), f"{name}.png", "summary.json", "manifest.json")
    with whole_files(out, own) as folder:
        for table, content in tables.items():
            write_csv(folder / f"{table}.csv", columns_of_rows(content))
        write_json(folder / "summary.json", dict(summary))
        if figure is not None:
            plotting.save(figure(), folder / f"{name}.png")
        write_json(folder / "manifest.json", manifest(_Origin(scenario, seed), command))  # type: ignore[arg-type]
    return out


def columns_of_rows(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows with the same keys as columns: numbers, dates, or else text."""
    return {key: _column([row[key] for row in rows]) for key in (rows[0] if rows else ())}


def _column(values: Sequence[Any]) -> np.ndarray:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    if all(hasattr(value, "isoformat") for value in values):
        return np.array(values, dtype="datetime64[D]")
    return np.array(["" if value is None else str(value) for value in values], dtype=object)
