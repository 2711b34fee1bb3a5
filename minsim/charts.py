"""Charts beside the run's own: shortfall divided by event, the waterfall of days lost, the licence queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsim.answer import MaterialStory, rank_materials
from minsim.days_lost import STEPS
from minsim.licence_table import LicenceWeek, decided_waits, licence_weeks
from minsim.metrics import FloatArray, Outcome
from minsim.phrases import capital, count, day_count, listing, long_date, percent, tonnes, with_article
from minsim.plotting import source_line
from minsim.style import (
    GREY,
    HEIGHT_IN,
    INK,
    LIGHT_GREY,
    MARGIN_IN,
    PATTERNS,
    WIDE_COLOURS,
    WIDTH_IN,
    drawing_style,
    new_figure,
    panels,
    text_on,
    wrapped,
    write_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.attribution import Attribution

MOST_BARS = 5
"""Regions drawn; the others are named below the chart."""
MOST_PARTS = 6
"""Events, or importers, in colours of their own; the others are drawn together, in grey."""
OTHERS = "others"
BAR = 0.52
"""Thickness of a bar, of the room it has."""
LABEL_PT = 8.5


# -------------------------------------------------------------------------------------------------------------- attribution


@dataclass(frozen=True)
class Parts:
    """One material's shortfall by region (rows) and event (columns) [t], the largest first."""

    story: MaterialStory
    regions: list[int]
    names: list[str]
    amounts_t: FloatArray

    @classmethod
    def of(cls, attribution: Attribution, material: str | None) -> Parts:
        """Pick what is drawn: the regions hit hardest, the events that weigh most in them."""
        story = MaterialStory(attribution.run, material or rank_materials(attribution.run)[0])
        size = np.abs(attribution.parts_t)
        hit = [i for i in story.everyone if size[:, i].sum() > 1e-9 * max(1e-9, float(size.sum()))]
        regions = sorted(hit, key=lambda i: (-attribution.parts_t[:, i].sum(), story.network.consumers[i].region))
        drawn = regions[:MOST_BARS]
        weight = size[:, drawn].sum(axis=1)
        ranked = sorted((k for k in range(len(weight)) if weight[k] > 0), key=lambda k: (-weight[k], k))
        own, rest = ranked[:MOST_PARTS], ranked[MOST_PARTS:]
        amounts = [attribution.parts_t[k, drawn] for k in own]
        names = [attribution.title_of(attribution.acting[k]) for k in own]
        if rest:
            amounts.append(attribution.parts_t[np.ix_(rest, drawn)].sum(axis=0))
            names.append(count(len(rest), "other event"))
        return cls(story, regions, names, np.array(amounts).T if amounts else np.zeros((len(drawn), 0)))

    def headline(self) -> str:
        """The largest part of the hardest hit region's shortfall."""
        if not self.regions:
            return f"No event leaves anybody short of {self.story.name}"
        parts = self.amounts_t[0]
        largest, total = int(parts.argmax()), float(parts.sum())
        who = with_article(self.story.network.consumers[self.regions[0]].region)
        if parts[largest] >= total * (1.0 - 1e-9) and total > 0:
            return f"One event accounts for all {tonnes(total)} of {self.story.name} that {who} lacks: {self.names[largest]}"
        share = percent(parts[largest] / total) if total > 0 else tonnes(parts[largest])
        return f"{self.names[largest]}: {share} of the {tonnes(total)} of {self.story.name} that {who} lacks"


def plot_attribution(attribution: Attribution, material: str | None = None) -> Figure:
    """Draw each region's shortfall as a bar, divided by event; the hardest hit region on top."""
    with drawing_style():
        parts = Parts.of(attribution, material)
        how = "over every order of the events" if attribution.orders is None else f"over {attribution.orders} orders"
        what = f"Shortfall by region, divided among the events by Shapley value ({how})"
        figure, (only,) = _page(parts.story, parts.headline(), what, _not_drawn(parts))
        _draw_parts(only, parts)
    return figure


