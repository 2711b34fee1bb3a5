"""What prices cost: each measure against the same sum made by hand from the record."""

from __future__ import annotations

import numpy as np
import pytest
from networks import ban, run, scenario
from priced import DAILY_USE_T, REFERENCE, TWO_ZONES, column, flood, floor, market, tariff

from minsim.metrics.consumers import measure_consumers
from minsim.metrics.prices import floor_cost_usd, measure_prices, tariff_revenue_usd
from minsim.metrics.rows import price_rows
from minsim.results import run as results
from minsim.text.formatting import day_count, three_figures, tonnes

ABROAD = {"utilisation": 0.6, "zones": TWO_ZONES}


def test_shortfall_is_valued_at_the_daily_volume_weighted_price() -> None:
    record = run(
        market(days=900, essential=0.9, contract_share=0.7, zones=TWO_ZONES, events={"c": ban(100, 600)}), "none"
    )
    c = column(record, "United States")
    short, paid, spot = record.sector[:, c, 2], record.consumer[:, c, 1], record.consumer[:, c, 2]
    assert short.sum() > 0.0
    value = measure_consumers(record)["value_of_shortfall_usd"][c]
    assert value == pytest.approx(1000.0 * (short * paid).sum(), rel=1e-12)
    assert value < 1000.0 * (short * spot).sum()
    assert measure_prices(record)["peak_spot_price_ratio"][c] == pytest.approx(spot.max() / REFERENCE)
    assert measure_consumers(record)["peak_price_ratio"][c] == pytest.approx(paid.max() / REFERENCE)
    assert measure_consumers(record)["destroyed_t"][c] == pytest.approx(record.sector[:, c, 3].sum())


def test_value_added_at_risk_counts_the_end_uses_that_give_one() -> None:
    uses = {
        "a": {"share": 0.5, "priority": 1, "value_added_usd_per_t": 3.0e6},
        "b": {"share": 0.3, "priority": 2, "value_added_usd_per_t": 1.0e6},
        "c": {"share": 0.2, "priority": 3},
    }
    record = run(market(days=500, sectors=uses, events={"c": ban(50, 400)}), "none")
    lost = {s.sector: record.sector[:, k, 2].sum() for k, s in enumerate(record.network.sectors) if s.region != "China"}
    at_risk = measure_prices(record)["value_added_at_risk_usd"][column(record, "United States")]
    assert at_risk == pytest.approx(3.0e6 * lost["a"] + 1.0e6 * lost["b"], rel=1e-12)
    assert at_risk > 0.0
    without = run(market(days=300, events={"c": ban(50, 200)}))
    assert np.isnan(measure_prices(without)["value_added_at_risk_usd"]).all()


def test_consumers_pay_for_a_floor() -> None:
    """Tonnes used x (price paid - market price), day by day, in the bloc alone."""
    record = run(market(days=900, e_s=0.1, events={"f": flood(0.4), "p": floor(45.0)}, **ABROAD))
    us, china = column(record, "United States"), column(record, "China")
    cost = floor_cost_usd(record)
    by_hand = 1000.0 * record.sector[:, us, 1] * (record.consumer[:, us, 2] - record.consumer[:, us, 3])
    np.testing.assert_allclose(cost[:, us], by_hand, rtol=1e-9, atol=1e-6)
    assert cost[:100].sum() == 0.0
    assert cost[200:, us].min() > 0.0
    assert cost[:, china].sum() == 0.0


def test_a_floor_s_tariff_is_paid_on_goods_from_outside_the_bloc() -> None:
    record = run(market(days=900, e_s=0.1, events={"f": flood(0.4), "p": floor(45.0)}, **ABROAD))
    us = column(record, "United States")
    lane = [a for a, arc in enumerate(record.network.arcs) if (arc.seller, arc.buyer) == ("China", "United States")]
    revenue = tariff_revenue_usd(record)
    month = 20  # the price has settled at the flood's
    charge = 45.0 - 0.6 * REFERENCE
    assert revenue[month, us] == pytest.approx(1000.0 * record.trade[month, lane].sum() * charge, rel=1e-4)
    assert not revenue[:3].any()
    assert revenue[:, us].sum() < floor_cost_usd(record)[:, us].sum()  # members' plants keep the rest


def test_a_duty_s_revenue() -> None:
    """Tonnes from the exporter x price x rate; a duty's cost to users is no cost of a floor."""
    record = run(market(days=900, e_d=0.4, events={"t": tariff(0.25)}))
    us = column(record, "United States")
    lane = [a for a, arc in enumerate(record.network.arcs) if (arc.seller, arc.buyer) == ("China", "United States")]
    month, price = 25, record.consumer[770, us, 3]
    assert tariff_revenue_usd(record)[month, us] == pytest.approx(
        250.0 * record.trade[month, lane].sum() * price, rel=1e-3
    )
    assert floor_cost_usd(record).sum() == 0.0


def test_without_prices_nothing_is_made_up() -> None:
    """Absent by nature is None."""
    mapping = market(days=200, prices=False, events={"c": ban(50, 100)})
    values = {(row["region"], row["metric"]): row["value"] for row in price_rows(run(mapping))}
    for name in (
        "peak_spot_price_ratio",
        "consumer_cost_of_floor_usd",
        "tariff_revenue_usd",
        "value_added_at_risk_usd",
    ):
        assert values["United States", name] is None


def test_the_answer_tells_what_is_given_up_to_the_price() -> None:
    """Nobody is short, but users abroad give up demand: told in tonnes and days, apart from what is lost."""
    events = {"c": ban(100, 400, cut=0.8)}
    finished = results.run(scenario(market(days=900, japan=0.8, e_s=0.3, zones=TWO_ZONES, events=events)))
    us = column(finished.record, "United States")
    given_up = finished.record.sector[:, :, 3].sum(axis=0)
    ratio = finished.record.consumer[:, us, 1].max() / REFERENCE
    (line,) = [line for line in finished.answer().lines if line.startswith("To prices")]
    assert line == (
        f"To prices of up to {three_figures(ratio)} times the reference users give up {tonnes(given_up.sum())} of x, "
        f"the United States {day_count(given_up[us] / DAILY_USE_T)} of use; that is not counted as lost."
    )
    assert not [line for line in results.run(scenario(market(days=100))).answer().lines if "To prices" in line]


def test_goods_that_leak_cost_their_premium() -> None:
    """A fifth of what a ban blocks leaks at half the price on top: tonnes x 1000 x reference x 0.5; no premium, no row."""
    curb = {
        "type": "export_curb", "exporter": "China", "importers": ["United States"], "materials": ["x"],
        "start": "2026-03-01", "duration_days": 200, "measure": {"ban": True},
    }  # fmt: skip
    for premium in (0.5, 0.0):
        leakage = {"share": 0.2, "extra_days": 10, "premium": premium}
        record = run(market(days=400, events={"c": {**curb, "leakage": leakage}}))
        paid = [
            row["value"]
            for row in price_rows(record)
            if (row["metric"], row["region"]) == ("leakage_premium_usd", "United States")
        ]
        expected = float(record.leaked.sum()) * 1000.0 * REFERENCE * premium
        assert record.leaked.sum() > 0.0
        assert paid == ([pytest.approx(expected)] if premium else [])
