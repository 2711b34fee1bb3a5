"""Run many scenarios, and write an index of shortages: region, material, first day, days lost.

A scenario that fails does not stop the others. The results do not depend on the number of worker processes: each scenario is
one task, and the index lists them by group and name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from minsim.errors import MinsimError
from minsim.results import plotting
from minsim.results.files import ResultFiles
from minsim.results.tables import columns_of
from minsim.scenario import UNGROUPED, load_scenario
from minsim.studies.monte_carlo.workers import results_of

if TYPE_CHECKING:
    from minsim.results.run import Run

INDEX_FILES = ("index.csv", "index.md", "days-lost.png", "days-lost.svg", "manifest.json")
COLUMNS = (
    "group", "scenario", "material", "region", "days_lost", "days_lost_without_rerouting", "days_lost_free_rerouting",
    "short_from", "short_days", "shortfall_t", "last_date_to_act",
)  # fmt: skip

OWN_METRICS = ("onset_date", "duration_days", "shortfall_t", "last_date_to_act")
"""Metrics listed for the reference behaviour alone, in the order of the fields of `Loss`."""


@dataclass(frozen=True)
class Request:
    """A scenario to run and the folder of its results; plain values, because it is sent to other processes.

    Attributes
    ----------
    target : str
        Name of a library scenario, or a path.
    out : Path
        Parent folder; the results are written into a subfolder with the name of the scenario.
    seed, replication : int or None
        As in `results.run`.
    bracket, plot : bool
    format : {"csv", "parquet"}
    command : str or None
        As in `Run.save`.
    """

    target: str
    out: Path
    seed: int | None = None
    replication: int | None = None
    bracket: bool = True
    plot: bool = True
    format: Literal["csv", "parquet"] = "csv"
    command: str | None = None


@dataclass(frozen=True)
class Loss:
    """Loss of one material in one region in one scenario.

    Attributes
    ----------
    material, region : str
        The material is given by its title.
    days_lost : float
        Days of use lost with the reference behaviour [days].
    without_rerouting, free_rerouting : float or None
        Days of use lost at both ends of the bracket; None without a bracket [days].
    short_from, last_date_to_act : date or None
    short_days, shortfall_t : float
    """

    material: str
    region: str
    days_lost: float
    without_rerouting: float | None
    free_rerouting: float | None
    short_from: str | None
    short_days: float
    shortfall_t: float
    last_date_to_act: str | None


@dataclass(frozen=True)
class Entry:
    """Result of one scenario: its headline and losses, or the cause of failure."""

    name: str
    group: str = UNGROUPED
    question: str = ""
    as_of: dt.date | None = None
    headline: str = ""
    losses: tuple[Loss, ...] = ()
    regions: tuple[str, ...] = ()
    failure: str | None = None


def run_all(
    requests: Sequence[Request], jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> list[Entry]:
    """Run scenarios and write the results of each as soon as it is done.

    Parameters
    ----------
    requests : sequence of Request
    jobs : int
        Worker processes; the results are the same for any number.
    progress : callable, optional
        Called with the number of scenarios done, and of all scenarios.

    Returns
    -------
    list of Entry
        By group and name; entries without a group last.
    """
    entries = []
    for entry in results_of(((run_request, (request,)) for request in requests), min(jobs, len(requests) or 1)):
        entries.append(entry)
        if progress is not None:
            progress(len(entries), len(requests))
    return sorted(entries, key=lambda entry: (entry.group == UNGROUPED, entry.group, entry.name))


def run_request(request: Request) -> Entry:
    """Run one scenario and write its results; a `MinsimError` becomes the failure of the entry."""
    from minsim.results.run import run

    try:
        scenario = load_scenario(request.target)
        finished = run(scenario, seed=request.seed, replication=request.replication, bracket=request.bracket)
        folder = request.out / scenario.name
        finished.save(folder, format=request.format, plot=request.plot, command=request.command)
    except MinsimError as error:
        return Entry(request.target, failure=str(error))
    regions = dict.fromkeys(consumer.region for consumer in finished.record.network.consumers)
    return Entry(
        scenario.name, scenario.model.group, scenario.question, scenario.model.as_of, finished.answer().headline,
        tuple(_losses(finished)), tuple(regions),
    )  # fmt: skip


def _losses(run: Run) -> Iterable[Loss]:
    """Regions that run short under any behaviour, the hardest hit first."""
    values: dict[tuple[str | None, ...], Any] = {
        (row["rerouting"], row["material"], row["region"], row["metric"]): row["value"] for row in run.bracket_rows
    }
    losses = []
    for consumer in run.record.network.consumers:
        place = (consumer.material, consumer.region)
        days = {r: values[r, *place, "shortfall_days"] for r in run.bracket_records}
        if any(days.values()):
            own = [values["reference", *place, name] for name in OWN_METRICS]
            title = run.scenario.model.materials[consumer.material].title or consumer.material
            losses.append(Loss(title, consumer.region, days["reference"], days.get("none"), days.get("free"), *own))
    return sorted(losses, key=lambda loss: (-loss.days_lost, loss.material, loss.region))


# ------------------------------------------------------------------------------------------------------------------- index


def save_index(entries: Sequence[Entry], out: Path, *, plot: bool = True) -> None:
    """Write the index of several scenarios: a table, a Markdown page and, with `plot`, a heat map.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    contents: dict[str, Any] = {
        "index.csv": columns_of(index_rows(entries), COLUMNS),
        "index.md": index_page(entries, plot=plot),
    }
    pictures: dict[tuple[str, ...], Any] = {}
    if any(entry.failure is None for entry in entries):
        pictures["days-lost.png", "days-lost.svg"] = partial(plotting.figure, entries)
    ResultFiles(contents, pictures, INDEX_FILES).save(out, plot=plot)


