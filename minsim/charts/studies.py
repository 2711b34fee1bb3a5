"""Charts of studies: fan, comparison, sweep, stockpile size and tornado."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minsim.charts.curves import LabelledLine, draw_lines
from minsim.charts.heatmap import WHITE_TEXT_FROM, worse_scale
from minsim.charts.page import axes_right_of, bare, framed, grid_of_axes, halo, set_dates, set_values, start_page
from minsim.charts.style import COLOURS, DASHES, GREY, INK, darker, drawing_style, paler
from minsim.metrics.consumers import FloatArray
from minsim.results.outcome import Outcome
from minsim.studies.answers import material_name, path_words
from minsim.studies.monte_carlo.replications import METRIC_UNITS, WEEK_DAYS, MaterialRegion
from minsim.text.formatting import capital, count, listing, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.studies.comparison import Comparison
    from minsim.studies.ensembles import Ensemble
    from minsim.studies.sensitivities import Sensitivity
    from minsim.studies.sizing import Sizing
    from minsim.studies.sweeps import Sweep

MOST_PANELS = 4
MOST_BARS = 10
VISIBLE_FRACTION = 0.001
"""Share of the longest bar from which on a bar is drawn."""
MOST_CELLS_NAMED = 60
"""Largest heat map, in cells, with the numbers written in it."""
LEAST_TOP = 5.0
"""Lowest upper limit of the axis of shortfalls [% of demand], so that negligible shortfalls look small."""
SHORT_FROM = 0.0005
"""A weekly shortfall below this fraction of demand is drawn as none."""


def _page(study: Any, headline: str, what: str, note: str = "") -> tuple[Figure, float, float]:
    """The page of all charts; only the scenario of the study is used."""
    return start_page(cast("Outcome", study), headline, what, note)


def _dated(ax: Axes, start: dt.date, days: int, highest: float, heading: str) -> None:
    """Dates below, a few per cents on the right, a heading that gives the unit."""
    framed(ax, heading)
    set_dates(ax, start, days, 7)
    set_values(ax, highest, "{:g}%")


def _week_days(ax: Axes, weeks: int) -> FloatArray:
    return np.asarray(ax.get_xlim()[0] + WEEK_DAYS * np.arange(weeks) + WEEK_DAYS / 2, dtype=float)


# ------------------------------------------------------------------------------------------------------------------- fans


def plot_fan(found: Ensemble) -> Figure:
    """Draw the fan of weekly shortfalls of the hardest hit regions: median, 50% and 90% of replications.

    Parameters
    ----------
    found : Ensemble

    Returns
    -------
    Figure
        Its first axes are those of the hardest hit region.
    """
    places = found.ranked[:MOST_PANELS] or [0]
    hidden = [with_article(found.schema.places[p].region) for p in found.ranked[MOST_PANELS:]]
    note = f"Short in some replication, but not drawn: {listing(hidden)}." if hidden else ""
    total = count(len(found.replications), "replication")
    with drawing_style():
        what = f"Weekly shortfall in {total}: median, and bands that hold 50% and 90% of them"
        figure, bottom, top = _page(found, found.answer().headline, what, note)
        columns = 1 if len(places) < 3 else 2
        axes = grid_of_axes(figure, bottom, top, -(-len(places) // columns), columns)
        highest = max(LEAST_TOP, *(100.0 * float(found.bands[place].quantiles.max()) for place in places))
        for rank, (ax, place) in enumerate(zip(axes, places, strict=False)):
            _draw_fan(ax, found, place, highest, named=rank == 0)
        for ax in axes[len(places) :]:
            ax.remove()
    return figure


def fan_axes(ax: Axes, found: Ensemble, place: int) -> Axes:
    """Draw the fan of one place into axes of your own."""
    with drawing_style():
        _draw_fan(ax, found, place, 100.0 * float(found.bands[place].quantiles.max()), named=True)
    return ax


def _draw_fan(ax: Axes, found: Ensemble, place: int, highest: float, *, named: bool) -> None:
    label = found.schema.places[place]
    several = len({place.material for place in found.schema.consumers}) > 1
    of = f", {material_name(found.scenario, label.material)}" if several else ""
    _dated(ax, found.schema.start, found.schema.days, highest, f"{label.region}{of}: shortfall, % of demand")
    low, lower, middle, upper, high = 100.0 * found.bands[place].quantiles
    days = _week_days(ax, found.schema.weeks)
    colour = COLOURS[0]
    ax.fill_between(days, low, high, color=colour, alpha=0.16, linewidth=0)
    ax.fill_between(days, lower, upper, color=colour, alpha=0.30, linewidth=0)
    ax.plot(days, middle, color=colour, linewidth=2.0)
    if high.max() <= 100.0 * SHORT_FROM:
        message = "none in any week in 95% of replications"
        ax.annotate(message, (0.5, 0.5), xycoords="axes fraction", ha="center", color=GREY, path_effects=halo())
    elif named:
        _name_bands(ax, days, found.bands[place].quantiles * 100.0)


def _name_bands(ax: Axes, days: FloatArray, bands: FloatArray) -> None:
    """Add a legend of the bands on the emptier side of the chart."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colour = COLOURS[0]
    handles: list[Any] = [
        Line2D([], [], color=colour, linewidth=2.0, label="median"),
        Patch(color=colour, alpha=0.46, linewidth=0, label="50% of replications"),
        Patch(color=colour, alpha=0.16, linewidth=0, label="90% of replications"),
    ]
    half = len(days) // 2
    corner: Any = "upper left" if bands[-1, :half].mean() <= bands[-1, half:].mean() else "upper right"
    ax.legend(handles=handles, loc=corner, frameon=False, fontsize=8.5)


