"""`why`: every sentence is read off the recorded days, and the chain ends at what was put in."""

import datetime as dt
import json

import networks
import numpy as np
import pytest
from networks import START, ban, date

import minsim
from minsim.errors import SimulationError
from minsim.explain.evidence import Lanes
from minsim.explain.recording import watch
from minsim.explain.tracing import objection, why
from minsim.kernel.rows import ArcRow, ConsumerIndex, SellerRow
from minsim.results import run as results
from minsim.text.formatting import long_date, tonnes

PHI = 0.72
FIRE = {"type": "outage", "title": "A mine burns down", "availability": 0.0, "start": date(100), "duration_days": 300}


def day(number):
    return START + dt.timedelta(days=number)


def words(number):
    return long_date(day(number))


def run_of(*, stages=1, stock=5.0, events, **blocks):
    mapping = networks.closed_form(phi=PHI, stock=stock, stages=stages, days=600)
    del mapping["stockpiles"]
    return results.run(networks.scenario(mapping | {"events": events} | blocks), bracket=False)


@pytest.fixture(scope="module")
def banned():
    return run_of(events={"curb": ban(100, 365, title="China bans x")})


# -------------------------------------------------------------------------------------------------------------- recording


def test_watching_changes_nothing_and_misses_nothing(banned):
    recording = watch(banned)
    for name in ("sector", "consumer", "holding", "trade", "leaked"):
        np.testing.assert_array_equal(getattr(recording.record, name), getattr(banned.record, name))
    carried = recording.seen.rows[ArcRow.SHIPPED][1:].sum(axis=0)
    np.testing.assert_allclose(carried, banned.record.trade.sum(axis=0))


def test_arrivals_are_what_was_shipped_a_lead_time_ago(banned):
    recording = watch(banned)
    for a, arc in enumerate(recording.network.arcs):
        np.testing.assert_allclose(
            recording.arrived(a)[arc.lead_days :], recording.shipped(a)[: -arc.lead_days], atol=1e-9
        )


def test_calls_are_rebuilt_as_the_kernel_made_them():
    run = minsim.run("magnet-ban", bracket=False)
    recording = watch(run)
    lanes = Lanes(run, recording)
    label = next(c for c, buyer in enumerate(run.record.network.consumers) if buyer.region == "United States")
    v = int(run.record.network.arrays["index"][ConsumerIndex.BUYER, label])
    for when in (0, 5, 50, 150, 390, 500):
        for a in lanes.into(v):
            held = recording.effects_on("caps", a, when)
            shipped = recording.at_end(ArcRow.SHIPPED, when)[a]
            if not held and not lanes.seller_is_short(a, when) and not lanes.approved(v, when):
                assert shipped == pytest.approx(lanes.called(a, when), rel=1e-9, abs=1e-9)


def test_what_sellers_wished_to_make_is_rebuilt_as_the_kernel_made_it(banned):
    recording = watch(banned)
    lanes = Lanes(banned, recording)
    compared = 0
    for when in (0, 50, 105, 140, 300, 480, 550):
        for i in range(len(recording.network.sellers)):
            made, wished = lanes.output(i, when), lanes.wished(i, when)
            assert made <= wished * (1 + 1e-9) or made == 0.0
            if made < lanes.capacity(i, when) * (1 - 1e-9) and made > 0:
                room = lanes.value[SellerRow.STORE, i] - recording.at_start(SellerRow.STOCK, when)[i]
                assert made == pytest.approx(min(wished, room))
                compared += 1
    assert compared >= 7


def test_a_run_that_cannot_be_repeated_is_refused():
    calls = []

    def forgetful(world):
        calls.append(1)
        yield world.until(50)
        world.cap("mine", world.arcs(exporter="Japan", importers=["United States"]), fraction=0.9 / len(calls))

    mapping = networks.closed_form(stock=0.0, days=200)
    run = results.run(networks.scenario(mapping | {"events": {}}), processes=[forgetful], bracket=False)
    with pytest.raises(SimulationError, match=r"came out differently"):
        why(run, "United States", day(150))


# ------------------------------------------------------------------------------------------------------------------ a ban


