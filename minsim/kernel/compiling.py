"""Numba: how parts of the daily step are compiled, and where the compiled code is kept."""

from __future__ import annotations

import contextlib
import getpass
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


Indices = npt.NDArray[np.uint32]


Index = int | np.integer[Any]
"""Number of a node: what loops count, and what index arrays hold."""


F = TypeVar("F", bound=Callable[..., Any])


OPTIONS = {"error_model": "numpy", "_nrt": False}
"""Zero divided is infinite or nan, as in numpy; and no function allocates, which spares the counting of references."""


def phase(function: F) -> F:
    """Compile a part of the daily step into its caller; callable from compiled code only.

    A call would copy the packed state, some forty words, onto the stack: that took a third of the time.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **OPTIONS)(function)


def compiled(function: F) -> F:
    """Compile an entry point, with a cache on disk wherever one can be written."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # neither the package folder nor the home folder can be written
        numba.config.CACHE_DIR = temporary_cache()
        return numba.njit(cache=True, **OPTIONS)(function)


def temporary_cache() -> str:
    """A cache folder of this user's own in the temporary folder; a fresh one if somebody else sits on its name.

    The cache is code that will be run: a folder that others can write to must never serve.
    """
    folder = Path(tempfile.gettempdir()) / f"minsim-numba-{getpass.getuser()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
        mine = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o077)
        if mine and stat.S_ISDIR(status.st_mode):
            return str(folder)
    return tempfile.mkdtemp(prefix="minsim-numba-")
