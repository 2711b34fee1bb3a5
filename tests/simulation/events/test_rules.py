"""What moves tonnes beside the events: new scrap, growth, stockpiles with members, declared or for defence alone."""

from __future__ import annotations

import numpy as np
import pytest
from networks import DAYS_PER_YEAR
from simulation.events.audit import audit
from simulation.events.builders import (
    CHINA,
    DAYS,
    JAPAN,
    USE,
    Mapping,
    chain,
    curb,
    during,
    event,
    lane,
    later,
    plant,
    probed,
    run,
    same,
    series,
    shortfall,
    tank,
)

from minsim.kernel.daily_record import SectorDay
from minsim.kernel.rows import ArcRow, BuyerRow, SectorRow, SellerRow
from minsim.simulation.log import LogKind

# ---------------------------------------------------------------------------------------------------------------- new scrap


def with_scrap(events: Mapping, rate: float | None = None) -> Mapping:
    """Oxide from China's ore (0.8) and from the scrap of China's own fabrication (0.2); feed stocks of 10 days."""
    mapping = lane(events)
    material = mapping["materials"]["x"]
    feed: Mapping = {"scrap_of": "x"} | ({} if rate is None else {"rate": rate})
    material["stages"]["process"] = {
        "utilisation": 0.9,
        "product_stock_days": 14,
        "feed_stock_days": 10,
        "producers": {"China": {"share": 0.8}, "Scrap": {"share": 0.2, "country": "China", "feed": feed}},
        "trade": {"home_preference": 1.0, "lead_time_days": {"default": 30, "home": 5}},
    }
    material["stages"]["fabricate"] |= {"feed_stock_days": 10}
    return mapping


def test_new_scrap_falls_with_fabrication() -> None:
    """Fabrication stops on days 60 … 159: so does the scrap, 20 t/day; what lies there (10 days, 200 t) is all there is."""
    record, probe = probed(with_scrap({"fire": event("outage", producer=plant("China"), availability=0.0)}))
    audit(record, probe)
    made = probe.closing(SellerRow.OUTPUT)
    scrap = probe.buyer("x/fabricate scrap of Scrap")
    fabricated = made[:, [s.stage for s in record.network.sellers].index("fabricate")]
    np.testing.assert_allclose(probe.closing(BuyerRow.ARRIVED)[:, scrap], 0.2 * fabricated, rtol=1e-12)
    assert fabricated[60:160].sum() == 0.0
    assert made[60:160, probe.seller("Scrap")].sum() <= 10 * 20.0 * (1 + 1e-12)


def test_new_scrap_at_rest_is_as_if_it_were_bought() -> None:
    record, probe = probed(with_scrap({}))
    audit(record, probe)
    assert shortfall(record).sum() == 0.0
    np.testing.assert_allclose(probe.closing(SellerRow.OUTPUT)[:, probe.seller("Scrap")], 20.0)
    assert same(record, probed(with_scrap({}, rate=0.3))[0])  # the rate is a ceiling for the baseline


def test_a_stockpile_stands_beside_new_scrap() -> None:
    """What is held reaches users by products that are made, never by the scrap that falls; a full pile changes nothing."""
    mapping = with_scrap({})
    mapping["stockpiles"] = {"vault": {"owner": "United States", "holds": {"x": "fabricate"}, "target_days": 10}}
    assert shortfall(run(mapping)).sum() == 0.0


# ------------------------------------------------------------------------------------------------------------------- growth


def test_growth_of_demand_beyond_capacity() -> None:
    """100 t/day grow by a half a year; capacity is 111.1: the day's demand is 100 x 1.5^(d / 365.25), whatever is short."""
    mapping = lane({}, days=400)
    mapping["materials"]["x"]["consumers"]["United States"]["growth_per_year"] = 0.5
    record, probe = probed(mapping)
    demand = USE * 1.5 ** (np.arange(400) / DAYS_PER_YEAR)
    np.testing.assert_allclose(series(record, SectorDay.DEMAND), demand, rtol=1e-12)
    # Once stocks are gone what is made arrives 30 days later: all capacity, and the shortfall is the rest.
    np.testing.assert_allclose(shortfall(record)[-20:], (demand - USE / 0.9)[-20:], rtol=1e-9)
    audit(record, probe)


def test_growth_of_both_alike_runs_nobody_short() -> None:
    mapping = lane({}, days=1500)
    material = mapping["materials"]["x"]
    material["consumers"]["United States"]["growth_per_year"] = 0.05
    material["stages"]["fabricate"]["growth_per_year"] = 0.05
    assert shortfall(run(mapping, "none")).sum() == 0.0


