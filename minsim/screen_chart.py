"""The screening as a heat map: one row a material, one column a measure, darker where it is worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minsim.data.reference import AS_OF
from minsim.phrases import with_article
from minsim.screening import SURVIVAL_DAYS, Screen, survival_text
from minsim.style import GREY, INK, drawing_style, save_figure, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from minsim.risk.knockouts import KnockOuts

_DARK = "#7a2a00"
"""The dark end of the scale: white text stands on its darker half."""

ROW_IN, FOOT_IN = 0.33, 0.8
MOST_COUNTRIES = 14
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


def plot_knock_outs(found: KnockOuts) -> Figure:
    """Draw the heat map of stops: one row a material, one column a country, the days of use lost in the cells.

    Parameters
    ----------
    found : KnockOuts

    Returns
    -------
    Figure
    """
    worst: dict[str, float] = {}
    for cell in found.cells:
        worst[cell.country] = max(worst.get(cell.country, 0.0), cell.lost.value)
    harmful = sorted((name for name in worst if worst[name] >= 0.5), key=lambda name: (-worst[name], name))
    countries = harmful[:MOST_COUNTRIES] or sorted(worst)[:MOST_COUNTRIES]
    deep = list(dict.fromkeys(cell.material for cell in found.cells if cell.tier == "deep"))
    rows = deep + list(dict.fromkeys(cell.material for cell in found.cells if cell.tier != "deep"))
    colours = _scale()
    with drawing_style():
        figure, axes = _sheet(len(rows), heading_in=1.75)
        for cell in found.cells:
            if cell.country in countries:
                column, row = countries.index(cell.country), rows.index(cell.material)
                bad = min(1.0, cell.lost.value / found.stop_days)
                axes.add_patch(_cell(column, row, colours(bad)))
                ink = "white" if bad > 0.66 else INK
                axes.text(column + 0.5, row + 0.5, cell.text, ha="center", va="center", color=ink, fontsize=9)
        titles = {
            cell.material: cell.title + ("" if cell.tier == "deep" else " (screening only)") for cell in found.cells
        }
        _frame(axes, countries, [titles[key] for key in rows])
        axes.tick_params(axis="x", labelrotation=50)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("left")
            label.set_rotation_mode("anchor")
        if deep and len(deep) < len(rows):
            axes.axhline(len(deep), color=GREY, linewidth=1.0)
        hidden = len(worst) - len(countries)
        more = f" {hidden} more countries, with fewer days lost or none, are in the table." if hidden else ""
        foot = (
            f"As of {AS_OF}. Mean days of use lost by {with_article(found.region)} if all producers in the country, at "
            f"every stage of the chain, stop for {found.stop_days} days;\n{found.replications} replications, buyers reroute "
            "as in the reference behaviour. Empty: no producer. ~ and ≤: for screening only, closed form on\ndirect "
            f"purchases, nobody rerouting.{more}"
        )
        _write(figure, found.answer().headline, foot)
    return figure


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
    columns = _columns()
    colours = _scale()
    with drawing_style():
        figure, axes = _sheet(len(screens), heading_in=0.9)
        for row, s in enumerate(screens):
            for column, (_, value_of, text_of, badness) in enumerate(columns):
                value = value_of(s)
                if value is None:
                    axes.text(column + 0.5, row + 0.5, "–", ha="center", va="center", color=GREY)
                    continue
                bad = min(1.0, max(0.0, badness(value)))
                axes.add_patch(_cell(column, row, colours(bad)))
                colour = "white" if bad > 0.66 else INK
                axes.text(column + 0.5, row + 0.5, text_of(s, value), ha="center", va="center", color=colour)
        names = [s.title + ("" if s.tier == "deep" else " (screening only)") for s in screens]
        _frame(axes, [heading for heading, *_ in columns], names)
        title = "How concentrated each material is, and how long the United States would last"
        foot = (
            f"As of {AS_OF}. Darker is worse. Survives: days from a full stop of the largest supplier to the first short "
            "day,\nnobody rerouting; simulated through all stages, but on direct purchases alone where a material is for "
            "screening only (~). * an assumption."
        )
        _write(figure, title, foot)
    return figure


def _scale() -> LinearSegmentedColormap:
    """White to dark: the darker, the worse, in grey too."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("risk", ["#ffffff", "#f6c9a8", "#D55E00", _DARK])


def _sheet(rows: int, heading_in: float) -> tuple[Figure, Axes]:
    """A figure as tall as its rows need, and the axes of its cells."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cells_in = ROW_IN * rows
    height_in = FOOT_IN + cells_in + heading_in + 0.25
    figure = Figure(figsize=(9.0, height_in), dpi=100)
    FigureCanvasAgg(figure)
    return figure, figure.add_axes((0.27, FOOT_IN / height_in, 0.71, cells_in / height_in))


def _frame(axes: Axes, columns: Sequence[str], rows: Sequence[str]) -> None:
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks([i + 0.5 for i in range(len(columns))], columns)
    axes.xaxis.tick_top()
    axes.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write(figure: Figure, title: str, foot: str) -> None:
    height_in = figure.get_size_inches()[1]
    figure.text(0.02, 1 - 0.28 / height_in, "\n".join(wrapped(figure, title, 13.0, bold=True)), fontsize=13,
                fontweight="bold", va="top")  # fmt: skip
    figure.text(0.02, 0.6 / height_in, foot, fontsize=8, color=GREY, va="top")


def save_screen(screens: Sequence[Screen], *paths: Path) -> None:
    """Draw the heat map into files, PNG or SVG by their names."""
    save_figure(plot_screen(screens), *paths)


def _cell(column: int, row: int, colour: tuple[float, ...]) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5)
