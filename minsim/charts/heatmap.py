"""Heat maps: one cell per pair of names, darker for worse values, with the number written in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minsim.charts.page import start_page, widest_in, write_page
from minsim.charts.style import GREY, HEIGHT_IN, INK, MARGIN_IN, WIDTH_IN, drawing_style
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.text.formatting import capital, day_count, whole_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

DARK = "#7a2a00"
"""The dark end of the scale; text on its darker part is white."""
WHITE_TEXT_FROM = 0.66
ROW_IN, COLUMNS_IN, HEADING_IN, WIDEST_CELL_IN, GAP_IN = 0.33, 0.45, 0.25, 1.9, 0.2
"""Height of a row, room for the names of columns and for a heading, widest cell, room between two maps."""
NAMES_PT, NAMES_GAP_IN = 9.0, 0.08
"""Size of the names of columns, and the gap between them."""
SLANT_DEGREES = 50.0
"""Angle of names above columns too narrow for them."""

HeatMapCell = tuple[float, str] | None
"""Severity from 0 to 1, and the text; None: not applicable."""
HeatMapCells = Sequence[Sequence[HeatMapCell]]
"""HeatMapCells of each row."""
PageWriter = Callable[[float], "tuple[Figure, float, float]"]
"""From a height to a page with head and foot, and the bottom and top of the room between them [inches]."""
ColumnTable = Mapping[str, Any]
"""Columns of one length by name: a dict of lists, or a DataFrame."""

MAPS = {
    "reference": "as simulated",
    "none": "without rerouting",
    "free": "with free rerouting",
}
"""Behaviours of the bracket → headings of their maps."""


def worse_scale() -> Colormap:
    """Colours from white to dark, as one number gets worse; they darken evenly, and so read in grey."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("worse", ["#ffffff", "#f6c9a8", "#D55E00", DARK])


