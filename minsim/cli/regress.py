"""The command that holds scenarios against their baselines: `regress`."""

from __future__ import annotations

from pathlib import Path

import click

from minsim.cli.common import EXIT_FAILED, EXIT_INVALID, counted_progress, leave, say, warn
from minsim.cli.options import file_option, folder_option, override_option
from minsim.errors import BaselineError


@click.command()
@click.argument("scenario", nargs=-1)
@folder_option("--baselines", text="Folder of the baselines, one file a scenario.", required=True)
@click.option("--update", is_flag=True, help="Rewrite the baselines that differ, and make those that are missing.")
@override_option
@file_option("--junit", text="Write JUnit XML, for a CI server.")
@file_option("--markdown", text="Write a table in Markdown, for a pull request's comment.")
@folder_option("--plots", text="Draw what drifted, old against new.")
def regress(
    scenario: tuple[str, ...],
    baselines: Path,
    update: bool,
    overrides: tuple[str, ...],
    junit: Path | None,
    markdown: Path | None,
    plots: Path | None,
) -> None:
    """Run each SCENARIO and compare it with its baseline.

    A baseline is a small text file that says how a scenario came out: metrics, monthly sums, yearly trade, and how far
    each number may be off. Keep it under version control. SCENARIO is a name from `minsim list`, or the path of a
    scenario file; without any, every scenario that has a baseline is run.

    \b
    Examples:
      minsim regress magnet-ban --baselines baselines --update
      minsim regress --baselines baselines
      minsim regress scenarios/*.yaml --baselines baselines --junit regress.xml --markdown regress.md

    The exit code is 0 when everything is as it was (or has been updated), 1 when something drifted, and 2 when a
    scenario or a baseline is missing or wrong.
    """
    from minsim import regression
    from minsim.charts import drifts
    from minsim.regression import reports
    from minsim.results.atomic import write_text

    verdicts: list[regression.Verdict] = []
    try:
        tasks = regression.plan(scenario, baselines, overrides, update=update)
        for task in tasks:
            warn(task.scenario)
        with counted_progress("Scenarios") as progress:
            for verdict in regression.regress(tasks, update=update):
                verdicts.append(verdict)
                if progress is not None:
                    progress(len(verdicts), len(tasks))
        # Reports first: what cannot be printed must not cost them.
        for file, text_of in ((junit, reports.junit_xml), (markdown, reports.markdown)):
            if file is not None:
                write_text(file, text_of(verdicts))
        drawn = [path for verdict in verdicts if plots is not None for path in drifts.draw_all(verdict, plots)]
    except BaselineError as error:
        say(f"Error: {error}", err=True)
        leave(EXIT_INVALID)
    finally:
        for verdict in verdicts:
            say("\n".join([verdict.headline, *(f"  {line}" for line in verdict.lines)]))
    for path in drawn:
        say(f"drew {path}", err=True)
    if any(verdict.status == "drift" for verdict in verdicts):
        say("A wanted change? Accept it with --update, and commit the baselines with it.", err=True)
        leave(EXIT_FAILED)
