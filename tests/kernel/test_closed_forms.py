"""What must come out exactly (docs: the model, section 9), without prices."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import (
    DAILY_USE_T,
    ban,
    closed_form,
    frame,
    mappings,
    network,
    network_or_none,
    run,
    sectors_of,
    shortfall_of,
)

from minsim.simulation.engine import Record, simulate

WITHIN = 1e-6
RANDOM = settings(max_examples=100, deadline=None, derandomize=True)


def check_closed_form(
    record: Record, *, phi: float, lead: int, stock: float, vault: float, authorisation: int, start: int, length: int
) -> None:
    """Onset, last short day, total and daily loss of a ban, as section 9 states them."""
    short = shortfall_of(record)
    late = authorisation > 0 and vault > 0.0
    cover = stock if late else stock + vault
    total = (phi * length - stock - vault) * DAILY_USE_T
    days_short = np.flatnonzero(short)
    lasts = math.floor(cover / phi * (1.0 + 1e-12))
    if lasts >= length:
        assert not days_short.size
        return
    assert days_short[0] == start + lead + lasts
    assert short.max() <= phi * DAILY_USE_T * (1.0 + WITHIN)
    drawn_in_time = not late or phi * length - stock - vault >= phi * (authorisation + 1)  # the ban is long enough
    if drawn_in_time:
        assert days_short[-1] == start + length + lead - 1
        assert short.sum() == pytest.approx(total, rel=WITHIN, abs=1e-9 * DAILY_USE_T)
    if not late:
        full = short[start + lead + lasts + 1 : start + length + lead]
        np.testing.assert_allclose(full, phi * DAILY_USE_T, rtol=WITHIN)
        assert days_short.size == days_short[-1] - days_short[0] + 1


BASE = {"phi": 0.72, "lead": 30, "stock": 38.0, "vault": 60.0, "authorisation": 0, "start": 100, "length": 365}


@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"phi": 0.05, "stock": 1.0, "vault": 2.0},
        {"phi": 0.5},
        {"phi": 1.0, "stock": 20.0},
        {"lead": 1},
        {"lead": 90},
        {"stock": 0.0, "vault": 0.0},
        {"stock": 0.0},
        {"stock": 400.0},
        {"vault": 0.0},
        {"vault": 200.0},
        {"authorisation": 1},
        {"authorisation": 14},
        {"authorisation": 60},
        {"start": 0},
        {"start": 1},
        {"start": 777},
        {"length": 1, "stock": 0.5, "vault": 0.0},
        {"length": 150},
        {"length": 1200},
        {"phi": 0.9, "lead": 40, "stock": 20.0, "vault": 30.0},
    ],
    ids=str,
)
def test_ban(change: dict, stages: int) -> None:
    """First short day, last short day and total, with one, two and three stages."""
    given = BASE | change
    check_closed_form(run(closed_form(**given, stages=stages), "none"), **given)


@pytest.mark.parametrize("stages", [1, 3])
@pytest.mark.parametrize("cut", [0.25, 0.5, 0.9, 1.0])
def test_cut(cut: float, stages: int) -> None:
    """`cut: f` is a ban on the share phi x f."""
    given = BASE | {"vault": 10.0}
    check_closed_form(run(closed_form(**given, cut=cut, stages=stages), "none"), **given | {"phi": 0.72 * cut})


@RANDOM
@given(
    phi=st.floats(0.05, 1.0),
    lead=st.integers(1, 120),
    stock=st.floats(0.0, 60.0),
    vault=st.floats(0.0, 60.0),
    authorisation=st.sampled_from([0, 0, 1, 14, 45]),
    start=st.integers(0, 200),
    length=st.integers(1, 500),
    stages=st.integers(1, 3),
)
def test_any_ban(stages: int, **given: float) -> None:
    check_closed_form(run(closed_form(**given, stages=stages), "none"), **given)


def test_authorisation_day_by_day() -> None:
    """All short for A days, then nobody until the stockpile is empty, then all short again."""
    short = shortfall_of(run(closed_form(phi=0.75, stock=36.0, vault=60.0, authorisation=14), "none"))
    onset = 100 + 30 + 48
    assert np.flatnonzero(short)[0] == onset
    np.testing.assert_allclose(short[onset : onset + 14], 75.0, rtol=WITHIN)
    assert not short[onset + 14 : onset + 14 + 80].any()
    np.testing.assert_allclose(short[onset + 14 + 80 : 100 + 365 + 30], 75.0, rtol=WITHIN)
    assert not short[100 + 365 + 30 :].any()


def test_authorisation_longer_than_the_gap() -> None:
    """A decision that comes after the last short day releases nothing."""
    record = run(closed_form(phi=0.75, stock=36.0, vault=60.0, authorisation=400), "none")
    assert shortfall_of(record).sum() == pytest.approx((0.75 * 365 - 36) * DAILY_USE_T, rel=WITHIN)
    assert not record.holding[:, 0, 2].any()


def test_release_rate_cap() -> None:
    """At r days of use a day, phi - r is missing until the stockpile is empty after V / r days."""
    record = run(closed_form(phi=0.75, stock=36.0, vault=30.0, release={"max_days_per_day": 0.25}), "none")
    short, onset = shortfall_of(record), 100 + 30 + 48
    np.testing.assert_allclose(short[onset : onset + 120], 50.0, rtol=WITHIN)
    np.testing.assert_allclose(short[onset + 120 : 100 + 365 + 30], 75.0, rtol=WITHIN)
    np.testing.assert_allclose(record.holding[onset : onset + 120, 0, 2], 25.0, rtol=WITHIN)
    assert short.sum() == pytest.approx((0.75 * 365 - 36 - 30) * DAILY_USE_T, rel=WITHIN)


@pytest.mark.parametrize(("utilisation", "spare"), [(0.8, 0.25), (0.5, 1.0), (1.0, 0.0)])
def test_intermediate_held(utilisation: float, spare: float) -> None:
    """Oxide held against a shortage of magnets is worked up in spare domestic capacity only.

    The United States use 100 t/day of magnets and fabricate 20 t/day of them, at `utilisation`; the 80 t/day from China
    are banned. A tonne of magnets takes 0.5 t of oxide; the stockpile holds 60 days of it, 3000 t.
    """
    stages = {
        "process": {"producers": {"China": {"share": 0.9}, "United States": {"share": 0.1}}},
        "fabricate": {
            "yield": 2.0,
            "utilisation": utilisation,
            "producers": {"China": {"share": 0.9}, "United States": {"share": 0.1}},
            "trade": {"forbidden": ["United States -> China"], "lead_time_days": {"default": 20, "home": 5}},
        },
    }
    consumers = {
        "United States": {"demand_t_per_year": 36525, "stock_days": 0},
        "China": {"demand_t_per_year": 36525, "stock_days": 0},
    }
    mapping = frame(400, {"x": {"basis": "metal", "stages": stages, "consumers": consumers}})
    mapping["behaviour"] = {"x": {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": ".inf"}}
    mapping["events"] = {"curb": ban(50, 200, stage="fabricate")}
    mapping["stockpiles"] = {"vault": {"owner": "United States", "holds": {"x": "process"}, "target_days": 60}}
    record = run(mapping, "none")
    made = 20.0 * spare
    short = shortfall_of(record)
    assert record.network.holdings[0].target_t == pytest.approx(60 * 50.0)
    np.testing.assert_allclose(short[70:270], 80.0 - made, rtol=WITHIN)
    np.testing.assert_allclose(record.holding[70:270, 0, 2], made * 0.5, rtol=WITHIN, atol=1e-9)
    assert not short[:70].any()
    assert not short[270:].any()


# --------------------------------------------------------------------------------------------------------- nothing changes


def assert_same(one: Record, other: Record) -> None:
    """The same numbers, bit for bit, wherever both have the column."""
    assert np.array_equal(one.sector, other.sector)
    assert np.array_equal(one.consumer[:, :, 0], other.consumer[:, :, 0])
    kept = [k for k, arc in enumerate(one.network.arcs) if arc.kind != "stockpile"]
    same = [k for k, arc in enumerate(other.network.arcs) if arc.kind != "stockpile"]
    assert np.array_equal(one.trade[:, kept], other.trade[:, same])


@pytest.mark.parametrize("rerouting", ["none", "reference", "free"])
def test_ban_on_a_seller_of_share_zero(rerouting: str) -> None:
    mapping = closed_form()
    mapping["materials"]["x"]["stages"]["fabricate"]["producers"]["Chile"] = {"share": 0.0}
    mapping["events"]["curb"]["exporter"] = "Chile"
    undisturbed = {key: value for key, value in mapping.items() if key != "events"}
    record = run(mapping, rerouting)
    assert_same(record, run(undisturbed, rerouting))
    assert not shortfall_of(record).any()


@pytest.mark.parametrize("rerouting", ["none", "reference", "free"])
def test_zero_cut(rerouting: str) -> None:
    """A cut of nothing sets no cap at all: rerouting towards the seller stays free."""
    mapping = closed_form(phi=0.4)
    disturbed = copy.deepcopy(mapping)
    disturbed["events"]["nothing"] = ban(120, 200, cut=0.0, exporter="Japan")
    assert_same(run(disturbed, rerouting), run(mapping, rerouting))


@pytest.mark.parametrize("owner", ["Japan", "China"])
@pytest.mark.parametrize("rerouting", ["none", "reference", "free"])
def test_stockpile_of_the_wrong_region(owner: str, rerouting: str) -> None:
    mapping = closed_form(vault=0.0)
    held = closed_form(vault=90.0)
    held["stockpiles"]["vault"]["owner"] = owner
    record = run(held, rerouting)
    assert_same(record, run(mapping, rerouting))
    assert not record.holding[:, 0, 2].any()


# -------------------------------------------------------------------------------------------------------------- undisturbed

TWENTY_YEARS = 7305


def assert_undisturbed(mapping: dict, rerouting: str) -> None:
    record = simulate(network(mapping), rerouting)
    assert not record.sector[:, :, 2].any()
    for stock in (record.consumer[:, :, 0], record.holding[:, :, 0]):
        size = np.array([label.daily_use_t for label in record.network.consumers]).max()
        np.testing.assert_allclose(stock, np.broadcast_to(stock[0], stock.shape), rtol=1e-9, atol=1e-9 * size)
    months = (np.datetime64(record.network.start) + np.arange(record.network.days)).astype("datetime64[M]")
    days = np.unique(months, return_counts=True)[1]
    base = np.array([arc.base_flow_t_per_day for arc in record.network.arcs])
    np.testing.assert_allclose(record.trade, np.outer(days, base), rtol=1e-9, atol=1e-9 * 30 * base.sum())


@pytest.mark.parametrize("stages", [1, 3])
@pytest.mark.parametrize(
    "behaviour",
    [
        {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": ".inf"},
        {"contract_flex": 0.1, "spot_share": 0.2, "switching_days": 180},
        {"contract_flex": 0.5, "spot_share": 1.0, "switching_days": 1, "adjustment_days": 1},
        {"contract_flex": 0.2, "spot_share": 0.5, "switching_days": 30, "qualification_days": 365},
        {"contract_flex": 0.0, "spot_share": 1.0, "switching_days": 30, "qualification_days": 20, "adjustment_days": 5},
    ],
    ids=str,
)
def test_undisturbed_for_twenty_years(behaviour: dict, stages: int) -> None:
    mapping = closed_form(stages=stages, behaviour=behaviour, days=TWENTY_YEARS)
    del mapping["events"]
    assert_undisturbed(mapping, "reference")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    mappings(days=TWENTY_YEARS, curbed=False, buying=False, growth=False),
    st.sampled_from(["none", "reference", "free"]),
)
def test_random_networks_stand_still_for_twenty_years(mapping: dict, rerouting: str) -> None:
    """Several materials, inputs, yields, stages, qualification: nothing moves."""
    if network_or_none(mapping) is not None:
        assert_undisturbed(mapping, rerouting)


def test_sectors_add_up_to_the_region() -> None:
    """Demand is met and counted once."""
    record = run(closed_form(), "none")
    columns = sectors_of(record, "United States")
    np.testing.assert_allclose(
        record.sector[:, columns, 0], record.sector[:, columns, 1] + record.sector[:, columns, 2], rtol=1e-12
    )


def test_a_store_as_large_as_its_target_stock_is_steady() -> None:
    mapping = closed_form(stages=2, days=100)
    del mapping["events"]
    mapping["materials"]["x"]["stages"]["fabricate"] |= {"product_stock_days": 14, "product_store_days": 14}
    assert_undisturbed(mapping, "none")


def test_balance_at_the_edge() -> None:
    """The United States make 20 of the 100 t/day they use, China the rest: nothing is left for the way back."""
    consumers = {name: {"demand_t_per_year": 36525, "stock_days": 10} for name in ("United States", "China")}
    producers = {"China": {"share": 0.9}, "United States": {"share": 0.1}}
    trade = {"shares": {"China -> United States": 0.8}}
    stages = {"mine": {"producers": producers}}
    mapping = frame(10, {"x": {"basis": "metal", "stages": stages, "consumers": consumers, "trade": trade}})
    flows = {(a.seller, a.buyer): a.base_flow_t_per_day for a in network(mapping).arcs}
    assert flows["United States", "United States"] == pytest.approx(20.0)
    assert flows["China", "China"] == pytest.approx(100.0)
