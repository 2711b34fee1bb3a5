"""A results folder of `minsim run`: the scenario it holds, and whether running it again gives the same figures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsim._version import __version__
from minsim.errors import ScenarioError
from minsim.scenario import Scenario, scenario_from_mapping
from minsim.text.formatting import count

if TYPE_CHECKING:
    from minsim.results.outcome import Outcome

TOLERANCE = 1e-9
"""Relative difference up to which a figure is the same: files keep twelve digits."""


@dataclass(frozen=True)
class Folder:
    """What a results folder says of its run.

    Attributes
    ----------
    scenario : Scenario
        The resolved scenario of the manifest.
    seed : int
    replication : int or None
    command : str or None
        What made the folder.
    version : str
        Of minsim, that made it.
    summary : mapping
        The content of `summary.json`.
    """

    scenario: Scenario
    seed: int
    replication: int | None
    command: str | None
    version: str
    summary: Mapping[str, Any]


def read_folder(path: Path) -> Folder:
    """Read the manifest and the summary of a results folder.

    Raises
    ------
    ScenarioError
        It is not a folder of `minsim run`, or its files cannot be read.
    """
    told, summary = _read(path / "manifest.json"), _read(path / "summary.json")
    wrong = [
        f"{path / name}: no {key}"
        for name, content, keys in (
            ("manifest.json", told, ("resolved_scenario", "scenario", "seed", "replication", "versions")),
            ("summary.json", summary, ("metrics", "bracket")),
        )
        for key in keys
        if key not in content
    ]
    if wrong:
        hint = "expected a folder written by `minsim run`; make it again, or give the scenario's name"
        raise ScenarioError.single("\n".join([*wrong, hint]))
    scenario = scenario_from_mapping(told["resolved_scenario"], told["scenario"])
    version = str(told["versions"].get("minsim", "unknown"))
    return Folder(scenario, told["seed"], told["replication"], told.get("command"), version, summary)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ScenarioError.single(f"{path} is missing; expected a folder written by `minsim run`") from None
    except (OSError, ValueError) as error:
        raise ScenarioError.single(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ScenarioError.single(f"{path}: expected a mapping, got {type(content).__name__}")
    return content


def changes(folder: Folder, run: Outcome) -> tuple[str, ...]:
    """What differs between the folder's figures and the run's, in words; nothing where they agree."""
    now = {_key(row): row["value"] for row in (*run.metric_rows, *run.bracket_rows)}
    before = {_key(row): row["value"] for row in (*folder.summary["metrics"], *folder.summary["bracket"])}
    # A figure that the run made without its bracket is no change, nor one that a later version adds.
    differing = [key for key, value in before.items() if key not in now or not _same(value, now[key])]
    if not differing:
        return ()
    versions = f"minsim {folder.version}" + ("" if folder.version == __version__ else f", now {__version__}")
    first = "; ".join(_told(key, before[key], now.get(key)) for key in _foremost(differing))
    return (
        f"The package has changed since the folder was written (by {versions}): {count(len(differing), 'figure')} of "
        f"{len(before)} differ from its summary.json, such as {first}. This page shows the figures of now.",
    )


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name) or "") for name in ("rerouting", "material", "region", "metric"))


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, int | float) and isinstance(now, int | float):
        return math.isclose(before, now, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(before == now)


def _foremost(differing: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """The difference a reader should see first: days lost in the run itself, else whatever comes first."""
    yield min(differing, key=lambda key: (key[3] != "shortfall_days", key))


def _told(key: tuple[str, ...], before: Any, now: Any) -> str:
    place = ", ".join(part for part in key[1:3] if part)
    return f"{key[3]} ({place}) {before} → {now}"
