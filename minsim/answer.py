"""The answer in the reader's words: who runs short of what, from when, for how long, and how sure that is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minsim import metrics
from minsim.days_lost import describe_waterfall
from minsim.disturbances import acting_disturbances
from minsim.metrics import FloatArray, Outcome
from minsim.phrases import (
    capital,
    count,
    day_count,
    dollars,
    inside_sentence,
    listing,
    long_date,
    percent,
    tonnes,
    with_article,
)

if TYPE_CHECKING:
    from minsim.loading import Scenario
    from minsim.spans import EventSpan

LONGEST_HEADLINE = 90


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


def compose_answer(run: Outcome, material: str | None = None) -> Answer:
    """Say what a run found.

    Parameters
    ----------
    run : Outcome
        The finished run.
    material : str, optional
        Speak of this material alone; absent: of all, the hardest hit first.
    """
    stories = [MaterialStory(run, name) for name in ([material] if material else rank_materials(run))]
    short = [story for story in stories if story.short]
    lines = [line for story in short for line in story.lines()]
    lines += [story.calm_line() for story in stories if not story.short]
    lines += _stockpile_lines(run, {index for story in stories for index in story.everyone})
    lines += assumption_line(run.scenario)
    return Answer(short[0].headline() if short else _calm_headline(stories), tuple(lines))


def assumption_line(scenario: Scenario) -> list[str]:
    """How much of a scenario rests on assumptions; empty where nothing is known about its inputs."""
    assumed, total = metrics.assumption_count(scenario)
    verb = "is an assumption" if assumed == 1 else "are assumptions"
    return [f"{assumed} of {count(total, 'input')} {verb}."] if total else []


def rank_materials(run: Outcome) -> list[str]:
    """Materials with consumers, by the most days of use any region loses, then by the thinnest cover."""
    stories = [MaterialStory(run, name) for name in sorted({c.material for c in run.record.network.consumers})]
    return [story.material for story in sorted(stories, key=lambda story: (-story.worst_days, story.thinnest_days))]


class MaterialStory:
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
            raise ValueError(f"no region of this run uses {material!r}; expected one of {known}")
        self.short = self.ranked_short("reference")

    def ranked_short(self, rerouting: str) -> list[int]:
        """Consumers that run short under one rerouting, the hardest hit first."""
        measures = self.run.measures[rerouting]
        short = [i for i in self.everyone if measures["duration_days"][i] > 0]
        days = {i: round(float(measures["shortfall_days"][i]), 6) for i in short}  # so that equals stand by name
        return sorted(short, key=lambda i: (-days[i], self.network.consumers[i].region))

    @property
    def worst_days(self) -> float:
        return max((float(self.measures["shortfall_days"][i]) for i in self.short), default=0.0)

    @property
    def thinnest_days(self) -> float:
        return min(float(self.measures["min_commercial_cover_days"][i]) for i in self.everyone)

    @property
    def name(self) -> str:
        """The material's title, as it stands inside a sentence."""
        return inside_sentence(self.run.scenario.model.materials[self.material].title or self.material)

    def disturbances(self) -> list[EventSpan]:
        """Events that disturb this material, or what it is made from."""
        return acting_disturbances(self.network, self.material)

    def region(self, index: int) -> str:
        """A consumer's region, with its article."""
        return with_article(self.network.consumers[index].region)

    def date(self, day: float) -> str:
        """A day number as a date in words."""
        return long_date(self.network.start + dt.timedelta(days=int(day)))

    def headline(self) -> str:
        """The finding about the hardest hit region, as much of it as fits a title."""
        if not self.short:
            return f"No region runs short of {self.name}"
        worst, others = self.short[0], self.short[1:]
        who, lost = capital(self.region(worst)), day_count(self.measures["shortfall_days"][worst])
        onset = self.date(self.measures["onset_date"][worst])
        also = "".join(f", {self.region(i)} {round(self.measures['shortfall_days'][i])}" for i in others)
        candidates = [
            f"{who} loses {lost} of {self.name} from {onset}{also}",
            f"{who}, worst hit of {len(self.short)}, loses {lost} of {self.name} from {onset}",
            f"{who} loses {lost} of {self.name} from {onset}",
            f"{who} loses {lost} of {self.name}",
        ]
        if not others:
            candidates[:2] = [f"{who} runs short of {self.name} from {onset} and loses {lost} of use"]
        return next((text for text in candidates if len(text) <= LONGEST_HEADLINE), candidates[-1])

    def lines(self) -> Iterator[str]:
        """Everything there is to say about a material that somebody runs short of."""
        worst = self.short[0]
        yield self._amount_line(worst)
        yield from self._sector_line(worst)
        yield from (self._other_line(index) for index in self.short[1:])
        spared = [self.region(i) for i in self.everyone if i not in self.short]
        if spared:
            yield f"{capital(listing(spared))} {'does' if len(spared) == 1 else 'do'} not run short of {self.name}."
        yield from self._bracket_line(worst)
        yield from self._waterfall_line(worst)
        yield self._act_line(worst)

    def _amount_line(self, index: int) -> str:
        measure = {name: values[index] for name, values in self.measures.items()}
        return (
            f"{capital(self.region(index))} is short of {tonnes(measure['shortfall_t'])} of {self.name}, "
            f"{day_count(measure['shortfall_days'])} of use, on {count(measure['duration_days'], 'day')} "
            f"from {self.date(measure['onset_date'])}; on the worst day {percent(measure['peak_shortfall_fraction'])} "
            "of the need is missing."
        )

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
        return f"{capital(self.region(index))} loses {day_count(lost)} of use, from {self.date(onset)}."

    def _bracket_line(self, index: int) -> Iterator[str]:
        days = {name: float(measures["shortfall_days"][index]) for name, measures in self.run.measures.items()}
        if {"none", "free"} <= days.keys():
            yield (
                f"How freely trade reroutes decides much: without rerouting {self.region(index)} would lose "
                f"{day_count(days['none'])} of use, with free rerouting {day_count(days['free'])}."
            )

    def _waterfall_line(self, index: int) -> Iterator[str]:
        days = {step: float(lost[index]) for step, lost in self.run.days_lost.items()}
        if days:
            yield f"Step by step, {self.region(index)} loses {describe_waterfall(days)}."

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
        cover = metrics.commercial_cover_days(self.run.record)
        thinnest = min(self.everyone, key=lambda i: (cover[:, i].min(), self.network.consumers[i].region))
        lowest, opening = cover[:, thinnest].min(), cover[0, thinnest]
        line = f"Nobody runs short of {self.name}: the thinnest commercial stock, in {self.region(thinnest)}, "
        if lowest >= metrics.RECOVERED_FRACTION * opening:
            line += f"stays at {day_count(lowest)} of use."
        else:
            day = self.date(int(cover[:, thinnest].argmin()))
            line += f"falls from {day_count(opening)} of use to {day_count(lowest)} on {day}."
        return line + self._unrouted_clause()

    def _unrouted_clause(self) -> str:
        unrouted = self.ranked_short("none") if "none" in self.run.measures else []
        if not unrouted:
            return ""
        lost = self.run.measures["none"]["shortfall_days"][unrouted[0]]
        return f" Without rerouting {self.region(unrouted[0])} would lose {day_count(lost)} of use."


