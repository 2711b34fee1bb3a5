"""Comparisons, sweeps, sizes and sensitivities, against what small scenarios must give."""

import numpy as np
import pytest

from minsim.errors import ScenarioError
from minsim.studies import compare, ensemble, sensitivity, size, sweep
from minsim.studies.sweeps import parse_over

SOUTH = ("salt", "Southland")


def test_a_scenario_differs_nowhere_from_itself(uncertain_use):
    found = compare(uncertain_use, uncertain_use, replications=6)
    assert found.names == ["salt (1)", "salt (2)"]
    assert not found.table["difference"].any()
    assert "differ nowhere" in found.answer().headline


def test_pairs_share_their_random_numbers(uncertain_events):
    weaker = uncertain_events.with_overrides({"stockpiles.reserve.target_days": 0})
    found = compare(uncertain_events, weaker, replications=40)
    row = found.table.query("region == 'Southland' and metric == 'shortfall_days'").iloc[0]
    a, b = (ensemble(s, 40).frame.query("region == 'Southland'") for s in (uncertain_events, weaker))
    paired = b["shortfall_days"].to_numpy() - a["shortfall_days"].to_numpy()
    assert row["difference"] == pytest.approx(paired.mean())
    assert row["se"] == pytest.approx(paired.std(ddof=1) / np.sqrt(40))
    assert row["se"] < 0.5 * np.hypot(a["shortfall_days"].std(), b["shortfall_days"].std()) / np.sqrt(40)
    assert "Southland loses" in found.answer().headline
    assert "more in" in found.answer().headline


def test_one_scenario_cannot_be_compared(uncertain_use):
    with pytest.raises(ValueError, match="two scenarios or more"):
        compare(uncertain_use)


def test_a_sweep_gives_what_single_ensembles_give(uncertain_events):
    found = sweep(uncertain_events, {"stockpiles.reserve.target_days": (0, 40)}, 10)
    for days in (0, 40):
        alone = ensemble(uncertain_events.with_overrides({"stockpiles.reserve.target_days": days}), 10)
        row = found.table.query(
            "`stockpiles.reserve.target_days` == @days and region == 'Southland' and metric == 'shortfall_days'"
        ).iloc[0]
        assert row["mean"] == pytest.approx(alone.days_lost(1).value)
        assert row["se"] == pytest.approx(alone.days_lost(1).se)
    chances = found.table.query("metric == 'probability_of_shortfall' and region == 'Southland'")["mean"].tolist()
    assert chances[0] >= chances[1]


def test_a_sweep_of_the_central_case_has_no_errors(uncertain_events):
    found = sweep(
        uncertain_events, {"events.ban.duration_days": (60, 120), "stockpiles.reserve.target_days": (0, 9, 18)}
    )
    assert found.points[1] == (60, 9)
    assert len(found.table.query("region == 'Southland' and metric == 'shortfall_days'")) == 6
    assert found.table["se"].isna().all()


def test_a_wrong_path_is_told_before_anything_runs(uncertain_events):
    with pytest.raises(ScenarioError, match="did you mean"):
        sweep(uncertain_events, {"stockpiles.reserv.target_days": (0, 40)}, 10)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=0:1:0.25", (0, 0.25, 0.5, 0.75, 1)),
        ("a.b=0:10:4", (0, 4, 8)),
        ("a.b=surplus_only,always", ("surplus_only", "always")),
        ("a.b={dist: uniform, low: 0, high: 1}", ({"dist": "uniform", "low": 0, "high": 1},)),
    ],
)
def test_grids_as_typed(text, values):
    assert parse_over(text) == ("a.b", values)


@pytest.mark.parametrize("text", ["a.b=0:10:0", "a.b=9:0:1", "a.b=x:y:z", "a.b="])
def test_grids_that_are_none(text):
    with pytest.raises(ScenarioError):
        parse_over(text)


def test_the_size_of_a_certain_gap_is_exact(certain):
    """With one outcome only, the smallest pile that serves is the days lost without any, rounded up."""
    without = certain.with_overrides({"stockpiles.reserve.target_days": 0})
    lost = ensemble(without, 1).days_lost(1).value
    found = size(certain, "reserve", "Southland", 1.0, full=True, replications=2)
    assert found.days == pytest.approx(np.ceil(lost), abs=1.0)
    assert (
        ensemble(certain.with_overrides({"stockpiles.reserve.target_days": found.days}), 1).probability_by(1).value == 0
    )
    less = certain.with_overrides({"stockpiles.reserve.target_days": found.days - 1})
    assert ensemble(less, 1).probability_by(1).value == 1
    assert "The 20 days of the scenario are not enough" in str(found.answer())
    assert found.usd_per_day == pytest.approx(4000 / 365.25 * 2000)


def test_a_size_serves_as_many_as_wanted(uncertain_events):
    found = size(uncertain_events, "reserve", "Southland", 0.8, replications=40)
    served = {level.days: level.service for level in found.levels}
    assert served[found.days] >= 0.8 > served[found.days - 1]
    low, high = found.interval
    assert low <= found.days
    assert high is None or found.days <= high


