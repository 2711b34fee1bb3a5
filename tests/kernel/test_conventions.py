"""The conventions that decide numbers (the model, section 11), one by one, each with a number worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import ban, date, frame, network, run, sectors_of, shortfall_of

from minsim.kernel.rows import ArcRow, BuyerIndex, BuyerRow, ConsumerIndex, SellerRow
from minsim.kernel.state import NOTHING
from minsim.simulation.engine import Record, simulate
from minsim.simulation.log import LogKind

EXACT = {"rel": 1e-9, "abs": 1e-9}


def one_market(
    days: int,
    *,
    shares: dict[str, float] | None = None,
    stock: float = 10.0,
    behaviour: dict | None = None,
    events: dict | None = None,
    stockpiles: dict | None = None,
    sectors: dict | None = None,
    stages: tuple[str, ...] = ("fabricate",),
    **stage: Any,
) -> dict:
    """The United States use 100 t/day, from China 60, Japan 30 and Chile 10; nobody else buys. Lead 20 days."""
    producers = {
        name: {"share": share} for name, share in (shares or {"China": 0.6, "Japan": 0.3, "Chile": 0.1}).items()
    }
    block = {"producers": producers, "trade": {"lead_time_days": {"default": 20, "home": 5}}} | stage
    consumer = {"demand_t_per_year": 36525, "stock_days": stock} | ({"sectors": sectors} if sectors else {})
    material = {
        "basis": "metal",
        "price_usd_per_kg": 1,
        "stages": dict.fromkeys(stages, block),
        "consumers": {"United States": consumer},
    }
    mapping = frame(days, {"x": material})
    if behaviour is not None:
        mapping["behaviour"] = {"x": behaviour}
    return mapping | {"events": events or {}, "stockpiles": stockpiles or {}}


def end_of(mapping: dict, rerouting: str = "reference") -> tuple[Any, Record]:
    """The state in the evening of the last day, and the record."""
    ends: list[Any] = []

    def keep(world):
        ends.append(world.state)
        yield world.wait(0)

    record = simulate(network(mapping), rerouting, processes=[keep])
    return ends[0], record


def arcs(record: Record, field: str = "seller", buyer: str = "United States") -> dict[str, int]:
    """Columns of the arcs to a buyer, by seller."""
    return {getattr(arc, field): a for a, arc in enumerate(record.network.arcs) if arc.buyer == buyer}


def shares_at(mapping: dict, rerouting: str = "reference") -> dict[str, float]:
    """Contract shares of the United States in the evening of the last day."""
    state, record = end_of(mapping, rerouting)
    return {seller: state.value[ArcRow.SHARE, a] for seller, a in arcs(record).items()}


# --------------------------------------------------------------------------------------------------------- stages and days


def test_stages_run_in_their_order_whatever_the_file_says() -> None:
    """Mine, process, fabricate; a stage of another name says what it comes after."""
    mapping = one_market(5, stages=("fabricate", "mine", "process"))
    assert list(network(mapping).products) == [("x", "fabricate"), ("x", "process"), ("x", "mine")]
    stages = mapping["materials"]["x"]["stages"]
    stages["refine"] = stages["mine"] | {"after": "process"}
    stages["fabricate"] = stages["fabricate"] | {"after": "refine"}
    assert [stage for _, stage in network(mapping).products] == ["fabricate", "refine", "process", "mine"]


def test_an_event_of_n_days_and_its_end() -> None:
    """`duration_days: n` acts on start ... start + n - 1; `end:` is the first free day; the last day is simulated."""
    lasting = {"curb": ban(10, 7)}
    ending = {"curb": {key: value for key, value in ban(10, 7).items() if key != "duration_days"} | {"end": date(17)}}
    given = {"stock": 0.0, "behaviour": None}
    one, other = (run(one_market(50, events=events, **given), "none") for events in (lasting, ending))
    assert np.flatnonzero(shortfall_of(one)).tolist() == list(range(30, 37))
    assert np.array_equal(one.sector, other.sector)
    assert one.network.days == 50


# ------------------------------------------------------------------------------------------------------------- the market


def test_order_corrects_stock_and_pipeline_over_the_adjustment_time() -> None:
    """60 t lacked in the pipeline since yesterday: ask = 100 + 60/30."""
    state, record = end_of(one_market(2, events={"curb": ban(0, 9)}), "none")
    v = record.network.arrays["index"][ConsumerIndex.BUYER, 0]
    assert state.value[BuyerRow.ORDER, v] == pytest.approx(102.0, **EXACT)


def test_spot_share_counts_over_three_rounds_together() -> None:
    """60 t short on the first day, a fifth of the order of 100 t may be bought spot, in proportion to what is left.

    Japan has 14 days' stock of 30 t/day and 33 t output less 30 shipped, Chile a third of both: 15 t and 5 t.
    """
    _, record = end_of(one_market(1, events={"curb": ban(0, 9)}, behaviour={"contract_flex": 0.0}))
    shipped = {seller: record.trade[0, a] for seller, a in arcs(record).items()}
    assert shipped == {
        "China": 0.0,
        "Japan": pytest.approx(45.0, **EXACT),
        "Chile": pytest.approx(15.0, **EXACT),
    }


def test_three_spot_rounds() -> None:
    """Whoever a scarce seller disappoints claims again, three times; in the third round Japan is served in full.

    A ban leaves Brazil, France and Japan 20 t short and India 26 t. Left with the sellers are a day's output each: Chile
    25 t (for Brazil and India), Peru 20 (India, Japan), Australia 10 (Japan), Canada 25 (Japan, France). The first round
    empties Chile and Canada, India and Japan then empty Peru, and Australia is left to Japan.
    """
    outputs = {"Chile": 25.0, "Peru": 20.0, "Australia": 10.0, "Canada": 25.0, "China": 86.0}
    needs = {"Brazil": 40.0, "India": 46.0, "Japan": 40.0, "France": 40.0}
    lanes = {
        "Brazil": ["Chile"],
        "India": ["Chile", "Peru"],
        "Japan": ["Peru", "Australia", "Canada"],
        "France": ["Canada"],
    }
    trade = {
        "shares": {f"China -> {name}": 26 / 46 if name == "India" else 0.5 for name in needs},
        "forbidden": [f"{s} -> {b}" for b, own in lanes.items() for s in outputs if s not in (*own, "China")],
    }
    stage = {
        "producers": {name: {"share": tonnes / 166.0} for name, tonnes in outputs.items()},
        "product_stock_days": 1,
        "trade": trade,
    }
    consumers = {name: {"demand_t_per_year": tonnes * 365.25, "stock_days": 5} for name, tonnes in needs.items()}
    mapping = frame(1, {"x": {"basis": "metal", "stages": {"mine": stage}, "consumers": consumers}})
    mapping["behaviour"] = {"x": {"contract_flex": 0.0, "spot_share": 1.0}}
    mapping["events"] = {"curb": ban(0, 9, importers="all")}
    record = run(mapping)
    got = {
        buyer: sum(record.trade[0, k] for k, arc in enumerate(record.network.arcs) if arc.buyer == buyer)
        for buyer in needs
    }
    first = 25.0 / (20.0 + 26.0 * 25.0 / 45.0)  # what Chile serves of each claim
    assert got["Brazil"] == pytest.approx(20.0 + 20.0 * first, rel=1e-6)
    assert got["Japan"] == pytest.approx(40.0, rel=1e-6)  # 0.029 t of it in the third round
    assert sum(
        record.trade[0, k] for k, arc in enumerate(record.network.arcs) if arc.seller == "Peru"
    ) == pytest.approx(40.0)


def test_an_arc_is_open_to_spot_while_its_cap_exceeds_what_it_carries() -> None:
    """A cut by half leaves China 30 t, all of it called: spot tonnes come from the others alone."""
    _, record = end_of(one_market(1, events={"curb": ban(0, 9, cut=0.5)}, behaviour={"contract_flex": 0.0}))
    shipped = {seller: record.trade[0, a] for seller, a in arcs(record).items()}
    assert shipped["China"] == pytest.approx(30.0, **EXACT)
    assert shipped["Japan"] == pytest.approx(45.0, **EXACT)


def test_orders_expected_are_calls_before_caps_and_spot_tonnes() -> None:
    """A fourteenth of today's change, the same day; a curbed exporter expects what it was called for."""
    state, record = end_of(one_market(1, events={"curb": ban(0, 9)}, behaviour={"contract_flex": 0.0}))
    orders = {s.producer: state.value[SellerRow.EXPECTED_ORDERS, i] for i, s in enumerate(record.network.sellers)}
    assert orders["China"] == pytest.approx(60.0, **EXACT)
    assert orders["Japan"] == pytest.approx(30.0 + 15.0 / 14.0, **EXACT)


