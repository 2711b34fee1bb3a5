"""A company as an overlay on a scenario: a user within its region, with a stock and suppliers of its own."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import minsim
from minsim import charts
from minsim.charts import supply
from minsim.cli import main
from minsim.errors import BalanceError
from minsim.metrics.consumers import measure_consumers
from minsim.network.network import build_network
from minsim.report.stock_options import stock_options
from minsim.scenario.distributions import Draws, central
from minsim.simulation.engine import simulate

EXAMPLE = Path(__file__).parents[2] / "examples" / "company" / "my-company.yaml"


@pytest.fixture
def write(tmp_path):
    def written(name="Acme", region="United States", **own):
        own = {"use": {"magnets": 100}, "stock_days": 38} | own
        lines = [f"    {key}: {value}" for key, value in own.items()]
        path = tmp_path / "acme.yaml"
        head = ["format: 1", f"name: {name}", f"region: {region}", "materials:", "  magnets:"]
        path.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
        return path

    return written


def purchases(scenario, buyer, material="magnets"):
    """Baseline purchases of a buyer's last product by seller [t/year]."""
    network = build_network(scenario, Draws.central())
    return {
        row[2]: row[6] for row in network.baseline_trade() if (row[0], row[4]) == (material, buyer) and row[6] > 0.0
    }


def sold(scenario, material="magnets"):
    """Baseline sales of every seller to every region [t/year]."""
    flows = {}
    for made, stage, seller, _, _, region, tonnes in build_network(scenario, Draws.central()).baseline_trade():
        if made == material:
            flows[stage, seller, region] = flows.get((stage, seller, region), 0.0) + tonnes
    return flows


def days_lost(run, rerouting=None):
    rows = run.metric_rows if rerouting is None else [r for r in run.bracket_rows if r["rerouting"] == rerouting]
    return {row["region"]: row["value"] for row in rows if row["metric"] == "shortfall_days"}


# ------------------------------------------------------------------------------------------------------------ as its region


@pytest.fixture(scope="module")
def public():
    return minsim.run("magnet-ban")


def test_a_company_like_its_region_loses_as_many_days_while_nobody_reroutes(public, write):
    company = minsim.load_company(write())
    run = minsim.run(public.scenario.with_company(company))
    # Freely rerouted, it would lose fewer: sellers' spare capacity counts for more beside a small buyer's trade.
    for rerouting in ("none", "reference"):
        lost, before = days_lost(run, rerouting), days_lost(public, rerouting)
        assert lost["Acme"] == pytest.approx(lost["United States"], rel=1e-9)
        for region, days in before.items():
            assert lost[region] == pytest.approx(days, rel=1e-9, abs=1e-9)


def test_world_and_region_totals_stay(public, write):
    company = minsim.load_company(write(suppliers="[Japan, China]", stock_days=7))
    before, after = sold(public.scenario), sold(public.scenario.with_company(company))
    assert after.keys() == before.keys()
    for lane, tonnes in before.items():
        assert after[lane] == pytest.approx(tonnes, rel=1e-12, abs=1e-9)


# ---------------------------------------------------------------------------------------------------------------- suppliers


def test_suppliers_named_keep_the_regions_proportions(public, write):
    company = minsim.load_company(write(suppliers="[Japan, China]"))
    region = purchases(public.scenario, "United States")
    own = purchases(public.scenario.with_company(company), "Acme")
    assert own.keys() == {"China", "Japan"}
    assert sum(own.values()) == pytest.approx(100.0, rel=1e-12)
    assert own["China"] / own["Japan"] == pytest.approx(region["China"] / region["Japan"], rel=1e-9)


def test_shares_of_purchases_are_held(public, write):
    company = minsim.load_company(write(suppliers="{Japan: 0.75, China: 0.25, Rest of world: 0}"))
    scenario = public.scenario.with_company(company)
    assert purchases(scenario, "Acme") == pytest.approx({"Japan": 75.0, "China": 25.0}, rel=1e-12)
    arcs = [arc for arc in build_network(scenario, Draws.central()).arcs if arc.buyer == "Acme"]
    assert {arc.seller for arc in arcs} == {"Japan", "China", "Rest of world"}  # the last may be qualified in time


def test_a_company_without_the_curbed_supplier_is_spared(public, write):
    company = minsim.load_company(write(suppliers="[Japan]"))
    run = minsim.run(public.scenario.with_company(company))
    assert days_lost(run, "none")["Acme"] == 0.0
    answer = run.answer()
    assert answer.headline.startswith("Acme does not run short of NdFeB magnets; the United States loses")
    assert "Acme does not run short" in answer.lines[0]


