"""The waterfall of days lost: closed forms, and the reference run at its end."""

import json

import networks
import numpy as np
import pytest
import synthetic
from matplotlib.figure import Figure
from priced import REFERENCE, TWO_ZONES, flood, floor, market, tariff

import minsim
from minsim.results import run as results
from minsim.results.waterfall import STEPS, describe_waterfall, without_leakage, without_prices, without_stockpiles

PHI, LENGTH, STOCK, VAULT = 0.72, 300, 38.0, 60.0
SHARE, EXTRA = 0.25, 10


def scenario(*, leaks=False, **given):
    mapping = networks.closed_form(phi=PHI, length=LENGTH, stock=STOCK, vault=VAULT, **given)
    if leaks:
        leakage = {"share": SHARE, "via": ["Thailand"], "extra_days": EXTRA, "ramp_days": 0}
        mapping["events"]["curb"]["leakage"] = leakage
    return networks.scenario(mapping)


def steps(run, region="United States"):
    index = [c.region for c in run.record.network.consumers].index(region)
    return {step: float(days[index]) for step, days in run.days_lost.items()}


def test_closed_form_without_rerouting():
    found = steps(results.run(scenario(leaks=True)))
    naive = PHI * LENGTH - STOCK
    assert list(found) == [step for step in STEPS if step != "prices"]  # the scenario has none
    assert found["naive"] == pytest.approx(naive)
    assert found["rerouting"] == pytest.approx(naive)  # the behaviour itself says: none
    # What leaks in the last days of the curb arrives after the shortage.
    leaked = SHARE * PHI * (LENGTH - EXTRA)
    assert found["leakage"] == pytest.approx(naive - leaked)
    assert found["stockpiles"] == pytest.approx(naive - leaked - VAULT)


def test_the_last_step_is_the_run_itself():
    for asked in (
        scenario(leaks=True, behaviour={"contract_flex": 0.1}),
        scenario(),
        minsim.load_scenario("magnet-ban"),
    ):
        run = results.run(asked)
        np.testing.assert_array_equal(run.days_lost["stockpiles"], run.measures["reference"]["shortfall_days"])


def test_steps_are_the_scenarios_with_less_in_them():
    asked = scenario(leaks=True, behaviour={"contract_flex": 0.1, "switching_days": 200})
    run = results.run(asked)
    without_piles = asked.with_overrides({"stockpiles": None})
    bare = without_piles.with_overrides({"events.curb.leakage": None})
    for step, other, rerouting in (
        ("naive", bare, "none"),
        ("rerouting", bare, "reference"),
        ("leakage", without_piles, "reference"),
    ):
        np.testing.assert_array_equal(run.days_lost[step], results.run(other).measures[rerouting]["shortfall_days"])


def test_a_scenario_with_neither_is_run_no_more_than_its_bracket():
    mapping = networks.closed_form()
    del mapping["stockpiles"]
    plain = networks.scenario(mapping)
    assert without_stockpiles(plain) is plain
    assert without_leakage(plain) is plain
    run = results.run(plain)
    np.testing.assert_array_equal(run.days_lost["naive"], run.measures["none"]["shortfall_days"])
    np.testing.assert_array_equal(run.days_lost["leakage"], run.days_lost["rerouting"])


def test_draws_are_shared_by_all_steps():
    asked = scenario().with_overrides({"events.curb.duration_days": {"dist": "uniform", "low": 200, "high": 400}})
    found = steps(results.run(asked, replication=5))
    assert found["naive"] - found["stockpiles"] == pytest.approx(VAULT)
    assert found["naive"] != pytest.approx(PHI * LENGTH - STOCK)


def test_rows_stand_in_the_summary_and_a_line_in_the_answer():
    run = results.run(scenario(leaks=True))
    rows = {(r["region"], r["metric"]): r for r in run.summary()["metrics"]}
    for step, days in steps(run).items():
        row = rows["United States", f"waterfall_{step}_days"]
        assert row["value"] == pytest.approx(days)
        assert row["unit"] == "days"
    assert rows["Japan", "waterfall_naive_days"]["value"] == 0.0
    assert any(line.startswith("Step by step, the United States loses 178 days naively") for line in run.answer().lines)


def test_without_a_bracket_there_is_no_waterfall():
    run = results.run(scenario(), bracket=False)
    assert run.days_lost == {}
    assert not [row for row in run.metric_rows if row["metric"].startswith("waterfall")]
    assert run.waterfall().table.empty
    with pytest.raises(ValueError, match="bracket=True"):
        run.waterfall().plot()


def test_the_public_function_and_its_table():
    found = minsim.waterfall(scenario(leaks=True))
    assert list(found.table.columns) == ["material", "region", "step", "shortfall_days"]
    mine = found.table[found.table["region"] == "United States"]
    assert list(mine["step"]) == ["naive", "rerouting", "leakage", "stockpiles"]
    json.dumps(found.rows, allow_nan=False)


# ---------------------------------------------------------------------------------------------------------------- prices

