"""The answer in the reader's words: who runs short of what, from when, for how long, and how sure that is."""

from __future__ import annotations

import datetime as dt
import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minsim.errors import NotInRunError
from minsim.metrics import consumers as metrics
from minsim.metrics.consumers import FloatArray
from minsim.metrics.disturbances import acting_disturbances
from minsim.metrics.rows import assumption_count
from minsim.results.outcome import Outcome
from minsim.results.stockpile_sentences import holds_several, material_name, stockpile_lines, stockpile_title
from minsim.results.waterfall import NO_CHANGE_DAYS, describe_waterfall
from minsim.text.formatting import (
    capital,
    count,
    day_count,
    inside_sentence,
    listing,
    long_date,
    percent,
    three_figures,
    tonnes,
    whole_days,
    with_article,
)

if TYPE_CHECKING:
    from minsim.network.node_index import HoldingInfo
    from minsim.scenario import Scenario
    from minsim.scenario.event_dates import ScheduledEvent

LONGEST_HEADLINE = 90
STEADY_DAYS = 1.0
"""A stock that falls by less counts as constant [days of use]."""
MUCH = 0.1
"""Share of the days lost from which on a difference in them is much."""


@dataclass(frozen=True)
class Answer:
    """What a run found, in plain words.

    Parameters
    ----------
    headline : str
        The finding in one sentence; also the title of the chart.
    lines : tuple of str
        What stands behind it, most important first.
    """

    headline: str
    lines: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"headline": self.headline, "lines": list(self.lines)}

    def __str__(self) -> str:
        return "\n".join([self.headline, *self.lines])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines)
        return f"<p><b>{html.escape(self.headline)}</b></p><ul>{lines}</ul>"


@dataclass(frozen=True)
class LowPoint:
    """The lowest closing stock of a consumer; the answer and the chart of stocks say it in the same numbers.

    Attributes
    ----------
    region : str
    opening_days, lowest_days : float
        Commercial stock on the first day, and the lowest [days of use].
    day : int
        The first day with the lowest [day of the run].
    """

    region: str
    opening_days: float
    lowest_days: float
    day: int

    @property
    def is_steady(self) -> bool:
        """Whether the stock hardly falls."""
        return self.lowest_days > self.opening_days - STEADY_DAYS

    @property
    def level(self) -> str:
        """Where a steady stock stays: rounded down, so that it is never below."""
        if self.opening_days - self.lowest_days < NO_CHANGE_DAYS:
            return f"{day_count(self.lowest_days)} of use"
        return f"{count(math.floor(self.lowest_days + NO_CHANGE_DAYS), 'day')} of use or more"


def compose_answer(run: Outcome, material: str | None = None) -> Answer:
    """Say what a run found.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        Speak of this material alone; absent: of all, the hardest hit first.
    """
    stories = [MaterialSummary(run, name) for name in ([material] if material else rank_materials(run))]
    short = [story for story in stories if story.short]
    lines = [line for story in short for line in story.lines()]
    lines += [line for story in stories if not story.short for line in (story.calm_line(), *story.price_line())]
    lines += stockpile_lines(run, {index for story in stories for index in story.everyone})
    lines += assumption_line(run.scenario)
    return Answer(short[0].headline() if short else _calm_headline(stories), tuple(lines))


def assumption_line(scenario: Scenario) -> list[str]:
    """How much of a scenario rests on assumptions; empty where nothing is known about its inputs."""
    assumed, total = assumption_count(scenario)
    verb = "is an assumption" if assumed == 1 else "are assumptions"
    return [f"{assumed} of {count(total, 'input')} {verb}."] if total else []


def rank_materials(run: Outcome) -> list[str]:
    """Materials with consumers, by the most days of use any region loses, then by the thinnest cover.

    Those of a user within a region come first: the run was made for it.
    """
    stories = [MaterialSummary(run, name) for name in sorted({c.material for c in run.record.network.consumers})]
    return [
        story.material
        for story in sorted(stories, key=lambda story: (not story.own, -story.worst_days, story.thinnest_days))
    ]


