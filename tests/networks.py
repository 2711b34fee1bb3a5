"""Scenarios made in code, for tests of the numbers: the closed-form ban, and random networks for Hypothesis."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minsim.errors import BalanceError
from minsim.network.network import Network, build_network
from minsim.scenario import Scenario, scenario_from_mapping
from minsim.scenario.distributions import Draws
from minsim.simulation.engine import Record, simulate

START = dt.date(2026, 1, 1)
STAGES = ("mine", "process", "fabricate")
NO_REROUTING = {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": ".inf"}
DAILY_USE_T = 100.0
DAYS_PER_YEAR = 365.25

Mapping = dict[str, Any]


def date(day: int) -> str:
    """The date of a day of the run."""
    return str(START + dt.timedelta(days=day))


def scenario(mapping: Mapping) -> Scenario:
    """A scenario from a mapping that it leaves as it was."""
    return scenario_from_mapping(copy.deepcopy(mapping), name="test")


def network(mapping: Mapping) -> Network:
    """The network of a mapping, with central values."""
    return build_network(scenario(mapping), Draws.central(0))


def run(mapping: Mapping, rerouting: str = "reference") -> Record:
    """One run of a mapping."""
    return simulate(network(mapping), rerouting)


def frame(days: int, materials: Mapping, **blocks: Mapping) -> Mapping:
    """A scenario of so many days around a chain."""
    return {
        "format": 1,
        "title": "test",
        "as_of": date(0),
        "start": date(0),
        "end": date(days - 1),
        "source": "assumption",
        "note": "made for a test",
        "materials": materials,
        **blocks,
    }


def ban(start: int, length: int, *, cut: float | None = None, stage: str | None = None, **given: Any) -> Mapping:
    """A curb of China on the United States."""
    curb = {
        "type": "export_curb",
        "exporter": "China",
        "importers": ["United States"],
        "materials": ["x"],
        "start": date(start),
        "duration_days": length,
        "measure": {"ban": True} if cut is None else {"cut": cut},
        **({} if stage is None else {"stage": stage}),
    }
    return curb | given


def closed_form(
    *,
    phi: float = 0.72,
    lead: int = 30,
    stock: float = 38.0,
    vault: float = 60.0,
    authorisation: int = 0,
    start: int = 100,
    length: int = 365,
    cut: float | None = None,
    stages: int = 1,
    days: int | None = None,
    release: Mapping | None = None,
    behaviour: Mapping | None = None,
) -> Mapping:
    """The network of the closed forms: China sells the share phi of what the United States and Japan use, Japan the rest.

    The United States use 100 t/day; China curbs the last product from day `start` on.
    """
    chain = STAGES[-stages:]
    block = {
        "producers": {"China": {"share": phi}, "Japan": {"share": 1.0 - phi}},
        "trade": {"lead_time_days": {"default": lead, "home": 5}},
    }
    material = {
        "basis": "metal",
        "stages": {name: copy.deepcopy(block) for name in chain},
        "consumers": {
            "United States": {"demand_t_per_year": DAILY_USE_T * DAYS_PER_YEAR, "stock_days": stock},
            "Japan": {"demand_t_per_year": 10000, "stock_days": stock},
        },
    }
    return frame(
        days or start + length + lead + 60,
        {"x": material},
        behaviour={"x": behaviour or NO_REROUTING},
        events={"curb": ban(start, length, cut=cut, stage=chain[-1])},
        stockpiles={
            "vault": {
                "owner": "United States",
                "holds": {"x": chain[-1]},
                "target_days": vault,
                "release": {"trigger": "shortfall", "authorisation_days": authorisation, **(release or {})},
            }
        },
    )


def sectors_of(record: Record, region: str, material: str = "x") -> list[int]:
    """Columns of a region's sectors."""
    return [k for k, label in enumerate(record.network.sectors) if (label.region, label.material) == (region, material)]


def shortfall_of(record: Record, region: str = "United States", material: str = "x") -> np.ndarray:
    """A region's shortfall by day [t]."""
    return record.sector[:, sectors_of(record, region, material), 2].sum(axis=1)


