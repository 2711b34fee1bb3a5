"""Every metric against numbers worked out by hand on a closed-form ban."""

import datetime as dt
import math

import numpy as np
import pytest
import synthetic
from synthetic import DAYS, FROM, LEAD, PHI, STOCK, UNTIL, USE_T

from minsim.metrics import consumers, disturbances, stockpiles
from minsim.metrics.rows import assumption_row, metric_rows

US, JAPAN, EU = range(3)
ONSET = FROM + LEAD + math.floor(STOCK / PHI)
LOST_DAYS = PHI * (UNTIL - FROM) - STOCK


def rows(record):
    return {(row["material"], row["region"], row["metric"]): row for row in metric_rows(record)}


def value(record, metric, region="United States"):
    return rows(record)["magnets", region, metric]["value"]


@pytest.fixture(scope="module")
def unrouted():
    return synthetic.record("none")


@pytest.fixture(scope="module")
def with_vault():
    return synthetic.record("none", vault_t=300.0)


def test_closed_form_of_a_ban(unrouted):
    assert value(unrouted, "onset_date") == (synthetic.START + dt.timedelta(days=ONSET)).isoformat()
    assert value(unrouted, "shortfall_days") == pytest.approx(LOST_DAYS, rel=1e-9)
    assert value(unrouted, "shortfall_t") == pytest.approx(LOST_DAYS * USE_T, rel=1e-9)
    assert value(unrouted, "peak_shortfall_fraction") == pytest.approx(PHI)
    assert value(unrouted, "duration_days") == UNTIL + LEAD - ONSET
    assert value(unrouted, "fill_rate") == pytest.approx(1 - LOST_DAYS / DAYS)
    assert value(unrouted, "time_to_survive_days") == ONSET - FROM
    assert value(unrouted, "min_commercial_cover_days") == pytest.approx(0.0, abs=1e-12)
    assert value(unrouted, "from_stockpile_t") == 0.0
    assert value(unrouted, "destroyed_t") == 0.0


def test_last_date_to_act_is_before_the_onset_by_delivery_and_the_longest_authorisation(unrouted, with_vault):
    onset = synthetic.START + dt.timedelta(days=ONSET)
    assert value(unrouted, "last_date_to_act") == (onset - dt.timedelta(days=LEAD)).isoformat()
    assert value(with_vault, "last_date_to_act") == (onset - dt.timedelta(days=LEAD + 14)).isoformat()


def test_only_stockpiles_that_serve_a_region_delay_its_last_date_to_act():
    network = synthetic.network(vault_t=1.0)
    assert consumers.authorisation_days(network, US) == 14
    assert consumers.authorisation_days(network, JAPAN) == 0


def test_events_count_for_what_is_made_from_their_material():
    network = synthetic.network()
    materials = network.scenario.model.materials
    stage = type(network.scenario)(inputs={})
    materials["oxide"] = type(network.scenario)(stages={"process": stage})
    network.events[0].model.materials = ("oxide",)
    assert not disturbances.acting_disturbances(network, "magnets")
    materials["magnets"].stages["fabricate"].inputs = {"oxide": 0.35}
    assert disturbances.acting_disturbances(network, "magnets") == network.events


def test_a_region_that_is_never_short_has_nulls_and_not_zeros(unrouted):
    for metric in ("onset_date", "last_date_to_act", "time_to_survive_days"):
        assert value(unrouted, metric, "European Union") is None
    assert value(unrouted, "shortfall_t", "European Union") == 0.0
    assert value(unrouted, "duration_days", "European Union") == 0.0
    assert value(unrouted, "fill_rate", "European Union") == 1.0
    assert value(unrouted, "time_to_recover_days", "European Union") == 0.0


def test_a_region_that_uses_nothing_has_no_fill_rate_and_no_days(unrouted):
    idle = synthetic.changed(unrouted, sector=unrouted.sector * 0.0)
    idle.network.consumers = [synthetic.ConsumerInfo("magnets", c.region, 0.0, 0.0) for c in idle.network.consumers]
    assert value(idle, "fill_rate") is None
    assert value(idle, "shortfall_days") is None
    assert value(idle, "min_commercial_cover_days") is None
    assert value(idle, "peak_shortfall_fraction") == 0.0


# ---------------------------------------------------------------------------------------------------- survive and recover


def steady(stock_days, short_days=()):
    """A record in which the United States' stock is `stock_days` [days] each day, short on `short_days`."""
    base = synthetic.record("none", losses=(0.0, 0.0, 0.0))
    consumer, sector = base.consumer.copy(), base.sector.copy()
    consumer[:, US, 0] = np.asarray(stock_days) * USE_T
    sector[list(short_days), 2, consumers.SHORTFALL] = 0.5
    return synthetic.changed(base, consumer=consumer, sector=sector)


