"""Ensembles: many replications of one scenario."""

from __future__ import annotations

import bisect
import contextlib
import shutil
import tempfile
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario
from minsim.studies.answers import ensemble_answer
from minsim.studies.ensemble_estimates import EnsembleEstimates
from minsim.studies.files import study_files
from minsim.studies.monte_carlo.batches import RunProgress, load
from minsim.studies.monte_carlo.replications import METRIC_UNITS, METRICS, Experiment, compute
from minsim.studies.monte_carlo.stopping import Sampler, StoppingRule
from minsim.studies.monte_carlo.store import Part, ReplicationStore, merge, missing_runs
from minsim.studies.monte_carlo.workers import results_of, usable_cores

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LONGEST_CHUNK = 64
"""Most replications in a task, unless a chunk size is given."""


def ensemble(
    scenario: Scenario | str | Path,
    replications: int = 1000,
    *,
    seed: int | None = None,
    sampler: Sampler = "random",
    until_se_days: float | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    chunk: int | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Ensemble:
    """Simulate a scenario many times, each time with new draws of its uncertain numbers.

    Replication k uses the draws of (seed, k), wherever it is computed; the answer is the same, bit for bit, for any number
    of jobs, any chunk size or executor, and any number of interruptions.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    replications : int
        Number of replications; with `until_se_days` the largest number.
    seed : int, optional
        Seed of the draws; absent: the scenario's own.
    sampler : {"random", "sobol"}
        Named random streams, or Sobol points in sixteen independent scramblings.
    until_se_days : float, optional
        Stop as soon as the mean of days of use lost has this standard error in every region [days].
    jobs : int or None
        Worker processes; 1 computes in this process, None uses every core. A script that requests more than one needs the
        usual `if __name__ == "__main__":`.
    executor : concurrent.futures.Executor, optional
        Compute there instead, `jobs` tasks at a time (and as many queued).
    chunk : int, optional
        Replications per task; affects speed only.
    out : str or Path, optional
        Folder that stores the replications as they finish, so that the same call resumes where an earlier one stopped.
    progress : callable, optional
        Called with the number of replications done and requested.

    Returns
    -------
    Ensemble
        Its `answer`, the tables `metrics`, `probability` and `fan`, every replication in `frame`.

    Raises
    ------
    ScenarioError
        The scenario cannot be read.
    OutputError
        The folder holds another experiment, or cannot be written.
    SimulationError
        Not one replication could be computed, or a worker process died.

    Examples
    --------
    >>> ensemble("magnet-ban", 100).answer().headline  # doctest: +SKIP
    """
    if replications < 1:
        raise ValueError(f"expected at least one replication, got {replications}")
    loaded = load(scenario)
    jobs = usable_cores() if jobs is None else jobs
    chunk = chunk or max(1, min(LONGEST_CHUNK, replications // (4 * jobs)))
    experiment = Experiment.of(loaded, seed, sampler)
    scratch = Path(tempfile.mkdtemp(prefix="minsim-")) if out is None else None
    try:
        store = ReplicationStore(scratch or Path(str(out)), experiment)
        rule = StoppingRule(replications, until_se_days, sampler)
        with store.opened() as parts:
            count = _fill(store, parts, rule, jobs, executor, chunk, progress)
            return Ensemble(loaded, experiment, count, count < replications, tuple(parts), scratch)
    except BaseException:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        raise


def _fill(
    store: ReplicationStore,
    parts: list[Part],
    rule: StoppingRule,
    jobs: int,
    executor: Executor | None,
    chunk: int,
    progress: RunProgress | None,
) -> int:
    """Compute the missing replications until the rule is satisfied; returns the number of replications that count."""
    done = 0
    for part in parts:
        rule.add(part)
        done += max(0, min(part.last + 1, rule.replications) - part.first)
    tasks = ((compute, (store.experiment, *run)) for run in list(missing_runs(parts, rule.replications, chunk)))
    if progress is not None:
        progress(done, rule.replications)
    if rule.enough is None:
        with contextlib.closing(results_of(tasks, jobs, executor)) as results:
            for computed in results:
                part = store.write(computed)
                bisect.insort(parts, part, key=lambda p: p.first)
                rule.add(part)
                done += part.last + 1 - part.first
                if progress is not None:
                    progress(done, rule.replications)
                if rule.enough is not None:
                    break
    return rule.replications if rule.enough is None else rule.enough


class Ensemble(EnsembleEstimates, SavedResult):
    """Replications of one scenario, with their estimates as tables, in words and as a picture; made by `ensemble`.

    Attributes
    ----------
    scenario : Scenario
    experiment : Experiment
        With the seed and the sampler.
    count : int
        Replications requested, or fewer if a standard error was reached.
    stopped : bool
        Whether a standard error was reached before the number requested.
    failures : tuple of Failure
        Replications that could not be computed; all estimates leave them out.
    replications : array of shape (m,)
        Numbers of the replications that were computed.
    values : array of shape (m, places, metrics)
        By `schema.places` and `replications.METRICS`; dates are day numbers; `nan`: not applicable.
    """

    # ------------------------------------------------------------------------------------------------------------- tables

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All replications: one row per replication and place, one column per metric; dates as dates."""
        import pandas as pd

        places, count = self.schema.places, len(self.replications)
        frame = pd.DataFrame(
            {
                "replication": np.repeat(self.replications, len(places)),
                "material": [place.material for place in places] * count,
                "region": [place.region for place in places] * count,
            }
        )
        for j, name in enumerate(METRICS):
            column = self.values[:, :, j].ravel()
            if METRIC_UNITS[name] == "date":
                frame[name] = pd.Timestamp(self.schema.start) + pd.to_timedelta(column, unit="D")
            else:
                frame[name] = column
        return frame

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The estimates of every metric."""
        import pandas as pd

        return pd.DataFrame(self.metric_rows)

    @cached_property
    def probability(self) -> pd.DataFrame:
        """Probability of any shortfall by date, with its standard error."""
        import pandas as pd

        return pd.DataFrame(self.probability_rows)

    @cached_property
    def fan(self) -> pd.DataFrame:
        """Quantiles of the weekly shortfall as fractions of demand."""
        import pandas as pd

        return pd.DataFrame(self.fan_rows)

    # ------------------------------------------------------------------------------------------------------------ reading

    def answer(self) -> Answer:
        """The findings, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        return ensemble_answer(self)

    def plot(self, ax: Axes | None = None, place: tuple[str, str] | None = None) -> Axes:
        """Draw the fan of weekly shortfalls.

        Parameters
        ----------
        ax : Axes, optional
            Draw one place into these axes; absent: a whole figure of the hardest-hit regions.
        place : (material, region), optional
            Absent: the one with most days of use lost on average.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        if ax is None:
            return plotting.figure(self).axes[0]
        index = self.ranked[0] if place is None and self.ranked else 0
        if place is not None:
            index = self.schema.places.index(place)
        return plotting.draw_into(ax, self, index)

    def _files(self, command: str | None) -> ResultFiles:
        settings = {"replications": self.count, "sampler": self.experiment.sampler}
        files = study_files(self, {"fan": self.fan_rows}, command, **settings)
        return replace(
            files, contents={**files.contents, "replications.parquet": partial(merge, self.parts, self.count)}
        )

    def __repr__(self) -> str:
        return f"<Ensemble of {self.scenario.name}: {self.answer().headline}>"
