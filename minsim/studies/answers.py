"""Estimates and the answer of an ensemble as text; a number after ± is one standard error."""

from __future__ import annotations

import math
from collections.abc import Iterator

from minsim.results.answer import Answer, assumption_line
from minsim.scenario import Scenario
from minsim.studies.ensemble_estimates import EnsembleEstimates
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.estimates import Estimate
from minsim.studies.monte_carlo.replications import DAYS_LOST
from minsim.text.formatting import capital, count, day_count, inside_sentence, long_date, percent, with_article

ROUNDING = 1e-9
"""A standard error below this share of its number is rounding of the arithmetic, and none."""
MOST_REGIONS = 4
"""Most regions named in the answer."""


def ensemble_answer(ensemble: EnsembleEstimates) -> Answer:
    """The answer of an ensemble, the hardest-hit region first."""
    lines = [line for place in ensemble.ranked[:MOST_REGIONS] for line in _place_lines(ensemble, place)]
    return Answer(headline(ensemble), (*lines, *_foot(ensemble)))


def headline(ensemble: EnsembleEstimates) -> str:
    """The finding about the hardest-hit region."""
    total = len(ensemble.replications)
    if not ensemble.ranked:
        return f"Nobody runs short in any of {count(total, 'replication')}"
    worst = ensemble.ranked[0]
    low, high = (float(v) for v in _spread(ensemble, worst))
    who, what = region_of(ensemble, worst), material_name(ensemble.scenario, ensemble.schema.places[worst].material)
    if high < 0.5:
        chance_of = percent(ensemble.probability_by(worst).value)
        return f"{capital(who)} runs short of {what} in {chance_of} of replications, and nobody loses more days of use"
    if low == high:
        return f"{capital(who)} loses {day_count(low)} of {what} in nearly every replication"
    return f"In 90% of replications {who} loses {between(low, high)} of {what}"


def _spread(ensemble: EnsembleEstimates, place: int) -> tuple[float, float]:
    values, groups = ensemble.column(place, DAYS_LOST)
    return estimates.quantile(values, 0.05, groups).value, estimates.quantile(values, 0.95, groups).value


def _place_lines(ensemble: EnsembleEstimates, place: int) -> Iterator[str]:
    values, groups = ensemble.column(place, DAYS_LOST)
    median = estimates.quantile(values, 0.5, groups).value
    low, high = _spread(ensemble, place)
    who = capital(region_of(ensemble, place))
    several = len({ensemble.schema.places[p].material for p in ensemble.ranked}) > 1
    of = f" of {material_name(ensemble.scenario, ensemble.schema.places[place].material)}" if several else ""
    yield (
        f"{who} loses {days(ensemble.days_lost(place))} of use{of} on average, {day_count(median)} in the median and "
        f"{between(low, high)} in 90% of replications; "
        f"in the worst 5% it loses {days(ensemble.tail_days(place))} on average."
    )
    yield _probability_line(ensemble, place)


def _probability_line(ensemble: EnsembleEstimates, place: int) -> str:
    """Probability of any shortfall by the date at which half of it is reached, and by the end."""
    last = ensemble.schema.days - 1
    final = ensemble.probability_by(place, last)
    by = f"by the end, {long_date(ensemble.date(last))}"
    line = f"Probability that {region_of(ensemble, place)} runs short: "
    half = next(
        (day for day in ensemble.check_days() if ensemble.probability_by(place, day).value >= final.value / 2), last
    )
    if half == last:
        return f"{line}{chance(final, len(ensemble.replications))} {by}."
    early = ensemble.probability_by(place, half)
    sooner = f"{chance(early, len(ensemble.replications))} by {long_date(ensemble.date(half))}"
    return f"{line}{sooner}, {chance(final, len(ensemble.replications))} {by}."


def _foot(ensemble: EnsembleEstimates) -> Iterator[str]:
    points = " in 16 scramblings of Sobol points" if ensemble.experiment.sampler == "sobol" else ""
    early = ", enough for the standard error asked for" if ensemble.stopped else ""
    total = count(len(ensemble.replications), "replication")
    basis = f"{total}{points}, seed {ensemble.seed}{early}; ± is one standard error."
    if ensemble.failures:
        verb = "is" if len(ensemble.failures) == 1 else "are"
        basis = f"{count(len(ensemble.failures), 'replication')} failed and {verb} left out. {basis}"
    yield basis
    yield from assumption_line(ensemble.scenario)


UNITS = {"_days": "days", "_usd_per_kg": "USD/kg", "_usd": "USD", "_t_per_year": "t/year", "_per_year": "a year"}
"""Units by the ending of a key."""


def path_words(path: str) -> tuple[str, str]:
    """The number at a dotted path in words, and its unit.

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


def region_of(ensemble: EnsembleEstimates, place: int) -> str:
    """A place's region with its article."""
    return with_article(ensemble.schema.places[place].region)


def material_title(scenario: Scenario, material: str) -> str:
    """A material's title, or else its key."""
    return scenario.model.materials[material].title or material


def material_name(scenario: Scenario, material: str) -> str:
    """A material's title, as it stands inside a sentence."""
    return inside_sentence(material_title(scenario, material))


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
    if not estimate.se > ROUNDING * max(1.0, abs(estimate.value)):
        return day_count(estimate.value)
    digits = digits_of(estimate.se)
    return f"{estimate.value:,.{digits}f} ± {estimate.se:,.{digits}f} days"


def digits_of(se: float) -> int:
    """Decimals up to the first significant digit of a standard error."""
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
