"""Flood, then curb: a flood shuts plants, the curb then bites harder, a floor prevents it. For every start of the curb."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pytest

from minsim.metrics.prices import floor_cost_usd
from minsim.network.network import build_network
from minsim.scenario import load_scenario
from minsim.scenario.distributions import Draws
from minsim.simulation.engine import Record, simulate
from minsim.simulation.log import LogKind

STARTS = [dt.date(2027 + month // 12, 1 + month % 12, 1) for month in range(2, 26, 2)]
"""Every second month from March 2027, five weeks after the plant has shut, to January 2029."""
SHUT = dt.date(2027, 1, 24)
CURB_DAYS = 365


@cache
def record(variant: str, start: dt.date, replication: int | None = None, floor: float | None = None) -> Record:
    changes: dict = {"events.curb.start": start.isoformat()}
    if variant != "-curb-alone":
        changes["events.flood.end"] = start.isoformat()
    if floor is not None:
        changes["events.floor.price_usd_per_kg.value"] = floor
    scenario = load_scenario(f"flood-then-curb{variant}", changes)
    draws = Draws.central(scenario.model.seed) if replication is None else Draws(scenario.model.seed, replication)
    return simulate(build_network(scenario, draws))


def abroad(found: Record) -> list[int]:
    return [k for k, label in enumerate(found.network.sectors) if label.region != "China"]


def days_lost(found: Record) -> float:
    """Days of use lost by all users outside China together."""
    use = sum(found.network.sectors[k].daily_use_t for k in abroad(found))
    return float(found.sector[:, abroad(found), 2].sum() / use)


def peak(found: Record) -> float:
    c = [label.region for label in found.network.consumers].index("Japan")
    return float(found.consumer[:, c, 3].max())


def shut(found: Record) -> list[str]:
    return [name for entry in found.log if entry.kind is LogKind.MOTHBALLED for name in entry.whom]


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_finding_holds_for_every_start_of_the_curb(start: dt.date) -> None:
    after_flood, alone, with_floor = (record(variant, start) for variant in ("", "-curb-alone", "-floor"))
    assert shut(after_flood) == ["United States"]
    assert not shut(alone) + shut(with_floor)
    assert days_lost(after_flood) > days_lost(alone) + 30.0
    assert days_lost(with_floor) <= days_lost(alone) + 1.0
    assert peak(after_flood) > 2.0 * peak(alone)
    assert peak(with_floor) == pytest.approx(peak(alone), rel=0.02)


def test_there_are_ten_starts_and_more() -> None:
    assert len(STARTS) >= 10
    assert all(start > SHUT for start in STARTS)


def test_before_the_plant_has_shut_the_flood_does_no_harm() -> None:
    """The control: it is the mothballing that counts, not the low price."""
    start = SHUT - dt.timedelta(days=23)
    found = record("", start)
    assert not shut(found)
    assert days_lost(found) == pytest.approx(days_lost(record("-curb-alone", start)), abs=0.5)


def test_the_dates_the_scenarios_tell() -> None:
    found = record("", dt.date(2028, 1, 1))
    story = [(found.network.date_of(e.day), e.kind) for e in found.log]
    assert (SHUT, LogKind.MOTHBALLED) in story
    assert (dt.date(2028, 10, 12), LogKind.RESTARTED) in story


def test_a_floor_below_cost_saves_nothing_and_one_far_above_costs_more() -> None:
    """The plant's cash cost is 60 USD/kg: 55 leaves it shut; 110 keeps it as 65 does, at several times the cost to users."""
    start = dt.date(2028, 1, 1)
    below, just_above, far_above = (
        record("-floor", start, floor=55.0),
        record("-floor", start),
        record("-floor-110", start),
    )
    assert "United States" in shut(below)
    assert days_lost(below) > 30.0
    assert not shut(just_above) + shut(far_above)
    assert days_lost(just_above) == days_lost(far_above) == 0.0
    cost = [float(np.nansum(floor_cost_usd(found))) for found in (just_above, far_above)]
    assert 0.0 < 3.0 * cost[0] < cost[1]


@pytest.mark.parametrize("replication", range(10))
def test_the_finding_holds_over_the_ranges_of_its_assumptions(replication: int) -> None:
    """Elasticities, costs, stocks and delays drawn together; the floor of 110 is above every cost drawn."""
    start = dt.date(2028, 1, 1)
    after_flood, alone, with_floor = (record(v, start, replication) for v in ("", "-curb-alone", "-floor-110"))
    assert days_lost(after_flood) > days_lost(alone) + 10.0
    assert days_lost(with_floor) <= days_lost(alone) + 1.0
    assert np.isfinite(peak(after_flood))
