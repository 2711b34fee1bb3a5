"""The wheel holds everything an installed minsim needs; `.ci/run` also installs it in a bare environment and runs it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import minsim

pytestmark = pytest.mark.slow  # builds the wheel

TREE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation nothing is fetched: hatchling is one of the packages that the tests need.
    build = ["pip", "wheel", str(TREE), "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    done = subprocess.run([sys.executable, "-m", *build], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_every_module_and_the_parts_of_the_page_are_inside(wheel):
    wanted = {str(path.relative_to(TREE)) for path in (TREE / "minsim").rglob("*.py")}
    wanted |= {f"minsim/report/{name}" for name in ("report.html.jinja", "report.css", "report.js")}
    assert wanted <= set(wheel.namelist())


def test_every_library_scenario_is_inside(wheel):
    wanted = {f"minsim/scenarios/{path.name}" for path in (TREE / "scenarios").glob("*.yaml")}
    assert {"minsim/scenarios/magnet-ban.yaml", "minsim/scenarios/rare-earth-magnets-2026.yaml"} <= wanted
    assert wanted <= set(wheel.namelist())


def test_reference_data_and_type_marker_are_inside(wheel):
    wanted = {str(path.relative_to(TREE)) for path in (TREE / "minsim" / "data").rglob("*.csv")}
    assert wanted
    assert wanted <= set(wheel.namelist())
    assert "minsim/py.typed" in wheel.namelist()


def test_nothing_else_is_inside(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"minsim", f"minsim-{minsim.__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name or name.endswith((".nbi", ".nbc"))]


def test_metadata(wheel):
    folder = f"minsim-{minsim.__version__}.dist-info"
    metadata = wheel.read(f"{folder}/METADATA").decode("utf-8").splitlines()
    assert f"Version: {minsim.__version__}" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "License-Expression: MIT" in metadata
    assert "minsim = minsim.cli.main:main" in wheel.read(f"{folder}/entry_points.txt").decode("utf-8")
