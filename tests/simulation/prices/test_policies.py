"""Curbs, floods, floors and tariffs: what each does to the price on either side of a border."""

from __future__ import annotations

import numpy as np
import pytest
from networks import ban, run
from priced import DAILY_USE_T, REFERENCE, TWO_ZONES, column, flood, floor, market, outage, spot, tariff, told

from minsim.simulation.log import LogKind

ABROAD = {"utilisation": 0.6, "zones": TWO_ZONES}


# ----------------------------------------------------------------------------------------------------------------- curbs


@pytest.mark.parametrize("mode", ["none", "reference", "free"])
@pytest.mark.parametrize("cut", [0.2, 0.5, 1.0])
@pytest.mark.parametrize(("e_d", "e_s"), [(0.3, 0.0), (0.3, 0.1), (1.0, 0.5)])
def test_a_curb_splits_the_market(e_d: float, e_s: float, cut: float, mode: str) -> None:
    """Inside the exporter's zone the price falls, outside it rises, and more outside: antimony 2024, -10% and +57%."""
    record = run(market(days=1500, e_d=e_d, e_s=e_s, zones=TWO_ZONES, events={"c": ban(200, 500, cut=cut)}), mode)
    inside, outside = np.log(spot(record, "China")), np.log(spot(record, "United States"))
    assert (inside[215:700] < 0.0).all()
    assert (outside[215:700] > 0.0).all()
    assert (outside[215:700] > -inside[215:700]).all()
    np.testing.assert_allclose(inside[:200], 0.0, atol=1e-12)
    assert abs(inside[-1]) < 0.01
    assert abs(outside[-1]) < 0.01


def test_a_harder_curb_splits_it_wider() -> None:
    """Order in the size of the cut, on both sides."""
    ends = []
    for cut in (0.1, 0.3, 0.5, 0.7, 0.9):
        record = run(market(days=1200, e_d=0.5, e_s=0.1, zones=TWO_ZONES, events={"c": ban(100, 1200, cut=cut)}))
        ends.append((spot(record, "China")[-1], spot(record, "United States")[-1]))
    inside, outside = np.array(ends).T
    assert (np.diff(inside) < 0.0).all()
    assert (np.diff(outside) > 0.0).all()


def test_one_zone_knows_no_split() -> None:
    """Where importer and exporter share a zone, what is held back abroad is sold at home at one price."""
    record = run(market(days=1200, events={"c": ban(100, 600)}))
    assert np.array_equal(spot(record, "China"), spot(record, "United States"))


# ---------------------------------------------------------------------------------------------------------------- floods


@pytest.mark.parametrize("discount", [0.1, 0.4, 0.6])
@pytest.mark.parametrize("e_s", [0.0, 0.1])
def test_a_flood_holds_its_discount(discount: float, e_s: float) -> None:
    """p_ref (1 - discount) outside the exporter's zone while its capacity suffices, and the price at home as it was."""
    record = run(market(days=1500, e_s=e_s, events={"f": flood(discount)}, **ABROAD))
    assert spot(record, "United States")[-1] == pytest.approx(1.0 - discount, rel=1e-6)
    assert spot(record, "China")[-1] == pytest.approx(1.0, rel=1e-6)
    assert [(e.kind, e.actor, e.share) for e in record.log] == [(LogKind.FLOOD_BEGINS, "China", discount)]


def test_a_flood_in_a_single_zone_holds_it_there() -> None:
    record = run(market(days=1500, utilisation=0.6, events={"f": flood(0.3)}))
    assert spot(record)[-1] == pytest.approx(0.7, rel=1e-6)


def test_the_log_says_when_capacity_no_longer_suffices() -> None:
    """A full exporter cannot flood; the log says so once, not every week."""
    record = run(market(days=1000, utilisation=0.99, zones=TWO_ZONES, events={"f": flood(0.6)}))
    assert [(e.kind, e.share) for e in record.log][1:] == [(LogKind.FLOOD_FALLS_SHORT, 0.6)]
    assert 0.4 < spot(record)[-1] < 1.0
    assert told(record, "f")[1][0] == 105  # the review after the flood began on day 100


def test_a_flood_that_fails_for_a_while() -> None:
    """An outage of the exporter's own plants interrupts the flood; the log says when it holds again."""
    gone = {**outage(0.5, start=400, length=200), "producer": {"material": "x", "stage": "process", "country": "China"}}
    record = run(market(days=1500, events={"f": flood(0.4), "o": gone}, **ABROAD))
    kinds = [kind for _, kind in told(record, "f")]
    assert kinds == [LogKind.FLOOD_BEGINS, LogKind.FLOOD_FALLS_SHORT, LogKind.FLOOD_SUFFICES]
    assert spot(record)[-1] == pytest.approx(0.6, rel=1e-3)


