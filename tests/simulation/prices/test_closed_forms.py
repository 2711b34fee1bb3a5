"""Where prices settle, exactly (docs: prices; model, sections 7 and 9)."""

from __future__ import annotations

import numpy as np
import pytest
from networks import run
from priced import DAILY_USE_T, REFERENCE, TWO_ZONES, market, outage, spot

from minsim.network.price_zones import clearing_price

SETTLED_DAYS = 4000
LONG = 300  # days at the end over which a settled run no longer moves


@pytest.mark.parametrize("mode", ["reference", "free"])
@pytest.mark.parametrize("utilisation", [0.6, 0.9, 1.0])
@pytest.mark.parametrize(("e_d", "left"), [(0.3, 0.5), (0.5, 0.75), (1.0, 0.0), (0.2, 0.9)])
def test_permanent_loss_without_supply_response(e_d: float, left: float, utilisation: float, mode: str) -> None:
    """A loss x of supply settles at p_ref (1 - x)^(-1/e_d), demand at D0 (1 - x); spare capacity never counts."""
    record = run(market(days=SETTLED_DAYS, e_d=e_d, utilisation=utilisation, events={"o": outage(left)}), mode)
    kept = 1.0 - 0.4 * (1.0 - left)
    assert spot(record)[-1] == pytest.approx(kept ** (-1.0 / e_d), rel=1e-6)
    assert record.sector[-1, :, 1] == pytest.approx(DAILY_USE_T * kept, rel=1e-6)
    assert not record.sector[-LONG:, :, 2].any()
    assert record.sector[-1, :, 3] == pytest.approx(DAILY_USE_T * (1.0 - kept), rel=1e-6)


@pytest.mark.parametrize(("e_d", "e_s", "left"), [(0.3, 0.1, 0.5), (0.2, 0.2, 0.8), (0.5, 0.4, 0.25)])
def test_permanent_loss_with_supply_response(e_d: float, e_s: float, left: float) -> None:
    """p_ref (1 - x)^(-1/(e_d + e_s)), while capacity / baseline output >= (p / p_ref)^e_s."""
    kept = 1.0 - 0.4 * (1.0 - left)
    price = kept ** (-1.0 / (e_d + e_s))
    utilisation = 0.99 / price**e_s
    record = run(market(days=SETTLED_DAYS, e_d=e_d, e_s=e_s, utilisation=utilisation, events={"o": outage(left)}))
    assert spot(record)[-1] == pytest.approx(price, rel=1e-6)
    assert record.sector[-1, :, 1] == pytest.approx(DAILY_USE_T * price**-e_d, rel=1e-6)
    assert not record.sector[-LONG:, :, 2].any()


@pytest.mark.parametrize(("e_d", "e_s", "left", "utilisation"), [(0.3, 0.3, 0.5, 0.95), (0.2, 1.0, 0.0, 0.9)])
def test_permanent_loss_with_capacity_exhausted(e_d: float, e_s: float, left: float, utilisation: float) -> None:
    """Where capacity binds first, supply is what capacity is left: p_ref ((1 - x) / utilisation)^(-1/e_d)."""
    kept = 1.0 - 0.4 * (1.0 - left)
    price = (kept / utilisation) ** (-1.0 / e_d)
    assert price**e_s > 1.0 / utilisation  # the condition under which this form holds
    record = run(market(days=SETTLED_DAYS, e_d=e_d, e_s=e_s, utilisation=utilisation, events={"o": outage(left)}))
    assert spot(record)[-1] == pytest.approx(price, rel=1e-6)
    assert record.sector[-1, :, 1] == pytest.approx(DAILY_USE_T * kept / utilisation, rel=1e-6)


def test_essential_demand_stays_whatever_the_price() -> None:
    """With an essential share above what is left, price stops at its bound and the rest is shortfall."""
    record = run(market(days=SETTLED_DAYS, essential=0.9, bounds=[0.2, 20.0], events={"o": outage(0.5)}))
    assert spot(record)[-1] == pytest.approx(20.0, rel=1e-6)
    assert record.sector[-LONG:, :, 3] == pytest.approx(0.1 * DAILY_USE_T, rel=1e-6)
    assert record.sector[-LONG:, :, 2].sum(axis=1).mean() == pytest.approx(0.1 * 2 * DAILY_USE_T, rel=1e-3)


