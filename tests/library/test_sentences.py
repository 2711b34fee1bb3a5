"""Every sentence of every answer, and every title, read back against the tables that a reader has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

import minsim
from minsim.charts.cover import plot_cover
from minsim.charts.shortfall import plot_shortfall
from minsim.metrics.consumers import REROUTINGS
from minsim.text.formatting import MONTHS, day_count, long_date, percent, with_article

QUICK = ("panama-chokepoint", "magnet-ban", "project-vault")
"""Run with the quick tests: nobody short, one region short, stockpiles."""
DATE = rf"\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}"
DAYS = r"(?:less than a day|no day|[\d,]+ days?)"
OPEN = rf"(?P<open> The shortage still stands on the last day, {DATE}\.)?"
UNROUTED = rf"(?: Without rerouting (?P<hit>.+?) would lose (?P<unrouted>{DAYS}) of use\.)?"
FORMS = {
    "amount": rf"(?P<who>.+?) is short of .+ t of .+?, (?P<lost>{DAYS}) of use, on (?P<short>{DAYS}) from "
    rf"(?P<onset>{DATE}); on the worst day (?P<worst>.+?) of the need is missing\.{OPEN}",
    "other": rf"(?P<who>.+?) loses (?P<lost>{DAYS}) of use, from (?P<onset>{DATE})\."
    rf"{OPEN}",
    "falls": rf"Nobody runs short of .+: the thinnest commercial stock, in (?P<who>.+?), falls from (?P<opening>{DAYS}) of "
    rf"use to (?P<lowest>{DAYS}) on (?P<low>{DATE})\.{UNROUTED}(?: .+)?",
    "stays": rf"Nobody runs short of .+: the thinnest commercial stock, in (?P<who>.+?), stays at (?P<floor>{DAYS}) of use"
    rf"(?: or more)?\.{UNROUTED}(?: .+)?",
    "bracket": rf"How freely trade reroutes decides (?P<much>much|little|nothing): without rerouting (?P<who>.+?) would "
    rf"lose (?P<none>{DAYS}) of use, with free rerouting (?P<free>{DAYS})\.",
    "act": rf"The last date to act for (?P<who>.+?) is (?P<act>{DATE}): .+",
    "steps": r"Step by step, (?P<who>.+?) loses (?P<steps>.+)\.",
    "spared": r".+ (?:does|do) not run short of .+\.",
    "uses": r"By end use, in days of that use: (?P<uses>.+)\.",
    "prices": r"To prices of up to .+ that is not counted as lost\.",
    "pile": r"(?P<pile>.+ opens (?:with .+|empty).*)",
    "purse": r".+ spends .+ of its .+\.",
    "inputs": r"\d+ of \d+ inputs? (?:is an assumption|are assumptions)\.",
    "calm": r"No region runs short of .+",
    "head": rf"(?P<who>.+?)(?:, worst hit of \d+,)? (?:loses (?P<lost>{DAYS}) of .+?|runs short of .+?)"
    rf"(?: from (?P<onset>{DATE}))?(?: and loses (?P<lost_too>{DAYS}) of use)?(?P<also>(?:, [^\d<]+ (?:[\d,]+|<1))*)",
    "cover": rf"Commercial stocks of .+ in (?P<who>.+?) fall from (?P<opening>{DAYS}) of use to (?P<lowest>{DAYS}|nothing) "
    rf"on (?P<low>{DATE})",
    "steady": rf"Commercial stocks of .+ stay at (?P<floor>{DAYS}) of use(?: or more)?",
}
"""Every sentence there is; one of another form fails until it is read back here too."""


@dataclass
class Facts:
    """What the tables say of one region's use of one material, written as a sentence writes it."""

    written: dict[str, Any]
    floor: str
    steps: set[str]
    uses: set[str]


def metric(rows: pd.DataFrame, material: str, region: str, name: str, rerouting: str = "reference") -> Any:
    own = rows[(rows.material == material) & (rows.region == region) & (rows.metric == name)]
    own = own[own.rerouting == rerouting] if "rerouting" in own else own
    return own.date.item() if own.unit.item() == "date" else own.value.item()


