"""Every kind of event, with what it must do and what must change nothing: the register that the tests walk through.

Each closed form is stated where it stands. Unless a case says otherwise, China sells the United States 72 t/day of the
100 t/day they use, lead time 30 days, commercial stock 10 days, the event acts on days 60 … 159, and nothing is rerouted.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from networks import DAYS_PER_YEAR, NO_REROUTING, date
from simulation.events.builders import (
    CHINA,
    CHINA_OUTPUT,
    DAYS,
    END,
    JAPAN,
    JAPAN_OUTPUT,
    LEAD,
    PLENTY,
    START,
    USE,
    Mapping,
    Probe,
    chain,
    curb,
    during,
    event,
    lane,
    later,
    plant,
    run,
    seller,
    series,
    shortfall,
    tank,
)

from minsim.kernel.daily_record import SectorDay
from minsim.kernel.rows import BuyerRow
from minsim.simulation.engine import Record
from minsim.simulation.log import LogKind

Pairs = list[tuple[np.ndarray, np.ndarray]]
"""Found and expected day series."""


@dataclass(frozen=True)
class Case:
    """One event at work.

    Attributes
    ----------
    name : str
        Event type, then what of it.
    event : mapping
        The event as it bites.
    expect : callable
        Day series found in a run, each with the closed form.
    zero : mapping
        The same event with magnitude zero.
    without : mapping
        What the zero is compared with: the events of the same scenario without it.
    host : callable
        Makes the scenario around events.
    besides : mapping
        Other events of the scenario.
    acts : tuple of int
        First and first free day on which a lever stands elsewhere than without the event.
    flows_from : int, optional
        First day on which tonnes move otherwise; absent: the first day of `acts`.
    random : bool
        Whether the seed matters.
    stock : float
        Commercial stock [days].
    declared : bool
        Whether the event is declared a disruption, for stockpiles that wait for one, even where it holds nothing back.
    """

    name: str
    event: Mapping
    expect: Callable[[Record, Probe], Pairs]
    zero: Mapping
    without: Mapping = field(default_factory=dict)
    host: Callable[..., Mapping] = chain
    besides: Mapping = field(default_factory=dict)
    acts: tuple[int, int] = (START, END)
    flows_from: int | None = None
    random: bool = False
    stock: float = 10.0
    declared: bool = False

    def scenario(self) -> Mapping:
        return self.host({**self.besides, "event": self.event}, stock=self.stock)

    def scenario_without(self) -> Mapping:
        return self.host(self.besides, stock=self.stock)


def us(expected: Callable[[], np.ndarray]) -> Callable[[Record, Probe], Pairs]:
    """The United States' shortfall is the series worked out by hand."""
    return lambda record, _probe: [(shortfall(record), expected())]


def from_china(shipped: np.ndarray, stock: float = 10.0) -> np.ndarray:
    """Shortfall of the United States when China ships them so much a day and Japan as ever."""
    return tank(later(shipped, CHINA) + JAPAN, stock=stock * USE)


# ------------------------------------------------------------------------------------------------------------ export curbs

ZERO_CUT = {"cut": 0.0}


