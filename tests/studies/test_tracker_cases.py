"""Questions from public trackers, on a toy with answers in closed form.

China sells Japan 100 t a day, 20 days at sea, 30 days of stock: a ban of n >= 30 days costs n - 30 days of use.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import minsim
from minsim.cli.main import main
from minsim.scenario import Scenario, scenario_from_mapping
from minsim.scenario.distributions import central
from minsim.studies import compare, sensitivity, size, spend, sweep
from minsim.studies.answers import days
from minsim.studies.monte_carlo.estimates import Estimate

TOY: dict[str, Any] = {
    "format": 1,
    "title": "Tiny ban",
    "as_of": "2026-01-01",
    "start": "2027-01-01",
    "end": "2028-12-31",
    "source": "assumption",
    "note": "invented",
    "materials": {
        "ore": {
            "basis": "metal",
            "price_usd_per_kg": 10,
            "stages": {"mine": {"producers": {"China": {"share": 1.0}}}},
            "trade": {"lead_time_days": {"default": 20, "home": 5}},
            "consumers": {
                "Japan": {"demand_t_per_year": 36525, "stock_days": 30},
                "China": {"demand_t_per_year": 36525, "stock_days": 30},
            },
        }
    },
    "events": {
        "ban": {
            "type": "export_curb",
            "exporter": "China",
            "importers": ["Japan"],
            "materials": ["ore"],
            "start": "2027-03-01",
            "duration_days": 100,
            "measure": {"ban": True},
        }
    },
}
VAULT = {
    "stockpiles": {
        "vault": {
            "owner": "Japan",
            "holds": {"ore": "mine"},
            "target_days": 10,
            "fill": {"rule": "surplus_only"},
            "release": {"trigger": "shortfall", "authorisation_days": 0},
        }
    }
}
NO_BALANCE = "materials.ore.trade.tonnes_per_year.Australia -> Japan"
TWO_SELLERS = {
    "materials.ore.stages.mine.producers": {"China": {"share": 0.7}, "Australia": {"share": 0.3}},
    "materials.ore.trade.tonnes_per_year": {"Australia -> Japan": 10000},
}


def toy(changes: dict[str, Any] | None = None) -> Scenario:
    loaded = scenario_from_mapping(copy.deepcopy(TOY), name="toy")
    return loaded.with_overrides(changes) if changes else loaded


def saved(scenario: Scenario, path: Any) -> Any:
    path.write_text(yaml.safe_dump(scenario.resolved), "utf-8")
    return path


# ------------------------------------------------------------------------------------------------- a ban without an end


@pytest.mark.parametrize("end", ["2027-12-31", "2028-12-31"])
def test_no_size_is_named_where_the_shortage_outlasts_the_run(end):
    found = size(toy({**VAULT, "end": end, "events.ban.duration_days": None}), "vault", "Japan", replications=2)
    assert found.days is None
    assert found.summary()["smallest_days"] is None
    assert "the shortage still stands on the last day" in found.answer().headline


def test_a_ban_that_ends_has_a_size():
    found = size(toy(VAULT), "vault", "Japan", replications=2)
    assert found.days == 70.0
    assert found.standing == 0


def test_a_few_replications_that_outlast_the_run_count_as_not_served():
    lasting = {"dist": "choice", "values": [100, 2000], "weights": [0.7, 0.3]}
    made = toy({**VAULT, "events.ban.duration_days": lasting})
    found = size(made, "vault", "Japan", 0.5, replications=20)
    assert 0 < found.standing < 10
    assert found.days == 70.0
    assert max(level.served for level in found.levels) == 20 - found.standing
    assert size(made, "vault", "Japan", 0.99, replications=20).days is None


def test_a_run_says_that_its_shortage_does_not_end():
    run = minsim.run(toy({"events.ban.duration_days": None}))
    assert "The shortage still stands on the last day, 31 December 2028." in run.answer().lines[0]
    assert "still stands" not in str(minsim.run(toy()).answer())


# ------------------------------------------------------------------------------------------------- sensitivities


@pytest.mark.parametrize("probability", [0.5, 0.02, 0.98])
def test_an_event_that_may_happen_moves_what_it_costs(probability):
    price = {"dist": "uniform", "low": 5, "high": 15}
    made = toy({"events.ban.probability": probability, "materials.ore.price_usd_per_kg": price})
    found = sensitivity(made, region="Japan")
    first = found.rows[0]
    assert first["number"] == "events.ban happens"
    assert first["mu_star"] == pytest.approx(70.0)
    assert first["mu"] == pytest.approx(70.0)
    assert found.answer().lines[0] == "events.ban happens (assumption): 70 days"


def test_a_choice_moves_between_its_values_however_rare():
    lasting = {"dist": "choice", "values": [50, 90], "weights": [0.99, 0.01]}
    price = {"dist": "uniform", "low": 5, "high": 15}
    found = sensitivity(
        toy({"events.ban.duration_days": lasting, "materials.ore.price_usd_per_kg": price}), region="Japan"
    )
    assert found.rows[0]["mu_star"] == pytest.approx(40.0)


def test_a_branch_too_rare_for_sobol_is_said_to_be_unknown():
    price = {"dist": "uniform", "low": 5, "high": 15}
    made = toy({"events.ban.probability": 0.001, "materials.ore.price_usd_per_kg": price})
    found = sensitivity(made, region="Japan", method="sobol", samples=4)
    assert found.never_drawn == ("events.ban happens",)
    assert "uncertain" not in found.answer().headline
    assert "of unknown effect: events.ban happens" in str(found.answer())


def test_sobol_states_its_errors_and_takes_powers_of_two_alone():
    made = toy(
        {
            "events.ban.duration_days": {"dist": "uniform", "low": 60, "high": 140},
            "materials.ore.consumers.Japan.stock_days": {"dist": "uniform", "low": 20, "high": 40},
        }
    )
    line = sensitivity(made, region="Japan", method="sobol", samples=8).answer().lines[0]
    assert line.count("±") == 2
    with pytest.raises(
        minsim.ScenarioError, match="expected a power of two as base points of Sobol, got 30; give 16 or 32"
    ):
        sensitivity(made, region="Japan", method="sobol", samples=30)


def test_an_error_of_rounding_is_no_error():
    assert days(Estimate(19.0, 3.6e-15)) == "19 days"


# ------------------------------------------------------------------------------------------------- points that fail


def test_one_point_that_fails_leaves_the_others(tmp_path):
    path, out = saved(toy(TWO_SELLERS), tmp_path / "sw3.yaml"), tmp_path / "out"
    asked = ["sweep", str(path), "--over", f"{NO_BALANCE}=5000,10000,20000,40000", "--jobs", "1", "--out", str(out)]
    outcome = CliRunner().invoke(main, asked)
    assert outcome.exit_code == 1, outcome.output
    assert f"Not computed: {NO_BALANCE} = 40000." in " ".join(outcome.stdout.split())
    assert "4e+04 against" in outcome.stderr
    assert {"sweep.csv", "sweep.png", "summary.json"} <= {file.name for file in out.iterdir()}
    (failure,) = json.loads((out / "summary.json").read_text("utf-8"))["failures"]
    assert failure["changes"] == {NO_BALANCE: 40000}


def test_a_sweep_of_failing_points_alone_is_an_error():
    with pytest.raises(minsim.MinsimError, match="not one run could be computed"):
        sweep(toy(TWO_SELLERS), {NO_BALANCE: [40000, 50000]})


def test_one_scenario_that_fails_leaves_the_comparison_of_the_others():
    first, failing, third = toy(TWO_SELLERS), toy({**TWO_SELLERS, NO_BALANCE: 40000}), toy()
    found = compare(first, failing, third, replications=2)
    assert len(found.scenarios) == 2
    assert {row["replications"] for row in found.rows} == {2}
    assert [run.scenario for run in found.failed_runs] == [1, 1]
    assert "toy (2) is left out: BalanceError" in str(found.answer())
    assert found.plot().figure is not None
    with pytest.raises(minsim.MinsimError, match="nothing is left to compare with"):
        compare(failing, first, replications=1)


def failing_where(monkeypatch, is_failing):
    """Runs of some scenarios fail."""
    from minsim.studies.monte_carlo.replications import Replicator

    measure = Replicator.measure

    def fail(self, draws):
        if is_failing(self.scenario.model):
            raise ArithmeticError("this is too much")
        return measure(self, draws)

    monkeypatch.setattr(Replicator, "measure", fail)


def test_a_size_that_fails_leaves_the_others(monkeypatch):
    failing_where(monkeypatch, lambda model: central(model.stockpiles["vault"].target_days) > 100.0)
    found = size(toy(VAULT), "vault", "Japan", replications=2)
    failed = [level.days for level in found.levels if not level.count]
    assert failed
    assert min(failed) > 100.0
    assert found.days == 70.0
    assert f"Not computed: a target of {failed[0]:.0f} days. ArithmeticError: this is too much." in str(found.answer())
    assert found.plot().figure is not None
    json.dumps(found.summary(), allow_nan=False)


def test_purchases_that_fail_leave_what_is_known_without(monkeypatch):
    failing_where(monkeypatch, lambda model: bool(model.stockpiles))
    found = spend(toy(), "Japan", 2e8)
    assert found.lost.value == pytest.approx(70.0)
    assert "Not computed, at $200 million each: " in str(found.answer())
    assert "this is too much" in str(found.answer())
    assert found.plot().figure is not None
    json.dumps(found.summary(), allow_nan=False)


# ------------------------------------------------------------------------------------------------- how many, and who


def test_a_mean_says_of_how_many_replications_it_is():
    made = toy({"events.ban.duration_days": {"dist": "uniform", "low": 0, "high": 100}})
    found = sweep(made, {"materials.ore.consumers.Japan.stock_days": [30]}, 40)
    rows = {row["metric"]: row for row in found.rows if row["region"] == "Japan"}
    short = sum(found.values(0, found.places[0], "duration_days") > 0.0)
    assert rows["time_to_survive_days"]["replications"] == short == 24
    assert rows["shortfall_days"]["replications"] == 40


def test_where_nobody_is_short_nobody_is_named():
    found = sweep(toy(), {"events.ban.duration_days": [5, 10]})
    assert found.answer().headline == "Nobody runs short of ore at every point of the grid".replace("every", "any")
    assert found.places[0].region == "Japan"
    assert not any(line.startswith("Fewest") for line in found.answer().lines)


def test_points_that_tie_are_all_named():
    lines = sweep(toy(), {"events.ban.duration_days": [5, 10, 60]}).answer().lines
    assert lines[0] == (
        "Fewest days are lost at events.ban.duration_days = 5 and events.ban.duration_days = 10, most at "
        "events.ban.duration_days = 60."
    )
