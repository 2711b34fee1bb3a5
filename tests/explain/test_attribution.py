"""Which event costs whom how much: Shapley values on cases worked out by hand, and their laws on random ones."""

import itertools
import json
import math

import networks
import numpy as np
import pytest
from matplotlib.figure import Figure
from networks import DAILY_USE_T, ban, date

from minsim.explain.attribution import Coalitions, attribute, exact_parts, sampled_parts
from minsim.results import run as results

LENGTH = 300
PHI = 0.72


def bare(**events):
    """No stocks, no rerouting: the United States lose at once what is held back, day by day."""
    mapping = networks.closed_form(phi=PHI, stock=0.0, days=600)
    del mapping["stockpiles"]
    mapping["events"] = events
    return networks.scenario(mapping)


def parts(attribution, region="United States"):
    return {r["event"]: r["shortfall_t"] for r in attribution.rows if r["region"] == region}


def busy():
    """Six events that help and hinder one another."""
    mapping = networks.closed_form(vault=10, stock=5, days=600, behaviour={"contract_flex": 0.1})
    mapping["events"] = {
        "ban": ban(60, 200),
        "boom": {
            "type": "demand_shock", "materials": ["x"], "regions": "all",
            "factor": 1.2, "start": date(80), "duration_days": 300,
        },
        "canal": {
            "type": "chokepoint", "lanes": ["China -> United States"],
            "extra_days": 25, "start": date(200), "duration_days": 99,
        },
        "cut": ban(150, 200, exporter="Japan", cut=0.5),
        "fire": {
            "type": "outage", "producer": {"material": "x", "stage": "fabricate", "country": "China"},
            "availability": 0.4, "start": date(120), "duration_days": 150,
        },
        "plant": {
            "type": "capacity_project", "producer": {"material": "x", "stage": "fabricate", "country": "Japan"},
            "capacity_t_per_year": 20000, "start": date(100),
        },
    }  # fmt: skip
    return networks.scenario(mapping)


@pytest.fixture(scope="module")
def six():
    return attribute(busy())


def test_bans_on_disjoint_shares_add_up():
    found = parts(attribute(bare(china=ban(100, LENGTH), japan=ban(100, LENGTH, exporter="Japan"))))
    assert found["china"] == pytest.approx(PHI * DAILY_USE_T * LENGTH)
    assert found["japan"] == pytest.approx((1 - PHI) * DAILY_USE_T * LENGTH)


def test_events_that_do_the_same_share_alike():
    found = parts(attribute(bare(one=ban(100, LENGTH), other=ban(100, LENGTH))))
    assert found["one"] == pytest.approx(found["other"])
    assert found["one"] == pytest.approx(PHI * DAILY_USE_T * LENGTH / 2)


def test_an_overlap_is_shared_and_the_rest_is_not():
    # Both hold back the same share; they overlap for 100 days of 300 and 200.
    found = parts(attribute(bare(long=ban(100, 300), short=ban(300, 200))))
    assert found["long"] == pytest.approx(PHI * DAILY_USE_T * 250)
    assert found["short"] == pytest.approx(PHI * DAILY_USE_T * 150)


def test_stock_shared_by_two_bans_is_shared_alike():
    # Two equal cuts one after the other; a stock of 30 days saves as much whichever it meets first.
    mapping = networks.closed_form(phi=PHI, stock=30.0, vault=0.0, days=900)
    del mapping["stockpiles"]
    mapping["events"] = {"first": ban(100, LENGTH), "second": ban(400, LENGTH)}
    found = parts(attribute(networks.scenario(mapping)))
    assert sum(found.values()) == pytest.approx(PHI * DAILY_USE_T * 2 * LENGTH - 30 * DAILY_USE_T)
    assert found["first"] == pytest.approx(found["second"])


def test_an_event_that_changes_nothing_gets_nothing():
    found = attribute(
        bare(
            china=ban(100, LENGTH),
            idle=ban(100, LENGTH, cut=0.0),
            late=ban(590, 5),
            elsewhere=ban(100, 9, importers=["Japan"]),
        )
    )
    told = parts(found)
    assert told["china"] == pytest.approx(PHI * DAILY_USE_T * LENGTH)
    assert told["idle"] == told["late"] == told["elsewhere"] == 0.0


