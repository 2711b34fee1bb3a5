"""The command that simulates: `run`, for one scenario or for all of the library."""

from __future__ import annotations

from functools import partial
from typing import Literal

import click

from minsim.cli.common import (
    EXIT_FAILED,
    command_line,
    counted_progress,
    json_text,
    leave,
    print_page,
    say,
    tell_written,
)
from minsim.cli.options import (
    RunOptions,
    collected,
    file_option,
    jobs_option,
    json_option,
    no_plot_option,
    out_option,
    scenario_options,
)

FileFormat = Literal["csv", "parquet"]

ALL = "all"
"""What `minsim run` takes for every scenario of the library."""


@click.command()
@click.argument("scenario")
@out_option("results/NAME; of a company: results/NAME-FILE")
@scenario_options
@file_option(
    "--company",
    text="Answer for a company as well: its own use, stock and suppliers, laid over SCENARIO. Nothing is sent anywhere. "
    "[results: in results/NAME-FILE]",
)
@jobs_option("--jobs", when="With `all`: worker processes")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the tables written.",
)
@no_plot_option("Draw nothing: no shortfall.png, shortfall.svg, licences.png.")
@click.option(
    "--no-bracket",
    is_flag=True,
    help="Skip the extra runs: those without and with free rerouting of trade, and the waterfall of days lost.",
)
@json_option("summary", "; files are written as usual")
@collected(RunOptions)
def run(
    scenario: str,
    jobs: int | None,
    file_format: FileFormat,
    no_bracket: bool,
    options: RunOptions,
) -> None:
    """Simulate SCENARIO, print the answer and write the results.

    SCENARIO is a name from `minsim list`, or the path of a scenario file. The answer comes first: who runs short of
    what, from which day, and how many days of use are lost; then the figures by material and region, and the files
    written.

    SCENARIO `all` runs every scenario of the library, each into a folder of its own, and writes an index of the answers
    and a heat map of days lost beside them. One that fails stops no other; the exit code is then 1.

    Without --seed and --replication the central case is computed: each uncertain number stands at the value its author
    gave as most likely. With either, the numbers are drawn from their distributions; the same seed and K always give
    the same run.

    \b
    Examples:
      minsim run magnet-ban
      minsim run magnet-ban --set events.ban.duration_days=180 --out results/half-a-year
      minsim run magnet-ban --without ban
      minsim run magnet-ban --replication 7
      minsim run magnet-ban --company my-company.yaml
      minsim run my-scenario.yaml --format parquet --no-plot
      minsim run magnet-ban --json > summary.json
      minsim run all --out results/all --jobs 4

    A problem in the scenario stops everything before anything is written, with exit code 2.
    """
    if scenario == ALL:
        _run_all(jobs, file_format, not no_bracket, options)
    elif jobs is not None:
        raise click.UsageError("--jobs goes with `all`; one scenario is one run")
    else:
        _run_one(scenario, file_format, not no_bracket, options)


def _run_one(target: str, file_format: FileFormat, bracket: bool, options: RunOptions) -> None:
    loaded = options.load(target)
    folder = options.folder(loaded.name if options.company is None else f"{loaded.name}-{options.company.stem}")
    finished = options.simulate(loaded, bracket=bracket)
    options.save(finished, folder, format=file_format)
    if options.as_json:
        say(json_text(finished.summary()))
        return
    from minsim.cli import tables

    print_page(tables.answer_page(loaded, finished.answer(), finished.summary()["metrics"]))
    tell_written(folder)


def _run_all(jobs: int | None, file_format: FileFormat, bracket: bool, options: RunOptions) -> None:
    """Run the library, print who runs short in what, and leave with code 1 when a scenario failed."""
    _refuse_for_all(options)
    from minsim.cli import library_tables
    from minsim.scenario import library
    from minsim.studies import library_runs
    from minsim.studies.monte_carlo.workers import usable_cores

    folder = options.folder()
    request = partial(
        library_runs.Request, out=folder, command=command_line(), seed=options.seed, replication=options.replication,
        bracket=bracket, plot=not options.no_plot, format=file_format,
    )  # fmt: skip
    with counted_progress("Scenarios") as progress:
        entries = library_runs.run_all(list(map(request, library())), jobs or usable_cores(), progress)
    library_runs.save_index(entries, folder, plot=not options.no_plot)
    print_page(library_tables.catalogue_page(entries))
    tell_written(folder)
    failed = [entry for entry in entries if entry.failure is not None]
    for entry in failed:
        say(f"{entry.name} failed:\n{entry.failure}", err=True)
    if failed:
        say(f"Error: {len(failed)} of {len(entries)} scenarios failed; the others are written", err=True)
        leave(EXIT_FAILED)


def _refuse_for_all(options: RunOptions) -> None:
    """Refuse options that speak of one scenario."""
    for name, given in {
        "set": options.overrides,
        "without": options.without,
        "only": options.only,
        "company": options.company,
        "json": options.as_json,
    }.items():
        if given:
            raise click.UsageError(f"--{name} is for one scenario at a time, not for `all`")
