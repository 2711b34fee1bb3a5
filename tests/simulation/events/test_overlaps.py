"""Overlaps combine by fixed rules (caps: minimum; factors: product; extra days: maximum), whatever order or names."""

from __future__ import annotations

import numpy as np
import pytest
from simulation.events.builders import (
    CHINA,
    JAPAN,
    USE,
    Mapping,
    chain,
    curb,
    event,
    plant,
    probed,
    run,
    same,
    shortfall,
)
from simulation.events.register import patient

from minsim.kernel.daily_record import SectorDay
from minsim.kernel.rows import ArcIndex, ArcRow, SellerRow

CHOKE = {"lanes": ["China -> United States"], "materials": "all"}


def names_swapped(events: Mapping) -> list[Mapping]:
    """The same events in other orders, and under names that sort the other way round."""
    items = list(events.items())
    renamed = {f"{chr(ord('z') - k)}-other": block for k, (_, block) in enumerate(sorted(items))}
    return [dict(reversed(items)), dict(items[1:] + items[:1]), renamed, dict(reversed(renamed.items()))]


OVERLAPS = {
    "cuts": {"a": curb({"cut": 0.5}, 60, 60), "b": curb({"cut": 0.8}, 80, 60), "c": curb({"cut": 0.2}, 60, 100)},
    "ban and throughput": {"a": curb({"ban": True}, 90, 20), "b": event("chokepoint", 60, 90, throughput=0.4, **CHOKE)},
    "outages": {
        "a": event("outage", 60, 60, producer=plant("China"), availability=0.7),
        "b": event("outage", 60, 90, producer=plant("China"), availability=0.6),
        "c": event("pandemic", 60, 40, countries=["China"], availability=0.3, demand_factor=0.7, lanes_extra_days=3),
    },
    "demand": {
        "a": event("demand_shock", 60, 60, materials=["x"], factor=1.3, ramp_days=7),
        "b": event("demand_shock", 60, 60, materials=["x"], factor=1.7),
        "c": event("demand_shock", 70, 60, materials=["x"], factor=0.3),
    },
    "passages": {
        "a": event("chokepoint", 60, 50, extra_days=5, **CHOKE),
        "b": event("chokepoint", 60, 80, extra_days=12, expedite={"days": 8, "when_cover_below_days": 6}, **CHOKE),
        "c": event("chokepoint", 60, 40, extra_days=9, expedite={"days": 7, "when_cover_below_days": 5}, **CHOKE),
    },
    "passages that hold": {
        "a": event("chokepoint", 60, 50, extra_days=5, holds_in_transit=True, **CHOKE),
        "b": event("chokepoint", 60, 80, extra_days=12, holds_in_transit=True, **CHOKE),
    },
    "leaking curbs": {
        "a": curb({"ban": True}, 60, 60, leakage={"share": 0.3, "extra_days": 20}),
        "b": curb({"cut": 0.5}, 60, 90, leakage={"share": 0.1, "extra_days": 5, "ramp_days": 30}),
    },
    "announced curbs": {
        "a": curb({"ban": True}, 80, 60, announcement={"date": "2026-02-10", "stock_target_factor": 1.5}),
        "b": curb({"cut": 0.5}, 90, 60, announcement={"date": "2026-02-10", "stock_target_factor": 1.2}),
    },
    "quota and cut": {
        "a": curb({"quota": {"t_per_year": 20000, "period_months": 1}}, 60, 90, importers="all"),
        "b": curb({"cut": 0.4}, 75, 30),
    },
    "licence and quota": {
        "a": curb({"licence": {"review_days": 9, "decisions_per_day": 3, "controlled_share": 0.7}}, 60, 90, importers="all"),
        "b": curb({"quota": {"t_per_year": 20000, "period_months": 1}}, 60, 90),
    },
    "curbs on end uses": {
        "a": curb({"cut": 0.6}, 60, 60, sectors=["vehicles"]),
        "b": curb({"ban": True}, 80, 60, sectors=["other"]),
        "c": event("outage", 60, 90, producer=plant("Japan"), availability=0.2),
    },
    "classes": {
        "a": curb({"cut": 0.3}, 60, 60, importers="all", home_first=True),
        "b": event("trade_bloc", 60, 60, bloc="pair"),
        "c": event("outage", 60, 90, producer=plant("China"), availability=0.2),
        "d": event("outage", 60, 90, producer=plant("Japan"), availability=0.2),
    },
    "new capacity": {
        "a": event("capacity_project", 60, 60, producer=plant("Japan"), capacity_t_per_year=9000, ramp_days=11),
        "b": event("capacity_project", 60, 90, producer=plant("Japan"), capacity_t_per_year=5000),
        "c": curb({"ban": True}, 50, 90),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OVERLAPS))
def test_neither_order_nor_names_count(name: str) -> None:
    first = run(chain(OVERLAPS[name]), "free")
    for other in names_swapped(OVERLAPS[name]):
        assert same(run(chain(other), "free"), first)


def test_a_passage_that_holds_and_one_that_does_not_from_the_same_day() -> None:
    """Goods at sea wait 5 days for the one that holds; the other, longer one concerns what is shipped later."""
    events = {
        "a": event("chokepoint", 60, 50, extra_days=5, holds_in_transit=True, **CHOKE),
        "b": event("chokepoint", 60, 50, extra_days=12, **CHOKE),
    }
    first, other = (run(chain(e), "none") for e in (events, {"z": events["a"], "b": events["b"]}))
    assert same(first, other)


