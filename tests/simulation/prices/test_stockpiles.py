"""Stockpiles under prices: they pay the zone's price and move it; ceilings and budgets count the dollars of the day."""

from __future__ import annotations

import numpy as np
import pytest
from networks import run
from priced import REFERENCE, TWO_ZONES, column, market, outage, spot

WEEK = 7
EVENTS = {"o": outage(0.75, start=0)}


def vault(
    rule: str = "always", *, ceiling: float | None = None, budget: float | None = None, monthly: float = 5.0
) -> dict:
    pile = {
        "owner": "United States",
        "holds": {"x": "process"},
        "target_days": 60,
        "initial_fill": 0.0,
        "fill": {"rule": rule, "max_days_per_month": monthly},
        "carrying_cost_share_per_year": 0.08,
    }
    if ceiling is not None:
        pile["fill"]["price_ceiling_usd_per_kg"] = ceiling
    if budget is not None:
        pile["budget_usd"] = budget
    return {"vault": pile}


def test_it_pays_the_spot_price_of_its_zone() -> None:
    """The price of the last weekly review, every day."""
    record = run(market(days=900, e_s=0.1, zones=TWO_ZONES, events=EVENTS, stockpiles=vault()))
    bought, spent = record.holding[:, 0, 1], record.holding[:, 0, 3]
    known = np.concatenate(([1.0], spot(record)))[:-1] * REFERENCE
    review = np.arange(900) // WEEK * WEEK
    days = bought > 0.0
    assert days.sum() > 300
    np.testing.assert_allclose(spent[days] / bought[days] / 1000.0, known[review][days], rtol=1e-12)
    assert np.ptp(spent[days] / bought[days]) > 0.0


@pytest.mark.parametrize("rule", ["always", "surplus_only"])
def test_buying_raises_the_price(rule: str) -> None:
    with_vault = run(market(days=600, e_s=0.1, utilisation=0.8, stockpiles=vault(rule)))
    assert with_vault.holding[:, 0, 1].sum() > 0.0
    assert spot(with_vault).max() > 1.005
    assert (spot(with_vault) >= 1.0 - 1e-12).all()


def test_the_price_returns_when_it_is_full() -> None:
    record = run(market(days=3000, e_s=0.1, utilisation=0.8, stockpiles=vault()))
    assert record.holding[-1, 0, 0] == pytest.approx(6000.0, rel=1e-6)
    assert spot(record)[-1] == pytest.approx(1.0, abs=1e-6)


def test_the_ceiling_stops_buying() -> None:
    """No tonne above the ceiling, and buying again below it."""
    record = run(market(days=1500, e_s=0.1, events=EVENTS, stockpiles=vault(ceiling=70.0)))
    free = run(market(days=1500, e_s=0.1, events=EVENTS, stockpiles=vault()))
    known = np.concatenate(([1.0], spot(record)))[:-1] * REFERENCE
    review = np.arange(1500) // WEEK * WEEK
    above = known[review] > 70.0
    assert above.any()
    assert not record.holding[above, 0, 1].any()
    assert record.holding[:, 0, 1].sum() > 0.0
    assert spot(free).max() * REFERENCE > 70.0


def test_a_budget_counts_the_dollars_of_the_day() -> None:
    """At twice the price the same money buys fewer tonnes; it is spent to the dollar and never overspent."""
    money = 100e6
    dear = run(market(days=2500, e_s=0.1, events={"o": outage(0.5, start=0)}, stockpiles=vault(budget=money)))
    cheap = run(market(days=2500, e_s=0.1, utilisation=0.5, stockpiles=vault(budget=money)))
    for record in (dear, cheap):
        assert record.holding[:, 0, 3].sum() == pytest.approx(money, rel=1e-9)
    assert dear.holding[:, 0, 1].sum() < 0.9 * cheap.holding[:, 0, 1].sum()


def test_the_price_of_another_zone_is_not_its_own() -> None:
    """A curb makes x dear outside China; a stockpile inside buys at the lower price there."""
    curb = {"type": "export_curb", "exporter": "China", "importers": ["United States"], "materials": ["x"]}
    events = {"c": {**curb, "start": "2026-03-01", "duration_days": 600, "measure": {"ban": True}}}
    pile = vault()
    pile["vault"]["owner"] = "China"
    record = run(market(days=600, e_s=0.1, zones=TWO_ZONES, events=events, stockpiles=pile))
    bought, spent = record.holding[200:, 0, 1].sum(), record.holding[200:, 0, 3].sum()
    assert spent / bought / 1000.0 < REFERENCE
    assert record.consumer[300, column(record, "United States"), 3] > REFERENCE
