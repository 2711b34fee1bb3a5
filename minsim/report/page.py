"""Render the page: template, style and script in one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from minsim.report import tables
from minsim.report.basis import Basis
from minsim.report.contents import PageContents
from minsim.report.sections import MOST_ROWS, FirstScreen
from minsim.report.svg_curves import Chart, charts_of
from minsim.text.formatting import long_date

FOLDER = Path(__file__).parent
MOST_MATERIALS = 3
"""Most materials with charts; the others are in the tables."""


def render(
    contents: PageContents, *, command: str | None = None, made_by: str | None = None, notices: tuple[str, ...] = ()
) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    contents : PageContents
        The contents of the page.
    command : str, optional
        The command of the user; shown without folders.
    made_by : str, optional
        The command that wrote the results folder, if the page is made from one.
    notices : tuple of str
        Notes at the top of the page.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("report.html.jinja").render(**context(contents, command, made_by, notices))


def context(
    contents: PageContents, command: str | None, made_by: str | None, notices: tuple[str, ...]
) -> dict[str, Any]:
    """Every variable of the template."""
    charts = list(charts_of(contents.summaries[:MOST_MATERIALS]))
    return {
        "notices": notices,
        "charts": charts,
        "left_out": [summary.name for summary in contents.summaries[MOST_MATERIALS:]],
        "has_draws": contents.ensemble is not None,
        "colophon": tables.colophon(contents, command, made_by),
        "data": data(contents, charts),
        **_assets(),
        **_titles(contents),
        **_first_screen(contents),
        **_details(contents),
    }


def _assets() -> dict[str, str]:
    """Style and script, which are embedded in the page."""
    script = (FOLDER / "report.js").read_text("utf-8")
    return {
        "style": (FOLDER / "report.css").read_text("utf-8"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def _titles(contents: PageContents) -> dict[str, Any]:
    """Headline, answer, and what the scenario is about."""
    model, answer = contents.run.scenario.model, contents.run.answer()
    return {
        "headline": answer.headline,
        "lines": answer.lines,
        "title": model.title,
        "question": contents.run.scenario.question,
        "as_of": long_date(model.as_of),
        "period": f"{long_date(model.start)} to {long_date(model.end)}",
    }


def _first_screen(contents: PageContents) -> dict[str, Any]:
    """The tables of the first screen."""
    sections = FirstScreen(contents)
    who = sections.who()
    return {
        "who": who[:MOST_ROWS],
        "who_more": len(who) - MOST_ROWS,
        "calm": sections.calm(),
        "waterfall": sections.waterfall(),
        "buying": sections.buying(),
        "paying": sections.paying(),
    }


def _details(contents: PageContents) -> dict[str, Any]:
    """The basis of the answer, and everything below the first screen."""
    basis = Basis(contents)
    return {
        "basis": basis.first_screen(),
        "decisive_inputs": basis.decisive_inputs(),
        "timeline": tables.timeline(contents),
        "outcomes": tables.outcomes(contents),
        "waterfalls": tables.waterfalls(contents),
        "steps": list(contents.run.days_lost)[1:],
        "sources": tables.sources(contents),
    }


def data(contents: PageContents, charts: list[Chart]) -> dict[str, Any]:
    """Data embedded as JSON: the identity of the scenario, and the points of every chart."""
    scenario = contents.run.scenario
    charted = [chart.data for chart in charts]
    return {"scenario": scenario.name, "scenario_hash": scenario.hash, "seed": contents.run.seed, "charts": charted}