def months_on(first: dt.date, months: int) -> dt.date:
    """The same day some months on, or the last of that month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return dt.date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def quota_days(months: int) -> list[int]:
    """First days of the periods of a quota from day START on."""
    first = dt.date.fromisoformat(date(START))
    return [START + (months_on(first, months * k) - first).days for k in range(12)]


def shipped_under_quota(tonnes: float, months: int, called: float, carry_over: bool = False) -> np.ndarray:
    """A purse of `tonnes` a period, drawn on by the calls until it is empty."""
    shipped, purse = np.full(DAYS, called), 0.0
    for day in range(START, END):
        if day in quota_days(months):
            purse = tonnes + (purse if carry_over else 0.0)
        shipped[day] = min(called, purse)
        purse -= shipped[day]
    return shipped


def shipped_under_licence(
    *,
    controlled: float = 1.0,
    review: int = 20,
    rate: float = 1.0,
    again_after: int = 60,
    general: tuple[int, int, float] = (0, 0, 0.0),
    called: float = CHINA,
) -> np.ndarray:
    """Weekly batches of what was called beyond the free part, decided `review` days later; permits are spent on calls."""
    shipped, balance, batch = np.full(DAYS, called), 0.0, 0.0
    approved, again = np.zeros(2 * DAYS), np.zeros(2 * DAYS)
    for day in range(START, END):
        balance += approved[day]
        batch += again[day]
        if day > START and (day - START) % 7 == 0:
            approved[day + review] += rate * batch
            again[day + review + again_after] += (1.0 - rate) * batch
            batch = 0.0
        free = (1.0 - controlled) * called
        if general[0] <= day < general[1]:
            free += general[2] * controlled * called
        shipped[day] = min(called, free + balance)
        balance -= max(0.0, shipped[day] - free)
        batch += called - free
    return shipped


def licence(**given: Any) -> Mapping:
    return {"licence": {"review_days": 20, "decisions_per_day": 100, "reapply_after_days": 365, **given}}


def quota(tonnes_a_period: float, months: int, **given: Any) -> Mapping:
    return {"quota": {"t_per_year": tonnes_a_period * 12 / months, "period_months": months, **given}}


def leaking(extra: int, ramp: int, share: float = 0.2) -> np.ndarray:
    """A ban of which the share, growing by k/ramp on day k, arrives `extra` days later: 0.2 x 72 = 14.4 t/day in full."""
    grown = np.array([share * (min(1.0, k / ramp) if ramp else 1.0) for k in range(END - START)])
    open_arrivals = later(during(0.0, CHINA), CHINA)
    round_about = later(during(grown * CHINA, 0.0), 0.0, LEAD + extra)
    return tank(open_arrivals + round_about + JAPAN)


def sector_ban(record: Record, _probe: Probe) -> Pairs:
    """A ban on vehicles (half of the use): cap 0.5 x 72; the whole shortage, 36 t/day from the 28th day on, is theirs."""
    found = [shortfall(record, sector=sector) for sector in ("defence", "vehicles", "other")]
    vehicles = from_china(during(0.5 * CHINA, CHINA))
    return list(zip(found, (0.0 * vehicles, vehicles, 0.0 * vehicles), strict=True))


def home_first(record: Record, _probe: Probe) -> Pairs:
    """China makes half (80 t/day at 0.5 of 160 capacity), curbs a tenth and serves its own 36 t/day first.

    Calls: home 36, United States 64.8 and Japan 32.4 under their caps. Once the 14 days' product stock is gone, the
    two share what home leaves, 44 t/day, two to one.
    """
    called = during(97.2, 108.0)
    target = stock = 14 * CHINA_OUTPUT
    abroad = np.zeros(DAYS)
    for day in range(DAYS):
        capacity = 80.0 if START <= day < END else 160.0
        stock += max(0.0, min(CHINA_OUTPUT + (target - stock) / 30.0, capacity))
        abroad[day] = min(called[day], stock - 36.0)
        stock -= 36.0 + abroad[day]
    return [(shortfall(record), from_china(abroad * 2 / 3)), (shortfall(record, "China"), np.zeros(DAYS))]


CURBS = [
    # Arrivals fall by 72 t/day from day 90; 1000 t of stock last 13 days and 64 t of the next; 7200 - 1000 t are missing.
    Case("export_curb/ban", curb({"ban": True}), us(lambda: from_china(during(0.0, CHINA))),
         zero=curb({"ban": True}, exporter="Mexico")),
    # The same with 36 t/day.
    Case("export_curb/cut", curb({"cut": 0.5}), us(lambda: from_china(during(36.0, CHINA))), zero=curb(ZERO_CUT)),
    # 1000 t a month: 72 t/day for 13 days, 64 t on the next, then nothing until the month is over.
    Case("export_curb/quota", curb(quota(1000, 1)), us(lambda: from_china(shipped_under_quota(1000, 1, CHINA))),
         zero=curb(quota(PLENTY, 1)), declared=True, flows_from=START + 13),
    # Shared with Japan, which calls 36 t/day: of 2024 t, 18 days' calls and 80 t, two thirds go to the United States.
    Case("export_curb/quota shared", curb(quota(2024, 2), importers="all"),
         us(lambda: from_china(shipped_under_quota(2024, 2, 108.0) * 2 / 3)),
         zero=curb(quota(PLENTY, 2), importers="all"), declared=True, flows_from=START + 18),
    # The first period, 2 March to 1 April, has 31 days, the second 30, the third 31: what 73.2 t x 30 leaves over after
    # the second makes up for the third when it is carried over. A month of 31 days needs 2232 t.
    Case("export_curb/quota carried over", curb(quota(2196, 1, carry_over=True)),
         us(lambda: from_china(shipped_under_quota(2196, 1, CHINA, carry_over=True), 0.3)),
         zero=curb(quota(PLENTY, 1, carry_over=True)), declared=True, flows_from=START + 30, stock=0.3),
    # Nothing controlled flows for 7 + 20 days (a week until the first application, 20 of review); then as before.
    # The 0.8 x 72 x 27 = 1555 t that are missing outlast 1000 t of stock by 555 t.
    Case("export_curb/licence", curb(licence(controlled_share=0.8)),
         us(lambda: from_china(during(0.2 * CHINA, CHINA, START, START + 27))),
         zero=curb(licence(controlled_share=0.0))),
    # Refusing everything is a cut by the controlled share.
    Case("export_curb/licence refused", curb(licence(controlled_share=0.8, approval_rate=0.0)),
         us(lambda: from_china(during(0.2 * CHINA, CHINA))), zero=curb(licence(controlled_share=0.0))),
    # Half of a week's tonnes: three and a half days of full calls a week.
    Case("export_curb/licence halved", curb(licence(approval_rates={"United States": 0.5}, approval_rate=1.0)),
         us(lambda: from_china(shipped_under_licence(rate=0.5, again_after=365))),
         zero=curb(licence(controlled_share=0.0))),
    # What is refused comes back after 14 days, with the next week's application.
    Case("export_curb/licence again", curb(licence(approval_rate=0.5, reapply_after_days=14)),
         us(lambda: from_china(shipped_under_licence(rate=0.5, again_after=14))),
         zero=curb(licence(controlled_share=0.0))),
    # General licences free 0.3 of the controlled 0.8 on days 70 … 109.
    Case("export_curb/licence general",
         curb(licence(controlled_share=0.8, approval_rate=0.0,
                      general={"share": 0.3, "valid_days": 40, "from": date(70)})),
         us(lambda: from_china(shipped_under_licence(controlled=0.8, rate=0.0, general=(70, 110, 0.3)))),
         zero=curb(licence(controlled_share=0.8, approval_rate=0.0,
                           general={"share": 0.0, "valid_days": 40, "from": date(70)})),
         without={"event": curb(licence(controlled_share=0.8, approval_rate=0.0))}),
    # Contracts stretch by a tenth: 15 days of notice bring 15 x 10 t more, all of it under way or in store when the ban
    # begins (the wish for 500 t more, over 30 days, exceeds the tenth until 200 t of it are ordered). One seller, so a ban
    # of 100 t/day: 10000 - 1000 - 150 t are missing, from 1.5 days later on.
    Case("export_curb/announcement",
         curb({"ban": True}, announcement={"date": date(START - 15), "stock_target_factor": 1.5}),
         us(lambda: tank(later(during(0.0, USE) + during(10.0, 0.0, START - 15, START), USE))),
         zero=curb({"ban": True}, announcement={"date": date(START - 15), "stock_target_factor": 1.0}),
         without={"event": curb({"ban": True})},
         host=lambda events, **given: lane(
             events, behaviour={"x": {"contract_flex": 0.1, "spot_share": 0.0, "switching_days": ".inf"}}, **given),
         acts=(START - 15, END)),
    # 40 days later than an open shipment, 14.4 t/day of the 72 arrive: for 60 of the 100 days within the shortage.
    Case("export_curb/leakage", curb({"ban": True}, leakage={"share": 0.2, "extra_days": 40, "via": ["Thailand"]}),
         us(lambda: leaking(40, 0)),
         zero=curb({"ban": True}, leakage={"share": 0.0, "extra_days": 40}), without={"event": curb({"ban": True})}),
    Case("export_curb/leakage ramp",
         curb({"ban": True}, leakage={"share": 0.2, "extra_days": 10, "ramp_days": 50}), us(lambda: leaking(10, 50)),
         zero=curb({"ban": True}, leakage={"share": 0.0, "extra_days": 10, "ramp_days": 50}),
         without={"event": curb({"ban": True})}),
    Case("export_curb/sectors", curb({"ban": True}, sectors=["vehicles"]), sector_ban,
         zero=curb(ZERO_CUT, sectors=["vehicles"]), acts=(START, END + LEAD)),
    Case("export_curb/home_first", curb({"cut": 0.1}, importers="all", home_first=True, stage="fabricate"), home_first,
         zero=curb(ZERO_CUT, importers="all", home_first=True),
         besides={"fire": event("outage", producer=plant("China"), availability=0.5)}),
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- supply, demand and passages


def crippled(availability: float) -> np.ndarray:
    """China's shipments to the United States, half of what it ships: product stock first, then what it can still make."""
    return seller(np.full(DAYS, CHINA_OUTPUT), during(160.0 * availability, 160.0), CHINA_OUTPUT) / 2


