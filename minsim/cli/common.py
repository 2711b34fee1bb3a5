"""What every command shares: exit codes, options, loading, running, the terminal."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from minsim.errors import MinsimError, NotInRunError, ScenarioError
from minsim.text.formatting import count

if TYPE_CHECKING:
    from rich.console import Console

    from minsim.results.answer import Answer
    from minsim.results.run import Run
    from minsim.scenario import Scenario
    from minsim.studies.monte_carlo.batches import FailedRun

EXIT_FAILED = 1
EXIT_INVALID = 2
EXIT_INTERRUPTED = 130
PIPED_WIDTH = 140
"""Columns of a table that is not printed to a terminal."""

COMMAND_LINE = "minsim.command_line"
LARGEST_SEED = 2**63 - 1
MOST_FAILURES_TOLD = 5


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
            ctx.exit(EXIT_INVALID if isinstance(error, NotInRunError) else EXIT_FAILED)
        except KeyboardInterrupt:
            click.echo("Interrupted. What keeps its replications in a folder goes on there when asked again.", err=True)
            ctx.exit(EXIT_INTERRUPTED)


F = TypeVar("F", bound=Callable[..., Any])


def options(*wanted: Callable[[F], F]) -> Callable[[F], F]:
    """Several options in the order in which `--help` names them."""

    def add(command: F) -> F:
        for option in reversed(wanted):
            command = option(command)
        return command

    return add


override_option = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Replace one value of the scenario, by its dotted path; may be given several times.",
)  # fmt: skip
seed_option = click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), metavar="N",
    help="Draw the uncertain numbers with this seed instead of the scenario's own.",
)  # fmt: skip
scenario_options = options(
    override_option,
    click.option(
        "--without", multiple=True, metavar="EVENT,...",
        help="Leave these events out, named by their ids; may be given several times.",
    ),
    click.option(
        "--only", multiple=True, metavar="EVENT,...",
        help="Leave out all events but these, named by their ids; may be given several times.",
    ),
    seed_option,
    click.option(
        "--replication", type=click.IntRange(min=0), metavar="K",
        help="Draw the uncertain numbers, and compute draw number K.  [default: 0 when --seed is given]",
    ),
)  # fmt: skip
"""Options that change what a scenario says, or how its numbers are drawn; the same for every command that simulates."""


def out_option(default: str) -> Callable[[F], F]:
    """The folder of a command's results; `default` is where they go otherwise."""
    return click.option(
        "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
        help=f"Folder to write results to, made if absent.  [default: {default}]",
    )  # fmt: skip


def replications_option(default: int | None, text: str) -> Callable[[F], F]:
    """How many replications; without a default the command says what happens otherwise."""
    return click.option(
        "-n", "--replications", type=click.IntRange(min=1), default=default, show_default=default is not None,
        metavar="N", help=text,
    )  # fmt: skip


jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(min=1), metavar="J",
    help="Worker processes.  [default: as many as there are cores]",
)  # fmt: skip
worker_options = options(
    jobs_option,
    click.option(
        "--executor", type=click.Choice(["processes", "dask"]), default="processes", show_default=True,
        help="Compute in processes of this machine, or on the workers of a Dask scheduler (pip install 'minsim[cluster]').",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS",
        help="Address of the Dask scheduler, such as tcp://10.0.0.1:8786, or the .json file it wrote.",
    ),
)  # fmt: skip
"""Who computes the replications of a question of risk; see `computing`."""


def load(target: str, overrides: tuple[str, ...] = ()) -> Scenario:
    """A scenario by name or path, with what `--set` changes."""
    from minsim import scenario as loading

    return loading.load_scenario(target, overrides=dict(map(loading.parse_override, overrides)))


def load_aloud(
    target: str,
    overrides: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    company: Path | None = None,
) -> Scenario:
    """A scenario with what `--set` changes, the events that `--only` and `--without` leave, and a company; warns aloud."""
    scenario = _with_events(load(target, overrides), without, only)
    if company is not None:
        from minsim.scenario.company import load_company

        scenario = scenario.with_company(load_company(company))
    warn(scenario)
    return scenario


def _with_events(scenario: Scenario, without: tuple[str, ...], only: tuple[str, ...]) -> Scenario:
    """A scenario with the events that `--only` and `--without` leave."""
    if only:
        scenario = scenario.only(*_events("--only", only))
    if without:
        scenario = scenario.without(*_events("--without", without))
    return scenario


def _events(option: str, given: tuple[str, ...]) -> list[str]:
    """Ids of events as given: separated by commas, in several options, or both."""
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if not names:
        raise click.UsageError(f"{option}: expected the id of an event")
    return list(dict.fromkeys(names))


