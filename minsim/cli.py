"""The command line: the only module that prints or exits.

Each command calls one function of the Python API. Heavy modules are imported inside the commands, so that `--help`
answers at once.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import click

from minsim import __version__
from minsim.errors import BaselineError, MinsimError, OutputError, ScenarioError

if TYPE_CHECKING:
    from rich.console import Console

    from minsim.loading import Scenario

EXIT_FAILED = 1
EXIT_INVALID = 2
EXIT_INTERRUPTED = 130
PIPED_WIDTH = 140
"""Columns of a table that is not printed to a terminal."""

COMMAND_LINE = "minsim.command_line"
LARGEST_SEED = 2**63 - 1


class Commands(click.Group):
    """A group of commands that turns errors raised on purpose into messages and exit codes; a bug keeps its traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order a newcomer needs them, which is the order below

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Kept for the manifest: `sys.argv` names the interpreter's view, which differs under `python -m` and in tests.
        ctx.meta[COMMAND_LINE] = shlex.join(["minsim", *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ScenarioError as error:
            click.echo(str(error), err=True)
            ctx.exit(EXIT_INVALID)
        except MinsimError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(EXIT_FAILED)
        except KeyboardInterrupt:
            ctx.exit(EXIT_INTERRUPTED)


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
      minsim sources magnet-ban          what its numbers rest on

    Results are simulations of stated assumptions, not forecasts.
    """


@main.command("list")
def list_command() -> None:
    """List the scenarios that come with minsim.

    For each: its name, the question it answers, the date whose knowledge it rests on, and its materials.

    \b
    Examples:
      minsim list
    """
    from minsim import loading, rendering

    _console().print(rendering.library_table([loading.load_scenario(name) for name in loading.library()]))


@main.command()
@click.argument("scenario")
@click.option("--resolved", is_flag=True, help="Print the whole scenario as YAML, with what it inherits merged in.")
def show(scenario: str, resolved: bool) -> None:
    """Show what SCENARIO says, without running it.

    The question it asks, its period, materials with their leading producers, consumers, stockpiles and events. SCENARIO
    is a name from `minsim list`, or the path of a scenario file.

    \b
    Examples:
      minsim show magnet-ban
      minsim show my-scenario.yaml --resolved > merged.yaml
    """
    loaded = _load(scenario)
    if resolved:
        import yaml

        click.echo(yaml.safe_dump(loaded.resolved, sort_keys=False, allow_unicode=True, width=120), nl=False)
        return
    from minsim import rendering

    _warn(loaded)
    _console().print(rendering.scenario_page(loaded))


@main.command()
@click.argument("scenario", nargs=-1, required=True)
def validate(scenario: tuple[str, ...]) -> None:
    """Check each SCENARIO and report every problem in it.

    SCENARIO is a name from `minsim list`, or the path of a scenario file; several may be given. Each problem is printed
    with its file, line and column, and how to mend it. The exit code is 2 when any scenario has a problem, else 0.

    \b
    Examples:
      minsim validate my-scenario.yaml
      minsim validate scenarios/*.yaml
    """
    invalid = 0
    for target in scenario:
        try:
            loaded = _load(target)
        except ScenarioError as error:
            invalid += 1
            click.echo(f"{target}: not valid", err=True)
            click.echo(str(error), err=True)
        else:
            _warn(loaded)
            click.echo(f"{target}: ok")
    if invalid:
        click.get_current_context().exit(EXIT_INVALID)


@main.command()
@click.argument("scenario")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write results to, made if absent.  [default: results/NAME]",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Replace one value of the scenario, by its dotted path; may be given several times.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    metavar="N",
    help="Draw the uncertain numbers with this seed instead of the scenario's own.",
)
@click.option(
    "--replication",
    type=click.IntRange(min=0),
    metavar="K",
    help="Draw the uncertain numbers, and compute draw number K.  [default: 0 when --seed is given]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the tables written.",
)
@click.option("--no-plot", is_flag=True, help="Do not draw shortfall.png and shortfall.svg.")
@click.option(
    "--no-bracket",
    is_flag=True,
    help="Skip the two extra runs, without and with free rerouting of trade, that bound the answer.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as JSON, and nothing else; files are written as usual."
)
@click.pass_context
def run(
    ctx: click.Context,
    scenario: str,
    out: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    replication: int | None,
    file_format: Literal["csv", "parquet"],
    no_plot: bool,
    no_bracket: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, print the answer and write the results.

    SCENARIO is a name from `minsim list`, or the path of a scenario file. The answer comes first: who runs short of
    what, from which day, and how many days of use are lost; then the figures by material and region, and the files
    written.

    Without --seed and --replication the central case is computed: each uncertain number stands at the value its author
    gave as most likely. With either, the numbers are drawn from their distributions; the same seed and K always give
    the same run.

    \b
    Examples:
      minsim run magnet-ban
      minsim run magnet-ban --set events.curb.duration_days=180 --out results/half-a-year
      minsim run magnet-ban --replication 7
      minsim run my-scenario.yaml --format parquet --no-plot
      minsim run magnet-ban --json > summary.json

    A problem in the scenario stops everything before anything is written, with exit code 2.
    """
    loaded = _load(scenario, overrides)
    _warn(loaded)
    folder = out or Path("results") / loaded.name
    drawn = 0 if seed is not None and replication is None else replication
    with _progress(f"Simulating {loaded.name} (the first run compiles, up to half a minute)"):
        from minsim import results

        finished = results.run(loaded, seed=seed, replication=drawn, bracket=not no_bracket)
    if not as_json:
        from minsim import rendering

        _console().print(rendering.answer_page(loaded, finished.answer(), finished.summary()["metrics"]))
    with _progress(f"Writing {folder}"):
        finished.save(folder, format=file_format, plot=not no_plot, command=ctx.meta[COMMAND_LINE])
    if as_json:
        click.echo(json.dumps(finished.summary(), indent=2, allow_nan=False))
    else:
        _console().print(rendering.files_written(folder))


@main.command()
@click.argument("scenario", nargs=-1)
@click.option(
    "--baselines",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the baselines, one file a scenario.",
)
@click.option("--update", is_flag=True, help="Rewrite the baselines that differ, and make those that are missing.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Replace one value of every scenario, by its dotted path; may be given several times.",
)
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML, for a CI server."
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a table in Markdown, for a pull request's comment.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw what drifted, old against new.",
)
@click.pass_context
def regress(
    ctx: click.Context,
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
    from minsim.regression import pictures, reports

    verdicts = []
    try:
        tasks = regression.plan(scenario, baselines, overrides, update=update)
        for task in tasks:
            _warn(task.scenario)
        for verdict in regression.regress(tasks, update=update):
            click.echo("\n".join([verdict.headline, *(f"  {line}" for line in verdict.lines)]))
            verdicts.append(verdict)
    except BaselineError as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(EXIT_INVALID)
    if plots is not None:
        for verdict in verdicts:
            for path in pictures.draw_all(verdict, plots):
                click.echo(f"drew {path}", err=True)
    for file, text_of in ((junit, reports.junit_xml), (markdown, reports.markdown)):
        if file is not None:
            reports.write_text(file, text_of(verdicts))
    if any(verdict.status == "drift" for verdict in verdicts):
        click.echo("A wanted change? Accept it with --update, and commit the baselines with it.", err=True)
        ctx.exit(EXIT_FAILED)


@main.command()
@click.argument("scenario")
def sources(scenario: str) -> None:
    """List what the numbers of SCENARIO rest on.

    Every source with the inputs taken from it; then the assumptions, each with its reason; then the counts.

    \b
    Examples:
      minsim sources magnet-ban
    """
    from minsim import rendering

    loaded = _load(scenario)
    _warn(loaded)
    _console().print(rendering.sources_page(loaded))


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the schema to FILE instead of printing it.",
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of the scenario format.

    Editors complete and check scenario files with it, given this first line in the file:

    \b
      # yaml-language-server: $schema=scenario.schema.json

    \b
    Examples:
      minsim schema --out scenario.schema.json
    """
    from minsim import loading

    text = json.dumps(loading.json_schema(), indent=2, allow_nan=False)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from error
    click.echo(f"wrote {out}", err=True)


def _load(target: str, overrides: tuple[str, ...] = ()) -> Scenario:
    from minsim import loading

    return loading.load_scenario(target, overrides=dict(map(loading.parse_override, overrides)))


def _warn(scenario: Scenario) -> None:
    for warning in scenario.warnings:
        click.echo(f"warning: {warning}", err=True)


def _console(stream: IO[str] | None = None) -> Console:
    """Rich console on `stream` (standard output by default), wide enough for whole tables when it is piped."""
    from rich.console import Console

    file = stream or sys.stdout
    return Console(file=file, width=None if file.isatty() else PIPED_WIDTH, highlight=False, markup=False, emoji=False)


@contextlib.contextmanager
def _progress(message: str) -> Iterator[None]:
    """Spinner on standard error while something takes long; silent unless a person is watching."""
    if not sys.stderr.isatty():
        yield
        return
    with _console(sys.stderr).status(message):
        yield
