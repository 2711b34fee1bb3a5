"""The daily step is compiled once, while the workers collect: each would compile it for itself, and tests' processes too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TREE = Path(__file__).parents[1]
SCENARIOS = TREE / "tests" / "regression_scenarios" / "scenarios"
COMPILE = "import sys, minsim\nfor path in sys.argv[1:]: minsim.run(path, bracket=False)"
"""A chain and a market with prices: between them they compile all there is."""
COMPILER = pytest.StashKey[subprocess.Popen[bytes]]()


def is_compiled() -> bool:
    """Whether compiled code younger than its sources is beside them; where it is kept elsewhere, looking costs seconds."""
    sources = [path for package in ("kernel", "network") for path in (TREE / "minsim" / package).glob("*.py")]
    kept = [path.stat().st_mtime for path in (TREE / "minsim" / "kernel").rglob("advance.*.nbi")]
    return max(kept, default=0.0) > max(path.stat().st_mtime for path in sources)


def pytest_configure(config: pytest.Config) -> None:
    """Start to compile, in the process that only hands tests out to workers."""
    if getattr(config.option, "tx", None) and not hasattr(config, "workerinput") and not is_compiled():
        command = [sys.executable, "-c", COMPILE, *(str(SCENARIOS / f"{name}.yaml") for name in ("chain", "prices"))]
        config.stash[COMPILER] = subprocess.Popen(command, cwd=TREE, stdout=subprocess.DEVNULL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """Hand out no test before all is compiled. Whatever failed then, a test tells it better."""
    if COMPILER in node.config.stash:
        node.config.stash[COMPILER].wait()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave no compiler behind an interrupted session."""
    if COMPILER in config.stash:
        config.stash[COMPILER].kill()
        config.stash[COMPILER].wait()
