"""Read the CSV tables beside this module."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def read_rows(table: str) -> tuple[Mapping[str, str], ...]:
    """Rows of a table, in the order of the file: column → text."""
    text = resources.files("minsim.data").joinpath(f"{table}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
