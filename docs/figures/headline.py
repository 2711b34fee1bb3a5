"""Draws the README's picture: the three ways the truce may end, side by side.

    python docs/figures/headline.py

Writes docs/images/headline.png and prints the answers it shows.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import minsim
from minsim.charts.page import framed, set_dates, write_page
from minsim.charts.style import COLOURS, GREY, darker, drawing_style, panels, save_figure
from minsim.text.formatting import long_date

MATERIAL, REGION = "magnets", "United States"
BRANCHES = {
    "truce-lapses-legal": "Legal: the suspended controls return",
    "truce-lapses": "Squeeze: licensing as tight as in spring 2025",
    "magnet-ban": "Escalation: a one-year ban on magnets to the United States",
}
FIRST, LAST = dt.date(2026, 11, 1), dt.date(2028, 12, 31)
IMAGE = Path(__file__).parents[1] / "images" / "headline.png"


def shortfall_percent(run: Any, rerouting: str) -> np.ndarray:
    """Shortfall of the United States, % of demand, 7-day mean."""
    record = run.bracket_records[rerouting]
    rows = [k for k, s in enumerate(record.network.sectors) if (s.material, s.region) == (MATERIAL, REGION)]
    demand, _, short = (record.sector[:, rows, field].sum(axis=1) for field in range(3))
    week = np.ones(7) / 7.0  # permits come once a week; the mean shows what they add up to
    return 100.0 * np.convolve(short, week, mode="same") / np.convolve(demand, week, mode="same")


def measures(run: Any, rerouting: str) -> pd.DataFrame:
    """Metrics of the United States at one end of the bracket: `value` and `date` by metric."""
    frame = run.bracket
    mine = frame[(frame.material == MATERIAL) & (frame.region == REGION) & (frame.rerouting == rerouting)]
    return mine.set_index("metric")


def draw(runs: dict[str, Any]) -> None:
    """One panel a branch: the reference line, and the two ends of the bracket."""
    lost = {name: measures(run, "reference").value["shortfall_days"] for name, run in runs.items()}
    title = (
        f"When the truce ends: a ban would cost the United States {lost['magnet-ban']:.0f} days of magnets, "
        f"a licensing squeeze about {lost['truce-lapses']:.0f}"
    )
    notes = (
        "Project Vault: 18 days of magnets and 42 days of oxide as targets, nearly empty in November 2026. Most inputs are "
        "assumptions, and the squeeze is steep in two of them (docs/validation.md). "
        f"Sources in `minsim sources magnet-ban`. minsim {minsim.__version__}"
    )
    with drawing_style():
        subtitle = (
            "Shortfall of NdFeB magnets in the United States, % of demand, 7-day mean; central values, as of 5 February 2026"
            ". Dotted: without rerouting; dashed: with free rerouting; grey: while the controls last."
        )
        figure, bottom_in, top_in = write_page(title, subtitle, notes)
        axes = panels(figure, bottom_in, top_in, (1 / 3, 1 / 3, 1 / 3))
        for ax, (name, run), colour in zip(axes, runs.items(), COLOURS, strict=False):
            draw_branch(ax, run, name, colour, last=name == list(runs)[-1])
    save_figure(figure, IMAGE)


def draw_branch(ax: Any, run: Any, name: str, colour: str, *, last: bool) -> None:
    """One branch."""
    framed(ax, BRANCHES[name])
    set_dates(ax, FIRST, (LAST - FIRST).days)
    network = run.record.network
    days = np.array([np.datetime64(network.start) + day for day in range(network.days)])
    ends = [shortfall_percent(run, end) for end in ("none", "free")]
    ax.fill_between(days, np.minimum(*ends), np.maximum(*ends), color=colour, alpha=0.14, linewidth=0)
    for values, look in zip(ends, ((0, (1, 1.2)), (0, (4, 1.5))), strict=True):
        ax.plot(days, np.where(values > 0.0, values, np.nan), color=GREY, linestyle=look, linewidth=1.0)
    reference = shortfall_percent(run, "reference")
    ax.plot(days, np.where(reference > 0.0, reference, np.nan), color=colour, linewidth=2.4)
    found = {end: measures(run, end) for end in ("none", "reference", "free")}
    lost = {end: table.value["shortfall_days"] for end, table in found.items()}
    onset = found["reference"].date["onset_date"]
    said = "never short"
    if not pd.isna(onset):
        said = f"{lost['reference']:.0f} days of use lost, from {long_date(onset.date())}"
    bracket = f"without rerouting {lost['none']:.0f}, with free rerouting {lost['free']:.0f}"
    where = np.datetime64("2027-12-26")
    ax.text(where, 66, said, color=darker(colour), fontsize=9.5, fontweight="bold", va="center")
    ax.text(where, 52, bracket, color=GREY, fontsize=8.5, va="center")
    ax.axvspan(
        np.datetime64("2026-11-10"), np.datetime64("2027-11-10"), color="black", alpha=0.05, linewidth=0, zorder=0
    )
    ax.set_ylim(0, 80)
    ax.set_yticks([0, 40, 80], ["0", "40", "80%"])
    ax.tick_params(axis="x", labelbottom=last)


def main() -> None:
    """Run the branches, draw them and print their answers."""
    runs = {name: minsim.run(name) for name in BRANCHES}
    draw(runs)
    for name, run in runs.items():
        print(f"{name}: {run.answer().headline}")


if __name__ == "__main__":
    main()
