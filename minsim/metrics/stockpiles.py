"""Metrics of strategic stockpiles: stocks and releases, costs, and the binding constraint on purchases.

Pure functions of a `Record`. Dates are day numbers, and `nan` means not applicable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minsim.metrics.consumers import (
    BOUGHT,
    CLOSING,
    DAYS_PER_YEAR,
    KG_PER_TONNE,
    RELEASED,
    SHORT_TOLERANCE,
    SPENT,
    BoolArray,
    FloatArray,
    first_day,
)
from minsim.metrics.disturbances import acting_disturbances
from minsim.simulation.log import LogKind

if TYPE_CHECKING:
    from minsim.simulation.engine import Record

STOCKPILE_UNITS: Mapping[str, str] = {
    "stockpile_opening_days": "days",
    "stockpile_eve_days": "days",
    "stockpile_filled_date": "date",
    "stockpile_first_release_date": "date",
    "stockpile_exhausted_date": "date",
    "stockpile_days_served": "days",
    "stockpile_spent_usd": "usd",
    "stockpile_average_price_usd_per_kg": "usd/kg",
    "stockpile_carrying_cost_usd": "usd",
    "stockpile_metal_bound_days": "days",
    "stockpile_rate_bound_days": "days",
    "stockpile_price_bound_days": "days",
    "stockpile_money_bound_days": "days",
}
"""Metrics of an owner's strategic stock of a material, with their units."""

LIMITS = ("metal", "rate", "price", "money")
"""Constraints on purchases: what sellers can spare, the stockpile's monthly rate, its price ceiling, its budget."""


def measure_stockpiles(record: Record, groups: Iterable[Sequence[int]]) -> dict[str, FloatArray]:
    """Every metric of strategic stocks, for each group of holdings together.

    Parameters
    ----------
    groups : iterable of sequences of int
        Positions in `network.holdings`.

    Returns
    -------
    dict of str to ndarray, shape (n_groups,)
        The keys of `STOCKPILE_UNITS`; dates are day numbers. `nan`: not applicable.
    """
    columns = [_measure_holdings(record, list(group)) for group in groups]
    return {name: np.array([column[name] for column in columns], dtype=float) for name in STOCKPILE_UNITS}


def groups_by_owner(record: Record) -> dict[tuple[str, str], list[int]]:
    """Positions in `network.holdings` by material and owner."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, holding in enumerate(record.network.holdings):
        groups.setdefault((holding.material, holding.owner), []).append(index)
    return groups


def _measure_holdings(record: Record, group: list[int]) -> dict[str, float]:
    labels = [record.network.holdings[index] for index in group]
    daily = record.holding[:, group].sum(axis=1)
    target, use = sum(h.target_t for h in labels), max(h.use_t_per_day for h in labels)
    closing, released = daily[:, CLOSING], daily[:, RELEASED]
    # No purchase arrives on the first day: every lead time is a day or more.
    opening = closing[0] + released[0]
    held = np.maximum.accumulate(np.concatenate(([opening], closing[:-1]))) > SHORT_TOLERANCE * target
    exhausted = (closing <= SHORT_TOLERANCE * target) & held
    bound = [bound_by(record, index) for index in group]
    return {
        "stockpile_opening_days": opening / use if use > 0 else math.nan,
        "stockpile_eve_days": _on_the_eve(record, labels[0].material, closing) / use if use > 0 else math.nan,
        "stockpile_filled_date": float(first_day((closing >= target * (1.0 - SHORT_TOLERANCE)) & (target > 0))),
        "stockpile_first_release_date": float(first_day(released > SHORT_TOLERANCE * use)),
        "stockpile_exhausted_date": float(first_day(exhausted)),
        "stockpile_days_served": released.sum() / use if use > 0 else math.nan,
        **_measure_costs(record, group),
        **{f"stockpile_{limit}_bound_days": float(sum(b[limit].sum() for b in bound)) for limit in LIMITS},
    }


def _on_the_eve(record: Record, material: str, closing: FloatArray) -> float:
    """Stock at the end of the day before the first disturbance of what it serves [t]; `nan` without one."""
    served = {
        record.network.consumers[c].material
        for h in record.network.holdings
        for c in h.serves
        if h.material == material
    }
    starts = [e.start_day for name in {material, *served} for e in acting_disturbances(record.network, name)]
    day = min(starts, default=0)
    return float(closing[day - 1]) if day > 0 else math.nan


# ------------------------------------------------------------------------------------------------------------- costs


def _measure_costs(record: Record, group: list[int]) -> dict[str, float]:
    bought = float(record.holding[:, group, BOUGHT].sum())
    spent = float(record.holding[:, group, SPENT].sum())
    priced = all(not math.isnan(record.network.holdings[h].price_usd_per_kg) for h in group)
    return {
        "stockpile_spent_usd": spent,
        "stockpile_average_price_usd_per_kg": spent / bought / KG_PER_TONNE if bought > 0.0 and priced else math.nan,
        "stockpile_carrying_cost_usd": sum(carrying_cost_usd(record, h) for h in group),
    }


def carrying_cost_usd(record: Record, holding: int) -> float:
    """Carrying cost: a share of the stock's value a year, with the stock valued each day at its purchase price [USD]."""
    network = record.network
    name = network.holdings[holding].stockpile
    stockpile = network.scenario.model.stockpiles[name]
    share = network.draws.number(
        stockpile.carrying_cost_share_per_year, f"stockpiles.{name}.carrying_cost_share_per_year"
    )
    if share <= 0.0:
        return 0.0
    value = KG_PER_TONNE * record.holding[:, holding, CLOSING] * record.purchase_price_usd_per_kg[:, holding]
    return float(value.sum() * share / DAYS_PER_YEAR)


