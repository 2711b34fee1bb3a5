"""Metrics as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record

from minsim.metrics.consumers import CONSUMER_UNITS, FloatArray, MetricRow, _rows, leaked_t, measure_consumers


def metric_rows(record: Record) -> list[MetricRow]:
    """Every metric of one replication, by material and region, then the strategic stocks by owner."""
    from minsim.metrics import stockpiles
    from minsim.metrics.prices import price_rows

    network = record.network
    groups = stockpiles.groups_by_owner(record)
    stocks = stockpiles.measure_stockpiles(record, groups.values())
    consumers = [(consumer.material, consumer.region) for consumer in network.consumers]
    # An intermediate that leaks reaches plants, not users.
    to_plants = {place: amount for place, amount in sorted(leaked_t(record).items()) if place not in consumers}
    return [
        *_rows(network.start, consumers, measure_consumers(record), CONSUMER_UNITS),
        *_rows(network.start, list(to_plants), {"leaked_t": np.array(list(to_plants.values()))}, {"leaked_t": "t"}),
        *_rows(network.start, list(groups), stocks, stockpiles.STOCKPILE_UNITS),
        *price_rows(record),
    ]


def waterfall_rows(record: Record, days_lost: Mapping[str, FloatArray]) -> list[MetricRow]:
    """Days of use lost after each step of the waterfall, by material and region; see `minsim.results.waterfall`."""
    consumers = [(consumer.material, consumer.region) for consumer in record.network.consumers]
    named = {f"waterfall_{step}_days": days for step, days in days_lost.items()}
    return _rows(record.network.start, consumers, named, dict.fromkeys(named, "days"))


def assumption_count(scenario: Scenario) -> tuple[int, int]:
    """Count the empirical inputs that are assumptions, and all of them."""
    kinds = [entry.kind for entry in scenario.inputs()]
    return kinds.count("assumption"), len(kinds)


def assumption_row(scenario: Scenario) -> MetricRow:
    """Fraction of a scenario's empirical inputs that are assumptions."""
    assumed, total = assumption_count(scenario)
    return MetricRow(None, None, "assumption_share", assumed / total if total else None, "fraction")
