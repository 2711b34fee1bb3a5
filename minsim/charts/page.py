"""The page of every chart: head with the finding, foot with the sources, axes, labels beside lines and bars."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim._version import __version__
from minsim.charts.style import GREY, HEIGHT_IN, INK, LIGHT_GREY, MARGIN_IN, WIDTH_IN, new_figure, wrapped, write_text
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import assumption_line
from minsim.results.outcome import Outcome
from minsim.text.formatting import long_date

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SOURCES = 5
"""Publishers named below a chart, the most cited; the others are counted."""
LAYOUT_STEP_IN = 0.1
"""Room for texts is rounded up to these steps [inches]."""
HEADING_IN, BELOW_IN, VALUES_IN = 0.36, 0.30, 0.45
"""Room above a panel for its heading, below it for dates, to its right for values."""


# ---------------------------------------------------------------------------------------------------------- head and foot


def write_page(headline: str, what: str, foot: str, height_in: float = HEIGHT_IN) -> tuple[Figure, float, float]:
    """A page with head and foot, and the bottom and top of the room between them [inches from the bottom]."""
    figure = new_figure(height_in)
    below = write_text(figure, headline, height_in - 0.32, 13.5, INK, bold=True)
    top = write_text(figure, what, below - 0.06, 9.5, GREY) - 0.12
    bottom = foot_in(figure, foot)
    write_text(figure, foot, bottom, 8.0, GREY)
    return figure, bottom + 0.12, top


def foot_in(figure: Figure, foot: str) -> float:
    """Height of the foot [inches]."""
    return 0.14 + 0.155 * len(wrapped(figure, foot, 8.0, bold=False))


def start_page(
    run: Outcome, headline: str, what: str, note: str = "", height_in: float = HEIGHT_IN
) -> tuple[Figure, float, float]:
    """The page of a run: the finding, a subtitle with the date of knowledge, and the sources in the foot."""
    model = run.scenario.model
    subtitle = f"{what}. {model.title.rstrip('.')}, as of {long_date(model.as_of)}."
    foot = " ".join(part for part in (note, source_line(run)) if part)
    return write_page(headline, subtitle, foot, height_in)


def source_line(run: Outcome) -> str:
    """The publishers of a run's data, the share of assumptions, and the version."""
    sources = run.scenario.model.sources
    cited = Counter(entry.source for entry in run.scenario.inputs() if entry.source in sources)
    names = list(dict.fromkeys(_short(sources[key].publisher or sources[key].title) for key, _ in cited.most_common()))
    parts = []
    if names:
        more = f" and {len(names) - MOST_SOURCES} more" if len(names) > MOST_SOURCES else ""
        parts.append(f"Sources: {'; '.join(names[:MOST_SOURCES])}{more}.")
    return " ".join([*parts, *assumption_line(run.scenario), f"minsim {__version__}"])


def _short(name: str, longest: int = 40) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


# -------------------------------------------------------------------------------------------------------------------- axes


def bare(ax: Axes, heading: str, *, grid: str = "x") -> None:
    """Axes with only a heading that gives the unit, a light grid and its values."""
    from matplotlib.ticker import FuncFormatter

    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, colors=GREY, labelsize=8.5)
    ax.grid(axis="x" if grid == "x" else "y", color=LIGHT_GREY, linewidth=0.6)
    (ax.xaxis if grid == "x" else ax.yaxis).set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.set_axisbelow(True)
    ax.annotate(heading, (0, 1), (0, 6), "axes fraction", "offset points", fontweight="bold", va="bottom")


def framed(ax: Axes, heading: str) -> None:
    """As `bare`, for lines and columns: with a horizontal axis, and the values on the right."""
    bare(ax, heading, grid="y")
    ax.tick_params(axis="x", length=3)
    ax.spines["bottom"].set_visible(True)
    ax.spines["bottom"].set_color(INK)
    ax.yaxis.tick_right()


def set_dates(ax: Axes, start: dt.date, days: int, most: int = 10) -> None:
    """Set the horizontal axis to the days of a run, with some dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    first = date2num(np.datetime64(start))
    ax.set_xlim(first, first + days)
    locator = AutoDateLocator(minticks=3, maxticks=most)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def set_values(ax: Axes, highest: float, form: str = "{:,g}") -> None:
    """Set the vertical axis from zero to the round number above the highest value."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ticks = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, max(highest, 1e-9))
    ax.set_yticks([tick for tick in ticks if tick >= 0])
    ax.set_ylim(0.0, ticks[-1])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: form.format(value)))


