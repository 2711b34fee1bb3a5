"""Rows and compressed lists, packed into the arrays of `minsim.kernel.state.State`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minsim.kernel.compiling import Floats
from minsim.kernel.rows import IndexRow, ValueRow

Lists = dict[int, Sequence[int]]
"""Rows of `State.index`, by `IndexRow` or `COUNT`."""
Rows = dict[ValueRow, Any]
"""Rows of `State.value`. Rows of the two arrays have equal numbers, and must never stand in one mapping."""


def group(owners: Sequence[int], count: int) -> list[list[int]]:
    """Members of each of `count` owners, in order."""
    members: list[list[int]] = [[] for _ in range(count)]
    for member, owner in enumerate(owners):
        members[owner].append(member)
    return members


def compress(first: IndexRow, items: IndexRow | None, groups: Sequence[Sequence[int]]) -> Lists:
    """Compressed rows: starts of each group (one more than groups), and all items in a row."""
    starts: Lists = {first: np.cumsum([0, *map(len, groups)]).tolist()}
    return {**starts, items: [item for members in groups for item in members]} if items is not None else starts


PACKED_WIDTH_AT_LEAST = 16
"""Columns every packed array has, for counts and the fields of a fault."""


def pack(
    rows: Mapping[Any, Sequence[float] | Floats], count: int, dtype: type[np.generic], width: int = 0
) -> np.ndarray:
    """One packed array from rows padded with zeros to the longest."""
    width = max(PACKED_WIDTH_AT_LEAST, width, *map(len, rows.values()))
    packed = np.zeros((count, width), dtype=dtype)
    for row, values in rows.items():
        packed[row, : len(values)] = values
    return packed
