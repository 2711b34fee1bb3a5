"""Single lanes and sellers of a watched replication, and the words for them: the evidence behind `tracing`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from minsim.explain.recording import Recording
from minsim.kernel import rules
from minsim.kernel.compiling import Floats
from minsim.kernel.constants import FILLED_FRACTION
from minsim.kernel.rows import ArcIndex, ArcRow, BuyerIndex, BuyerRow, ProductIndex, SellerRow
from minsim.kernel.state import State
from minsim.results.outcome import Outcome
from minsim.scenario.format.events import MarketFlood
from minsim.scenario.stages import chain
from minsim.simulation.log import Application
from minsim.text.formatting import capital, count, inside_sentence, listing, long_date, percent, tonnes, with_article

FELT = 0.01
"""A change is worth a sentence from this fraction of what is usual."""
FULL = FILLED_FRACTION
"""A call is met from this fraction of it on."""


SET_DURING_THE_DAY = frozenset(
    {BuyerRow.NEED, BuyerRow.ORDER, SellerRow.PROJECT_CAPACITY, SellerRow.AVAILABILITY, SellerRow.SUPPLY_LIMIT}
)
"""Rows of the state that events or phases set before the phases of a day use them; others are as they stood that morning."""


@dataclass(frozen=True)
class Verdict:
    """Why a lane brought less than usual: in words; on which day it was decided; whether the seller had no more."""

    text: str
    day: int
    seller_short: bool


class Lanes:
    """Lanes and sellers of one watched replication.

    Parameters
    ----------
    run : Outcome
    recording : Recording

    Attributes
    ----------
    causes : list of str
        Events named so far, by key.
    """

    def __init__(self, run: Outcome, recording: Recording) -> None:
        self.scenario, self.recording = run.scenario, recording
        self.network = recording.network
        self.index = self.network.arrays["index"]
        self._fresh = self.network.fresh_state("reference")
        self._states: dict[int, State] = {}
        self.value = self._fresh.value
        self.causes: list[str] = []

    # ------------------------------------------------------------------------------------------------ names and dates

    def date(self, day: int) -> str:
        """A day as a date in words."""
        return long_date(self.network.date_of(day))

    def material(self, key: str) -> str:
        """A material's title, inside a sentence."""
        return inside_sentence(self.scenario.model.materials[key].title or key)

    def product_of_buyer(self, v: int) -> str:
        """What a buyer buys: the material, and the stage where it is not the last one."""
        arc = self.network.arrays["index"][BuyerIndex.FIRST_ARC, v]
        label = self.network.arcs[arc]
        last = chain(self.scenario.model.materials[label.material])[-1]
        name = self.material(label.material)
        return name if label.stage == last else f"{name} ({label.stage})"

    def seller_name(self, i: int) -> str:
        """A producer, with its country where that is another name."""
        label = self.network.sellers[i]
        name = with_article(label.producer)
        return capital(name if label.country == label.producer else f"{name} ({label.country})")

    def buyer_name(self, a: int) -> str:
        """Who buys on an arc."""
        return with_article(self.network.arcs[a].buyer)

    def amount(self, amount_t: float) -> str:
        """Tonnes, or nothing."""
        return "nothing" if amount_t <= 1e-9 else tonnes(amount_t)

    def cause(self, name: str) -> str:
        """Title of the event that put an effect, which is noted as a cause."""
        event = name.split(":")[0]
        if event in self.scenario.model.events:
            self.causes.append(event)
            return f"«{self.scenario.model.events[event].title or event.replace('-', ' ')}»"
        return f"«{name}»"

    def since(self, lever: str, name: str, day: int) -> str:
        """Since when an effect in force on a day has been, in words."""
        return f" since {self.date(self.first_day(lever, name, day))}"

    def first_day(self, lever: str, name: str, day: int) -> int:
        """Since when an effect in force on a day has been."""
        first = day
        for changed, effects in reversed(self.recording.seen.effects[lever]):
            if changed <= day:
                if name not in effects:
                    break
                first = changed
        return first

    def floods(self, i: int, day: int) -> list[str]:
        """Events that flood a seller's market on a day, by key."""
        return [
            span.event
            for span in self.network.events
            if isinstance(span.model, MarketFlood)
            and self._acts(span.event, day)
            and (span.model.materials == "all" or self.network.sellers[i].material in span.model.materials)
        ]

    def state(self, day: int) -> State:
        """The state that the phases of a day worked on: stocks and means of its morning, levers and orders of the day."""
        if day not in self._states:
            value = self._fresh.value.copy()
            for row, mornings in self.recording.seen.rows.items():
                value[row, : mornings.shape[1]] = mornings[day + 1 if row in SET_DURING_THE_DAY else day]
            self._states = {day: self._fresh._replace(value=value)}
        return self._states[day]

    # -------------------------------------------------------------------------------------------------- lanes by day

    def into(self, v: int) -> range:
        """Arcs into a buyer."""
        return range(int(self.index[BuyerIndex.FIRST_ARC, v]), int(self.index[BuyerIndex.FIRST_ARC, v + 1]))

    def seller_of(self, a: int) -> int:
        """Seller of an arc."""
        return int(self.index[ArcIndex.SELLER, a])

    def buyer_of(self, a: int) -> int:
        """Buyer of an arc."""
        return int(self.index[ArcIndex.BUYER, a])

    def usual(self, a: int, day: int) -> float:
        """Baseline flow with growth [t/day]."""
        growth = self.recording.at_start(BuyerRow.GROWTH, day)[self.buyer_of(a)]
        return float(self.network.arcs[a].base_flow_t_per_day * growth)

    def shipping_day(self, a: int, day: int, row: int = ArcIndex.LEAD_DAYS) -> tuple[int, bool]:
        """Last day whose shipments were due by `day`, negative before the run; and whether they were due on it."""
        due = np.arange(self.network.days) + self.recording.lead(a, row)
        on_time = np.flatnonzero(due[: day + 1] <= day)
        if len(on_time) == 0:
            return -1, day < self.network.arcs[a].lead_days
        return int(on_time[-1]), bool(due[on_time[-1]] == day)

    def leaked_arrivals(self, a: int, day: int) -> float:
        """What came round a curb on a day [t]."""
        shipped, exact = self.shipping_day(a, day, ArcIndex.LEAK_LEAD_DAYS)
        return float(self.recording.at_end(ArcRow.LEAKED, shipped)[a]) if exact and shipped >= 0 else 0.0

    def wanted(self, v: int, day: int) -> float:
        """What a buyer called on contracts in all [t]."""
        return float(rules.called_in_all(self.state(day), v))

    def contract_limit(self, a: int, day: int) -> float:
        """Most that an arc may carry until new suppliers are approved [t]; infinite once they are."""
        v = self.buyer_of(a)
        return float("inf") if self.approved(v, day) else float(rules.contract_limit(self.state(day), a, v))

    def called(self, a: int, day: int) -> float:
        """What was called on an arc, before policy caps [t]."""
        v = self.buyer_of(a)
        return float(rules.called_on_arc(self.state(day), a, v, self.wanted(v, day), self.approved(v, day)))

    def approved(self, v: int, day: int) -> bool:
        """Whether a buyer may take new suppliers on a day."""
        return bool(rules.approved(self.state(day), v, day))

    def approval_text(self, v: int, day: int) -> str:
        """From when on new suppliers may help, where they may not yet."""
        wait, clock = (
            float(self.value[BuyerRow.QUALIFICATION_DAYS, v]),
            float(self.recording.at_end(BuyerRow.QUALIFICATION_START, day)[v]),
        )
        if self.approved(v, day) or clock < 0.0:
            return ""
        approved_on = self.date(int(np.ceil(clock + wait))) if np.isfinite(wait) else "no day of the run"
        from_when = f"{count(wait, 'day')} from {self.date(int(clock))}"
        return f"New suppliers are approved on {approved_on}, {from_when}; none may step in before."

    # -------------------------------------------------------------------------------------------------- why a lane fails

    def more_text(self, a: int, day: int) -> str:
        """A seller that sent more than usual, and what kept it from sending still more."""
        sent = float(self.recording.arrived(a)[day])
        text = f"{capital(self.amount(sent))} came from {self._seller_in_sentence(a)} (baseline {self._usual(a, day)})"
        shipped, exact = self.shipping_day(a, day)
        if not exact or shipped < 0:
            return f"{text}."
        if self.seller_is_short(a, shipped):
            return f"{text}, all it had to give."
        at_limit = sent >= FULL * self.contract_limit(a, shipped)
        return f"{text}, as much as the contract stretches to." if at_limit else f"{text}."

    def judge(self, a: int, day: int) -> Verdict:
        """Why an arc brought less than usual on a day."""
        arrived, usual = float(self.recording.arrived(a)[day]), self.usual(a, day)
        text = (
            f"{capital(self.amount(arrived))} came from {self._seller_in_sentence(a)} (baseline {self._usual(a, day)}"
        )
        text += f"; less than usual since {self.date(self._less_since(a, day))})"
        shipped, exact = self.shipping_day(a, day)
        delays = self._delays(a, max(shipped, 0), day)
        sent = float(self.recording.shipped(a)[shipped]) if shipped >= 0 else usual
        if delays and (not exact or sent > arrived + FELT * usual):
            return Verdict(f"{text}: {delays}.", day, False)
        if shipped < 0:
            return Verdict(f"{text}.", day, False)
        reasons = list(self._reasons(a, shipped))
        short = self._short_decides(a, shipped)
        if short:
            reasons.append(f"{self._seller_in_sentence(a)} had {'too little' if sent > 0 else 'nothing'} to ship")
        when = f"on {self.date(shipped)}, when this would have been shipped, "
        return Verdict(f"{text}: {when}{listing(reasons or [self._buyer_reason(a, shipped)])}.", shipped, short)

    def _seller_in_sentence(self, a: int) -> str:
        name = self.seller_name(self.seller_of(a))
        return with_article(self.network.arcs[a].seller) if " (" not in name else name

    def _usual(self, a: int, day: int) -> str:
        return f"{tonnes(self.usual(a, day))} a day"

    def _less_since(self, a: int, day: int) -> int:
        """First day of the unbroken row of days, up to this one, on which an arc brought less than usual."""
        growth = self.recording.seen.rows[BuyerRow.GROWTH][: day + 1, self.buyer_of(a)]
        usual = self.network.arcs[a].base_flow_t_per_day * growth
        whole = np.flatnonzero(self.recording.arrived(a)[: day + 1] >= (1.0 - FELT) * usual)
        return int(whole[-1]) + 1 if len(whole) else 0

    def _delays(self, a: int, first: int, day: int) -> str:
        """Which events made goods take longer between two days."""
        found: dict[str, tuple[float, int]] = {}
        for when in {first, day, *(changed for changed, _ in self.recording.seen.effects["extra_days"])}:
            if first <= when <= day:
                for name, days in self.recording.effects_on("extra_days", a, when).items():
                    found[name] = max(found.get(name, (0.0, 0)), (days, when))
        return listing(
            [
                f"goods take {count(days, 'day')} longer{self.since('extra_days', name, when)} because of {self.cause(name)}"
                for name, (days, when) in sorted(found.items())
                if days > 0
            ]
            or [""]
        )

    def _reasons(self, a: int, day: int) -> Iterator[str]:
        """What policy held back on an arc on the day of shipping."""
        usual, called = self.usual(a, day), self.called(a, day)
        caps = {n: cap for n, cap in self.recording.effects_on("caps", a, day).items() if cap < FULL * usual}
        if caps:
            tightest = min(caps.values())
            for name in sorted(name for name, cap in caps.items() if cap <= tightest):
                held = f"{self.cause(name)} held the lane to {tonnes(tightest)} a day ({self.since('caps', name, day)[1:]})"
                less = called < FULL * tightest
                yield f"{held}, and {self.buyer_name(a)} called only for {tonnes(called)}" if less else held
        for event, arcs in sorted(self.recording.seen.permits.items()):
            if a in arcs and self._acts(event, day) and self._permits_decide(a, day):
                yield self._permit_reason(a, event, day)

    def _permits_decide(self, a: int, day: int) -> bool:
        shipped = float(self.recording.at_end(ArcRow.SHIPPED, day)[a])
        return shipped < FULL * self.called(a, day) and not self.seller_is_short(a, day)

    def _short_decides(self, a: int, day: int) -> bool:
        """Whether a seller's lack of product held an arc below what was called and policy allowed."""
        shipped = float(self.recording.at_end(ArcRow.SHIPPED, day)[a])
        caps = self.recording.effects_on("caps", a, day).values()
        due = min([self.called(a, day), *caps])
        return shipped < FULL * due and self.seller_is_short(a, day)

    def seller_is_short(self, a: int, day: int) -> bool:
        """Whether a seller's store was empty at the end of a day."""
        i = self.seller_of(a)
        left = float(self.recording.at_end(SellerRow.STOCK, day)[i])
        return left <= 1e-6 * max(self.network.sellers[i].output_t_per_day, self.output(i, day))

    @cached_property
    def _spans(self) -> dict[str, tuple[int, int]]:
        days = self.network.days
        return {s.event: (s.start_day, days if s.end_day is None else s.end_day) for s in self.network.events}

    def _acts(self, event: str, day: int) -> bool:
        first, end = self._spans[event]
        return first <= day < end

    def _permit_reason(self, a: int, event: str, day: int) -> str:
        importer = self.network.arcs[a].buyer_region
        since = f"since {self.date(self._spans[event][0])}"
        filed = [f for f in self.recording.record.applications if f.event == event and f.importer == importer]
        if not filed:
            return f"the permits under {self.cause(event)} ({since}) were used up"
        known = [f for f in filed if f.applied_day <= day]
        waiting = [f for f in known if f.decided_day is None or f.decided_day > day]
        text = f"the permits under {self.cause(event)} ({since}) did not suffice"
        return text + _queue_text(waiting, known, with_article(importer), day)

    def _buyer_reason(self, a: int, day: int) -> str:
        """Why a buyer called less than usual where nothing held the seller back."""
        v = self.buyer_of(a)
        who, share = capital(self.buyer_name(a)), float(self.recording.at_start(ArcRow.SHARE, day)[a])
        base = float(self.value[ArcRow.BASE_SHARE, a])
        if share < (1.0 - FELT) * base:
            return f"{who} placed {percent(share)} of its orders there instead of {percent(base)}"
        need = float(self.recording.at_end(BuyerRow.NEED, day)[v])
        usual = float(rules.usual_need(self.state(day), v))
        if need < (1.0 - FELT) * usual:
            return f"{who} needed {tonnes(need)} a day in all instead of {tonnes(usual)}"
        return f"{who} ordered {tonnes(self.wanted(v, day))} in all, for a need of {tonnes(need)}"

    # ------------------------------------------------------------------------------------------------- sellers by day

    def output(self, i: int, day: int) -> float:
        """What a seller made on a day [t]."""
        return float(self.recording.at_end(SellerRow.OUTPUT, day)[i])

    def usual_output(self, i: int, day: int) -> float:
        """A seller's baseline output, with growth [t/day]."""
        return float(self.network.sellers[i].output_t_per_day * self.recording.at_start(SellerRow.GROWTH, day)[i])

    def capacity(self, i: int, day: int) -> float:
        """Usable capacity of a seller on a day [t/day]."""
        return float(rules.capacity_now(self.state(day), i))

    def wished(self, i: int, day: int) -> float:
        """What a seller would have made for the orders it expected and its store, had nothing held it back [t/day]."""
        label = self.network.sellers[i]
        first_buyer = self.index[ProductIndex.FIRST_BUYER, self.network.products.index((label.material, label.stage))]
        return float(rules.wanted_output(self.state(day), i, self.value[BuyerRow.ADJUSTMENT_DAYS, first_buyer]))

    def inputs(self, i: int) -> list[int]:
        """Buyers through which a seller takes its inputs."""
        return [v for v in range(len(self.network.buyer_names)) if int(self.index[BuyerIndex.PRODUCER, v]) == i]

    def allows(self, i: int, v: int, day: int) -> float:
        """Output of a seller that one of its input stocks allowed on a day [t]."""
        had = self.recording.at_end(BuyerRow.STOCK, day)[v] + self.recording.at_end(BuyerRow.USED, day)[v]
        return float(had / self.value[BuyerRow.COEFFICIENT, v])

    def leanest_day(self, i: int, day: int) -> int:
        """The day since a seller's store was last full on which its output fell most below the baseline; the latest such."""
        rows = self.recording.seen.rows
        growth = rows[SellerRow.GROWTH][: day + 1, i]
        stock, made = rows[SellerRow.STOCK][1 : day + 2, i], rows[SellerRow.OUTPUT][1 : day + 2, i]
        full: Floats = stock >= (1.0 - FELT) * self.value[SellerRow.TARGET, i] * growth
        first = min(day, int(np.flatnonzero(full)[-1]) + 1 if full.any() else 0)
        missing = (self.network.sellers[i].output_t_per_day * growth - made)[first:]
        return first + int(np.flatnonzero(missing >= missing.max() - 1e-9 * abs(missing.max()))[-1])


def _queue_text(waiting: list[Application], known: list[Application], importer: str, day: int) -> str:
    """What an importer had in the queue on a day."""
    parts = []
    if waiting:
        oldest = day - min(filed.applied_day for filed in waiting)
        tonnes_waiting = tonnes(sum(filed.tonnes for filed in waiting))
        parts.append(
            f"{tonnes_waiting} that {importer} had applied for were waiting, the oldest for {count(oldest, 'day')}"
        )
    refused = sum(filed.refused_t for filed in known if filed not in waiting)
    if refused > 0:
        parts.append(f"{tonnes(refused)} had been refused")
    return f": {listing(parts)}" if parts else ", and nothing was applied for yet"
