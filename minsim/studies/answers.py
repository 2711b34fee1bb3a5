"""The answers of ensembles in the reader's words; a number after ± is one standard error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minsim.results.answer import Answer, assumption_line
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.estimates import Estimate
from minsim.text.formatting import capital, count, day_count, inside_sentence, long_date, percent, with_article

if TYPE_CHECKING:
    from minsim.scenario import Scenario
    from minsim.studies.ensembles import Ensemble

MOST_REGIONS = 4
"""Regions that the answer speaks of."""


def ensemble_answer(found: Ensemble) -> Answer:
    """Say what an ensemble found, the hardest hit region first."""
    lines = [line for place in found.ranked[:MOST_REGIONS] for line in _place_lines(found, place)]
    return Answer(headline(found), (*lines, *_foot(found)))


def headline(found: Ensemble) -> str:
    """The finding about the hardest hit region."""
    total = len(found.replications)
    if not found.ranked:
        return f"Nobody runs short in any of {count(total, 'replication')}"
    worst = found.ranked[0]
    low, high = (float(v) for v in _spread(found, worst))
    who, what = region_of(found, worst), material_name(found.scenario, found.shape.places[worst].material)
    if high < 0.5:
        chance_of = percent(found.probability_by(worst).value)
        return f"{capital(who)} runs short of {what} in {chance_of} of replications, and nobody loses more days of use"
    if low == high:
        return f"{capital(who)} loses {day_count(low)} of {what} in nearly every replication"
    return f"In 90% of replications {who} loses {between(low, high)} of {what}"


def _spread(found: Ensemble, place: int) -> tuple[float, float]:
    from minsim.studies.monte_carlo.replications import DAYS_LOST

    values, groups = found.column(place, DAYS_LOST)
    return estimates.quantile(values, 0.05, groups).value, estimates.quantile(values, 0.95, groups).value


def _place_lines(found: Ensemble, place: int) -> Iterator[str]:
    from minsim.studies.monte_carlo.replications import DAYS_LOST

    values, groups = found.column(place, DAYS_LOST)
    median = estimates.quantile(values, 0.5, groups).value
    low, high = _spread(found, place)
    who = capital(region_of(found, place))
    several = len({found.shape.places[p].material for p in found.ranked}) > 1
    of = f" of {material_name(found.scenario, found.shape.places[place].material)}" if several else ""
    yield (
        f"{who} loses {days(found.days_lost(place))} of use{of} on average, {day_count(median)} in the median and "
        f"{between(low, high)} in 90% of replications; in the worst 5% it loses {days(found.tail_days(place))} on average."
    )
    yield _probability_line(found, place)


def _probability_line(found: Ensemble, place: int) -> str:
    """Probability of any shortfall by the date at which half of it is reached, and by the end."""
    last = found.shape.days - 1
    final = found.probability_by(place, last)
    by = f"by the end, {long_date(found.date(last))}"
    line = f"Probability that {region_of(found, place)} runs short: "
    half = next((day for day in found.check_days() if found.probability_by(place, day).value >= final.value / 2), last)
    if half == last:
        return f"{line}{chance(final, len(found.replications))} {by}."
    early = found.probability_by(place, half)
    told = f"{chance(early, len(found.replications))} by {long_date(found.date(half))}"
    return f"{line}{told}, {chance(final, len(found.replications))} {by}."


def _foot(found: Ensemble) -> Iterator[str]:
    points = " in 16 scramblings of Sobol points" if found.experiment.sampler == "sobol" else ""
    early = ", enough for the standard error asked for" if found.stopped else ""
    told = (
        f"{count(len(found.replications), 'replication')}{points}, seed {found.seed}{early}; ± is one standard error."
    )
    if found.failures:
        verb = "is" if len(found.failures) == 1 else "are"
        told = f"{count(len(found.failures), 'replication')} failed and {verb} left out. {told}"
    yield told
    yield from assumption_line(found.scenario)


UNITS = {"_days": "days", "_usd_per_kg": "USD/kg", "_usd": "USD", "_t_per_year": "t/year", "_per_year": "a year"}
"""What the end of a key says of its unit."""


def path_words(path: str) -> tuple[str, str]:
    """What a dotted path tells of, and its unit.

    >>> path_words("stockpiles.project-vault.target_days"), path_words("events.curb.measure.cut")
    (('project-vault: target', 'days'), ('curb: measure, cut', ''))
    """
    _, *named = path.split(".")
    owner, leaves = named[0] if named else path, list(named[1:])
    ending = next((end for end in UNITS if leaves and leaves[-1].endswith(end)), "")
    if ending:
        leaves[-1] = leaves[-1].removesuffix(ending)
    noun = ", ".join(leaf.replace("_", " ") for leaf in leaves)
    return f"{owner}: {noun}" if noun else owner, UNITS.get(ending, "")


def region_of(found: Ensemble, place: int) -> str:
    """A place's region with its article."""
    return with_article(found.shape.places[place].region)


def material_name(scenario: Scenario, material: str) -> str:
    """A material's title, as it stands inside a sentence."""
    return inside_sentence(scenario.model.materials[material].title or material)


def between(low: float, high: float) -> str:
    """A range of days.

    >>> between(12.3, 80.9), between(0.0, 3.0), between(4.0, 4.2)
    ('12 to 81 days', 'up to 3 days', '4 days')
    """
    if round(low) == round(high):
        return day_count(high)
    return f"{round(low):,} to {count(high, 'day')}" if round(low) else f"up to {count(high, 'day')}"


def days(estimate: Estimate) -> str:
    """Days with their standard error, to the first digit of the error.

    >>> days(Estimate(181.26, 1.23)), days(Estimate(181.26, 0.04)), days(Estimate(4.0, 0.0))
    ('181 ± 1 days', '181.26 ± 0.04 days', '4 days')
    """
    if not estimate.se > 0:
        return day_count(estimate.value)
    digits = digits_of(estimate.se)
    return f"{estimate.value:,.{digits}f} ± {estimate.se:,.{digits}f} days"


def digits_of(se: float) -> int:
    """Decimals that a standard error deserves: its first digit."""
    return min(6, max(0, -math.floor(math.log10(se)))) if se > 0 else 0


def chance(estimate: Estimate, total: int) -> str:
    """A probability with its standard error, in per cent.

    >>> chance(Estimate(0.834, 0.0118), 1000), chance(Estimate(0.0, 0.0), 1000), chance(Estimate(1.0, 0.0), 1000)
    ('83% ± 1', 'none of 1,000 replications', '100% (every replication)')
    """
    if estimate.value <= 0.0:
        return f"none of {count(total, 'replication')}"
    if estimate.value >= 1.0:
        return "100% (every replication)"
    if not estimate.se > 0:
        return f"{100 * estimate.value:.0f}%"
    digits = digits_of(100 * estimate.se)
    return f"{100 * estimate.value:.{digits}f}% ± {100 * estimate.se:.{digits}f}"