def dated_again(record: Record, _probe: Probe) -> Pairs:
    """Failures drawn at random do what outages dated alike do."""
    begun = [entry.day for entry in record.log if entry.kind is LogKind.OUTAGE_BEGINS]
    ended = [entry.day for entry in record.log if entry.kind is LogKind.OUTAGE_ENDS]
    assert len(begun) >= 3, "too few failures to tell"
    spans = zip(begun, [*ended, DAYS][: len(begun)], strict=True)
    dated = {
        f"o{k}": event("outage", first, last - first, producer=plant("China"), availability=0.1)
        for k, (first, last) in enumerate(spans)
    }
    return [(shortfall(record), shortfall(run(chain(dated), "none")))]


def new_capacity(record: Record, _probe: Probe) -> Pairs:
    """Demand is 150 t/day from day 0 on, capacity 100 / 0.9, product stock 1400 t; 30 t/day more, late by 20 days.

    Part k/10 on its day k; from day 160 it is gone. A seller that is short ships what it makes.
    """
    extra = np.zeros(DAYS)
    extra[80:90], extra[90:END] = 30.0 * np.arange(10) / 10, 30.0
    shipped = seller(np.full(DAYS, 150.0), USE / 0.9 + extra, USE)
    return [(shortfall(record), tank(later(shipped, USE), 150.0))]


