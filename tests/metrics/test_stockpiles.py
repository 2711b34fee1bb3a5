"""What stockpiles cost and what binds their purchases, each against the same sum made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from networks import DAYS_PER_YEAR, Mapping, ban, run, scenario
from priced import DAILY_USE_T, REFERENCE, TWO_ZONES, market, outage

from minsim.metrics.stockpiles import LIMITS, bound_by, measure_stockpiles
from minsim.results import run as results
from minsim.simulation.engine import Record
from minsim.simulation.log import LogKind

MONTH = 30.4375
RATE, TARGET, FILL = 5.0, 30.0, 0.5


def vault(**changes) -> Mapping:
    """Half full of a target of 30 days; buys what is left over, five days of use a month."""
    pile = {
        "owner": "United States",
        "holds": {"x": "process"},
        "target_days": TARGET,
        "initial_fill": FILL,
        "fill": {"rule": "surplus_only", "max_days_per_month": RATE},
        "carrying_cost_share_per_year": 0.08,
    }
    return {"vault": {**pile, **changes}}


def unpriced(**given) -> Mapping:
    mapping = market(prices=False, **given)
    mapping["materials"]["x"]["price_usd_per_kg"] = REFERENCE
    return mapping


def measured(record: Record) -> dict[str, float]:
    return {name: float(values[0]) for name, values in measure_stockpiles(record, [[0]]).items()}


def bound(record: Record) -> dict[str, float]:
    return {limit: measured(record)[f"stockpile_{limit}_bound_days"] for limit in LIMITS}


def test_its_pace_binds_until_it_is_full() -> None:
    """15 days at 5 a month are 91.3 days of buying: on 91 of them it would buy more; full when the last is delivered."""
    record = run(unpriced(days=400, stockpiles=vault()))
    buying = (1.0 - FILL) * TARGET / RATE * MONTH
    assert bound(record) == {"metal": 0.0, "rate": math.floor(buying), "price": 0.0, "money": 0.0}
    lead = max(a.lead_days for a in record.network.arcs if a.kind == "stockpile")
    assert measured(record)["stockpile_filled_date"] == math.floor(buying) + lead


def test_money_binds_from_the_day_it_is_spent() -> None:
    """Four days of use at 50 USD/kg are USD 20m, gone on day floor(4 / 5 x 30.4375)."""
    budget = 4 * DAILY_USE_T * 1000 * REFERENCE
    record = run(unpriced(days=400, stockpiles=vault(budget_usd=budget)))
    gone = math.floor(4.0 / RATE * MONTH)
    assert bound(record) == {"metal": 0.0, "rate": gone, "price": 0.0, "money": 400 - gone}
    assert measured(record)["stockpile_spent_usd"] == pytest.approx(budget)
    assert math.isnan(measured(record)["stockpile_filled_date"])


def test_metal_binds_where_sellers_have_none_to_spare() -> None:
    record = run(unpriced(days=300, utilisation=1.0, stockpiles=vault()))
    assert record.holding[:, 0, 1].sum() == pytest.approx(0.0, abs=1e-9)
    assert bound(record) == {"metal": 300.0, "rate": 0.0, "price": 0.0, "money": 0.0}


@pytest.mark.parametrize("ceiling", [{"price_ceiling_usd_per_kg": 60}, {"price_ceiling_ratio": 1.2}])
def test_its_ceiling_binds_while_the_price_stands_above_it(ceiling: Mapping) -> None:
    """An outage lifts the price above 60 USD/kg; nothing is bought at a review price above that, and it is counted."""
    fill = {"rule": "surplus_only", "max_days_per_month": 1, **ceiling}
    record = run(market(days=500, e_s=0.1, events={"o": outage(0.6, 100, 200)}, stockpiles=vault(fill=fill)))
    offer, bought = record.purchase_price_usd_per_kg[:, 0], record.holding[:, 0, 1]
    dear = offer > 60.0
    assert 100 < dear.sum() < 400
    assert bought[dear].sum() == 0.0
    assert bought[~dear].min() > 0.0  # half of 30 days at one a month: it never fills in the time
    assert bound(record) == {"metal": 0.0, "rate": (~dear).sum(), "price": dear.sum(), "money": 0.0}


def test_one_limit_a_day_and_none_while_it_is_released() -> None:
    events = {"c": ban(50, 300)}
    record = run(market(days=800, e_s=0.1, zones=TWO_ZONES, events=events, stockpiles=vault(budget_usd=1.0e8)), "none")
    days = np.array(list(bound_by(record, 0).values())).sum(axis=0)
    assert days.max() == 1
    triggered = next(e.day for e in record.log if e.kind is LogKind.RELEASE_TRIGGERED)
    assert days[triggered:].sum() == 0  # without rerouting commercial stocks are never restored
    assert days[:triggered].sum() > 0


def test_the_eve_is_the_day_before_the_first_disturbance() -> None:
    """At five days a month from day 0 on, what was bought up to a lead time before day 60 has arrived."""
    record = run(unpriced(days=200, events={"c": ban(60, 100)}, stockpiles=vault()))
    assert measured(record)["stockpile_eve_days"] == pytest.approx(record.holding[59, 0, 0] / DAILY_USE_T)
    assert 15.0 < measured(record)["stockpile_eve_days"] < 15.0 + 60 * RATE / MONTH
    assert math.isnan(measured(run(unpriced(days=100, stockpiles=vault())))["stockpile_eve_days"])


def test_what_a_stockpile_costs() -> None:
    """Money over tonnes; stock x the price at the weekly review x 8% a year."""
    pile = vault(fill={"rule": "always", "max_days_per_month": 5})
    record = run(market(days=900, e_s=0.1, events={"o": outage(0.75)}, stockpiles=pile))
    found = measured(record)
    stock, bought, _, spent = record.holding[:, 0].T
    assert found["stockpile_average_price_usd_per_kg"] == pytest.approx(spent.sum() / bought.sum() / 1000.0)
    assert found["stockpile_average_price_usd_per_kg"] > REFERENCE
    spot = np.concatenate(([REFERENCE], record.consumer[:-1, 0, 3]))  # known on the morning of the day
    review = spot[np.arange(900) // 7 * 7]
    np.testing.assert_allclose(record.purchase_price_usd_per_kg[:, 0], review, rtol=1e-12)
    by_hand = (1000.0 * stock * review).sum() * 0.08 / DAYS_PER_YEAR
    assert found["stockpile_carrying_cost_usd"] == pytest.approx(by_hand)


def test_without_prices_the_reference_counts() -> None:
    record = run(unpriced(days=200, stockpiles=vault()))
    held = record.holding[:, 0, 0].sum()
    assert measured(record)["stockpile_carrying_cost_usd"] == pytest.approx(
        held * 1000 * REFERENCE * 0.08 / DAYS_PER_YEAR
    )


def test_a_target_of_its_own_and_the_answer_says_what_binds() -> None:
    """The purse buys x up to 20 days instead of 30, and the answer says how much of it is spent and what bound."""
    mapping = unpriced(days=300, stockpiles=vault(target_days_by_material={"x": 20}, budget_usd=1.0e9))
    finished = results.run(scenario(mapping))
    assert finished.record.network.holdings[0].target_t == pytest.approx(20.0 * DAILY_USE_T)
    lines = finished.answer().lines
    assert any(
        "vault spends $50 million of its $1 billion; what binds first is its own pace of buying (x)." in i
        for i in lines
    )
    assert any(
        line.startswith("vault opens with 10 days of use, buys 1,000 t for $50 million, is full on") for line in lines
    )


def test_a_target_for_what_is_not_held_is_refused() -> None:
    from minsim.errors import ScenarioError

    with pytest.raises(ScenarioError, match="expected a material that vault holds; expected x"):
        scenario(unpriced(stockpiles=vault(target_days_by_material={"y": 20})))


def test_what_keeps_it_from_being_full_is_not_its_pace_once_its_money_is_gone() -> None:
    """In 40 days its pace binds for 24 and its empty purse for 16: only the latter keeps it from ever being full."""
    budget = 4 * DAILY_USE_T * 1000 * REFERENCE
    finished = results.run(scenario(unpriced(days=40, stockpiles=vault(budget_usd=budget))))
    assert bound(finished.record) == {"metal": 0.0, "rate": 24.0, "price": 0.0, "money": 16.0}
    lines = [line for line in finished.answer().lines if line.startswith("vault")]
    assert "is never full because of its money" in lines[0]
    assert "what binds first is its money (x)" in lines[1]


def test_a_rounding_error_is_no_release() -> None:
    record = run(unpriced(days=60, stockpiles=vault(release={"trigger": "shortfall", "authorisation_days": 0})))
    record.holding[10, 0, 2] = 1e-15 * DAILY_USE_T
    assert math.isnan(measured(record)["stockpile_first_release_date"])
    record.holding[20, 0, 2] = 1e-3 * DAILY_USE_T
    assert measured(record)["stockpile_first_release_date"] == 20.0
