"""The screening as a heat map: one row a material, one column a measure, darker where it is worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minsim.charts.cells import draw_cells
from minsim.data.reference import AS_OF
from minsim.screening import SURVIVAL_DAYS, Screen, survival_text
from minsim.style import GREY, drawing_style, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONG_COVER_DAYS = 180.0
"""Cover from which on a cell is white."""

Column = tuple[str, Callable[[Screen], float | None], Callable[[Screen, float], str], Callable[[float], float]]
"""Heading, value, its text, and how bad it is from 0 to 1."""


def _stage_hhi(stage: str) -> Callable[[Screen], float | None]:
    return lambda s: next((x.hhi for x in s.stages if x.stage == stage), None)


def _refined_hhi(s: Screen) -> float | None:
    """Index of the last stage that is not mining."""
    return next((x.hhi for x in reversed(s.stages) if x.stage != "mine"), None)


def _columns() -> tuple[Column, ...]:
    return (
        ("HHI\nmine", _stage_hhi("mine"), _hhi_text, _hhi_badness),
        ("HHI\nlast stage", _refined_hhi, _hhi_text, _hhi_badness),
        ("left without\nthe largest", lambda s: s.worst.n_minus_1, lambda _, v: _percent(v), lambda v: 1.0 - v),
        ("net import\nreliance", lambda s: s.reliance, _reliance_text, lambda v: v),
        ("direct from\nthe largest", lambda s: s.exposure, _exposure_text, lambda v: v),
        (
            "cover\n[days]",
            lambda s: s.cover_days,
            _cover_text,
            lambda v: 1.0 - min(v, LONG_COVER_DAYS) / LONG_COVER_DAYS,
        ),
        ("survives\n[days]", lambda s: s.survive_days, _survival_text, _survival_badness),
    )


def _hhi_text(_: Screen, value: float) -> str:
    return f"{value:,.0f}"


def _hhi_badness(value: float) -> float:
    return value / 1e4


def _reliance_text(s: Screen, value: float) -> str:
    return ("≥ " if s.reliance_is_bound else "") + _percent(value)


def _exposure_text(s: Screen, value: float) -> str:
    return ("≤ " if s.exposure_basis == "at most" else "") + _percent(value)


def _cover_text(s: Screen, value: float) -> str:
    return f"{value:.0f}{'*' if s.cover_is_assumed else ''}"


def _survival_text(s: Screen, _: float) -> str:
    return survival_text(s).removesuffix(" d")


def _survival_badness(value: float) -> float:
    return 1.0 - min(value, float(SURVIVAL_DAYS)) / SURVIVAL_DAYS


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def plot_screen(screens: Sequence[Screen]) -> Figure:
    """Draw the heat map.

    Parameters
    ----------
    screens : sequence of Screen
        In the order of the rows.

    Returns
    -------
    Figure
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = _columns()
    with drawing_style():
        height_in = 1.9 + 0.33 * len(screens)
        figure = Figure(figsize=(9.0, height_in), dpi=100)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.27, 0.75 / height_in, 0.71, 0.33 * len(screens) / height_in))
        names = [s.title + ("" if s.tier == "deep" else " (screening only)") for s in screens]
        cells = {
            (row, column): (text_of(s, value), badness(value))
            for row, s in enumerate(screens)
            for column, (_, value_of, text_of, badness) in enumerate(columns)
            if (value := value_of(s)) is not None
        }
        draw_cells(axes, names, [heading for heading, *_ in columns], cells)
        title = "How concentrated each material is, and how long the United States would last"
        figure.text(0.02, 1 - 0.28 / height_in, title, fontsize=13, fontweight="bold", va="top")
        foot = (
            f"As of {AS_OF}. Darker is worse. Survives: days from a full stop of the largest supplier to the first short "
            "day,\nnobody rerouting; simulated through all stages, but on direct purchases alone where a material is for "
            "screening only (~). * an assumption."
        )
        figure.text(0.02, 0.5 / height_in, foot, fontsize=8, color=GREY, va="top")
    return figure


def save_screen(screens: Sequence[Screen], *paths: Path) -> None:
    """Draw the heat map into files, PNG or SVG by their names."""
    save_figure(plot_screen(screens), *paths)
