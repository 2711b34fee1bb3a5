"""The first screen: shortages, waterfall, stock options and costs, as text and table rows."""

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
from minsim.studies.answers import material_name, material_title
from minsim.text.formatting import capital, count, day_count, dollars, listing, percent, with_article

MOST_ROWS = 5
"""Most regions on the first screen; all are in the tables below."""
WORTH_BUYING_DAYS = 0.5
"""A stock that saves less counts as saving nothing [days]."""


class FirstScreen:
    """Text and table rows of the first screen.

    Parameters
    ----------
    contents : PageContents
    """

    def __init__(self, contents: PageContents) -> None:
        self.contents, self.run = contents, contents.run
        self.network = contents.run.record.network
        self.measures = contents.run.measures
        self.summary = contents.summaries[0]
        self.several = len(contents.summaries) > 1

    # ---------------------------------------------------------------------------------------------------------- who, when

    @property
    def headline(self) -> str:
        """The finding."""
        return self.run.answer().headline

    def who(self) -> list[dict[str, Any]]:
        """All consumers that run short, the hardest hit first."""
        return [self._who(summary, i) for summary in self.contents.short for i in summary.short]

    def _who(self, summary: MaterialSummary, i: int) -> dict[str, Any]:
        own, spread = self.measures["reference"], self.contents.range_of(i)
        return {
            "who": self._place(summary, i),
            "from": self._date(own["onset_date"][i]),
            "from_range": "" if spread is None or spread.onset is None else date_range(*spread.onset),
            "days": days_text(own["shortfall_days"][i]),
            "days_range": "" if spread is None else _days_range(spread),
            "draws": "" if spread is None else f"short in {spread.short} of {spread.draws} draws",
            **self._bracket(i),
            "act": self._date(own["last_date_to_act"][i]),
            "act_note": self._act_note(own["last_date_to_act"][i]),
        }

    def _bracket(self, i: int) -> dict[str, dict[str, str]]:
        """Outcomes without rerouting and with free rerouting; the worst of all is labelled."""
        cells = {name: self._under(name, i) for name in ("none", "free")}
        lost = {name: round(float(measures["shortfall_days"][i]), 6) for name, measures in self.measures.items()}
        worst = max(lost, key=lambda name: (lost[name], name == "none"))
        if worst in cells and lost[worst] > lost["reference"]:
            cells[worst]["when"] = f"worst case, {cells[worst]['when']}"
        return cells

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
        """Materials without shortages: the thinnest stock, and the outcome without rerouting."""
        return [self._calm(summary) for summary in self.contents.summaries if not summary.short]

    def _calm(self, summary: MaterialSummary) -> dict[str, str]:
        cover = consumers.commercial_cover_days(self.run.record)
        lowest = summary.measures["min_commercial_cover_days"]
        thin = min(summary.everyone, key=lambda i: (lowest[i], self.network.consumers[i].region))
        ranges = [r for i in summary.everyone if (r := self.contents.range_of(i)) is not None]
        worst = max(ranges, key=lambda r: (r.short, r.days[1]), default=None)
        unrouted = summary.ranked_short("none") if "none" in self.measures else []
        act = self.measures["none"]["last_date_to_act"][unrouted[0]] if unrouted else math.nan
        return {
            "what": capital(summary.name),
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
        """The hardest-hit region without rerouting, and its loss."""
        if not short:
            return "no day"
        lost = self._under("none", short[0])
        more = f", and {len(short) - 1} more" if len(short) > 1 else ""
        return f"{self.network.consumers[short[0]].region}: {lost['days']} days lost {lost['when']}{more}"

    # ---------------------------------------------------------------------------------------------------------- waterfall

    def waterfall(self) -> dict[str, Any]:
        """Steps of the hardest-hit region, with a title; no steps if no day is lost at any of them."""
        summary, regions = hit_regions(self.run, self.summary.material)
        title = waterfall_headline(self.run, summary, regions)
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
        """Stock options: all of the material itself, and the largest of every other form, with a title."""
        rows = [self._option(option) for option in self.contents.stock_options]
        own = [row for row in rows if row["own"]]
        others = {row["form"]: row for row in rows if not row["own"]}  # the largest of each form
        return {"title": self.buying_title(), "rows": [*own, *others.values()], "all": rows, "terms": self._terms()}

    def _option(self, option: StockOption) -> dict[str, Any]:
        name = material_name(self.run.scenario, option.material)
        return {
            "own": option.material == self.summary.material,
            "form": material_title(self.run.scenario, option.material),
            "days": days_text(option.days),
            "stock": f"{option.days:g} days of {name}",
            "tonnes": tonnes_text(option.tonnes_t),
            "cost": money_text(option.cost_usd),
            "saved": days_text(option.saved_days),
            "per_million": per_million_text(round(option.saved_days_per_million_usd, 9)),
        }

    def buying_title(self) -> str:
        """The stock that saves most days per dollar, and the forms that save none, as text."""
        if not self.contents.short:
            return "There is nothing to buy: no region loses a day"
        useful = [p for p in self.contents.stock_options if p.saved_days >= WORTH_BUYING_DAYS]
        if not useful:
            return (
                f"No stock of up to {max((p.days for p in self.contents.stock_options), default=0):g} days saves a day"
            )
        # Of equal days per dollar, the one that saves most; without prices, the smallest that saves most.
        best = max(useful, key=lambda p: (_days_per_million_usd(p), round(p.saved_days, 3), -p.days))
        price = f" for {dollars(best.cost_usd)}" if math.isfinite(best.cost_usd) else ""
        form = material_name(self.run.scenario, best.material)
        title = f"{best.days:g} days of {form}{price} save {day_count(best.saved_days)}"
        idle = {p.material for p in self.contents.stock_options} - {p.material for p in useful}
        if not idle:
            return title
        if len(idle) == len({p.material for p in self.contents.stock_options}) - 1:
            return f"{title}; stocks further up the chain save none"
        return f"{title}; {listing(sorted(material_name(self.run.scenario, m) for m in idle))} would save none"

    def _terms(self) -> str:
        consumer = self.contents.focus
        wait = consumers.authorisation_days(self.network, consumer)
        release = f"{count(wait, 'day')} after a shortage shows" if wait else "as soon as a shortage shows"
        return (
            f"Each line adds one stock for {with_article(self.focus_region)}: full on the first day, open to every user, "
            f"released {release} and after what exists; at reference prices, which the purchase does not move."
        )

    @property
    def focus_region(self) -> str:
        """The hardest-hit region."""
        return self.network.consumers[self.contents.focus].region

    # --------------------------------------------------------------------------------------------------------- who pays

    def paying(self) -> dict[str, Any]:
        """Costs of the shortfall by region and end use, and the value added at risk."""
        short = [(summary, i) for summary in self.contents.short for i in summary.short]
        own = self.measures["reference"]
        worth = sum(float(v) for _, i in short if math.isfinite(v := own["value_of_shortfall_usd"][i]))
        return {
            "title": self._paying_title(short, worth),
            "rows": [self._payer(summary, i) for summary, i in short],
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
        # Tonnes of several materials cannot be added; dollars can, if every material has a price.
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
        """The price at which the shortfall is valued, as text: in a squeeze many times the reference."""
        peaks = [float(p) for _, i in short if math.isfinite(p := self.measures["reference"]["peak_price_ratio"][i])]
        if not peaks:
            return "Worth: missing tonnes at the scenario’s reference price."
        return f"Worth: missing tonnes at the price users pay that day, up to {max(peaks):.1f} times the reference."

    def _payer(self, summary: MaterialSummary, i: int) -> dict[str, str]:
        own, added = self.measures["reference"], sector_value_added_at_risk_usd(self.run.record)
        given = [added[k] for k, s in enumerate(self.network.sectors) if s.consumer == i and np.isfinite(added[k])]
        return {
            "who": self._place(summary, i),
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
            summary = next(summary for summary in self.contents.summaries if summary.material == sector.material)
            name = "all end uses" if sector.sector == "all" else sector.sector.replace("_", " ")
            yield {
                "who": self._place(summary, sector.consumer),
                "sector": name,
                "days": days_text(float(lost[k])),
                "tonnes": tonnes_text(float(tonnes[k])),
                "added": money_text(float(added[k])) if np.isfinite(added[k]) else NOT_GIVEN,
            }

    def _spared(self) -> str:
        lines = []
        for summary in self.contents.short:
            spared = [summary.region(i) for i in summary.everyone if i not in summary.short]
            if spared:
                verb = "does" if len(spared) == 1 else "do"
                lines.append(f"{capital(listing(spared))} {verb} not run short of {summary.name}.")
        return " ".join(lines)

    # -------------------------------------------------------------------------------------------------------------- small

    def _place(self, summary: MaterialSummary, i: int) -> str:
        region = self.network.consumers[i].region
        return f"{region}, {summary.name}" if self.several else region

    def _date(self, day: float) -> str:
        return ABSENT if math.isnan(day) else short_date(self.network.start + dt.timedelta(days=int(day)))


def _days_range(spread: Range) -> str:
    low, high = (days_text(days) for days in spread.days)
    return low if low == high else f"{low}–{high}"


def _days_per_million_usd(option: StockOption) -> float:
    """Days saved per million dollars to three digits, so that rounding errors do not rank; 0 without a price."""
    rate = option.saved_days_per_million_usd
    return float(f"{rate:.3g}") if math.isfinite(rate) else 0.0