def stock(*pieces):
    days = np.full(DAYS, STOCK)
    for first, last, level in pieces:
        days[first:last] = level * STOCK
    return days


@pytest.mark.parametrize(
    ("pieces", "short", "expected"),
    [
        ([(300, 700, 0.5)], (), 700 - UNTIL),
        ([(300, 700, 0.985)], (), 700 - UNTIL),
        ([(300, 700, 0.995)], (), 0.0),
        ([(300, 400, 0.5)], (), 0.0),
        ([(300, 700, 0.5), (800, 810, 0.2)], (), 810 - UNTIL),
        ([(300, 700, 0.5)], (750,), 751 - UNTIL),
        ([(300, DAYS, 0.5)], (), None),
        ([], (DAYS - 1,), None),
    ],
)
def test_time_to_recover(pieces, short, expected):
    assert value(steady(stock(*pieces), short), "time_to_recover_days") == expected


def event(start, end, **changes):
    return synthetic.ScheduledEvent("e", "An event", changes.pop("type", "export_curb"), start, end, **changes)


@pytest.mark.parametrize(
    ("events", "survive", "recover"),
    [
        ([], None, None),
        ([event(100, None)], 200.0, None),
        ([event(100, DAYS)], 200.0, None),
        ([event(100, None), event(50, 350)], 250.0, 50.0),
        ([event(100, 350), event(50, 380)], 250.0, 20.0),
        ([event(-20, 350)], 320.0, 50.0),
        ([event(-20, 0), event(200, 200), event(DAYS, None)], None, None),
        ([event(0, None, type="capacity_project"), event(100, 350)], 200.0, 50.0),
    ],
)
def test_survival_and_recovery_count_from_disturbances_that_act(events, survive, recover):
    record = steady(stock((250, 400, 0.5)), [300])
    record.network.events = events
    assert value(record, "time_to_survive_days") == survive
    assert value(record, "time_to_recover_days") == recover


def test_events_of_other_materials_do_not_count(unrouted):
    record = synthetic.changed(unrouted)
    curb = record.network.events[0]
    other = type(curb.model)(materials=("gallium",))
    record.network.events = [synthetic.ScheduledEvent("early", "Gallium", "export_curb", 10, 20, model=other), curb]
    assert value(record, "time_to_survive_days") == ONSET - FROM


def test_without_rerouting_stock_never_returns_and_with_it_it_does(unrouted):
    assert value(unrouted, "time_to_recover_days") is None
    recovered = value(synthetic.record("reference"), "time_to_recover_days")
    # Stock grows by a fifth of a day's use a day, from the first day after the last that is short.
    assert recovered == LEAD - 1 + math.ceil(0.99 * STOCK / 0.2)


def test_growth_raises_what_counts_as_a_day_of_use_and_as_recovered():
    record = steady(stock())
    label = record.network.consumers[US]
    grown = synthetic.ConsumerInfo(label.material, label.region, USE_T, STOCK * USE_T, growth_per_year=0.05)
    record.network.consumers = [grown, *record.network.consumers[1:]]
    cover = consumers.commercial_cover_days(record)
    assert cover[0, US] == STOCK
    assert cover[-1, US] == pytest.approx(STOCK / 1.05 ** ((DAYS - 1) / 365.25))
    assert value(record, "time_to_recover_days") is None


# -------------------------------------------------------------------------------------------------------- short, and price


def test_a_day_is_short_by_a_billionth_of_demand_whatever_the_tonnes():
    for scale in (1.0, 1e-6, 1e6):
        flows = np.zeros((2, 1, 5))
        flows[:, 0, consumers.DEMAND] = scale
        flows[:, 0, consumers.SHORTFALL] = [0.9e-9 * scale, 1.1e-9 * scale]
        assert consumers.is_short(flows)[:, 0].tolist() == [False, True]


def test_shortfall_is_worth_the_reference_price_while_prices_are_off(unrouted):
    assert value(unrouted, "peak_price_ratio") is None
    assert value(unrouted, "value_of_shortfall_usd") == pytest.approx(LOST_DAYS * USE_T * 1000 * 60, rel=1e-9)
    assert value(unrouted, "value_of_shortfall_usd", "European Union") == 0.0


def test_without_any_price_shortfall_has_no_value(unrouted):
    scenario = synthetic.scenario()
    scenario.model.materials["magnets"].price_usd_per_kg = None
    record = synthetic.changed(unrouted)
    record.network.scenario = scenario
    assert value(record, "value_of_shortfall_usd") is None
    assert value(record, "value_of_shortfall_usd", "European Union") is None


