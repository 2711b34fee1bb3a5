"""Every event type and curb measure: it bites by its closed form, in name only it changes nothing, it acts to the day,
tonnes neither appear nor vanish, and the seed decides.
"""

from __future__ import annotations

import typing

import numpy as np
import pytest
from simulation.events.audit import audit
from simulation.events.builders import DAYS, END, START, Mapping, Probe, chain, curb, event, plant, probed, run, same
from simulation.events.register import CASES, Case

from minsim.kernel.daily_record import SectorDay
from minsim.kernel.rows import ArcIndex, ArcRow, BuyerRow, PermitRow, ProductIndex, SectorRow, SellerRow
from minsim.scenario.checks import NOT_YET
from minsim.scenario.format.events import Announcement, AnyEvent, Event, General, Leakage, Licence, Measure, Quota
from minsim.simulation.events import PROCESSES

COMMON = {"type", "start", "end", "duration_days", "probability", "title", "source", "note"}
PRICED = {"market_flood", "price_floor", "tariff", "incentive", "premium"}
"""Events, and keys of events, that act on prices: their tests stand with those of prices."""
LEVERS = (
    ArcRow.CAP,
    ArcRow.LEAK_SHARE,
    ArcRow.AIR_COVER_DAYS,
    SellerRow.AVAILABILITY,
    SellerRow.PROJECT_CAPACITY,
    SectorRow.SHOCK_FACTOR,
    SectorRow.DEFERRED,
    SectorRow.SUBSTITUTION_FACTOR,
    BuyerRow.TARGET_FACTOR,
    PermitRow.ACTIVE,
)
INDEX_LEVERS = (ArcIndex.LEAD_DAYS, ArcIndex.LEAK_LEAD_DAYS, ArcIndex.AIR_LEAD_DAYS, ProductIndex.HAS_SUPPLY_CLASSES)
FLOWS = (
    SellerRow.OUTPUT,
    SellerRow.SHIPPED,
    BuyerRow.ARRIVED,
    BuyerRow.USED,
    ArcRow.SHIPPED,
    ArcRow.LEAKED,
    ArcRow.IN_TRANSIT,
)


def named(cases: list[Case]) -> list[typing.Any]:
    return [pytest.param(case, id=case.name) for case in cases]


def simulated() -> dict[str, type[Event]]:
    """Event types of the format that this version simulates."""
    union = typing.get_args(AnyEvent)[0]
    classes = {typing.get_args(c.model_fields["type"].annotation)[0]: c for c in typing.get_args(union)}
    return {name: c for name, c in classes.items() if f"events.{name}" not in NOT_YET and name not in PRICED}


# -------------------------------------------------------------------------------------------------------------- the register


def test_every_simulated_event_has_a_process() -> None:
    assert set(simulated().values()) <= set(PROCESSES)


@pytest.mark.parametrize("name", sorted(simulated()))
def test_every_simulated_event_is_in_the_register(name: str) -> None:
    cases = [case for case in CASES if case.event["type"] == name]
    register = "tests/simulation/events/register.py"
    assert cases, f"{name}: add a case with `expect` (it bites) and `zero` (magnitude zero) to {register}"
    assert all(case.zero["type"] == name for case in cases)


def keys(block: typing.Any) -> set[str]:
    """Every key of a mapping and of the mappings inside it."""
    if not isinstance(block, dict):
        return set()
    return set(block) | {key for child in block.values() for key in keys(child)}


@pytest.mark.parametrize("name", sorted(simulated()))
def test_every_field_of_every_simulated_event_is_tried(name: str) -> None:
    fields = set(simulated()[name].model_fields) - COMMON - PRICED
    tried = {key for case in CASES if case.event["type"] == name for key in case.event}
    assert fields <= tried


def test_every_measure_and_every_key_of_it_is_tried() -> None:
    blocks = (Measure, Quota, Licence, General, Announcement, Leakage)
    fields = {field.alias or name for block in blocks for name, field in block.model_fields.items()}
    tried = {key for case in CASES for key in keys(case.event)}
    assert fields - COMMON - PRICED <= tried


# ---------------------------------------------------------------------------------------------------------------- each case


@pytest.mark.parametrize("case", named(CASES))
def test_bites_by_its_closed_form(case: Case) -> None:
    record, probe = probed(case.scenario())
    for found, expected in case.expect(record, probe):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)
    before = run(case.scenario_without(), "none")
    assert not same(record, before), "the event changes nothing"