def index_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """One row per scenario, material and region with a shortage under any behaviour."""
    return [
        dict(
            zip(
                COLUMNS,
                (
                    entry.group, entry.name, loss.material, loss.region, loss.days_lost, _number(loss.without_rerouting),
                    _number(loss.free_rerouting), loss.short_from or "", loss.short_days, loss.shortfall_t,
                    loss.last_date_to_act or "",
                ),
                strict=True,
            )
        )
        for entry in entries
        for loss in entry.losses
    ]  # fmt: skip


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def index_page(entries: Sequence[Entry], *, plot: bool = True) -> str:
    """The index in Markdown: failures first, then every scenario with its question, answer and losses."""
    failed = [entry for entry in entries if entry.failure is not None]
    lines = ["# Who runs short", "", _tally(entries), ""]
    if failed:
        lines += ["## Failed", "", *(f"- **{entry.name}**: {_one_line(entry.failure or '')}" for entry in failed), ""]
    if plot and len(failed) < len(entries):
        lines += ["![Days of use lost by scenario and region](days-lost.png)", ""]
    done = [entry for entry in entries if entry.failure is None]
    for group in dict.fromkeys(entry.group for entry in done):
        lines += [f"## {group}", ""]
        lines += [line for entry in done if entry.group == group for line in _section(entry)]
    lines += [
        "Days of use lost with the reference behaviour; in brackets without, and with free, rerouting of trade. "
        "Simulations of stated assumptions, not forecasts.",
        "",
    ]
    return "\n".join(lines)


def _tally(entries: Sequence[Entry]) -> str:
    done = [entry for entry in entries if entry.failure is None]
    short = sum(any(loss.days_lost > 0 for loss in entry.losses) for entry in done)
    failed = f"; {len(entries) - len(done)} failed" if len(done) < len(entries) else ""
    return f"{len(done)} scenarios run{failed}. Somebody runs short in {short} of them."


def _section(entry: Entry) -> list[str]:
    lines = [f"### [{entry.name}]({entry.name}/)", "", f"{entry.question} *(as of {entry.as_of})*", ""]
    lines += [f"**{entry.headline}.**", ""]
    if entry.losses:
        lines += ["| material | region | days of use lost | short from | last date to act |", "|---|---|---:|---|---|"]
        lines += [
            f"| {loss.material} | {loss.region} | {days_text(loss)} | {loss.short_from or '–'} | "
            f"{loss.last_date_to_act or '–'} |"
            for loss in entry.losses
        ]
        lines.append("")
    return lines


def days_text(loss: Loss) -> str:
    """Days of use lost with their bracket, as text.

    >>> days_text(Loss("Magnets", "Japan", 98.6, 120.2, 0.0, None, 0, 0.0, None))
    '99 (120 → 0)'
    """
    if loss.without_rerouting is None or loss.free_rerouting is None:
        return _days(loss.days_lost)
    return f"{_days(loss.days_lost)} ({_days(loss.without_rerouting)} → {_days(loss.free_rerouting)})"


def _days(days: float) -> str:
    return "< 1" if 0.0 < days < 0.5 else f"{days:.0f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
