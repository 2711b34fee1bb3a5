"""The packed state of a network, its tolerances and constants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minsim.kernel.compiling import Floats, Indices
from minsim.kernel.rows import ConsumerDay, HoldingDay, SectorDay

NOTHING = np.uint32(0xFFFFFFFF)
"""Index that stands for none."""


SECTOR_FIELDS, CONSUMER_FIELDS, HOLDING_FIELDS = len(SectorDay), len(ConsumerDay), len(HoldingDay)


NEGLIGIBLE = 1e-9
"""A day is short when shortfall > 1e-9 x demand; the books close within 1e-9 x throughput (model, sections 3.4, 3.8)."""


MIN_NORMAL_T = 1e-300
"""Tonnes below which floats lose their precision: an emptied store may round there."""


ROUNDING = 1e-12
"""Relative size below which an amount is rounding noise, not a wish."""


FILLED_FRACTION = 1.0 - 1e-6
"""A buyer is whole with this fraction of min(ask, need) (model, section 4)."""


RECOVERED_FRACTION = 0.99
"""Authority ends when commercial stock is back at this fraction of its target (model, section 11)."""


MEMORY_DAYS = 14.0
"""Days of the running mean of orders (model, section 4)."""


SPOT_ROUNDS = 3


SUPPLY_CLASSES = 3
"""Classes of buyers: home, bloc, others."""


class State(NamedTuple):
    """Everything the daily step reads and writes, packed.

    Two-dimensional arrays have one row a field (constants above) and one column a node. Rows called `*_FIRST` are starts of
    compressed lists: the items of node `n` are `first[n] ... first[n + 1]`. Few arrays, because every one of them costs
    compile time in every function it is passed to.
    """

    value: Floats  # (rows, columns) amounts, padded to the longest row
    index: Indices  # type: ignore[assignment]  # shadows tuple.index, which nobody needs; padded to the longest row
    ring: Floats  # (ring days, arcs): tonnes due on day d stand in row d % ring days
    daily: Floats  # (days, columns): the record, sectors' fields, then consumers', then holdings'
    monthly: Floats  # (openly or leaking, months, arcs): shipped [t]
