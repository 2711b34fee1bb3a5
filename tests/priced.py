"""Scenarios with prices made in code: one product, China and Japan make it, the United States and China use it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from networks import DAYS_PER_YEAR, Mapping, date, frame, mappings

from minsim.simulation.engine import Record
from minsim.simulation.log import LogKind

REFERENCE = 50.0
"""Reference price [USD/kg]."""
DAILY_USE_T = 100.0
"""What each of the two users takes a day [t]."""
TWO_ZONES = {"china": ["China"], "world": "rest"}
ALIKE = ("sector", "consumer", "holding", "trade", "leaked")


def market(
    *,
    days: int = 2500,
    e_d: float = 0.3,
    e_s: float = 0.0,
    essential: float = 0.0,
    japan: float = 0.4,
    utilisation: float = 0.9,
    prices: bool = True,
    zones: Mapping | None = None,
    costs: Mapping | None = None,
    events: Mapping | None = None,
    behaviour: Mapping | None = None,
    sectors: Mapping | None = None,
    trade: Mapping | None = None,
    stage: Mapping | None = None,
    **given: Any,
) -> Mapping:
    """One priced product; `given` goes into its price block, or replaces a block of the scenario."""
    use = {
        "demand_t_per_year": DAILY_USE_T * DAYS_PER_YEAR,
        "stock_days": 38,
        "sectors": sectors or {"all": {"share": 1.0, "demand_elasticity": e_d, "essential_share": essential}},
    }
    block = {
        "producers": {"China": {"share": 1.0 - japan}, "Japan": {"share": japan}},
        "utilisation": utilisation,
        "trade": {"lead_time_days": {"default": 30, "home": 5}, **(trade or {})},
        **(stage or {}),
    }
    material: Mapping = {
        "basis": "metal",
        "stages": {"process": block},
        "consumers": {"United States": use, "China": use},
    }
    blocks = {name: given.pop(name) for name in ("stockpiles",) if name in given}
    if prices:
        material["prices"] = {
            "reference_usd_per_kg": REFERENCE,
            "supply_elasticity": e_s,
            "adjustment_days": 45,
            "bounds": [0.05, 100.0],
            **({"zones": zones} if zones else {}),
            **({"costs": costs} if costs else {}),
            **given,
        }
    return frame(
        days,
        {"x": material},
        regions={"blocs": {"bloc": ["Japan", "United States"]}},
        events=events or {},
        **({"behaviour": {"x": behaviour}} if behaviour else {}),
        **blocks,
    )


def outage(availability: float, start: int = 100, length: int | None = None) -> Mapping:
    """Japan's producers lose part of their capacity."""
    return {
        "type": "outage",
        "producer": {"material": "x", "stage": "process", "country": "Japan"},
        "availability": availability,
        "start": date(start),
        **({} if length is None else {"duration_days": length}),
    }


def flood(discount: float, start: int = 100, length: int | None = None) -> Mapping:
    """China floods the market."""
    spell = {} if length is None else {"duration_days": length}
    event = {"type": "market_flood", "exporter": "China", "materials": ["x"], "discount": discount}
    return {**event, "start": date(start), **spell}


def floor(price: float, start: int = 0) -> Mapping:
    """The bloc keeps a minimum price."""
    event = {"type": "price_floor", "bloc": "bloc", "materials": ["x"], "stage": "process"}
    return {**event, "price_usd_per_kg": price, "start": date(start)}


def tariff(rate: float, start: int = 100) -> Mapping:
    """The United States tax imports from China."""
    event = {"type": "tariff", "importer": "United States", "exporters": ["China"], "materials": ["x"]}
    return {**event, "rate": rate, "start": date(start)}


def column(record: Record, region: str, material: str = "x") -> int:
    """Column of a region's consumers."""
    return [(c.material, c.region) for c in record.network.consumers].index((material, region))


def spot(record: Record, region: str = "United States", material: str = "x") -> np.ndarray:
    """Spot price of a region's zone, relative to the reference, by day."""
    return record.consumer[:, column(record, region, material), 3] / REFERENCE


def told(record: Record, event: str) -> list[tuple[int, LogKind]]:
    """What the log says of an event: day, and what happened."""
    return [(entry.day, entry.kind) for entry in record.log if entry.event == event]


def assert_same(one: Record, other: Record, names: tuple[str, ...] = ALIKE) -> None:
    """The same record, bit for bit."""
    for name in names:
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name


@st.composite
def price_blocks(
    draw: st.DrawFn, *, elastic: bool = True, costs: bool = False, producers: tuple[str, ...] = ()
) -> Mapping:
    """Any price block of a material whose reference price is 10 USD/kg."""
    block: Mapping = {
        "reference_usd_per_kg": 10,
        "supply_elasticity": draw(st.sampled_from([0.0, 0.05, 0.3, 1.0])) if elastic else 0.0,
        "adjustment_days": draw(st.sampled_from([1, 7, 45, 180])),
        "bounds": draw(st.sampled_from([[0.2, 20.0], [0.5, 2.0]])),
        "contract_share": draw(st.sampled_from([0.0, 0.7, 1.0])),
        "zones": draw(st.sampled_from([{"world": "rest"}, TWO_ZONES])),
    }
    if costs:
        block["costs"] = {
            name: {
                "cash_usd_per_kg": draw(st.sampled_from([6, 9, 9.9])),
                "restart_usd_per_kg": draw(st.sampled_from([10.5, 12])),
                "mothball_after_days": draw(st.sampled_from([0, 30, 90])),
                "restart_days": draw(st.sampled_from([0, 20, 60])),
            }
            for name in producers
            if draw(st.booleans())
        }
    return block


@st.composite
def priced_mappings(draw: st.DrawFn, *, elastic: bool = True, costs: bool = False, money: bool = True) -> Mapping:
    """A random network whose consumed materials have prices."""
    mapping = draw(mappings(days=300))
    for material in mapping["materials"].values():
        if "consumers" not in material:
            continue
        last = list(material["stages"].values())[-1]
        material["prices"] = draw(price_blocks(elastic=elastic, costs=costs, producers=tuple(last["producers"])))
        del material["price_usd_per_kg"]
        for consumer in material["consumers"].values():
            for sector in consumer["sectors"].values():
                if elastic:
                    sector["demand_elasticity"] = draw(st.sampled_from([0.0, 0.1, 0.6]))
                    sector["essential_share"] = draw(st.sampled_from([0.0, 0.5]))
    if not money:
        for pile in mapping.get("stockpiles", {}).values():
            pile.pop("budget_usd", None)
            pile.get("fill", {}).pop("price_ceiling_usd_per_kg", None)
    return mapping
