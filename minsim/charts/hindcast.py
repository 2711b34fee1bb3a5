"""Chart of a hindcast: exports observed by customs, simulated, and expected from naive rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from minsim.charts.page import framed, halo, set_values, write_page
from minsim.charts.style import COLOURS, GREY, darker, drawing_style, panels
from minsim.studies.hindcast import WORLD
from minsim.text.formatting import MONTHS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADLINE: Final = (
    "A queue of 45 working days follows the fall and return of China's magnet exports in 2025; "
    "for the United States a plain pause does better"
)
FOOTNOTE: Final = (
    "Scenario magnet-licences-2025: not fitted month by month, but several parameters come from the same months "
    "(docs/validation.md). No monthly figures for the United States in January, February and April 2025. "
    "Sources: Chinese customs as reported by trade press, each month's in minsim/data/history_magnets_2025.csv."
)


def plot_hindcast(table: pd.DataFrame, title: str = HEADLINE, note: str = FOOTNOTE) -> Figure:
    """Draw a hindcast, the world above, the United States below: observed, simulated and naively expected exports.

    Parameters
    ----------
    table : DataFrame
        Made by `hindcast`.
    title : str
        The finding, in a sentence; the default is that of `magnet-licences-2025`.
    note : str
        Written below the picture.
    """
    with drawing_style():
        subtitle = "Magnets exported from China, January to December 2025, tonnes a month. Shaded: licences required."
        figure, bottom_in, top_in = write_page(title, subtitle, note)
        for axes, destination in zip(
            panels(figure, bottom_in, top_in, (0.55, 0.45)), (WORLD, "United States"), strict=True
        ):
            _draw_months(axes, table[table.destination == destination], destination, named=destination == WORLD)
    return figure


NAMES: Final[dict[str, tuple[str, str, tuple[float, float]]]] = {
    "observed_t": ("Chinese customs", "2025-06", (14.0, -16.0)),
    "simulated_t": ("minsim", "2025-01", (-14.0, -17.0)),
    "no_change_t": ("no change", "2025-05", (0.0, 7.0)),
    "pause_t": ("nothing for 45 working days", "2025-05", (16.0, 5.0)),
}
"""Label of each line, its month, and its offset [points]."""


def _draw_months(ax: Axes, months: pd.DataFrame, destination: str, *, named: bool) -> None:

    place = [int(month[5:]) for month in months.month]
    looks: dict[str, dict[str, Any]] = {
        "no_change_t": {"color": GREY, "linestyle": (0, (1, 1.5)), "linewidth": 1.4},
        "pause_t": {"color": GREY, "linestyle": (0, (5, 1.5)), "linewidth": 1.4},
        "simulated_t": {"color": COLOURS[0], "linewidth": 2.6},
        "observed_t": {"color": COLOURS[1], "linewidth": 1.2, "marker": "o", "markersize": 6},
    }
    framed(ax, "To the world, t a month" if destination == WORLD else f"To the {destination}, t a month")
    ax.set_xlim(0.6, 12.4)
    set_values(ax, max(months[column].max() for column in looks))
    ax.set_xticks(range(1, 13), [month[:3] for month in MONTHS])
    ax.axvspan(3.6, 12.4, color="black", alpha=0.05, linewidth=0, zorder=0)
    for column, look in looks.items():
        values = dict(zip(place, months[column], strict=True))
        ax.plot(place, list(values.values()), **look)
        if named:
            _name_line(ax, column, values, look["color"])
    ax.tick_params(axis="x", labelbottom=not named)


def _name_line(ax: Axes, column: str, values: dict[int, float], colour: str) -> None:

    text, month, offset = NAMES[column]
    at = int(month[5:])
    ax.annotate(
        text, (at, values[at]), offset, "data", "offset points", color=darker(colour), fontweight="bold",
        fontsize=9, path_effects=halo(2.5), zorder=20,
    )  # fmt: skip
