"""Chart of supply by origin: monthly shipments to a region by selling country, compared with its need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim.charts.curves import draw_events
from minsim.charts.page import framed, halo, name_colours, set_dates, set_values, start_page
from minsim.charts.style import INK, WIDE_COLOURS, drawing_style, panels, text_on
from minsim.metrics import consumers
from minsim.metrics.consumers import FloatArray
from minsim.results.answer import MaterialSummary, rank_materials
from minsim.results.outcome import Outcome
from minsim.text.formatting import capital, count, percent, three_figures, tonnes, with_article

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.network.network import Network

MONTH_DAYS = 365.25 / 12
"""Length of a chart's month [days]: sums over calendar months, and over incomplete ones, are scaled to it."""
MOST_ORIGINS = 4
"""Selling countries with their own colour; the others are drawn together, in grey."""
WHOLE_MONTH_DAYS = 15
"""A month with fewer days in the run is drawn, but not used in the headline."""
UNCHANGED_FRACTION = 0.03
"""Shipments that fall by a smaller fraction count as constant."""
VISIBLE_FRACTION = 0.01
"""Parts that never exceed this fraction of the need are drawn with the others."""
AROUND_CURB, FROM_STOCKPILES = "round the curb", "from stockpiles"
HATCHED = (AROUND_CURB, FROM_STOCKPILES)


@dataclass(frozen=True)
class Months:
    """Days of each month that lie in a run, and the first of them, as days from its start."""

    first_day: FloatArray
    days: FloatArray

    @classmethod
    def of(cls, network: Network) -> Months:
        """The months of a network's run."""
        month = (np.datetime64(network.start) + np.arange(network.days)).astype("datetime64[M]")
        _, first, days = np.unique(month, return_index=True, return_counts=True)
        return cls(first.astype(float), days.astype(float))

    def rate(self, daily: FloatArray) -> FloatArray:
        """Tonnes a month from tonnes a day, shape (months,)."""
        sums: FloatArray = np.add.reduceat(daily, self.first_day.astype(int))
        return self.put_on_month(sums)

    def put_on_month(self, sums: FloatArray) -> FloatArray:
        """Sums of each month scaled to `MONTH_DAYS`; months are the first axis."""
        factor = MONTH_DAYS / self.days
        return np.asarray((sums.T * factor).T)


@dataclass(frozen=True)
class Supply:
    """Supply of one region [t/month]: shipments by origin and month, their baseline (`usual`), releases and need."""

    story: MaterialSummary
    index: int
    months: Months
    shipped: dict[str, FloatArray]
    usual: dict[str, float]
    leaked: FloatArray
    released: FloatArray
    needed: FloatArray

    @classmethod
    def of(cls, run: Outcome, material: str | None, region: str | None) -> Supply:
        """Read the trade routes that end in a region's use of a material."""
        story = MaterialSummary(run, material or rank_materials(run)[0])
        index = story.consumer(region) if region else story.hardest_hit
        record, network = run.record, story.network
        months, label = Months.of(network), network.consumers[index]
        shipped: dict[str, FloatArray] = {}
        usual: dict[str, float] = {}
        leaked = np.zeros(len(months.days))
        for position, arc in enumerate(network.arcs):
            if (arc.material, arc.user, arc.kind) == (label.material, label.region, "consumer"):
                sent = months.put_on_month(record.trade[: len(leaked), position])
                shipped[arc.seller_country] = shipped.get(arc.seller_country, 0.0) + sent
                usual[arc.seller_country] = usual.get(arc.seller_country, 0.0) + arc.base_flow_t_per_day * MONTH_DAYS
                leaked += months.put_on_month(record.leaked[: len(leaked), position])
        flows = consumers.consumer_flows_t(record)[:, index]
        released, needed = (months.rate(flows[:, k]) for k in (consumers.FROM_STOCKPILE, consumers.DEMAND))
        return cls(story, index, months, shipped, usual, leaked, released, needed)

    @property
    def region(self) -> str:
        """The region itself; for a company, the region that contains it."""
        return self.story.network.consumers[self.index].place

    @property
    def arriving(self) -> FloatArray:
        """All shipments, those around a curb included."""
        return np.asarray(sum(self.shipped.values()) + self.leaked)

    def parts(self) -> dict[str, FloatArray]:
        """Stacked parts, from below: the region's own, the largest sellers, the others, around a curb, stockpiles."""
        ranked = sorted(self.shipped, key=lambda name: (name != self.region, -self.usual[name], name))
        floor = VISIBLE_FRACTION * float(self.needed.max())
        seen = [name for name in ranked if self.shipped[name].max() > floor]
        by_weight = sorted(seen, key=lambda name: (-float(self.shipped[name].sum()), name))[:MOST_ORIGINS]
        own = [name for name in seen if name in by_weight]
        rest = [name for name in ranked if name not in own and self.shipped[name].any()]
        parts = {(f"{name} itself" if name == self.region else name): self.shipped[name] for name in own}
        if rest:
            name = rest[0] if len(rest) == 1 else count(len(rest), "other seller")
            parts[name] = np.asarray(sum(self.shipped[other] for other in rest))
        if self.leaked.max() > floor:
            parts[AROUND_CURB] = self.leaked
        if self.released.any():
            parts[FROM_STOCKPILES] = self.released
        return parts

    def headline(self) -> str:
        """Lowest shipments, and the seller whose shipments fall most."""
        story, usual = self.story, sum(self.usual.values())
        whole = np.flatnonzero(self.months.days >= WHOLE_MONTH_DAYS)
        month = int(whole[self.arriving[whole].argmin()])
        to = f"{story.name} to {story.region(self.index)}"
        least = self.arriving[month] / usual if usual > 0 else 1.0
        if least > 1.0 - UNCHANGED_FRACTION:
            return (
                f"Shipments of {to} never fall by more than {percent(UNCHANGED_FRACTION)}; {self._largest_share(usual)}"
            )
        fallen = max(self.usual, key=lambda name: (self.usual[name] - self.shipped[name][month], name))
        when = story.date(int(self.months.first_day[month])).split(" ", 1)[1]
        now, before = float(self.shipped[fallen][month]), self.usual[fallen]
        who = "its own producers send" if fallen == self.region else f"{with_article(fallen)} sends"
        sends = f"{who} {tonnes(now)}, usually {tonnes(before)}"
        return f"Shipments of {to} fall to {percent(least)} of the usual in {when}: {sends}"

    def _largest_share(self, usual: float) -> str:
        largest = max(self.usual, key=lambda name: (self.usual[name], name))
        who = "its own producers usually send" if largest == self.region else f"{with_article(largest)} usually sends"
        return f"{who} {percent(self.usual[largest] / usual) if usual > 0 else 'none'} of them"