def test_no_size_serves_where_release_waits_for_a_shortfall(certain):
    slow = certain.with_overrides({"stockpiles.reserve.release": {"authorisation_days": 14}})
    found = size(slow, "reserve", "Southland", replications=2)
    assert found.days is None
    assert "takes 14 days to authorise" in str(found.answer())
    assert size(slow, "reserve", "Southland", at_most_days=15, replications=2).days is not None


@pytest.mark.parametrize(
    ("pile", "region", "hint"),
    [
        ("reserv", "Southland", "reserve"),
        ("reserve", "Southlan", "Southland"),
        ("reserve", "Northland", "serves nobody else"),
    ],
)
def test_unknown_names_are_errors_with_a_hint(certain, pile, region, hint):
    with pytest.raises(ScenarioError, match=hint):
        size(certain, pile, region)


class Stop(Exception):
    """Ends a question early, as a kill would."""


QUESTIONS = {
    "sweep": lambda scenario, **how: sweep(scenario, {"stockpiles.reserve.target_days": (0, 10, 20)}, 40, **how),
    "size": lambda scenario, **how: size(scenario, "reserve", "Southland", 0.8, replications=40, **how),
    "sensitivity": lambda scenario, **how: sensitivity(scenario, region="Southland", samples=20, **how),
    "compare": lambda scenario, **how: compare(scenario, scenario.without("flood"), replications=40, **how),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_goes_on_where_it_stopped_and_ends_the_same(uncertain_events, tmp_path, question):
    ask = QUESTIONS[question]
    done_before: list[int] = []

    def stop(done, wanted):
        if done >= 40:
            raise Stop

    with pytest.raises(Stop):
        ask(uncertain_events, out=tmp_path, progress=stop)
    kept = sorted((tmp_path / "parts").rglob("part-*.parquet"))
    assert kept
    (kept[0].parent / ".part-00000099-00000099.parquet.tmp").write_bytes(b"half a fi")
    again = ask(uncertain_events, out=tmp_path, progress=lambda done, wanted: done_before.append(done))
    assert done_before[0] > 0
    assert not list((tmp_path / "parts").rglob("*.tmp"))
    fresh = ask(uncertain_events)
    assert again.rows == fresh.rows
    assert again.summary() == fresh.summary()


def test_a_finished_question_computes_nothing_again(uncertain_events, tmp_path, monkeypatch):
    first = QUESTIONS["size"](uncertain_events, out=tmp_path)
    monkeypatch.setattr("minsim.studies.monte_carlo.batches.compute_values", None)  # whoever calls it fails
    assert QUESTIONS["size"](uncertain_events, out=tmp_path).rows == first.rows


def test_questions_that_differ_share_a_folder_without_mixing(uncertain_events, tmp_path):
    for days in (10, 20):
        made = uncertain_events.with_overrides({"stockpiles.reserve.release": {"authorisation_days": days}})
        own = QUESTIONS["size"](made, out=tmp_path, at_most_days=30)
        assert own.rows == QUESTIONS["size"](made, at_most_days=30).rows


def test_sizes_go_on_past_failures_and_name_them(failing):
    found = size(failing, "reserve", "Southland", 0.8, at_most_days=400, replications=16)
    assert found.failed_runs
    for level in found.levels:
        assert level.count + len(level.failures) == 16
    run = found.failed_runs[0]
    assert run.seed == 7
    assert "availability" in run.failure.cause
    assert set(run.changes) == {"stockpiles.reserve.target_days"}
    assert found.summary()["failures"][0]["replication"] == run.failure.replication
    assert "failed, of all sizes together" in str(found.answer())


def test_morris_finds_what_counts_and_what_does_not(uncertain_events):
    made = uncertain_events.with_overrides(
        {
            "events.flood": None,
            "events.ban.probability": 1.0,
            "events.ban.start": "2026-03-01",
            "materials.salt.price_usd_per_kg": {
                "dist": "uniform",
                "low": 1,
                "high": 3,
                "source": "assumption",
                "note": "x",
            },
        }
    )
    found = sensitivity(made, region="Southland")
    numbers = [row["number"] for row in found.rows]
    assert numbers[-1] == "materials.salt.price_usd_per_kg"
    assert found.rows[-1]["mu_star"] == 0.0
    assert found.rows[0]["mu_star"] > 10.0
    assert all(row["is_assumption"] for row in found.rows)
    assert "(assumption)" in str(found.answer())


def test_sobol_shares_the_variance(uncertain_events):
    made = uncertain_events.with_overrides(
        {"events.flood": None, "events.ban.probability": 1.0, "events.ban.start": "2026-03-01"}
    )
    found = sensitivity(made, region="Southland", method="sobol", samples=64)
    assert 0.7 < sum(row["first"] for row in found.rows) <= 1.15
    assert all(row["total"] >= row["first"] - 0.15 for row in found.rows)


def test_a_spread_moves_certain_numbers_too(certain):
    with pytest.raises(ScenarioError, match="fewer than two numbers"):
        sensitivity(certain)
    found = sensitivity(certain, region="Southland", spread=0.1, samples=2)
    names = [row["number"] for row in found.rows]
    assert "materials.salt.consumers.Southland.stock_days" in names
    assert "stockpiles.reserve.target_days" in names


def test_an_unknown_metric_is_an_error(uncertain_events):
    with pytest.raises(ScenarioError, match="shortfall_days"):
        sensitivity(uncertain_events, "shortfal_days")