def budget_usd(record: Record, stockpile: str) -> float:
    """Budget of a stockpile for the whole run [USD]; infinite if the scenario sets none."""
    budget = record.network.scenario.model.stockpiles[stockpile].budget_usd
    return math.inf if budget is None else record.network.draws.number(budget, f"stockpiles.{stockpile}.budget_usd")


def spent_usd(record: Record, stockpile: str) -> FloatArray:
    """Cumulative spending of a stockpile on all its materials, at the end of each day [USD]."""
    mine = [h for h, label in enumerate(record.network.holdings) if label.stockpile == stockpile]
    return np.asarray(record.holding[:, mine, SPENT].sum(axis=1).cumsum())


# ----------------------------------------------------------------------------------- binding constraint on purchases


def bound_by(record: Record, holding: int) -> dict[str, BoolArray]:
    """Binding constraint per day while a stockpile is below its target and not being released; keys: `LIMITS`.

    One constraint a day counts: a price above the ceiling; else an exhausted budget; else sellers that cannot spare what the
    stockpile would buy at its rate; else the rate.
    """
    label = record.network.holdings[holding]
    bought, missing = record.holding[:, holding, BOUGHT], missing_t(record, holding)
    if record.network.scenario.model.stockpiles[label.stockpile].fill is None:
        missing = np.zeros_like(missing)  # it never buys
    near = SHORT_TOLERANCE * label.target_t
    left = (missing - bought > near) & ~being_released(record, holding)
    too_dear = record.purchase_price_usd_per_kg[:, holding] > label.ceiling_usd_per_kg
    budget = budget_usd(record, label.stockpile)
    exhausted = (
        spent_usd(record, label.stockpile) >= budget * (1.0 - SHORT_TOLERANCE) if math.isfinite(budget) else False
    )
    scarce = np.minimum(missing, label.rate_t_per_day) - bought > near
    limits = {"price": too_dear, "money": exhausted, "metal": scarce, "rate": True}
    found = {}
    for name, stops in limits.items():
        found[name] = left & stops
        left = left & ~found[name]
    return found


def missing_t(record: Record, holding: int) -> FloatArray:
    """Gap to the target each day before purchases, with purchases under way counted as held [t]."""
    closing, bought, released = (record.holding[:, holding, column] for column in (CLOSING, BOUGHT, RELEASED))
    opening = closing[0] + released[0]
    held = opening + np.cumsum(bought) - bought - np.cumsum(released)
    return np.asarray(np.maximum(record.network.holdings[holding].target_t - held, 0.0))


def being_released(record: Record, holding: int) -> BoolArray:
    """Days from a release trigger until commercial stocks have recovered; a stockpile buys nothing then."""
    days = np.zeros(record.holding.shape[0], dtype=bool)
    for entry in record.log:
        if entry.holding == holding:
            if entry.kind is LogKind.RELEASE_TRIGGERED:
                days[entry.day :] = True
            elif entry.kind is LogKind.RELEASE_ENDS:
                days[entry.day + 1 :] = False
    return days