class MaterialSummary:
    """One material of a run, and the words for it.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str
        A material with consumers.
    """

    def __init__(self, run: Outcome, material: str) -> None:
        self.run, self.material = run, material
        self.network = run.record.network
        self.measures = run.measures["reference"]
        self.everyone = [i for i, consumer in enumerate(self.network.consumers) if consumer.material == material]
        if not self.everyone:
            known = ", ".join(sorted({consumer.material for consumer in self.network.consumers}))
            raise NotInRunError(f"no region of this run uses {material!r}; expected one of {known}")
        self.own = [i for i in self.everyone if self.network.consumers[i].within is not None]
        self.short = self.ranked_short("reference")

    def ranked_short(self, rerouting: str) -> list[int]:
        """Consumers that run short under one rerouting: users within a region, their regions, then the hardest hit first."""
        measures = self.run.measures[rerouting]
        short = [i for i in self.everyone if measures["duration_days"][i] > 0]
        days = {i: round(float(measures["shortfall_days"][i]), 6) for i in short}  # so that equals stand by name
        return sorted(short, key=lambda i: (self.remoteness(i), -days[i], self.network.consumers[i].region))

    def remoteness(self, index: int) -> int:
        """0 for a user within a region, 1 for the region of one, 2 for others; without users, 2 for all."""
        regions = {self.network.consumers[i].within for i in self.own}
        return 0 if index in self.own else 1 if self.network.consumers[index].region in regions else 2

    @property
    def worst_days(self) -> float:
        """Days of use that the hardest hit region loses; 0 where nobody is short."""
        return max((float(self.measures["shortfall_days"][i]) for i in self.short), default=0.0)

    @property
    def thinnest_days(self) -> float:
        """Lowest commercial cover of any region on any day [days of use]."""
        return min(float(self.measures["min_commercial_cover_days"][i]) for i in self.everyone)

    @property
    def name(self) -> str:
        """The material's title, as it stands inside a sentence."""
        return inside_sentence(self.run.scenario.model.materials[self.material].title or self.material)

    def disturbances(self) -> list[ScheduledEvent]:
        """Events that disturb this material, or what it is made from."""
        return acting_disturbances(self.network, self.material)

    def region(self, index: int) -> str:
        """A consumer's region, with its article."""
        return with_article(self.network.consumers[index].region)

    def consumer(self, region: str) -> int:
        """Index of a region's use of the material."""
        here = {self.network.consumers[index].region: index for index in self.everyone}
        if region not in here:
            raise NotInRunError(f"{region!r} does not use {self.material!r}; expected one of {', '.join(sorted(here))}")
        return here[region]

    def everyone_in(self, region: str) -> list[int]:
        """Consumers of the material in a region: one, or none."""
        return [index for index in self.everyone if self.network.consumers[index].region == region]

    @property
    def hardest_hit(self) -> int:
        """The consumer that loses most days; where nobody does, the one whose stock falls lowest."""
        lowest = self.measures["min_commercial_cover_days"]
        return self.short[0] if self.short else min(self.everyone, key=lambda i: (lowest[i], i))

    def low_point(self, index: int) -> LowPoint:
        """When and how low a consumer's commercial stock falls."""
        own = self._cover[:, index]
        day = int(own.argmin())
        return LowPoint(self.network.consumers[index].region, float(own[0]), float(own[day]), day)

    @cached_property
    def _cover(self) -> FloatArray:
        return metrics.commercial_cover_days(self.run.record)

    def stockpile(self, holding: HoldingInfo) -> str:
        """Name of a strategic stock for readers, with what it holds where one purse holds more than the material told of."""
        title = stockpile_title(self.run, holding.stockpile)
        if holding.material == self.material or not holds_several(self.network.holdings, holding.stockpile):
            return title
        return f"{title}, {material_name(self.run, holding.material)}"

    def strategic(self, indices: Iterable[int]) -> Iterator[tuple[HoldingInfo, FloatArray]]:
        """Strategic stocks that may serve one of some consumers, and what they hold day by day, in days of use."""
        cover, asked = metrics.strategic_cover_days(self.run.record), set(indices)
        for position, holding in enumerate(self.network.holdings):
            if asked & set(holding.serves) and holding.use_t_per_day > 0:
                yield holding, cover[:, position]

    def date(self, day: float) -> str:
        """A day number as a date in words."""
        return long_date(self.network.start + dt.timedelta(days=int(day)))

    def headline(self) -> str:
        """The finding about the user or region that comes first, as much of it as fits a title."""
        if not self.short:
            return f"No region runs short of {self.name}"
        if self.own and not set(self.own) & set(self.short):
            return self._spared_headline()
        worst, others = self.short[0], self.short[1:]
        who, lost = capital(self.region(worst)), day_count(self.measures["shortfall_days"][worst])
        onset = self.date(self.measures["onset_date"][worst])
        also = "".join(f", {self.region(i)} {whole_days(self.measures['shortfall_days'][i])}" for i in others)
        candidates = [
            f"{who} loses {lost} of {self.name} from {onset}{also}",
            *(
                [f"{who}, worst hit of {len(self.short)}, loses {lost} of {self.name} from {onset}"]
                if not self.own
                else []
            ),
            f"{who} loses {lost} of {self.name} from {onset}",
            f"{who} loses {lost} of {self.name}",
        ]
        if not others:
            candidates[:2] = [f"{who} runs short of {self.name} from {onset} and loses {lost} of use"]
        return next((text for text in candidates if len(text) <= LONGEST_HEADLINE), candidates[-1])

    def _spared_headline(self) -> str:
        """What a user who is spared may be glad of."""
        first, who = self.short[0], capital(self.region(self.own[0]))
        lost = day_count(self.measures["shortfall_days"][first])
        candidates = (
            f"{who} does not run short of {self.name}; {self.region(first)} loses {lost} of use",
            f"{who} does not run short of {self.name}",
        )
        return next((text for text in candidates if len(text) <= LONGEST_HEADLINE), candidates[-1])

    def lines(self) -> Iterator[str]:
        """Everything there is to say about a material that somebody runs short of."""
        worst = self.short[0]
        yield from self._own_lines()
        yield self._amount_line(worst)
        yield from self._sector_line(worst)
        yield from (self._other_line(index) for index in self.short[1:])
        spared = [self.region(i) for i in self.everyone if i not in (*self.short, *self.own)]
        if spared:
            yield f"{capital(listing(spared))} {'does' if len(spared) == 1 else 'do'} not run short of {self.name}."
        yield from self.price_line()
        yield from self._bracket_line(worst)
        yield from self._waterfall_line(worst)
        yield self._act_line(worst)

    def _amount_line(self, index: int) -> str:
        measure = {name: values[index] for name, values in self.measures.items()}
        return (
            f"{capital(self.region(index))} is short of {tonnes(measure['shortfall_t'])} of {self.name}, "
            f"{day_count(measure['shortfall_days'])} of use, on {count(measure['duration_days'], 'day')} "
            f"from {self.date(measure['onset_date'])}; on the worst day {percent(measure['peak_shortfall_fraction'])} "
            f"of the need is missing.{self._standing_clause(index)}"
        )

    def _standing_clause(self, index: int) -> str:
        """That a shortage does not end within the run, so that it may be larger than what is counted."""
        short = metrics.is_short(metrics.consumer_flows_t(self.run.record))
        if not short[-1, index]:
            return ""
        return f" The shortage still stands on the last day, {self.date(len(short) - 1)}."

    def _sector_line(self, index: int) -> Iterator[str]:
        lost = self._days_by_sector(index)
        if len(lost) < 2:
            return
        hit = [f"{name} {day_count(days)}" for name, days in lost if days > 0]
        spared = [name for name, days in lost if days == 0]
        tail = f"; {listing(spared)} {'loses' if len(spared) == 1 else 'lose'} none" if spared else ""
        yield f"By end use, in days of that use: {listing(hit)}{tail}."

    def _days_by_sector(self, index: int) -> list[tuple[str, float]]:
        lost = metrics.sector_days_lost(self.run.record)
        own = [
            k for k, sector in enumerate(self.network.sectors) if sector.consumer == index and sector.daily_use_t > 0
        ]
        found = [(self.network.sectors[k].sector.replace("_", " "), float(lost[k])) for k in own]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _other_line(self, index: int) -> str:
        lost, onset = self.measures["shortfall_days"][index], self.measures["onset_date"][index]
        clause = self._standing_clause(index)
        return f"{capital(self.region(index))} loses {day_count(lost)} of use, from {self.date(onset)}.{clause}"

    def _own_lines(self) -> Iterator[str]:
        """What holds of users within a region alone: the stock of those spared, and the room that was made for them."""
        for index in self.own:
            if index not in self.short:
                low = self.low_point(index)
                spared = f"{capital(self.region(index))} does not run short of {self.name}: its stock"
                if low.is_steady:
                    yield f"{spared} stays at {low.level}."
                else:
                    yield (
                        f"{spared} of {day_count(low.opening_days)} of use falls to {day_count(low.lowest_days)} at the "
                        f"lowest, on {self.date(low.day)}."
                    )
        if moved := self.network.moved_t_per_year.get(self.material, 0.0):
            names = listing([self.region(index) for index in self.own])
            yield (
                f"The suppliers of {names} sell less to its region than it buys: in the baseline {tonnes(moved)} "
                f"a year of other buyers' {self.name} come from elsewhere than in the public scenario."
            )

    def _bracket_line(self, index: int) -> Iterator[str]:
        days = {name: float(measures["shortfall_days"][index]) for name, measures in self.run.measures.items()}
        if {"none", "free"} <= days.keys():
            none, free = days["none"], days["free"]
            yield (
                f"How freely trade reroutes decides {_much(none, free)}: without rerouting {self.region(index)} would "
                f"lose {day_count(none)} of use, with free rerouting {day_count(free)}."
            )

    def _waterfall_line(self, index: int) -> Iterator[str]:
        days = {step: float(lost[index]) for step, lost in self.run.days_lost.items()}
        if days:
            yield f"Step by step, {self.region(index)} loses {describe_waterfall(days)}."

    def price_line(self) -> Iterator[str]:
        """What the region that answers the price most gives up, which is not counted as lost; where half a day or more."""
        given_up_t = self.measures["destroyed_t"]
        use_t = {i: self.network.consumers[i].daily_use_t for i in self.everyone}
        days = {i: float(given_up_t[i]) / use_t[i] if use_t[i] else 0.0 for i in self.everyone}
        most = min(self.everyone, key=lambda i: (-round(days[i], 6), self.network.consumers[i].region))
        if days[most] >= 0.5:
            total, ratio = sum(float(given_up_t[i]) for i in self.everyone), self.measures["peak_price_ratio"][most]
            yield (
                f"To prices of up to {three_figures(ratio)} times the reference users give up {tonnes(total)} of "
                f"{self.name}, {self.region(most)} {day_count(days[most])} of use; that is not counted as lost."
            )

    def _act_line(self, index: int) -> str:
        last = self.network.start + dt.timedelta(days=int(self.measures["last_date_to_act"][index]))
        consumer, as_of = self.network.consumers[index], self.run.scenario.model.as_of
        authorisation = metrics.authorisation_days(self.network, index)
        wait = f"delivery takes {count(consumer.import_lead_days, 'day')}"
        if authorisation:
            wait += f" and the release of stockpiles {count(authorisation, 'day')}"
        line = f"The last date to act for {self.region(index)} is {long_date(last)}: {wait}."
        if last < as_of:
            return f"{line} It has passed: what is known here dates from {long_date(as_of)}."
        return f"{line} It has passed before the run begins." if last < self.network.start else line

    def calm_line(self) -> str:
        """What keeps a material from running short, and whether rerouting is what does."""
        low = min(map(self.low_point, self.everyone), key=lambda low: (low.lowest_days, low.region))
        line = f"Nobody runs short of {self.name}: the thinnest commercial stock, in {with_article(low.region)}, "
        if low.is_steady:
            line += f"stays at {low.level}."
        else:
            fall = f"falls from {day_count(low.opening_days)} of use to {day_count(low.lowest_days)}"
            line += f"{fall} on {self.date(low.day)}."
        return " ".join([line + self._unrouted_clause(), *self._own_lines()])

    def _unrouted_clause(self) -> str:
        unrouted = self.ranked_short("none") if "none" in self.run.measures else []
        if not unrouted:
            return ""
        lost = self.run.measures["none"]["shortfall_days"][unrouted[0]]
        return f" Without rerouting {self.region(unrouted[0])} would lose {day_count(lost)} of use."


def _much(one_days: float, other_days: float) -> str:
    """How much a difference of days lost is, as they are written."""
    if abs(one_days - other_days) < NO_CHANGE_DAYS:
        return "nothing"
    is_shown = day_count(one_days) != day_count(other_days)
    return "much" if is_shown and abs(one_days - other_days) >= MUCH * max(one_days, other_days) else "little"


def _calm_headline(stories: Sequence[MaterialSummary]) -> str:
    if len(stories) == 1:
        return stories[0].headline()
    return f"No region runs short of any of {count(len(stories), 'material')}"
