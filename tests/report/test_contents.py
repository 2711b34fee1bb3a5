"""What the page computes: stocks that might be bought, numbers moved one at a time, ranges of draws."""

import math
from dataclasses import replace

import numpy as np
import pytest
from report_pages import REGION, findings, salt

import minsim
from minsim.report.basis import Basis
from minsim.report.contents import Effort, gather
from minsim.report.decisive_inputs import InputEffect, InputScreening, nearest_first, screen_inputs
from minsim.report.sections import FirstScreen
from minsim.report.stock_options import forms_of, stock_option
from minsim.studies import ensemble
from minsim.studies.factors import factors_of

UNITED_STATES_STOCK = "materials.magnets.consumers.United States.stock_days"


def no_progress(what, done, wanted):
    pass


@pytest.fixture(scope="module")
def salt_run():
    return minsim.run(salt())


def test_a_stock_of_days_saves_as_many_days_at_the_reference_price(salt_run):
    place = [c.region for c in salt_run.record.network.consumers].index(REGION)
    lost = salt_run.measures["reference"]["shortfall_days"][place]
    purchase = stock_option(salt_run, place, "salt", "mine", 7.0)
    assert purchase.tonnes_t == pytest.approx(7.0 * 10.0)  # 3652.5 t a year
    assert purchase.cost_usd == pytest.approx(70.0 * 1000 * 2.0)
    assert purchase.saved_days == pytest.approx(7.0, abs=1e-9)
    assert purchase.saved_days_per_million_usd == pytest.approx(7.0 / 0.14)
    assert stock_option(salt_run, place, "salt", "mine", 1000.0).saved_days == pytest.approx(lost)


def test_without_a_price_a_purchase_has_no_cost(salt_run):
    unpriced = minsim.run(salt_run.scenario.with_overrides({"materials.salt.price_usd_per_kg": None}))
    purchase = stock_option(unpriced, findings("salt").focus, "salt", "mine", 7.0)
    assert math.isnan(purchase.cost_usd)
    assert math.isnan(purchase.saved_days_per_million_usd)
    assert purchase.saved_days == pytest.approx(7.0, abs=1e-9)


def test_forms_are_the_material_and_what_it_is_made_from():
    scenario = minsim.load_scenario("magnet-ban")
    assert forms_of(scenario, "magnets") == [
        ("magnets", "fabricate"),
        ("dytb-oxide", "process"),
        ("ndpr-oxide", "process"),
    ]


def test_magnets_help_the_united_states_and_oxide_does_not():
    """American magnet plants have no spare capacity for more oxide; magnets serve day for day."""
    found = {(p.material, p.days): p for p in findings("magnet-ban").stock_options}
    assert found["magnets", 30.0].saved_days == pytest.approx(30.0, abs=1e-6)
    assert found["magnets", 30.0].cost_usd == pytest.approx(found["magnets", 30.0].tonnes_t * 49e3)
    assert found["ndpr-oxide", 60.0].saved_days == pytest.approx(0.0, abs=1e-9)


def test_a_number_moved_alone_gives_the_run_with_that_number_set():
    found = findings("magnet-ban")
    (effect,) = [d for d in found.screening.effects if d.factor.name[0] == UNITED_STATES_STOCK]
    # Triangular 20, 38, 60: its quantiles by hand.
    ends = 20 + math.sqrt(0.05 * 40 * 18), 60 - math.sqrt(0.05 * 40 * 22)
    for days, lost in zip(ends, (effect.low, effect.high), strict=True):
        run = minsim.run(found.run.scenario.with_overrides({UNITED_STATES_STOCK: days}), bracket=False)
        assert lost == pytest.approx(run.measures["reference"]["shortfall_days"][found.focus], abs=1e-6)
    assert effect.central == found.run.measures["reference"]["shortfall_days"][found.focus]
    assert effect.span == pytest.approx(effect.low - effect.high)
    assert effect.factor.is_assumption


def test_numbers_stand_in_order_of_their_effect_and_idle_ones_are_left_out():
    screening = findings("magnet-ban").screening
    spans = [effect.span for effect in screening.effects]
    assert spans == sorted(spans, reverse=True)
    assert len(screening.effects) == screening.uncertain == 14
    assert 0 < len(screening.decisive) < 14
    assert all(effect.span > 0 for effect in screening.decisive)


