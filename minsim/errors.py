"""The exceptions of minsim.

The hierarchy::

    MinsimError
    ├── ScenarioError          one or more problems in a scenario; nothing was run
    │   └── BalanceError       no trade pattern satisfies outputs, needs and forbidden routes
    ├── SimulationError        a run could not continue
    │   └── MassBalanceError   the mass balance of a node or of a product does not close
    ├── NotInRunError          a material, region or event that is not in the run
    ├── BaselineError          a baseline of the regression is missing or cannot be read
    └── OutputError            results could not be written or read

The command line catches `MinsimError` only; any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def unprintable(text: str) -> str | None:
    """First character that a terminal obeys or cannot show (line breaks and tabs are fine), as an escape such as `\\x1b`."""
    found = _UNPRINTABLE.search(text)
    return visible(found[0]) if found else None


def visible(text: str) -> str:
    """Text whose unprintable characters are written as escapes, so that quoting an input never commands the terminal."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class MinsimError(Exception):
    """Base class of every error minsim raises on purpose."""


@dataclass(frozen=True, order=True)
class Problem:
    """One problem in a scenario, with its position and the fix.

    Parameters
    ----------
    file : str
        File as the user named it; empty when the value came from an override or from Python.
    line, column : int
        Position, counted from 1; 0 when unknown.
    path : str
        Dotted path of the value.
    message : str
        What is wrong, the value found, the value expected and how to fix it.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __post_init__(self) -> None:
        for name in ("file", "path", "message"):
            object.__setattr__(self, name, visible(getattr(self, name)))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = "  ".join(part for part in (place, self.path) if part)
        body = "\n".join(f"    {line}" for line in self.message.splitlines())
        return f"{head}\n{body}" if head else body.lstrip()


class ScenarioError(MinsimError):
    """A scenario cannot be run; every problem found is in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(self.problems)  # args rebuild the error: SimPy and pickle both do

    def __str__(self) -> str:
        count = len(self.problems)
        tail = f"{count} problem{'' if count == 1 else 's'}; nothing was run."
        return "\n".join([*map(str, self.problems), tail])

    @classmethod
    def single(cls, message: str, *, path: str = "", file: str = "") -> ScenarioError:
        """Raise-ready error for one problem without a known line."""
        return cls([Problem(file, 0, 0, path, message)])


class BalanceError(ScenarioError):
    """No trade pattern satisfies sellers' outputs, buyers' needs and the forbidden routes."""


class SimulationError(MinsimError):
    """A run could not continue."""


class MassBalanceError(SimulationError):
    """The mass balance of a node does not close: tonnes appeared or vanished."""

    def __init__(self, node: str, date: str, off_t: float, throughput_t: float) -> None:
        self.node, self.date, self.off_t, self.throughput_t = node, date, off_t, throughput_t
        super().__init__(node, date, off_t, throughput_t)  # args rebuild the error: SimPy and pickle both do

    def __str__(self) -> str:
        return (
            f"mass balance broken at {self.node} on {self.date}: {self.off_t:.6g} t appeared from nowhere "
            f"(throughput that day {self.throughput_t:.6g} t). This is a bug in minsim; please report it."
        )


class NotInRunError(MinsimError, ValueError):
    """A material, region, event or picture that is not in the run."""


class BaselineError(MinsimError):
    """A baseline of the regression is missing, or cannot be read."""


class OutputError(MinsimError):
    """Results could not be written or read."""
