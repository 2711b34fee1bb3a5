"""Random sets of overlapping events of every type on random networks: tonnes, shortfalls, order and names."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import date, mappings, network_or_none
from simulation.events.audit import audit
from simulation.events.builders import Mapping, Probe, close, run, same

from minsim.kernel.rows import ArcRow
from minsim.simulation.engine import simulate

DAYS = 160
RANDOM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
REROUTINGS = st.sampled_from(["none", "reference", "free"])


@st.composite
def measures(draw: st.DrawFn) -> Mapping:
    kind = draw(st.sampled_from(["ban", "cut", "quota", "licence", "licence"]))
    if kind == "ban":
        return {"ban": True}
    if kind == "cut":
        return {"cut": draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))}
    if kind == "quota":
        tonnes = draw(st.sampled_from([0, 200, 3000, 50000]))
        months = draw(st.sampled_from([1, 2, 12]))
        return {"quota": {"t_per_year": tonnes, "period_months": months, "carry_over": draw(st.booleans())}}
    licence = {
        "controlled_share": draw(st.sampled_from([0.0, 0.4, 1.0])),
        "review_days": draw(st.sampled_from([0, 11, 30])),
        "decisions_per_day": draw(st.sampled_from([0.3, 1, 20])),
        "approval_rate": draw(st.sampled_from([0.0, 0.6, 1.0])),
        "reapply_after_days": draw(st.sampled_from([0, 15])),
    }
    if draw(st.booleans()):
        licence["general"] = {"share": 0.5, "valid_days": 30, "from": date(draw(st.integers(0, DAYS)))}
    return {"licence": licence}


@st.composite
def curb_blocks(draw: st.DrawFn, material: str, stages: list[str], sectors: list[str]) -> Mapping:
    block: Mapping = {
        "type": "export_curb",
        "exporter": draw(st.sampled_from(["China", "Japan"])),
        "importers": draw(st.sampled_from(["all", ["United States"], ["allies"], ["Japan", "Chile"]])),
        "materials": draw(st.sampled_from(["all", [material]])),
        "measure": draw(measures()),
        "home_first": draw(st.booleans()),
    }
    if draw(st.booleans()):
        leakage = {"share": draw(st.sampled_from([0.0, 0.3, 1.0])), "extra_days": draw(st.integers(0, 80))}
        block["leakage"] = leakage | {"ramp_days": draw(st.sampled_from([0, 25]))}
    if draw(st.booleans()):
        notice = {
            "date": date(draw(st.integers(-10, DAYS // 2))),
            "stock_target_factor": draw(st.sampled_from([1.0, 1.8])),
        }
        block["announcement"] = notice
    if draw(st.integers(0, 2)) == 0:
        block["stage"] = draw(st.sampled_from(stages))
    elif draw(st.integers(0, 2)) == 0 and "quota" not in block["measure"]:
        block["sectors"] = draw(st.permutations(sectors))[:1]
    return block


@st.composite
def event_blocks(draw: st.DrawFn, mapping: Mapping, *, hazards: bool) -> Mapping:
    """One event of any type."""
    materials = mapping["materials"]
    material = draw(st.sampled_from(sorted(materials)))
    stages = sorted(materials[material]["stages"])
    stage = draw(st.sampled_from(stages))
    producers = sorted(materials[material]["stages"][stage]["producers"])
    producer = {"material": material, "stage": stage, "producer": draw(st.sampled_from(producers))}
    consumers = [c for m in materials.values() for c in m.get("consumers", {}).values()]
    sectors = sorted({name for consumer in consumers for name in consumer["sectors"]})
    regions = draw(st.sampled_from(["all", ["United States"], ["allies"]]))
    kinds = ["outage", "capacity_project", "demand_shock", "chokepoint", "pandemic", "trade_bloc", "substitution"]
    kind = draw(st.sampled_from(["export_curb", "export_curb", *kinds]))
    block: Mapping
    match kind:
        case "export_curb":
            block = draw(curb_blocks(material, stages, sectors))
        case "outage":
            block = {"producer": producer, "availability": draw(st.sampled_from([0.0, 0.5, 1.0]))}
            if hazards and draw(st.booleans()):
                repair = draw(st.sampled_from([7, {"dist": "lognormal", "mean": 15, "sd": 9}]))
                block["hazard"] = {"rate_per_year": draw(st.sampled_from([0, 6, 40])), "repair_days": repair}
        case "capacity_project":
            tonnes = draw(st.sampled_from([0, 500, 20000]))
            days = {"ramp_days": draw(st.sampled_from([0, 30])), "delay_days": draw(st.sampled_from([0, 20]))}
            block = {"producer": producer, "capacity_t_per_year": tonnes, **days}
        case "demand_shock":
            factor, ramp = draw(st.sampled_from([0.0, 0.7, 1.0, 1.6])), draw(st.sampled_from([0, 12]))
            block = {"materials": "all", "regions": regions, "factor": factor, "ramp_days": ramp}
        case "chokepoint":
            ends = st.sampled_from(["China", "Japan", "United States", "allies"])
            block = {
                "lanes": [f"{draw(ends)} -> {draw(ends)}"],
                "extra_days": draw(st.sampled_from([0, 9, 100])),
                "throughput": draw(st.sampled_from([0.0, 0.6, 1.0])),
                "holds_in_transit": draw(st.booleans()),
            }
            if draw(st.booleans()):
                block["expedite"] = {"days": draw(st.integers(1, 9)), "when_cover_below_days": draw(st.integers(0, 9))}
        case "pandemic":
            block = {
                "countries": draw(st.sampled_from(["all", ["China"], ["allies"]])),
                "availability": draw(st.sampled_from([0.3, 1.0])),
                "demand_factor": draw(st.sampled_from([0.8, 1.2])),
                "lanes_extra_days": draw(st.sampled_from([0, 13])),
            }
        case "trade_bloc":
            block = {"bloc": "allies"}
        case _:
            part = draw(st.permutations(sectors))[:1]
            block = {
                "materials": "all",
                "regions": regions,
                "sectors": part,
                "after_days": draw(st.integers(0, 9)),
                "per_year": 0.4,
            }
    block = {"type": kind, "start": date(draw(st.integers(-20, DAYS // 2))), **block}
    length = draw(st.sampled_from([None, None, 1, 30, 70]))
    return block if length is None else block | {"duration_days": length}


@st.composite
def eventful(draw: st.DrawFn, *, hazards: bool = True) -> Mapping:
    """A random network with two to six events, some piles waiting for a declaration."""
    mapping = draw(mappings(days=DAYS, curbed=False, members=True))
    for pile in mapping.get("stockpiles", {}).values():
        pile["release"]["drawdown"] = draw(st.sampled_from(["replenish", "declared_disruption"]))
    count = draw(st.integers(2, 6))
    blocks = [draw(event_blocks(mapping, hazards=hazards)) for _ in range(count)]
    mapping["events"] = {f"event-{k}": block for k, block in enumerate(blocks)}
    return mapping


def reordered(mapping: Mapping, names: list[str]) -> Mapping:
    """The same events in another order, under other names."""
    events = list(mapping["events"].values())
    return mapping | {"events": dict(reversed(list(zip(names, events, strict=True))))}


@RANDOM
@given(eventful(), REROUTINGS)
def test_tonnes_and_shortfalls(mapping: Mapping, rerouting: str) -> None:
    """The engine's checks are on; an audit of its own follows the stocks, the recipes, the record and the permits."""
    network = network_or_none(mapping)
    assume(network is not None)
    probe = Probe()
    record = simulate(network, rerouting, [probe])
    audit(record, probe.close())
    assert (record.trade >= 0.0).all()
    assert (record.leaked >= 0.0).all()
    assert (probe.closing(ArcRow.SHARE) >= 0.0).all()
    assert np.isfinite(record.sector).all()
    for application in record.applications:
        if application.decided_day is not None:
            assert application.applied_day <= application.decided_day < DAYS
            np.testing.assert_allclose(application.approved_t + application.refused_t, application.tonnes)