def test_end_uses_give_way_by_their_elasticities() -> None:
    """Two end uses clear one market: supply is what both take at one price."""
    uses = {"a": {"share": 0.25, "demand_elasticity": 0.8}, "b": {"share": 0.75, "demand_elasticity": 0.1}}
    record = run(market(days=SETTLED_DAYS, sectors=uses, events={"o": outage(0.5)}))
    price = spot(record)[-1]
    assert 0.25 * price**-0.8 + 0.75 * price**-0.1 == pytest.approx(0.8, rel=1e-6)
    shares = record.sector[-1, :, 1] / record.sector[0, :, 1]
    assert shares == pytest.approx([price**-0.8, price**-0.1] * 2, rel=1e-6)


@pytest.mark.parametrize("zones", [None, TWO_ZONES])
@pytest.mark.parametrize("length", [30, 365, 1000])
def test_a_temporary_loss_returns_to_the_reference(length: int, zones: dict | None) -> None:
    record = run(market(days=SETTLED_DAYS, e_s=0.1, zones=zones, events={"o": outage(0.5, length=length)}))
    for region in ("United States", "China"):
        price = spot(record, region)
        assert price.max() > 1.01
        assert price[-1] == pytest.approx(1.0, abs=1e-9)
    assert record.sector[-1, :, 0] == pytest.approx(DAILY_USE_T, rel=1e-9)
    assert record.sector[-LONG:, :, 3].sum() == pytest.approx(0.0, abs=1e-6)
    assert record.sector[-LONG:, :, 2].sum() == 0.0


def test_price_follows_its_target_in_logs() -> None:
    """A target that no longer moves is approached by 1/45 of the way a day."""
    record = run(market(e_d=0.5, days=1500, events={"o": outage(0.5)}))
    away = np.log(0.8 ** (-1 / 0.5)) - np.log(spot(record))
    late = slice(600, 700)  # the 30-day means have settled
    np.testing.assert_allclose(away[late][1:] / away[late][:-1], 1.0 - 1.0 / 45.0, rtol=1e-3)


def test_contract_prices_lag_behind_spot() -> None:
    """With all volume under contract the price is spot's exponential mean; with a share, the mixture."""
    events = {"o": outage(0.5)}
    wholly = run(market(days=900, contract_share=1.0, contract_lag_days=90, events=events))
    partly = run(market(days=900, contract_share=0.7, contract_lag_days=90, events=events))
    paid, market_price = wholly.consumer[:, 0, 1], wholly.consumer[:, 0, 3]
    expected = np.empty_like(paid)
    last = REFERENCE
    for day, today in enumerate(market_price):
        last += (today - last) / 90
        expected[day] = last
    np.testing.assert_allclose(paid, expected, rtol=1e-12)
    assert (paid[110:] < market_price[110:]).all()
    np.testing.assert_allclose(partly.consumer[:, 0, 1], 0.7 * expected + 0.3 * market_price, rtol=1e-12)


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize("left", [0.2, 0.5, 0.9, 1.0, 1.2])
@pytest.mark.parametrize(("e_d", "e_s"), [(0.2, 0.0), (0.3, 0.1), (1.0, 1.0)])
def test_clearing_price_alone(left: float, e_d: float, e_s: float) -> None:
    given = (
        array(left),
        array(np.inf),
        array(0.0),
        0.0,
        array(1.0),
        array(e_d),
        array(0.0),
        array(0.0),
        array(0.0),
        0.0,
    )
    assert clearing_price(e_s, *given, 1e-9, 1e9) == pytest.approx(left ** (-1.0 / (e_d + e_s)), rel=1e-12)
    assert clearing_price(e_s, *given, 0.9, 1.1) == pytest.approx(min(1.1, max(0.9, left ** (-1.0 / (e_d + e_s)))))