def test_with_prices_on_shortfall_is_worth_the_price_of_its_day(unrouted):
    scenario = synthetic.scenario()
    scenario.model.materials["magnets"].prices = type(scenario)(reference_usd_per_kg=50.0)
    price = np.linspace(50.0, 200.0, DAYS)
    consumer = unrouted.consumer.copy()
    consumer[:, :, consumers.PRICE] = price[:, None]
    record = synthetic.changed(unrouted, consumer=consumer)
    record.network.scenario = scenario
    shortfall = unrouted.sector[:, :3, consumers.SHORTFALL].sum(axis=1)
    assert value(record, "peak_price_ratio") == pytest.approx(4.0)
    assert value(record, "value_of_shortfall_usd") == pytest.approx(1000 * float(shortfall @ price), rel=1e-9)


# -------------------------------------------------------------------------------------------------------------- stockpiles


def test_stockpile_metrics(with_vault):
    first = ONSET + 14
    date = synthetic.START + dt.timedelta(days=first)
    assert value(with_vault, "stockpile_opening_days") == 30.0
    assert value(with_vault, "stockpile_first_release_date") == date.isoformat()
    emptied = first + math.ceil(30.0 / PHI) - 1
    assert value(with_vault, "stockpile_exhausted_date") == (synthetic.START + dt.timedelta(days=emptied)).isoformat()
    assert value(with_vault, "stockpile_days_served") == pytest.approx(30.0)
    assert value(with_vault, "stockpile_spent_usd") == 0.0
    assert value(with_vault, "shortfall_days") == pytest.approx(LOST_DAYS - 30.0)
    assert value(with_vault, "from_stockpile_t") == pytest.approx(300.0)


def held(closing_t, released_t=0.0, spent_usd=0.0):
    base = synthetic.record("none", vault_t=1.0)
    holding = np.zeros((DAYS, 1, 4))
    holding[:, 0, consumers.CLOSING] = closing_t
    holding[:, 0, consumers.RELEASED] = released_t
    holding[:, 0, consumers.SPENT] = spent_usd
    return synthetic.changed(base, holding=holding)


def test_a_stockpile_that_was_always_empty_was_never_exhausted():
    record = held(0.0)
    assert value(record, "stockpile_exhausted_date") is None
    assert value(record, "stockpile_first_release_date") is None
    assert value(record, "stockpile_opening_days") == 0.0


def test_a_stockpile_emptied_on_the_first_day_was_full_before():
    record = held(0.0, released_t=np.where(np.arange(DAYS) == 0, 40.0, 0.0), spent_usd=2.0)
    assert value(record, "stockpile_opening_days") == 4.0
    assert value(record, "stockpile_exhausted_date") == synthetic.START.isoformat()
    assert value(record, "stockpile_spent_usd") == 2.0 * DAYS


def test_stockpiles_of_one_owner_count_together():
    base = held(30.0)
    network = base.network
    network.holdings = [network.holdings[0], network.holdings[0]]
    record = synthetic.changed(base, holding=np.repeat(base.holding, 2, axis=1))
    found = [row for row in metric_rows(record) if row["metric"] == "stockpile_opening_days"]
    assert [row["value"] for row in found] == [6.0]


# -------------------------------------------------------------------------------------------------------------------- rows


def test_units_are_named_and_rows_are_complete(with_vault):
    found = metric_rows(with_vault)
    assert len(found) == 3 * len(consumers.CONSUMER_UNITS) + len(stockpiles.STOCKPILE_UNITS)
    assert {row["unit"] for row in found} == {"date", "days", "t", "fraction", "ratio", "usd", "usd/kg"}
    for row in found:
        assert row["unit"] == {**consumers.CONSUMER_UNITS, **stockpiles.STOCKPILE_UNITS}[row["metric"]]
        assert row["value"] is None or type(row["value"]) in (float, str)


def test_scaling_all_tonnes_scales_tonnes_alone(unrouted):
    network = synthetic.network()
    network.consumers = [
        synthetic.ConsumerInfo(c.material, c.region, 2 * c.daily_use_t, 2 * c.stock_target_t) for c in network.consumers
    ]
    doubled = synthetic.Record(network, 2 * unrouted.sector, 2 * unrouted.consumer, unrouted.holding, unrouted.trade)
    for key, row in rows(unrouted).items():
        scale = 2.0 if row["unit"] in ("t", "usd") else 1.0
        other = rows(doubled)[key]["value"]
        assert other == (
            row["value"] if row["value"] is None or row["unit"] == "date" else pytest.approx(scale * row["value"])
        )


def test_assumption_share_counts_inputs_and_is_null_without_any():
    assert assumption_row(synthetic.scenario())["value"] == 0.25
    nothing = synthetic.scenario(inputs=lambda: ())
    assert assumption_row(nothing) == {
        "material": None,
        "region": None,
        "metric": "assumption_share",
        "value": None,
        "unit": "fraction",
    }