def test_events_that_do_not_happen_have_no_part_and_cost_no_run():
    found = attribute(bare(china=ban(100, LENGTH), rare=ban(100, LENGTH, probability=0.1)))
    assert found.events == ("china", "rare")
    assert found.acting == ("china",)
    assert parts(found)["rare"] == 0.0
    assert found.runs == 2


def test_without_events_nothing_is_divided():
    found = attribute(bare())
    assert found.rows == []
    assert found.table.empty
    assert isinstance(found.plot().figure, Figure)


def test_parts_sum_to_what_all_events_add(six):
    whole = results.run(busy(), bracket=False).measures["reference"]["shortfall_t"]
    np.testing.assert_allclose(six.parts_t.sum(axis=0), whole - six.undisturbed_t, atol=1e-9 * whole.max())
    assert six.runs == 64
    assert (six.errors_t == 0.0).all()
    assert (six.parts_t < 0).any()  # relief is part of it


def test_parts_are_means_over_every_order(six):
    coalitions = Coalitions(six.run)
    orders = list(itertools.permutations(range(3)))
    few = attribute(busy().only("ban", "boom", "fire"))
    added = np.zeros_like(few.parts_t)
    small = Coalitions(few.run)
    for order in orders:
        members = 0
        for k in order:
            added[k] += small.shortfall_t(members | 1 << k) - small.shortfall_t(members)
            members |= 1 << k
    np.testing.assert_allclose(few.parts_t, added / len(orders), atol=1e-9)
    np.testing.assert_array_equal(
        coalitions.shortfall_t(coalitions.everyone), six.run.measures["reference"]["shortfall_t"]
    )


def test_a_subset_is_the_scenario_with_only_these_events(six):
    coalitions = Coalitions(six.run)
    for names in (("ban", "fire"), ("boom", "canal", "plant")):
        members = sum(1 << coalitions.players.index(name) for name in names)
        alone = results.run(busy().only(*names), bracket=False).measures["reference"]["shortfall_t"]
        np.testing.assert_array_equal(coalitions.shortfall_t(members), alone)


def test_the_order_of_the_file_does_not_count():
    events = {"china": ban(100, LENGTH), "japan": ban(150, LENGTH, exporter="Japan"), "cut": ban(200, LENGTH, cut=0.5)}
    one, other = attribute(bare(**events)), attribute(bare(**dict(reversed(events.items()))))
    assert one.rows == other.rows


def test_sampled_parts_agree_with_exact_ones_within_their_errors(six):
    sampled = attribute(busy(), exact_up_to=0, orders=64)
    assert sampled.orders == 64
    assert sampled.errors_t.max() > 0
    np.testing.assert_allclose(sampled.parts_t.sum(axis=0), six.parts_t.sum(axis=0), atol=1e-6)
    felt = sampled.errors_t > 1e-9
    off = np.abs(sampled.parts_t - six.parts_t)[felt] / sampled.errors_t[felt]
    assert off.max() < 4.0
    assert (off < 2.0).mean() > 0.8
    np.testing.assert_allclose(sampled.parts_t[~felt], six.parts_t[~felt], atol=1e-6)


def test_standard_errors_shrink_with_more_orders(six):
    coalitions, network = Coalitions(six.run), six.run.record.network
    few, many = (sampled_parts(coalitions, network, pairs)[1].sum() for pairs in (8, 128))
    assert many < few / 2.5  # a quarter, but for chance


def test_sampling_is_the_same_each_time():
    one, other = (attribute(busy(), exact_up_to=2, orders=8) for _ in range(2))
    np.testing.assert_array_equal(one.parts_t, other.parts_t)


def test_two_orders_that_reverse_each_other_are_exact_for_two_events():
    coalitions = Coalitions(attribute(busy().only("ban", "fire")).run)
    sampled, errors = sampled_parts(coalitions, coalitions.network, 2)
    np.testing.assert_allclose(sampled, exact_parts(coalitions)[0], rtol=1e-12, atol=1e-9)
    assert errors.max() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("orders", [0, 2, 7])
def test_a_number_of_orders_that_cannot_be_is_refused(orders):
    with pytest.raises(ValueError, match="even number of orders"):
        attribute(busy(), orders=orders)


