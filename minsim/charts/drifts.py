"""Charts of drifts, old against new: one chart per drifted subject, by month or by trade route."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minsim.charts.page import bare, framed, write_page
from minsim.charts.style import COLOURS, DASHES, GREY, INK, LIGHT_GREY, drawing_style, panels, save_figure
from minsim.errors import OutputError
from minsim.regression.drifts import METRIC_WORDS, Drift
from minsim.regression.session import Verdict
from minsim.regression.tables import Baseline, Key, unit_of
from minsim.results.atomic import reason
from minsim.text.formatting import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OLD_COLOUR, NEW_COLOUR = GREY, COLOURS[1]
MOST_ROUTES = 12
MOST_SENTENCES = 3

PANELS = {
    "monthly": ("shortfall_t", "month_end_cover_days"),
    "stockpiles": ("month_end_stock_t", "released_t"),
}
"""Columns drawn besides the one that drifted."""


@dataclass(frozen=True)
class Topic:
    """Subject of one chart: a region's use of a material, a stock, or the trade routes of a product."""

    table: str
    subject: Key
    drifts: tuple[Drift, ...]

    @property
    def stem(self) -> str:
        """Stem of its file's name, with only characters that are safe in file names."""
        return re.sub(r"[^\w.-]+", "-", "-".join((self.table, *self.subject)).lower()).strip("-")


def draw_all(verdict: Verdict, folder: Path) -> list[Path]:
    """Draw every drift of a scenario into a folder, as PNG.

    Returns
    -------
    list of Path
        The files, named by scenario and subject.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    if verdict.old is None:
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)  # there also when nothing drifted, for whoever collects it
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {reason(error)}") from error
    drawn = []
    for topic in topics(verdict.drifts):
        path = folder / f"{verdict.name}-{topic.stem}.png"
        save_figure(draw(verdict.name, topic, verdict.old, verdict.new), path)
        drawn.append(path)
    return drawn


def topics(drifts: Sequence[Drift]) -> Iterator[Topic]:
    """One topic for all drifts of one chart, in their order."""
    groups: dict[tuple[str, Key], list[Drift]] = {}
    for drift in drifts:
        table = "monthly" if drift.table == "metrics" else drift.table
        if table != "structure":
            groups.setdefault((table, drift.subject[:2]), []).append(drift)
    for (table, subject), found in groups.items():
        yield Topic(table, subject, tuple(found))


def draw(name: str, topic: Topic, old: Baseline, new: Baseline) -> Figure:
    """Old against new for one topic; the title says what drifted."""
    with drawing_style():
        first, *others = (str(drift) for drift in topic.drifts)
        more = len(others) - MOST_SENTENCES
        sentences = [*others[:MOST_SENTENCES], *([f"and {more} more"] if more > 0 else [])]
        foot = f"{name}: baseline of minsim {old.version} against minsim {new.version}"
        figure, bottom, top = write_page(capital(first), "; ".join(sentences), foot)
        if topic.table == "trade":
            _draw_routes(panels(figure, bottom, top, (1.0,))[0], topic, old, new)
        else:
            _draw_series(figure, bottom, top, topic, old, new)
    return figure


# ------------------------------------------------------------------------------------------------------------------ series


def _draw_series(figure: Figure, bottom_in: float, top_in: float, topic: Topic, old: Baseline, new: Baseline) -> None:
    columns = _columns(topic, old, new)
    for axes, column in zip(
        panels(figure, bottom_in, top_in, (1 / len(columns),) * len(columns)), columns, strict=True
    ):
        before, after = (side.tables[topic.table].series(topic.subject, column) for side in (old, new))
        times = sorted(before.keys() | after.keys())
        framed(axes, f"{capital(METRIC_WORDS.get(column, column.replace('_', ' ')))} [{unit_of(column)}]")
        for values, colour, dashes, width, label in (
            (before, OLD_COLOUR, DASHES[1], 2.4, "old"),
            (after, NEW_COLOUR, DASHES[0], 1.8, "new"),
        ):
            line = np.array([values.get(time) for time in times], dtype=float)
            axes.plot(range(len(times)), line, color=colour, linestyle=dashes, linewidth=width, label=label)
        axes.set_xlim(-0.5, max(1, len(times)) - 0.5)
        step = max(1, len(times) // 9)
        axes.set_xticks(range(0, len(times), step), times[::step])
        axes.set_ylim(bottom=0)
        axes.tick_params(axis="x", labelbottom=column == columns[-1])
        _add_legend(axes)


def _columns(topic: Topic, old: Baseline, new: Baseline) -> list[str]:
    """Two or three columns: the one that drifted most, then those that explain it."""
    there = [c for c in old.tables[topic.table].columns if c in new.tables[topic.table].columns]
    drifted = [drift.column for drift in topic.drifts if drift.column in there]
    wanted = dict.fromkeys((*drifted[:1], *PANELS[topic.table], *drifted[1:]))
    return [column for column in wanted if column in there][:3]


# ------------------------------------------------------------------------------------------------------------------ routes


def _draw_routes(axes: Axes, topic: Topic, old: Baseline, new: Baseline) -> None:
    """Tonnes over the whole run, old and new, of the trade routes that changed most."""
    before, after = (_route_totals(side, topic.subject) for side in (old, new))
    drifted = {drift.subject[2:] for drift in topic.drifts}
    shown = sorted(drifted, key=lambda route: (-abs(after.get(route, 0.0) - before.get(route, 0.0)), route))
    shown = shown[:MOST_ROUTES]
    places = np.arange(len(shown))[::-1]
    bare(axes, "Shipped over the whole run [t]")
    old_t, new_t = ([side.get(route, 0.0) for route in shown] for side in (before, after))
    axes.barh(places + 0.14, old_t, 0.27, color=LIGHT_GREY, edgecolor=OLD_COLOUR, label="old")
    axes.barh(places - 0.14, new_t, 0.27, color=NEW_COLOUR, label="new")
    for place, route in zip(places, shown, strict=True):
        axes.text(
            0.005, place + 0.44, " → ".join(route), transform=axes.get_yaxis_transform(),
            fontsize=7.5, color=INK, va="center",
        )  # fmt: skip
    axes.set_yticks([])
    axes.set_ylim(-0.7, len(shown) - 0.2)
    _add_legend(axes)


def _add_legend(axes: Axes) -> None:
    axes.legend(loc="lower right", frameon=False, fontsize=8, ncols=2, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)


def _route_totals(baseline: Baseline, product: Key) -> dict[Key, float]:
    table = baseline.tables["trade"]
    totals: dict[Key, float] = {}
    for key, row in table.rows.items():
        if key[1:3] == product:
            totals[key[3:]] = totals.get(key[3:], 0.0) + sum(cell for cell in row if isinstance(cell, float))
    return totals
