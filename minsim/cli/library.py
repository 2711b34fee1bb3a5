"""`minsim run all`: every scenario of the library, with an index of the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minsim.cli.common import COMMAND_LINE, EXIT_FAILED, console, counted_progress


def refuse(**options: Any) -> None:
    """Refuse options that speak of one scenario."""
    given = [f"--{name}" for name, value in options.items() if value]
    if given:
        raise click.UsageError(f"{given[0]} is for one scenario at a time, not for `all`")


def run_all(ctx: click.Context, out: Path | None, jobs: int | None, **options: Any) -> None:
    """Run the library, print who runs short in what, and leave with code 1 when a scenario failed."""
    from minsim import scenario
    from minsim.cli import library_tables, tables
    from minsim.studies import library_runs
    from minsim.studies.monte_carlo.workers import usable_cores

    folder = out or Path("results")
    command = ctx.meta[COMMAND_LINE]
    requests = [library_runs.Request(name, folder, command=command, **options) for name in scenario.library()]
    with counted_progress("Scenarios") as tell:
        entries = library_runs.run_all(requests, jobs or usable_cores(), tell)
    library_runs.save_index(entries, folder, plot=options["plot"])
    console().print(library_tables.catalogue_page(entries))
    console().print(tables.files_written(folder))
    failed = [entry for entry in entries if entry.failure is not None]
    for entry in failed:
        click.echo(f"{entry.name} failed:\n{entry.failure}", err=True)
    if failed:
        click.echo(f"Error: {len(failed)} of {len(entries)} scenarios failed; the others are written", err=True)
        ctx.exit(EXIT_FAILED)
