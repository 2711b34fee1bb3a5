"""Why a region is short on a day, in plain words: who sent less, since which event, traced upstream to the cause.

Every sentence comes from a `Recording`: arrivals on each trade route against the baseline, the day they were shipped, and
what limited shipments then; where the seller had no stock, what limited its output, and so on upstream.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim._version import __version__
from minsim.explain.evidence import FELT, Lanes
from minsim.explain.recording import Recording, watch
from minsim.kernel.rows import BuyerRow, ConsumerIndex, SellerRow
from minsim.metrics import consumers as metrics
from minsim.metrics.consumers import FloatArray
from minsim.results.outcome import Outcome
from minsim.simulation.log import PRODUCER_DECISION, LogKind
from minsim.text.formatting import capital, day_count, listing, long_date, percent, tonnes, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    from minsim.scenario import Scenario

MOST_SELLERS = 4


@dataclass(frozen=True)
class Explanation:
    """Why one region was short of a material on one day; made by `why`.

    Attributes
    ----------
    material, region : str
    date : date
    shortfall_t : float
        [t]
    headline : str
        How much was short.
    lines : tuple of (int, str)
        The explanation: how far up the chain, and a sentence.
    causes : tuple of str
        Events at the ends of the chain, by key, the nearest first.
    """

    material: str
    region: str
    date: dt.date
    shortfall_t: float
    headline: str
    lines: tuple[tuple[int, str], ...]
    causes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form.

        Returns
        -------
        dict
            The fields and minsim's `version`; the date as ISO text, of each line its `level` and `text`.
        """
        return {
            "version": __version__,
            "material": self.material,
            "region": self.region,
            "date": self.date.isoformat(),
            "shortfall_t": self.shortfall_t,
            "headline": self.headline,
            "lines": [{"level": level, "text": text} for level, text in self.lines],
            "causes": list(self.causes),
        }

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"{'  ' * level}{text}" for level, text in self.lines)])

    def _repr_html_(self) -> str:
        lines = "".join(f'<p style="margin: 0 0 0 {2 * level}em">{html.escape(text)}</p>' for level, text in self.lines)
        return f"<p><b>{html.escape(self.headline)}</b></p>{lines}"


def why(run: Outcome, region: str, date: dt.date | str, material: str | None = None) -> Explanation:
    """Explain one region on one day.

    Parameters
    ----------
    run : Run
        The finished run; its reference replication is run again and recorded.
    region : str
        A region that uses the material.
    date : date or str
        A day of the run.
    material : str, optional
        Absent: the material with the largest shortfall fraction on that day.

    Returns
    -------
    Explanation
        Prints as text.

    Raises
    ------
    ValueError
        If the region does not use the material, or the day is outside the run.

    Examples
    --------
    >>> print(why(minsim.run("magnet-ban"), "United States", "2027-03-03"))  # doctest: +SKIP
    """
    if complaint := objection(run.scenario, region, date, material):
        raise ValueError(complaint)
    when = dt.date.fromisoformat(date) if isinstance(date, str) else date
    day = run.record.network.day_of(when)
    return Tracer(run, watch(run), _consumer(run, region, day, material), day).explanation()


def objection(scenario: Scenario, region: str, date: dt.date | str, material: str | None = None) -> str | None:
    """The error in a question; None if there is none."""
    model = scenario.model
    users = {name: set(block.consumers) for name, block in model.materials.items() if block.consumers}
    if material is not None and material not in users:
        return unknown("material", material, users)
    regions = users[material] if material is not None else set().union(*users.values())
    if region not in regions:
        return unknown("region", region, regions)
    try:
        when = dt.date.fromisoformat(date) if isinstance(date, str) else date
    except ValueError:
        return f"expected a date as YYYY-MM-DD, got {date}"
    if not model.start <= when <= model.end:
        return f"expected a day of the run, {model.start} to {model.end}, got {when}"
    return None


