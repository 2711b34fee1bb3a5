"""The licence office: a queue by the book, first come first served; rates are rates and permits are permits."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import simpy
from simulation.events.audit import audit
from simulation.events.builders import CHINA, USE, Mapping, Probe, chain, curb, date, probed, run, same, shortfall

from minsim.kernel.rows import ArcRow
from minsim.simulation.engine import Record
from minsim.simulation.events.licences import Office
from minsim.simulation.log import Application

START, LENGTH = 30, 200


def licensed(length: int | None = LENGTH, importers: object = "all", **given: object) -> Mapping:
    licence = {"review_days": 20, "decisions_per_day": 100, **given}
    return {"office": curb({"licence": licence}, START, length, importers=importers)}


# ------------------------------------------------------------------------------------------------- the office, by itself


def erlang_c(servers: int, load: float) -> float:
    """Chance of waiting in an M/M/c queue (Erlang 1917); `load` is arrival rate x mean service time."""
    waiting = load**servers / math.factorial(servers) * servers / (servers - load)
    return waiting / (sum(load**k / math.factorial(k) for k in range(servers)) + waiting)


@pytest.mark.parametrize(("desks", "load"), [(1, 0.6), (3, 2.1), (8, 5.6)])
def test_the_office_is_an_m_m_c_queue(desks: int, load: float) -> None:
    """Mean wait C / (c - load) service times, a share C that waits at all, and exponential waits among those."""
    generator, env, waits = np.random.default_rng(20260201), simpy.Environment(), []
    office = Office(env, desks, lambda: float(generator.exponential(1.0)))

    def arrivals(count: int):
        for _ in range(count):
            yield env.timeout(float(generator.exponential(1.0 / load)))
            env.process(application(env.now))

    def application(came: float):
        yield from office.decide(lambda: waits.append(env.now - came))

    env.process(arrivals(60_000))
    env.run()
    settled, busy = np.array(waits[2_000:]), erlang_c(desks, load)
    assert settled.mean() == pytest.approx(busy / (desks - load), rel=0.08)
    assert (settled > 1e-12).mean() == pytest.approx(busy, rel=0.05)
    longer = settled[settled > 1e-12]
    for part in (0.25, 0.5, 0.9):
        assert np.quantile(longer, part) == pytest.approx(-math.log(1 - part) / (desks - load), rel=0.12)


def test_littles_law_in_the_office() -> None:
    """Mean number waiting = arrival rate x mean wait, the number being looked at by another process at its own times."""
    generator, env, waits, seen = np.random.default_rng(5), simpy.Environment(), [], []
    office = Office(env, 2, lambda: float(generator.exponential(1.0)))

    def arrivals():
        for _ in range(30_000):
            yield env.timeout(float(generator.exponential(1.0 / 1.6)))
            env.process(application(env.now))

    def application(came: float):
        yield from office.decide(lambda: waits.append(env.now - came))

    def inspector():
        while len(waits) < 29_900:
            yield env.timeout(float(generator.exponential(0.5)))
            seen.append(len(office.desks.queue))

    env.process(arrivals())
    env.process(inspector())
    env.run()
    assert np.mean(seen) == pytest.approx(1.6 * np.mean(waits), rel=0.06)


# ------------------------------------------------------------------------------------------------------ the office in a run


def decided(record: Record) -> list[Application]:
    return [a for a in record.applications if a.decided_day is not None]


def busy_office(**given: object) -> tuple[Record, Probe]:
    """Two importers hand in two applications a week; one is decided every five days; reviews differ in length."""
    review = {"dist": "lognormal", "mean": 20, "sd": 12}
    return probed(chain(licensed(120, **{"review_days": review, "decisions_per_day": 0.2, **given}), days=900))


def test_littles_law_in_a_run() -> None:
    """Everything handed in is decided before the run ends: applications waiting, looked at every day = rate x mean wait."""
    record, probe = busy_office()
    applications = record.applications
    assert len(decided(record)) == len(applications) > 30
    days = len(probe.waiting) - 1
    mean_number = np.mean(probe.waiting[:days])
    mean_wait = np.mean([a.decided_day - a.applied_day for a in applications])
    assert max(probe.waiting) > 8
    assert mean_number == pytest.approx(len(applications) / days * mean_wait, rel=1e-12)
    audit(record, probe)


@pytest.mark.parametrize("per_day", [1, 2, 3])
def test_never_more_decisions_a_day_than_the_office_takes(per_day: int) -> None:
    """Three importers of one curb, and reviews that end on few days: many wait for a desk on the same day."""
    review = {"dist": "choice", "values": [1, 8, 15, 22, 43]}
    record = run(chain(licensed(review_days=review, decisions_per_day=per_day, importers="all")), "none")
    by_day = Counter(a.decided_day for a in decided(record))
    assert max(by_day.values()) <= per_day
    if per_day < 3:
        assert max(by_day.values()) == per_day


@pytest.mark.parametrize("per_day", [0.14, 0.3, 0.7, 1.0, 1.5, 2.0])
def test_never_more_decisions_in_the_long_run_than_the_office_takes(per_day: float) -> None:
    record = run(chain(licensed(None, review_days=0, decisions_per_day=per_day), days=600), "none")
    days = sorted(a.decided_day for a in decided(record))
    span = days[-1] - days[0]
    assert len(days) - 1 <= per_day * span + max(0.0, per_day - 1.0)


def test_first_come_first_served() -> None:
    """Reviews of one length: decisions follow the order of applications, one every five days once a queue stands."""
    record, _ = busy_office(review_days=20)
    ordered = [a.decided_day for a in record.applications]
    assert ordered == sorted(ordered)
    assert set(np.diff(ordered).tolist()) == {5}
    # The n-th is decided 7 + 20 + 5n days after the start, however long ago it was handed in.
    assert ordered == [START + 27 + 5 * n for n in range(len(ordered))]


def test_what_a_queue_does_to_trade() -> None:
    """One importer, one decision every two weeks: every other week's permits, ever later; half of the trade is lost."""
    usual = run(chain(licensed(importers=["United States"])), "none")
    slow, probe = probed(chain(licensed(importers=["United States"], decisions_per_day=1 / 14)))
    shipped = probe.closing(ArcRow.SHIPPED)[:, probe.arc("China", "United States")]
    # Decisions on days 27, 41, … 195 of the curb, 7 days' permits each; of the last, 5 days are left to use.
    assert shipped[START : START + LENGTH].sum() == pytest.approx((12 * 7 + 5) * CHINA)
    assert shortfall(slow).sum() > shortfall(usual).sum() + 4000


