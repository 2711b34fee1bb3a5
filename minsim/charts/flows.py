"""Chart of flows: a region's purchases at each stage of a chain, by seller, in the baseline and during an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsim.charts.page import bare, beside, set_reach, start_page, widest_in
from minsim.charts.style import GREY, HEIGHT_IN, INK, LIGHT_GREY, MARGIN_IN, WIDE_COLOURS, WIDTH_IN, drawing_style
from minsim.charts.supply import MONTH_DAYS, Months
from minsim.errors import NotInRunError
from minsim.metrics.consumers import FloatArray
from minsim.metrics.disturbances import made_from
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.text.formatting import capital, count, inside_sentence, percent, three_figures, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.scenario.event_dates import ScheduledEvent

MOST_SELLERS = 5
"""Selling countries drawn per stage, the largest; the others are combined."""
ROW_IN, HEADING_IN = 0.3, 0.42
NEGLIGIBLE_FRACTION = 1e-3
"""Sellers below this fraction of a stage's tonnes are not drawn."""
UNCHANGED_FRACTION = 0.01


@dataclass(frozen=True)
class StagePurchases:
    """A region's purchases of one product by seller [t/month], in the baseline (`usual`) and during the event."""

    material: str
    stage: str
    title: str
    sellers: list[str]
    usual: FloatArray
    during: FloatArray

    @property
    def change(self) -> float:
        """Change of all sellers together, as a fraction of the usual."""
        usual = float(self.usual.sum())
        return float(self.during.sum()) / usual - 1.0 if usual > 0 else 0.0


def plot_flows(
    run: Outcome, material: str | None = None, region: str | None = None, event: str | None = None
) -> Figure:
    """Draw what a region buys at each stage of a material's chain, by selling country, before and during an event.

    Before: baseline trade. During: the mean of the months that lie wholly within the event (of the one it covers most,
    where none does), goods sent round a curb included. Tonnes are put on a month of 30.4 days.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        The last product of the chain; absent: the material of which most days of use are lost.
    region : str, optional
        Absent: the region that loses most; of those that lose nothing, the one with the thinnest stock.
    event : str, optional
        Absent: of the events that disturb the chain, a curb on the region and the product itself, the longest.

    Raises
    ------
    NotInRunError
        If the run has no such material, region or event, or nothing disturbs the chain.
    """
    story = MaterialSummary(run, material or rank_materials(run)[0])
    index = story.consumer(region) if region else story.hardest_hit
    span = _event(story, index, event)
    months = _within(span, Months.of(story.network))
    stages = _stages(story, story.network.consumers[index].region, months)
    with drawing_style():
        words = _headline(story, index, span, stages), _what(story, index, months), _note(story, index, months)
        _, bottom, top = start_page(run, *words)  # only to measure head and foot
        needed_in = sum(HEADING_IN + ROW_IN * len(stage.sellers) for stage in stages)
        figure, _, top = start_page(run, *words, height_in=HEIGHT_IN + needed_in - (top - bottom))
        _draw_stages(figure, stages, top)
    return figure


def _event(story: MaterialSummary, index: int, requested: str | None) -> ScheduledEvent:
    """The requested event, or the one with the most effect on the region's purchases."""
    spans = {span.event: span for span in story.disturbances()}
    here = story.network.consumers[index].place
    if not spans or (requested and requested not in spans):
        known = f"; expected one of {', '.join(spans)}" if spans else ""
        raise NotInRunError(
            f"{'no event' if requested is None else repr(requested)} disturbs {story.material!r} in this run{known}"
        )
    days = story.network.days

    def weight(span: ScheduledEvent) -> tuple[bool, bool, bool, int]:
        """Curbs first, those on the region, those on the product itself, those that act longest."""
        end = days if span.end_day is None else min(days, span.end_day)
        importers, materials = span.importers or (), getattr(span.model, "materials", ())
        affected = importers == "all" or here in importers
        return span.type == "export_curb", affected, story.material in materials, end - max(0, span.start_day)

    return spans[requested] if requested else max(spans.values(), key=weight)


def _within(span: ScheduledEvent, months: Months) -> list[int]:
    """Months entirely within an event; if there is none, the month it covers most."""
    begin, days = months.first_day, months.days
    end = float(begin[-1] + days[-1]) if span.end_day is None else float(span.end_day)
    covered = np.clip(np.minimum(begin + days, end) - np.maximum(begin, span.start_day), 0.0, None)
    whole = np.flatnonzero(covered >= days)
    return whole.tolist() if len(whole) else [int(covered.argmax())]


def _stages(story: MaterialSummary, region: str, chosen: Sequence[int]) -> list[StagePurchases]:
    """The products of a chain that a region buys, the last first."""
    record, network = story.run.record, story.network
    days = Months.of(network).days[list(chosen)].sum()
    during = (record.trade + record.leaked)[list(chosen)].sum(axis=0) * MONTH_DAYS / days
    chain = made_from(network.scenario, story.material)
    found = []
    for material, stage in network.products:
        routes = [
            (arc.seller_country, arc.base_flow_t_per_day * MONTH_DAYS, float(during[k]))
            for k, arc in enumerate(network.arcs)
            if (arc.material, arc.stage, arc.user) == (material, stage, region)
        ]
        if material in chain and any(usual + now > 0 for _, usual, now in routes):
            title = network.scenario.model.materials[material].title or material
            found.append(_stage(material, stage, f"{capital(title)}, stage “{stage}”: tonnes a month", routes))
    return found


