"""Heat map of the screening: one row a material, one column a measure, darker where it is worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minsim._version import __version__
from minsim.charts.heatmap import HeatMapCell, draw_maps
from minsim.charts.page import write_page
from minsim.charts.style import drawing_style, save_figure
from minsim.data.reference import AS_OF
from minsim.reference.screening import SURVIVAL_DAYS, Screen, survival_text
from minsim.text.formatting import day_count, inside_sentence, long_date

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHAT = (
    "Survives: days from a full stop of the largest supplier to the first short day, nobody rerouting; {how}. "
    "As of {as_of}."
)
SIMULATED = "simulated through all stages, but on direct purchases alone where a material is for screening only (~)"
CLOSED_FORM = "in closed form on direct purchases alone (~)"
FOOT = (
    "Darker is worse. * an assumption. Sources: US Geological Survey; International Energy Agency; CEPII BACI. minsim "
)

LONG_COVER_DAYS = 180.0
"""Cover from which on a cell is white."""

Column = tuple[str, Callable[[Screen], float | None], Callable[[Screen, float], str], Callable[[float], float]]
"""Heading, value, its text, and severity from 0 to 1."""


def _stage_hhi(stage: str) -> Callable[[Screen], float | None]:
    return lambda s: next((x.hhi for x in s.stages if x.stage == stage), None)


def _refined_hhi(s: Screen) -> float | None:
    """Index of the last stage that is not mining."""
    return next((x.hhi for x in reversed(s.stages) if x.stage != "mine"), None)


def _columns() -> tuple[Column, ...]:
    return (
        ("HHI mine", _stage_hhi("mine"), _hhi_text, _hhi_severity),
        ("HHI last stage", _refined_hhi, _hhi_text, _hhi_severity),
        ("left without the largest", lambda s: s.worst.n_minus_1, lambda _, v: _percent(v), lambda v: 1.0 - v),
        ("net import reliance", lambda s: s.reliance, _reliance_text, lambda v: v),
        ("direct from the largest", lambda s: s.exposure, _exposure_text, lambda v: v),
        (
            "cover [days]",
            lambda s: s.cover_days,
            _cover_text,
            lambda v: 1.0 - min(v, LONG_COVER_DAYS) / LONG_COVER_DAYS,
        ),
        ("survives [days]", lambda s: s.survive_days, _survival_text, _survival_severity),
    )


def _hhi_text(_: Screen, value: float) -> str:
    return f"{value:,.0f}"


def _hhi_severity(value: float) -> float:
    return value / 1e4


def _reliance_text(s: Screen, value: float) -> str:
    return ("≥ " if s.reliance_is_bound else "") + _percent(value)


def _exposure_text(s: Screen, value: float) -> str:
    return ("≤ " if s.exposure_basis == "at most" else "") + _percent(value)


def _cover_text(s: Screen, value: float) -> str:
    return f"{value:.0f}{'*' if s.cover_is_assumed else ''}"


def _survival_text(s: Screen, _: float) -> str:
    return survival_text(s).removesuffix(" d")


def _survival_severity(value: float) -> float:
    return 1.0 - min(value, float(SURVIVAL_DAYS)) / SURVIVAL_DAYS


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def row_title(title: str, tier: str) -> str:
    """Name of a material beside its row, marked where it is for screening only."""
    return title + ("" if tier == "deep" else " (screening only)")


def plot_screen(screens: Sequence[Screen]) -> Figure:
    """Draw the heat map of the screening.

    Parameters
    ----------
    screens : sequence of Screen
        In the order of the rows.

    Returns
    -------
    Figure
    """
    columns = _columns()
    rows = [row_title(s.title, s.tier) for s in screens]
    cells = [[_cell(s, column) for column in columns] for s in screens]
    with drawing_style():
        headings, finding = [heading for heading, *_ in columns], _headline(screens)
        simulated = any(s.survive_basis == "simulated" for s in screens)
        what = WHAT.format(how=SIMULATED if simulated else CLOSED_FORM, as_of=long_date(AS_OF))
        return draw_maps(
            [("", cells)], rows, headings, lambda height_in: write_page(finding, what, FOOT + __version__, height_in)
        )


def _headline(screens: Sequence[Screen]) -> str:
    """The material that runs short first, or that none does within the simulated days."""
    short = [s for s in screens if s.survive_days <= SURVIVAL_DAYS]
    if not short:
        return f"The United States would last {SURVIVAL_DAYS} days without the largest supplier of any material"
    first = min(short, key=lambda s: s.survive_days)
    return (
        f"Without its largest supplier, the United States would run short of {inside_sentence(first.title)} first, "
        f"after {'about ' if first.survive_basis == 'closed form' else ''}{day_count(first.survive_days)}"
    )


def _cell(s: Screen, column: Column) -> HeatMapCell:
    _, value_of, text_of, severity = column
    value = value_of(s)
    return None if value is None else (severity(value), text_of(s, value))


def save_screen(screens: Sequence[Screen], *paths: Path) -> None:
    """Draw the heat map into files, PNG or SVG by their names."""
    save_figure(plot_screen(screens), *paths)
