"""The hindcast of 2025: what is compared with what, and how well it does; measured, not aimed at."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest

import minsim
from minsim import Run
from minsim.charts.hindcast import plot_hindcast
from minsim.studies import hindcast as validation
from minsim.studies.hindcast import FORECASTS, errors, hindcast, observations


@pytest.fixture(scope="module")
def run() -> Run:
    return minsim.run("magnet-licences-2025", bracket=False)


@pytest.fixture(scope="module")
def table(run: Run) -> pd.DataFrame:
    return hindcast(run)


@pytest.fixture(scope="module")
def scores(table: pd.DataFrame) -> pd.DataFrame:
    return errors(table).set_index(["destination", "forecast"])


# ----------------------------------------------------------------------------------------------------------- observations


def test_every_observation_says_where_it_was_found_and_how_sure_it_is() -> None:
    for seen in observations():
        assert seen.source.startswith("http")
        assert seen.confidence in {"found", "derived"}
        assert seen.confidence == "found" or seen.note
        assert seen.tonnes > 0


def test_observed_months_of_the_world_sum_to_the_year_customs_published() -> None:
    assert math.fsum(seen.tonnes for seen in observations() if seen.destination == "World") == pytest.approx(
        57_392, abs=10
    )


def test_months_nobody_published_are_missing_not_zero(table: pd.DataFrame) -> None:
    missing = table[table.observed_t.isna()]
    assert set(zip(missing.destination, missing.month, strict=True)) == {
        ("United States", "2025-01"),
        ("United States", "2025-02"),
        ("United States", "2025-04"),
    }
    assert not missing.scored.any()


# --------------------------------------------------------------------------------------------------------------- forecasts


def test_licensing_began_on_4_april(run: Run) -> None:
    assert validation.curb_began(run) == dt.date(2025, 4, 4)


def test_months_before_licensing_are_shown_and_not_scored(table: pd.DataFrame) -> None:
    assert not table[table.month < "2025-04"].scored.any()
    assert table[table.scored].groupby("destination").size().to_dict() == {"United States": 8, "World": 9}


def test_before_licensing_the_run_is_its_baseline(table: pd.DataFrame) -> None:
    before = table[table.month < "2025-04"]
    assert before.simulated_t.to_list() == pytest.approx(before.no_change_t.to_list(), rel=1e-9)
    assert before.pause_t.to_list() == pytest.approx(before.no_change_t.to_list(), rel=1e-9)


def test_no_change_is_the_baseline_trade_of_the_chain(table: pd.DataFrame) -> None:
    year = table.groupby("destination").no_change_t.sum() / 365 * 365.25
    assert year["United States"] == pytest.approx(7_200, rel=1e-6)  # 0.72 of 10,000 t
    assert year["World"] == pytest.approx(58_100, rel=0.01)


def test_the_pause_lasts_45_working_days(table: pd.DataFrame) -> None:
    world = table[table.destination == "World"].set_index("month")
    lost_days = (world.no_change_t - world.pause_t).sum() / (world.no_change_t["2025-03"] / 31)
    assert lost_days == pytest.approx(63)
    assert world.pause_t["2025-05"] == 0.0


def test_the_world_holds_the_united_states(table: pd.DataFrame) -> None:
    world, states = (table[table.destination == place].set_index("month") for place in ("World", "United States"))
    assert (world.simulated_t > states.simulated_t).all()


def test_errors_are_what_their_names_say() -> None:
    made = pd.DataFrame(
        {
            "destination": "World",
            "observed_t": [100.0, 50.0, 7.0],
            "simulated_t": [90.0, 60.0, 7e9],
            "no_change_t": [100.0, 50.0, 0.0],
            "pause_t": [0.0, 0.0, 0.0],
            "scored": [True, True, False],
        }
    )
    row = errors(made).set_index("forecast").loc["minsim"]
    assert row.months == 2
    assert row.mean_error_t == 0.0
    assert row.mean_absolute_error_t == 10.0
    assert row.mape == pytest.approx((0.1 + 0.2) / 2)


def test_a_run_without_a_curb_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="expected a curb of China on magnets"):
        hindcast(minsim.run("rare-earth-magnets-2026", bracket=False))


# ------------------------------------------------------------------------------------------------- how well the model does


@pytest.mark.parametrize(("destination", "absolute_t", "mape"), [("World", 571, 0.15), ("United States", 88, 0.37)])
def test_errors_are_those_the_documentation_states(
    scores: pd.DataFrame, destination: str, absolute_t: float, mape: float
) -> None:
    row = scores.loc[destination, "minsim"]
    assert row.mean_absolute_error_t == pytest.approx(absolute_t, rel=0.15)
    assert row.mape == pytest.approx(mape, rel=0.2)


@pytest.mark.parametrize("measure", ["mean_absolute_error_t", "mape"])
def test_for_the_world_the_model_beats_both_naive_forecasts(scores: pd.DataFrame, measure: str) -> None:
    world = scores.loc["World"][measure]
    assert world["minsim"] < 0.7 * world[[name for name in FORECASTS.values() if name != "minsim"]].min()


@pytest.mark.parametrize("measure", ["mean_absolute_error_t", "mape"])
def test_for_the_united_states_a_plain_pause_does_better(scores: pd.DataFrame, measure: str) -> None:
    states = scores.loc["United States"][measure]
    assert states["nothing for 45 working days"] < states["minsim"] < states["no change"]


def test_the_trough_is_in_may_and_trade_is_back_in_july(table: pd.DataFrame) -> None:
    for _, months in table[table.month > "2025-03"].groupby("destination"):
        by_month = months.set_index("month")
        assert by_month.simulated_t.idxmin() == by_month.observed_t.idxmin() == "2025-05"
        assert by_month.simulated_t["2025-07"] > 0.95 * by_month.no_change_t["2025-07"]


def test_the_picture_has_a_panel_for_the_world_and_one_for_the_united_states(table: pd.DataFrame) -> None:
    figure = plot_hindcast(table)
    assert len(figure.axes) == 2
    assert [len(axes.lines) for axes in figure.axes] == [4, 4]
    drawn = figure.axes[0].lines[-1].get_ydata()
    assert list(drawn) == table[table.destination == "World"].observed_t.to_list()
