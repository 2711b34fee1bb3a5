"""Heat maps: a table of figures whose cells are darker where it is worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from minsim.style import GREY, text_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCALE = ("#ffffff", "#f6c9a8", "#D55E00", "#7a2a00")
"""White to vermilion of Okabe and Ito to brown: it darkens steadily, so that it reads in grey too."""

Cell = tuple[str, float | None]
"""What is written in a cell, and how bad it is from 0 to 1; None leaves it white and its text grey."""


def draw_cells(ax: Axes, rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[int, int], Cell]) -> None:
    """Draw a heat map into bare axes, the first row on top; a cell that is not given holds a dash."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex
    from matplotlib.patches import Rectangle

    colours = LinearSegmentedColormap.from_list("risk", list(_SCALE))
    for row in range(len(rows)):
        for column in range(len(columns)):
            text, bad = cells.get((row, column), ("–", None))
            if bad is None:
                ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=GREY)
                continue
            colour = to_hex(colours(min(1.0, max(0.0, bad))))
            ax.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.5))
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=text_on(colour))
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks([i + 0.5 for i in range(len(columns))], list(columns))
    ax.xaxis.tick_top()
    ax.set_yticks([i + 0.5 for i in range(len(rows))], list(rows))
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
