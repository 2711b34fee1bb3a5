"""Where nothing happens, nothing moves; and a price block that cannot act is no price block."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import ban, date, network, network_or_none, run
from priced import TWO_ZONES, assert_same, flood, floor, market, outage, priced_mappings, tariff

from minsim.simulation.engine import simulate

TWENTY_YEARS = 7305
MODES = ("none", "reference", "free")
COSTS = {"Japan": {"cash_usd_per_kg": 49, "restart_usd_per_kg": 55}}
RANDOM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("utilisation", [0.5, 0.97, 1.0])
@pytest.mark.parametrize("zones", [None, TWO_ZONES])
def test_price_stays_at_the_reference_for_twenty_years(utilisation: float, zones: dict | None) -> None:
    record = run(
        market(
            days=TWENTY_YEARS,
            e_s=0.2,
            utilisation=utilisation,
            zones=zones,
            costs=COSTS,
            contract_share=0.7,
            essential=0.2,
        )
    )
    assert not np.ptp(record.consumer, axis=0).any()
    assert not record.sector[:, :, 2:].any()
    assert (record.consumer[:, :, 1:] == 50.0).all()
    assert not record.log


@RANDOM
@given(priced_mappings(elastic=False, money=False), st.sampled_from(MODES))
def test_zero_elasticities_equal_no_price_block(mapping: dict, mode: str) -> None:
    """Bit for bit, with curbs and stockpiles, in every behaviour."""
    built = network_or_none(mapping)
    assume(built is not None)
    bare = copy.deepcopy(mapping)
    for material in bare["materials"].values():
        material.pop("prices", None)
    priced, plain = simulate(built, mode), simulate(network(bare), mode)
    assert_same(priced, plain, ("sector", "trade", "leaked"))
    assert np.array_equal(priced.consumer[:, :, 0], plain.consumer[:, :, 0])
    assert np.array_equal(priced.holding[:, :, :3], plain.holding[:, :, :3])


DISTURBED = {
    "curb": ban(400, 300),
    "outage": outage(0.5, start=900, length=200),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "idle",
    [
        {"idle": floor(20.0)},
        {"idle": tariff(0.0)},
        {"idle": flood(0.0)},
        {"idle": {**flood(0.4), "duration_days": 0}},
        {"idle": {**tariff(0.2), "duration_days": 0}},
        {"idle": {**floor(400.0), "duration_days": 0}},
        {"idle": {**tariff(0.5), "exporters": ["Japan"], "importer": "China", "rate": 0.0}},
    ],
    ids=[
        "floor below the market",
        "no duty",
        "no discount",
        "flood of no days",
        "duty of no days",
        "floor of no days",
        "nil",
    ],
)
def test_what_does_not_bind_changes_nothing(idle: dict, mode: str) -> None:
    """A floor below the market, a duty of nothing, a flood without discount: bit for bit, under a curb and an outage."""
    kept = {"days": 1500, "e_s": 0.1, "zones": TWO_ZONES, "utilisation": 0.6, "contract_share": 0.5}
    assert_same(run(market(**kept, events=DISTURBED), mode), run(market(**kept, events=DISTURBED | idle), mode))


def test_costs_that_are_never_undercut_change_nothing() -> None:
    kept = {"days": 1500, "e_s": 0.1, "events": {"o": outage(0.5)}}
    assert_same(run(market(**kept)), run(market(**kept, costs={"Japan": COSTS["Japan"], "China": COSTS["Japan"]})))


def test_a_ban_of_no_days_leaves_prices_alone() -> None:
    kept = {"days": 800, "e_s": 0.1, "zones": TWO_ZONES}
    assert_same(run(market(**kept)), run(market(**kept, events={"curb": {**ban(100, 0), "start": date(100)}})))
