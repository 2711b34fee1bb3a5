"""Reads the fenced blocks of a page, and runs them in order in one folder, as a reader would."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from minsim.cli.main import main

TREE = Path(__file__).parent.parent.parent
PAGES = (TREE / "README.md", *sorted((TREE / "docs").rglob("*.md")))
NOT_RUN = {
    "installs",
    "serves until stopped",
    "takes minutes; tested in tests/studies/test_library_runs.py",
    "tested in tests/regression/test_pytest_plugin.py",
}
"""Reasons for which a block may go untried."""
SHOWN = {"text", "yaml"}
"""Languages that are looked at, not run; a `yaml` block with a title is the file of that name."""
RUN = {"sh", "console", "python", "pycon"}

_FENCE = re.compile(
    r"^(?P<marks>(?:<!-- .* -->\n)*)(?P<ticks>```+)(?P<language>\w*)(?P<info>.*)\n(?P<body>(?:.*\n)*?)(?P=ticks)$",
    re.MULTILINE,
)
_MARK = re.compile(r"<!-- (not-run|exits): (.*) -->")
_TITLE = re.compile(r'title="([^"]+)"')
_SHELL = re.compile(r"[|&;<>*$`~]")
"""Signs that a command needs a shell, and not only minsim."""
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    body: str
    title: str | None = None
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    for match in _FENCE.finditer(text):
        title = _TITLE.search(match["info"])
        yield Block(
            page,
            text.count("\n", 0, match.start("ticks")) + 1,
            match["language"],
            match["body"],
            title[1] if title else None,
            dict(_MARK.findall(match["marks"])),
        )


class Reader:
    """Follows one page: files appear where it says so, commands run in order, Python keeps its names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "__main__"}
        tools = folder.parent / "tools"
        tools.mkdir()
        (tools / "minsim").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m minsim "$@"\n', "utf-8")
        (tools / "minsim").chmod(0o755)
        path = f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": path, "PYTHONPATH": str(TREE)}

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if "not-run" in block.marks:
            return
        match block.language:
            case "yaml" if block.title:
                (self.folder / block.title).write_text(block.body, "utf-8")
            case "sh":
                for command in commands(block.body):
                    self.command(block, command)
            case "console":
                for command, wanted in sessions(block.body):
                    self.expect(block, command, wanted, self.command(block, command))
            case "python":
                exec(compile(block.body, block.place, "exec"), self.names)
            case "pycon":
                self.examples(block)

    def command(self, block: Block, command: str) -> str:
        """Run a command; returns all it printed. minsim alone runs in this process, which spares its imports."""
        exits = int(block.marks.get("exits", 0))
        words = shlex.split(command, comments=True)
        if words[0] == "minsim" and not _SHELL.search(re.sub(r"\s#.*|\"[^\"]*\"|'[^']*'", "", command)):
            result = CliRunner().invoke(main, words[1:], catch_exceptions=False)
            code, output = result.exit_code, result.output
        else:
            shell = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", command]
            done = subprocess.run(
                shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder, check=False,
                env=self.environment,
            )  # fmt: skip
            code, output = done.returncode, done.stdout
        assert code == exits, f"{block.place}: {command} exited with {code}, expected {exits}\n{output}"
        return output

    def expect(self, block: Block, command: str, wanted: str, got: str) -> None:
        """Hold what a command printed against the page; spaces do not count, `...` stands for anything."""
        checker = doctest.OutputChecker()
        assert checker.check_output(wanted, got, LOOSELY), f"{block.place}: {command} printed\n{got}\nnot\n{wanted}"

    def examples(self, block: Block) -> None:
        """Run a Python session and hold what it shows against the page."""
        found = doctest.DocTestParser().get_doctest(block.body, self.names, block.place, str(block.page), block.line)
        told: list[str] = []
        failed = doctest.DocTestRunner(optionflags=LOOSELY).run(found, out=told.append, clear_globs=False).failed
        assert not failed, "".join(told)
        self.names = found.globs


def commands(body: str) -> list[str]:
    """Commands of a `sh` block, continued lines joined."""
    lines = body.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def sessions(body: str) -> Iterator[tuple[str, str]]:
    """Commands of a `console` block, each with what it should print."""
    for part in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        yield command, wanted
