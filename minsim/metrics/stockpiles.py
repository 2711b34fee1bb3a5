"""Strategic stocks in numbers: what they hold and release, what they cost, and what keeps them from their target.

Pure functions of a `Record`, like `minsim.metrics`, whose rows they join; inside, a date is a day number and `nan` is
"absent by nature".
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
"""Metrics of an owner's strategic stock of a material, and their units."""

LIMITS = ("metal", "rate", "price", "money")
"""What may keep a stockpile from its target: what sellers can spare, its own monthly rate, its price ceiling, its purse."""


def measure_stockpiles(record: Record, groups: Iterable[Sequence[int]]) -> dict[str, FloatArray]:
    """Every metric of strategic stocks, the holdings of one group taken together.

    Parameters
    ----------
    groups : iterable of sequences of int
        Positions in `network.holdings`.

    Returns
    -------
    dict of str to ndarray, shape (n_groups,)
        The keys of `STOCKPILE_UNITS`; dates are day numbers, `nan` is absent by nature.
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
    # Nothing bought arrives on the first day: every lane takes a day or more.
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
        **_measure_purse(record, group),
        **{f"stockpile_{limit}_bound_days": float(sum(b[limit].sum() for b in bound)) for limit in LIMITS},
    }


def _on_the_eve(record: Record, material: str, closing: FloatArray) -> float:
    """Stock at the end of the day before the first event that disturbs what the stock serves; `nan` without any [t]."""
    served = {
        record.network.consumers[c].material
        for h in record.network.holdings
        for c in h.serves
        if h.material == material
    }
    starts = [e.start_day for name in {material, *served} for e in acting_disturbances(record.network, name)]
    day = min(starts, default=0)
    return float(closing[day - 1]) if day > 0 else math.nan


# ------------------------------------------------------------------------------------------------------------------- money


def _measure_purse(record: Record, group: list[int]) -> dict[str, float]:
    bought = float(record.holding[:, group, BOUGHT].sum())
    spent = float(record.holding[:, group, SPENT].sum())
    priced = all(not math.isnan(record.network.holdings[h].price_usd_per_kg) for h in group)
    return {
        "stockpile_spent_usd": spent,
        "stockpile_average_price_usd_per_kg": spent / bought / KG_PER_TONNE if bought > 0.0 and priced else math.nan,
        "stockpile_carrying_cost_usd": sum(carrying_cost_usd(record, h) for h in group),
    }


def carrying_cost_usd(record: Record, holding: int) -> float:
    """Cost of holding: a share of the stock's value a year, valued day by day at what it would cost to buy [USD]."""
    network = record.network
    name = network.holdings[holding].stockpile
    pile = network.scenario.model.stockpiles[name]
    share = network.draws.number(pile.carrying_cost_share_per_year, f"stockpiles.{name}.carrying_cost_share_per_year")
    if share <= 0.0:
        return 0.0
    value = KG_PER_TONNE * record.holding[:, holding, CLOSING] * record.purchase_price_usd_per_kg[:, holding]
    return float(value.sum() * share / DAYS_PER_YEAR)


def budget_usd(record: Record, stockpile: str) -> float:
    """Money of a stockpile for the whole run; infinite where the scenario sets no limit [USD]."""
    budget = record.network.scenario.model.stockpiles[stockpile].budget_usd
    return math.inf if budget is None else record.network.draws.number(budget, f"stockpiles.{stockpile}.budget_usd")


def spent_usd(record: Record, stockpile: str) -> FloatArray:
    """What a stockpile has spent on all its materials by the end of each day [USD]."""
    mine = [h for h, label in enumerate(record.network.holdings) if label.stockpile == stockpile]
    return np.asarray(record.holding[:, mine, SPENT].sum(axis=1).cumsum())


# ------------------------------------------------------------------------------------------------- what binds its purchases


def bound_by(record: Record, holding: int) -> dict[str, BoolArray]:
    """Days on which a stockpile that is not being released stays below its target, by what stops it that day.

    On any one day one limit counts: a price above its ceiling; else an empty purse; else sellers that cannot spare what it
    would buy at its rate; else the rate.
    """
    label = record.network.holdings[holding]
    bought, missing = record.holding[:, holding, BOUGHT], missing_t(record, holding)
    if record.network.scenario.model.stockpiles[label.stockpile].fill is None:
        missing = np.zeros_like(missing)  # never buys
    near = SHORT_TOLERANCE * label.target_t
    left = (missing - bought > near) & ~being_released(record, holding)
    dear = record.purchase_price_usd_per_kg[:, holding] > label.ceiling_usd_per_kg
    budget = budget_usd(record, label.stockpile)
    broke = spent_usd(record, label.stockpile) >= budget * (1.0 - SHORT_TOLERANCE) if math.isfinite(budget) else False
    scarce = np.minimum(missing, label.rate_t_per_day) - bought > near
    limits = {"price": dear, "money": broke, "metal": scarce, "rate": True}
    found = {}
    for name, stops in limits.items():
        found[name] = left & stops
        left = left & ~found[name]
    return found


def missing_t(record: Record, holding: int) -> FloatArray:
    """What a stockpile lacks each day before it buys, with what is under way to it counted as held [t]."""
    closing, bought, released = (record.holding[:, holding, column] for column in (CLOSING, BOUGHT, RELEASED))
    opening = closing[0] + released[0]
    held = opening + np.cumsum(bought) - bought - np.cumsum(released)
    return np.asarray(np.maximum(record.network.holdings[holding].target_t - held, 0.0))


def being_released(record: Record, holding: int) -> BoolArray:
    """Days from a release trigger until commercial stocks are restored: it buys nothing then."""
    days = np.zeros(record.holding.shape[0], dtype=bool)
    for entry in record.log:
        if entry.holding == holding:
            if entry.kind is LogKind.RELEASE_TRIGGERED:
                days[entry.day :] = True
            elif entry.kind is LogKind.RELEASE_ENDS:
                days[entry.day + 1 :] = False
    return days
