"""What every command shares: exit codes, errors turned into messages, the terminal."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from minsim.errors import MinsimError, NotInRunError, ScenarioError
from minsim.results.atomic import reason

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from minsim.results.answer import Answer
    from minsim.scenario import Scenario
    from minsim.studies.monte_carlo.batches import FailedRun

EXIT_FAILED = 1
EXIT_INVALID = 2
EXIT_INTERRUPTED = 130
PIPED_WIDTH = 140
"""Columns of a table that is not printed to a terminal."""

COMMAND_LINE = "minsim.command_line"
MOST_FAILURES_TOLD = 5


# --------------------------------------------------------------------------------------------------------------- printing


PLAIN = {
    "–": "-", "—": "-", "−": "-", "\u2010": "-", "\u2011": "-", "…": "...", "×": "x", "·": ".", "•": "*", "±": "+/-",
    "≤": "<=", "≥": ">=", "≈": "~", "→": "->", "←": "<-", "\u2018": "'", "’": "'", "“": '"', "”": '"',
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "α": "alpha", "σ": "sigma", "ρ": "rho", "γ": "gamma", "ι": "iota",
    "µ": "u", "μ": "u", "€": "EUR", "£": "GBP",
}  # fmt: skip
"""What stands for a sign that a stream's encoding lacks."""


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Handler of encoding errors: what `PLAIN` says, else the letter without its accent, else a question mark."""
    import unicodedata

    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    plain = (
        PLAIN.get(sign) or unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() for sign in signs
    )
    return "".join(text or "?" for text in plain), error.end


codecs.register_error("minsim.plainer", _plainer)


def prepare_streams() -> None:
    """Make what is printed never fail for its letters: a stream that is not UTF-8 gets the nearest it can show."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif stream.errors in ("strict", "backslashreplace", "surrogateescape") and isinstance(
            stream, io.TextIOWrapper
        ):
            stream.reconfigure(errors="minsim.plainer")


def shows_any_letter() -> bool:
    """Whether standard output takes every letter; else what another program reads is better written in ASCII."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")


def say(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text.

    What goes to standard error is not worth a result: where nobody can read it, the command goes on.
    """
    if not err:
        click.echo(text, file=sys.stdout, nl=nl)  # click would choose an encoding of its own for some streams
        return
    with contextlib.suppress(OSError):
        click.echo(text, file=sys.stderr, nl=nl)


def print_page(*pages: RenderableType) -> None:
    """Print tables and texts."""
    console().print(*pages)


def _silence(stream: IO[str]) -> bool:
    """Whether a stream takes nothing more; then it goes nowhere, so that Python does not try again when it ends."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return False  # no file of the system
    try:
        stream.flush()
        os.write(number, b"\n")  # a stream that failed may have thrown away what it could not write
    except OSError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), number)
        return True
    return False


# --------------------------------------------------------------------------------------------------------------- commands


class Commands(click.Group):
    """A group of commands that turns errors raised on purpose into messages and exit codes; a bug keeps its traceback."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command line; what cannot be printed is said on standard error, unless the reader has left."""
        prepare_streams()
        try:
            return super().main(*args, **settings)
        except OSError as error:
            if not settings.get("standalone_mode", True) or not _silence(sys.stdout):
                raise
            say(f"Error: cannot print: {reason(error)}; what the command writes to files is complete", err=True)
            sys.exit(EXIT_FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order a newcomer needs them, in which they were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line, and keep it for the manifest."""
        # `sys.argv` names the interpreter's view, which differs under `python -m` and in tests.
        ctx.meta[COMMAND_LINE] = shlex.join(["minsim", *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error raised on purpose becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except ScenarioError as error:
            say(str(error), err=True)
            ctx.exit(EXIT_INVALID)
        except MinsimError as error:
            say(f"Error: {error}", err=True)
            ctx.exit(EXIT_INVALID if isinstance(error, NotInRunError) else EXIT_FAILED)
        except KeyboardInterrupt:
            say("Interrupted. What keeps its replications in a folder goes on there when asked again.", err=True)
            ctx.exit(EXIT_INTERRUPTED)


def command_line() -> str:
    """The command as the user typed it, for manifests."""
    typed: str = click.get_current_context().meta[COMMAND_LINE]
    return typed


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    click.get_current_context().exit(code)


def warn(scenario: Scenario) -> None:
    """Print what deserves a look."""
    for warning in scenario.warnings:
        say(f"warning: {warning}", err=True)


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


def json_text(content: Any) -> str:
    """Strict JSON to print or write: no NaN, no infinity."""
    import json

    return json.dumps(content, indent=2, allow_nan=False)


def tell(answer: Answer) -> None:
    """Print an answer in words."""
    from rich.text import Text

    print_page(Text(answer.headline, style="bold"))
    for line in answer.lines:
        print_page(Text(line))


def tell_written(folder: Path) -> None:
    """Print which files a command left in its folder."""
    from minsim.cli import tables

    print_page(tables.files_written(folder))


def exit_on_failures(failed: Sequence[FailedRun], scenarios: Sequence[str], overrides: Sequence[str]) -> None:
    """End with an error where replications failed, each with the command that runs it again, where there is one."""
    if not failed:
        return
    import json

    from minsim.text.formatting import count

    say(f"Error: {count(len(failed), 'replication')} failed:", err=True)
    for run in failed[:MOST_FAILURES_TOLD]:
        where = "".join(f", {path} = {value}" for path, value in run.changes.items())
        which = "the central case" if run.central else f"replication {run.failure.replication}"
        say(f"  {which}{where}: {run.failure.cause}", err=True)
        if run.is_repeatable:
            changes = [*overrides, *(f"{path}={json.dumps(value)}" for path, value in run.changes.items())]
            settings = [word for text in changes for word in ("--set", text)]
            drawn = [] if run.central else ["--seed", str(run.seed), "--replication", str(run.failure.replication)]
            again = shlex.join(["minsim", "run", scenarios[run.scenario], *settings, *drawn])
            say(f"    {again}", err=True)
    if len(failed) > MOST_FAILURES_TOLD:
        say(f"  and {len(failed) - MOST_FAILURES_TOLD} more, all named in summary.json", err=True)
    leave(EXIT_FAILED)