def shocked(record: Record, _probe: Probe) -> Pairs:
    """Demand grows to 1.3 within 10 days; orders follow on the day, arrivals 30 days later; both end on day 160."""
    demand = during(USE * 1.3, USE)
    demand[START : START + 10] = USE * (1.0 + 0.3 * np.arange(10) / 10)
    return [(series(record, SectorDay.DEMAND), demand), (shortfall(record), tank(later(demand, USE), demand, 2 * USE))]


def patient(events: Mapping, **given: Any) -> Mapping:
    """The chain with buyers who correct neither stocks nor what is under way, so that every day calls the same."""
    return chain(events, behaviour={"x": {**NO_REROUTING, "adjustment_days": 1e15}}, **given)


def held() -> np.ndarray:
    """What was due on days 60 … arrives 12 days later; what is shipped from day 160 on is as fast as before.

    So 12 days of China's arrivals are missing from day 60 on, and come on top of the usual on days 190 … 201.
    """
    return during(0.0, CHINA, START, START + 12) + during(CHINA, 0.0, END + LEAD, END + LEAD + 12)


def not_held() -> np.ndarray:
    """Only what is shipped from day 60 on takes 12 days longer: the gap comes a lead time later."""
    return during(0.0, CHINA, START + LEAD, START + LEAD + 12) + during(CHINA, 0.0, END + LEAD, END + LEAD + 12)


def passage(**given: Any) -> Mapping:
    return event("chokepoint", lanes=["China -> United States"], **given)


