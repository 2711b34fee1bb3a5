"""Compare what two versions of minsim write and print, byte for byte: a change of the code must not change them unawares.

    python tools/compare_outputs.py BEFORE_PYTHON AFTER_PYTHON WORK_FOLDER

Each interpreter stands in an environment in which one version of minsim is installed. Both run the whole library with its
pictures, one study of each kind, and every `--help`, each in a folder of its own below WORK_FOLDER. The exit code is 1 when
a file differs. Left out is what names the program: versions, and digests of its sources.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SCENARIO = "magnet-ban"
STUDIES = {
    "ensemble": ["ensemble", SCENARIO, "-n", "8", "-j", "1"],
    "compare": ["compare", SCENARIO, "truce-lapses", "-n", "4", "-j", "1"],
    "sweep": ["sweep", SCENARIO, "--over", "events.ban.duration_days=90,365", "-n", "4", "-j", "1"],
    "sensitivity": ["sensitivity", "truce-lapses", "--region", "United States", "--samples", "2", "-j", "1"],
    "attribute": ["attribute", "truce-lapses"],
}
COMMANDS = (
    "", "run", "list", "show", "validate", "sources", "new", "plot", "report", "attribute", "why", "ensemble", "compare",
    "sweep", "size", "spend", "sensitivity", "screen", "regress", "schema", "data",
)  # fmt: skip
PROGRAM = re.compile(rb'\d+\.\d+\.\d+\+[0-9a-f]{12}|"versions": \{[^}]*\}|(?<=parts/)[0-9a-f]+')
"""What names the program rather than its results."""


def outputs_of(python: str, folder: Path) -> None:
    """Run every command of one version in a folder; what it prints stands there too."""
    folder.mkdir(parents=True)
    calls = {f"help-{name or 'minsim'}": [*filter(None, [name]), "--help"] for name in COMMANDS}
    calls |= {name: [*call, "--out", name] for name, call in STUDIES.items()}
    calls["library"] = ["run", "all", "--out", "library"]
    for name, call in calls.items():
        done = subprocess.run([python, "-m", "minsim", *call], cwd=folder, capture_output=True, check=False)
        (folder / f"{name}.txt").write_bytes(b"exit code %d\n%s\n%s" % (done.returncode, done.stdout, done.stderr))


def files_below(folder: Path) -> dict[str, bytes]:
    """Contents of all files below a folder, by path, without what names the program."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".parquet")
    return {path.relative_to(folder).as_posix(): PROGRAM.sub(b"", path.read_bytes()) for path in paths}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both versions, and print the paths of the files that differ."""
    parser = argparse.ArgumentParser(description="Compare what two versions of minsim write and print.")
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("work", type=Path)
    given = parser.parse_args(arguments)
    for name, python in (("before", given.before), ("after", given.after)):
        outputs_of(python, given.work / name)
    before, after = files_below(given.work / "before"), files_below(given.work / "after")
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(f"{len(before)} files before, {len(after)} after, {len(differing)} differ", *differing, sep="\n")
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
