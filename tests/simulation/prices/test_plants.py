"""Boards and projects: who shuts, who comes back and who is built, to the week."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from networks import date, run
from priced import REFERENCE, TWO_ZONES, flood, market, outage, spot, told

from minsim.simulation.log import LogKind

WEEK = 7
ABROAD = {"utilisation": 0.6, "zones": TWO_ZONES, "trade": {"forbidden": ["Japan -> China"]}, "japan": 0.2}


def plant(cash: float, restart: float, after: int = 180, back: int = 270) -> dict:
    return {"cash_usd_per_kg": cash, "restart_usd_per_kg": restart, "mothball_after_days": after, "restart_days": back}


def week_of(day: int) -> int:
    """The first weekly review on or after a day."""
    return math.ceil(day / WEEK) * WEEK


@pytest.mark.parametrize("after", [0, 30, 180, 365])
@pytest.mark.parametrize("back", [0, 100, 270])
def test_mothballed_and_restarted_to_the_week(after: int, back: int) -> None:
    """Shut at the first review that many days after one that saw the price below cost; back so long after it is above."""
    costs = {"Japan": plant(40, 45, after, back)}
    record = run(market(days=2500, e_s=0.1, costs=costs, events={"f": flood(0.4, length=800)}, **ABROAD))
    price = spot(record) * REFERENCE
    seen = np.concatenate(([REFERENCE], price))[:-1]  # what a review on the morning of a day knows
    reviews = np.arange(WEEK, 2500, WEEK)
    below = next(int(d) for d in reviews if seen[d] < 40)
    shut = below + week_of(after)
    above = next(int(d) for d in reviews if d >= shut and seen[d] > 45)
    assert told(record, "board") == [
        (shut, LogKind.MOTHBALLED),
        (above, LogKind.RESTART_DECIDED),
        (above + back, LogKind.RESTARTED),
    ]


def test_a_mothballed_plant_makes_nothing() -> None:
    costs = {"Japan": plant(40, 45)}
    record = run(market(days=2000, e_s=0.1, costs=costs, events={"f": flood(0.4, length=900)}, **ABROAD))
    (shut, _), *_ = told(record, "board")
    months = np.array([np.datetime64(m) for m in record.network.months])
    later = months > np.datetime64(date(shut + 60), "M")
    until = months < np.datetime64(date(1000), "M")
    japan = [a for a, arc in enumerate(record.network.arcs) if arc.seller == "Japan"]
    assert record.trade[0, japan].sum() > 0.0
    assert record.trade[np.ix_(later & until, japan)].sum() == 0.0


def test_a_dip_shorter_than_its_patience_shuts_nothing() -> None:
    costs = {"Japan": plant(40, 45, after=180)}
    record = run(market(days=1500, e_s=0.1, costs=costs, events={"f": flood(0.4, length=120)}, **ABROAD))
    assert spot(record).min() * REFERENCE < 40
    assert not told(record, "board")


def test_a_plant_s_own_costs_come_before_its_country_s() -> None:
    """One board a plant: the plant's own costs, else its country's."""
    stage = {
        "producers": {
            "China": {"share": 0.8},
            "Old": {"share": 0.1, "country": "Japan"},
            "New": {"share": 0.1, "country": "Japan"},
        }
    }
    costs = {"Japan": plant(40, 45), "New": plant(20, 25)}
    mapping = market(days=1000, e_s=0.1, costs=costs, events={"f": flood(0.4)}, stage=stage, **ABROAD)
    record = run(mapping)
    assert [entry.whom for entry in record.log if entry.event == "board"] == [("Old",)]


def test_without_elasticities_boards_still_act() -> None:
    """Costs alone make prices count."""
    costs = {"Japan": plant(40, 45)}
    record = run(market(days=1500, e_d=0.0, costs=costs, events={"d": shock(0.7)}))
    assert told(record, "board")


def shock(factor: float) -> dict:
    return {
        "type": "demand_shock",
        "materials": ["x"],
        "regions": "all",
        "sectors": "all",
        "factor": factor,
        "start": date(100),
    }


# -------------------------------------------------------------------------------------------------------------- projects


def project(price: float, days: int = 180, start: int = 0) -> dict:
    return {
        "type": "capacity_project",
        "producer": {"material": "x", "stage": "process", "country": "Japan"},
        "capacity_t_per_year": 3652.5,
        "ramp_days": 0,
        "start": date(start),
        "incentive": {"price_usd_per_kg": price, "for_days": days},
    }


def test_a_project_waits_for_its_price() -> None:
    """Decided once the price has held so long; built the same day where neither ramp nor delay is given."""
    record = run(market(days=2000, events={"o": outage(0.5, start=300), "p": project(80.0)}))
    price = np.concatenate(([REFERENCE], spot(record) * REFERENCE))[:-1]
    first = next(int(d) for d in range(WEEK, 2000, WEEK) if price[d] >= 80.0)
    decided, *_, built = [day for day, _ in told(record, "p")]
    assert first + 180 - WEEK <= decided <= first + week_of(180)
    assert built == decided


def test_a_project_never_comes_without_its_price() -> None:
    kept = {"days": 1500, "events": {"o": outage(0.9, start=300)}}
    waiting = copy.deepcopy(kept)
    waiting["events"]["p"] = project(500.0)
    record = run(market(**waiting))
    assert not told(record, "p")
    assert np.array_equal(record.consumer, run(market(**kept)).consumer)


# ------------------------------------------------------------------------------------------------------------ by-products


def with_host(cap: float = 0.02, host_share: float = 0.4, utilisation: float = 0.8, events: dict | None = None) -> dict:
    """x as the by-product of a host metal made in the same two countries."""
    mapping = market(days=2000, e_d=0.3, e_s=0.5, utilisation=utilisation, events=events or {})
    mapping["materials"]["x"]["byproduct_of"] = {"host": "host", "recovery_cap": cap}
    mapping["materials"]["host"] = {
        "basis": "metal",
        "stages": {
            "process": {
                "producers": {"China": {"share": 1.0 - host_share}, "Japan": {"share": host_share}},
                "trade": {"lead_time_days": {"default": 10, "home": 5}},
            }
        },
        "consumers": {"United States": {"demand_t_per_year": 200 * 365.25 / 0.016, "stock_days": 20}},
    }
    return mapping


def host_outage(left: float) -> dict:
    return {**outage(left), "producer": {"material": "host", "stage": "process", "country": "Japan"}}


@pytest.mark.parametrize("left", [0.25, 0.5])
def test_by_product_capacity_follows_its_host(left: float) -> None:
    """Half the host's output in a country is half of what can be recovered there, and no price brings more than the cap."""
    record = run(with_host(events={"o": host_outage(left)}))
    months = [m for m in record.network.months if "2030" <= m[:4] < "2031"]
    rows = [record.network.months.index(m) for m in months]
    japan = [a for a, arc in enumerate(record.network.arcs) if (arc.material, arc.seller) == ("x", "Japan")]
    shipped = record.trade[np.ix_(rows, japan)].sum() / 365.0
    # The host makes what its own market asks of it; what Japan's plants make of it is capped by left / utilisation.
    host = [a for a, arc in enumerate(record.network.arcs) if (arc.material, arc.seller) == ("host", "Japan")]
    carried = record.trade[np.ix_(rows, host)].sum() / 365.0
    assert shipped <= 0.02 * carried * (1.0 + 1e-3)
    assert shipped < 80.0 * 0.8
    assert spot(record)[-1] > 1.05


def test_by_product_without_a_disturbed_host_stays_put() -> None:
    record = run(with_host())
    assert not np.ptp(record.consumer[:, :, 1:], axis=0)[[c.material == "x" for c in record.network.consumers]].any()
    assert not record.sector[:, :, 2:].any()


def test_price_moves_recovery_up_to_the_cap_only() -> None:
    """x short elsewhere: Japan recovers more at the higher price, at most what its host carries."""
    gone = {**outage(0.0, start=100), "producer": {"material": "x", "stage": "process", "country": "China"}}
    record = run(with_host(events={"o": gone}))
    rows = [record.network.months.index(m) for m in record.network.months if m[:4] == "2030"]
    japan = [a for a, arc in enumerate(record.network.arcs) if (arc.material, arc.seller) == ("x", "Japan")]
    assert record.trade[np.ix_(rows, japan)].sum() / 365.0 == pytest.approx(0.02 * 0.4 * 200 / 0.016, rel=0.01)
