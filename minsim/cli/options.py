"""Options that several commands share, each declared once, and the records that commands receive them in.

A command names its options as decorators and, last, `collected` with the record that takes them::

    @click.command()
    @click.argument("scenario")
    @out_option("results/NAME")
    @scenario_options
    @collected(RunOptions)
    def command(scenario: str, options: RunOptions) -> None: ...

An option of the record that a command does not offer keeps the record's default.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from minsim.cli.common import (
    command_line,
    counted_progress,
    exit_on_failures,
    print_page,
    progress,
    say,
    tell,
    tell_written,
    warn,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from minsim.results.run import Run
    from minsim.scenario import Scenario

LARGEST_SEED = 2**63 - 1

F = TypeVar("F", bound=Callable[..., Any])


# ------------------------------------------------------------------------------------------------------------ declarations


def in_order(*wanted: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options in the order in which `--help` names them."""

    def add(command: F) -> F:
        for option in reversed(wanted):
            command = option(command)
        return command

    return add


def collected(record: type[RunOptions]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Hand a command its shared options as one `record`, its parameter `options`; all others stay parameters."""
    names = {field.name for field in dataclasses.fields(record)}

    def add(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(**given: Any) -> None:
            shared = {name: given.pop(name) for name in names & given.keys()}
            command(options=record(**shared), **given)

        return call

    return add


override_option = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE",
    help="Replace one value of the scenario, by its dotted path; may be given several times.",
)  # fmt: skip
seed_option = click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), metavar="N",
    help="Draw the uncertain numbers with this seed instead of the scenario's own.",
)  # fmt: skip
scenario_options = in_order(
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


def file_option(*names: str, text: str, **settings: Any) -> Callable[[F], F]:
    """A file to read or write."""
    return click.option(*names, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=text, **settings)


def folder_option(*names: str, text: str, **settings: Any) -> Callable[[F], F]:
    """A folder to read or write."""
    return click.option(*names, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help=text, **settings)


def out_option(default: str) -> Callable[[F], F]:
    """The folder of a command's results; `default` is where they go otherwise."""
    return folder_option("--out", text=f"Folder to write results to, made if absent.  [default: {default}]")


def no_plot_option(text: str) -> Callable[[F], F]:
    """Write tables without pictures."""
    return click.option("--no-plot", is_flag=True, help=text)


def json_option(what: str, more: str = "") -> Callable[[F], F]:
    """Print for a program instead of a reader."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print the {what} as JSON, and nothing else{more}.")


def replications_option(default: int | None, text: str) -> Callable[[F], F]:
    """How many replications; without a default the command says what happens otherwise."""
    return click.option(
        "-n", "--replications", type=click.IntRange(min=1), default=default, show_default=default is not None,
        metavar="N", help=text,
    )  # fmt: skip


def jobs_option(*names: str, when: str = "Worker processes") -> Callable[[F], F]:
    """How many processes compute; `when` says for what, if not always."""
    return click.option(
        *names, type=click.IntRange(min=1), metavar="J", help=f"{when}.  [default: as many as there are cores]"
    )


worker_options = in_order(
    jobs_option("--jobs", "-j"),
    click.option(
        "--executor", type=click.Choice(["processes", "dask"]), default="processes", show_default=True,
        help="Compute in processes of this machine, or on the workers of a Dask scheduler (pip install 'minsim[cluster]').",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS",
        help="Address of the Dask scheduler, such as tcp://10.0.0.1:8786, or the .json file it wrote.",
    ),
)  # fmt: skip
"""Who computes the replications of a study; see `StudyOptions.computing`."""


def study_options(name: str, *before: Callable[[Any], Any]) -> Callable[[F], F]:
    """Options that every study of a scenario has, after those `before`; `name` ends the default folder."""
    return in_order(*before, worker_options, out_option(f"results/NAME-{name}"), seed_option, override_option)


# ----------------------------------------------------------------------------------------------------------------- records


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a command changes in a scenario, how it draws the uncertain numbers, and where its results go."""

    overrides: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    company: Path | None = None
    seed: int | None = None
    replication: int | None = None
    out: Path | None = None
    no_plot: bool = False
    as_json: bool = False

    @property
    def changes(self) -> dict[str, Any]:
        """Values that `--set` gives, by path."""
        from minsim.scenario import parse_override

        return dict(map(parse_override, self.overrides))

    def load(self, target: str) -> Scenario:
        """A scenario by name or path, with all that the options change; its warnings are printed."""
        from minsim.scenario import load_scenario

        scenario = self._with_events(load_scenario(target, overrides=self.changes))
        if self.company is not None:
            from minsim.scenario.company import load_company

            scenario = scenario.with_company(load_company(self.company))
        warn(scenario)
        return scenario

    def simulate(self, scenario: Scenario, *, bracket: bool = True) -> Run:
        """Run a loaded scenario; a seed without a replication means the first one."""
        drawn = 0 if self.seed is not None and self.replication is None else self.replication
        return _run(scenario, self.seed, drawn, bracket=bracket)

    def run_named(self, target: str) -> Run:
        """Run a scenario by name or path, or once more what the manifest in a folder of results records."""
        if not Path(target, "manifest.json").is_file():
            return self.simulate(self.load(target))
        from minsim._version import __version__
        from minsim.results.folder import read_folder

        held = read_folder(Path(target))
        if held.version != __version__:
            say(f"warning: {target} was written by minsim {held.version}, this is minsim {__version__}", err=True)
        scenario = self._with_events(held.scenario.with_overrides(self.changes))
        warn(scenario)
        if self.seed is None and self.replication is None:
            return _run(scenario, held.seed, held.replication)
        return self.simulate(scenario)

    def folder(self, *default: str) -> Path:
        """Where results are written, by default in a folder below `results`; refused at once where it is somebody else's."""
        from minsim.results.ownership import refuse_foreign

        folder = self.out or Path("results", *default)
        refuse_foreign(folder)
        return folder

    def save(self, result: Any, folder: Path, **more: Any) -> None:
        """Write the files of a result."""
        with progress(f"Writing {folder}"):
            result.save(folder, plot=not self.no_plot, command=command_line(), **more)

    def _with_events(self, scenario: Scenario) -> Scenario:
        """A scenario with the events that `--only` and `--without` leave."""
        if self.only:
            scenario = scenario.only(*_events("--only", self.only))
        if self.without:
            scenario = scenario.without(*_events("--without", self.without))
        return scenario


@dataclass(frozen=True, kw_only=True)
class StudyOptions(RunOptions):
    """The same, with what a study of many replications takes."""

    jobs: int | None = None
    executor: Literal["processes", "dask"] = "processes"
    scheduler: str | None = None

    @contextlib.contextmanager
    def computing(self, what: str) -> Iterator[dict[str, Any]]:
        """Who computes and who is told of the progress, as the arguments of a study."""
        if (self.executor == "dask") != (self.scheduler is not None):
            raise click.UsageError("--executor dask and --scheduler ADDRESS go together")
        with counted_progress(what) as progress:
            if self.scheduler is None:
                yield {"jobs": self.jobs, "progress": progress}
                return
            from minsim.studies.monte_carlo.clusters import dask_cluster

            with dask_cluster(self.scheduler) as cluster:
                yield {"jobs": self.jobs or cluster.jobs, "executor": cluster.executor, "progress": progress}

    def conclude(self, found: Any, folder: Path, *scenarios: str, page: RenderableType | None = None) -> None:
        """Write what was found, say it, and end with an error where replications failed.

        Parameters
        ----------
        found : object
            The result of a study.
        folder : Path
            Where its files go.
        *scenarios : str
            As the user named them, for the commands that run failed replications again.
        page : renderable, optional
            Tables to print before the answer.
        """
        self.save(found, folder)
        if page is not None:
            print_page(page)
        tell(found.answer())
        tell_written(folder)
        exit_on_failures(getattr(found, "failed_runs", ()), scenarios, self.overrides)


def _events(option: str, given: tuple[str, ...]) -> list[str]:
    """Ids of events as given: separated by commas, in several options, or both."""
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if not names:
        raise click.UsageError(f"{option}: expected the id of an event")
    return list(dict.fromkeys(names))


def _run(scenario: Scenario, seed: int | None, replication: int | None, *, bracket: bool = True) -> Run:
    with progress(f"Simulating {scenario.name} (the first run compiles, up to half a minute)"):
        from minsim.results.run import run

        return run(scenario, seed=seed, replication=replication, bracket=bracket)
