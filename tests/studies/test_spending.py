"""What a dollar buys: closed forms on one certain gap, the mix against every other, and the command."""

import itertools
import math

import pytest
import yaml
from click.testing import CliRunner

from minsim.cli.main import main
from minsim.errors import ScenarioError
from minsim.studies import ensemble, spend
from minsim.studies.budget_search import STEPS, Budget, Search
from minsim.studies.monte_carlo.batches import replication_runner
from minsim.studies.purchase_options import purchase_options, reference_cost

DAYS = 365
USE_T_PER_DAY = 4000 / 365.25
CARRYING = 1.0 + reference_cost("stock").value * DAYS / 365.25
USD_PER_DAY = 2000.0 * USE_T_PER_DAY * CARRYING
"""What a day of Southland's use costs as stock: USD 2 a kg, held to the end of the year."""


@pytest.fixture
def lost_days(certain):
    return ensemble(certain.with_overrides({"stockpiles.reserve": None}), 1).days_lost(1).value


def test_a_day_of_stock_saves_a_day_of_a_certain_gap(certain, lost_days):
    found = spend(certain, "Southland", 10 * USD_PER_DAY, over=["stock"])
    assert found.lost.value == pytest.approx(lost_days)
    (only,) = found.yields
    assert only.best.saved.value == pytest.approx(10.0, rel=0.01)
    assert only.per_million.value == pytest.approx(1e6 / USD_PER_DAY, rel=1e-9)
    assert found.mix.best.usd == pytest.approx(10 * USD_PER_DAY, rel=0.01)
    row = found.table.iloc[0]
    assert row["amount"] == pytest.approx(only.best.usd / (2000 * CARRYING))
    assert row["days_saved_se"] is None
    assert "nearly all" not in found.answer().headline


def test_more_money_than_the_gap_is_not_spent(certain, lost_days):
    found = spend(certain, "Southland", 40 * lost_days * USD_PER_DAY, over=["stock"])
    assert found.mix.best.usd == pytest.approx(lost_days * USD_PER_DAY, rel=0.05)
    assert found.mix.best.saved.value == pytest.approx(lost_days, rel=0.011)
    assert "more buys nothing more" in str(found.answer())


def test_the_own_stockpile_is_left_out_and_lends_its_rules(certain):
    slow = certain.with_overrides({"stockpiles.reserve.release": {"authorisation_days": 30}})
    quick, late = (spend(s, "Southland", 60 * USD_PER_DAY, over=["stock"]) for s in (certain, slow))
    assert late.question.options.replaced_stockpiles == ("reserve",)
    assert late.lost.value == pytest.approx(quick.lost.value)
    assert late.mix.best.saved.value < quick.mix.best.saved.value
    members = certain.with_overrides({"stockpiles.reserve.members": {"Southland": 0.5}})
    half = spend(members, "Southland", 1e9, over=["stock"])
    assert half.mix.best.saved.value == pytest.approx(0.5 * quick.lost.value, rel=0.02)
    assert "members' share of use" in str(half.answer())


def test_recycling_saves_what_the_own_supply_of_the_gap_is(certain):
    """No clock: buyers switch to a newcomer at home by spot and re-sourcing, so it saves days, and more saves no fewer."""
    costs = {"recycling.salt": 1000.0}
    found = spend(certain, "Southland", 3e6, over=["recycling"], costs=costs)
    (only,) = found.yields
    assert only.is_useful
    saved = [point.saved.value for point in only.curve]
    assert saved == sorted(saved)
    assert only.range_per_million == pytest.approx((only.per_million.value,) * 2)
    assert found.question.options.purchases[0].amount(3e6) == pytest.approx(3000.0)


def brute_force(search, purchases, caps, budget):
    """Best saving over every mix of steps that the budget allows."""
    amounts = [
        tuple(share * caps.get(i, 0.0) / STEPS for i, share in enumerate(shares))
        for shares in itertools.product(*(range(STEPS + 1) if i in caps else (0,) for i in range(len(purchases))))
    ]
    allowed = [a for a in amounts if math.fsum(a) <= budget]
    search.simulate(allowed)
    return max(search.point(a).saved.value for a in allowed)


