"""The page: template, style and script filled and joined into one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from minsim.report import tables
from minsim.report.basis import Resting
from minsim.report.contents import PageContents
from minsim.report.sections import MOST_ROWS, Words
from minsim.report.svg_curves import Chart, charts_of
from minsim.text.formatting import long_date

FOLDER = Path(__file__).parent
MOST_MATERIALS = 3
"""Materials with charts; the others are in the tables."""


def render(
    found: PageContents, *, command: str | None = None, made_by: str | None = None, notices: tuple[str, ...] = ()
) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    found : PageContents
        What it tells.
    command : str, optional
        What the user typed; kept without folders.
    made_by : str, optional
        What made the results folder, where the page is of one.
    notices : tuple of str
        What a reader must know before reading.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("report.html.jinja").render(**context(found, command, made_by, notices))


def context(found: PageContents, command: str | None, made_by: str | None, notices: tuple[str, ...]) -> dict[str, Any]:
    """Everything the template names."""
    words, resting, model = Words(found), Resting(found), found.run.scenario.model
    charts = list(charts_of(found.stories[:MOST_MATERIALS]))
    script = (FOLDER / "report.js").read_text("utf-8")
    who = words.who()
    return {
        "style": (FOLDER / "report.css").read_text("utf-8"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "headline": words.headline,
        "title": model.title,
        "question": found.run.scenario.question,
        "as_of": long_date(model.as_of),
        "period": f"{long_date(model.start)} to {long_date(model.end)}",
        "notices": notices,
        "lines": found.run.answer().lines,
        "who": who[:MOST_ROWS],
        "draws": found.draws is not None,
        "who_more": len(who) - MOST_ROWS,
        "calm": words.calm(),
        "waterfall": words.waterfall(),
        "buying": words.buying(),
        "paying": words.paying(),
        "resting": resting.first_screen(),
        "charts": charts,
        "left_out": [story.name for story in found.stories[MOST_MATERIALS:]],
        "timeline": tables.timeline(found),
        "outcomes": tables.outcomes(found),
        "waterfalls": tables.waterfalls(found),
        "steps": list(found.run.days_lost)[1:],
        "deciders": resting.every(),
        "sources": tables.sources(found),
        "colophon": tables.colophon(found, command, made_by),
        "data": data(found, charts),
    }


def data(found: PageContents, charts: list[Chart]) -> dict[str, Any]:
    """What is embedded as JSON: the scenario's identity, and the points of every chart."""
    scenario = found.run.scenario
    charted = [chart.data for chart in charts]
    return {"scenario": scenario.name, "scenario_hash": scenario.hash, "seed": found.run.seed, "charts": charted}