def test_nothing_happens_without_events(write):
    company = minsim.load_company(write(suppliers="[Japan]", stock_days=3))
    run = minsim.run(minsim.load_scenario("rare-earth-magnets-2026").with_company(company), bracket=False)
    assert set(days_lost(run).values()) == {0.0}
    cover = run.daily.query("region == 'Acme'")["commercial_cover_days"]
    assert cover.min() == pytest.approx(3.0, rel=1e-9)
    assert cover.max() == pytest.approx(3.0, rel=1e-9)


def test_others_give_way_where_a_company_buys_more_than_its_region_does(public, write):
    company = minsim.load_company(write(use="{magnets: 3000}", suppliers="[Japan]"))
    scenario = public.scenario.with_company(company)
    network = build_network(scenario, Draws.central())
    assert purchases(scenario, "Acme") == pytest.approx({"Japan": 3000.0}, rel=1e-9)
    assert network.moved_t_per_year["magnets"] > 3000.0 - purchases(public.scenario, "United States")["Japan"] - 1.0
    outputs = {label.producer: label.output_t_per_day for label in network.sellers if label.material == "magnets"}
    for label in build_network(public.scenario, Draws.central()).sellers:
        if label.material == "magnets":
            assert outputs[label.producer] == pytest.approx(label.output_t_per_day, rel=1e-9)
    run = minsim.run(scenario.only(), bracket=False)
    assert set(days_lost(run).values()) == {0.0}
    assert "come from elsewhere than in the public scenario" in " ".join(run.answer().lines)


def test_a_seller_that_makes_too_little_is_an_error(public, write):
    company = minsim.load_company(write(use="{magnets: 9000}", suppliers="[European Union]"))
    scenario = public.scenario.with_company(company)
    with pytest.raises(BalanceError, match="no baseline trade balances with the suppliers of Acme"):
        build_network(scenario, Draws.central())


def test_suppliers_that_sell_nothing_to_the_region_are_an_error(public, write):
    closed = {"materials.magnets.stages.fabricate.trade.forbidden": ["European Union -> United States"]}
    scenario = public.scenario.with_overrides(closed)
    company = minsim.load_company(write(suppliers="[European Union]"))
    with pytest.raises(BalanceError, match=r"none of these sells magnets .* which buys from China 94.6%, Japan"):
        build_network(scenario.with_company(company), Draws.central())


# ------------------------------------------------------------------------------------------------------------ forms, end use


def test_forms_count_by_their_content(public, write):
    company = minsim.load_company(write(use="{magnets: 40, motors: {t_per_year: 2000, content: 0.03}}"))
    consumer = public.scenario.with_company(company).model.materials["magnets"].consumers["Acme"]
    assert consumer.demand_t_per_year == pytest.approx(100.0)


def test_an_end_use_is_taken_out_of_the_regions(public, write):
    company = minsim.load_company(write(use="{magnets: 1000}", end_use="vehicles"))

    def uses(scenario):
        sectors = build_network(scenario, Draws.central()).sectors
        return {(s.region, s.sector): s.daily_use_t for s in sectors if s.material == "magnets"}

    before, after = uses(public.scenario), uses(public.scenario.with_company(company))
    own = after.pop(("Acme", "vehicles"))
    assert own == pytest.approx(1000 / 365.25)
    assert after["United States", "vehicles"] == pytest.approx(before["United States", "vehicles"] - own)
    assert after["United States", "defence"] == pytest.approx(before["United States", "defence"])


def test_more_of_an_end_use_than_the_region_has_is_an_error(public, write):
    company = minsim.load_company(write(use="{magnets: 1000}", end_use="defence"))
    with pytest.raises(BalanceError, match=r"at most its 500 t/year for defence, got 1,?000"):
        build_network(public.scenario.with_company(company), Draws.central())


# ---------------------------------------------------------------------------------------------------------- command, errors


