"""Regression: runs compared with baselines that a project keeps under version control.

A baseline (`tables`) is a small text file per scenario (`files`). `find_drifts` finds and describes the differences
(`drifts`); `plan` and `regress` (`session`) compare many scenarios, `reports` exports the results, `charts.drifts` draws
them.

>>> from pathlib import Path
>>> from minsim import regression
>>> baseline = regression.baseline_of(run)  # doctest: +SKIP
>>> regression.write(baseline, Path("baselines/magnet-ban.yaml"))  # doctest: +SKIP
>>> for drift in regression.find_drifts(regression.read(Path("baselines/magnet-ban.yaml")), baseline):  # doctest: +SKIP
...     print(drift)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minsim._lazy import lazy_names

if TYPE_CHECKING:
    from minsim.regression.drifts import Drift, find_drifts, question_changed
    from minsim.regression.files import read, write
    from minsim.regression.session import Task, Verdict, plan, regress
    from minsim.regression.tables import TOLERANCES, Baseline, Table, Tolerance, baseline_of

__all__ = [
    "TOLERANCES",
    "Baseline",
    "Drift",
    "Table",
    "Task",
    "Tolerance",
    "Verdict",
    "baseline_of",
    "find_drifts",
    "plan",
    "question_changed",
    "read",
    "regress",
    "write",
]

_MODULE_OF = {
    **dict.fromkeys(("Drift", "find_drifts", "question_changed"), "minsim.regression.drifts"),
    **dict.fromkeys(("read", "write"), "minsim.regression.files"),
    **dict.fromkeys(("Task", "Verdict", "plan", "regress"), "minsim.regression.session"),
    **dict.fromkeys(("TOLERANCES", "Baseline", "Table", "Tolerance", "baseline_of"), "minsim.regression.tables"),
}

if not TYPE_CHECKING:  # so that pytest, which loads the plugin of this package, starts as fast as without it
    __getattr__ = lazy_names(__name__, _MODULE_OF)