def test_a_number_is_moved_around_the_draw_that_was_run():
    run = minsim.run(salt(), replication=3)
    screening = screen_inputs(run, "shortfall_days", 1, most_seconds=60, jobs=1, executor=None, progress=no_progress)
    (effect,) = screening.effects
    assert effect.central == run.measures["reference"]["shortfall_days"][1]
    # Stocks of 31 and 49 days, less 30 on the way: the ban lasts longer than either.
    assert effect.low - effect.high == pytest.approx(18.0, abs=1e-6)


def test_what_no_time_was_left_for_is_counted():
    run = minsim.run("magnet-ban", bracket=False)
    ticking = iter(range(100_000))

    class Clock:
        @staticmethod
        def monotonic():
            return next(ticking)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minsim.report.decisive_inputs.time", Clock)
        focus = findings("magnet-ban").focus
        screening = screen_inputs(
            run, "shortfall_days", focus, most_seconds=4, jobs=1, executor=None, progress=no_progress
        )
    assert len(screening.effects) == 3  # begun at seconds 1, 2 and 3
    assert screening.uncertain == 14


def test_numbers_of_other_materials_are_moved_last():
    run = minsim.run("gallium-germanium-antimony-suspension-ends", bracket=False)
    consumers = [(c.material, c.region) for c in run.record.network.consumers]
    factors = list(factors_of(run.scenario))
    ordered = nearest_first(run, factors, consumers.index(("germanium", "United States")))
    others = [".gallium." in f.name[0] or ".antimony." in f.name[0] for f in ordered]
    assert others == sorted(others)
    assert 0 < sum(others) < len(others)
    assert sorted(f.label for f in ordered) == sorted(f.label for f in factors)


def test_what_was_not_moved_is_told_though_nothing_moved_mattered():
    """The page of a large scenario said that no number mattered, when there was time for half of them only."""
    found = findings("salt")
    idle = [InputEffect(d.factor, d.central, d.central, d.central) for d in found.screening.effects]
    cut_short = InputScreening("shortfall_days", found.focus, tuple(idle), len(idle) + 2, 0)
    words = Basis(replace(found, screening=cut_short)).short_method()
    assert words.startswith("None of 1 uncertain number, moved one at a time, changes days of rock salt lost by ")
    assert words.endswith("; the other 2 were not moved.")


def test_tonnes_of_several_materials_are_not_added():
    """Whom most falls on is told in dollars: a tonne of tungsten is not a tonne of gallium."""
    scenario = minsim.load_scenario("japan-dual-use-ban-metals")
    both = scenario.with_overrides({"events.ban.importers": ["Japan", "South Korea"]})
    found = gather(minsim.run(both), Effort(draws=0, screening_seconds=0, jobs=1), no_progress)
    worth, tonnes = {}, {}
    for place, consumer in enumerate(found.run.record.network.consumers):
        for sums, metric in ((worth, "value_of_shortfall_usd"), (tonnes, "shortfall_t")):
            value = found.run.measures["reference"][metric][place]
            sums[consumer.region] = sums.get(consumer.region, 0.0) + value
    share, by_weight = (100 * sums["Japan"] / sum(sums.values()) for sums in (worth, tonnes))
    assert round(share) != round(by_weight)
    assert FirstScreen(found).paying()["title"].endswith(f"; {share:.0f}% of that falls on Japan")


def test_ranges_are_those_of_the_ensemble():
    found = findings("magnet-ban")
    other = ensemble("magnet-ban", 4)
    lost = other.column(found.focus, _metric("shortfall_days"))[0]
    spread = found.range_of(found.focus)
    assert spread.draws == spread.short == 4
    assert spread.days[0] == pytest.approx(np.quantile(lost, 0.05))
    assert spread.days[1] == pytest.approx(np.quantile(lost, 0.95))
    first = other.column(found.focus, _metric("onset_date"))[0]
    assert other.date(first.min()) <= spread.onset[0] <= spread.onset[1] <= other.date(first.max())


def _metric(name):
    from minsim.studies.monte_carlo.replications import METRICS

    return METRICS.index(name)


def test_the_focus_is_the_hardest_hit_or_the_thinnest():
    short, calm = findings("truce-lapses"), findings("truce-lapses-legal")
    assert short.run.record.network.consumers[short.focus].region == "South Korea"
    assert calm.run.record.network.consumers[calm.focus].region == "United States"
    assert calm.stock_options == []
    assert findings("calm").screening.metric == "min_commercial_cover_days"
    assert findings("calm").screening.short_runs == 0


def test_draws_and_screening_may_be_left_out():
    found = gather(minsim.run(salt()), Effort(draws=0, screening_seconds=0, jobs=1), no_progress)
    assert found.ensemble is None
    assert found.screening is None
    assert found.range_of(0) is None
