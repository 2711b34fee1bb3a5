"""Measure the shape of a package's code: sizes, complexity, documentation.

    python tools/code_shape.py FOLDER... [--worst N] [--limits]

Prints one Markdown table, a column for each folder. `--worst N` lists the N longest and most complex functions. `--limits`
holds the first folder to `LIMITS`, lists what breaks them, and ends with exit code 1 if anything does.

Lines of a module are all of its lines. The body of a function is its lines of code, without docstring, comments, blank
lines, decorators and signature; a nested function counts for the outer one too. Complexity is McCabe's, as counted by ruff
(rule C901). Public is what has no underscore in front, nor stands inside something that has.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import math
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

LIMITS = {"complexity": 15, "module_lines": 500, "p95_body_lines": 22}
"""Most that a function, a module, and all but the longest 5% of functions may have; and everything public is documented."""
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Function:
    """One function: where it stands and how large its body is [lines of code]."""

    place: str
    body_lines: int


@dataclass(frozen=True)
class Shape:
    """What is measured of a package.

    Attributes
    ----------
    module_lines : dict of str to int
        Lines of each module.
    functions : tuple of Function
    complexities : dict of str to int
        Cyclomatic complexity of each function, by place.
    public, undocumented : tuple of str
        Places of public definitions, and of those without a docstring.
    """

    module_lines: dict[str, int]
    functions: tuple[Function, ...]
    complexities: dict[str, int]
    public: tuple[str, ...]
    undocumented: tuple[str, ...]

    @property
    def p95_body_lines(self) -> int:
        """Body lines that 95% of the functions do not exceed, by nearest rank."""
        lengths = sorted(function.body_lines for function in self.functions)
        return lengths[math.ceil(0.95 * len(lengths)) - 1]


def measure(folder: Path) -> Shape:
    """Measure every module below a folder, tests left out."""
    paths = [path for path in sorted(folder.rglob("*.py")) if not {"test", "tests"} & set(path.parts)]
    module_lines: dict[str, int] = {}
    functions: list[Function] = []
    public: list[str] = []
    undocumented: list[str] = []
    for path in paths:
        name, source = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
        module_lines[name] = len(source.splitlines())
        code = lines_of_code(source)
        for node, is_public in definitions(ast.parse(source)):
            place = f"{name}:{node.lineno} {node.name}"
            if not isinstance(node, ast.ClassDef):
                span = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
                functions.append(Function(place, sum(line in code for line in span)))
            if is_public:
                public.append(place)
                if ast.get_docstring(node) is None:
                    undocumented.append(place)
    return Shape(module_lines, tuple(functions), complexities(folder, paths), tuple(public), tuple(undocumented))


def definitions(node: ast.AST, public: bool = True) -> Iterator[tuple[Definition, bool]]:
    """Every function and class below a node, and whether it is public; what stands inside a function is not."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Definition):
            yield from definitions(child, public)
            continue
        decorators = " ".join(ast.unparse(decorator) for decorator in child.decorator_list)
        own = public and not child.name.startswith("_") and not re.search("overload|override|setter", decorators)
        yield child, own
        yield from definitions(child, own and isinstance(child, ast.ClassDef))


def lines_of_code(source: str) -> set[int]:
    """Numbers of the lines with code on them; docstrings are none."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            code -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return code


def complexities(folder: Path, paths: Sequence[Path]) -> dict[str, int]:
    """Cyclomatic complexity of every function, by place, as ruff counts it."""
    rules = ["--select", "C901", "--config", "lint.mccabe.max-complexity=0", "--isolated", "--output-format", "json"]
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--no-cache", "--exit-zero", *rules, *map(str, paths)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    counted = {}
    for row in found:
        match = re.fullmatch(r"`(\w+)` is too complex \((\d+) > 0\)", row["message"])
        assert match, row["message"]
        name = Path(row["filename"]).resolve().relative_to(folder.resolve()).as_posix()
        counted[f"{name}:{row['location']['row']} {match[1]}"] = int(match[2])
    return counted


def table(shapes: dict[str, Shape]) -> str:
    """The measures as a Markdown table, a column for each package."""
    rows: dict[str, list[object]] = {
        "modules": [len(s.module_lines) for s in shapes.values()],
        "lines": [sum(s.module_lines.values()) for s in shapes.values()],
        "longest module [lines]": [max(s.module_lines.values()) for s in shapes.values()],
        "functions": [len(s.functions) for s in shapes.values()],
        "body of a function, median [lines]": [
            f"{statistics.median(f.body_lines for f in s.functions):g}" for s in shapes.values()
        ],
        "body of a function, 95% have at most [lines]": [s.p95_body_lines for s in shapes.values()],
        "body of a function, longest [lines]": [max(f.body_lines for f in s.functions) for s in shapes.values()],
        "functions of complexity over 10": [sum(c > 10 for c in s.complexities.values()) for s in shapes.values()],
        "highest complexity": [max(s.complexities.values()) for s in shapes.values()],
        "public definitions documented": [f"{1 - len(s.undocumented) / len(s.public):.1%}" for s in shapes.values()],
    }
    head = [f"| measure | {' | '.join(shapes)} |", f"|---|{'---:|' * len(shapes)}"]
    return "\n".join([*head, *(f"| {name} | {' | '.join(map(str, cells))} |" for name, cells in rows.items())])


def offenders(shape: Shape) -> list[str]:
    """What breaks the project's limits, a line each."""
    long = [f"{name}: {n} lines" for name, n in shape.module_lines.items() if n > LIMITS["module_lines"]]
    tangled = [f"{place}: complexity {n}" for place, n in shape.complexities.items() if n > LIMITS["complexity"]]
    undocumented = [f"{place}: no docstring" for place in shape.undocumented]
    p95 = [f"bodies: 95% have at most {shape.p95_body_lines} lines"]
    return [*long, *tangled, *undocumented, *(p95 if shape.p95_body_lines > LIMITS["p95_body_lines"] else [])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and what was asked for besides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--worst", type=int, default=0, metavar="N")
    parser.add_argument("--limits", action="store_true")
    given = parser.parse_args(arguments)
    shapes = {folder.resolve().name: measure(folder) for folder in given.folders}
    print(table(shapes))
    for name, shape in shapes.items():
        lengths = {function.place: function.body_lines for function in shape.functions}
        for title, sizes in (("longest bodies", lengths), ("most complex", shape.complexities)):
            worst = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[: given.worst]
            print(
                *([f"\n{name}, {title}:"] if worst else []), *(f"  {size}  {place}" for place, size in worst), sep="\n"
            )
    broken = offenders(next(iter(shapes.values()))) if given.limits else []
    print(*broken, sep="\n")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