def test_need_for_inputs_is_orders_expected_as_updated_today() -> None:
    """Neither stock corrections nor capacity enter: two tonnes of feed for each tonne expected."""
    mapping = one_market(
        1, events={"curb": ban(0, 9, stage="process")}, behaviour={"contract_flex": 0.0}, stages=("mine", "process")
    )
    mapping["materials"]["x"]["stages"]["process"] = mapping["materials"]["x"]["stages"]["process"] | {"yield": 0.5}
    state, record = end_of(mapping)
    needs = {
        record.network.sellers[producer].producer: state.value[BuyerRow.NEED, v]
        for v, producer in enumerate(
            record.network.arrays["index"][BuyerIndex.PRODUCER, : len(record.network.buyer_names)]
        )
        if producer != NOTHING
    }
    assert needs["Japan"] == pytest.approx(2.0 * (30.0 + 15.0 / 14.0), **EXACT)
    assert needs["China"] == pytest.approx(120.0, **EXACT)


def test_output_answers_orders_and_the_stock_of_product() -> None:
    """On the second day Japan makes 30 + 15/14 for its orders and 15/30 for its stock, short of its capacity of 40."""
    given = {"events": {"curb": ban(0, 9)}, "behaviour": {"contract_flex": 0.0}, "utilisation": 0.75}
    state, record = end_of(one_market(2, **given))
    japan = next(i for i, s in enumerate(record.network.sellers) if s.producer == "Japan")
    assert state.value[SellerRow.OUTPUT, japan] == pytest.approx(30.0 + 15.0 / 14.0 + 15.0 / 30.0, **EXACT)


