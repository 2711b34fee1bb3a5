"""Basis of the answer: the share of assumptions among its inputs, and the decisive inputs, as text and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minsim.metrics.rows import assumption_count
from minsim.report.contents import PageContents
from minsim.report.decisive_inputs import InputEffect, InputScreening
from minsim.report.formats import NO_INPUTS, Bar, days_text, number_name, range_text
from minsim.studies.answers import material_name
from minsim.text.formatting import capital, count, percent, with_article

MOST_DECISIVE = 5
"""Decisive inputs on the first screen."""


class Basis:
    """How far the answer depends on assumptions, and the decisive inputs.

    Parameters
    ----------
    contents : PageContents
    """

    def __init__(self, contents: PageContents) -> None:
        self.run, self.screening = contents.run, contents.screening
        moving = [] if self.screening is None else self.screening.decisive
        self.decisive = [e for e in moving if len({days_text(v) for v in (e.low, e.high, e.central)}) > 1]
        self.hardly = len(moving) - len(self.decisive)

    def first_screen(self) -> dict[str, Any]:
        """Title, the most decisive inputs, and the method."""
        assumed, total = assumption_count(self.run.scenario)
        decisive = self.decisive[:MOST_DECISIVE]
        return {
            "title": title(assumed, total, decisive),
            "assumed": assumed,
            "total": total,
            "rows": self._rows(decisive),
            "short_method": self.short_method(),
            "method": self.method(),
        }

    def decisive_inputs(self) -> list[dict[str, Any]]:
        """Every input with an effect on the answer that shows once it is rounded."""
        return self._rows(self.decisive)

    def _rows(self, effects: Sequence[InputEffect]) -> list[dict[str, Any]]:
        scenario = self.run.scenario
        inputs = {entry.path: entry for entry in scenario.inputs()}
        values = [v for e in effects for v in (e.low, e.high, e.central)]
        least, width = min(values, default=0.0), max(max(values, default=1.0) - min(values, default=0.0), 1e-9)
        return [
            {
                "name": number_name(scenario, e.factor.name[0]),
                "path": e.factor.label,
                "range": range_text(scenario, e.factor, inputs),
                "assumption": e.factor.is_assumption,
                "low": days_text(e.low),
                "high": days_text(e.high),
                "bar": _bar(e, least, width),
                "centre": 100 * (e.central - least) / width,
            }
            for e in effects
        ]

    def short_method(self) -> str:
        """The method in a line, with the meaning of the bars."""
        if self.screening is None:
            return "No number was moved for this page."
        varied, uncertain = len(self.screening.effects), self.screening.uncertain
        metric = self._metric(self.screening)
        if not self.decisive:
            rest = f"; the other {uncertain - varied} were not moved" if varied < uncertain else ""
            visibly = " by as much as is shown" if self.hardly else ""
            return f"None of {count(varied, 'uncertain number')}, moved one at a time, changes {metric}{visibly}{rest}."
        left_out = f" Only {varied} of {count(uncertain, 'number')} moved." if varied < uncertain else ""
        return f"Bars: {metric}, with one number at a time at the low and the high end of its range.{left_out}"

    def method(self) -> str:
        """The screening method, and what it leaves out."""
        screening = self.screening
        if screening is None:
            return "No number was moved for this page."
        replication = self.run.replication
        where = "their central values" if replication is None else f"those of replication {replication}"
        varied = len(screening.effects)
        text = (
            f"Each of {count(varied, 'uncertain number')} moved alone to both ends of the middle 90% of its range, the "
            f"others at {where} ({count(2 * varied, 'run')}): {self._metric(screening)}. Numbers that only bite together "
            "are not seen so; numbers without a range were not moved."
        )
        if varied < screening.uncertain:
            text += f" {screening.uncertain - varied} more were not moved: a run failed, or time ran out."
        if screening.metric != "shortfall_days":
            text += (
                f" In {count(screening.short_runs, 'run')} of these somebody is short."
                if screening.short_runs
                else " In none of these is anybody short."
            )
        return text

    def _metric(self, screening: InputScreening) -> str:
        user = self.run.record.network.consumers[screening.consumer]
        form = material_name(self.run.scenario, user.material)
        if screening.metric == "shortfall_days":
            return f"days of {form} lost by {with_article(user.region)}"
        return f"least stock of {form} in {with_article(user.region)}, in days of use"


def title(assumed: int, total: int, decisive: Sequence[InputEffect]) -> str:
    """Share of assumptions among all inputs, and among the decisive ones."""
    if not total:
        return NO_INPUTS
    head = f"{capital(percent(assumed / total))} of the inputs are assumptions"
    if not decisive:
        return head
    guessed = sum(effect.factor.is_assumption for effect in decisive)
    if len(decisive) == 1:
        return f"{head}, and the one number that decides is {'one of them' if guessed else 'not one of them'}"
    part = "all" if guessed == len(decisive) else guessed or "none"
    return f"{head}, and so {'is' if guessed == 1 else 'are'} {part} of the {len(decisive)} numbers that decide most"


def _bar(effect: InputEffect, least: float, width: float) -> Bar:
    left = min(effect.low, effect.high, effect.central) - least
    return Bar(100 * left / width, 100 * effect.span / width, "guess" if effect.factor.is_assumption else "known")