def attribution_axes(ax: Axes, attribution: Attribution, material: str | None = None) -> Axes:
    """Draw the bars into axes of your own."""
    with drawing_style():
        parts = Parts.of(attribution, material)
        _draw_parts(ax, parts)
        ax.set_title(parts.headline(), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def _not_drawn(parts: Parts) -> str:
    hidden = [with_article(parts.story.network.consumers[i].region) for i in parts.regions[MOST_BARS:]]
    return f"Short, but not drawn: {listing(hidden)}." if hidden else ""


def _draw_parts(ax: Axes, parts: Parts) -> None:
    drawn = [parts.story.network.consumers[i].region for i in parts.regions[:MOST_BARS]]
    _bare(ax, "Shortfall, t")
    if not drawn:
        ax.set_xticks([])
        return
    reach = np.clip(parts.amounts_t, 0.0, None).sum(axis=1).max()
    least = np.clip(parts.amounts_t, None, 0.0).sum(axis=1).min()
    ax.set_xlim(1.02 * least, 1.22 * reach - 0.0 * least)
    ax.set_ylim(len(drawn) - 0.5, -0.75)
    ax.set_yticks(range(len(drawn)), drawn)
    ax.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    ax.axvline(0.0, color=INK, linewidth=0.8)
    for row, amounts in enumerate(parts.amounts_t):
        _stack(ax, row, amounts)
        days = float(parts.story.measures["shortfall_days"][parts.regions[row]])
        label = f"{tonnes(amounts.sum())}, {day_count(days)} of use"
        ax.annotate(label, (max(0.0, amounts[amounts > 0].sum()), row), (6, 0), textcoords="offset points", va="center")
    where = np.abs(parts.amounts_t).argmax(axis=0)
    for row in range(len(drawn)):
        _name_parts(ax, row, parts, [k for k in range(len(parts.names)) if where[k] == row])


def _stack(ax: Axes, row: int, amounts: FloatArray) -> None:
    """One bar: what events add to the right of zero, what they save to the left; amounts inside where they fit."""
    for k, amount in enumerate(amounts):
        left = _left_end(amounts, k)
        ax.barh(row, amount, BAR, left, color=WIDE_COLOURS[k], hatch=PATTERNS[k], edgecolor="white", linewidth=0.8)
        text = ax.text(left + amount / 2, row, tonnes(abs(amount)), ha="center", va="center", fontsize=LABEL_PT)
        text.set_color(text_on(WIDE_COLOURS[k]))
        width_px = abs(np.diff(ax.transData.transform([(left, row), (left + amount, row)])[:, 0])[0])
        if text.get_window_extent().width + 8 > width_px:
            text.remove()


def _left_end(amounts: FloatArray, k: int) -> float:
    """Where part k begins: after the earlier parts of its sign."""
    earlier = amounts[:k]
    return float(earlier[(earlier > 0) == (amounts[k] > 0)].sum())


def _name_parts(ax: Axes, row: int, parts: Parts, events: Sequence[int]) -> None:
    """Names of some events above a bar, each over its own part, in as many rows as they need."""
    taken: list[float] = []
    for k in events:
        amounts = parts.amounts_t[row]
        begin = _left_end(amounts, k)
        left, right = sorted((begin, begin + float(amounts[k])))
        text = ax.annotate(
            parts.names[k], (left, row - BAR / 2), (1, 3), textcoords="offset points", fontsize=LABEL_PT, color=INK
        )
        _keep_inside(ax, text)
        box = text.get_window_extent()
        level = next((n for n, end in enumerate(taken) if end + 8 < box.x0), len(taken))
        taken[level : level + 1] = [box.x1]
        text.set_position((1, 3 + 12 * level))
        anchor = (left, row - BAR / 2)
        ax.annotate("", anchor, (0, 12 + 12 * level), textcoords="offset points",
                    arrowprops={"arrowstyle": "-", "color": WIDE_COLOURS[k], "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
        del right


def _keep_inside(ax: Axes, text: object) -> None:
    """Cut a name that would run over the right edge."""
    from matplotlib.text import Annotation

    assert isinstance(text, Annotation)
    room = ax.get_window_extent()
    name = text.get_text()
    while text.get_window_extent().x1 > room.x1 and len(name) > 1:
        name = name[:-2]
        text.set_text(f"{name}…")


# ---------------------------------------------------------------------------------------------------------------- waterfall


def plot_waterfall(run: Outcome, material: str | None = None) -> Figure:
    """Draw the days of use lost naively and after each step, one panel for each of the three regions hit hardest.

    Raises
    ------
    ValueError
        If the run was made without its bracket.
    """
    with drawing_style():
        story, regions = _waterfall_story(run, material)
        what = "Days of use lost over the whole run, as one thing after the other is taken into account"
        hidden = [with_article(story.network.consumers[i].region) for i in regions[3:]]
        note = f"Not drawn: {listing(hidden)}." if hidden else ""
        figure, axes = _page(story, _waterfall_headline(run, story, regions), what, note, min(3, max(1, len(regions))))
        for ax, index in zip(axes, regions, strict=False):
            _draw_steps(ax, run, story, index)
    return figure


def waterfall_axes(ax: Axes, run: Outcome, material: str | None = None) -> Axes:
    """Draw the steps of the hardest hit region into axes of your own."""
    with drawing_style():
        story, regions = _waterfall_story(run, material)
        if regions:
            _draw_steps(ax, run, story, regions[0])
        ax.set_title(_waterfall_headline(run, story, regions), loc="left", fontsize=10, fontweight="bold", pad=22)
    return ax


def _waterfall_story(run: Outcome, material: str | None) -> tuple[MaterialStory, list[int]]:
    """The material, and the regions that lose days at any step, the hardest hit first."""
    if not run.days_lost:
        raise ValueError("the steps of the waterfall are computed with the bracket; run with bracket=True")
    story = MaterialStory(run, material or rank_materials(run)[0])
    worst = {i: [float(days[i]) for days in run.days_lost.values()] for i in story.everyone}
    hit = [i for i in story.everyone if max(worst[i]) > 0]
    return story, sorted(hit, key=lambda i: (-worst[i][-1], -worst[i][0], story.network.consumers[i].region))


def _waterfall_headline(run: Outcome, story: MaterialStory, regions: Sequence[int]) -> str:
    if not regions:
        return f"No region loses a day of {story.name}, even without rerouting and stockpiles"
    index = regions[0]
    lost = [float(days[index]) for days in run.days_lost.values()]
    who = capital(with_article(story.network.consumers[index].region))
    if abs(lost[0] - lost[-1]) < 0.5:
        return f"Rerouting, leakage and stockpiles save {who[0].lower()}{who[1:]} next to nothing of {day_count(lost[0])}"
    verb = "saves" if lost[-1] < lost[0] else "loses another"
    return (
        f"{who} {verb} {day_count(abs(lost[0] - lost[-1]))} of {story.name} by rerouting, leakage and stockpiles; "
        f"{day_count(lost[-1])} {'are' if round(lost[-1]) != 1 else 'is'} lost"
    )


def _draw_steps(ax: Axes, run: Outcome, story: MaterialStory, index: int) -> None:
    """Full bars for the first and the last, floating ones for what each step changes."""
    lost = [float(days[index]) for days in run.days_lost.values()]
    _bare(ax, f"{story.network.consumers[index].region}: days of use lost", across=True)
    labels = [_broken(label) for label in STEPS.values()]
    highest = max(lost)
    bars = [(0.0, lost[0]), *((after, before - after) for before, after in zip(lost, lost[1:], strict=False)), (0.0, lost[-1])]
    names = [labels[0], *("change by\n" + step for step in list(STEPS)[1:]), "lost in\nthe end"]
    for place, (bottom, height) in enumerate(bars):
        whole = place in (0, len(bars) - 1)
        colour = INK if whole else WIDE_COLOURS[0] if height >= 0 else WIDE_COLOURS[1]
        ax.bar(place, height, 0.62, bottom, color=GREY if place == 0 else colour)
        text = f"{height:,.0f}" if whole else "0" if abs(height) < 0.5 else f"{'−' if height > 0 else '+'}{abs(height):,.0f}"
        ax.annotate(text, (place, bottom + max(height, 0.0) if height >= 0 else bottom), (0, 3), textcoords="offset points",
                    ha="center", fontweight="bold" if whole else "normal", fontsize=10)  # fmt: skip
    for place, level in enumerate(lost):
        ax.plot([place + 0.31, place + 1 - 0.31], [level, level], color=GREY, linewidth=0.8)
    ax.set_xticks(range(len(names)), names)
    ax.tick_params(axis="x", labelsize=8.0, labelcolor=INK, length=0)
    ax.set_ylim(0.0, 1.12 * highest)


def _broken(label: str) -> str:
    return label.replace(", ", ",\n")


# ------------------------------------------------------------------------------------------------------------ licence queue


def plot_licences(run: Outcome, event: str | None = None) -> Figure:
    """Draw the licence queue of one curb by importer: what waits at the end of each week above, what was approved below.

    Raises
    ------
    ValueError
        If nobody applied, or not under this event.
    """
    weeks = licence_weeks(run.record)
    applied: dict[str, float] = {}
    for week in weeks:
        applied[week.event] = applied.get(week.event, 0.0) + week.applied_t
    if not applied or event not in (None, *applied):
        raise ValueError(f"nobody applied for licences{'' if event is None else f' under {event!r}'} in this run")
    chosen = event or max(sorted(applied), key=lambda name: applied[name])
    own = [week for week in weeks if week.event == chosen]
    with drawing_style():
        story = MaterialStory(run, rank_materials(run)[0])
        title = run.scenario.model.events[chosen].title or chosen.replace("-", " ")
        what = f"{title}. Licences by importer, by week counted from the curb's first day"
        figure, (upper, lower) = _page(story, _queue_headline(run, chosen, own), what, "", 2, stacked=True, name=False)
        _draw_queue(upper, own, "Waiting for a decision at the end of the week, t", lambda week: week.waiting_t, named=True)
        _draw_queue(lower, own, "Approved in the week, t", lambda week: week.approved_t, named=False)
        upper.tick_params(labelbottom=False)
    return figure


def _queue_headline(run: Outcome, event: str, weeks: Sequence[LicenceWeek]) -> str:
    by_week: dict[int, float] = {}
    for week in weeks:
        by_week[week.first_day] = by_week.get(week.first_day, 0.0) + week.waiting_t
    peak = max(by_week, key=lambda day: (by_week[day], -day))
    date = long_date(run.record.network.date_of(peak))
    waits = decided_waits([filed for filed in run.record.applications if filed.event == event])
    waited = f"decisions take {count(sum(waits) / len(waits), 'day')} on average" if waits else "nothing is decided"
    return f"{tonnes(by_week[peak])} wait for licences in the week of {date}; {waited}"


def _draw_queue(
    ax: Axes, weeks: Sequence[LicenceWeek], heading: str, amount: Callable[[LicenceWeek], float], *, named: bool
) -> None:
    """Weekly bars, the importers stacked in one order in every panel."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    days = sorted({week.first_day for week in weeks})
    table = _by_importer(weeks, days, amount)
    order = list(_by_importer(weeks, days, lambda week: week.applied_t))
    _bare(ax, heading, across=True, right=True)
    bottom = np.zeros(len(days))
    x = np.array(days, dtype=float)
    for k, importer in enumerate(order):
        ax.bar(x, table[importer], 6.2, bottom, align="edge", color=WIDE_COLOURS[k], linewidth=0, label=importer)
        bottom += table[importer]
    ax.set_ylim(0.0, 1.08 * max(bottom.max(), 1e-9))
    del AutoDateLocator, ConciseDateFormatter, named


def _by_importer(
    weeks: Sequence[LicenceWeek], days: Sequence[int], amount: Callable[[LicenceWeek], float]
) -> dict[str, FloatArray]:
    """Amounts by week of the importers that applied for most, the others together."""
    raise NotImplementedError


def _page(*args: object, **kwargs: object) -> object:
    raise NotImplementedError


_ = (HEIGHT_IN, LIGHT_GREY, MARGIN_IN, WIDTH_IN, new_figure, panels, wrapped, write_text, source_line, OTHERS)
