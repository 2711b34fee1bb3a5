"""New capacity under prices: where nothing was made before, and upstream of the product that has the price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import DAYS_PER_YEAR, Mapping, ban, date, run, scenario
from priced import DAILY_USE_T, TWO_ZONES, floor, market, outage, spot, told

from minsim.errors import ScenarioError
from minsim.simulation.log import LogKind


def with_mexico(**given: Any) -> Mapping:
    """China and Japan make what both users take, 60 to 40; Mexico makes nothing yet."""
    shares = {"China": {"share": 0.6}, "Japan": {"share": 0.4}, "Mexico": {"share": 0.0}}
    return market(stage={"producers": shares}, **given)


def plant(t_per_day: float, start: int = 0, **given: Any) -> Mapping:
    """New capacity in Mexico, at once."""
    producer = {"material": "x", "stage": "process", "country": "Mexico"}
    event = {"type": "capacity_project", "producer": producer, "start": date(start)}
    return {**event, "capacity_t_per_year": t_per_day * DAYS_PER_YEAR, **given}


@pytest.mark.parametrize("prices", [False, True])
def test_a_plant_where_nothing_was_made_has_room_for_its_product(prices: bool) -> None:
    """With China's exports banned and Japan's plants gone, the United States live on Mexico's 100 t a day alone."""
    events = {"c": ban(100, 3000), "o": outage(0.0), "p": plant(100.0)}
    record = run(with_mexico(days=1500, e_d=0.0, prices=prices, zones=TWO_ZONES, events=events))
    lanes = [a for a, arc in enumerate(record.network.arcs) if (arc.seller, arc.buyer) == ("Mexico", "United States")]
    assert record.trade[-3, lanes].sum() == pytest.approx(31 * DAILY_USE_T, rel=3e-3)  # its share still grows to 1
    short = record.sector[-100:, [s.region for s in record.network.sectors].index("United States"), 2]
    assert short.max() < 2e-3 * DAILY_USE_T


@pytest.mark.parametrize(("e_d", "e_s"), [(0.3, 0.0), (0.3, 0.2)])
def test_a_plant_where_nothing_was_made_lowers_the_price_by_what_it_adds(e_d: float, e_s: float) -> None:
    """A fifth more supply for good: p_ref 1.2^(-1 / (e_d + e_s)), as for a loss of supply with the sign turned."""
    record = run(with_mexico(e_d=e_d, e_s=e_s, events={"p": plant(0.2 * 2.0 * DAILY_USE_T, start=100)}))
    assert spot(record)[-1] == pytest.approx(1.2 ** (-1.0 / (e_d + e_s)), rel=1e-4)
    assert spot(record)[99] == 1.0


def test_what_a_plant_is_worth_where_it_would_sell_as_buyers_buy() -> None:
    """Half of all is bought in each zone: a floor of 70 in one of them is worth (70 + 50)/2 to who sells nothing yet."""
    for price, decided in ((59.9, True), (60.1, False)):
        events = {"f": floor(70.0), "p": plant(10.0, incentive={"price_usd_per_kg": price, "for_days": 28})}
        mapping = with_mexico(days=200, e_d=0.0, zones=TWO_ZONES, events=events)
        mapping["regions"]["blocs"]["bloc"] = ["Japan", "Mexico", "United States"]
        assert (LogKind.PROJECT_DECIDED in [kind for _, kind in told(run(mapping), "p")]) is decided


@pytest.mark.parametrize(("country", "decided"), [("Japan", True), ("China", False)])
def test_a_mine_s_project_looks_at_the_price_of_its_zone(country: str, decided: bool) -> None:
    """Under a curb the price rises abroad and falls in China: only the mine abroad sees 60 USD/kg."""
    producer = {"material": "x", "stage": "mine", "country": country}
    project = {"type": "capacity_project", "producer": producer, "capacity_t_per_year": 100, "start": date(0)}
    incentive = {"incentive": {"price_usd_per_kg": 60, "for_days": 28}}
    mapping = market(days=700, zones=TWO_ZONES, events={"c": ban(100, 700), "p": {**project, **incentive}})
    stages = mapping["materials"]["x"]["stages"]
    stages["mine"] = {**stages["process"], "trade": {"lead_time_days": {"default": 10}}}
    record = run(mapping)
    days = [day for day, kind in told(record, "p") if kind is LogKind.PROJECT_DECIDED]
    assert bool(days) is decided
    if decided:
        looks = np.arange(7, 700, 7)
        enough = [day for day in looks if spot(record)[day - 1] >= 1.2]
        assert days == [enough[0] + 21]  # four looks in a row, the first included


def test_a_floor_on_the_product_is_no_price_of_its_ore() -> None:
    """A mine inside the bloc sells ore at its zone's market price; a floor for the last product does not reach it."""
    producer = {"material": "x", "stage": "mine", "country": "Japan"}
    project = {"type": "capacity_project", "producer": producer, "capacity_t_per_year": 100, "start": date(0)}
    incentive = {"incentive": {"price_usd_per_kg": 60, "for_days": 28}}
    mapping = market(days=300, events={"f": floor(70.0), "p": {**project, **incentive}})
    stages = mapping["materials"]["x"]["stages"]
    stages["mine"] = {**stages["process"], "trade": {"lead_time_days": {"default": 10}}}
    assert not told(run(mapping), "p")


def test_every_place_needs_a_zone() -> None:
    """A zone must be known before a mine's board asks for it in the middle of a run."""
    mapping = market(days=100, zones={"china": ["China"], "world": ["United States"]})
    with pytest.raises(ScenarioError, match="expected a zone for Japan"):
        scenario(mapping)
    scenario(market(days=100, zones={"china": ["China"], "world": ["bloc"]}))
