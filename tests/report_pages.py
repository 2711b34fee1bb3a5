"""Pages of `minsim report` for its tests: made quickly, and of a scenario whose every text is an attack."""

from __future__ import annotations

import functools
from typing import Any

import minsim
from minsim.report.contents import Effort, PageContents, gather
from minsim.report.page import render
from minsim.scenario import Scenario, scenario_from_mapping

SCRIPT = "</script><script>hacked()</script>"
STYLE = "</style><style>body{display:none}</style>"
QUOTES = "\"'><img src=x onerror=hacked()>"
REGION = "South\"'<b onmouseover=hacked()"
"""A region's name may hold anything but `>`, dots, colons and brackets."""

NEVER_ENDING_S = 1e6
"""Time to screen inputs in: all are screened, however busy the machine."""
UNSCREENED = ("gallium-germanium-antimony-suspension-ends", "truce-lapses-legal")
"""Scenarios that take long to screen, whose pages are read for other things."""


def salt(**changed: Any) -> Scenario:
    """A year without Northern salt, whose value added is given and whose stocks are uncertain."""
    assumed = {"source": "assumption", "note": "made for a test"}
    mapping: dict[str, Any] = {
        "format": 1,
        "title": "Salt",
        "description": "Who runs out of salt?",
        "as_of": "2026-01-01",
        "start": "2026-01-01",
        "end": "2027-06-30",
        "seed": 7,
        **assumed,
        "materials": {
            "salt": {
                "title": "Rock salt",
                "basis": "product",
                "price_usd_per_kg": 2.0,
                "stages": {"mine": {"producers": {"Northland": {"share": 0.75}, REGION: {"share": 0.25}}}},
                "trade": {"lead_time_days": {"default": 30, "home": 5}},
                "consumers": {
                    "Northland": {"demand_t_per_year": 1000, "stock_days": 30},
                    REGION: {
                        "demand_t_per_year": 3652.5,
                        "stock_days": {"dist": "uniform", "low": 30, "high": 50, **assumed},
                        "sectors": {
                            "roads": {"share": 0.5, "priority": 2, "value_added_usd_per_t": 100.0},
                            "food": {"share": 0.5, "priority": 1},
                        },
                    },
                },
            }
        },
        "behaviour": {
            "salt": {"contract_flex": 0.0, "spot_share": 0.0, "switching_days": ".inf", "note": "nobody reroutes"}
        },
        "events": {
            "ban": {
                "type": "export_curb",
                "title": "Northland sells none",
                "exporter": "Northland",
                "importers": [REGION],
                "materials": ["salt"],
                "start": "2026-02-01",
                "duration_days": 100,
                "measure": {"ban": True},
            }
        },
    }
    return scenario_from_mapping({**mapping, **changed}, "salt")


def calm() -> Scenario:
    """Salt, with a ban that stocks outlast."""
    return salt().with_overrides({"events.ban.duration_days": 5})


def hostile() -> Scenario:
    """Salt, with an attack in every text that an author writes."""
    mapping = salt().resolved
    mapping["title"], mapping["description"], mapping["note"] = SCRIPT, STYLE + " Is it so" + QUOTES + "?", QUOTES
    mapping["materials"]["salt"]["title"] = "Salt" + SCRIPT
    mapping["events"]["ban"]["title"] = STYLE + QUOTES
    mapping["events"]["ban"]["note"] = SCRIPT
    attack = {"title": QUOTES, "publisher": SCRIPT, "licence": STYLE, "url": "javascript:hacked()"}
    mapping["sources"] = {"attack": attack, "plain": {"title": "Plain", "url": 'https://example.org/a?b=1&c="x'}}
    mapping["stockpiles"] = {
        "pile": {"title": SCRIPT, "owner": REGION, "holds": {"salt": "mine"}, "target_days": 5, "source": "attack"}
    }
    return scenario_from_mapping(mapping, "hostile")


@functools.cache
def findings(name: str) -> PageContents:
    """What the page tells of a library scenario, or of one of the above, with few draws."""
    made = {"salt": salt, "calm": calm, "hostile": hostile}
    run = minsim.run(made[name]() if name in made else name)
    seconds = 0.0 if name in UNSCREENED else NEVER_ENDING_S
    return gather(run, Effort(draws=4, screening_seconds=seconds, jobs=1), lambda what, done, wanted: None)


@functools.cache
def page(name: str) -> str:
    """The page of `findings`."""
    return render(findings(name), command=f"minsim report {name}")