def simulate(scenario: Scenario, seed: int | None, replication: int | None, *, bracket: bool = True) -> Run:
    """Run a scenario; a seed without a replication means the first one."""
    drawn = 0 if seed is not None and replication is None else replication
    return _run(scenario, seed, drawn, bracket=bracket)


def _run(scenario: Scenario, seed: int | None, replication: int | None, *, bracket: bool = True) -> Run:
    with progress(f"Simulating {scenario.name} (the first run compiles, up to half a minute)"):
        from minsim.results import run as results

        return results.run(scenario, seed=seed, replication=replication, bracket=bracket)


def simulate_named(
    target: str,
    overrides: tuple[str, ...],
    without: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    replication: int | None,
) -> Run:
    """Run what a user names: a scenario by name or path, or once more what the manifest in a folder of results records."""
    if not Path(target, "manifest.json").is_file():
        return simulate(load_aloud(target, overrides, without, only), seed, replication)
    from minsim import scenario as loading
    from minsim._version import __version__
    from minsim.results.folder import read_folder

    held = read_folder(Path(target))
    if held.version != __version__:
        click.echo(f"warning: {target} was written by minsim {held.version}, this is minsim {__version__}", err=True)
    changes = dict(map(loading.parse_override, overrides))
    scenario = _with_events(held.scenario.with_overrides(changes), without, only)
    warn(scenario)
    if seed is None and replication is None:
        return _run(scenario, held.seed, held.replication)
    return simulate(scenario, seed, replication)


def warn(scenario: Scenario) -> None:
    """Print what deserves a look."""
    for warning in scenario.warnings:
        click.echo(f"warning: {warning}", err=True)


def console(stream: IO[str] | None = None) -> Console:
    """Rich console on `stream` (standard output by default), wide enough for whole tables when it is piped."""
    from rich.console import Console

    file = stream or sys.stdout
    return Console(file=file, width=None if file.isatty() else PIPED_WIDTH, highlight=False, markup=False, emoji=False)


@contextlib.contextmanager
def progress(message: str) -> Iterator[None]:
    """Spinner on standard error while something takes long; silent unless a person is watching."""
    if not sys.stderr.isatty():
        yield
        return
    with console(sys.stderr).status(message):
        yield


@contextlib.contextmanager
def counted_progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Bar with rate and time left on standard error; None unless a person is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def tell(done: int, wanted: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=wanted, rate=f"{speed:,.3g}/s" if speed else "")

        yield tell


def tell(answer: Answer) -> None:
    """Print an answer in words."""
    from rich.text import Text

    page = console()
    page.print(Text(answer.headline, style="bold"))
    for line in answer.lines:
        page.print(Text(line))


@contextlib.contextmanager
def computing(what: str, executor: str, scheduler: str | None, jobs: int | None) -> Iterator[dict[str, Any]]:
    """Who computes and who is told of the progress, as the arguments of a question of risk."""
    if (executor == "dask") != (scheduler is not None):
        raise click.UsageError("--executor dask and --scheduler ADDRESS go together")
    with counted_progress(what) as progress:
        if scheduler is None:
            yield {"jobs": jobs, "progress": progress}
            return
        from minsim.studies.monte_carlo.clusters import dask_cluster

        with dask_cluster(scheduler) as cluster:
            yield {"jobs": jobs or cluster.jobs, "executor": cluster.executor, "progress": progress}


def exit_on_failures(
    ctx: click.Context, failed: Sequence[FailedRun], scenarios: Sequence[str], overrides: Sequence[str]
) -> None:
    """End with an error where replications failed, each with the command that runs it again, where there is one."""
    if not failed:
        return
    click.echo(f"Error: {count(len(failed), 'replication')} failed:", err=True)
    for run in failed[:MOST_FAILURES_TOLD]:
        click.echo(f"  replication {run.failure.replication}: {run.failure.cause}", err=True)
        if run.is_repeatable:
            changes = [*overrides, *(f"{path}={json.dumps(value)}" for path, value in run.changes.items())]
            settings = [word for text in changes for word in ("--set", text)]
            drawn = [] if run.central else ["--seed", str(run.seed), "--replication", str(run.failure.replication)]
            again = shlex.join(["minsim", "run", scenarios[run.scenario], *settings, *drawn])
            click.echo(f"    {again}", err=True)
    if len(failed) > MOST_FAILURES_TOLD:
        click.echo(f"  and {len(failed) - MOST_FAILURES_TOLD} more, all named in summary.json", err=True)
    ctx.exit(EXIT_FAILED)
