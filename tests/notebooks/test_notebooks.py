"""The notebooks run from top to bottom on what is installed, and are kept without their outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONGEST_CELL_S = 1800
DRAWS = re.compile(r"(\.|^)plot[\w.]*\(", re.MULTILINE)
"""A call of a method or function named after plotting."""


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is kept."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Its cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_five_notebooks_are_there() -> None:
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_kept_without_outputs(path: Path) -> None:
    kept = [cell for cell in code_cells(read(path)) if cell.outputs or cell.execution_count is not None]
    assert not kept, f"strip the outputs: jupyter nbconvert --clear-output --inplace {path.name}"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_shows_what_it_speaks_of(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)
    NotebookClient(
        notebook, timeout=LONGEST_CELL_S, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output.text for _, output in outputs if output.get("name") == "stderr"]  # a warning, most often
    shown = {cell.id for cell, output in outputs if "image/png" in output.get("data", {})}
    drawing = {cell.id for cell in code_cells(notebook) if DRAWS.search(cell.source)}
    assert drawing
    assert drawing == shown