# --------------------------------------------------------------------------------------------------------- random networks

PLACES = ("China", "Japan", "United States", "Chile")
CONSUMERS = ("China", "Japan", "United States")


def shares(draw: st.DrawFn, count: int) -> list[float]:
    """Positive shares that sum to 1."""
    parts = [draw(st.integers(1, 9)) for _ in range(count)]
    return [part / sum(parts) for part in parts]


@st.composite
def stage_blocks(draw: st.DrawFn, inputs: Mapping) -> Mapping:
    """One stage with two to four producers."""
    count = draw(st.integers(2, 4))
    names = list(PLACES[:count])
    producers: Mapping = {name: {"share": share} for name, share in zip(names, shares(draw, count), strict=True)}
    if draw(st.integers(0, 4)) == 0:
        name = names[-1]
        producers["Scrap"] = {**producers.pop(name), "feed": "none", "country": name}
    if draw(st.integers(0, 5)) == 0:
        producers[names[0]]["availability"] = 0.97
    trade: Mapping = {
        "home_preference": draw(st.sampled_from([1.0, 3.0])),
        "lead_time_days": {
            "default": draw(st.integers(1, 45)),
            "home": draw(st.integers(1, 8)),
            "pairs": {"China -> United States": draw(st.integers(1, 60))},
        },
    }
    return {
        "producers": producers,
        "yield": draw(st.sampled_from([1.0, 0.5, 0.8])),
        "utilisation": draw(st.sampled_from([0.6, 0.8, 0.9, 0.97])),
        "feed_stock_days": draw(st.sampled_from([3, 10, 30])),
        "product_stock_days": draw(st.sampled_from([0, 3, 14])),
        "product_store_days": draw(st.sampled_from([5, 30, 90])),
        "inputs": inputs,
        "trade": trade,
    }


@st.composite
def consumer_blocks(draw: st.DrawFn, *, growth: bool) -> Mapping:
    """Two or three consumer regions with one to three sectors each."""
    consumers = {}
    for region in CONSUMERS[: draw(st.integers(2, 3))][::-1] + CONSUMERS[2:]:
        count = draw(st.integers(1, 3))
        consumers[region] = {
            "demand_t_per_year": draw(st.integers(1, 20)) * 1000,
            "stock_days": draw(st.sampled_from([0, 2, 5.5, 20])),
            "growth_per_year": draw(st.sampled_from([0.0, 0.05, -0.1])) if growth else 0.0,
            "sectors": {
                name: {"share": share, "priority": draw(st.integers(1, 2))}
                for name, share in zip(("defence", "vehicles", "other"), shares(draw, count), strict=False)
            },
        }
    return consumers


@st.composite
def behaviours(draw: st.DrawFn) -> Mapping:
    """How the buyers of a material behave."""
    return {
        "contract_flex": draw(st.sampled_from([0.0, 0.1, 0.5])),
        "spot_share": draw(st.sampled_from([0.0, 0.2, 1.0])),
        "switching_days": draw(st.sampled_from([".inf", 30, 180])),
        "adjustment_days": draw(st.sampled_from([5, 30])),
        "qualification_days": draw(st.sampled_from([0, 0, 20, 365])),
    }