def test_hazards_are_the_same_in_every_subset():
    hazard = {
        "type": "outage", "availability": 0.0, "hazard": {"rate_per_year": 4, "repair_days": 20},
        "producer": {"material": "x", "stage": "fabricate", "country": "China"},
    }  # fmt: skip
    run = results.run(bare(china=ban(100, 50), plants=hazard), bracket=False)
    coalitions = Coalitions(run)
    hazards = 1 << coalitions.players.index("plants")
    alone = results.run(bare(plants=hazard), bracket=False).measures["reference"]["shortfall_t"]
    np.testing.assert_array_equal(coalitions.shortfall_t(hazards), alone)
    assert alone.max() > 0


def test_seed_and_replication_decide_the_draws():
    scenario = bare(china=ban(100, {"dist": "uniform", "low": 50, "high": 300}))
    central, drawn, again = attribute(scenario), attribute(scenario, replication=3), attribute(scenario, replication=3)
    assert parts(central)["china"] == pytest.approx(PHI * DAILY_USE_T * 175)
    assert parts(drawn) == parts(again) != parts(central)


def test_user_processes_take_part_in_every_subset():
    def closure(world):
        yield world.until(50)
        world.cap("mine", world.arcs(exporter="Japan", importers=["United States"]), fraction=1.0)

    run = results.run(bare(china=ban(100, LENGTH)), processes=[closure])
    found = attribute(run)
    assert parts(found)["china"] == pytest.approx(PHI * DAILY_USE_T * LENGTH)
    assert found.undisturbed_t.max() == pytest.approx((1 - PHI) * DAILY_USE_T * (600 - 50 - 30))


def test_table_and_json_hold_the_rows(six):
    assert list(six.table.columns) == ["material", "region", "event", "shortfall_t", "standard_error_t"]
    assert len(six.table) == 2 * 6
    told = json.loads(json.dumps(six.summary(), allow_nan=False))
    assert told["attribution"] == six.rows
    assert (told["method"], told["runs"], told["orders"]) == ("exact", 64, None)
    assert {row["step"] for row in told["waterfall"]} == {"naive", "rerouting", "leakage", "stockpiles"}


def test_picture_shows_every_part(six):
    figure = six.plot().figure
    axes = figure.axes[0]
    widths = sorted(abs(bar.get_width()) for bar in axes.patches)
    np.testing.assert_allclose(widths, sorted(np.abs(six.parts_t).ravel()), atol=1e-9)
    title = " ".join(text.get_text() for text in figure.texts).replace("\u00a0", " ")
    assert "explains" in title
    assert "Shapley" in title
    assert "assumptions" in title


def test_names_in_the_picture_do_not_cover_one_another(six):
    axes = six.plot().axes if hasattr(six.plot(), "axes") and six.plot().axes else six.plot()
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    for one, other in itertools.combinations(boxes, 2):
        apart_x = one.x1 <= other.x0 + 1 or other.x1 <= one.x0 + 1
        apart_y = one.y1 <= other.y0 + 2.5 or other.y1 <= one.y0 + 2.5
        assert apart_x or apart_y


def test_picture_in_axes_of_ones_own(six):
    own = Figure().add_subplot()
    assert six.plot(own) is own
    assert own.get_title(loc="left")


def test_more_events_than_colours_are_drawn_together():
    events = {f"cut-{k}": ban(60 + 40 * k, 20 + k, cut=0.1) for k in range(9)}
    found = attribute(bare(**events), orders=4)
    assert found.orders == 4
    names = [text.get_text() for text in found.plot().texts]
    assert any("3 other events" in name for name in names)


def test_files_appear_together(six, tmp_path):
    six.save(tmp_path / "out", command="minsim attribute busy")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        "attribution.csv", "attribution.json", "attribution.png", "attribution.svg", "manifest.json",
        "waterfall.csv", "waterfall.png", "waterfall.svg",
    }  # fmt: skip
    lines = (tmp_path / "out" / "attribution.csv").read_text("utf-8").splitlines()
    assert lines[0] == "material,region,event,shortfall_t,standard_error_t"
    assert math.isclose(sum(float(line.split(",")[3]) for line in lines[1:]), six.parts_t.sum(), rel_tol=1e-9)
    six.save(tmp_path / "out", plot=False)
    assert not (tmp_path / "out" / "attribution.png").exists()
