"""The packed state of a network: everything the daily step reads and writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minsim.kernel.compiling import Floats, Indices

NOTHING = np.uint32(0xFFFFFFFF)
"""Index that stands for no node."""


class State(NamedTuple):
    """Everything the daily step reads and writes, in five arrays.

    A row is one quantity, a column one node. `minsim.kernel.rows` names the rows and gives their units,
    `minsim.kernel.lists` says which nodes belong together. Few arrays, because every one costs compile time in every
    function it is passed to.

    Attributes
    ----------
    value : array of shape (VALUE_ROWS, columns)
        Amounts. Columns are padded with zeros to those of the longest row.
    index : array of shape (INDEX_ROWS, columns)
        Node numbers, whole days, codes and starts of lists; padded in the same way. The row `COUNT` says how many nodes of
        each kind there are.
    ring : array of shape (ring days, arcs)
        Goods at sea [t]: what is due on day d stands in row d modulo the number of ring days.
    daily : array of shape (days, columns)
        The record of every day (`minsim.kernel.daily_record`).
    monthly : array of shape (2, months, arcs)
        Shipped in each month, openly and round curbs (`Channel`) [t].
    """

    value: Floats
    index: Indices  # type: ignore[assignment]  # shadows tuple.index, which nobody needs
    ring: Floats
    daily: Floats
    monthly: Floats