def test_a_seller_short_of_product_serves_calls_pro_rata() -> None:
    """China makes 66 of the 132 t/day called for; only a curb with `home_first` serves its own buyers first."""
    consumers = {
        "United States": {"demand_t_per_year": 100 * 365.25, "stock_days": 0},
        "China": {"demand_t_per_year": 60 * 365.25, "stock_days": 0},
    }
    producers = {"China": {"share": 132 / 160}, "Japan": {"share": 28 / 160}}
    trade = {"shares": {"China -> United States": 0.72}, "forbidden": ["Japan -> China"]}
    stage = {"producers": producers, "trade": trade, "utilisation": 1.0, "product_stock_days": 0}
    mapping = frame(59, {"x": {"basis": "metal", "stages": {"mine": stage}, "consumers": consumers}})
    producer = {"material": "x", "stage": "mine", "country": "China"}
    mapping["events"] = {"half": {"type": "outage", "producer": producer, "availability": 0.5, "start": date(31)}}
    record = run(mapping, "none")
    february = {(a.seller, a.buyer): record.trade[1, k] / 28 for k, a in enumerate(record.network.arcs)}
    assert february["China", "China"] == pytest.approx(30.0, **EXACT)
    assert february["China", "United States"] == pytest.approx(36.0, **EXACT)
    assert february["Japan", "United States"] == pytest.approx(28.0, **EXACT)

    mapping["events"]["curb"] = ban(31, 28, cut=0.01, home_first=True)
    record = run(mapping, "none")
    february = {(a.seller, a.buyer): record.trade[1, k] / 28 for k, a in enumerate(record.network.arcs)}
    assert february["China", "China"] == pytest.approx(60.0, **EXACT)
    assert february["China", "United States"] == pytest.approx(6.0, **EXACT)


# --------------------------------------------------------------------------------------------- re-sourcing, qualification