def test_a_flood_cannot_pass_its_own_curb() -> None:
    """While the exporter's curb holds, no flood reaches the buyers beyond it, and the price there rises."""
    both = run(market(days=1200, e_s=0.1, events={"f": flood(0.4), "c": ban(300, 500)}, **ABROAD))
    alone = run(market(days=1200, e_s=0.1, events={"c": ban(300, 500)}, **ABROAD))
    assert spot(both)[700] == pytest.approx(spot(alone)[700], rel=1e-3)
    assert (LogKind.FLOOD_FALLS_SHORT, 0.4) in [(entry.kind, entry.share) for entry in both.log]


def test_a_flood_ends() -> None:
    record = run(market(days=2500, e_s=0.1, events={"f": flood(0.4, length=400)}, **ABROAD))
    assert spot(record)[-1] == pytest.approx(1.0, rel=1e-6)
    assert told(record, "f")[-1][1] is LogKind.FLOOD_ENDS


# ---------------------------------------------------------------------------------------------------------------- floors


@pytest.mark.parametrize("e_s", [0.0, 0.2])
def test_a_floor_holds_what_users_pay_and_members_receive(e_s: float) -> None:
    """Under a flood the members' users pay the floor, and their demand is that of the floor's price."""
    events = {"f": flood(0.4), "p": floor(45.0)}
    record = run(market(days=1500, e_s=e_s, events=events, **ABROAD))
    c = column(record, "United States")
    assert record.consumer[-1, c, 2] == pytest.approx(45.0)
    assert record.consumer[-1, c, 3] == pytest.approx(30.0, rel=1e-6)
    k = [s.region for s in record.network.sectors].index("United States")
    assert record.sector[-1, k, 1] == pytest.approx(DAILY_USE_T * 0.9**-0.3, rel=1e-6)
    outside = column(record, "China")
    np.testing.assert_array_equal(record.consumer[:, outside, 2], record.consumer[:, outside, 3])


def test_a_floor_keeps_a_plant_open() -> None:
    """A member's plant with a cash cost above the flooded price shuts without the floor, and never with it."""
    costs = {"Japan": {"cash_usd_per_kg": 44, "restart_usd_per_kg": 50}}
    kept = {"days": 1200, "e_s": 0.1, "costs": costs, **ABROAD, "trade": {"forbidden": ["Japan -> China"]}}
    kept["japan"] = 0.2
    bare = run(market(**kept, events={"f": flood(0.4)}))
    held = run(market(**kept, events={"f": flood(0.4), "p": floor(45.0)}))
    assert LogKind.MOTHBALLED in [kind for _, kind in told(bare, "board")]
    assert not told(held, "board")


def test_a_floor_raises_a_mothballed_plant() -> None:
    """A plant that stands still looks at what it would receive; a floor above its restart price brings it back."""
    costs = {"Japan": {"cash_usd_per_kg": 44, "restart_usd_per_kg": 46, "restart_days": 90}}
    kept = {
        "days": 1200,
        "e_s": 0.1,
        "costs": costs,
        **ABROAD,
        "trade": {"forbidden": ["Japan -> China"]},
        "japan": 0.2,
    }
    record = run(market(**kept, events={"f": flood(0.4), "p": floor(47.0, start=700)}))
    kinds = [kind for _, kind in told(record, "board")]
    assert kinds == [LogKind.MOTHBALLED, LogKind.RESTART_DECIDED, LogKind.RESTARTED]
    assert 700 <= told(record, "board")[1][0] <= 707


def test_a_higher_floor_never_costs_users_less() -> None:
    paid = [
        run(market(days=1000, e_s=0.1, events={"f": flood(0.4), "p": floor(at)}, **ABROAD)).consumer[-1, 1, 2]
        for at in (20, 35, 45, 60, 110)
    ]
    assert paid == pytest.approx([30.0, 35.0, 45.0, 60.0, 110.0], rel=1e-4)


# --------------------------------------------------------------------------------------------------------------- tariffs


@pytest.mark.parametrize("rate", [0.1, 0.25, 1.0])
def test_a_duty_is_shared_by_the_market(rate: float) -> None:
    """Importers pay the duty on what they buy from the exporter; the world price falls until the market clears."""
    e_d = 0.4
    record = run(market(days=2500, e_d=e_d, events={"t": tariff(rate)}))
    c = column(record, "United States")
    v = [a for a in record.network.arcs if a.buyer_region == "United States"]
    hit = sum(a.base_flow_t_per_day for a in v if a.seller == "China") / DAILY_USE_T
    dutiable = 1.0 + rate * hit
    price = (0.5 * (dutiable**-e_d + 1.0)) ** (1.0 / e_d)  # half of demand pays the duty; supply is fixed
    assert spot(record)[-1] == pytest.approx(price, rel=1e-6)
    assert record.consumer[-1, c, 2] == pytest.approx(REFERENCE * price * dutiable, rel=1e-6)
    assert price < 1.0 < price * dutiable


def test_a_duty_on_nobody_s_goods_costs_nothing() -> None:
    """A duty on an exporter that sells the importer nothing."""
    trade = {"forbidden": ["Japan -> United States"]}
    event = {**tariff(0.5), "exporters": ["Japan"]}
    record = run(market(days=800, japan=0.3, trade=trade, events={"t": event}))
    assert (record.consumer[:, :, 2] == REFERENCE).all()