# ------------------------------------------------------------------------------------------------------------ comparisons


def plot_comparison(found: Comparison) -> Figure:
    """Draw the central cases of the hardest hit region in one panel, and the paired differences of all regions below."""
    place = found.places[0]
    what = (
        f"Above: central cases, {place.region}. Below: difference of days of use lost from {found.names[0]}, "
        "replication by replication: mean (dot) and 90% of replications (bar)"
    )
    with drawing_style():
        figure, bottom, top = _page(found, found.answer().headline.rstrip("."), what)
        moved = [p for p in found.places if any(found.difference(k, p).any() for k in range(1, len(found.names)))]
        shown = (moved or found.places)[:6]
        share = min(0.6, 0.2 + 0.05 * len(shown) * (len(found.names) - 1))
        middle = bottom + share * (top - bottom)
        (upper,) = grid_of_axes(figure, middle, top, 1, 1)
        _draw_central(upper, found, place)
        several = len({p.material for p in found.places}) > 1
        labels = [f"{p.region}, {material_name(found.scenario, p.material)}" if several else p.region for p in shown]
        (lower,) = axes_right_of(figure, labels, bottom, middle)
        _draw_differences(lower, found, shown, labels)
    return figure


def _draw_central(ax: Axes, found: Comparison, place: MaterialRegion) -> None:
    central = {
        k: (case.schema, 100.0 * case.weekly[case.schema.consumers.index(place)])
        for k, case in enumerate(found.central)
        if case is not None
    }
    start = min([schema.start for schema, _ in central.values()] or [found.scenario.model.start])
    end = max(
        (schema.start + dt.timedelta(days=schema.days) for schema, _ in central.values()),
        default=start + dt.timedelta(days=WEEK_DAYS),
    )
    highest = max((float(values.max()) for _, values in central.values()), default=0.0)
    _dated(ax, start, (end - start).days, highest, f"{place.region}: weekly shortfall, % of demand")
    reach = [(schema.start - start).days // WEEK_DAYS + len(values) for schema, values in central.values()]
    weeks = _week_days(ax, max(reach, default=1))
    drawn = []
    for k, (schema, values) in central.items():
        first = round((schema.start - start).days / WEEK_DAYS)
        line = np.full(len(weeks), np.nan)
        line[first : first + len(values)] = values[: len(weeks) - first]
        drawn.append(
            LabelledLine(
                line, found.names[k], COLOURS[k % len(COLOURS)], DASHES[k % len(DASHES)], 2.2 - 0.2 * min(k, 3)
            )
        )
    if drawn:
        draw_lines(ax, drawn, at_peak=True, at=weeks)


def _draw_differences(ax: Axes, found: Comparison, places: Sequence[MaterialRegion], labels: Sequence[str]) -> None:
    bare(ax, "Difference, days of use lost")
    others = range(1, len(found.names))
    for row, place in enumerate(places):
        for k in others:
            change = found.difference(k, place)
            low, high = np.quantile(change, (0.05, 0.95))
            level = row + (k - (len(found.names)) / 2) * 0.7 / len(found.names)
            colour = COLOURS[k % len(COLOURS)]
            ax.plot([low, high], [level, level], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt")
            ax.plot([change.mean()], [level], "o", color=colour, markersize=6)
    ax.axvline(0.0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(places)), labels, fontsize=9.5, color=INK)
    ax.set_ylim(len(places) - 0.4, -0.6)
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, -1.0), max(high, 1.0))


# ----------------------------------------------------------------------------------------------------------------- sweeps


