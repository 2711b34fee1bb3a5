"""What importing loads, which way imports point, what is public, and who may print."""

import ast
import graphlib
import json
import subprocess
import sys
from collections.abc import Container
from pathlib import Path

import pytest

import minsim

PACKAGE = Path(minsim.__file__).parent
HEAVY = ("jinja2", "matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "rich", "scipy", "simpy", "yaml")

PACKAGES = (
    "errors",
    "text",
    "data",
    "kernel",
    "scenario",
    "network",
    "simulation",
    "metrics",
    "results",
    "reference",
    "explain",
    "studies",
    "regression",
    "charts",
    "report",
    "cli",
)
"""The packages of minsim in the order of their imports: each may import those before it, and nothing else.

Every import counts: at the top of a file, inside functions, for types alone.
"""
BELOW_ALL = ("_lazy", "_version")
"""What any file may import; the package's face, `minsim/__init__.py`, none may."""
DOOR = "minsim.results.plotting"
"""The one way on: results reach their charts, and the explanation of a day, through it."""


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages are in memory after running `code` in a fresh interpreter."""
    report = f"import json, sys\n{code}\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def module_name(path: Path) -> str:
    """Dotted name of the module that a file of minsim holds."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, ast.Module]:
    """Every file of minsim, by the name of its module."""
    return {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imported_modules(tree: ast.AST, modules: Container[str]) -> set[str]:
    """Modules of minsim imported anywhere below a node: at the top, inside functions, or for types only."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules else node.module for name in names}
    return {name for name in found if name.partition(".")[0] == "minsim"}


def imports() -> dict[str, set[str]]:
    """What each module of minsim imports of the others; the door is left out."""
    trees = sources()
    return {name: imported_modules(tree, trees) - {name} for name, tree in trees.items() if name != DOOR}


def package_of(module: str) -> str:
    """Package (or single file) at the top of minsim that a module belongs to; `minsim` for its face."""
    return module.split(".")[1] if "." in module else module


def test_importing_minsim_loads_nothing_heavy():
    assert loaded_by("import minsim") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["list", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"from minsim.cli.main import main\ntry:\n  main({arguments!r})\n"
    code += "except SystemExit as stop:\n  assert not stop.code"
    assert loaded_by(code) == set()


def test_reading_the_version_and_catching_errors_loads_nothing_heavy():
    assert (
        loaded_by("import minsim\nminsim.__version__, minsim.MinsimError, minsim.ScenarioError, dir(minsim)") == set()
    )


def test_loading_a_scenario_loads_no_plotting_and_no_tables():
    heavy = loaded_by("import minsim\nminsim.load_scenario('magnet-ban')")
    assert heavy.isdisjoint({"matplotlib", "pandas", "pyarrow", "rich"})


def test_public_names_are_pinned():
    assert sorted(minsim.__all__) == [
        "Attribution",
        "Company",
        "Explanation",
        "MassBalanceError",
        "MinsimError",
        "Run",
        "Scenario",
        "ScenarioError",
        "Waterfall",
        "__version__",
        "attribute",
        "compare",
        "ensemble",
        "library",
        "load_company",
        "load_scenario",
        "run",
        "sensitivity",
        "size",
        "spend",
        "sweep",
        "waterfall",
        "why",
    ]


def test_every_public_name_exists_and_is_listed_by_dir():
    for name in minsim.__all__:
        assert getattr(minsim, name) is not None
    assert set(minsim.__all__) <= set(dir(minsim))


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'simulate'"):
        _ = minsim.simulate


def test_every_package_has_its_place():
    found = {package_of(name) for name in sources()} - {"minsim", "__main__", *BELOW_ALL}
    assert found == set(PACKAGES), "a new package: give it a place in PACKAGES above, and in CONTRIBUTING.md"


def test_imports_point_one_way():
    rank = {package: index for index, package in enumerate((*BELOW_ALL, *PACKAGES))}
    wrong = [
        f"{module} imports {needed}"
        for module, needs in imports().items()
        if package_of(module) in rank
        for needed in sorted(needs)
        if rank.get(package_of(needed), len(rank)) > rank[package_of(module)]
    ]
    assert not wrong


def test_no_files_import_each_other_in_a_circle():
    list(graphlib.TopologicalSorter(imports()).static_order())  # raises CycleError


def prints_or_exits(tree: ast.Module) -> list[int]:
    """Lines that write to the terminal or end the process."""
    forbidden = {"print", "exit", "quit", "sys.exit", "os._exit", "sys.stdout.write", "sys.stderr.write", "click.echo"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "SystemExit"]
    return [node.lineno for node in [*(call for call in calls if ast.unparse(call.func) in forbidden), *raised]]


def test_only_the_command_line_prints_or_exits():
    guilty = [
        f"{module}:{line}"
        for module, tree in sources().items()
        if package_of(module) != "cli"
        for line in prints_or_exits(tree)
    ]
    assert not guilty


def test_the_check_for_printing_can_fail():
    assert prints_or_exits(ast.parse("print(1)\nimport sys\nsys.exit(2)\nraise SystemExit")) == [1, 3, 4]


def test_the_check_for_imports_sees_every_form():
    modules = {"minsim.simulation.engine", "minsim.kernel.rows", "minsim.results.run", "minsim.charts"}
    now = "import minsim.simulation.engine\nfrom minsim.kernel import rows\nimport numpy\n"
    later = "if TYPE_CHECKING:\n    from minsim.results.run import Run\ndef f():\n    from minsim import charts, run"
    assert imported_modules(ast.parse(now + later), modules) == {*modules, "minsim"}
