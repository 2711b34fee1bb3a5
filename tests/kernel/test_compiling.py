"""Compiled code is kept where it can be written, and never outlives the sources it was made from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import pytest

import minsim
from minsim.kernel import advance
from minsim.kernel.compiling import (
    KEPT_VERSIONS,
    SourceCacheImpl,
    SourcesLocator,
    rule,
    sources_digest,
    temporary_cache,
)

PACKAGE = Path(minsim.__file__).parent
CALLEE = """
from minsim.kernel.compiling import phase, rule

FACTOR = {factor}

@phase
def scaled(x):
    return FACTOR * x

@rule
def lifted(x):
    return x + {lift}
"""
ENTRY = """
from minsim.kernel.compiling import compiled
from minsim.kernel.callee import lifted, scaled

@compiled
def entry(x):
    return lifted(scaled(x))
"""
CALL = """
from minsim.kernel.entry import entry
print(entry(10.0), sum(entry.stats.cache_hits.values()))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of the same name with nothing but the real compiling module, an entry point and its callees."""
    kernel = tmp_path / "minsim" / "kernel"
    kernel.mkdir(parents=True)
    for folder in (kernel.parent, kernel):
        (folder / "__init__.py").touch()
    shutil.copy(PACKAGE / "kernel" / "compiling.py", kernel)
    (kernel / "entry.py").write_text(ENTRY)
    return kernel


def call(package: Path, factor: float = 2.0, lift: float = 1.0, **environment: str) -> tuple[float, int]:
    """Result of the entry point in a process of its own with these callees, and how often the cache served it."""
    (package / "callee.py").write_text(CALLEE.format(factor=factor, lift=lift))
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")} | environment
    env |= {"PYTHONPATH": str(package.parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", CALL]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=package.parents[1])
    result, hits = done.stdout.split()
    return float(result), int(hits)


def test_an_edited_callee_in_another_file_is_compiled_again(package: Path) -> None:
    assert call(package) == (21.0, 0)
    assert call(package, factor=3.0, lift=5.0) == (35.0, 0)
    assert call(package) == (21.0, 1), "what was compiled before is still there"


def test_a_users_cache_folder_is_honoured(package: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    assert call(package, NUMBA_CACHE_DIR=str(chosen)) == (21.0, 0)
    assert list(chosen.rglob("compiled-*/*.nbi"))
    assert not (package / "__pycache__").exists()


class Chosen:
    """A folder that Numba chose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_cache_path(self) -> str:
        return str(self.folder)


def test_former_versions_do_not_pile_up(tmp_path: Path) -> None:
    sources, kept = tmp_path / "sources", tmp_path / "kept"
    sources.mkdir()
    kept.mkdir()
    (kept / "of-somebody-else").touch()
    folders = []
    for version in range(KEPT_VERSIONS + 3):
        source = sources / f"version_{version}"
        source.mkdir()
        (source / "module.py").write_text(f"VERSION = {version}")
        locator = SourcesLocator(Chosen(kept), (source,))
        locator.ensure_cache_path()
        folders.append(Path(locator.get_cache_path()))
        os.utime(folders[-1], (version, version))
    assert len(set(folders)) == KEPT_VERSIONS + 3
    assert [folder for folder in folders if folder.exists()] == folders[-KEPT_VERSIONS:]
    assert (kept / "of-somebody-else").exists()


def test_a_version_is_its_sources_and_numbas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def folder() -> str:
        sources_digest.cache_clear()
        return SourcesLocator(Chosen(tmp_path), (tmp_path, PACKAGE / "kernel")).get_cache_path()

    first = folder()
    (tmp_path / "beside.py").write_text("x = 1")
    assert folder() != first
    (tmp_path / "beside.py").unlink()
    assert folder() == first
    monkeypatch.setattr(numba, "__version__", "0.0")
    assert folder() != first


def test_the_daily_step_is_kept_by_the_version_of_the_kernel() -> None:
    if not hasattr(advance.advance, "signatures"):
        pytest.skip("NUMBA_DISABLE_JIT is set")
    assert Path(advance.advance._cache.cache_path).name.startswith("compiled-")


def test_falls_back_to_a_temporary_folder_when_nothing_else_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for locator in SourceCacheImpl._locator_classes[:-1]:
        monkeypatch.setattr(locator, "from_function", classmethod(lambda cls, function, file: None))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = numba.config.CACHE_DIR
    path = Path(SourceCacheImpl(test_a_users_cache_folder_is_honoured).locator.get_cache_path())
    (private,) = tmp_path.iterdir()
    assert path.is_relative_to(private)
    assert private.stat().st_mode & 0o077 == 0
    assert before == numba.config.CACHE_DIR, "a user's other functions keep their own cache"


def test_the_temporary_cache_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert temporary_cache() == temporary_cache()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions are those of POSIX")
def test_a_folder_that_others_can_write_to_never_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    planted = temporary_cache()
    planted.chmod(0o777)
    assert temporary_cache() != planted


def test_a_rule_is_an_ordinary_function_in_python() -> None:
    @rule
    def doubled(x: float) -> float:
        return 2.0 * x

    assert type(doubled) is type(lambda: None)
    assert doubled(3.0) == 6.0