def plot_sweep(found: Sweep, metric: str, place: MaterialRegion) -> Figure:
    """Draw one metric over the grid: lines over the longest numeric axis, or a heat map over two long ones."""
    what = f"{_words(metric)}, {place.region}, {material_name(found.scenario, place.material)}"
    errors = "" if found.is_central else "; bars: two standard errors to either side"
    over = found.over
    with drawing_style():
        numeric = [path for path, values in over.items() if all(_is_number(value) for value in values)]
        is_map = len(over) == 2 and len(numeric) == 2 and min(map(len, over.values())) > len(COLOURS)
        figure, bottom, top = _page(found, found.answer().headline, what + ("" if is_map else errors))
        if is_map:
            (ax,) = grid_of_axes(figure, bottom + 0.25, top, 1, 1, left_in=0.7)
            _draw_sweep_map(ax, found, metric, place)
        else:
            (ax,) = grid_of_axes(figure, bottom + 0.25, top, 1, 1)
            _draw_sweep_lines(ax, found, metric, place, numeric)
    return figure


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(metric: str) -> str:
    return capital("days of use lost" if metric == "shortfall_days" else metric.replace("_", " "))


def _unit(metric: str) -> str:
    return METRIC_UNITS.get(metric, "fraction")


def _axis_words(path: str) -> str:
    noun, unit = path_words(path)
    return f"{noun} [{unit}]" if unit else noun