def grid_of_axes(
    figure: Figure, bottom_in: float, top_in: float, rows: int, columns: int, left_in: float = 0.0
) -> list[Axes]:
    """Axes in rows, with room for a heading above and values below and to the right of each."""
    width_in = (WIDTH_IN - 2 * MARGIN_IN - left_in) / columns
    height_in = (top_in - bottom_in) / rows
    tall_in = figure.get_figheight()
    return [
        figure.add_axes(
            (
                (MARGIN_IN + left_in + column * width_in) / WIDTH_IN,
                (top_in - (row + 1) * height_in + BELOW_IN) / tall_in,
                (width_in - VALUES_IN) / WIDTH_IN,
                (height_in - HEADING_IN - BELOW_IN) / tall_in,
            )
        )
        for row in range(rows)
        for column in range(columns)
    ]


def axes_right_of(
    figure: Figure, labels: Sequence[str], bottom_in: float, top_in: float, panels: int = 1
) -> list[Axes]:
    """Axes side by side that leave room for labels on their left, a heading above and values below."""
    left_in, gap_in = MARGIN_IN + widest_in(figure, labels) + 0.1, 0.3
    width_in = (WIDTH_IN - MARGIN_IN - left_in - gap_in * (panels - 1)) / panels
    tall_in = figure.get_figheight()
    return [
        figure.add_axes(
            (
                (left_in + k * (width_in + gap_in)) / WIDTH_IN,
                (bottom_in + BELOW_IN) / tall_in,
                width_in / WIDTH_IN,
                (top_in - bottom_in - HEADING_IN - BELOW_IN) / tall_in,
            )
        )
        for k in range(panels)
    ]


def widest_in(figure: Figure, labels: Sequence[str], size_pt: float = 9.5) -> float:
    """Width of the longest label, rounded up [inches], so that layout does not depend on the version of matplotlib."""
    probe = figure.text(0, 0, "", fontsize=size_pt)
    widths = [0.0]
    for label in labels:
        probe.set_text(label)
        widths.append(probe.get_window_extent().width / figure.dpi)
    probe.remove()
    return math.ceil(max(widths) / LAYOUT_STEP_IN) * LAYOUT_STEP_IN


# ------------------------------------------------------------------------------------------------------ beside lines, bars


def halo(width_pt: float = 3.0) -> list[Any]:
    """White outline of text, so that it is legible across a grid or a line."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width_pt, foreground="white")]


def beside(ax: Axes, text: str, x: float, y: float, *, bold: bool = False) -> None:
    """Text to the right of a bar's end, legible across the grid."""
    ax.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", fontweight="bold" if bold else "normal",
        path_effects=halo(),
    )  # fmt: skip


def set_reach(ax: Axes, right: FloatArray, labels: Sequence[str], left: float = 0.0) -> None:
    """Make room for bars that end at `right` and for the labels beside them."""
    room = ax.get_window_extent().width
    reach = float(right.max())
    for end, label in zip(right, labels, strict=True):
        probe = ax.text(0, 0, label, fontweight="bold")
        width_in = math.ceil((probe.get_window_extent().width + 14.0) / ax.figure.dpi / LAYOUT_STEP_IN) * LAYOUT_STEP_IN
        probe.remove()
        share = width_in * ax.figure.dpi / room
        reach = max(reach, (float(end) - share * left) / (1.0 - share))
    ax.set_xlim(left, reach)


def name_colours(ax: Axes, colours: Mapping[str, str]) -> None:
    """A row of names above the panel, each beside a square of its colour."""
    reached = 0.0
    for name, colour in colours.items():
        square = ax.annotate("■", (0, 1), (reached, 21), "axes fraction", "offset points", color=colour, fontsize=11)
        reached += square.get_window_extent().width * 72.0 / ax.figure.dpi + 3.0
        text = ax.annotate(name, (0, 1), (reached, 22), "axes fraction", "offset points", color=INK, fontsize=9)
        reached += text.get_window_extent().width * 72.0 / ax.figure.dpi + 12.0
