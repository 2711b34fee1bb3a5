"""Producer outages (N-1 analysis): days of use a region loses if one producer country stops for a year.

Deep chains are simulated with the reference behaviour; every producer of the country, at every stage, stops on the same
day. Materials for screening only have no chain: they use the closed form on direct purchases, days of use lost =
exposure × days − cover, without rerouting (model, section 9).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsim._version import __version__
from minsim.data.reference import AS_OF, REST_OF_WORLD, materials, stage_shares
from minsim.errors import ScenarioError
from minsim.reference.check import UNITED_STATES, chain_scenario
from minsim.reference.screening import STOP_DAY, cover_days, exposure, lead_days, stop_events, survival
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.studies.answers import days
from minsim.studies.files import columns_of_rows
from minsim.studies.monte_carlo import estimates
from minsim.studies.monte_carlo.batches import Batch, FailedRun, RunProgress, replication_runner
from minsim.studies.monte_carlo.estimates import Estimate, rounded
from minsim.studies.monte_carlo.replications import Experiment, MaterialRegion
from minsim.text.formatting import count, day_count, inside_sentence, percent, whole_days, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

STOP_DAYS = 365
AFTER_DAYS = 365
"""Days simulated after the stop, because shortages outlast it."""
SEED = 1
MOST_NAMED = 8


@dataclass(frozen=True)
class ProducerOutage:
    """The outage of one country in the chain of one material.

    Attributes
    ----------
    material, title, tier, country : str
    lost : Estimate
        Days of use lost; without a standard error in closed form.
    worst : Estimate
        Mean of the worst 5% of replications [days of use].
    probability : Estimate
        Probability of any shortfall.
    onset_days : float
        Median of days from the stop to the first short day, over replications with a shortfall; `nan`: none.
    basis : {"simulated", "closed form", "at most"}
        Materials for screening only are in closed form; `at most`: their trade with the country is not published.
    replications : int
        Number computed; 0 in closed form.
    """

    material: str
    title: str
    tier: str
    country: str
    lost: Estimate
    worst: Estimate
    probability: Estimate
    onset_days: float
    basis: str
    replications: int

    @property
    def text(self) -> str:
        """Days lost, as text of a table cell."""
        sign = {"at most": "≤ ", "closed form": "~ "}.get(self.basis, "") if self.lost.value > 0.0 else ""
        return f"{sign}{whole_days(self.lost.value)}"


class ProducerOutages(SavedResult):
    """Days of use a region loses in every producer outage; made by `stop_each_producer`.

    Attributes
    ----------
    cells : list of ProducerOutage
        Most days lost first.
    """

    def __init__(
        self, region: str, stop_days: int, seed: int, replications: int, cells: Sequence[ProducerOutage],
        failed_runs: Sequence[FailedRun] = (),
    ) -> None:  # fmt: skip
        self.region, self.stop_days, self.seed, self.replications = region, stop_days, seed, replications
        self.cells = sorted(cells, key=lambda c: (-round(c.lost.value, 6), c.material, c.country))
        self.failed_runs = list(failed_runs)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row per material and country."""
        return [
            {
                "material": c.material,
                "tier": c.tier,
                "country": c.country,
                "region": self.region,
                "basis": c.basis,
                "replications": c.replications,
                "days_lost": rounded(c.lost.value),
                "days_lost_se": rounded(c.lost.se),
                "cvar_95_days": rounded(c.worst.value),
                "cvar_95_se": rounded(c.worst.se),
                "probability_of_shortfall": rounded(c.probability.value),
                "probability_se": rounded(c.probability.se),
                "median_onset_days": rounded(c.onset_days),
            }
            for c in self.cells
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def answer(self) -> Answer:
        """The most costly outages, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        where = with_article(self.region)
        worst = [c for c in self.cells if c.basis == "simulated" and c.lost.value >= 0.5]
        period = f"{self.stop_days} days" if self.stop_days != STOP_DAYS else "a year"
        if not worst:
            head = f"No country that stops for {period} costs {where} a day of use of any material simulated"
        else:
            first = worst[0]
            head = (
                f"Of all stops for {period}, that of {with_article(first.country)} costs {where} most: "
                f"{day_count(first.lost.value)} of {inside_sentence(first.title)}"
            )
        return Answer(head, (*map(self._line, worst[:MOST_NAMED]), *self._foot()))

    def _line(self, c: ProducerOutage) -> str:
        chance = f"short in {percent(c.probability.value)} of replications"
        return f"{c.title} without {with_article(c.country)}: {days(c.lost)} of use lost, {chance}."

    def _foot(self) -> Iterator[str]:
        simulated = [c for c in self.cells if c.basis == "simulated"]
        chains = len({c.material for c in simulated})
        each = count(self.replications, "replication")
        yield (
            f"{count(len(simulated), 'stop')} simulated in {count(chains, 'chain')}, {each} each, seed {self.seed}; buyers "
            "reroute as in the reference behaviour; ± is one standard error."
        )
        if len(simulated) < len(self.cells):
            yield (
                "~ and ≤: for screening only, in closed form on direct purchases, nobody rerouting; no conclusion rests on "
                "them."
            )
        computed = {(c.material, c.country) for c in self.cells}
        stopped = {(str(f.changes["material"]), str(f.changes["country"])): f.failure.line for f in self.failed_runs}
        for (material, country), cause in stopped.items():
            if (material, country) not in computed:
                yield f"Not computed: {material} without {with_article(country)}. {cause}"
        if self.failed_runs:
            yield f"{count(len(self.failed_runs), 'replication')} failed and are left out."

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        return {
            "as_of": AS_OF.isoformat(),
            "version": __version__,
            "region": self.region,
            "stop_days": self.stop_days,
            "seed": self.seed,
            "replications": self.replications,
            "stops": self.rows,
            "failures": [failed.as_dict() for failed in self.failed_runs],
            "answer": self.answer().as_dict(),
        }

    def plot(self) -> Axes:
        """Draw the heat map: materials by countries.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        return plotting.figure(self).axes[0]

    def _files(self, command: str | None) -> ResultFiles:
        contents = {"stops.csv": columns_of_rows(self.rows), "summary.json": {**self.summary(), "command": command}}
        return ResultFiles(contents, {("stops.png",): partial(plotting.figure, self)})

    def __repr__(self) -> str:
        return f"<ProducerOutages: {self.answer().headline}>"


def stop_each_producer(
    keys: Sequence[str] | None = None,
    *,
    region: str = UNITED_STATES,
    stop_days: int = STOP_DAYS,
    replications: int = 200,
    seed: int = SEED,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> ProducerOutages:
    """Simulate the outage of each producer country of each material, one at a time (N-1 analysis).

    Parameters
    ----------
    keys : sequence of str, optional
        Materials of the reference data; absent: all.
    region : str
        The consumer region. Data on materials for screening only exist for the United States alone.
    stop_days : int
        Length of every outage [days].
    replications : int
        Replications of each outage in a deep chain.
    seed, jobs, executor, out, progress
        As of `ensemble`; the seed serves all chains.

    Returns
    -------
    ProducerOutages
        Its `answer` and `table`.

    Raises
    ------
    ScenarioError
        There is no such material or region.

    Examples
    --------
    >>> stop_each_producer(["gallium"], replications=20).answer().headline  # doctest: +SKIP
    """
    known = materials()
    for key in keys or ():
        if key not in known:
            raise ScenarioError.single(unknown("material", key, known))
    chosen = [known[key] for key in keys or known]
    deep = [
        (entry.key, country) for entry in chosen if entry.tier == "deep" for country in _countries(entry.key, region)
    ]
    experiments = [_stopped(key, country, stop_days, seed) for key, country in deep]
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        batches = runner.replicate(experiments, replications)
    stops = list(zip(deep, batches, strict=True))
    cells = [_measured(key, country, region, batch) for (key, country), batch in stops if len(batch.replications)]
    if region == UNITED_STATES:
        cells += [cell for entry in chosen if entry.tier != "deep" for cell in _closed_forms(entry.key, stop_days)]
    if not cells:
        regions = {name: None for entry in chosen if entry.tier == "deep" for name in _users(entry.key)}
        raise ScenarioError.single(unknown("region", region, regions))
    failed = [
        FailedRun(f, seed, {"material": key, "country": country}, is_repeatable=False)
        for (key, country), batch in stops
        for f in batch.failures
    ]
    return ProducerOutages(region, stop_days, seed, replications, cells, failed)


def _users(key: str) -> list[str]:
    return list(chain_scenario(key).model.materials[key].consumers)


def _countries(key: str, region: str) -> list[str]:
    """Countries with producers anywhere in the chain; none where the region does not use the material."""
    if region not in _users(key):
        return []
    producers = [
        producer.country or name
        for model in chain_scenario(key).model.materials.values()
        for block in model.stages.values()
        for name, producer in block.producers.items()
    ]
    return sorted(set(producers) - {REST_OF_WORLD})


def _stopped(key: str, country: str, stop_days: int, seed: int) -> Experiment:
    base = chain_scenario(key)
    start = base.model.start + dt.timedelta(days=STOP_DAY)
    end = start + dt.timedelta(days=stop_days + AFTER_DAYS)
    return Experiment.of(base.with_overrides({"end": end, **stop_events(base, country, start, stop_days)}), seed)


def _measured(key: str, country: str, region: str, batch: Batch) -> ProducerOutage:
    place = MaterialRegion(key, region)
    lost, onset = batch.values_at("shortfall_days", place), batch.values_at("onset_date", place)
    short = onset[~np.isnan(onset)] - STOP_DAY
    return ProducerOutage(
        key, materials()[key].title, "deep", country, estimates.mean(lost), estimates.tail_mean(lost),
        estimates.probability(~np.isnan(onset)), float(np.median(short)) if len(short) else float("nan"),
        "simulated", len(lost),
    )  # fmt: skip


def _closed_forms(key: str, stop_days: int) -> Iterator[ProducerOutage]:
    """Outages of a material without a chain, from known sellers, exposure and stock cover."""
    entry, (cover, _) = materials()[key], cover_days(key)
    makers = {country for stage in entry.stages for country in stage_shares(key, stage)}
    for country in sorted(makers - {REST_OF_WORLD, UNITED_STATES}):
        part, basis = exposure(key, country)
        lost = max(0.0, part * stop_days - cover)
        first = survival(cover, part, lead_days(country)) if lost > 0.0 else float("nan")
        undefined = float("nan")
        yield ProducerOutage(
            key, entry.title, entry.tier, country, Estimate(lost, undefined), Estimate(undefined, undefined),
            Estimate(undefined, undefined), first, "at most" if basis == "at most" else "closed form", 0,
        )  # fmt: skip