def test_shares_move_towards_who_could_supply() -> None:
    """Japan ships 30 and could make 10/3 more, Chile a third of that: shares move by 1/180 towards 3/4 and 1/4."""
    given = {"behaviour": {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": 180}}
    shares = shares_at(one_market(1, events={"curb": ban(0, 9)}, **given))
    assert shares["China"] == pytest.approx(0.6 * 179 / 180, **EXACT)
    assert shares["Japan"] == pytest.approx(0.3 + (0.75 - 0.3) / 180, **EXACT)
    assert shares["Chile"] == pytest.approx(0.1 + (0.25 - 0.1) / 180, **EXACT)


def test_what_a_cap_leaves_counts_as_supply() -> None:
    """A cut by half: China's weight is its cap of 30, though it could ship more."""
    given = {"behaviour": {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": 180}}
    shares = shares_at(one_market(1, events={"curb": ban(0, 9, cut=0.5)}, **given))
    total = 30.0 + 100.0 / 3.0 + 100.0 / 9.0
    assert shares["China"] == pytest.approx(0.6 + (30.0 / total - 0.6) / 180, **EXACT)


def test_shares_drift_back_once_no_cap_binds() -> None:
    """After ten days of ban the buyer is whole from day 10 on: each day takes 1/50 off the distance."""
    given = {"behaviour": {"contract_flex": 0.5, "spot_share": 0.0, "switching_days": 50}, "utilisation": 0.5}
    away = [shares_at(one_market(days, events={"curb": ban(0, 10)}, **given))["China"] - 0.6 for days in (10, 11, 31)]
    assert away[0] < -0.05
    assert away[1] == pytest.approx(away[0] * 0.98, **EXACT)
    assert away[2] == pytest.approx(away[0] * 0.98**21, **EXACT)


def test_shares_stay_while_a_cap_would_bind_at_baseline() -> None:
    """A cut of a third holds for good: whole again, the buyer keeps the shares that made it so."""
    given = {"behaviour": {"contract_flex": 0.5, "spot_share": 0.0, "switching_days": 5}, "utilisation": 0.5}
    curb = {"curb": ban(0, 900, cut=1 / 3)}
    early, late = (shares_at(one_market(days, events=curb, **given)) for days in (200, 400))
    assert early == late
    assert early["China"] < 0.5


@pytest.mark.parametrize(("days", "moved"), [(20, 0), (21, 1), (22, 2)])
def test_qualification_clock(days: int, moved: int) -> None:
    """It starts on the first day short, day 0; for 20 days no spot and no re-sourcing; then both."""
    given = {"behaviour": {"contract_flex": 0.0, "qualification_days": 20, "switching_days": 180, "spot_share": 0.2}}
    state, record = end_of(one_market(days, events={"curb": ban(0, 99)}, **given))
    columns = arcs(record)
    assert state.value[ArcRow.SHARE, columns["China"]] == pytest.approx(0.6 * (179 / 180) ** moved, **EXACT)
    bought_spot = state.value[SellerRow.SPOT_SHIPPED, : len(record.network.sellers)].sum()
    assert (bought_spot > 0.0) == (moved > 0)
    if not moved:
        assert record.trade[0, columns["Japan"]] == pytest.approx(30.0 * days, **EXACT)


def test_qualification_holds_arcs_to_baseline_and_flex() -> None:
    """While approval is pending a contract stretches to 30 x 1.1, and a seller without baseline trade stays closed."""
    given = {"behaviour": {"contract_flex": 0.1, "qualification_days": 20, "spot_share": 1.0}}
    _, record = end_of(
        one_market(19, events={"curb": ban(0, 99)}, shares={"China": 0.7, "Japan": 0.3, "Chile": 0.0}, **given)
    )
    columns = arcs(record)
    assert record.trade[0, columns["Japan"]] == pytest.approx(30.0 + 18 * 33.0, rel=0.05)
    assert record.trade[0, columns["Japan"]] <= 19 * 33.0
    assert record.trade[0, columns["Chile"]] == 0.0


def test_approval_is_permanent() -> None:
    """A second ban finds the buyer approved."""
    given = {"behaviour": {"contract_flex": 0.0, "qualification_days": 20, "spot_share": 0.2}, "stock": 40.0}
    curbs = {"first": ban(0, 2), "second": ban(100, 9)}
    state, record = end_of(one_market(101, events=curbs, **given))
    assert state.value[SellerRow.SPOT_SHIPPED, : len(record.network.sellers)].sum() > 0.0


def test_qualification_starts_on_the_announcement() -> None:
    """Announced 20 days ahead, approval comes with the ban: shares move on its first day."""
    given = {"behaviour": {"contract_flex": 0.0, "qualification_days": 20, "spot_share": 0.0, "switching_days": 180}}
    curb = ban(30, 99, announcement={"date": date(10)})
    shares = shares_at(one_market(31, events={"curb": curb}, **given))
    assert shares["China"] == pytest.approx(0.6 * 179 / 180, **EXACT)


# ---------------------------------------------------------------------------------------------------------------- curbs


@pytest.mark.parametrize("importers", ["all", ["east"]])
def test_all_or_a_bloc_never_includes_the_exporter(importers: Any) -> None:
    mapping = one_market(40, events={"curb": ban(0, 40, importers=importers)}, stock=0.0)
    mapping["materials"]["x"]["consumers"]["China"] = {"demand_t_per_year": 36525, "stock_days": 0}
    mapping["regions"] = {"blocs": {"east": ["China", "United States"]}}
    record = run(mapping, "none")
    assert not shortfall_of(record, "China").any()
    assert shortfall_of(record)[20:].all()


def test_overlapping_curbs_take_the_smallest_cap() -> None:
    """A cut by half and one by a fifth: half is left, not two fifths."""
    curbs = {"half": ban(0, 40, cut=0.5), "fifth": ban(0, 40, cut=0.2)}
    short = shortfall_of(run(one_market(40, events=curbs, stock=0.0), "none"))
    assert short[39] == pytest.approx(30.0, **EXACT)


def test_a_curb_on_sectors_falls_on_them_alone() -> None:
    """Cap = (1 - 0.8) x 60 t; the 48 t are taken from vehicles, though defence comes after them."""
    sectors = {"defence": {"share": 0.2, "priority": 2}, "vehicles": {"share": 0.8, "priority": 1}}
    record = run(one_market(40, events={"curb": ban(0, 40, sectors=["vehicles"])}, sectors=sectors, stock=0.0), "none")
    short = {record.network.sectors[k].sector: record.sector[30, k, 2] for k in sectors_of(record, "United States")}
    assert short == {"defence": pytest.approx(0.0, abs=1e-9), "vehicles": pytest.approx(48.0, **EXACT)}


def test_priorities_and_equals() -> None:
    """30 t of 90 are left: the first in line is whole, equals share alike."""
    sectors = {
        "defence": {"share": 0.1, "priority": 1},
        "vehicles": {"share": 0.6, "priority": 2},
        "other": {"share": 0.3, "priority": 2},
    }
    record = run(one_market(40, events={"curb": ban(0, 40)}, sectors=sectors, stock=0.0), "none")
    short = {record.network.sectors[k].sector: record.sector[30, k, 2] for k in sectors_of(record, "United States")}
    assert short == {
        "defence": pytest.approx(0.0, abs=1e-9),
        "vehicles": pytest.approx(40.0, **EXACT),
        "other": pytest.approx(20.0, **EXACT),
    }


def test_feed_none_needs_no_feed() -> None:
    """Scrap works on when the ore is banned; the rest stops when its 30 days of feed are used up."""
    producers = {"Japan": {"share": 0.7}, "Scrap": {"share": 0.3, "feed": "none", "country": "Japan"}}
    lead = {"lead_time_days": {"default": 20, "home": 5}}
    stages = {
        "mine": {"producers": {"China": {"share": 1.0}}, "trade": lead},
        "process": {"producers": producers, "trade": lead, "feed_stock_days": 30, "product_stock_days": 0},
    }
    consumers = {"United States": {"demand_t_per_year": 36525, "stock_days": 0}}
    mapping = frame(150, {"x": {"basis": "metal", "stages": stages, "consumers": consumers}})
    mapping["events"] = {"curb": ban(0, 150, importers=["Japan"])}
    short = shortfall_of(run(mapping, "none"))
    assert np.flatnonzero(short)[0] == 20 + 30 + 20
    np.testing.assert_allclose(short[71:], 70.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("hit", "lost"), [({"country": "Japan"}, 100.0), ({"producer": "Japan"}, 70.0), ({"producer": "Scrap"}, 30.0)]
)
def test_country_hits_every_producer_there(hit: dict, lost: float) -> None:
    producers = {"Japan": {"share": 0.7}, "Scrap": {"share": 0.3, "feed": "none", "country": "Japan"}}
    mapping = one_market(60, stock=0.0, product_stock_days=0)
    mapping["materials"]["x"]["stages"]["fabricate"]["producers"] = producers
    producer = {"material": "x", "stage": "fabricate"} | hit
    mapping["events"] = {"out": {"type": "outage", "producer": producer, "availability": 0.0, "start": date(0)}}
    assert shortfall_of(run(mapping, "none"))[40] == pytest.approx(lost, **EXACT)


# ------------------------------------------------------------------------------------------------------------- stockpiles


def vault(**given: Any) -> dict:
    return {"owner": "United States", "holds": {"x": "fabricate"}, "target_days": 30} | given


def test_a_monthly_rate_is_spread_evenly_and_purchases_travel() -> None:
    """Two days of use a month: 200 t / 30.4375 a day, from the first day, there after 20 days."""
    fill = {"rule": "surplus_only", "max_days_per_month": 2}
    record = run(one_market(60, stockpiles={"vault": vault(initial_fill=0.0, fill=fill)}), "none")
    daily = 200.0 / 30.4375
    np.testing.assert_allclose(record.holding[:, 0, 1], daily, rtol=1e-9)
    np.testing.assert_allclose(record.holding[:, 0, 0], daily * np.maximum(0, np.arange(60) - 19), rtol=1e-9, atol=1e-9)


def test_purchases_under_way_count_against_the_target() -> None:
    """A target of half a day's use is bought once, though nothing has arrived yet."""
    fill = {"rule": "surplus_only"}
    record = run(one_market(60, stockpiles={"vault": vault(target_days=0.5, initial_fill=0.0, fill=fill)}), "none")
    assert record.holding[:20, 0, 1].sum() == pytest.approx(50.0, rel=1e-6)
    assert record.holding[:, 0, 1].sum() == pytest.approx(50.0, rel=1e-6)


def test_surplus_is_unused_capacity_and_stock_beyond_target() -> None:
    """100 t/day are made at 90% of capacity: 11.1 t may be called; two stockpiles share it pro rata to their calls."""
    piles = {
        "large": vault(target_days=90, initial_fill=0.0, fill={"rule": "surplus_only"}),
        "small": vault(target_days=90, initial_fill=0.0, fill={"rule": "surplus_only"}),
    }
    alone = run(one_market(3, stockpiles={"large": piles["large"]}), "none")
    assert alone.holding[0, 0, 1] == pytest.approx(100.0 / 9.0, **EXACT)
    both = run(one_market(3, stockpiles=piles), "none")
    np.testing.assert_allclose(both.holding[0, :, 1], 100.0 / 18.0, rtol=1e-9)


def test_purchases_obey_policy_caps() -> None:
    """Banned from China, a stockpile calls the surplus of Japan and Chile alone: 40 x (1/0.9 - 1)."""
    piles = {"vault": vault(initial_fill=0.0, fill={"rule": "surplus_only"})}
    record = run(one_market(1, stockpiles=piles, events={"curb": ban(0, 9)}), "none")
    assert record.holding[0, 0, 1] == pytest.approx(40.0 / 9.0, **EXACT)
    assert record.trade[0, arcs(record, buyer="vault")["China"]] == 0.0


def test_a_price_ceiling_and_a_budget() -> None:
    """At 1000 USD/t, a budget of 5000 USD buys 5 t; a ceiling below the price buys nothing."""
    fill = {"rule": "surplus_only"}
    record = run(one_market(30, stockpiles={"vault": vault(initial_fill=0.0, fill=fill, budget_usd=5000)}), "none")
    assert record.holding[:, 0, 1].sum() == pytest.approx(5.0, **EXACT)
    assert record.holding[:, 0, 3].sum() == pytest.approx(5000.0, **EXACT)
    dear = vault(initial_fill=0.0, fill=fill | {"price_ceiling_usd_per_kg": 0.99})
    assert not run(one_market(30, stockpiles={"vault": dear}), "none").holding[:, 0, 1].any()


SECTORS = {"defence": {"share": 0.2, "priority": 1}, "other": {"share": 0.8, "priority": 2}}


@pytest.mark.parametrize(
    ("listed", "released"),
    [
        (None, {"defence": 20.0, "other": 30.0}),
        (["other", "defence"], {"other": 50.0, "defence": 0.0}),
        (["defence"], {"defence": 20.0, "other": 0.0}),
    ],
)
def test_sectors_are_served_in_the_order_listed(listed: list[str] | None, released: dict[str, float]) -> None:
    """Nothing is left on the market; half a day's use is released a day."""
    release = {"max_days_per_day": 0.5} | ({"sectors": listed} if listed else {})
    mapping = one_market(
        40, shares={"China": 1.0}, sectors=SECTORS, stock=0.0, events={"curb": ban(0, 99)},
        stockpiles={"vault": vault(release=release)},
    )  # fmt: skip
    record = run(mapping, "none")
    got = {record.network.sectors[k].sector: record.sector[25, k, 4] for k in range(2)}
    assert got == {name: pytest.approx(tonnes, **EXACT) for name, tonnes in released.items()}


def test_the_triggering_gap_is_that_of_the_sectors_served() -> None:
    """40 t are left: defence is whole, and its stockpile stays shut and goes on buying."""
    pile = vault(
        initial_fill=0.5, fill={"rule": "surplus_only", "max_days_per_month": 1}, release={"sectors": ["defence"]}
    )
    record = run(
        one_market(60, sectors=SECTORS, stock=0.0, events={"curb": ban(0, 99)}, stockpiles={"vault": pile}), "none"
    )
    assert shortfall_of(record)[25:].all()
    assert not record.holding[:, 0, 2].any()
    assert record.holding[30:, 0, 1].all()


def test_entitlements_are_shares_of_the_gap() -> None:
    """60 t are missing, all of other's; the stockpile may serve 40% of that."""
    pile = vault(members={"other": 0.4, "defence": 1.0})
    record = run(
        one_market(40, sectors=SECTORS, stock=0.0, events={"curb": ban(0, 99)}, stockpiles={"vault": pile}), "none"
    )
    assert record.holding[25, 0, 2] == pytest.approx(24.0, **EXACT)
    assert shortfall_of(record)[25] == pytest.approx(36.0, **EXACT)


def test_a_cover_trigger_starts_authorisation_only() -> None:
    """10 days of stock fall below 5 days of cover on the ninth day; 14 days later releases may start, and gaps wait for it.

    The ban of day 0 is felt on day 20. Stock falls by 60 t a day: 1000 - 60 x 9 = 460 t on day 28, the trigger day; it is
    empty on day 36; releases start on day 42.
    """
    pile = vault(release={"trigger": {"cover_below_days": 5}, "authorisation_days": 14})
    record = run(one_market(60, events={"curb": ban(0, 99)}, stockpiles={"vault": pile}), "none")
    short = shortfall_of(record)
    assert np.flatnonzero(short).tolist() == list(range(36, 42))
    assert np.flatnonzero(record.holding[:, 0, 2]).tolist() == list(range(42, 60))
    assert [entry.day for entry in record.log if entry.kind is LogKind.RELEASE_AUTHORISED] == [42]


def test_no_filling_from_the_trigger_until_stocks_are_back_at_99_percent() -> None:
    """Authority ends on a day without a gap with closing stock at 99% of target or more; then filling starts."""
    pile = vault(
        initial_fill=0.2, fill={"rule": "surplus_only", "max_days_per_month": 1}, release={"authorisation_days": 3}
    )
    given = {"behaviour": {"contract_flex": 0.3, "spot_share": 0.5, "switching_days": 30}, "utilisation": 0.6}
    record = run(one_market(600, events={"curb": ban(50, 60)}, stockpiles={"vault": pile}, stock=5.0, **given))
    bought, released, stock = record.holding[:, 0, 1], record.holding[:, 0, 2], record.consumer[:, 0, 0]
    gap = shortfall_of(record) + record.sector[:, 0, 4]
    trigger = int(np.flatnonzero(gap)[0])
    restored = np.flatnonzero((stock >= 0.99 * 500.0) & (gap == 0.0))
    end = int(restored[restored >= trigger + 3][0])
    assert bought[:50].all()
    assert not released[: trigger + 3].any()
    assert released[trigger + 3] > 0.0
    assert not bought[trigger : end + 1].any()
    assert bought[end + 1] > 0.0
    assert end > trigger + 10


def test_an_intermediate_uses_other_inputs_from_their_own_stocks() -> None:
    """A tonne of magnets takes 0.3 t of each oxide; one is held, the other is drawn from the fabricator's own stock.

    The United States use 100 t/day and fabricate 20 at half of capacity; the 80 t from China are banned. 20 t a day are
    worked up, for which 6 t of the other oxide are used beyond the 6 t that come in: 10 days' stock of 60 t lasts 10 days.
    """
    makers = {"China": {"share": 0.9}, "United States": {"share": 0.1}}
    lead = {"lead_time_days": {"default": 20, "home": 5}}
    oxide = {"basis": "oxide", "stages": {"process": {"producers": {"China": {"share": 1.0}}, "trade": lead}}}
    stage = {
        "inputs": {"held": 0.3, "other": 0.3},
        "feed_stock_days": 10,
        "utilisation": 0.5,
        "producers": makers,
        "trade": lead | {"forbidden": ["United States -> China"]},
    }
    consumers = {name: {"demand_t_per_year": 36525, "stock_days": 0} for name in ("United States", "China")}
    magnets = {"basis": "product", "stages": {"fabricate": stage}, "consumers": consumers}
    mapping = frame(80, {"held": oxide, "other": oxide, "x": magnets})
    mapping["events"] = {"curb": ban(0, 80)}
    mapping["stockpiles"] = {"vault": {"owner": "United States", "holds": {"held": "process"}, "target_days": 30}}
    record = run(mapping, "none")
    released = record.holding[:, 0, 2]
    assert record.network.holdings[0].target_t == pytest.approx(30 * 30.0)  # embodied in 100 t/day of magnets
    np.testing.assert_allclose(released[20:30], 6.0, rtol=1e-9)
    assert released[31:].max() < 0.1
    np.testing.assert_allclose(shortfall_of(record)[20:30], 60.0, rtol=1e-9)


# ------------------------------------------------------------------------------------------------------- baseline trade


def test_known_shares_are_split_over_plants_by_output() -> None:
    """China's 60% of what the United States buy comes from its two plants as 3 to 1."""
    producers = {
        "Baotou": {"share": 0.45, "country": "China"},
        "Ganzhou": {"share": 0.15, "country": "China"},
        "Japan": {"share": 0.4},
    }
    consumers = {name: {"demand_t_per_year": 36525, "stock_days": 10} for name in ("United States", "Japan")}
    trade = {"shares": {"China -> United States": 0.8}}
    mapping = frame(
        5,
        {"x": {"basis": "metal", "stages": {"mine": {"producers": producers}}, "consumers": consumers, "trade": trade}},
    )
    flows = {(a.seller, a.buyer): a.base_flow_t_per_day for a in network(mapping).arcs}
    assert flows["Baotou", "United States"] == pytest.approx(60.0, **EXACT)
    assert flows["Ganzhou", "United States"] == pytest.approx(20.0, **EXACT)
    assert flows["Japan", "United States"] == pytest.approx(20.0, rel=1e-6)
    assert flows["Baotou", "Japan"] == pytest.approx(30.0, rel=1e-6)


def test_material_shares_are_of_the_last_product_and_a_stage_block_replaces_the_materials() -> None:
    """The mine's trade follows outputs; a `trade` of its own brings its own lead times, or the defaults."""
    producers = {"China": {"share": 0.5}, "Japan": {"share": 0.5}}
    stages = {"mine": {"producers": producers}, "process": {"producers": producers}}
    consumers = {name: {"demand_t_per_year": 36525, "stock_days": 10} for name in ("United States", "Japan")}
    trade = {"shares": {"China -> United States": 0.9}, "lead_time_days": {"default": 44, "home": 3}}
    mapping = frame(5, {"x": {"basis": "metal", "stages": stages, "consumers": consumers, "trade": trade}})
    built = {(a.stage, a.seller, a.buyer): a for a in network(mapping).arcs}
    assert built["process", "China", "United States"].base_flow_t_per_day == pytest.approx(90.0, **EXACT)
    assert built["mine", "China", "Japan"].base_flow_t_per_day == pytest.approx(50.0, rel=1e-6)
    assert built["mine", "China", "Japan"].lead_days == 44
    stages["process"] = {"producers": producers, "trade": {"lead_time_days": {"home": 7}}}
    built = {(a.stage, a.seller, a.buyer): a for a in network(mapping).arcs}
    assert built["process", "China", "United States"].base_flow_t_per_day == pytest.approx(50.0, rel=1e-6)
    assert built["process", "Japan", "Japan"].lead_days == 7
    assert built["process", "China", "United States"].lead_days == 30
    assert built["mine", "China", "Japan"].lead_days == 44


def test_home_preference_weighs_the_prior() -> None:
    """With 3 to 1 for home, two like countries keep 75% at home."""
    producers = {"China": {"share": 0.5}, "Japan": {"share": 0.5}}
    consumers = {name: {"demand_t_per_year": 36525, "stock_days": 10} for name in ("China", "Japan")}
    stages = {"mine": {"producers": producers}}
    material = {"basis": "metal", "stages": stages, "consumers": consumers, "trade": {"home_preference": 3.0}}
    flows = {(a.seller, a.buyer): a.base_flow_t_per_day for a in network(frame(5, {"x": material})).arcs}
    assert flows["China", "China"] == pytest.approx(75.0, rel=1e-6)


def test_defaults() -> None:
    """Utilisation 0.9, feed for 30 days, product for 14, room for 90, 5 days at home."""
    built = network(one_market(5, stages=("mine", "fabricate"), trade={}))
    value = built.arrays["value"]
    i = next(k for k, s in enumerate(built.sellers) if (s.stage, s.producer) == ("fabricate", "China"))
    assert built.sellers[i].capacity_t_per_day == pytest.approx(60.0 / 0.9, **EXACT)
    assert value[SellerRow.TARGET, i] == pytest.approx(14 * 60.0, **EXACT)
    assert value[SellerRow.STORE, i] == pytest.approx(90 * 60.0, **EXACT)
    feed = next(v for v, name in enumerate(built.buyer_names) if name == "x/mine of China")
    assert value[BuyerRow.TARGET, feed] == pytest.approx(30 * 60.0, **EXACT)
    leads = {(a.seller, a.buyer): a.lead_days for a in built.arcs if a.stage == "mine"}
    assert leads["China", "China"] == 5
    reference = built.behaviour("x", "reference")
    assert tuple(reference) == (0.1, 0.2, 180.0, 30.0, 0.0)


def test_without_rerouting_stocks_are_never_refilled() -> None:
    """The United States lose 60 t/day for 5 days of their 10 days' stock, for good."""
    record = run(one_market(300, events={"curb": ban(0, 5)}), "none")
    assert record.consumer[-1, 0, 0] == pytest.approx(1000.0 - 300.0, **EXACT)
