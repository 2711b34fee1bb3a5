"""What the first screen says: who is short, the waterfall, what to buy, who pays, what it rests on; words and table rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from minsim.charts.waterfall import WITHOUT, hit_regions, waterfall_headline
from minsim.metrics import consumers
from minsim.metrics.prices import sector_value_added_at_risk_usd
from minsim.report.contents import PageContents, Range
from minsim.report.formats import (
    ABSENT,
    NOT_GIVEN,
    Bar,
    date_range,
    days_text,
    money_text,
    per_million_text,
    short_date,
    tonnes_text,
)
from minsim.report.stock_options import StockOption
from minsim.results.answer import MaterialSummary
from minsim.text.formatting import capital, count, day_count, dollars, inside_sentence, listing, percent, with_article

MOST_ROWS = 5
"""Regions on the first screen; the rest stand in the tables below."""
WORTH_BUYING_DAYS = 0.5
"""A stock that saves less counts as saving nothing [days]."""


class Words:
    """Words and rows of the first screen.

    Parameters
    ----------
    found : PageContents
    """

    def __init__(self, found: PageContents) -> None:
        self.found, self.run = found, found.run
        self.network = found.run.record.network
        self.measures = found.run.measures
        self.story = found.stories[0]
        self.several = len(found.stories) > 1

    # ---------------------------------------------------------------------------------------------------------- who, when

    @property
    def headline(self) -> str:
        """The finding."""
        return self.run.answer().headline

    def who(self) -> list[dict[str, Any]]:
        """Everybody who runs short, the hardest hit first."""
        return [self._who(story, i) for story in self.found.short for i in story.short]

    def _who(self, story: MaterialSummary, i: int) -> dict[str, Any]:
        own, found = self.measures["reference"], self.found.range_of(i)
        return {
            "who": self._place(story, i),
            "from": self._date(own["onset_date"][i]),
            "from_range": "" if found is None or found.onset is None else date_range(*found.onset),
            "days": days_text(own["shortfall_days"][i]),
            "days_range": "" if found is None else _days_range(found),
            "draws": "" if found is None else f"short in {found.short} of {found.draws} draws",
            **self._bracket(i),
            "act": self._date(own["last_date_to_act"][i]),
            "act_note": self._act_note(own["last_date_to_act"][i]),
        }

    def _bracket(self, i: int) -> dict[str, dict[str, str]]:
        """What would be with no rerouting and with free rerouting; the worst of all is called so."""
        told = {name: self._under(name, i) for name in ("none", "free")}
        lost = {name: round(float(measures["shortfall_days"][i]), 6) for name, measures in self.measures.items()}
        worst = max(lost, key=lambda name: (lost[name], name == "none"))
        if worst in told and lost[worst] > lost["reference"]:
            told[worst]["when"] = f"worst case, {told[worst]['when']}"
        return told

    def _under(self, rerouting: str, i: int) -> dict[str, str]:
        if rerouting not in self.measures:
            return {"days": ABSENT, "when": ""}
        lost, onset = (float(self.measures[rerouting][name][i]) for name in ("shortfall_days", "onset_date"))
        return {"days": days_text(lost), "when": f"from {self._date(onset)}" if lost > 0 else ""}

    def _act_note(self, day: float) -> str:
        if math.isnan(day):
            return ""
        last = self.network.start + dt.timedelta(days=int(day))
        as_of = self.run.scenario.model.as_of
        return "already past" if last < as_of else ("before the run begins" if last < self.network.start else "")

    def calm(self) -> list[dict[str, str]]:
        """Materials that nobody runs short of: the thinnest stock, and what would be without rerouting."""
        return [self._calm(story) for story in self.found.stories if not story.short]

    def _calm(self, story: MaterialSummary) -> dict[str, str]:
        cover = consumers.commercial_cover_days(self.run.record)
        lowest = story.measures["min_commercial_cover_days"]
        thin = min(story.everyone, key=lambda i: (lowest[i], self.network.consumers[i].region))
        ranges = [r for i in story.everyone if (r := self.found.range_of(i)) is not None]
        worst = max(ranges, key=lambda r: (r.short, r.days[1]), default=None)
        unrouted = story.ranked_short("none") if "none" in self.measures else []
        act = self.measures["none"]["last_date_to_act"][unrouted[0]] if unrouted else math.nan
        return {
            "what": capital(story.name),
            "where": self.network.consumers[thin].region,
            "opening": days_text(float(cover[0, thin])),
            "lowest": days_text(float(lowest[thin])),
            "when": self._date(float(cover[:, thin].argmin())),
            "falls": "" if lowest[thin] >= consumers.RECOVERED_FRACTION * cover[0, thin] else "yes",
            "draws": "" if worst is None else f"{worst.short} of {worst.draws}",
            "none": self._unrouted(unrouted),
            "act": self._date(act),
        }

    def _unrouted(self, short: list[int]) -> str:
        """Whom it would hit without rerouting, and how hard."""
        if not short:
            return "no day"
        lost = self._under("none", short[0])
        more = f", and {len(short) - 1} more" if len(short) > 1 else ""
        return f"{self.network.consumers[short[0]].region}: {lost['days']} days lost {lost['when']}{more}"

    # ---------------------------------------------------------------------------------------------------------- waterfall

    def waterfall(self) -> dict[str, Any]:
        """Steps of the region hit hardest, with its title; without steps where no day is lost at any."""
        story, regions = hit_regions(self.run, self.story.material)
        title = waterfall_headline(self.run, story, regions)
        without = " ".join(WITHOUT["prices" in self.run.days_lost].split())
        note = f"Naively: {without}." if regions else ""
        return {"title": title, "steps": list(self._steps(regions[0])) if regions else [], "note": note}

    def _steps(self, index: int) -> Iterator[dict[str, Any]]:
        lost = [float(days[index]) for days in self.run.days_lost.values()]
        longest = max(max(lost), 1e-9)
        yield {
            "label": "naively",
            "text": f"{days_text(lost[0])} days",
            "bar": Bar(0, 100 * lost[0] / longest, "whole"),
        }
        for label, (before, after) in zip(list(self.run.days_lost)[1:], pairwise(lost), strict=True):
            change = after - before
            text = "no change" if abs(change) < 0.05 else f"{'+' if change > 0 else '−'}{days_text(abs(change))}"
            style = "worse" if change > 0 else "better"
            yield {
                "label": label,
                "text": text,
                "bar": Bar(100 * min(before, after) / longest, 100 * abs(change) / longest, style),
            }
        yield {
            "label": "lost in the end",
            "text": f"{days_text(lost[-1])} days",
            "bar": Bar(0, 100 * lost[-1] / longest, "end"),
        }

    # ------------------------------------------------------------------------------------------------------------- buying

    def buying(self) -> dict[str, Any]:
        """What to buy: the forms of which a stock saves most, with a title."""
        rows = [self._purchase(purchase) for purchase in self.found.purchases]
        own = [row for row in rows if row["own"]]
        others = {row["form"]: row for row in rows if not row["own"]}  # the largest of each form
        return {"title": self.buying_title(), "rows": [*own, *others.values()], "all": rows, "terms": self._terms()}

    def _purchase(self, purchase: StockOption) -> dict[str, Any]:
        return {
            "own": purchase.material == self.story.material,
            "form": self._form(purchase.material),
            "days": days_text(purchase.days),
            "stock": f"{purchase.days:g} days of {inside_sentence(self._form(purchase.material))}",
            "tonnes": tonnes_text(purchase.tonnes_t),
            "cost": money_text(purchase.cost_usd),
            "saved": days_text(purchase.saved_days),
            "per_million": per_million_text(round(purchase.saved_days_per_million_usd, 9)),
        }

    def _form(self, material: str) -> str:
        return self.run.scenario.model.materials[material].title or material

    def buying_title(self) -> str:
        """The stock that saves most days for a dollar, and what the other forms do."""
        if not self.found.short:
            return "There is nothing to buy: no region loses a day"
        useful = [p for p in self.found.purchases if p.saved_days >= WORTH_BUYING_DAYS]
        if not useful:
            return f"No stock of up to {max((p.days for p in self.found.purchases), default=0):g} days saves a day"
        # Of equally good bargains, the one that saves most; without prices, the smallest that saves most.
        best = max(useful, key=lambda p: (_bargain(p), round(p.saved_days, 3), -p.days))
        price = f" for {dollars(best.cost_usd)}" if math.isfinite(best.cost_usd) else ""
        form = inside_sentence(self._form(best.material))
        title = f"{best.days:g} days of {form}{price} save {day_count(best.saved_days)}"
        idle = {p.material for p in self.found.purchases} - {p.material for p in useful}
        if not idle:
            return title
        if len(idle) == len({p.material for p in self.found.purchases}) - 1:
            return f"{title}; stocks further up the chain save none"
        return f"{title}; {listing(sorted(inside_sentence(self._form(m)) for m in idle))} would save none"

    def _terms(self) -> str:
        consumer = self.found.focus
        wait = consumers.authorisation_days(self.network, consumer)
        release = f"{count(wait, 'day')} after a shortage shows" if wait else "as soon as a shortage shows"
        return (
            f"Each line adds one stock for {with_article(self.focus_region)}: full on the first day, open to every user, "
            f"released {release} and after what exists; at reference prices, which the purchase does not move."
        )

    @property
    def focus_region(self) -> str:
        """The region hit hardest."""
        return self.network.consumers[self.found.focus].region

    # --------------------------------------------------------------------------------------------------------- who pays

    def paying(self) -> dict[str, Any]:
        """Who pays: regions, end uses, and the value added that rests on them."""
        short = [(story, i) for story in self.found.short for i in story.short]
        own = self.measures["reference"]
        worth = sum(float(v) for _, i in short if math.isfinite(v := own["value_of_shortfall_usd"][i]))
        return {
            "title": self._paying_title(short, worth),
            "rows": [self._payer(story, i) for story, i in short],
            "sectors": list(self.sectors()),
            "spared": self._spared(),
            "valued": self._valued(short),
            "value_added_given": bool(np.isfinite(sector_value_added_at_risk_usd(self.run.record)).any()),
        }

    def _paying_title(self, short: list[tuple[MaterialSummary, int]], worth: float) -> str:
        value = f", worth {dollars(worth)}" if worth > 0 else ""
        regions = list(dict.fromkeys(self.network.consumers[i].region for _, i in short))
        if not regions:
            return "Nobody goes without: no end use loses a day"
        if len(regions) == 1:
            return f"{capital(with_article(regions[0]))} bears the whole shortfall{value}"
        whole = f"{len(regions)} regions share the shortfall{value}"
        # Tonnes of several materials make no sum; dollars do, where every material has a price.
        several = len({self.network.consumers[i].material for _, i in short}) > 1
        borne = self.measures["reference"]["value_of_shortfall_usd" if several else "shortfall_t"]
        parts = dict.fromkeys(regions, 0.0)
        for _, i in short:
            parts[self.network.consumers[i].region] += float(borne[i])
        if math.isnan(sum(parts.values())):
            return whole
        most = max(regions, key=lambda r: (parts[r], r))
        share = f"{percent(parts[most] / sum(parts.values()))} of {'that' if several else 'its tonnes'}"
        return f"{whole}; {share} falls on {with_article(most)}"

    def _valued(self, short: list[tuple[MaterialSummary, int]]) -> str:
        """At which prices the shortfall is valued: in a squeeze they are many times the usual."""
        peaks = [float(p) for _, i in short if math.isfinite(p := self.measures["reference"]["peak_price_ratio"][i])]
        if not peaks:
            return "Worth: missing tonnes at the scenario’s reference price."
        return f"Worth: missing tonnes at the price users pay that day, up to {max(peaks):.1f} times the reference."

    def _payer(self, story: MaterialSummary, i: int) -> dict[str, str]:
        own, added = self.measures["reference"], sector_value_added_at_risk_usd(self.run.record)
        given = [added[k] for k, s in enumerate(self.network.sectors) if s.consumer == i and np.isfinite(added[k])]
        return {
            "who": self._place(story, i),
            "days": days_text(own["shortfall_days"][i]),
            "tonnes": tonnes_text(own["shortfall_t"][i]),
            "value": money_text(own["value_of_shortfall_usd"][i]),
            "added": money_text(float(sum(given))) if given else NOT_GIVEN,
        }

    def sectors(self) -> Iterator[dict[str, str]]:
        """End uses that lose days, the hardest hit first."""
        lost = consumers.sector_days_lost(self.run.record)
        added = sector_value_added_at_risk_usd(self.run.record)
        tonnes = self.run.record.sector[:, :, consumers.SHORTFALL].sum(axis=0)
        hit = [k for k in range(len(lost)) if lost[k] > 0]
        for k in sorted(hit, key=lambda k: (-round(float(lost[k]), 6), k)):
            sector = self.network.sectors[k]
            story = next(story for story in self.found.stories if story.material == sector.material)
            name = "all end uses" if sector.sector == "all" else sector.sector.replace("_", " ")
            yield {
                "who": self._place(story, sector.consumer),
                "sector": name,
                "days": days_text(float(lost[k])),
                "tonnes": tonnes_text(float(tonnes[k])),
                "added": money_text(float(added[k])) if np.isfinite(added[k]) else NOT_GIVEN,
            }

    def _spared(self) -> str:
        lines = []
        for story in self.found.short:
            spared = [story.region(i) for i in story.everyone if i not in story.short]
            if spared:
                verb = "does" if len(spared) == 1 else "do"
                lines.append(f"{capital(listing(spared))} {verb} not run short of {story.name}.")
        return " ".join(lines)

    # -------------------------------------------------------------------------------------------------------------- small

    def _place(self, story: MaterialSummary, i: int) -> str:
        region = self.network.consumers[i].region
        return f"{region}, {story.name}" if self.several else region

    def _date(self, day: float) -> str:
        return ABSENT if math.isnan(day) else short_date(self.network.start + dt.timedelta(days=int(day)))


def _days_range(found: Range) -> str:
    low, high = (days_text(days) for days in found.days)
    return low if low == high else f"{low}–{high}"


def _bargain(purchase: StockOption) -> float:
    rate = purchase.saved_days_per_million_usd
    return float(f"{rate:.3g}") if math.isfinite(rate) else 0.0
