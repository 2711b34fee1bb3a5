"""Small scenarios for tests of risk: a year of salt, with uncertain events or an uncertain network."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minsim.scenario import Scenario, scenario_from_mapping

SALT: dict[str, Any] = {
    "format": 1,
    "title": "A year without Northern salt",
    "as_of": "2026-01-01",
    "start": "2026-01-01",
    "end": "2026-12-31",
    "seed": 7,
    "source": "assumption",
    "note": "made for a test",
    "materials": {
        "salt": {
            "title": "Rock salt",
            "basis": "product",
            "price_usd_per_kg": 2.0,
            "stages": {
                "mine": {
                    "utilisation": 0.9,
                    "producers": {"Northland": {"share": 0.75}, "Southland": {"share": 0.25}},
                }
            },
            "trade": {"lead_time_days": {"default": 30, "home": 5}},
            "consumers": {
                "Northland": {"demand_t_per_year": 1000, "stock_days": 30},
                "Southland": {"demand_t_per_year": 4000, "stock_days": 40},
            },
        }
    },
    "stockpiles": {
        "reserve": {"title": "Salt reserve", "owner": "Southland", "holds": {"salt": "mine"}, "target_days": 20}
    },
    "events": {
        "ban": {
            "type": "export_curb",
            "exporter": "Northland",
            "importers": ["Southland"],
            "materials": ["salt"],
            "probability": 0.8,
            "start": {"earliest": "2026-02-01", "latest": "2026-04-01"},
            "duration_days": {"dist": "triangular", "low": 60, "mode": 120, "high": 200},
            "measure": {"cut": {"dist": "uniform", "low": 0.5, "high": 1.0}},
        },
        "flood": {
            "type": "outage",
            "producer": {"material": "salt", "stage": "mine", "producer": "Southland"},
            "availability": 0.5,
            "hazard": {"rate_per_year": 1.0, "repair_days": {"dist": "lognormal", "mean": 30, "sd": 10}},
        },
    },
}


def salt(changes: dict[str, Any] | None = None) -> Scenario:
    """The scenario whose events alone are uncertain, with changes by dotted path."""
    loaded = scenario_from_mapping(copy.deepcopy(SALT), name="salt")
    return loaded.with_overrides(changes) if changes else loaded


UNCERTAIN_USE = {
    "materials.salt.consumers.Southland.demand_t_per_year": {
        "dist": "triangular", "low": 3500, "mode": 4000, "high": 4600,
    }
}  # fmt: skip
CERTAIN = {"events.ban.probability": 1.0, "events.ban.start": "2026-03-01", "events.ban.duration_days": 150,
           "events.ban.measure.cut": 0.9, "events.flood": None}  # fmt: skip
FAILING = {
    "materials.salt.stages.mine.producers.Northland.availability": 0.9,
    "materials.salt.stages.mine.utilisation": {"dist": "uniform", "low": 0.8, "high": 1.0},
}


@pytest.fixture
def uncertain_events() -> Scenario:
    return salt()


@pytest.fixture
def uncertain_use() -> Scenario:
    return salt(UNCERTAIN_USE)


@pytest.fixture
def certain() -> Scenario:
    return salt(CERTAIN)


@pytest.fixture
def failing() -> Scenario:
    """Some replications draw a utilisation that no steady state has."""
    return salt(FAILING)
