"""A pytest plugin: scenario files become test items that fail when a scenario no longer comes out as its baseline says.

Nothing happens without `--minsim-baselines DIR`; with it, every file that matches the setting `minsim_scenarios` (by default
`scenarios/*.yaml` and `scenarios/*.yml`) is run and compared with the baseline of its name in DIR::

    pytest --minsim-baselines baselines scenarios/

Baselines are made by `minsim regress scenarios/*.yaml --baselines baselines --update`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minsim.regression import Verdict

OPTION = "--minsim-baselines"
DEFAULT_SCENARIOS = ("scenarios/*.yaml", "scenarios/*.yml")


class Drifted(Exception):
    """A scenario came out otherwise than its baseline says."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.headline)
        self.verdict = verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting."""
    group = parser.getgroup("minsim")
    group.addoption(
        OPTION, metavar="DIR", type=Path, help="Run scenario files as tests, against the minsim baselines in DIR."
    )
    parser.addini(
        "minsim_scenarios", "Patterns of the files that are scenarios.", type="args", default=list(DEFAULT_SCENARIOS)
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario files, when asked to."""
    if parent.config.getoption(OPTION) is None:
        return None
    if any(file_path.match(pattern) for pattern in parent.config.getini("minsim_scenarios")):
        collected: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
        return collected
    return None


class ScenarioFile(pytest.File):
    """A scenario file, which is one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one test of the file."""
        yield ScenarioItem.from_parent(self, name="baseline")


class ScenarioItem(pytest.Item):
    """One scenario, run and compared with its baseline."""

    def runtest(self) -> None:
        """Run the scenario, and fail with its drifts."""
        from minsim import regression

        (task,) = regression.plan([str(self.path)], self._folder())
        (verdict,) = regression.regress([task])
        for remark in verdict.remarks:
            self.add_report_section("call", "minsim", remark)
        if verdict.drifts:
            raise Drifted(verdict)

    def _folder(self) -> Path:
        folder: Path = self.config.getoption(OPTION)
        return folder if folder.is_absolute() else self.config.invocation_params.dir / folder

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The drifts, or what is wrong with the input; a bug keeps its traceback."""
        from minsim.errors import MinsimError

        match excinfo.value:
            case Drifted(verdict=verdict):
                shown = os.path.relpath(self.path, self.config.invocation_params.dir)
                lines = [verdict.headline, *(f"  {line}" for line in verdict.lines)]
                hint = f"to accept: minsim regress {shown} --baselines {self.config.getoption(OPTION)} --update"
                return "\n".join([*lines, hint])
            case MinsimError() as error:
                return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """File, line and name under which pytest reports the test."""
        return self.path, None, f"scenario {self.path.stem}"