def test_two_quotas_alike_are_one() -> None:
    quota = curb({"quota": {"t_per_year": 12150, "period_months": 2}}, importers="all")
    assert np.allclose(
        shortfall(run(chain({"a": quota, "b": quota}), "none")), shortfall(run(chain({"a": quota}), "none"))
    )


def test_a_quota_that_runs_out_is_shared_pro_rata_to_calls() -> None:
    """Of 2000 t, 56 are left on the 19th day for calls of 72 and 36 t: 37.33 t for the United States."""
    quota = curb({"quota": {"t_per_year": 12000, "period_months": 2}}, importers="all")
    _, probe = probed(chain({"a": quota}))
    shipped = probe.closing(ArcRow.SHIPPED)[:, probe.arc("China", "United States")]
    assert shipped[60 + 18] == pytest.approx(56 * 2 / 3)


def test_substitutions_multiply_each_from_its_own_day_on() -> None:
    soon = event("substitution", 0, None, materials=["x"], sectors=["other"], after_days=5, per_year=0.1)
    late = event("substitution", 0, None, materials=["x"], sectors=["other"], after_days=10000, per_year=0.9)
    ban = {"ban": curb({"ban": True}, 30, None)}
    assert same(run(chain({"a": soon, "b": late, **ban}), "none"), run(chain({"a": soon, **ban}), "none"))


# ------------------------------------------------------------------------------------------------------------ the rules


def levers(events: Mapping, row: int, column: str) -> np.ndarray:
    _, probe = probed(chain(events))
    if column == "lane":
        return probe.morning(row)[:, probe.arc("China", "United States")]
    return probe.morning(row)[:, probe.seller("China") if column == "China" else 0]


def test_caps_combine_by_the_minimum() -> None:
    cap = levers(OVERLAPS["cuts"], ArcRow.CAP, "lane")
    assert cap[[59, 60, 79, 80, 119, 120, 139, 140, 159, 160]] == pytest.approx(
        [np.inf, *CHINA * np.array([0.5, 0.5, 0.2, 0.2, 0.2, 0.2, 0.8, 0.8]), np.inf]
    )


def test_factors_combine_by_the_product() -> None:
    left = levers(OVERLAPS["outages"], SellerRow.AVAILABILITY, "China")
    assert left[[59, 60, 99, 100, 119, 120, 149, 150]] == pytest.approx([1, 0.126, 0.126, 0.42, 0.42, 0.6, 0.6, 1])
    demand = run(chain(OVERLAPS["demand"]), "none").sector[:, 0, SectorDay.DEMAND]
    assert demand[[59, 60, 67, 70, 119, 120, 130]] / demand[0] == pytest.approx(
        [1, 1.7, 1.3 * 1.7, 1.3 * 1.7 * 0.3, 1.3 * 1.7 * 0.3, 0.3, 1]
    )


def test_extra_days_combine_by_the_maximum() -> None:
    _, probe = probed(chain(OVERLAPS["passages"]))
    lead = np.array([index[ArcIndex.LEAD_DAYS, probe.arc("China", "United States")] for index in probe.indices])
    assert lead[[59, 60, 99, 100, 110, 139, 140]].tolist() == [30, 42, 42, 42, 42, 42, 30]


def test_a_second_passage_that_holds_holds_for_the_rest_only() -> None:
    """12 days in all, not 5 + 12: what was due on days 60 … arrives 12 days later, however the two are written."""
    both = run(patient(OVERLAPS["passages that hold"]), "none")
    one = run(patient({"b": OVERLAPS["passages that hold"]["b"]}), "none")
    assert same(both, one)


def test_a_leaking_curb_that_is_over_slows_no_later_leak() -> None:
    """Leaks of the second curb take their own 5 days longer, though those of the first took 50."""
    second = curb({"ban": True}, 100, 60, leakage={"share": 0.5, "extra_days": 5})
    first = curb({"cut": 0.1}, 20, 30, leakage={"share": 0.5, "extra_days": 50})
    _, probe = probed(chain({"a": first, "b": second}))
    lead = np.array([index[ArcIndex.LEAK_LEAD_DAYS, probe.arc("China", "United States")] for index in probe.indices])
    assert lead[[10, 30, 60, 110]].tolist() == [30, 80, 30, 35]


def test_a_curb_of_a_bloc_curbs_each_member_and_no_trade_among_them() -> None:
    measure = {"ban": True}
    blocs = {"regions": {"blocs": {"pair": ["China", "Japan"]}}}
    bloc = run(chain({"a": curb(measure, exporter="pair", importers="all")}, **blocs), "none")
    apart = {
        "a": curb(measure, importers=["United States"]),
        "b": curb(measure, exporter="Japan", importers=["United States"]),
    }
    assert same(bloc, run(chain(apart, **blocs), "none"))
    assert shortfall(bloc).sum() == pytest.approx(100 * USE - 10 * USE)
    assert JAPAN + CHINA == USE


@pytest.mark.parametrize("what", ["importers", "bloc", "all"])
def test_importers_may_be_named_one_by_one_or_as_a_bloc(what: str) -> None:
    importers = {"importers": ["Japan", "United States"], "bloc": ["pair"], "all": "all"}[what]
    named = run(chain({"a": curb({"ban": True}, importers=["Japan", "United States"])}), "none")
    assert same(run(chain({"a": curb({"ban": True}, importers=importers)}), "none"), named)
