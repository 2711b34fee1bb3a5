"""The waterfall of days lost: closed forms, and the reference run at its end."""

import json

import networks
import numpy as np
import pytest
import synthetic
from matplotlib.figure import Figure

import minsim
from minsim import results
from minsim.days_lost import STEPS, describe_waterfall, without_leakage, without_stockpiles

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
    assert list(found) == list(STEPS)
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
    assert list(mine["step"]) == list(STEPS)
    json.dumps(found.rows, allow_nan=False)


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
