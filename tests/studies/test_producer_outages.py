"""Stops of producer countries: simulated chains against single runs, closed forms by hand, the command."""

import json
import math

import pytest
from click.testing import CliRunner

from minsim.cli.main import main
from minsim.errors import ScenarioError
from minsim.reference.check import chain_scenario
from minsim.reference.screening import STOP_DAY, cover_days, exposure, stop_events
from minsim.studies import ensemble, stop_each_producer
from minsim.studies.producer_outages import AFTER_DAYS


@pytest.fixture(scope="module")
def stops():
    return stop_each_producer(["germanium", "bismuth"], replications=6)


def test_a_stop_is_the_ensemble_of_its_scenario(stops):
    import datetime as dt

    base = chain_scenario("germanium")
    start = base.model.start + dt.timedelta(days=STOP_DAY)
    end = start + dt.timedelta(days=365 + AFTER_DAYS)
    alone = ensemble(base.with_overrides({"end": end, **stop_events(base, "China", start, 365)}), 6, seed=1)
    place = next(k for k, p in enumerate(alone.schema.places) if p.region == "United States")
    row = stops.table.query("material == 'germanium' and country == 'China'").iloc[0]
    assert row["days_lost"] == pytest.approx(alone.days_lost(place).value)
    assert row["days_lost_se"] == pytest.approx(alone.days_lost(place).se)
    assert row["cvar_95_days"] == pytest.approx(alone.tail_days(place).value)
    assert row["probability_of_shortfall"] == alone.probability_by(place).value


def test_every_country_with_producers_is_stopped_once(stops):
    own = stops.table.query("material == 'germanium'")
    producers = chain_scenario("germanium").model.materials["germanium"].stages["process"].producers
    countries = {producer.country or name for name, producer in producers.items()} - {"Rest of world"}
    assert sorted(own["country"]) == sorted(countries)
    assert set(own["basis"]) == {"simulated"}
    assert own["days_lost"].is_monotonic_decreasing


def test_materials_without_a_chain_stand_in_closed_form_and_are_badged(stops):
    cover, _ = cover_days("bismuth")
    part, basis = exposure("bismuth", "China")
    assert basis == "imports"
    row = stops.table.query("material == 'bismuth' and country == 'China'").iloc[0]
    assert row["basis"] == "closed form"
    assert row["days_lost"] == pytest.approx(part * 365 - cover)
    assert math.isnan(row["days_lost_se"])
    assert (stops.table.query("material == 'bismuth'")["replications"] == 0).all()
    assert "bismuth" not in stops.answer().headline.lower()
    assert "no conclusion rests on them" in str(stops.answer())
    titles = [label.get_text() for label in stops.plot().get_yticklabels()]
    assert titles == ["Germanium", "Bismuth (screening only)"]


def test_another_region_has_its_own_losses_and_no_closed_forms():
    found = stop_each_producer(["germanium", "bismuth"], region="European Union", replications=2)
    assert set(found.table["material"]) == {"germanium"}
    with pytest.raises(ScenarioError, match="Japan"):
        stop_each_producer(["germanium"], region="Japn", replications=1)
    with pytest.raises(ScenarioError, match="germanium"):
        stop_each_producer(["germaniun"], replications=1)


def test_the_command_writes_and_goes_on(tmp_path, monkeypatch):
    from minsim.studies import producer_outages

    only = {key: entry for key, entry in producer_outages.materials().items() if key in ("germanium", "bismuth")}
    monkeypatch.setattr(producer_outages, "materials", lambda: only)
    given = ["screen", "--dynamic", "-n", "2", "--jobs", "1", "--out", str(tmp_path)]
    first = CliRunner().invoke(main, given, catch_exceptions=False)
    assert first.exit_code == 0, first.stderr
    assert "Bismuth  [screening only]" in first.stdout
    assert {path.name for path in tmp_path.iterdir()} == {
        "stops.csv",
        "stops.png",
        "summary.json",
        "manifest.json",
        "parts",
    }
    summary = (tmp_path / "summary.json").read_bytes()
    assert json.loads(summary)["replications"] == 2
    monkeypatch.setattr("minsim.studies.monte_carlo.batches.compute_values", None)  # whoever calls it fails
    assert CliRunner().invoke(main, given, catch_exceptions=False).exit_code == 0
    assert (tmp_path / "summary.json").read_bytes() == summary
    assert CliRunner().invoke(main, ["screen", "--dynamic", "--quick"]).exit_code == 2