def test_no_growth_is_none() -> None:
    mapping = lane({"ban": curb({"ban": True})})
    plain = run(mapping)
    mapping["materials"]["x"]["consumers"]["United States"]["growth_per_year"] = 0.0
    mapping["materials"]["x"]["stages"]["fabricate"]["growth_per_year"] = 0.0
    assert same(run(mapping), plain)


# --------------------------------------------------------------------------------------------------------------- stockpiles


def vault(days: float = 30.0, release: Mapping | None = None, **given: object) -> Mapping:
    return {
        "owner": "United States",
        "holds": {"x": "fabricate"},
        "target_days": days,
        "release": release or {},
        **given,
    }


BAN = {"ban": curb({"ban": True})}
GAP = tank(later(during(0.0, CHINA), CHINA) + JAPAN)


def test_members_by_region_are_served_their_part_of_the_gap() -> None:
    """Entitled to four tenths of the gap of 72 t/day: 28.8 t/day, for the 3000 t last longer than the gap."""
    record, probe = probed(chain(BAN, stockpiles={"vault": vault(members={"United States": 0.4})}))
    np.testing.assert_allclose(shortfall(record), 0.6 * GAP, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(series(record, SectorDay.FROM_STOCKPILE), 0.4 * GAP, rtol=1e-9, atol=1e-9)
    audit(record, probe)


def test_members_by_sector_are_served_their_part_and_others_nothing() -> None:
    """Of 72 t/day the other uses lack 40, vehicles 32: a half of what vehicles lack."""
    record = run(chain(BAN, stockpiles={"vault": vault(members={"vehicles": 0.5})}), "none")
    without = run(chain(BAN), "none")
    for sector, part in (("defence", 1.0), ("vehicles", 0.5), ("other", 1.0)):
        np.testing.assert_allclose(
            shortfall(record, sector=sector), part * shortfall(without, sector=sector), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("members", [{"vehicles": 0.0}, {"Japan": 1.0}])
def test_members_entitled_to_nothing_get_nothing(members: Mapping) -> None:
    record = run(chain(BAN, stockpiles={"vault": vault(members=members)}), "none")
    np.testing.assert_array_equal(shortfall(record), shortfall(run(chain(BAN), "none")))


def test_a_pile_for_defence_serves_defence_alone() -> None:
    """All 100 t/day are stopped: defence lacks its 10 t/day, days 100 … 189; 0.6 days of use, 60 t, last for 6 of them."""
    ban = {"ban": curb({"ban": True})}
    with_pile = run(lane(ban, stockpiles={"reserve": vault(0.6, {"sectors": ["defence"]})}), "none")
    without = run(lane(ban), "none")
    served = series(with_pile, SectorDay.FROM_STOCKPILE, sector="defence")
    np.testing.assert_allclose(served[100:106], 10.0)
    assert served.sum() == pytest.approx(60.0)
    assert np.flatnonzero(shortfall(with_pile, sector="defence"))[0] == 106
    for sector in ("vehicles", "other"):
        assert series(with_pile, SectorDay.FROM_STOCKPILE, sector=sector).sum() == 0.0
        np.testing.assert_array_equal(shortfall(with_pile, sector=sector), shortfall(without, sector=sector))


BOOM = {"boom": event("demand_shock", 0, None, materials=["x"], regions=["United States"], factor=5.0)}
"""Five times the demand, for ever: more than the world can make, so that the United States are short every day."""
DECLARED = {"drawdown": "declared_disruption"}


def released_on(events: Mapping, release: Mapping = DECLARED) -> np.ndarray:
    record, probe = probed(chain({**BOOM, **events}, stock=2.0, stockpiles={"vault": vault(400, release)}))
    audit(record, probe)
    return np.flatnonzero(record.holding[:, 0, 2])


@pytest.mark.parametrize(
    ("disruption", "opens"),
    [
        (curb({"cut": 0.01}), True),
        (curb({"cut": 0.01}, importers="all"), True),
        (event("outage", producer=plant("Japan"), availability=0.99), True),
        (event("pandemic", countries=["China"], availability=0.99), True),
        (event("chokepoint", lanes=["Japan -> United States"], extra_days=1), True),
        (curb({"cut": 0.5}, importers=["Japan"]), False),
        (curb({"ban": True}, exporter="Mexico"), False),
        (curb({"cut": 0.0}), False),
        (event("outage", producer=plant("Japan"), availability=1.0), False),
        (event("chokepoint", lanes=["China -> Japan"], extra_days=1), False),
        (event("demand_shock", materials=["x"], factor=1.01), False),
        (event("capacity_project", producer=plant("Japan"), capacity_t_per_year=1), False),
    ],
)
def test_a_declared_disruption_opens_a_pile_to_the_day(disruption: Mapping, opens: bool) -> None:
    """A boom is no disruption; on days 60 … 159 one is declared, if the event holds back what the owner would get."""
    days = released_on({"event": disruption})
    assert days.tolist() == (list(range(60, 160)) if opens else [])


def test_a_pile_that_need_not_wait_opens_at_once() -> None:
    assert released_on({}, {"drawdown": "replenish"})[0] < 60


def test_a_declared_pile_still_needs_its_authorisation() -> None:
    """The gap is noticed on the first day declared, 60; nine days later the pile opens."""
    assert released_on({"event": curb({"cut": 0.01})}, {**DECLARED, "authorisation_days": 9}).tolist() == list(
        range(69, 160)
    )


def test_the_log_tells_when_a_pile_was_opened() -> None:
    record = run(chain(BAN, stockpiles={"vault": vault(release={"authorisation_days": 0})}), "none")
    days = {entry.kind: entry.day for entry in record.log if entry.event == "vault"}
    first = int(np.flatnonzero(GAP)[0])
    assert days[LogKind.RELEASE_TRIGGERED] == days[LogKind.RELEASE_AUTHORISED] == first
    assert first < DAYS


# ---------------------------------------------------------------------------------------- events that began before day 0


@pytest.mark.parametrize(
    ("block", "row", "expected"),
    [
        (
            event("demand_shock", -5, None, materials=["x"], factor=2.0, ramp_days=10),
            SectorRow.SHOCK_FACTOR,
            [1.5, 1.6, 1.7],
        ),
        (
            event("demand_shock", -50, None, materials=["x"], factor=2.0, ramp_days=10),
            SectorRow.SHOCK_FACTOR,
            [2.0, 2.0, 2.0],
        ),
    ],
)
def test_a_ramp_that_began_earlier_goes_on(block: Mapping, row: int, expected: list[float]) -> None:
    _, probe = probed(chain({"event": block}, days=30))
    assert probe.morning(row)[:3, 0] == pytest.approx(expected)


def test_a_project_that_began_earlier_is_as_far_as_it_would_be() -> None:
    project = event(
        "capacity_project",
        -30,
        None,
        producer=plant("China"),
        capacity_t_per_year=DAYS_PER_YEAR,
        ramp_days=10,
        delay_days=26,
    )
    _, probe = probed(chain({"event": project}, days=30))
    assert probe.morning(SellerRow.PROJECT_CAPACITY)[:8, probe.seller("China")] == pytest.approx(
        [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1]
    )


def test_a_project_later_than_its_end_never_comes() -> None:
    late = event("capacity_project", 20, 40, producer=plant("China"), capacity_t_per_year=9000, delay_days=60)
    record = run(chain({"event": late}), "none")
    assert same(record, run(chain(), "none"))
    assert not record.log


def test_an_announcement_after_the_fact_delays_nothing() -> None:
    late = curb({"ban": True}, announcement={"date": "2026-06-01", "stock_target_factor": 2.0})
    assert same(run(chain({"a": late}), "none"), run(chain({"a": curb({"ban": True})}), "none"))


def test_an_announcement_starts_the_search_for_suppliers() -> None:
    """Approval takes 50 days: with 40 days of notice new suppliers are open on day 70 instead of day 110."""
    behaviour = {"x": {"contract_flex": 0.0, "spot_share": 1.0, "switching_days": ".inf", "qualification_days": 50}}
    notice = {"date": "2026-01-21", "stock_target_factor": 1.0}
    first = {}
    for name, more in (("told", {"announcement": notice}), ("surprised", {})):
        _, probe = probed(chain({"a": curb({"ban": True}, **more)}, behaviour=behaviour))
        from_japan = probe.closing(ArcRow.SHIPPED)[:, probe.arc("Japan", "United States")]
        first[name] = int(np.flatnonzero(from_japan > JAPAN * 1.01)[0])
    assert first == {"told": 70, "surprised": 110}


# ---------------------------------------------------------------------------------------------------------- total outages


@pytest.mark.parametrize(("phi", "japan", "china"), [(0.9, 37, 20), (1 / 3, 10, 20), (0.61, 33, 13)])
def test_the_books_close_on_the_last_grain_of_an_empty_store(phi: float, japan: float, china: float) -> None:
    """Shared out pro rata, a store that is never refilled keeps a rounding error of itself every day, down to 1e-318 t."""
    mapping = chain({"fire": event("outage", 10, None, producer=plant("China"), availability=0.0)}, days=80)
    material = mapping["materials"]["x"]
    material["stages"]["fabricate"]["producers"] = {"China": {"share": phi}, "Japan": {"share": 1 - phi}}
    for region, use in (("Japan", japan), ("China", china)):
        material["consumers"][region]["demand_t_per_year"] = use * DAYS_PER_YEAR
    run(mapping, "none")
