"""Tolerances and constants of the daily step; whoever reads its results uses the same."""

from __future__ import annotations

NEGLIGIBLE = 1e-9
"""A day is short when shortfall > 1e-9 x demand, and the books close within 1e-9 x throughput (model, "A day")."""

MIN_NORMAL_T = 1e-300
"""Tonnes below which floats lose their precision: an emptied store may round there [t]."""

ROUNDING = 1e-12
"""Relative size below which an amount is rounding noise, not a wish."""

FILLED_FRACTION = 1.0 - 1e-6
"""A buyer is whole with this fraction of min(order, need) (model, "The market for a product")."""

RECOVERED_FRACTION = 0.99
"""Authority over a stockpile ends when commercial stock is back at this fraction of its target (model, "Stockpiles")."""

MEMORY_DAYS = 14.0
"""Days of the running mean of orders [days] (model, "The market for a product")."""

SPOT_ROUNDS = 3
"""Rounds of the spot market in a day (model, "The market for a product")."""
