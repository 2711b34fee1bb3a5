"""How much the answer rests on assumptions, and which numbers decide: words and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minsim.metrics.rows import assumption_count
from minsim.report.contents import PageContents
from minsim.report.decisive_inputs import Decider, Screening
from minsim.report.formats import Bar, days_text, number_name, range_text
from minsim.text.formatting import capital, count, inside_sentence, percent, with_article

MOST_DECIDING = 5
"""Numbers on the first screen."""


class Resting:
    """What the page says of its footing.

    Parameters
    ----------
    found : PageContents
    """

    def __init__(self, found: PageContents) -> None:
        self.found, self.run, self.screening = found, found.run, found.screening

    def first_screen(self) -> dict[str, Any]:
        """Title, the numbers that decide most, and how they were found."""
        assumed, total = assumption_count(self.run.scenario)
        deciding = [] if self.screening is None else self.screening.acting[:MOST_DECIDING]
        return {
            "title": title(assumed, total, deciding),
            "assumed": assumed,
            "total": total,
            "rows": self._rows(deciding),
            "short_method": self.short_method(),
            "method": self.method(),
        }

    def every(self) -> list[dict[str, Any]]:
        """Every number that moves the answer at all."""
        return [] if self.screening is None else self._rows(self.screening.acting)

    def _rows(self, deciding: Sequence[Decider]) -> list[dict[str, Any]]:
        scenario = self.run.scenario
        inputs = {entry.path: entry for entry in scenario.inputs()}
        values = [v for d in deciding for v in (d.low, d.high, d.central)]
        least, width = min(values, default=0.0), max(max(values, default=1.0) - min(values, default=0.0), 1e-9)
        return [
            {
                "name": number_name(scenario, d.factor.name[0]),
                "path": d.factor.label,
                "range": range_text(scenario, d.factor, inputs),
                "assumption": d.factor.is_assumption,
                "low": days_text(d.low),
                "high": days_text(d.high),
                "bar": _bar(d, least, width),
                "centre": 100 * (d.central - least) / width,
            }
            for d in deciding
        ]

    def short_method(self) -> str:
        """The method in a line, and what the bars are."""
        if self.screening is None:
            return "No number was moved for this page."
        moved, wanted = len(self.screening.deciders), self.screening.wanted
        metric = self._metric(self.screening)
        if not self.screening.acting:
            untold = f"; the other {wanted - moved} were not moved" if moved < wanted else ""
            return f"None of {count(moved, 'uncertain number')}, moved one at a time, changes {metric}{untold}."
        left_out = f" Only {moved} of {count(wanted, 'number')} moved." if moved < wanted else ""
        return f"Bars: {metric}, with one number at a time at the low and the high end of its range.{left_out}"

    def method(self) -> str:
        """How the deciding numbers were found, and what was left out."""
        found = self.screening
        if found is None:
            return "No number was moved for this page."
        drawn = self.run.replication
        where = "their central values" if drawn is None else f"those of replication {drawn}"
        moved = len(found.deciders)
        text = (
            f"Each of {count(moved, 'uncertain number')} moved alone to both ends of the middle 90% of its range, the "
            f"others at {where} ({count(2 * moved, 'run')}): {self._metric(found)}. Numbers that only bite together "
            "are not seen so; numbers without a range were not moved."
        )
        if moved < found.wanted:
            text += f" {found.wanted - moved} more were not moved: a run failed, or time ran out."
        if found.metric != "shortfall_days":
            runs = count(found.short_runs, "run") if found.short_runs else "none"
            text += (
                f" In {runs} of these is anybody short."
                if runs == "none"
                else f" In {runs} of these somebody is short."
            )
        return text

    def _metric(self, found: Screening) -> str:
        user = self.run.record.network.consumers[found.consumer]
        form = inside_sentence(self.run.scenario.model.materials[user.material].title or user.material)
        if found.metric == "shortfall_days":
            return f"days of {form} lost by {with_article(user.region)}"
        return f"least stock of {form} in {with_article(user.region)}, in days of use"


def title(assumed: int, total: int, deciding: Sequence[Decider]) -> str:
    """How many inputs are assumptions, and how many of those that decide."""
    if not total:
        return "The scenario gives no empirical number"
    head = f"{capital(percent(assumed / total))} of the inputs are assumptions"
    if not deciding:
        return head
    guessed = sum(decider.factor.is_assumption for decider in deciding)
    if len(deciding) == 1:
        return f"{head}, and the one number that decides is {'one of them' if guessed else 'not one of them'}"
    part = "all" if guessed == len(deciding) else guessed or "none"
    return f"{head}, and so {'is' if guessed == 1 else 'are'} {part} of the {len(deciding)} numbers that decide most"


def _bar(decider: Decider, least: float, width: float) -> Bar:
    left = min(decider.low, decider.high, decider.central) - least
    return Bar(100 * left / width, 100 * decider.span / width, "guess" if decider.factor.is_assumption else "known")
