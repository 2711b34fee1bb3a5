"""Laws of prices that hold for every network: bounds, order, books, and no oscillation that grows."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import ban, network_or_none, run
from priced import TWO_ZONES, market, outage, priced_mappings, spot

from minsim.simulation.engine import simulate
from minsim.simulation.log import LogKind

MODES = ("none", "reference", "free")
RANDOM = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@RANDOM
@given(priced_mappings(costs=True), st.sampled_from(MODES))
def test_bounds_hold_and_books_close_with_mothballing(mapping: dict, mode: str) -> None:
    """The engine checks the books every day and node; here that it never had to complain, and what the record adds up to."""
    built = network_or_none(mapping)
    assume(built is not None)
    record = simulate(built, mode)
    for c, label in enumerate(built.consumers):
        low, high = mapping["materials"][label.material]["prices"]["bounds"]
        price = record.consumer[:, c, 1:]
        assert price.min() >= 10 * low * (1 - 1e-9)
        assert price.max() <= 10 * high * (1 + 1e-9)
    demand, consumed, short, destroyed = (record.sector[:, :, k] for k in range(4))
    np.testing.assert_allclose(demand, consumed + short + destroyed, rtol=1e-9, atol=1e-9)
    assert (record.sector >= 0.0).all()


def test_mothballing_keeps_the_books() -> None:
    """A plant that shuts and comes back under a long flood: world output equals use, stocks and what is at sea."""
    costs = {"Japan": {"cash_usd_per_kg": 45, "restart_usd_per_kg": 50, "restart_days": 90}}
    event = {"type": "market_flood", "exporter": "China", "materials": ["x"], "discount": 0.4, "start": "2026-06-01"}
    events = {"f": {**event, "duration_days": 700}, "curb": ban(900, 200)}
    record = run(market(e_s=0.1, utilisation=0.6, zones=TWO_ZONES, costs=costs, events=events))
    assert {LogKind.MOTHBALLED, LogKind.RESTARTED} <= {entry.kind for entry in record.log}
    shipped, used = record.trade.sum(), record.sector[:, :, 1].sum()
    leads = sum(arc.lead_days * arc.base_flow_t_per_day for arc in record.network.arcs)
    stocks = record.consumer[[0, -1], :, 0].sum(axis=1)
    assert shipped - used == pytest.approx(stocks[1] - stocks[0], abs=2 * leads)


@RANDOM
@given(
    e_d=st.floats(0.05, 1.5),
    e_s=st.floats(0.0, 1.0),
    essential=st.sampled_from([0.0, 0.3, 0.9]),
    utilisation=st.floats(0.5, 1.0),
    less=st.floats(0.0, 1.0),
    more=st.floats(0.0, 1.0),
)
def test_a_larger_loss_never_lowers_the_price(less: float, more: float, **given: float) -> None:
    """On every day, not only where prices settle."""
    less, more = sorted((less, more))
    prices = [
        spot(run(market(days=700, events={"o": outage(1.0 - loss, length=400)}, **given))) for loss in (less, more)
    ]
    assert (prices[1] >= prices[0] * (1.0 - 1e-9)).all()


SWITCHING = (10, 180, ".inf")
ELASTICITIES = ((0.02, 0.0), (0.1, 0.1), (0.3, 0.0), (0.3, 1.0), (1.5, 0.5))
ADJUSTMENT = (1, 7, 45, 180)


@pytest.mark.parametrize(("e_d", "e_s"), ELASTICITIES)
@pytest.mark.parametrize("shock", ["loss", "curb"])
def test_no_oscillation_grows(e_d: float, e_s: float, shock: str) -> None:
    """Swings about where the price settles die out over the whole grid (docs: prices, "the stable range")."""
    for adjustment, switching in itertools.product(ADJUSTMENT, SWITCHING):
        events = {"s": outage(0.7) if shock == "loss" else ban(100, 5000, cut=0.5)}
        behaviour = {"switching_days": switching, "note": "test"}
        mapping = market(
            days=2600, e_d=e_d, e_s=e_s, zones=TWO_ZONES, utilisation=0.7, behaviour=behaviour, events=events
        )
        mapping["materials"]["x"]["prices"]["adjustment_days"] = adjustment
        record = run(mapping)
        for region in ("United States", "China"):
            assert_dies_out(np.log(spot(record, region)[100:]), f"{adjustment} days, switching {switching}, {region}")


def assert_dies_out(path: np.ndarray, what: str) -> None:
    """Swings about the final value: no third of the time holds more than the one before, the last under 15% of the first."""
    swings = np.abs(path - path[-1])
    thirds = [part.max() for part in np.array_split(swings, 3)]
    assert thirds[1] <= thirds[0] + 1e-9, what
    assert thirds[2] <= max(0.15 * thirds[0], 1e-6), what


def with_makers(mapping: dict) -> dict:
    """The same market, whose users are plants that work x up into y, priced in turn."""
    chained = copy.deepcopy(mapping)
    x = chained["materials"]["x"]
    users = x.pop("consumers")
    chained["materials"]["y"] = {
        "basis": "product",
        "stages": {
            "fabricate": {
                "inputs": {"x": 1.0},
                "producers": {"China": {"share": 0.5}, "United States": {"share": 0.5}},
                "trade": {"lead_time_days": {"default": 30, "home": 5}},
            }
        },
        "consumers": users,
        "prices": {**x["prices"], "reference_usd_per_kg": 90},
    }
    return chained


@pytest.mark.parametrize("adjustment", [7, 45, 180])
@pytest.mark.parametrize(("e_d", "e_s"), [(0.1, 0.1), (0.3, 0.0), (0.5, 0.5)])
def test_no_oscillation_grows_along_a_chain(adjustment: float, e_d: float, e_s: float) -> None:
    base = market(days=4000, e_d=e_d, e_s=e_s, utilisation=0.7, events={"s": outage(0.7, length=365)}, bounds=[0.2, 20])
    base["materials"]["x"]["prices"]["adjustment_days"] = adjustment
    record = run(with_makers(base))
    c = [label.material for label in record.network.consumers].index("y")
    assert_dies_out(np.log(record.consumer[100:, c, 3] / 90), "y")
