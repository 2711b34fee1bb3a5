"""Regression of scenarios against a folder of baselines: find, run, compare, update."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from minsim.errors import BaselineError
from minsim.regression import files
from minsim.regression.drifts import Drift, find_drifts, question_changed, sentences, settled
from minsim.regression.tables import Baseline, baseline_of

if TYPE_CHECKING:
    from minsim.scenario import Scenario

SUFFIX = ".yaml"

Status = Literal["same", "drift", "new", "updated", "unchanged"]
"""The first two are results of a comparison; the others say what an update did to the file."""


@dataclass(frozen=True)
class Task:
    """A scenario to regress, and the file of its baseline.

    Attributes
    ----------
    target : str
        Name of a library scenario, or a path.
    scenario : Scenario
        What to run.
    file : Path
        Where its baseline is, or is to be.
    overrides : tuple of str
        `PATH=VALUE` of each value set for this run.
    """

    target: str
    scenario: Scenario
    file: Path
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Result of one scenario.

    Attributes
    ----------
    task : Task
    status : {"same", "drift", "new", "updated", "unchanged"}
    drifts : tuple of Drift
        Differences from the old baseline, also when it has been updated.
    question_changed : bool
        Whether the scenario differs from the baseline's.
    old : Baseline or None
        None: there was none.
    new : Baseline
    seconds : float
        Time the run took.
    """

    task: Task
    status: Status
    drifts: tuple[Drift, ...]
    question_changed: bool
    old: Baseline | None
    new: Baseline
    seconds: float

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.task.scenario.name

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        count = len(self.drifts)
        drifted = f"{count} drift{'' if count == 1 else 's'}"
        match self.status:
            case "same":
                text = "same"
            case "drift":
                text = drifted
            case "new":
                text = f"new baseline {self.task.file}"
            case "updated":
                text = f"updated {self.task.file}, {drifted}"
            case "unchanged":
                text = "unchanged"
        return f"{self.name}: {text}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """Causes of drifts other than the model."""
        if self.old is None or not self.question_changed:
            return ()
        if self.old.overrides != self.new.overrides:
            then, now = (", ".join(side.overrides) or "nothing" for side in (self.old, self.new))
            return (f"the question changed: the baseline was made with {then} set, this run with {now}",)
        if self.drifts:
            return (
                "the question changed: the scenario is not the baseline's, so that a drift need not be the model's",
            )
        return ("the scenario has been edited since its baseline was made, without any effect on the numbers",)

    @property
    def lines(self) -> tuple[str, ...]:
        """Remarks and drifts in words."""
        return (*self.remarks, *sentences(self.drifts))


def plan(targets: Sequence[str], folder: Path, overrides: Sequence[str] = (), *, update: bool = False) -> list[Task]:
    """Scenarios to regress, loaded and with the files of their baselines; nothing is run.

    Parameters
    ----------
    targets : sequence of str
        Names of library scenarios, or paths; none: every scenario that has a baseline.
    folder : Path
        Folder of the baselines.
    overrides : sequence of str
        `PATH=VALUE` of values to set in every scenario.
    update : bool
        Whether a scenario may lack a baseline.

    Returns
    -------
    list of Task
        One a scenario, in the order of the targets.

    Raises
    ------
    BaselineError
        There are no baselines, two scenarios have one name, or some have none.
    ScenarioError
        A scenario cannot be read.
    """
    from minsim.scenario import load_scenario, parse_override

    given: Mapping[str, Any] = dict(map(parse_override, overrides))
    loaded = [(target, load_scenario(target, given)) for target in targets or _targets_in(folder)]
    tasks: dict[str, Task] = {}
    for target, scenario in loaded:
        if scenario.name in tasks:
            first = tasks[scenario.name].target
            raise BaselineError(f"{first} and {target} would share the baseline {scenario.name}{SUFFIX}; rename one")
        file = folder / f"{scenario.name}{SUFFIX}"
        tasks[scenario.name] = Task(target, scenario, file, tuple(overrides))
    lacking = [name for name, task in tasks.items() if not task.file.is_file()]
    if lacking and not update:
        raise BaselineError(f"no baseline in {folder} for {', '.join(lacking)}; --update makes them")
    return list(tasks.values())


def regress(tasks: Sequence[Task], *, update: bool = False) -> Iterator[Verdict]:
    """Run each scenario and compare it with its baseline, one after the other.

    Parameters
    ----------
    tasks : sequence of Task
        As `plan` made them.
    update : bool
        Rewrite what differs.

    Yields
    ------
    Verdict
        One a task, as soon as it has run.

    Raises
    ------
    BaselineError
        A baseline cannot be read; all are read before the first run.
    OutputError
        A baseline cannot be written.
    """
    olds = [files.read(task.file) if task.file.is_file() or not update else None for task in tasks]
    for task, old in zip(tasks, olds, strict=True):
        yield _judge(task, old, update)


def _judge(task: Task, old: Baseline | None, update: bool) -> Verdict:
    from minsim.results.run import run

    began = time.perf_counter()
    new = baseline_of(run(task.scenario), portable(task.target), task.overrides)
    seconds = time.perf_counter() - began
    drifts = tuple(find_drifts(old, new)) if old else ()
    changed = old is not None and question_changed(old, new)
    status: Status = "drift" if drifts else "same"
    if update:
        status = "updated" if drifts or changed else "unchanged"
        if old is None:
            files.write(new, task.file)
            status = "new"
        elif status == "updated":
            files.write(settled(old, new), task.file)
    return Verdict(task, status, drifts, changed, old, new, seconds)


def portable(target: str) -> str:
    """A target for a file in version control: a relative path as it is, an absolute one reduced to the file's name."""
    path = PurePath(target)
    return path.name if path.is_absolute() else path.as_posix()


def _targets_in(folder: Path) -> list[str]:
    """Targets of all baselines in a folder."""
    found = sorted(folder.glob(f"*{SUFFIX}"))
    if not found:
        raise BaselineError(f"no baselines in {folder}; name some scenarios, with --update")
    return [files.read(path).target for path in found]