def _draw_sweep_lines(ax: Axes, found: Sweep, metric: str, place: MaterialRegion, numeric: Sequence[str]) -> None:
    along = max(numeric or found.over, key=lambda path: len(found.over[path]))
    axis = list(found.over).index(along)
    values = found.over[along]
    at = [float(value) for value in values] if along in numeric else list(range(len(values)))
    framed(ax, f"{_words(metric)} [{_unit(metric)}]")
    others = [path_words(path) for path in found.over if path != along]
    lines = []
    for rank, (rest, points) in enumerate(_points_by_line(found, axis).items()):
        estimated = [found.estimate(k, place, metric) for k in points]
        colour, dashes = COLOURS[rank % len(COLOURS)], DASHES[(rank // len(COLOURS) + rank) % len(DASHES)]
        means = np.array([e.value for e in estimated])
        ax.plot(at, means, "o", color=colour, markersize=4)
        if not found.is_central:
            errors = 2.0 * np.nan_to_num([e.se for e in estimated])
            ax.errorbar(at, means, errors, fmt="none", ecolor=colour, elinewidth=1.2, capsize=3)
        names = (f"{noun} {value} {unit}".rstrip() for (noun, unit), value in zip(others, rest, strict=True))
        lines.append(LabelledLine(means, ", ".join(names), colour, dashes, 2.0))
    if along not in numeric:
        ax.set_xticks(at, [str(value) for value in values])
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    draw_lines(ax, lines, at_peak=False, named=len(lines) > 1, at=np.array(at))
    ax.set_xlabel(_axis_words(along), color=INK, fontsize=9, loc="left")


def _points_by_line(found: Sweep, axis: int) -> dict[tuple[Any, ...], list[int]]:
    """Points of the grid along one axis, by their values on the other axes."""
    points: dict[tuple[Any, ...], list[int]] = {}
    for k, point in enumerate(found.points):
        points.setdefault((*point[:axis], *point[axis + 1 :]), []).append(k)
    return points


def _draw_sweep_map(ax: Axes, found: Sweep, metric: str, place: MaterialRegion) -> None:
    (down, rows), (across, columns) = found.over.items()
    means = np.array([found.estimate(k, place, metric).value for k in range(len(found.points))])
    table = means.reshape(len(rows), len(columns))
    image = ax.imshow(table, aspect="auto", origin="lower", cmap=worse_scale(), vmin=0.0)
    ax.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    ax.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    ax.tick_params(length=0, colors=GREY, labelsize=8.5)
    ax.set_xlabel(_axis_words(across), color=INK, fontsize=9, loc="left")
    ax.set_ylabel(_axis_words(down), color=INK, fontsize=9, loc="bottom")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.annotate(
        f"{_words(metric)} [{_unit(metric)}]; upwards: {down}", (0, 1), (0, 6), "axes fraction", "offset points",
        fontweight="bold", va="bottom",
    )  # fmt: skip
    if table.size <= MOST_CELLS_NAMED:
        middle = WHITE_TEXT_FROM * np.nan_to_num(table).max()
        for (row, column), value in np.ndenumerate(table):
            ink = "white" if value > middle else INK
            ax.text(column, row, "–" if np.isnan(value) else f"{value:,.3g}", ha="center", va="center", color=ink)
    else:
        ax.figure.colorbar(image, ax=ax)


# ------------------------------------------------------------------------------------------------------------------ sizes


def plot_sizing(found: Sizing) -> Figure:
    """Draw the share of replications served against the size, with its confidence band and the size found."""
    question = found.question
    what = f"Share of replications served, by the target of {question.stockpile}; band: 95% confidence"
    with drawing_style():
        figure, bottom, top = _page(found, found.answer().headline, what, question.definition)
        (ax,) = grid_of_axes(figure, bottom + 0.25, top, 1, 1)
        framed(ax, f"Served: {question.region}, % of replications")
        _draw_service(ax, found)
        _mark_sizes(ax, found)
        ax.set_ylim(-2.0, 104.0)
        ax.set_xlim(0.0, max(level.days for level in found.levels))
        ax.yaxis.tick_right()
        ax.set_xlabel("Target, days of use", color=INK, fontsize=9, loc="left")
    return figure


def _draw_service(ax: Axes, found: Sizing) -> None:
    """The share served by size, its confidence band, and the share wanted."""
    levels = [level for level in found.levels if level.count]
    at = [level.days for level in levels]
    low, high = (100.0 * np.array([level.interval[end] for level in levels]) for end in (0, 1))
    ax.fill_between(at, low, high, color=COLOURS[0], alpha=0.18, linewidth=0)
    served = [100.0 * level.service for level in levels]
    ax.plot(at, served, color=COLOURS[0], linewidth=2.2, marker="o", markersize=3.5)
    wanted = 100.0 * found.question.service
    ax.axhline(wanted, color=GREY, linewidth=1.0, linestyle=(0, (3, 2)))
    ax.annotate(
        f"{100 * found.question.service:g}% wanted", (0, wanted), (4, 4), textcoords="offset points",
        color=GREY, path_effects=halo(),
    )  # fmt: skip


def _mark_sizes(ax: Axes, found: Sizing) -> None:
    """Vertical lines at the size of the scenario and at the size found."""
    question = found.question
    stated = next(level for level in found.levels if level.days == question.stated_days)
    free = 0.7 if stated.service < 0.5 else 0.12  # where the curve is not
    marks = [(question.stated_days, "the scenario: {:,.0f} days", COLOURS[2], free)]
    if found.days is not None:
        marks.append((found.days, "enough: {:,.0f} days", COLOURS[1], 0.06))
    largest = max(level.days for level in found.levels)
    for days, text, colour, height in marks:
        ax.axvline(days, color=colour, linewidth=1.4)
        near_end = days > 0.7 * largest
        ax.annotate(
            text.format(days), (days, height), (-5 if near_end else 5, 0), ("data", "axes fraction"), "offset points",
            ha="right" if near_end else "left", color=darker(colour), fontweight="bold", path_effects=halo(),
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------- tornado


def plot_tornado(found: Sensitivity) -> Figure:
    """Draw the contribution of each number, largest first; assumptions are hatched."""
    least = VISIBLE_FRACTION * (found.rows[0][found.main] or 0.0)
    rows = [row for row in found.rows if (row[found.main] or 0.0) > least][:MOST_BARS] or found.rows[:1]
    scale = 1.0 if found.method == "morris" else 100.0
    unit = found.unit if found.method == "morris" else "% of the variance, interactions included"
    what = f"{_words(found.metric)}, {found.place.region}, {material_name(found.scenario, found.place.material)}"
    note = "Hatched: assumptions. Lines: two standard errors to either side."
    labels = [_in_two_lines(path_words(row["number"])[0]) for row in rows]
    with drawing_style():
        figure, bottom, top = _page(found, found.answer().headline, f"{what}; {_meaning(found)}", note)
        (ax,) = axes_right_of(figure, [part for label in labels for part in label.split("\n")], bottom, top)
        bare(ax, f"Effect [{unit}]")
        for level, row in enumerate(rows):
            size, error = scale * (row[found.main] or 0.0), scale * (row[f"{found.main}_se"] or 0.0)
            assumed = row["is_assumption"]
            colour = COLOURS[1] if assumed else COLOURS[0]
            bar = {"facecolor": paler(colour), "edgecolor": colour, "hatch": "////"} if assumed else {"color": colour}
            ax.barh(level, size, height=0.62, linewidth=0.0, **cast("dict[str, Any]", bar))
            ax.plot([max(0.0, size - 2 * error), size + 2 * error], [level, level], color=INK, linewidth=1.2)
        ax.set_yticks(range(len(rows)), labels, fontsize=8.5, color=INK)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(left=0.0)
    return figure


def _meaning(found: Sensitivity) -> str:
    return (
        "mean size of the effect across 95% of each number's range, or between its states (Morris)"
        if found.method == "morris"
        else "total Sobol index of each number"
    )


def _in_two_lines(text: str, longest: int = 38) -> str:
    """A long label in two lines."""
    if len(text) <= longest:
        return text
    gaps = [i for i, letter in enumerate(text) if letter == " "]
    middle = min(gaps, key=lambda i: abs(i - len(text) / 2), default=len(text))
    return f"{text[:middle]}\n{text[middle + 1 :]}"
