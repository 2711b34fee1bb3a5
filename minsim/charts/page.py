"""The page every chart stands on: head with the finding, foot with the sources, bare axes, labels beside bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minsim.charts.shortfall import source_line
from minsim.metrics import FloatArray, Outcome
from minsim.phrases import long_date
from minsim.style import GREY, HEIGHT_IN, INK, LIGHT_GREY, MARGIN_IN, WIDTH_IN, new_figure, wrapped, write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def start_page(run: Outcome, headline: str, what: str, note: str = "") -> tuple[Figure, float, float]:
    """A page with its head and foot; and where the room between them ends and begins [inches from the bottom]."""
    model = run.scenario.model
    figure = new_figure()
    subtitle = f"{what}. {model.title.rstrip('.')}, as of {long_date(model.as_of)}."
    below = write_text(figure, headline, HEIGHT_IN - 0.32, 13.5, INK, bold=True)
    top = write_text(figure, subtitle, below - 0.06, 9.5, GREY) - 0.12
    foot = " ".join(part for part in (note, source_line(run)) if part)
    bottom = 0.14 + 0.155 * len(wrapped(figure, foot, 8.0, bold=False))
    write_text(figure, foot, bottom, 8.0, GREY)
    return figure, bottom + 0.12, top


def bare(ax: Axes, heading: str, *, grid: str = "x") -> None:
    """Nothing but a heading that gives the unit, a light grid and its values."""
    from matplotlib.ticker import FuncFormatter

    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, colors=GREY, labelsize=8.5)
    ax.grid(axis="x" if grid == "x" else "y", color=LIGHT_GREY, linewidth=0.6)
    (ax.xaxis if grid == "x" else ax.yaxis).set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.set_axisbelow(True)
    ax.annotate(heading, (0, 1), (0, 6), "axes fraction", "offset points", fontweight="bold", va="bottom")


def axes_right_of(
    figure: Figure, labels: Sequence[str], bottom_in: float, top_in: float, panels: int = 1
) -> list[Axes]:
    """Axes side by side that leave room for labels on their left, a heading above and values below."""
    probe = figure.text(0, 0, "", fontsize=9.5)
    widths = [0.0]
    for label in labels:
        probe.set_text(label)
        widths.append(probe.get_window_extent().width / figure.dpi)
    probe.remove()
    left_in, gap_in = MARGIN_IN + max(widths) + 0.1, 0.3
    width_in = (WIDTH_IN - MARGIN_IN - left_in - gap_in * (panels - 1)) / panels
    height_in = top_in - bottom_in - 0.36 - 0.3
    return [
        figure.add_axes(
            (
                (left_in + k * (width_in + gap_in)) / WIDTH_IN,
                (bottom_in + 0.3) / HEIGHT_IN,
                width_in / WIDTH_IN,
                height_in / HEIGHT_IN,
            )
        )
        for k in range(panels)
    ]


def beside(ax: Axes, text: str, x: float, y: float, *, bold: bool = False) -> None:
    """Text to the right of a bar's end, legible across the grid."""
    from matplotlib.patheffects import withStroke

    ax.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", fontweight="bold" if bold else "normal",
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )  # fmt: skip


def set_reach(ax: Axes, right: FloatArray, labels: Sequence[str], left: float = 0.0) -> None:
    """Make room for bars that end at `right` and for what is written beside them."""
    room = ax.get_window_extent().width
    reach = float(right.max())
    for end, label in zip(right, labels, strict=True):
        probe = ax.text(0, 0, label, fontweight="bold")
        share = (probe.get_window_extent().width + 14.0) / room
        probe.remove()
        reach = max(reach, (float(end) - share * left) / (1.0 - share))
    ax.set_xlim(left, reach)