def disturbed(case: Case, events: Mapping) -> Mapping:
    """The case's scenario with buyers who look elsewhere, in the middle of other trouble."""
    trouble = {
        "trouble-a": curb({"cut": 0.3}, 40, 90, importers="all"),
        "trouble-b": event("outage", 70, 60, producer=plant("China"), availability=0.5),
        "trouble-c": event("demand_shock", 100, 80, materials=["x"], regions=["United States"], factor=1.2),
    }
    mapping = case.host({**case.besides, **trouble, **events}, stock=case.stock)
    mapping["behaviour"] = {"x": {"qualification_days": 10, "note": "tight enough to see differences"}}
    mapping["stockpiles"] = {
        "vault": {"owner": "United States", "holds": {"x": "fabricate"}, "target_days": 5,
                  "fill": {"rule": "surplus_only"}},
        "reserve": {"owner": "United States", "holds": {"x": "fabricate"}, "target_days": 5,
                    "release": {"drawdown": "declared_disruption", "authorisation_days": 3}},
    }  # fmt: skip
    if case.declared:
        del mapping["stockpiles"]["reserve"]
    return mapping


@pytest.mark.parametrize("rerouting", ["none", "reference", "free"])
@pytest.mark.parametrize("case", named(CASES))
def test_in_name_only_it_changes_nothing(case: Case, rerouting: str) -> None:
    plain = run(disturbed(case, case.without), rerouting)
    assert same(run(disturbed(case, {**case.without, "event": case.zero}), rerouting), plain)


def differing_days(one: np.ndarray, other: np.ndarray) -> set[int]:
    """Days on which two tables by day differ; columns that one of them lacks count as 0."""
    width = max(one.shape[1], other.shape[1])
    one, other = (np.pad(table, ((0, 0), (0, width - table.shape[1]))) for table in (one, other))
    return set(np.flatnonzero((one != other).any(axis=1)).tolist())


def lever_days(one: Probe, other: Probe) -> set[int]:
    """Days on which any lever stands elsewhere."""
    days = set().union(*(differing_days(one.morning(row), other.morning(row)) for row in LEVERS))
    for row in INDEX_LEVERS:
        found = [np.array([index[row] for index in probe.indices[:-1]]) for probe in (one, other)]
        days |= differing_days(*found)
    return days


@pytest.mark.parametrize("case", named([case for case in CASES if not case.random]))
def test_acts_to_the_day(case: Case) -> None:
    with_it, without = probed(case.scenario())[1], probed(case.scenario_without())[1]
    first, end = case.acts
    assert lever_days(with_it, without) == set(range(first, end))
    moved = set().union(*(differing_days(with_it.closing(row), without.closing(row)) for row in FLOWS))
    assert min(moved) == (first if case.flows_from is None else case.flows_from)


@pytest.mark.parametrize("rerouting", ["none", "reference"])
@pytest.mark.parametrize("case", named(CASES))
def test_no_tonne_appears_or_vanishes(case: Case, rerouting: str) -> None:
    audit(*probed(case.scenario(), rerouting))
    audit(*probed(disturbed(case, {"event": case.event}), rerouting))


@pytest.mark.parametrize("case", named(CASES))
def test_the_seed_decides(case: Case) -> None:
    first, again, other = (run(case.scenario(), seed=seed) for seed in (1, 1, 2))
    assert same(first, again)
    assert first.log == again.log
    assert same(first, other) != case.random


@pytest.mark.parametrize("case", named(CASES))
def test_one_day_too_late_is_too_late(case: Case) -> None:
    """An event after the last day, or of no days, changes nothing; one on the last day alone does no harm."""
    base = run(case.scenario_without(), "none")
    keep = {key: value for key, value in case.event.items() if key not in ("start", "duration_days", "announcement")}
    for start, length in ((DAYS, 10), (START, 0), (-30, 20)):
        moved = event(keep["type"], start, length, **{k: v for k, v in keep.items() if k != "type"})
        assert same(run(case.host({**case.besides, "event": moved}, stock=case.stock), "none"), base)
    last = event(keep["type"], DAYS - 1, END - START, **{k: v for k, v in keep.items() if k != "type"})
    audit(*probed(case.host({**case.besides, "event": last}, stock=case.stock)))


def test_a_chain_at_rest_stays_at_rest() -> None:
    record, probe = probed(chain(), "reference")
    audit(record, probe)
    assert not record.sector[:, :, SectorDay.SHORTFALL].any()