@RANDOM
@given(eventful(), REROUTINGS)
def test_runs_repeat_and_the_order_of_keys_never_counts(mapping: Mapping, rerouting: str) -> None:
    assume(network_or_none(mapping) is not None)
    first = run(mapping, rerouting)
    again = run(reordered(mapping, list(mapping["events"])), rerouting)
    assert same(first, again)
    assert first.log == again.log
    assert first.applications == again.applications


@RANDOM
@given(eventful(hazards=False), REROUTINGS, st.data())
def test_names_never_count(mapping: Mapping, rerouting: str, data: Any) -> None:
    """Nothing is drawn, so names decide nothing but the order in which events of one day act."""
    assume(network_or_none(mapping) is not None)
    names = data.draw(st.permutations([f"other-{letter}" for letter in "uvwxyz"]))[: len(mapping["events"])]
    assert close(run(mapping, rerouting), run(reordered(mapping, names), rerouting))


@RANDOM
@given(eventful(), REROUTINGS, st.integers(1, 2))
def test_events_after_the_last_day_change_nothing(mapping: Mapping, rerouting: str, kept: int) -> None:
    """Neither does one more that comes too late: the others keep their draws and their days."""
    assume(network_or_none(mapping) is not None)
    items = list(mapping["events"].items())
    early, late = dict(items[:kept]), {}
    for name, block in items[kept:]:
        late[name] = {k: v for k, v in block.items() if k != "announcement"} | {"start": date(DAYS)}
    assert same(run(mapping | {"events": early}, rerouting), run(mapping | {"events": early | late}, rerouting))