def _consumer(run: Outcome, region: str, day: int, material: str | None) -> int:
    """Position of the consumer asked for; without a material, of the one with the largest shortfall fraction."""
    consumers = run.record.network.consumers
    mine = [c for c, label in enumerate(consumers) if label.region == region and material in (None, label.material)]
    missing = metrics.shortfall_fraction(metrics.consumer_flows_t(run.record))
    # Without a shortfall on the day: the one with a shortfall on any day; then the first in the file.
    return max(mine, key=lambda c: (missing[day, c], missing[:, c].sum()))


class Tracer:
    """Follows one shortage up the chain.

    Parameters
    ----------
    run : Outcome
    recording : Recording
        Its reference replication, recorded.
    consumer : int
        Position of the consumer.
    day : int
    """

    def __init__(self, run: Outcome, recording: Recording, consumer: int, day: int) -> None:
        self.run, self.recording, self.consumer, self.day = run, recording, consumer, day
        self.network = recording.network
        self.label = self.network.consumers[consumer]
        self.lanes = Lanes(run, recording)
        self.explained: set[int] = set()

    # ------------------------------------------------------------------------------------------------------- the user

    def explanation(self) -> Explanation:
        """The whole explanation."""
        flows = metrics.consumer_flows_t(self.recording.record)[self.day, self.consumer]
        lines = tuple(self._lines(flows))
        causes = tuple(dict.fromkeys(self.lanes.causes))
        if causes:
            lines += ((0, f"Traced back to {listing([self.lanes.cause(name) for name in causes])}."),)
        return Explanation(
            self.label.material,
            self.label.region,
            self.network.date_of(self.day),
            float(flows[metrics.SHORTFALL]),
            self._headline(flows),
            lines,
            causes,
        )

    def _headline(self, flows: FloatArray) -> str:
        short, demand = flows[metrics.SHORTFALL], flows[metrics.DEMAND]
        who, what = with_article(self.label.region), self.lanes.material(self.label.material)
        if short <= metrics.SHORT_TOLERANCE * demand:
            return f"On {self._date(self.day)} {who} lacked no {what}."
        return (
            f"On {self._date(self.day)} {who} lacked {tonnes(short)} of {what}, {percent(short / demand)} of its need."
        )

    def _lines(self, flows: FloatArray) -> Iterator[tuple[int, str]]:
        v = int(self.recording.network.arrays["index"][ConsumerIndex.BUYER, self.consumer])
        if sectors := self._sector_text():
            yield 0, sectors
        yield 0, self._supply_text(v, flows)
        yield from ((0, text) for text in self._demand_texts())
        yield from self._buyer(v, self.day, 0)
        yield from ((0, text) for text in self._stockpile_texts())

    def _sector_text(self) -> str:
        mine = [(k, s) for k, s in enumerate(self.network.sectors) if s.consumer == self.consumer]
        lost = {s.sector: float(self.recording.record.sector[self.day, k, metrics.SHORTFALL]) for k, s in mine}
        hit = [f"{tonnes(amount)} for {name.replace('_', ' ')}" for name, amount in lost.items() if amount > 0]
        if len(mine) < 2 or not hit:
            return ""
        spared = [name.replace("_", " ") for name, amount in lost.items() if amount == 0]
        return f"Missing: {listing(hit)}{f'; none for {listing(spared)}' if spared else ''}."

    def _supply_text(self, v: int, flows: FloatArray) -> str:
        """Need, arrivals against the baseline, and what came from stocks."""
        arrived = sum(float(self.recording.arrived(a)[self.day]) for a in self.lanes.into(v))
        usual = sum(self.lanes.usual(a, self.day) for a in self.lanes.into(v))
        text = f"It needed {tonnes(flows[metrics.DEMAND])}; {tonnes(arrived)} arrived (baseline {tonnes(usual)})"
        stock = self.recording.record.consumer[: self.day + 1, self.consumer, metrics.STOCK]
        drawn = float(self.recording.at_end(BuyerRow.USED, self.day)[v]) - arrived
        if drawn > FELT * usual:
            text += f", {tonnes(drawn)} came from commercial stock"
        if flows[metrics.FROM_STOCKPILE] > 0:
            text += f", {tonnes(flows[metrics.FROM_STOCKPILE])} from stockpiles"
        empty = stock <= metrics.SHORT_TOLERANCE * self.label.daily_use_t
        if empty[-1]:
            return f"{text}; its commercial stock is empty since {self._date(streak(empty))}."
        cover = metrics.commercial_cover_days(self.recording.record)[self.day, self.consumer]
        return f"{text}; its commercial stock covers {day_count(cover)} of use."

    def _demand_texts(self) -> Iterator[str]:
        """Demand destroyed at the day's price, and events that change demand."""
        given_up = float(metrics.consumer_flows_t(self.recording.record)[self.day, self.consumer, metrics.DESTROYED])
        if given_up > FELT * self.label.daily_use_t:
            yield f"At the price of the day users gave up {tonnes(given_up)} of their need; this does not count as missing."
        raised: dict[str, float] = {}
        for k, sector in enumerate(self.network.sectors):
            if sector.consumer == self.consumer:
                raised |= self.recording.effects_on("demand", k, self.day)
        for name, factor in raised.items():
            if abs(factor - 1.0) >= FELT:
                direction = "more" if factor > 1.0 else "less"
                change, since = percent(abs(factor - 1.0)), self.lanes.since("demand", name, self.day)
                yield f"{self.lanes.cause(name)}: end uses want {change} {direction} than usual{since}."

    def _stockpile_texts(self) -> Iterator[str]:
        """What each stockpile that may serve this consumer does on the day."""
        for h, holding in enumerate(self.network.holdings):
            if self.consumer in holding.serves:
                yield self._stockpile_text(h)

    def _stockpile_text(self, h: int) -> str:
        holding, daily = self.network.holdings[h], self.recording.record.holding[: self.day + 1, h]
        name = capital(self.run.scenario.model.stockpiles[holding.stockpile].title or holding.stockpile)
        empty = daily[:, metrics.CLOSING] <= metrics.SHORT_TOLERANCE * max(holding.target_t, 1e-9)
        if daily[-1, metrics.RELEASED] > 0:
            left = f"{tonnes(daily[-1, metrics.CLOSING])} left" if not empty[-1] else "the last it had"
            return f"{name} released {tonnes(daily[-1, metrics.RELEASED])} ({left})."
        if empty[-1]:
            return f"{name} is empty since {self._date(streak(empty))}."
        held = f"{name} holds {tonnes(daily[-1, metrics.CLOSING])} and released nothing"
        last = next((e for e in reversed(self.recording.record.log) if e.holding == h and e.day <= self.day), None)
        if last is not None and last.kind is LogKind.RELEASE_TRIGGERED:
            due = last.day + holding.authorisation_days
            return f"{held}: its release, triggered on {self._date(last.day)}, is authorised on {self._date(due)}."
        gap = self.recording.record.sector[self.day, :, metrics.SHORTFALL].any()
        worked_up = holding.material != self.label.material
        if last is not None and last.kind is LogKind.RELEASE_AUTHORISED and worked_up and gap:
            return f"{held}: domestic plants had no room, or not the other inputs, to work it up."
        return f"{held}."

    # ------------------------------------------------------------------------------------------------------- upstream

    def _buyer(self, v: int, day: int, level: int) -> Iterator[tuple[int, str]]:
        """Sellers that sent a buyer less, each with the reason; then those that sent more, and what limits them."""
        arcs = self.lanes.into(v)
        usual = sum(self.lanes.usual(a, day) for a in arcs)
        change = {a: float(self.recording.arrived(a)[day]) - self.lanes.usual(a, day) for a in arcs}
        less = sorted((a for a in arcs if change[a] < -FELT * usual), key=lambda a: (change[a], a))
        more = sorted((a for a in arcs if change[a] > FELT * usual), key=lambda a: (-change[a], a))
        for a in less[:MOST_SELLERS]:
            yield from self._lane(a, day, level)
        if others := less[MOST_SELLERS:]:
            lost = -sum(change[a] for a in others)
            yield level, f"{len(others)} more sellers sent {tonnes(lost)} a day less together."
        yield from ((level, self.lanes.more_text(a, day)) for a in more[:MOST_SELLERS])
        leaked = sum(self.lanes.leaked_arrivals(a, day) for a in arcs)
        if leaked > FELT * usual:
            yield level, f"{tonnes(leaked)} of what arrived came round a curb, through third countries."
        if less and (text := self.lanes.approval_text(v, day)):
            yield level, text

    def _lane(self, a: int, day: int, level: int) -> Iterator[tuple[int, str]]:
        """What one seller sent less, and why; a seller without stock is followed upstream."""
        verdict = self.lanes.judge(a, day)
        yield level, verdict.text
        if verdict.seller_short:
            yield from self._seller(self.lanes.seller_of(a), verdict.day, level + 1)

    def _seller(self, i: int, day: int, level: int) -> Iterator[tuple[int, str]]:
        """Why a seller was short of product on a day."""
        name = self.lanes.seller_name(i)
        if i in self.explained:
            yield level, f"{name} was short as told above."
            return
        self.explained.add(i)
        worst = self.lanes.leanest_day(i, day)
        made, usual = self.lanes.output(i, worst), self.lanes.usual_output(i, worst)
        if made >= (1.0 - FELT) * usual:
            orders = float(self.recording.at_end(SellerRow.EXPECTED_ORDERS, day)[i])
            yield (
                level,
                f"{name} made {tonnes(made)} a day (baseline {tonnes(usual)}), but orders stood at {tonnes(orders)}.",
            )
            return
        text = f"{name} made {self.lanes.amount(made)} on {self._date(worst)} (baseline {tonnes(usual)} a day)"
        yield from self._output(i, worst, level, text)

    def _output(self, i: int, day: int, level: int, text: str) -> Iterator[tuple[int, str]]:
        """What limited a seller's output: its capacity, an input, or expected orders."""
        made = self.lanes.output(i, day)
        outages = {n: left for n, left in self.recording.effects_on("availability", i, day).items() if left < 1.0}
        if outages and made >= self.lanes.capacity(i, day) * (1.0 - 1e-6):
            reasons = [self._outage_reason(i, name, left, day) for name, left in outages.items()]
            yield level, f"{text}: {listing(reasons)}."
            return
        lacking = [v for v in self.lanes.inputs(i) if self.lanes.allows(i, v, day) <= made * (1.0 + 1e-6) + 1e-12]
        if not lacking:
            yield level, f"{text}{self._other_reason(i, day, made)}."
            return
        for v in lacking[:1]:
            yield level, f"{text}: its stock of {self.lanes.product_of_buyer(v)} had run out."
            yield from self._buyer(v, day, level + 1)

    def _other_reason(self, i: int, day: int, made: float) -> str:
        if made >= float(self.recording.at_end(SellerRow.SUPPLY_LIMIT, day)[i]) * (1.0 - 1e-6):
            return ": at the price of that day it offered no more"
        return ": it expected fewer orders" if made >= self.lanes.wished(i, day) * (1.0 - 1e-6) else ""

    def _outage_reason(self, i: int, name: str, left: float, day: int) -> str:
        since = self.lanes.since("availability", name, day)
        if name.split(":")[0] == PRODUCER_DECISION:
            floods = self.lanes.floods(i, self.lanes.first_day("availability", name, day))
            during = f" while {listing([self.lanes.cause(flood) for flood in floods])} lasted" if floods else ""
            return f"it is mothballed{since}, for its price fell below its cash cost{during}"
        return f"{self.lanes.cause(name)} leaves {percent(left)} of its capacity{since}"

    def _date(self, day: int) -> str:
        return long_date(self.network.date_of(day))


def streak(happens: Sequence[bool] | np.ndarray[Any, Any]) -> int:
    """First day of the unbroken sequence of true days that ends with the last day.

    >>> streak([True, False, True, True])
    2
    """
    broken = np.flatnonzero(~np.asarray(happens, dtype=bool))
    return int(broken[-1]) + 1 if len(broken) else 0
