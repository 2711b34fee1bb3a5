"""The command line: all commands, in the order a newcomer needs them.

Each command calls one function of the Python API. Heavy modules are imported inside the commands, so that `--help`
answers at once.
"""

from __future__ import annotations

import click

from minsim._version import __version__
from minsim.cli import explain, plots, reference, regress, report, run, scenarios, studies
from minsim.cli.common import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_INVALID, Commands

__all__ = ["EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_INVALID", "main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", "-V", message="minsim %(version)s")
def main() -> None:
    """Simulate supply-chain risk in critical minerals.

    A scenario is a file that says who makes, trades and uses a material, and what goes wrong. minsim follows the tonnes
    day by day and answers: who runs short of what, from when, and how many days of use are lost.

    \b
    Examples:
      minsim list                        which scenarios come with minsim
      minsim show magnet-ban             what one of them says
      minsim run magnet-ban              what happens in it
      minsim attribute truce-lapses      which event costs whom how much
      minsim why magnet-ban --region "United States" --date 2027-03-03
      minsim sources magnet-ban          what its numbers rest on
      minsim report magnet-ban           one page for the board

    Results are simulations of stated assumptions, not forecasts.
    """


for command in (
    scenarios.list_command,
    scenarios.show,
    scenarios.validate,
    run.run,
    explain.attribute,
    explain.why,
    plots.plot,
    report.report,
    regress.regress,
    scenarios.sources,
    scenarios.schema,
    reference.data,
    reference.screen,
    reference.new,
    *studies.COMMANDS,
):
    main.add_command(command)
