"""What importing loads, which way imports point, what is public, and who may print."""

import ast
import graphlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import minsim

PACKAGE = Path(minsim.__file__).parent
HEAVY = ("jinja2", "matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "rich", "scipy", "simpy", "yaml")

LAYERS = (
    {"errors"},
    {"data", "schema"},
    {"chain", "flows", "grammar", "phrases", "spans", "uncertainty", "wording"},
    {"checks", "from_data", "loading"},
    {"balance", "baseline", "carving", "holdings", "labels", "layout", "markets", "network", "trade"},
    {"world"},
    {"events"},
    {"engine"},
    {
        "answer",
        "causes",
        "days_lost",
        "disturbances",
        "licence_table",
        "metrics",
        "output",
        "price_metrics",
        "result_folder",
        "results",
        "stockpile_metrics",
        "style",
    },
    {"bibliography", "catalogue", "data_check", "newscenario", "regression", "risk", "screening", "validation"},
    {"charts"},
    {"cause_pages", "data_pages", "library_pages", "rendering"},
    {"report"},
    {"commands"},
    {"cli", "pytest_plugin"},
    {"__main__"},
)
"""Imports of any kind (at the top, inside functions, for types) point to an earlier layer or to the same one.

One way back is open: every result can draw itself, so a function may import `charts` from anywhere.
"""


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages are in memory after running `code` in a fresh interpreter."""
    report = f"import json, sys\n{code}\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def module_name(path: Path) -> str:
    """Top-level module (or sub-package) of minsim that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[tuple[str, Path, ast.Module]]:
    return [(module_name(path), path, ast.parse(path.read_text("utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]


def imported_modules(tree: ast.AST) -> set[str]:
    """Modules of minsim imported anywhere below a node: at the top, inside functions, or for types only."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("minsim.")} - {"__version__"}


def imported_at_once(tree: ast.Module) -> set[str]:
    """Modules of minsim that importing a file imports too; those inside functions or for types come later, or never."""
    later = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    now = [node for node in tree.body if not isinstance(node, later) and "TYPE_CHECKING" not in header(node)]
    return set().union(*map(imported_modules, now))


def header(node: ast.stmt) -> str:
    return ast.unparse(node.test) if isinstance(node, ast.If) else ""


def dependencies(imports=imported_modules) -> dict[str, set[str]]:
    """What each module (or sub-package) of minsim imports of the others."""
    found: dict[str, set[str]] = {}
    for module, _, tree in sources():
        if module != "__init__":
            found.setdefault(module, set()).update(imports(tree) - {module})
    return found


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


def test_every_module_has_a_layer():
    known = set().union(*LAYERS)
    assert set(dependencies()) <= known, "a new module: give it a layer in LAYERS above, and in CONTRIBUTING.md"


def test_imports_point_one_way():
    rank = {module: index for index, layer in enumerate(LAYERS) for module in layer}
    at_once = dependencies(imported_at_once)
    upward = [
        f"{module} imports {needed}"
        for module, needs in dependencies().items()
        for needed in sorted(needs if "charts" in at_once[module] else needs - {"charts"})
        if rank[needed] > rank[module]
    ]
    assert not upward


def test_no_import_cycles():
    list(graphlib.TopologicalSorter(dependencies(imported_at_once)).static_order())  # raises CycleError


def prints_or_exits(tree: ast.Module) -> list[int]:
    """Lines that write to the terminal or end the process."""
    forbidden = {"print", "exit", "quit", "sys.exit", "os._exit", "sys.stdout.write", "sys.stderr.write", "click.echo"}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "SystemExit"]
    return [node.lineno for node in [*(call for call in calls if ast.unparse(call.func) in forbidden), *raised]]


def test_only_the_command_line_prints_or_exits():
    guilty = [
        f"{path.name}:{line}"
        for module, path, tree in sources()
        if module not in ("cli", "commands")
        for line in prints_or_exits(tree)
    ]
    assert not guilty


def test_the_check_for_printing_can_fail():
    assert prints_or_exits(ast.parse("print(1)\nimport sys\nsys.exit(2)\nraise SystemExit")) == [1, 3, 4]


def test_the_check_for_imports_sees_every_form():
    now = "import minsim.engine\nfrom minsim import flows, __version__\n"
    later = "if TYPE_CHECKING:\n    from minsim.results import Run\ndef f():\n    from minsim.events.curbs import Curb"
    assert imported_modules(ast.parse(now + later)) == {"engine", "flows", "results", "events"}
    assert imported_at_once(ast.parse(now + later)) == {"engine", "flows"}