def test_a_ban_is_named_with_its_days_and_amounts(banned):
    told = why(banned, "United States", day(200))
    assert told.headline == f"On {words(200)} the United States lacked 72 t of x, 72% of its need."
    assert told.shortfall_t == pytest.approx(72.0)
    text = str(told)
    assert "It needed 100 t; 28 t arrived (baseline 100 t)" in text
    # Shipments stop on day 100 and arrivals 30 days later; what is due on day 200 would have been shipped on day 170.
    assert f"Nothing came from China (baseline 72 t a day; less than usual since {words(130)})" in text
    assert f"on {words(170)}, when this would have been shipped, «China bans x» held the lane to 0 t a day" in text
    assert f"(since {words(100)})" in text
    assert told.causes == ("curb",)
    assert told.lines[-1] == (0, "Traced back to «China bans x».")
    assert all(level == 0 for level, _ in told.lines)


def test_stock_gone_since_the_day_it_ran_out(banned):
    first = int(
        np.argmax(
            banned.record.consumer[:, [c.region for c in banned.record.network.consumers].index("United States"), 0]
            <= 1e-6
        )
    )
    assert f"its commercial stock is empty since {words(first)}" in str(why(banned, "United States", day(200)))


def test_before_the_shortage_the_loss_of_arrivals_is_told_all_the_same(banned):
    told = why(banned, "United States", day(133))
    assert told.headline == f"On {words(133)} the United States lacked no x."
    assert "72 t came from commercial stock" in str(told)
    assert told.causes == ("curb",)


def test_on_a_quiet_day_nothing_is_blamed(banned):
    told = why(banned, "United States", day(20))
    assert told.causes == ()
    assert len(told.lines) == 1


def test_of_two_curbs_the_tighter_is_named():
    events = {"half": ban(50, 400, title="Half", cut=0.5), "most": ban(100, 300, title="Most", cut=0.9)}
    text = str(why(run_of(events=events), "United States", day(200)))
    assert "«Most» held the lane to 7.2 t a day" in text
    assert "«Half»" not in text


# --------------------------------------------------------------------------------------------------------------- upstream


def test_an_outage_two_stages_up_is_found():
    mine = {"material": "x", "stage": "mine", "country": "China"}
    run = run_of(stages=3, events={"fire": FIRE | {"producer": mine}})
    told = why(run, "United States", day(320))
    assert told.shortfall_t > 0
    assert told.causes == ("fire",)
    levels = [level for level, _ in told.lines]
    assert max(levels) >= 5  # lane, seller, lane, seller, lane, mine
    chain = str(told)
    for stage in ("its stock of x (process) had run out", "its stock of x (mine) had run out"):
        assert stage in chain
    assert "China made nothing on" in chain
    assert f"«A mine burns down» leaves 0% of its capacity since {words(100)}" in chain


def test_an_outage_of_the_last_stage_is_one_step_up():
    plant = {"material": "x", "stage": "fabricate", "country": "China"}
    told = why(run_of(events={"fire": FIRE | {"producer": plant, "availability": 0.5}}), "United States", day(300))
    assert told.causes == ("fire",)
    assert "«A mine burns down» leaves 50% of its capacity" in str(told)
    assert "had too little to ship" in str(told)


def test_a_shared_cause_is_told_once():
    mine = {"material": "x", "stage": "mine", "country": "China"}
    told = why(run_of(stages=3, events={"fire": FIRE | {"producer": mine}}), "United States", day(330))
    assert str(told).count("leaves 0% of its capacity") == 1


# ------------------------------------------------------------------------------------------------------------ other causes


def licensed(begin=100, review=60):
    licence = {"review_days": review, "decisions_per_day": 5, "approval_rate": 0.5, "reapply_after_days": 30}
    return run_of(events={"office": ban(begin, 300, title="China licenses x", measure={"licence": licence})})


def test_licences_are_told_with_the_queue():
    run = licensed()
    told = why(run, "United States", day(150))
    shipped = 120
    waiting = [a for a in run.record.applications if a.applied_day <= shipped and (a.decided_day or 999) > shipped]
    amount = tonnes(sum(a.tonnes for a in waiting))
    oldest = shipped - min(a.applied_day for a in waiting)
    assert f"the permits under «China licenses x» (since {words(100)}) did not suffice" in str(told)
    assert f"{amount} that the United States had applied for were waiting, the oldest for {oldest} days" in str(told)
    assert told.causes == ("office",)


