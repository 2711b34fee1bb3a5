"""Drawn shares keep what is drawn, and shared draws lie at one quantile."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from minsim.errors import ScenarioError
from minsim.network.agents import Reader
from minsim.network.baseline import build_products
from minsim.network.regional_users import end_uses
from minsim.scenario.distributions import Draws, UnitDraws, dimensions, quantile
from minsim.scenario.format.numbers import Uniform
from minsim.scenario.scenario import scenario_from_mapping

TWO = """
format: 1
title: Two producers, uncertain shares
as_of: 2026-01-01
start: 2027-01-01
end: 2028-12-31
source: assumption
note: invented
materials:
  ore:
    basis: metal
    price_usd_per_kg: 10
    stages: {mine: {producers: {China: {share: {dist: uniform, low: 0.5, high: 0.9}}, Australia: {share: 0.3}}}}
    trade: {lead_time_days: {default: 20, home: 5}}
    consumers:
      Japan: {demand_t_per_year: 36525, stock_days: 30}
      China: {demand_t_per_year: 3652.5, stock_days: 30}
"""
PRODUCERS = "materials.ore.stages.mine.producers"
CHINA = f"{PRODUCERS}.China.share"


def scenario(producers=None, **consumers):
    mapping = yaml.safe_load(TWO)
    if producers is not None:
        mapping["materials"]["ore"]["stages"]["mine"]["producers"] = {
            name: {"share": share} for name, share in producers.items()
        }
    mapping["materials"]["ore"]["consumers"]["Japan"].update(consumers)
    return scenario_from_mapping(mapping)


def uniform(low, high, **more):
    return {"dist": "uniform", "low": low, "high": high, **more}


def outputs(found, draws):
    (product,) = build_products(Reader(found, draws))
    return {seller.producer: seller.output / product.output for seller in product.sellers}


def at(u):
    return UnitDraws(0, None, {(CHINA, "value"): u})


@pytest.mark.parametrize("u", [0.01, 0.25, 0.5, 0.99])
@pytest.mark.parametrize("other", [0.3, "rest"])
def test_a_drawn_share_is_simulated_as_drawn(u, other):
    shares = outputs(scenario({"China": uniform(0.5, 0.9), "Australia": other}), at(u))
    drawn = quantile(Uniform(dist="uniform", low=0.5, high=0.9), u)
    assert shares == pytest.approx({"China": drawn, "Australia": 1 - drawn}, abs=1e-9)


def test_plain_shares_give_way_in_proportion():
    found = scenario({"China": uniform(0.5, 0.7), "Australia": 0.3, "Chile": 0.1})
    assert outputs(found, at(0.25)) == pytest.approx({"China": 0.55, "Australia": 0.3375, "Chile": 0.1125}, abs=1e-9)


def test_beside_a_rest_plain_shares_stay():
    found = scenario({"China": uniform(0.5, 0.7), "Australia": 0.2, "Chile": "rest"})
    assert outputs(found, at(0.25)) == pytest.approx({"China": 0.55, "Australia": 0.2, "Chile": 0.25}, abs=1e-9)
    assert outputs(found, Draws.central()) == pytest.approx({"China": 0.6, "Australia": 0.2, "Chile": 0.2}, abs=1e-9)


def test_shares_of_end_uses_keep_what_is_drawn():
    sectors = {"cars": {"share": uniform(0.2, 0.6)}, "wind": {"share": 0.3}, "other": {"share": "rest"}}
    found = scenario(sectors=sectors)
    reader = Reader(found, UnitDraws(0, None, {("materials.ore.consumers.Japan.sectors.cars.share", "value"): 0.75}))
    (product,) = build_products(reader)
    buyers = [buyer for buyer in product.buyers if buyer.place.name == "Japan"]
    (uses,) = end_uses(reader, buyers)
    total = sum(uses.values())
    assert {name: use / total for name, use in uses.items()} == pytest.approx({"cars": 0.5, "wind": 0.3, "other": 0.2})


@pytest.mark.parametrize(
    ("producers", "telling"),
    [
        ({"China": "rest", "Australia": "rest"}, "one `share: rest`"),
        ({"China": 0.9, "Australia": 0.3, "Chile": "rest"}, "leave something"),
        ({"China": uniform(0.5, 0.9), "Australia": uniform(0.2, 0.4)}, "up to 1.3"),
        ({"China": uniform(0.5, 0.9), "Australia": 0.2, "Chile": "rest"}, "up to 1.1"),
        ({"China": uniform(0.4, 0.6), "Australia": uniform(0.4, 0.5), "Chile": 0.05}, "up to 1.1"),
        ({"China": uniform(0.4, 0.5), "Australia": {"dist": "choice", "values": [0.55, 0.5]}, "Chile": 0}, "sum to 1"),
        ({"China": {"dist": "triangular", "low": 0.3, "mode": 0.5, "high": 0.5},
          "Australia": {"dist": "triangular", "low": 0.3, "mode": 0.5, "high": 0.5}}, "gives way"),
    ],
)  # fmt: skip
def test_shares_that_cannot_sum_to_one_are_refused(producers, telling):
    with pytest.raises(ScenarioError) as caught:
        scenario(producers)
    assert all(problem.path == PRODUCERS for problem in caught.value.problems)
    assert telling in str(caught.value)


def test_numbers_that_share_a_draw_lie_at_one_quantile():
    found = scenario(
        demand_t_per_year=uniform(20_000, 50_000, shared="level"),
        stock_days={"dist": "triangular", "low": 10, "mode": 20, "high": 60, "shared": "level"},
    )
    japan, base = found.model.materials["ore"].consumers["Japan"], "materials.ore.consumers.Japan"
    draws = [Draws(1, k) for k in range(200)]
    demand = np.array([own.number(japan.demand_t_per_year, f"{base}.demand_t_per_year") for own in draws])
    stock = np.array([own.number(japan.stock_days, f"{base}.stock_days") for own in draws])
    expected = [quantile(japan.stock_days, (value - 20_000) / 30_000) for value in demand]
    assert stock == pytest.approx(expected, rel=1e-9)
    assert dimensions(found.model) == [(CHINA, "value"), ("shared.level", "value")]
    assert any("shared=level" in entry.text for entry in found.inputs())
    given = UnitDraws(1, 0, {("shared.level", "value"): 0.25})
    assert given.number(japan.demand_t_per_year, f"{base}.demand_t_per_year") == 27_500


def test_one_anchor_shares_a_draw_only_where_it_says_so():
    mapping = yaml.safe_load(TWO)
    ore = mapping["materials"].pop("ore")
    for shared, alike in ((None, False), ("use", True)):
        ore["consumers"]["Japan"]["demand_t_per_year"] = uniform(
            20_000, 50_000, **({"shared": shared} if shared else {})
        )
        found = scenario_from_mapping({**mapping, "materials": {"a": ore, "b": ore}})
        uses = {name: block.consumers["Japan"].demand_t_per_year for name, block in found.model.materials.items()}
        path = "materials.{}.consumers.Japan.demand_t_per_year"
        drawn = {Draws(1, 3).number(use, path.format(name)) for name, use in uses.items()}
        assert (len(drawn) == 1) == alike


def test_a_shared_name_that_nothing_else_has_is_warned_of():
    found = scenario(
        demand_t_per_year=uniform(20_000, 50_000, shared="level"), stock_days=uniform(10, 60, shared="levle")
    )
    assert sum("no other number shares" in warning for warning in found.warnings) == 2


def test_windows_that_share_a_draw_begin_on_one_day():
    mapping = yaml.safe_load(TWO)
    window = {"earliest": "2027-02-01", "latest": "2027-12-01", "shared": "day"}
    curb = {"type": "export_curb", "exporter": "China", "materials": ["ore"], "start": window, "measure": {"ban": True}}
    mapping["events"] = {"a": curb, "b": {**curb, "exporter": "Australia"}}
    found = scenario_from_mapping(mapping)
    windows = [(event.start, f"events.{name}.start") for name, event in found.model.events.items()]
    days = [[Draws(1, k).start(*window) for window in windows] for k in range(9)]
    assert all(one == other for one, other in days)
    assert len({one for one, _ in days}) > 5
