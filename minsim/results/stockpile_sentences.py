"""Sentences of an answer about strategic stockpiles: what each holds, buys and releases, and what limits it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from minsim.metrics import consumers as metrics
from minsim.metrics.stockpiles import LIMITS, bound_by, budget_usd, measure_stockpiles, spent_usd
from minsim.results.outcome import Outcome
from minsim.text.formatting import day_count, dollars, inside_sentence, listing, long_date, tonnes

if TYPE_CHECKING:
    from minsim.network.node_index import HoldingInfo

LIMIT_WORDS = {
    "metal": "what sellers can spare",
    "rate": "its own pace of buying",
    "price": "its price ceiling",
    "money": "its money",
}
"""What keeps a stockpile from its target, as a reader would say it."""


def stockpile_lines(run: Outcome, consumers: set[int]) -> Iterator[str]:
    """What becomes of the stockpiles that may serve some consumers."""
    record = run.record
    measures = measure_stockpiles(record, [[index] for index in range(len(record.network.holdings))])
    shown = [i for i, holding in enumerate(record.network.holdings) if not consumers.isdisjoint(holding.serves)]
    for index in shown:
        yield _stockpile_line(run, index, {key: float(values[index]) for key, values in measures.items()})
    for stockpile in dict.fromkeys(record.network.holdings[index].stockpile for index in shown):
        yield from _purse_line(run, stockpile)


def _holding_name(run: Outcome, index: int) -> str:
    """Title of a stockpile, with the material where it holds several."""
    holdings = run.record.network.holdings
    holding = holdings[index]
    name, several = stockpile_title(run, holding.stockpile), holds_several(holdings, holding.stockpile)
    return f"{name} ({material_name(run, holding.material)})" if several else name


def stockpile_title(run: Outcome, stockpile: str) -> str:
    """Title of a stockpile, or else its key."""
    return run.scenario.model.stockpiles[stockpile].title or stockpile


def holds_several(holdings: Sequence[HoldingInfo], stockpile: str) -> bool:
    """Whether one purse holds several materials."""
    return sum(holding.stockpile == stockpile for holding in holdings) > 1


def material_name(run: Outcome, material: str) -> str:
    """A material's title, as it stands inside a sentence."""
    return inside_sentence(run.scenario.model.materials[material].title or material)


def _stockpile_line(run: Outcome, index: int, measure: dict[str, float]) -> str:
    def date(day: float) -> str:
        return long_date(run.record.network.start + dt.timedelta(days=int(day)))

    daily = run.record.holding[:, index]
    opening = measure["stockpile_opening_days"]
    line = f"{_holding_name(run, index)} opens {f'with {day_count(opening)} of use' if opening > 0 else 'empty'}"
    if (bought := float(daily[:, metrics.BOUGHT].sum())) > 0:
        line += f", buys {tonnes(bought)} for {dollars(measure['stockpile_spent_usd'])}"
        if measure["stockpile_eve_days"] > 0:
            line += f", holds {day_count(measure['stockpile_eve_days'])} on the eve of the first disturbance"
    first, exhausted, full = (measure[f"stockpile_{what}_date"] for what in ("first_release", "exhausted", "filled"))
    if 0 < full < (math.inf if math.isnan(first) else first):
        line += f", is full on {date(full)}"
    elif math.isnan(full) and (limit := first_limit(run, index)) is not None:
        line += f", is never full because of {LIMIT_WORDS[limit]}"
    if math.isnan(first):
        return f"{line} and is never released."
    line += f", releases from {date(first)}, serves {day_count(measure['stockpile_days_served'])} of use"
    if not math.isnan(exhausted):
        return f"{line} and is empty on {date(exhausted)}."
    closing = float(metrics.strategic_cover_days(run.record)[-1, index])
    return f"{line} and closes with {day_count(closing)}."


def _purse_line(run: Outcome, stockpile: str) -> Iterator[str]:
    """How much of its money a stockpile spends, and what binds first, material by material."""
    budget = budget_usd(run.record, stockpile)
    spent = float(spent_usd(run.record, stockpile)[-1])
    if math.isinf(budget) or spent <= 0.0:
        return
    first: dict[str, list[str]] = {}
    for index, holding in enumerate(run.record.network.holdings):
        if holding.stockpile == stockpile and (limit := first_limit(run, index)) is not None:
            first.setdefault(limit, []).append(material_name(run, holding.material))
    told = [f"{LIMIT_WORDS[limit]} ({listing(first[limit])})" for limit in LIMITS if limit in first]
    name = stockpile_title(run, stockpile)
    binds = f"; what binds first is {listing(told)}" if told else ""
    yield f"{name} spends {dollars(spent)} of its {dollars(budget)}{binds}."


def first_limit(run: Outcome, holding: int) -> str | None:
    """What first kept a stockpile, while it filled, from buying at its own pace; that pace, where nothing else did."""
    record = run.record
    full = measure_stockpiles(record, [[holding]])["stockpile_filled_date"][0]
    filling = slice(0, None if math.isnan(full) else int(full))
    bound = {limit: days[filling] for limit, days in bound_by(record, holding).items()}
    found = {limit: int(days.argmax()) for limit, days in bound.items() if days.any()}
    harder = {limit: day for limit, day in found.items() if limit != "rate"} or found
    return min(harder, key=lambda limit: harder[limit]) if harder else None