def facts_of(run: minsim.Run) -> dict[str, list[Facts]]:
    """Facts by region, one a material."""
    found: dict[str, list[Facts]] = {}
    steps = run.waterfall().table
    for (material, region), own in run.daily.groupby(["material", "region"], sort=False):
        cover = own.groupby("date").commercial_cover_days.first()
        short = own.groupby("date")[["shortfall_t", "demand_t"]].sum()
        lost = {name: metric(run.bracket, material, region, "shortfall_days", name) for name in REROUTINGS}
        onset = metric(run.metrics, material, region, "onset_date")
        act = metric(run.metrics, material, region, "last_date_to_act")
        written = {
            "lost": day_count(lost["reference"]),
            "lost_too": day_count(lost["reference"]),
            "none": day_count(lost["none"]),
            "free": day_count(lost["free"]),
            "short": day_count((short.shortfall_t > 1e-9 * short.demand_t).sum()),
            "onset": "" if pd.isna(onset) else long_date(onset),
            "act": "" if pd.isna(act) else long_date(act),
            "worst": percent((short.shortfall_t / short.demand_t).max()),
            "opening": day_count(cover.iloc[0]),
            "lowest": day_count(cover.min()),
            "low": long_date(cover.idxmin()),
            "open": bool(short.shortfall_t.iloc[-1] > 1e-9 * short.demand_t.iloc[-1]),
        }
        mine = steps[(steps.material == material) & (steps.region == region)]
        ends = own.groupby("sector")
        uses = {day_count(days) for days in ends.shortfall_t.sum() / ends.demand_t.first()}
        floor = str(cover.min())
        found.setdefault(with_article(region), []).append(
            Facts(written, floor, {day_count(v) for v in mine.shortfall_days}, uses)
        )
    return found


def told(run: minsim.Run) -> Iterator[str]:
    """All sentences of a run, and the titles of its charts of shortfall and cover."""
    answer = run.answer()
    yield answer.headline
    yield from answer.lines
    for figure in (plot_shortfall(run), plot_cover(run)):
        title = " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")
        yield title.replace("\xa0", " ").replace(r"\$", "$")


def agree(said: dict[str, str], facts: Facts) -> bool:
    """Whether all that a sentence says of a region is in the facts."""
    for name in ("lost", "lost_too", "none", "free", "short", "onset", "act", "worst", "opening", "low"):
        if said.get(name) and name in facts.written and said[name] != facts.written[name]:
            return False
    if said.get("lowest") and said["lowest"] not in (facts.written["lowest"], "nothing"):
        return False
    if "open" in said and bool(said["open"]) != facts.written["open"]:
        return False
    if said.get("floor"):
        level = float(said["floor"].split()[0].replace(",", "")) if said["floor"][0].isdigit() else 0.0
        if not level - 1e-6 <= float(facts.floor) < level + 1.0:
            return False
    if said.get("much") == "much" and said["none"] == said["free"]:
        return False
    parts = [(said.get("steps"), facts.steps), (said.get("uses"), facts.uses)]
    return all(
        set(re.findall(rf"(?<!change ){DAYS}(?= naively| after|$|,| and|;)", text or "")) <= ok for text, ok in parts
    )


def wrong(run: minsim.Run) -> Iterator[str]:
    """Sentences that the tables do not bear out."""
    facts = facts_of(run)
    everyone = [own for region in facts.values() for own in region]
    piles = stockpile_facts(run)
    for sentence in told(run):
        forms = {name: match.groupdict() for name, form in FORMS.items() if (match := re.fullmatch(form, sentence))}
        if not forms:
            yield f"of no known form: {sentence}"
            continue
        said = next(iter(forms.values()))
        if "pile" in said:
            spoken = {*re.findall(DATE, sentence), *re.findall(DAYS, re.sub(DATE, "", sentence))}
            if not spoken <= piles:
                yield f"{sentence} (not in the tables: {spoken - piles})"
            continue
        who = said.get("who") and next((name for name in facts if name.casefold() == said["who"].casefold()), None)
        if said.get("who") and who is None:
            yield f"of an unknown region: {sentence}"
        elif said.get("hit") and said["unrouted"] not in {own.written["none"] for own in facts[said["hit"]]}:
            yield f"{sentence} (without rerouting)"
        elif not any(agree(said, own) for own in (facts[who] if who else everyone)):
            yield sentence


def stockpile_facts(run: minsim.Run) -> set[str]:
    """Days and dates of stockpiles, as written."""
    rows = run.metrics[run.metrics.metric.str.startswith("stockpile")]
    said = {long_date(date) for date in rows.date.dropna()} | {
        day_count(v) for v in rows.value[rows.unit == "days"].dropna()
    }
    for _, own in run.stockpiles.groupby(["stockpile", "material"], sort=False):
        said |= {day_count(own.cover_days.iloc[0]), day_count(own.cover_days.iloc[-1])}
    return said


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in minsim.library()]
)
def test_every_sentence_says_what_the_tables_say(name):
    assert list(wrong(minsim.run(name))) == []


def test_a_sentence_that_says_something_else_is_noticed(monkeypatch):
    run = minsim.run("panama-chokepoint")
    monkeypatch.setattr("minsim.results.answer.day_count", lambda days: f"{round(days) + 1} days")
    assert list(wrong(run))