def _stage(material: str, stage: str, title: str, lanes: Sequence[tuple[str, float, float]]) -> StagePurchases:
    totals: dict[str, FloatArray] = {}
    for seller, usual, now in lanes:
        totals[seller] = totals.get(seller, np.zeros(2)) + np.array([usual, now])
    whole = np.sum(list(totals.values()), axis=0).max()
    seen = sorted(
        (s for s in totals if totals[s].max() > NEGLIGIBLE_FRACTION * whole), key=lambda s: (-totals[s].max(), s)
    )
    own, rest = seen[:MOST_SELLERS], seen[MOST_SELLERS:]
    amounts = [totals[seller] for seller in own]
    if rest:
        amounts.append(np.sum([totals[seller] for seller in rest], axis=0))
    names = [*own, *([rest[0] if len(rest) == 1 else count(len(rest), "other seller")] if rest else [])]
    usual, now = np.array(amounts).T
    return StagePurchases(material, stage, title, names, usual, now)


def _headline(story: MaterialSummary, index: int, span: ScheduledEvent, stages: Sequence[StagePurchases]) -> str:
    who, under = capital(story.region(index)), f"under “{span.title}”"
    last = next((stage for stage in stages if stage.material == story.material), None)
    if last is None:
        return f"{who} buys no {story.name}"
    moves = last.during - last.usual
    if np.abs(moves).max() <= UNCHANGED_FRACTION * last.usual.sum():
        return f"{who} buys {story.name} from the same sellers {under} as usual"
    k = int(np.abs(moves).argmax())
    own = last.sellers[k] == story.network.consumers[index].place
    seller = "its own producers sell" if own else f"{with_article(last.sellers[k])} sells"
    sells = (
        f"{seller} it {three_figures(float(last.during[k]))} t a month, usually {three_figures(float(last.usual[k]))}"
    )
    if abs(last.change) <= UNCHANGED_FRACTION:
        return f"{who} buys as much {story.name} {under} as usual; {sells}"
    amount = f"{percent(abs(last.change))} {'less' if last.change < 0 else 'more'}"
    return f"{who} buys {amount} {story.name} {under}: {sells}"


def _what(story: MaterialSummary, index: int, months: Sequence[int]) -> str:
    ends = [_month(story, months[0]), _month(story, months[-1])]
    when = ends[0] if len(months) == 1 else " to ".join(ends)
    return (
        f"What {story.region(index)} buys of {inside_sentence(story.name)} and of what it is made from, by seller: "
        f"usually (pale) and in {when} (narrow)"
    )


def _note(story: MaterialSummary, index: int, months: Sequence[int]) -> str:
    """Flow of the last product around a curb."""
    region, record = story.network.consumers[index].region, story.run.record
    lanes = [k for k, a in enumerate(story.network.arcs) if (a.material, a.user) == (story.material, region)]
    days = Months.of(story.network).days[list(months)].sum()
    around = float(record.leaked[np.ix_(list(months), lanes)].sum()) * MONTH_DAYS / days
    return (
        f"{capital(story.name)}: {three_figures(around)} t a month come round the curb, and are counted with their seller."
        if around > 0
        else ""
    )


def _month(story: MaterialSummary, month: int) -> str:
    return story.date(int(Months.of(story.network).first_day[month])).split(" ", 1)[1]


def _draw_stages(figure: Figure, stages: Sequence[StagePurchases], top_in: float) -> None:
    left_in = MARGIN_IN + widest_in(figure, [name for stage in stages for name in stage.sellers]) + 0.1
    tall_in = figure.get_figheight()
    for stage in stages:
        height_in = ROW_IN * len(stage.sellers)
        top_in -= HEADING_IN + height_in
        width = (WIDTH_IN - MARGIN_IN - left_in) / WIDTH_IN
        ax = figure.add_axes((left_in / WIDTH_IN, (top_in + 0.06) / tall_in, width, height_in / tall_in))
        _draw_stage(ax, stage, left_in)


def _draw_stage(ax: Axes, stage: StagePurchases, left_in: float) -> None:
    bare(ax, "")
    ax.grid(visible=False)  # every bar has its numbers beside it
    ax.annotate(
        stage.title, (0, 1), (-72 * (left_in - MARGIN_IN), 4), "axes fraction", "offset points",
        fontweight="bold", va="bottom",
    )  # fmt: skip
    labels = [
        f"{three_figures(usual)} → {three_figures(now)}" for usual, now in zip(stage.usual, stage.during, strict=True)
    ]
    reach = np.maximum(stage.usual, stage.during)
    set_reach(ax, reach, labels)
    ax.set_ylim(len(stage.sellers) - 0.5, -0.5)
    rows = range(len(stage.sellers))
    ax.barh(rows, stage.usual, 0.8, color=LIGHT_GREY, edgecolor=GREY, linewidth=0.6)
    fallen = stage.during < stage.usual * (1.0 - UNCHANGED_FRACTION)
    ax.barh(rows, stage.during, 0.36, color=[WIDE_COLOURS[5] if less else WIDE_COLOURS[0] for less in fallen])
    for row, label in enumerate(labels):
        beside(ax, label, float(reach[row]), row)
    ax.set_yticks(rows, stage.sellers)
    ax.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
    ax.tick_params(axis="x", labelbottom=False)
