"""The compile cache finds a place to live."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numba
import pytest

from minsim.kernel import advance
from minsim.kernel.compiling import compiled, temporary_cache


def test_falls_back_to_a_temporary_folder_when_nothing_else_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def njit(**options: Any) -> Any:
        def decorate(function: Any) -> Any:
            asked.append(numba.config.CACHE_DIR)
            if len(asked) == 1:
                raise RuntimeError("cannot cache function: no locator available")
            return function

        return decorate

    monkeypatch.setattr(advance.numba, "njit", njit)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compiled(lambda: None)
    assert len(asked) == 2
    assert Path(asked[1]).parent == tmp_path
    assert Path(asked[1]).stat().st_mode & 0o077 == 0


def test_the_temporary_cache_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert temporary_cache() == temporary_cache()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions are those of POSIX")
def test_a_folder_that_others_can_write_to_never_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    planted = Path(temporary_cache())
    planted.chmod(0o777)
    assert temporary_cache() != str(planted)