@st.composite
def curbs(draw: st.DrawFn, days: int, materials: Mapping) -> Mapping:
    """A ban or cut of any exporter on anybody."""
    material = draw(st.sampled_from(sorted(materials)))
    stage = draw(st.sampled_from([None, *sorted(materials[material]["stages"])]))
    length = draw(st.integers(1, days))
    curb: Mapping = {
        "type": "export_curb",
        "exporter": draw(st.sampled_from(["China", "Japan", "allies"])),
        "importers": draw(st.sampled_from(["all", ["United States"], ["allies"], ["Japan", "Chile"]])),
        "materials": [material],
        "start": date(draw(st.integers(0, days // 2))),
        "duration_days": length,
        "measure": draw(st.sampled_from([{"ban": True}, {"cut": 0.5}, {"cut": 0.9}, {"cut": 0.0}])),
    }
    return curb if stage is None else curb | {"stage": stage}


@st.composite
def stockpile_blocks(draw: st.DrawFn, materials: Mapping, *, buying: bool, members: bool) -> Mapping:
    """A stockpile of anything held by the United States, Japan or both."""
    consumers = [c for block in materials.values() for c in block.get("consumers", {}).values()]
    sectors = sorted({name for consumer in consumers for name in consumer["sectors"]})
    held = draw(st.permutations(sorted(materials)))[: draw(st.integers(1, 2))]
    pile: Mapping = {
        "owner": draw(st.sampled_from(["United States", "Japan", "allies"])),
        "holds": {name: draw(st.sampled_from(sorted(materials[name]["stages"]))) for name in held},
        "target_days": draw(st.sampled_from([2, 10, 40])),
        "initial_fill": draw(st.sampled_from([0.0, 0.3, 1.0])),
        "release": {
            "trigger": draw(st.sampled_from(["shortfall", "shortfall", {"cover_below_days": 3}])),
            "authorisation_days": draw(st.sampled_from([0, 0, 1, 9])),
        },
    }
    if draw(st.booleans()):
        pile["release"]["max_days_per_day"] = draw(st.sampled_from([0.05, 0.3]))
    if draw(st.booleans()):
        pile["release"]["sectors"] = draw(st.permutations(sectors))[: draw(st.integers(1, 3))]
    if members and draw(st.booleans()):
        names = draw(st.sampled_from([sectors, ["Japan", "United States"]]))
        pile["members"] = {name: draw(st.sampled_from([0.0, 0.4, 1.0])) for name in names}
    if buying and draw(st.booleans()):
        pile["fill"] = {"rule": draw(st.sampled_from(["surplus_only", "always"]))}
        if draw(st.booleans()):
            pile["fill"]["max_days_per_month"] = draw(st.sampled_from([1, 6]))
        if draw(st.booleans()):
            pile["fill"]["price_ceiling_usd_per_kg"] = draw(st.sampled_from([9, 11]))
        if draw(st.booleans()):
            pile["budget_usd"] = draw(st.sampled_from([1e5, 3e6]))
    return pile


@st.composite
def mappings(
    draw: st.DrawFn,
    *,
    days: int = 240,
    curbed: bool = True,
    buying: bool = True,
    growth: bool = True,
    members: bool = False,
) -> Mapping:
    """A random scenario: one or two materials of one to three stages, inputs, curbs and stockpiles."""
    grows = growth and draw(st.integers(0, 3)) == 0
    materials: Mapping = {}
    for name in ("a", "x")[draw(st.integers(0, 1)) :]:
        last = draw(st.integers(1, 3)) if name == "x" else draw(st.integers(1, 2))
        stages = STAGES[:last]
        inputs = {"a": draw(st.sampled_from([0.2, 1.5]))} if name == "x" and "a" in materials else {}
        blocks = {}
        for stage in stages:
            blocks[stage] = draw(stage_blocks(inputs if stage == stages[-1] else {}))
            if stage == stages[0]:
                blocks[stage].pop("yield")
            if grows:
                blocks[stage]["growth_per_year"] = draw(st.sampled_from([0.0, 0.04]))
        materials[name] = {"basis": "metal", "price_usd_per_kg": 10, "stages": blocks}
        if name == "x" or draw(st.booleans()):
            materials[name]["consumers"] = draw(consumer_blocks(growth=grows))
    mapping = frame(days, materials, regions={"blocs": {"allies": ["Japan", "United States"]}})
    mapping["behaviour"] = {name: draw(behaviours()) for name in materials if draw(st.booleans())}
    piles = draw(st.integers(0, 2))
    if piles:
        mapping["stockpiles"] = {
            f"pile-{k}": draw(stockpile_blocks(materials, buying=buying, members=members)) for k in range(piles)
        }
    if curbed:
        mapping["events"] = {f"curb-{k}": draw(curbs(days, materials)) for k in range(draw(st.integers(1, 3)))}
    return mapping


def network_or_none(mapping: Mapping) -> Network | None:
    """The network, or none where the random shares allow no baseline."""
    try:
        return network(mapping)
    except BalanceError:
        return None