def test_rates_are_shares_of_decisions() -> None:
    rates = {"United States": 0.6, "Japan": 0.9}
    record = run(chain(licensed(approval_rate=0.1, approval_rates=rates)), "none")
    for importer, rate in rates.items():
        mine = [a for a in decided(record) if a.importer == importer]
        assert sum(a.approved_t for a in mine) == pytest.approx(rate * sum(a.tonnes for a in mine))
        assert all(a.approved_t + a.refused_t == pytest.approx(a.tonnes) for a in mine)
    pending = [a for a in record.applications if a.decided_day is None]
    assert all(a.approved_t == a.refused_t == 0.0 for a in pending)


def test_a_rate_may_be_stated_for_a_bloc() -> None:
    """The importer's own rate comes before its bloc's."""
    bloc = run(chain(licensed(approval_rates={"pair": 0.2, "Japan": 0.9})), "none")
    one_by_one = run(chain(licensed(approval_rates={"United States": 0.2, "Japan": 0.9})), "none")
    assert same(bloc, one_by_one)


def test_refused_tonnes_come_back_after_the_wait() -> None:
    """A week's 504 t; half is refused on its decision, and is handed in again with the first week 30 days later."""
    record = run(chain(licensed(importers=["United States"], approval_rate=0.5, reapply_after_days=30)), "none")
    by_day = {a.applied_day: a for a in record.applications}
    expected = dict.fromkeys(by_day, 7 * CHINA)
    for day in sorted(by_day):
        assert by_day[day].tonnes == pytest.approx(expected[day])
        back = day + 20 + 30
        week = START + 7 * math.ceil((back - START) / 7)
        if week in expected:
            expected[week] += 0.5 * by_day[day].tonnes
    assert max(a.tonnes for a in record.applications) > 800