@pytest.mark.parametrize("budget_days", [15, 60])
def test_the_mix_is_no_worse_than_any_other_of_its_steps(certain, budget_days):
    budget = budget_days * USD_PER_DAY
    options = purchase_options(certain, "Southland", ["salt"], {"recycling.salt": 900.0})
    question = Budget(certain, "Southland", ("salt",), budget, options, 7, None)
    with replication_runner(jobs=1) as computed:
        search = Search(question, computed)
        search.simulate([search.nothing])
        yields = search.alone()
        caps, needy = search.caps(yields)
        mix = search.mix(yields)
        steps = search.greedy(caps, needy)
        best = brute_force(search, options.purchases, caps, budget)
    assert len(caps) == 2
    assert mix.is_exact
    assert mix.best.saved.value >= best - 1e-9
    assert mix.best.usd <= budget * (1 + 1e-9)
    assert steps[-1].point.saved.value >= 0.9 * best  # step by step comes close, and is all there is for many purchases


def test_replications_pair_their_draws(uncertain_events):
    found = spend(uncertain_events, "Southland", 30 * USD_PER_DAY, over=["stock"], replications=20)
    (only,) = found.yields
    lost = {
        days: ensemble(uncertain_events.with_overrides({"stockpiles.reserve.target_days": days}), 20).frame.query(
            "region == 'Southland'"
        )
        for days in (0, only.best.usd / USD_PER_DAY)
    }
    without, with_it = (frame["shortfall_days"].to_numpy() for frame in lost.values())
    assert only.best.saved.value == pytest.approx((without - with_it).mean())
    assert only.best.saved.se == pytest.approx((without - with_it).std(ddof=1) / math.sqrt(20))
    assert "±" in str(found.answer())


@pytest.mark.slow
def test_oxide_helps_only_through_plants_and_plants_only_with_oxide():
    """More magnet plants alone are nothing while buyers have not approved them; a stock of oxide gives them work."""
    over = ["capacity.magnets.fabricate", "stock.ndpr-oxide"]
    found = spend("magnet-ban", "United States", 200e6, over=over)
    alone = {y.purchase.name: y.best.saved.value for y in found.yields}
    assert alone["capacity.magnets.fabricate"] < 0.01
    assert 0.1 < alone["stock.ndpr-oxide"] < 1.0
    assert found.mix.best.saved.value > 2 * alone["stock.ndpr-oxide"]


def test_wrong_names_are_errors_with_a_hint(certain):
    with pytest.raises(ScenarioError, match="Southland"):
        spend(certain, "Southlan", 1e6)
    with pytest.raises(ScenarioError, match="stock"):
        spend(certain, "Southland", 1e6, over=["stok"])
    with pytest.raises(ScenarioError, match=r"recycling\.salt"):
        spend(certain, "Southland", 1e6, costs={"recycling.sal": 1.0})
    with pytest.raises(ScenarioError, match="has no price"):
        spend(certain.with_overrides({"materials.salt.price_usd_per_kg": None}), "Southland", 1e6)


def test_it_goes_on_where_it_stopped(certain, tmp_path):
    class Stop(Exception):
        pass

    def stop(done, wanted):
        if done >= 10:
            raise Stop

    with pytest.raises(Stop):
        spend(certain, "Southland", 1e6, out=tmp_path, progress=stop)
    assert list((tmp_path / "parts").rglob("part-*.parquet"))
    assert spend(certain, "Southland", 1e6, out=tmp_path).summary() == spend(certain, "Southland", 1e6).summary()


def test_the_command_answers_and_writes(certain, tmp_path):
    file, out = tmp_path / "salt.yaml", tmp_path / "out"
    file.write_text(yaml.safe_dump(certain.resolved), "utf-8")
    given = ["spend", str(file), "--region", "Southland", "--budget-usd", "1e6", "--jobs", "1", "--out", str(out)]
    outcome = CliRunner().invoke(main, [*given, "--cost", "recycling.salt=900"], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.startswith("$1 million saves Southland up to ")
    names = {"spend.csv", "curves.csv", "mix.csv", "spend.png", "summary.json", "manifest.json", "parts"}
    assert {path.name for path in out.iterdir()} == names
    for wrong in (["--budget-usd", "much"], ["--cost", "recycling.salt"]):
        assert CliRunner().invoke(main, [*given, *wrong]).exit_code == 2