def test_the_example_runs_and_speaks_of_the_company(tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(
        main.main, ["run", "magnet-ban", "--company", str(EXAMPLE), "--out", str(out), "--no-plot", "--no-bracket"]
    )
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Example Motors loses ")
    assert "Example Motors" in (out / "daily.csv").read_text("utf-8")


def test_every_misfit_is_said_at_once_with_its_line(write, public):
    path = write(name="Japan", suppliers="[Chyna]", use="{magnets: 20000}", end_use="vehicle")
    with pytest.raises(minsim.ScenarioError) as caught:
        public.scenario.with_company(minsim.load_company(path))
    found = {(p.line, p.path): p.message for p in caught.value.problems}
    assert {path for _, path in found} == {
        "name",
        "materials.magnets.suppliers.0",
        "materials.magnets.use",
        "materials.magnets.end_use",
    }
    assert all(problem.file == str(path) and problem.line for problem in caught.value.problems)
    assert 'did you mean "China"' in found[8, "materials.magnets.suppliers.0"]


@pytest.mark.parametrize(
    ("name", "material", "region"),
    [("truce-lapses", "magnets", "South Korea"), ("drc-cobalt-quota", "cobalt", "United States")],
)
def test_the_same_under_licences_and_quotas(write, tmp_path, name, material, region):
    """Permits and quotas are shared pro rata, so that a part of a region gets its part of them."""
    scenario = minsim.load_scenario(name)
    path = write(region=region)
    path.write_text(path.read_text("utf-8").replace("  magnets:\n", f"  {material}:\n"), encoding="utf-8")
    stock = central(scenario.model.materials[material].consumers[region].stock_days)
    path.write_text(path.read_text("utf-8").replace("stock_days: 38", f"stock_days: {stock}"), encoding="utf-8")
    network = build_network(scenario.with_company(minsim.load_company(path)), Draws.central())
    measures = measure_consumers(simulate(network, "none"))
    days = zip(network.consumers, measures["shortfall_days"], strict=True)
    lost = {consumer.region: lost for consumer, lost in days if consumer.material == material}
    assert lost["Acme"] > 1.0
    assert lost["Acme"] == pytest.approx(lost[region], rel=1e-9)


def test_two_companies_in_one_region(public, write):
    one = public.scenario.with_company(minsim.load_company(write(name="Acme", suppliers="[China]")))
    two = one.with_company(minsim.load_company(write(name="Zenith & Co", suppliers="[Japan]")))
    assert sold(two) == pytest.approx(sold(public.scenario), rel=1e-9, abs=1e-9)
    assert purchases(two, "Acme") == pytest.approx({"China": 100.0})
    assert purchases(two, "Zenith & Co") == pytest.approx({"Japan": 100.0})
    with pytest.raises(minsim.ScenarioError, match='"Acme" is a place or user of the scenario already'):
        one.with_company(minsim.load_company(write(name="Acme")))


def test_an_event_cannot_name_a_company(public, write):
    scenario = public.scenario.with_company(minsim.load_company(write()))
    with pytest.raises(minsim.ScenarioError, match='unknown place "Acme"'):
        scenario.with_overrides({"events.ban.importers": ["Acme"]})


def test_a_wrong_file_stops_the_run_before_anything_is_written(write, tmp_path):
    path = write(stock_day=3, suppliers="China")
    out = tmp_path / "out"
    done = CliRunner().invoke(main.main, ["run", "magnet-ban", "--company", str(path), "--out", str(out)])
    assert done.exit_code == 2
    assert 'unknown key "stock_day"; did you mean "stock_days"?' in done.output
    assert "did you mean [China]?" in done.output
    assert not out.exists()


# ---------------------------------------------------------------------------------------------------- pictures and the page


def test_pictures_of_a_companys_supply_are_its_own_and_leave_the_rest_to_its_region(public, write):
    run = minsim.run(public.scenario.with_company(minsim.load_company(write())), bracket=False)
    own, rest, whole = (
        supply.Supply.of(r, "magnets", place).usual
        for r, place in ((run, "Acme"), (run, "United States"), (public, "United States"))
    )
    assert sum(own.values()) == pytest.approx(100 / 365.25 * supply.MONTH_DAYS)
    for seller in whole:
        assert own[seller] + rest[seller] == pytest.approx(whole[seller])
    drawn = charts.draw(run, "flows", region="Acme")
    assert any("Acme buys" in text.get_text() for text in drawn.texts)


def test_a_stock_bought_for_a_company_belongs_to_its_region(public, write):
    run = minsim.run(public.scenario.with_company(minsim.load_company(write())), bracket=False)
    acme = next(i for i, consumer in enumerate(run.record.network.consumers) if consumer.region == "Acme")
    [stock] = stock_options(run, acme, [30.0], lambda *_: None)[:1]
    assert stock.saved_days > 0