BAN = {"c": networks.ban(100, LENGTH)}
PILE = {
    "vault": {
        "owner": "United States",
        "holds": {"x": "process"},
        "target_days": 30,
        "initial_fill": 0.2,
        "budget_usd": 20.0e6,  # four days of use at the reference of 50 USD/kg
        "fill": {"rule": "surplus_only", "max_days_per_month": 5, "price_ceiling_usd_per_kg": 55},
    }
}


def priced(**given):
    """A ban of 300 days from day 100 on a market of two zones; without prices, at a reference price."""
    given = {"days": 700, "behaviour": networks.NO_REROUTING, "events": BAN, "zones": TWO_ZONES, **given}
    mapping = market(**given)
    if "prices" not in mapping["materials"]["x"]:
        mapping["materials"]["x"]["price_usd_per_kg"] = REFERENCE
    return networks.scenario(mapping)


def test_the_price_step_is_worked_by_hand():
    """At still prices phi x length - stock; a price that nobody answers changes no tonne, one that users do, some."""
    asked = priced(e_d=0.3, stockpiles=PILE)
    run = results.run(asked)
    found = steps(run)
    phi = next(
        arc.base_flow_t_per_day / 100.0
        for arc in run.record.network.arcs
        if (arc.seller, arc.buyer) == ("China", "United States")
    )
    assert list(found) == list(STEPS)
    assert found["naive"] == pytest.approx(phi * LENGTH - 38.0)
    assert found["stockpiles"] == pytest.approx(found["naive"] - 6.0 - 4.0)  # a fifth of 30 days, and four bought
    assert found["prices"] == pytest.approx(run.measures["reference"]["shortfall_days"][1])
    assert found["prices"] < found["stockpiles"]
    deaf = steps(results.run(priced(e_d=0.0)))
    assert deaf["prices"] == deaf["stockpiles"] == pytest.approx(phi * LENGTH - 38.0)


def test_still_prices_are_a_scenario_without_prices():
    """To the bit, with a stockpile's purse, boards, floods, floors, duties and a project that waits for its price."""
    project = {
        "type": "capacity_project",
        "producer": {"material": "x", "stage": "process", "country": "Japan"},
        "capacity_t_per_year": 4000,
        "incentive": {"price_usd_per_kg": 60, "for_days": 28},
    }
    priced_events = {"f": flood(0.4, 10, 80), "p": floor(70.0, 20), "t": tariff(0.5, 30), "n": project}
    costs = {"Japan": {"cash_usd_per_kg": 45, "restart_usd_per_kg": 49, "mothball_after_days": 14}}
    given = {"japan": 0.3, "behaviour": None, "stockpiles": PILE}
    asked = priced(e_s=0.2, events=BAN | priced_events, costs=costs, **given)
    plain = priced(prices=False, **given)
    run, bare = results.run(asked), results.run(plain)
    for step, days in bare.days_lost.items():
        np.testing.assert_array_equal(run.days_lost[step], days)
    assert without_prices(plain) is plain
    assert steps(run)["stockpiles"] > 20.0
    assert steps(run)["prices"] != pytest.approx(steps(run)["stockpiles"], abs=1.0)


def test_a_flood_that_shuts_a_plant_costs_days_in_the_step_of_prices():
    run = results.run(minsim.load_scenario("flood-then-curb"))
    japan = steps(run, "Japan")
    assert japan["naive"] > 100.0 > japan["prices"] > japan["stockpiles"] + 30.0
    title = " ".join(text.get_text() for text in run.waterfall().plot().figure.texts).replace("\u00a0", " ")
    assert "Rerouting and prices cost the United States" in title
    assert "What users give up because of the price is not counted as lost." in " ".join(title.split())


def test_words_name_what_changes_nothing():
    told = describe_waterfall({"naive": 10.0, "rerouting": 10.0, "leakage": 12.0, "stockpiles": 12.0})
    assert told == "10 days naively and 12 days after leakage (rerouting and stockpiles change nothing)"
    assert "(stockpiles change nothing)" in describe_waterfall({"naive": 3.0, "rerouting": 2.0, "stockpiles": 2.0})


def test_picture_shows_each_step_of_each_region_hit():
    run = results.run(scenario(leaks=True))
    figure = run.waterfall().plot().figure
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches]
    found = list(steps(run).values())
    changes = np.abs(np.diff(found))
    np.testing.assert_allclose(widths, [found[0], *changes, found[-1]], atol=1e-9)
    title = " ".join(text.get_text() for text in figure.texts).replace("\u00a0", " ")
    assert "Leakage and stockpiles spare the United States 112 days of x; it still loses 66 days" in title


def test_picture_in_axes_of_ones_own_and_of_nobody_hit():
    own = Figure().add_subplot()
    run = results.run(scenario())
    assert run.waterfall().plot(own) is own
    calm = results.run(scenario().without("curb"))
    title = " ".join(text.get_text() for text in calm.waterfall().plot().figure.texts).replace("\u00a0", " ")
    assert "No region loses a day of x" in title


def test_runs_made_by_hand_need_no_waterfall():
    assert synthetic.finished().waterfall().rows == []
