"""Metrics as rows of a table, with dates and units."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from minsim.metrics.consumers import CONSUMER_UNITS, FloatArray, leaked_t, measure_consumers
from minsim.metrics.prices import PRICE_UNITS, keeps_market_prices, leakage_premium, measure_prices
from minsim.metrics.stockpiles import STOCKPILE_UNITS, groups_by_owner, measure_stockpiles

if TYPE_CHECKING:
    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record


class MetricRow(TypedDict):
    """One metric in `summary.json`: a named number, whose it is, and its unit.

    `value` is an ISO date where the unit is "date"; None: not applicable.
    """

    material: str | None
    region: str | None
    metric: str
    value: float | str | None
    unit: str


class BracketRow(MetricRow):
    """A metric under one rerouting behaviour of the bracket."""

    rerouting: str


def metric_rows(record: Record) -> list[MetricRow]:
    """Every metric of one replication: consumers, then stockpiles by owner, then prices; by material and region."""
    start = record.network.start
    groups = groups_by_owner(record)
    stocks = measure_stockpiles(record, groups.values())
    return [
        *_rows(start, _consumers(record), measure_consumers(record), CONSUMER_UNITS),
        *_plant_leakage_rows(record),
        *_rows(start, groups, stocks, STOCKPILE_UNITS),
        *price_rows(record),
    ]


def price_rows(record: Record) -> list[MetricRow]:
    """Every metric of prices, by material and region; none for a record without market prices."""
    if not keeps_market_prices(record):
        return []
    start, consumers = record.network.start, _consumers(record)
    premium, unit = leakage_premium(record)
    return [
        *_rows(start, consumers, measure_prices(record), PRICE_UNITS),
        *_rows(start, consumers, premium, unit),
    ]


def waterfall_rows(record: Record, days_lost: Mapping[str, FloatArray]) -> list[MetricRow]:
    """Days of use lost after each step of the waterfall, by material and region; see `minsim.results.waterfall`."""
    named = {f"waterfall_{step}_days": days for step, days in days_lost.items()}
    return _rows(record.network.start, _consumers(record), named, dict.fromkeys(named, "days"))


def assumption_count(scenario: Scenario) -> tuple[int, int]:
    """Number of empirical inputs that are assumptions, and of all."""
    kinds = [entry.kind for entry in scenario.inputs()]
    return kinds.count("assumption"), len(kinds)


def assumption_row(scenario: Scenario) -> MetricRow:
    """Fraction of a scenario's empirical inputs that are assumptions."""
    assumed, total = assumption_count(scenario)
    share = assumed / total if total else None
    return MetricRow(material=None, region=None, metric="assumption_share", value=share, unit="fraction")


def _consumers(record: Record) -> list[tuple[str, str]]:
    return [(consumer.material, consumer.region) for consumer in record.network.consumers]


def _plant_leakage_rows(record: Record) -> list[MetricRow]:
    """Leakage of intermediates, which go to plants in regions without consumers of them."""
    consumers = set(_consumers(record))
    leaked = {place: amount for place, amount in sorted(leaked_t(record).items()) if place not in consumers}
    return _rows(record.network.start, leaked, {"leaked_t": np.array(list(leaked.values()))}, {"leaked_t": "t"})


def _rows(
    start: dt.date, places: Iterable[tuple[str, str]], measures: Mapping[str, FloatArray], units: Mapping[str, str]
) -> list[MetricRow]:
    return [
        MetricRow(
            material=material,
            region=region,
            metric=name,
            value=_readable(float(measures[name][index]), unit, start),
            unit=unit,
        )
        for index, (material, region) in enumerate(places)
        for name, unit in units.items()
    ]


def _readable(value: float, unit: str, start: dt.date) -> float | str | None:
    """A number with 12 significant digits, an ISO date, or None."""
    if not math.isfinite(value):
        return None
    if unit == "date":
        return (start + dt.timedelta(days=int(value))).isoformat()
    return float(f"{value:.12g}")
