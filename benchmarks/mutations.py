"""Does the regression notice when the model is changed? Deliberate changes, one at a time, each run against the baselines.

    python benchmarks/mutations.py [--jobs N] [--only WORD] [--markdown docs/mutations.md]

Each mutation replaces one piece of text in a temporary copy of the package, which then runs the small scenarios of
tests/regression_scenarios as plain Python (nothing is compiled). The unchanged copy must come out as its baselines say.
Exit code: 0 when every mutation is caught, 1 otherwise, 2 when a mutation no longer fits the source or the baselines are
not those of the unchanged model.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mutation_list import MUTATIONS, Mutation

TREE = Path(__file__).resolve().parent.parent
MODEL = TREE / "minsim"
FIXTURES = TREE / "tests" / "regression_scenarios"

WORKER = """
import json, sys
from pathlib import Path
import minsim
assert Path(minsim.__file__).is_relative_to(sys.argv[1]), "not the copy"
from minsim import regression
from minsim.errors import MassBalanceError
fixtures = Path(sys.argv[2])
said = {"by": "", "first": "", "drifts": 0}
try:
    tasks = regression.plan([str(fixtures / "scenarios" / f"{name}.yaml") for name in sys.argv[3:]], fixtures / "baselines")
    for verdict in regression.regress(tasks):
        if verdict.drifts:
            said = {"by": verdict.name, "first": str(verdict.drifts[0]), "drifts": len(verdict.drifts)}
            break
except MassBalanceError as error:
    said = {"by": "the books", "first": str(error).partition(". This is")[0], "drifts": 1}
except Exception as error:
    said = {"by": "an error", "first": f"{type(error).__name__}: {error}".splitlines()[0], "drifts": 1}
print("RESULT " + json.dumps(said))
"""
MOST_SECONDS = 900


@dataclass(frozen=True)
class Outcome:
    """What noticed a mutation, if anything did."""

    mutation: Mutation
    by: str
    first: str
    drifts: int
    seconds: float


def scenarios_first(likely: Sequence[str]) -> list[str]:
    """All small scenarios, the likely ones first: the run stops at the first that drifts."""
    names = sorted(path.stem for path in (FIXTURES / "scenarios").glob("*.yaml"))
    return sorted(names, key=lambda name: (name not in likely, likely.index(name) if name in likely else 0, name))


def snapshot(folder: Path) -> None:
    """Copy the model and its baselines once, so that nobody's editing gets in between."""
    ignored = shutil.ignore_patterns("__pycache__", "scenarios")
    shutil.copytree(TREE / "minsim", folder / "original" / "minsim", ignore=ignored)
    shutil.copytree(TREE / "scenarios", folder / "original" / "scenarios")
    shutil.copytree(FIXTURES, folder / "fixtures")


def judge(mutation: Mutation, folder: Path) -> Outcome:
    """Apply one mutation to a copy of the package, and run the regression there."""
    began = time.perf_counter()
    copy = folder / mutation.name
    shutil.copytree(folder / "original", copy)
    if mutation.old:
        target = copy / "minsim" / mutation.file
        target.write_text(mutation.applied(target.read_text("utf-8")), "utf-8")
    command = [sys.executable, "-c", WORKER, str(copy), str(folder / "fixtures"), *scenarios_first(mutation.likely)]
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"
    }  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=copy, env=environment, timeout=MOST_SECONDS, check=False
        )
        results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        said = json.loads(results[0].removeprefix("RESULT ")) if results else None
        if said is None:
            said = {"by": "an error", "first": (done.stderr.splitlines() or ["?"])[-1], "drifts": 1}
    except subprocess.TimeoutExpired:
        said = {"by": "an error", "first": f"still running after {MOST_SECONDS} s", "drifts": 1}
    shutil.rmtree(copy, ignore_errors=True)
    return Outcome(mutation, said["by"], said["first"], said["drifts"], time.perf_counter() - began)


def misfits(mutations: Sequence[Mutation]) -> list[str]:
    """Mutations whose text does not stand exactly once in its file, or that leave no valid Python."""
    found = []
    for mutation in mutations:
        source = (MODEL / mutation.file).read_text("utf-8")
        count = source.count(mutation.old)
        if count != 1:
            found.append(f"{mutation.name}: its text stands {count} times in {mutation.file}: {mutation.old!r}")
        elif mutation.file.endswith(".py"):
            try:
                compile(mutation.applied(source), mutation.file, "exec")
            except SyntaxError as error:
                found.append(f"{mutation.name}: leaves no valid Python: {error}")
    return found


def table(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The published table."""
    caught = [outcome for outcome in outcomes if outcome.by]
    lines = [
        "# Deliberate changes to the model, and what notices them",
        "",
        "Written by `python benchmarks/mutations.py --markdown docs/mutations.md`; do not edit.",
        "",
        f"{len(caught)} of {len(outcomes)} changes are caught. Each was made alone, in a copy of the package, which then",
        "ran the small scenarios of `tests/regression_scenarios` against their baselines, in plain Python, until the first",
        f"drift; the whole took {seconds / 60:.0f} minutes. *The books* are the mass balance that every run checks.",
        "",
        "| part of the model | change | caught by | first of what it says |",
        "|---|---|---|---|",
    ]
    for outcome in outcomes:
        by = outcome.by or "**nothing**"
        first = outcome.first.replace("|", "\\|")
        lines.append(f"| {outcome.mutation.part} | {outcome.mutation.what} | {by} | {first} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Changes the model on purpose and runs the regression.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="mutations whose name, part or file holds this word")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    options = parser.parse_args()
    wanted = [m for m in MUTATIONS if options.only in f"{m.name} {m.part} {m.file}"]
    if wrong := misfits(wanted):
        print("\n".join(wrong))
        return 2
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="minsim-mutations-") as folder:
        snapshot(Path(folder))
        control = judge(Mutation("control", "", "", "", "", ""), Path(folder))
        if control.by:
            print(f"the unchanged model drifts in {control.by}: {control.first}")
            return 2
        outcomes = []
        with ThreadPoolExecutor(options.jobs) as pool:
            for outcome in pool.map(lambda mutation: judge(mutation, Path(folder)), wanted):
                outcomes.append(outcome)
                state = outcome.by or "NOT CAUGHT"
                print(f"{outcome.mutation.name:32} {state:12} {outcome.seconds:5.1f} s  {outcome.first}", flush=True)
    seconds = time.perf_counter() - began
    missed = [outcome.mutation.name for outcome in outcomes if not outcome.by]
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} caught in {seconds:.0f} s")
    print(f"not caught: {', '.join(missed) or 'none'}")
    if options.markdown:
        options.markdown.write_text(table(outcomes, seconds), "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