def delayed(china: Callable[[], np.ndarray], stock: float = 2.0) -> Callable[[Record, Probe], Pairs]:
    """Shortfall and arrivals, and that as much arrives in the end as without the passage."""

    def expect(record: Record, probe: Probe) -> Pairs:
        arrived = probe.closing(BuyerRow.ARRIVED)[:, probe.buyer("x/fabricate of United States")]
        total = np.array([arrived.sum()])
        return [
            (arrived, china() + JAPAN),
            (shortfall(record), tank(china() + JAPAN, stock=stock * USE)),
            (total, np.array([DAYS * USE])),
        ]

    return expect


def flown(record: Record, _probe: Probe) -> Pairs:
    """By sea 42 days; buyers with less than 5 days of stock after the day's use fly that day's 72 t in, in 7 days."""
    due, stock, missing = np.zeros(2 * DAYS), 10 * USE, np.zeros(DAYS)
    due[:LEAD] = CHINA
    for day in range(DAYS):
        stock += due[day] + JAPAN
        missing[day], stock = max(0.0, USE - stock), max(0.0, stock - USE)
        choked = START <= day < END
        due[day + (7 if choked and stock < 5 * USE else 42 if choked else LEAD)] += CHINA
    return [(shortfall(record), missing)]


def everything_at_once(record: Record, _probe: Probe) -> Pairs:
    """A pandemic is an outage, a fall of demand and slow lanes in one."""
    others = ("Japan", "United States", "China")
    lanes = sorted({f"China -> {o}" for o in others} | {f"{o} -> China" for o in ("Japan", "Mexico")})
    apart = {
        "a": event("outage", producer=plant("China"), availability=0.45),
        "b": event("demand_shock", materials=["x"], regions=["China"], factor=0.8),
        "c": event("chokepoint", lanes=lanes, extra_days=10),
    }
    other = run(chain(apart), "none")
    return [
        (series(record, what, region), series(other, what, region))
        for what in (SectorDay.DEMAND, SectorDay.SHORTFALL)
        for region in others
    ]


def members_first(record: Record, _probe: Probe) -> Pairs:
    """Japan makes half, 28 t/day; once its 784 t of product are gone, members (28 and 14 t/day) take all, two to one.

    China, no member, gets nothing from Japan; the United States get 18.67 t/day (14 without the bloc).
    """
    japan_us, japan_china = np.full(DAYS, 28.0), np.full(DAYS, 14.0)
    stock, orders, target = 14 * JAPAN_OUTPUT, JAPAN_OUTPUT, 14 * JAPAN_OUTPUT
    for day in range(DAYS):
        capacity = 28.0 if START <= day < END else JAPAN_OUTPUT / 0.9
        stock += max(0.0, min(orders + (target - stock) / 30.0, capacity))
        members = min(42.0, stock)
        japan_us[day], japan_china[day] = members * 2 / 3, min(14.0, stock - members)
        stock -= members + japan_china[day]
    china = tank(later(japan_china, 14.0) + 36.0, 50.0, 2 * 50.0)
    return [
        (shortfall(record), tank(later(japan_us, JAPAN) + CHINA, stock=2 * USE)),
        (shortfall(record, "China"), china),
    ]


def designed_out(record: Record, _probe: Probe) -> Pairs:
    """A ban from day 60: other uses are short from day 92 on (200 t last 2.8 days); day 111 is their 20th short day.

    From then on their 40 t/day shrink by half a year, every day, for good; calls shrink with them.
    """
    demand = np.full(DAYS, 40.0)
    demand[112:] = 40.0 * 0.5 ** ((np.arange(112, DAYS) - 111) / DAYS_PER_YEAR)
    called = 0.28 * (60.0 + demand)
    arrivals = later(called, JAPAN) + later(during(0.0, CHINA, START, DAYS), CHINA)
    missing = tank(arrivals, 60.0 + demand, 2 * USE)
    return [(series(record, SectorDay.DEMAND, sector="other"), demand), (shortfall(record), missing)]