def _calm_headline(stories: Sequence[MaterialStory]) -> str:
    if len(stories) == 1:
        return stories[0].headline()
    return f"No region runs short of any of {count(len(stories), 'material')}"


# -------------------------------------------------------------------------------------------------------------- stockpiles


def _stockpile_lines(run: Outcome, consumers: set[int]) -> Iterator[str]:
    record = run.record
    measures = metrics.measure_stockpiles(record, [[index] for index in range(len(record.network.holdings))])
    names = [holding.stockpile for holding in record.network.holdings]
    for index, holding in enumerate(record.network.holdings):
        if consumers.isdisjoint(holding.serves):
            continue
        name = run.scenario.model.stockpiles[holding.stockpile].title or holding.stockpile
        if names.count(holding.stockpile) > 1:
            title = run.scenario.model.materials[holding.material].title or holding.material
            name += f" ({inside_sentence(title)})"
        yield _stockpile_line(run, index, name, {key: float(values[index]) for key, values in measures.items()})


def _stockpile_line(run: Outcome, index: int, name: str, measure: dict[str, float]) -> str:
    def date(day: float) -> str:
        return long_date(run.record.network.start + dt.timedelta(days=int(day)))

    daily, holding = run.record.holding[:, index], run.record.network.holdings[index]
    opening = measure["stockpile_opening_days"]
    line = f"{name} opens {f'with {day_count(opening)} of use' if opening > 0 else 'empty'}"
    if (bought := float(daily[:, metrics.BOUGHT].sum())) > 0:
        line += f", buys {tonnes(bought)} for {dollars(measure['stockpile_spent_usd'])}"
    first, exhausted = measure["stockpile_first_release_date"], measure["stockpile_exhausted_date"]
    if math.isnan(first):
        return f"{line} and is never released."
    line += f", releases from {date(first)}, serves {day_count(measure['stockpile_days_served'])} of use"
    if not math.isnan(exhausted):
        return f"{line} and is empty on {date(exhausted)}."
    return f"{line} and closes with {day_count(_closing_days(daily, holding.use_t_per_day))}."


def _closing_days(daily: FloatArray, use_t_per_day: float) -> float:
    return float(daily[-1, metrics.CLOSING] / use_t_per_day) if use_t_per_day > 0 else math.nan