def test_weekly_batches_of_what_was_called() -> None:
    """The first batch after a week, then weekly, none on or after the last day; the tonnes are those called."""
    record = run(chain(licensed(50, importers=["United States"], controlled_share=0.8)), "none")
    assert [a.applied_day for a in record.applications] == [START + 7 * k for k in range(1, 8)]
    assert all(a.tonnes == pytest.approx(7 * 0.8 * CHINA) for a in record.applications)
    assert all(a.decided_day == a.applied_day + 20 for a in record.applications)


def test_permits_are_never_overdrawn() -> None:
    """Shipments up to any day: at most what was free, and what was approved by then."""
    record, probe = busy_office(approval_rate=0.6, reapply_after_days=10, controlled_share=0.7)
    audit(record, probe)
    days = np.arange(900)
    on = (days >= START) & (days < START + 120)
    for importer, calls in (("United States", CHINA), ("Japan", CHINA / 2)):
        shipped = np.where(on, probe.closing(ArcRow.SHIPPED)[:, probe.arc("China", importer)], 0.0).cumsum()
        approved = sum((a.decided_day <= days) * a.approved_t for a in decided(record) if a.importer == importer)
        assert (shipped[on] <= (np.where(on, 0.3 * calls, 0.0).cumsum() + approved)[on] * (1 + 1e-9) + 1e-6).all()


def test_permits_are_never_overdrawn_when_buyers_look_everywhere() -> None:
    mapping = chain(licensed(approval_rate=0.6, general={"share": 0.2, "valid_days": 60, "from": date(60)}))
    mapping["behaviour"] = {"x": {"contract_flex": 0.5, "spot_share": 1.0, "switching_days": 20, "note": "restless"}}
    audit(*probed(mapping))


def test_general_licences_hold_for_their_days() -> None:
    """A fifth of the controlled trade, days 60 … 99; given before the curb begins, they count from its first day on."""
    for first, shown in ((60, range(60, 100)), (10, range(START, 50))):
        general = {"share": 0.2, "valid_days": 40, "from": date(first)}
        _, probe = probed(chain(licensed(importers=["United States"], approval_rate=0.0, general=general)))
        shipped = probe.closing(ArcRow.SHIPPED)[:, probe.arc("China", "United States")]
        expected = np.zeros(LENGTH)
        expected[np.array(shown) - START] = 0.2 * CHINA
        np.testing.assert_allclose(shipped[START : START + LENGTH], expected, atol=1e-9)


def test_reviews_are_drawn_for_each_importer_apart() -> None:
    """Another importer, or another curb, leaves an importer's own review times alone."""
    review = {"dist": "lognormal", "mean": 30, "sd": 15}

    def reviews(importers: object, **more: Mapping) -> list[int]:
        record = run(chain({**licensed(importers=importers, review_days=review), **more}), "none")
        mine = [a for a in record.applications if (a.event, a.importer) == ("office", "United States")]
        return [a.decided_day - a.applied_day for a in mine if a.decided_day is not None]

    alone = reviews(["United States"])
    assert len(set(alone)) > 5
    assert reviews("all") == alone
    other = curb({"licence": {"review_days": review, "decisions_per_day": 9}}, START, LENGTH, exporter="Japan")
    assert reviews(["United States"], a=other) == alone


def test_a_licence_on_end_uses_leaves_the_others_alone() -> None:
    """Defence, a tenth of the use, is refused for ever: 7.2 t/day, and only defence is short once the stock is gone."""
    block = licensed(None, importers=["United States"], approval_rate=0.0)
    block["office"]["sectors"] = ["defence"]
    record = run(chain(block, days=600), "none")
    # 1000 t last 138 days of 7.2 t, from day 60 on.
    short = shortfall(record, sector="defence")
    assert np.flatnonzero(short)[0] == START + 30 + 138
    assert short[-1] == pytest.approx(0.1 * CHINA)
    assert shortfall(record).sum() == pytest.approx(short.sum())
    assert shortfall(record, "Japan").sum() == 0.0
    assert short.sum() == pytest.approx((600 - 60) * 7.2 - 10 * USE)