def draw_cells(ax: Axes, cells: HeatMapCells, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Draw a heat map into axes: names of columns above, of rows on the left, a dash where there is no value."""
    from matplotlib.patches import Rectangle

    colours = worse_scale()
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            bad, text = (min(1.0, max(0.0, cell[0])), cell[1]) if cell else (0.0, "–")
            if cell:
                face = colours(bad)
                ax.add_patch(Rectangle((column, row), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5))
            ink = GREY if cell is None else "white" if bad > WHITE_TEXT_FROM else INK
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink)
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks([i + 0.5 for i in range(len(columns))], columns)
    ax.xaxis.tick_top()
    ax.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    ax.tick_params(length=0, labelcolor=INK)
    for spine in ax.spines.values():
        spine.set_visible(False)


def plot_heat_map(table: ColumnTable, headline: str, what: str, foot: str, unit: str = "days") -> Figure:
    """Draw one number for each pair of names, in a picture of its own.

    Rows and columns are in order of first appearance; a pair that is not in the table, or has no number, gets a dash.
    The scale runs from zero to the largest number.

    Parameters
    ----------
    table : mapping of str to sequences of one length, or DataFrame
        Columns `row`, `column` and `value` (not negative; None or nan: no number); an optional column `group` gives one
        map per group, side by side.
    headline : str
        The finding.
    what : str
        What the numbers are, as of when.
    foot : str
        Sources and notes.
    unit : str
        Unit of the numbers, written above each map.

    Examples
    --------
    The days lost in several scenarios, by region::

        table = {"row": ["magnet-ban"], "column": ["United States"], "value": [199.4]}
        figure = plot_heat_map(table, "A ban costs most", "Days of use lost, as of 5 February 2026", "Sources: …")
        minsim.charts.style.save_figure(figure, Path("all.png"), Path("all.svg"))
    """
    with drawing_style():
        return _draw(table, unit, lambda height_in: write_page(headline, what, foot, height_in))


def plot_days_lost(run: Outcome) -> Figure:
    """Draw the days of use that each region loses of each material; beside it without and with free rerouting of trade.

    Parameters
    ----------
    run : Outcome
        The finished run; made without its bracket, it has one map.
    """
    stories = [MaterialSummary(run, material) for material in rank_materials(run)]
    what = "Days of use lost over the run, by region and material"
    with drawing_style():
        return _draw(
            _days_lost(run, stories),
            "days",
            lambda height_in: start_page(run, _headline(stories), what, height_in=height_in),
        )


def _days_lost(run: Outcome, stories: Sequence[MaterialSummary]) -> ColumnTable:
    """Days lost by behaviour, region and material; the region that loses most of all materials first."""
    consumers, lost = run.record.network.consumers, run.measures["reference"]["shortfall_days"]
    total = {c.region: 0.0 for c in consumers}
    for index, consumer in enumerate(consumers):
        total[consumer.region] += float(lost[index])
    regions = sorted(total, key=lambda region: (-round(total[region], 6), region))
    places = [(story, i) for region in regions for story in stories for i in story.everyone_in(region)]
    found = [(name, story, i) for name in MAPS if name in run.measures for story, i in places]
    return {
        "group": [MAPS[name] for name, _, _ in found],
        "row": [consumers[i].region for _, _, i in found],
        "column": [capital(story.name) for _, story, _ in found],
        "value": [float(run.measures[name]["shortfall_days"][i]) for name, _, i in found],
    }


def _headline(stories: Sequence[MaterialSummary]) -> str:
    """The worst loss of all materials; if there is none, the worst without rerouting."""
    first = stories[0]
    if first.short:
        return first.headline()
    calm = f"No region runs short of {first.name if len(stories) == 1 else f'any of {len(stories)} materials'}"
    if "none" not in first.run.measures:
        return calm
    days = first.run.measures["none"]["shortfall_days"]
    hit = [(float(days[i]), story, i) for story in stories for i in story.ranked_short("none")]
    if not hit:
        return f"{calm}, even without rerouting of trade"
    most, story, index = max(hit, key=lambda found: found[0])
    return f"{calm}; without rerouting {story.region(index)} would lose {day_count(most)} of {story.name}"


# ----------------------------------------------------------------------------------------------------------------- drawing


def _draw(table: ColumnTable, unit: str, page: PageWriter) -> Figure:
    """One map per group, side by side."""
    given = list(table["group"]) if "group" in table else [""] * len(table["row"])
    groups, rows, columns = (list(dict.fromkeys(names)) for names in (given, table["row"], table["column"]))
    keys = zip(given, table["row"], table["column"], strict=True)
    values = {key: float(value) for key, value in zip(keys, table["value"], strict=True) if value is not None}
    largest = max([1e-9, *(value for value in values.values() if math.isfinite(value))])
    maps = [
        (
            f"{capital(group)}, {unit}" if group else capital(unit),
            [[_cell(values.get((group, row, column)), largest) for column in columns] for row in rows],
        )
        for group in groups
    ]
    return draw_maps(maps, rows, columns, page)


def _cell(value: float | None, largest: float) -> HeatMapCell:
    if value is None or not math.isfinite(value):
        return None
    return value / largest, whole_days(value)


def draw_maps(
    maps: Sequence[tuple[str, HeatMapCells]], rows: Sequence[str], columns: Sequence[str], page: PageWriter
) -> Figure:
    """Draw maps of the same rows and columns, each under its heading, on a page as tall as they need.

    Names of columns are broken into lines as wide as a cell, or slanted above cells too narrow for their words.
    """
    figure, bottom, top = page(HEIGHT_IN)  # only to measure head and foot
    left_in = MARGIN_IN + widest_in(figure, rows) + 0.1
    room_in = (WIDTH_IN - MARGIN_IN - left_in - GAP_IN * (len(maps) - 1)) / len(maps)
    width_in = min(room_in, WIDEST_CELL_IN * len(columns))
    words = [word for name in columns for word in name.replace("-", "- ").split()]
    slanted = widest_in(figure, words, NAMES_PT) > width_in / len(columns) - NAMES_GAP_IN
    names_in = 0.15 + math.sin(math.radians(SLANT_DEGREES)) * widest_in(figure, columns) if slanted else COLUMNS_IN
    above_in = names_in + (HEADING_IN if any(heading for heading, _ in maps) else 0.0)
    figure, bottom, top = page(HEIGHT_IN - (top - bottom) + above_in + ROW_IN * len(rows))
    tall_in = figure.get_figheight()
    names = columns if slanted else [_in_lines(figure, name, width_in / len(columns)) for name in columns]
    for k, (heading, cells) in enumerate(maps):
        left, height_in = (left_in + k * (width_in + GAP_IN)) / WIDTH_IN, top - bottom - above_in
        ax = figure.add_axes((left, bottom / tall_in, width_in / WIDTH_IN, height_in / tall_in))
        draw_cells(ax, cells, rows if k == 0 else [""] * len(rows), names)
        for label in ax.get_xticklabels() if slanted else ():
            label.set(rotation=SLANT_DEGREES, horizontalalignment="left", rotation_mode="anchor")
        if heading:
            ax.annotate(heading, (0, 1), (0, 72 * names_in), "axes fraction", "offset points", fontweight="bold")
    return figure


def _in_lines(figure: Figure, name: str, width_in: float) -> str:
    """A name in lines no wider than a cell, where its words allow."""
    lines = [""]
    for word in name.replace("-", "-\u200b").replace(" ", " \u200b").split("\u200b"):
        if lines[-1] and widest_in(figure, [lines[-1] + word], NAMES_PT) > width_in - NAMES_GAP_IN:
            lines.append(word)
        else:
            lines[-1] += word
    return "\n".join(line.strip() for line in lines)