OTHERS = [
    # A ban on everybody, late by the 14 days of product stock: 72 x (100 - 14) - 1000 t are missing.
    Case("outage/dated", event("outage", producer=plant("China"), availability=0.0), us(lambda: from_china(crippled(0.0))),
         zero=event("outage", producer=plant("China"), availability=1.0)),
    # 0.45 of a capacity used to nine tenths is half the output: 72 of the 144 t/day called come from stock, for 28 days.
    Case("outage/partial", event("outage", producer={"material": "x", "stage": "fabricate", "producer": "China"},
                                 availability=0.45),
         us(lambda: from_china(crippled(0.45))), zero=event("outage", producer=plant("China"), availability=1.0),
         flows_from=START),
    Case("outage/hazard",
         event("outage", 0, None, producer=plant("China"), availability=0.1,
               hazard={"rate_per_year": 8, "repair_days": {"dist": "lognormal", "mean": 30, "sd": 10}}),
         dated_again,
         zero=event("outage", 0, None, producer=plant("China"), availability=0.1,
                    hazard={"rate_per_year": 0, "repair_days": 30}),
         acts=(-1, -1), random=True),
    Case("capacity_project/ramp and delay",
         event("capacity_project", producer=plant("China"), capacity_t_per_year=30 * DAYS_PER_YEAR, ramp_days=10,
               delay_days=20), new_capacity,
         zero=event("capacity_project", producer=plant("China"), capacity_t_per_year=0, ramp_days=10, delay_days=20),
         host=lane, besides={"boom": event("demand_shock", 0, None, materials=["x"], factor=1.5)}, acts=(81, END)),
    Case("demand_shock/ramp",
         event("demand_shock", materials=["x"], regions=["United States"], sectors="all", factor=1.3,
               ramp_days=10), shocked,
         zero=event("demand_shock", materials=["x"], factor=1.0, ramp_days=10), acts=(START + 1, END), stock=2.0),
    Case("chokepoint/extra_days held", passage(extra_days=12, holds_in_transit=True), delayed(held),
         zero=passage(extra_days=0, holds_in_transit=True), host=patient, stock=2.0),
    Case("chokepoint/extra_days", passage(extra_days=12, materials=["x"]), delayed(not_held),
         zero=passage(extra_days=0), host=patient, flows_from=START + LEAD, stock=2.0),
    # Seven tenths pass: 50.4 t/day.
    Case("chokepoint/throughput", passage(throughput=0.7), us(lambda: from_china(during(0.7 * CHINA, CHINA))),
         zero=passage(throughput=1.0)),
    Case("chokepoint/expedite", passage(extra_days=12, expedite={"days": 7, "when_cover_below_days": 5}), flown,
         zero=passage(extra_days=12, expedite={"days": 7, "when_cover_below_days": 0}),
         without={"event": passage(extra_days=12)}, host=patient, flows_from=START + LEAD),
    Case("pandemic/availability", event("pandemic", countries=["China"], availability=0.45, stages=["fabricate"]),
         us(lambda: from_china(crippled(0.45))),
         zero=event("pandemic", countries=["China"], availability=1.0, demand_factor=1.0, lanes_extra_days=0)),
    Case("pandemic/everything",
         event("pandemic", countries=["China"], materials=["x"], availability=0.45, demand_factor=0.8,
               lanes_extra_days=10),
         everything_at_once, zero=event("pandemic", countries="all")),
    Case("trade_bloc/first call", event("trade_bloc", bloc="pair", materials=["x"], preference="first_call"),
         members_first, zero=event("trade_bloc", bloc="everyone"),
         besides={"fire": event("outage", producer=plant("Japan"), availability=0.45)}, flows_from=START + 28, stock=2.0),
    Case("substitution/after short days",
         event("substitution", 0, None, materials=["x"], regions=["United States"], sectors=["other"], after_days=20,
               per_year=0.5), designed_out,
         zero=event("substitution", 0, None, materials=["x"], after_days=20, per_year=0.0),
         besides={"ban": curb({"ban": True}, START, None)}, acts=(112, DAYS), stock=2.0),
]  # fmt: skip

CASES = [*CURBS, *OTHERS]