def test_refusals_are_told():
    assert "had been refused" in str(why(licensed(review=10), "United States", day(180)))


def test_a_quota_used_up():
    quota = {"quota": {"t_per_year": 8000, "period_months": 3}}
    told = why(run_of(events={"quota": ban(50, 300, title="A quota", measure=quota)}), "United States", day(160))
    assert "the permits under «A quota»" in str(told)
    assert "were used up" in str(told)


@pytest.mark.parametrize("holds", [False, True])
def test_a_slow_passage(holds):
    canal = {
        "type": "chokepoint", "title": "The canal is shut", "lanes": ["China -> United States"], "extra_days": 20,
        "start": date(100), "duration_days": 100, "holds_in_transit": holds,
    }  # fmt: skip
    told = why(run_of(stock=2.0, events={"canal": canal}), "United States", day(110 if holds else 140))
    assert told.shortfall_t > 0
    assert told.causes == ("canal",)
    assert f"goods take 20 days longer since {words(100)} because of «The canal is shut»" in str(told)


def test_more_demand():
    boom = {
        "type": "demand_shock",
        "title": "A boom",
        "materials": ["x"],
        "regions": ["United States"],
        "factor": 1.5,
        "start": date(50),
    }
    told = why(run_of(events={"boom": boom}), "United States", day(70))
    assert f"«A boom»: end uses want 50% more than usual since {words(50)}." in str(told)
    assert told.causes == ("boom",)


def test_leaks_are_told_apart():
    leakage = {"share": 0.3, "via": ["Thailand"], "extra_days": 10, "ramp_days": 0}
    told = why(run_of(events={"curb": ban(50, 300, leakage=leakage)}), "United States", day(150))
    assert "21.6 t of what arrived came round a curb, through third countries." in str(told)


def test_approval_and_stockpiles_of_the_headline_scenario():
    run = minsim.run("magnet-ban", bracket=False)
    text = str(run.why("United States", "2027-02-10"))
    assert "as much as the contract stretches to" in text
    assert "New suppliers are approved on" in text
    assert "is authorised on 17 February 2027" in text
    assert "Missing:" in text


def test_user_processes_are_named_as_they_call_themselves():
    def closure(world):
        yield world.until(100)
        world.cap("a strike", world.arcs(exporter="China", importers=["United States"]), fraction=1.0)

    mapping = networks.closed_form(stock=5.0, days=300)
    run = results.run(networks.scenario(mapping | {"events": {}, "stockpiles": {}}), processes=[closure], bracket=False)
    told = why(run, "United States", day(200))
    assert "«a strike» held the lane to 0 t a day" in str(told)
    assert told.causes == ()


# -------------------------------------------------------------------------------------------------------------- the answer


def test_json_form(banned):
    told = why(banned, "United States", day(200)).as_dict()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["causes"] == ["curb"]
    assert again["lines"][0] == {"level": 0, "text": told["lines"][0]["text"]}
    assert again["date"] == day(200).isoformat()


@pytest.mark.parametrize(
    ("region", "when", "material", "complaint"),
    [
        ("Untied States", date(9), None, 'did you mean "United States"'),
        ("United States", date(9), "y", 'unknown material "y"'),
        ("United States", "yesterday", None, "expected a date as YYYY-MM-DD"),
        ("United States", date(-1), None, "expected a day of the run"),
    ],
)
def test_questions_that_cannot_be_answered(banned, region, when, material, complaint):
    assert complaint in objection(banned.scenario, region, when, material)
    with pytest.raises(ValueError, match=r"expected|unknown"):
        why(banned, region, when, material)
    assert objection(banned.scenario, "Japan", date(9), "x") is None


def test_a_plant_mothballed_under_a_flood_leads_back_to_the_flood():
    run = minsim.run("flood-then-curb", bracket=False)
    flows = run.daily[(run.daily["region"] == "United States") & (run.daily["shortfall_t"] > 0)]
    told = run.why("United States", flows["date"].iloc[5].date())
    floods = [name for name, event in run.scenario.model.events.items() if event.type == "market_flood"]
    assert "it is mothballed since" in str(told)
    assert set(floods) <= set(told.causes)
