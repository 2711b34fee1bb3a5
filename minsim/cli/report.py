"""The command that writes the page for a reader who was not there: `minsim report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minsim.cli.common import command_line, say
from minsim.cli.options import RunOptions, collected, file_option, jobs_option, scenario_options

if TYPE_CHECKING:
    from minsim.results.run import Run


@click.command()
@click.argument("scenario", metavar="NAME|DIR")
@file_option("-o", "--out", "page", text="The page.  [default: results/NAME/report.html, or DIR/report.html]")
@scenario_options
@click.option(
    "--draws",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Draws of all uncertain numbers, for the ranges; 0 leaves them out.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    help="Time for moving one number at a time, to find those that decide; 0 leaves it out.",
)
@jobs_option("--jobs", "-j")
@collected(RunOptions)
def report(scenario: str, page: Path | None, draws: int, seconds: float, jobs: int | None, options: RunOptions) -> None:
    """Write one page that a reader who was not there can use.

    Who runs short of what and when, with the range and the worst case; the last date to act; where the days go; what to
    buy; who pays; what it all rests on. Then the curves, the events, the sources and how to make the page again. The page
    is one file and loads nothing from anywhere.

    NAME is a scenario, as for `minsim run`. DIR is a folder that `minsim run` wrote: its scenario is run again, and the
    page says so if the figures have changed since.

    \b
    Examples:
      minsim report magnet-ban -o magnet-ban.html
      minsim report results/magnet-ban
      minsim report magnet-ban --set stockpiles.project-vault.target_days=60 -o vault-60.html
    """
    from minsim.report.contents import Effort, gather
    from minsim.report.page import render
    from minsim.results.atomic import write_text

    folder = Path(scenario)
    if folder.is_dir():
        if options != RunOptions():
            raise click.UsageError("a results folder is reported as it is; give the scenario's name to change it")
        finished, made_by, notices = _run_again(folder)
    else:
        loaded = options.load(scenario)
        folder = Path("results") / loaded.name
        _say(f"Simulating {loaded.name} (the first run compiles, up to half a minute)")
        finished, made_by, notices = options.simulate(loaded), None, ()
    found = gather(finished, Effort(draws, seconds, jobs), _announced())
    text = render(found, command=command_line(), made_by=made_by, notices=notices)
    path = page or folder / "report.html"
    write_text(path, text)
    _say(f"Wrote {path} ({len(text.encode()) / 1000:,.0f} kB)")


def _run_again(folder: Path) -> tuple[Run, str | None, tuple[str, ...]]:
    """The run that a folder holds, the command that made it, and what has changed since."""
    from minsim.results import run
    from minsim.results.folder import changes, read_folder

    held = read_folder(folder)
    _say(f"Simulating {held.scenario.name} as in {folder} (the first run compiles, up to half a minute)")
    finished = run.run(held.scenario, seed=held.seed, replication=held.replication)
    notices = changes(held, finished)
    for notice in notices:
        say(f"warning: {notice}", err=True)
    return finished, held.command, notices


def _say(text: str) -> None:
    say(text, err=True)


def _announced() -> Callable[[str, int, int], None]:
    """Print each piece of work once, when its first part is done."""
    told: set[str] = set()

    def tell(what: str, done: int, wanted: int) -> None:
        if what not in told:
            told.add(what)
            _say(f"{wanted:,} {what}")

    return tell