def plot_supply(run: Outcome, material: str | None = None, region: str | None = None) -> Figure:
    """Draw what is shipped to a region month by month, stacked by selling country, with releases of stockpiles.

    Months count by the day of shipping; each is put on a month of 30.4 days.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        Absent: the material of which most days of use are lost.
    region : str, optional
        Absent: the region that loses most; of those that lose nothing, the one with the thinnest stock.

    Raises
    ------
    NotInRunError
        If the run has no such material, or nobody there uses it.
    """
    supply = Supply.of(run, material, region)
    with drawing_style():
        what = f"{capital(supply.story.name)} for {supply.story.region(supply.index)} by origin and month of shipping"
        figure, bottom, top = start_page(run, supply.headline(), what)
        (only,) = panels(figure, bottom, top - 0.22, (1.0,))
        _draw(only, supply)
    return figure


def _draw(ax: Axes, supply: Supply) -> None:
    network, parts = supply.story.network, supply.parts()
    framed(ax, "Tonnes a month")
    set_dates(ax, network.start, network.days)
    stacked = np.asarray(sum(parts.values()))
    set_values(ax, 1.02 * max(float(stacked.max()), float(supply.needed.max())))
    colours = _colours(supply, list(parts))
    edges = ax.get_xlim()[0] + np.append(supply.months.first_day, network.days)
    bottom = np.zeros_like(stacked)
    unnamed = {}
    for name, heights in parts.items():
        look: dict[str, Any] = {
            "facecolor": colours[name],
            "edgecolor": "white",
            "hatch": "////" if name in HATCHED else None,
        }
        ax.stairs(bottom + heights, edges, baseline=bottom, fill=True, linewidth=0.7, **look)
        if name in HATCHED or not _named_inside(ax, name, edges, bottom, heights, colours[name]):
            unnamed[name] = colours[name]
        bottom = bottom + heights
    _draw_need(ax, supply, edges)
    draw_events(ax, supply.story, named=True)
    name_colours(ax, unnamed)


def _colours(supply: Supply, names: list[str]) -> dict[str, str]:
    own = [name for name in names if name.removesuffix(" itself") in supply.shipped][:MOST_ORIGINS]
    fixed = {FROM_STOCKPILES: INK, AROUND_CURB: WIDE_COLOURS[5]}
    return {name: WIDE_COLOURS[own.index(name)] if name in own else fixed.get(name, WIDE_COLOURS[6]) for name in names}


def _named_inside(ax: Axes, name: str, edges: FloatArray, bottom: FloatArray, heights: FloatArray, colour: str) -> bool:
    """Write a part's name where it is thickest over the name's whole width; False if it fits nowhere."""
    text = ax.text(0.0, 0.0, name, ha="center", va="center", fontsize=9, color=text_on(colour), fontweight="bold")
    box = text.get_window_extent().transformed(ax.transData.inverted())
    found = []
    for first, left in enumerate(edges[:-1]):
        behind = int(np.searchsorted(edges, left + 1.5 * box.width))
        if behind == len(edges):
            break
        low, high = float(bottom[first:behind].max()), float((bottom + heights)[first:behind].min())
        found.append((high - low, (left + edges[behind]) / 2, (low + high) / 2))
    thickest = max((room for room, _, _ in found), default=0.0)
    if thickest < 1.5 * box.height:
        text.remove()
        return False
    middle = (edges[0] + edges[-1]) / 2
    _, x, y = min((place for place in found if place[0] > 0.97 * thickest), key=lambda place: abs(place[1] - middle))
    text.set_position((x, y))
    return True


def _draw_need(ax: Axes, supply: Supply, edges: FloatArray) -> None:
    """The need as a step line over the columns."""
    ax.stairs(supply.needed, edges, color=INK, linewidth=1.8, baseline=None)
    ax.annotate(
        f"need, {three_figures(float(supply.needed[-1]))} t", (edges[-1], supply.needed[-1]), (-4, 5),
        textcoords="offset points", ha="right", fontweight="bold", path_effects=halo(),
    )  # fmt: skip
