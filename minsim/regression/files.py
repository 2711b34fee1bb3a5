"""Baselines as text: one YAML file per scenario, its tables as CSV blocks with one line per row, for readable diffs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minsim.errors import BaselineError
from minsim.regression.tables import SIGNIFICANT_DIGITS, Baseline, Cell, Table, Tolerance, date_or_none
from minsim.results.atomic import write_text
from minsim.text.messages import got, short

BASELINE_FORMAT = 1
"""Version of the file format."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "metrics": ("material", "region", "metric", "unit"),
    "monthly": ("month", "material", "region"),
    "stockpiles": ("month", "stockpile", "material"),
    "trade": ("year", "material", "stage", "seller", "buyer"),
}
"""Key columns of each table."""
FILE_COMMENT = """\
# What this scenario came out as: a baseline of `minsim regress`, which rewrites it with --update.
# Only `tolerances` is meant for editing: by column, metric or unit; an update keeps them.
"""
TEXT_FIELDS = ("scenario", "target", "scenario_hash", "minsim")


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline atomically.

    Parameters
    ----------
    baseline : Baseline
        What to keep.
    path : Path
        The file; its folder is made if absent.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    write_text(path, to_text(baseline))


def read(path: Path) -> Baseline:
    """Read a baseline.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Baseline
        Equal to the one that was written.

    Raises
    ------
    BaselineError
        There is no such file, or it is not a baseline of this format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BaselineError(f"there is no baseline {path}; --update makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"cannot read {path}: {error}") from error
    try:
        return from_text(text)
    except BaselineError as error:
        raise BaselineError(f"{path} is not a baseline: {error}; restore it, or delete it and --update") from error


# ----------------------------------------------------------------------------------------------------------------- writing


def to_text(baseline: Baseline) -> str:
    """The content of a baseline's file."""
    import yaml

    head: dict[str, Any] = {
        "baseline": BASELINE_FORMAT,
        "scenario": baseline.scenario,
        "target": baseline.target,
        "scenario_hash": baseline.scenario_hash,
        "minsim": baseline.version,
        "seed": baseline.seed,
    }
    if baseline.overrides:
        head["set"] = list(baseline.overrides)
    rules = {
        name: {key: value for key, value in asdict(tolerance).items() if value}
        for name, tolerance in baseline.tolerances.items()
    }
    blocks = [f"\n{name}: |\n{_block(table)}" for name, table in baseline.tables.items()]
    header = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=1000)
    lines = [f"  {name}: {_flow(rule)}\n" for name, rule in rules.items()]
    return FILE_COMMENT + header + "\ntolerances:\n" + "".join(lines) + "".join(blocks)


def _flow(rule: Mapping[str, float]) -> str:
    # Written by hand: PyYAML would write 1e-06, which YAML 1.1 reads as text.
    return "{" + ", ".join(f"{key}: {_yaml_float(value)}" for key, value in rule.items()) + "}"


def _yaml_float(value: float) -> str:
    digits, e, exponent = repr(value).partition("e")
    return f"{digits if '.' in digits else digits + '.0'}{e}{exponent}" if e else repr(value)


def _block(table: Table) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow((*table.keys, *table.columns))
    writer.writerows((*key, *map(_cell_text, row)) for key, row in table.rows.items())
    return "".join(f"  {line}\n" for line in buffer.getvalue().splitlines())


def _cell_text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else f"{cell:.{SIGNIFICANT_DIGITS}g}"


# ----------------------------------------------------------------------------------------------------------------- reading


def from_text(text: str) -> Baseline:
    """The baseline in a file's content.

    Raises
    ------
    BaselineError
        With what is wrong.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BaselineError(f"it is not YAML: {short(error)}") from error
    if not isinstance(content, dict) or content.get("baseline") != BASELINE_FORMAT:
        version = content.get("baseline") if isinstance(content, dict) else None
        raise BaselineError(f"expected `baseline: {BASELINE_FORMAT}`, got {got(version)}")
    _check_fields(content)
    return Baseline(
        scenario=content["scenario"],
        scenario_hash=content["scenario_hash"],
        version=content["minsim"],
        seed=content["seed"],
        target=content["target"],
        overrides=tuple(map(str, content.get("set") or ())),
        tolerances=_tolerances(content.get("tolerances")),
        tables={name: _table(name, content[name]) for name in KEYS},
    )


def _check_fields(content: Mapping[str, Any]) -> None:
    for name in (*TEXT_FIELDS, *KEYS):
        if not isinstance(content.get(name), str):
            raise BaselineError(f"expected text in `{name}`, got {got(content.get(name))}")
    if not isinstance(content.get("seed"), int):
        raise BaselineError(f"expected a whole number in `seed`, got {got(content.get('seed'))}")


def _tolerances(given: Any) -> dict[str, Tolerance]:
    if not isinstance(given, dict):
        raise BaselineError(f"expected a mapping in `tolerances`, got {got(given)}")
    return {str(name): _tolerance(str(name), rule) for name, rule in given.items()}


def _tolerance(name: str, rule: Any) -> Tolerance:
    known = asdict(Tolerance())
    if not isinstance(rule, dict) or not set(rule) <= set(known):
        raise BaselineError(f"expected {', '.join(known)} in `tolerances.{name}`, got {got(rule)}")
    for key, value in rule.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < math.inf:
            raise BaselineError(f"expected a number >= 0 in `tolerances.{name}.{key}`, got {got(value)}; write 1.0e-6")
    return Tolerance(**rule)


def _table(name: str, text: str) -> Table:
    keys = KEYS[name]
    lines: Iterable[list[str]] = csv.reader(io.StringIO(text))
    head, *body = list(lines) or [[]]
    if tuple(head[: len(keys)]) != keys:
        raise BaselineError(f"expected columns {', '.join(keys)} first in `{name}`, got {', '.join(head) or 'none'}")
    rows: dict[tuple[str, ...], tuple[Cell, ...]] = {}
    for number, row in enumerate(body, start=2):
        key = tuple(row[: len(keys)])
        if len(row) != len(head) or key in rows:
            fault = "stands there twice" if key in rows else f"has {len(row)} cells, not {len(head)}"
            raise BaselineError(f"line {number} of `{name}` {fault}: {short(','.join(row))}")
        rows[key] = tuple(_cell(name, number, text) for text in row[len(keys) :])
    return Table(keys, tuple(head[len(keys) :]), rows)


def _cell(name: str, number: int, text: str) -> Cell:
    if not text:
        return None
    if date_or_none(text):
        return text
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BaselineError(f"line {number} of `{name}`: expected a number, a date or nothing, got {short(text)}")
    return value
