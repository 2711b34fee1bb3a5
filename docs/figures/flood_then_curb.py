"""Draws what a minimum price is for: a flood of cheap oxide, then a curb, with and without a floor.

    python docs/figures/flood_then_curb.py

Writes docs/images/flood-then-curb.png and prints the numbers it shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import minsim
from minsim.charts.page import framed, set_dates, write_page
from minsim.charts.style import COLOURS, GREY, darker, drawing_style, panels, save_figure
from minsim.kernel.rows import SellerRow
from minsim.metrics.prices import MARKET, floor_cost_usd

EXPORTER = "China"
VARIANTS = {
    "flood-then-curb": "without a floor",
    "flood-then-curb-floor": "with a floor of 65 USD/kg",
    "flood-then-curb-curb-alone": "the curb alone, no flood before it",
}
LOOKS = {
    "flood-then-curb": (COLOURS[1], "-", 2.4),
    "flood-then-curb-floor": (COLOURS[0], "-", 2.4),
    "flood-then-curb-curb-alone": (GREY, (0, (1, 1.2)), 1.6),
}
FLOOD, CURB, CURB_ENDS = (np.datetime64(day) for day in ("2026-07-01", "2028-01-01", "2028-12-31"))
FIRST, LAST = dt.date(2026, 2, 1), dt.date(2029, 12, 31)
IMAGE = Path(__file__).parents[1] / "images" / "flood-then-curb.png"


@dataclass
class Story:
    """What one variant shows, by day."""

    days: np.ndarray
    price: np.ndarray
    paid: np.ndarray
    capacity: np.ndarray
    short: np.ndarray
    lost_days: float
    destroyed_days: float
    floor_cost_usd: float


def story(name: str) -> Story:
    """Run one variant."""
    capacity: list[float] = []

    def watch(world: Any) -> Iterator[Any]:
        abroad = [i for i, s in enumerate(world.network.sellers) if s.country != EXPORTER]
        full = np.array([world.network.sellers[i].capacity_t_per_day for i in abroad])
        while True:
            capacity.append(float(full @ world.state.value[SellerRow.AVAILABILITY, abroad] / full.sum()))
            yield world.wait(1)

    record = minsim.run(name, processes=[watch], bracket=False).record
    network = record.network
    abroad = [k for k, label in enumerate(network.sectors) if label.region != EXPORTER]
    japan = [label.region for label in network.consumers].index("Japan")
    use = sum(network.sectors[k].daily_use_t for k in abroad)
    return Story(
        days=np.datetime64(network.start) + np.arange(network.days),
        price=record.consumer[:, japan, MARKET],
        paid=record.consumer[:, japan, 2],
        capacity=100.0 * np.array(capacity),
        short=100.0 * record.sector[:, abroad, 2].sum(axis=1) / use,
        lost_days=float(record.sector[:, abroad, 2].sum() / use),
        destroyed_days=float(record.sector[:, abroad, 3].sum() / use),
        floor_cost_usd=float(np.nansum(floor_cost_usd(record))),
    )


def draw(stories: dict[str, Story]) -> None:
    """Price, capacity and shortfall, one below the other."""
    lost = {name: told.lost_days for name, told in stories.items()}
    title = (
        f"A flood that shuts plants makes the next curb bite: {lost['flood-then-curb']:.0f} days of oxide lost abroad, "
        "none with a floor"
    )
    subtitle = (
        "NdPr oxide outside China. From July 2026 China sells abroad at 40% below today's price; in 2028 it sells none "
        "abroad (grey). Central values, as of 5 February 2026."
    )
    notes = (
        "Cash costs, the floor and elasticities are assumptions. Without a floor the price ends at the model's upper bound, "
        "20 times the reference: read it as 'no price clears the market'. The floor costs users in the bloc USD "
        f"{stories['flood-then-curb-floor'].floor_cost_usd / 1e6:.0f}m. Sources in `minsim sources flood-then-curb`. "
        f"minsim {minsim.__version__}"
    )
    with drawing_style():
        figure, bottom_in, top_in = write_page(title, subtitle, notes)
        price, capacity, short = panels(figure, bottom_in, top_in, (0.4, 0.28, 0.32))
        prepare(price, "Spot price paid in Japan, USD/kg (logarithmic)")
        price.set_yscale("log")
        price.set_ylim(30, 2200)
        price.set_yticks([41, 69, 200, 500, 1380], ["41", "69", "200", "500", "1,380"])
        price.minorticks_off()
        prepare(capacity, "Separation capacity outside China, % of today's")
        capacity.set_ylim(0, 112)
        capacity.set_yticks([0, 50, 100], ["0", "50", "100%"])
        prepare(short, "Shortfall of users outside China, % of their use", last=True)
        short.set_ylim(0, 44)
        short.set_yticks([0, 20, 40], ["0", "20", "40%"])
        for name, told in reversed(stories.items()):
            colour, dashes, width = LOOKS[name]
            kept = {"color": colour, "linestyle": dashes, "linewidth": width}
            price.plot(told.days, told.paid, **kept)
            if name != "flood-then-curb-curb-alone":
                capacity.plot(told.days, told.capacity, **kept)
            short.plot(told.days, np.where(told.short > 0.0, told.short, np.nan), **kept)
        label(price, "2027-12-22", 900, "flood, then curb", "flood-then-curb", "right")
        label(price, "2028-05-01", 115, "with a floor of 65", "flood-then-curb-floor", "left")
        label(price, "2026-12-15", 120, "the curb alone", "flood-then-curb-curb-alone", "left")
        label(capacity, "2027-02-20", 45, "United States' plant mothballed", "flood-then-curb", "left", below=True)
        label(capacity, "2027-02-20", 84, "with a floor it stays open", "flood-then-curb-floor", "left")
        label(short, "2029-01-14", 30, f"{lost['flood-then-curb']:.0f} days of use lost", "flood-then-curb", "left")
        label(short, "2026-07-15", 10, "with a floor, or without the flood: none", "flood-then-curb-floor", "left")
        for day, text in (("2026-07-12", "the flood begins"), ("2028-01-12", "the curb")):
            price.text(np.datetime64(day), 1750, text, color=GREY, fontsize=8.5, va="top")
    save_figure(figure, IMAGE)


def label(ax: Any, day: str, y: float, text: str, name: str, side: str, *, below: bool = False) -> None:
    """Name a line where it runs."""
    where = "top" if below else "center"
    ax.text(
        np.datetime64(day), y, text, color=darker(LOOKS[name][0]), fontsize=9.0, fontweight="bold", ha=side, va=where
    )


def prepare(ax: Any, heading: str, *, last: bool = False) -> None:
    """Axes of one panel, with the curb in grey and the flood marked."""
    framed(ax, heading)
    set_dates(ax, FIRST, (LAST - FIRST).days)
    ax.axvspan(CURB, CURB_ENDS, color="black", alpha=0.05, linewidth=0, zorder=0)
    ax.axvline(FLOOD, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    ax.tick_params(axis="x", labelbottom=last)


def main() -> None:
    """Run the variants, draw them and print their numbers."""
    stories = {name: story(name) for name in VARIANTS}
    draw(stories)
    for name, told in stories.items():
        print(
            f"{name}: {told.lost_days:.1f} days lost, {told.destroyed_days:.1f} given up, "
            f"peak {told.price.max():.0f} USD/kg, least capacity {told.capacity.min():.0f}%, "
            f"floor costs USD {told.floor_cost_usd / 1e6:.1f}m"
        )


if __name__ == "__main__":
    main()
