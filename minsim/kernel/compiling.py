"""Numba: how parts of the daily step are compiled, and where the compiled code is kept."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba.core import caching
from numba.extending import register_jitable

Floats = npt.NDArray[np.float64]


Indices = npt.NDArray[np.uint32]


Index = int | np.integer[Any]
"""Number of a node: what loops count, and what index arrays hold."""


Nodes = Index | npt.NDArray[np.integer[Any]]
"""One node; or, for a rule called from Python, several: it then returns an array."""


Amount = float | Floats
"""One amount, or several."""


F = TypeVar("F", bound=Callable[..., Any])


OPTIONS = {"error_model": "numpy", "_nrt": False}
"""Zero divided is infinite or nan, as in numpy; and no function allocates, which spares the counting of references."""


def phase(function: F) -> F:
    """Compile a part of the daily step into its caller; callable from compiled code only.

    A call would copy the packed state, some forty words, onto the stack: that took a third of the time.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **OPTIONS)(function)


def rule(function: F) -> F:
    """Leave a function as it is for Python, and let compiled code call it too: one definition for both.

    In Python a rule of plain arithmetic takes arrays as well (`Nodes`, `Amount`).
    """
    compile_when_called: Callable[[F], F] = register_jitable(forceinline=True, **OPTIONS)
    return compile_when_called(function)


def compiled(function: F) -> F:
    """Compile an entry point, with a cache on disk that knows every source the code is made from."""
    dispatcher = numba.njit(**OPTIONS)(function)
    if not numba.config.DISABLE_JIT:
        dispatcher._cache = SourceCache(function)  # what njit(cache=True) does, with another kind of cache
    return dispatcher


# ------------------------------------------------------------------------------------------------------------- the cache

KEPT_VERSIONS = 4
"""Versions of the sources whose compiled code is kept: to go back and forth between two states compiles nothing."""


@cache
def sources_digest(*folders: Path) -> str:
    """Name of a version of all Python sources in some folders, under this Numba."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(source for folder in set(folders) for source in folder.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class TemporaryLocator(caching._SourceFileBackedLocatorMixin, caching._CacheLocator):  # type: ignore[misc]
    """Where compiled code is kept when neither the package folder nor the home folder can be written."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file, self._lineno = file, function.__code__.co_firstlineno
        self.path = str(temporary_cache() / self.get_suitable_cache_subpath(file))

    def get_cache_path(self) -> str:
        """Folder for the functions of one source file."""
        return self.path


class SourcesLocator:
    """A folder of its own for each version of the sources, inside the one that Numba chose.

    Numba looks at the source file of the function alone, and would serve compiled code whose callees in other files have
    changed since. Code is compiled from the kernel and from modules beside the function: their version names the folder.

    Parameters
    ----------
    chosen : numba's locator
        It follows `NUMBA_CACHE_DIR`, then takes the package folder, then the user's cache folder.
    folders : tuple of Path
        Where the sources are.
    """

    def __init__(self, chosen: caching._CacheLocator, folders: tuple[Path, ...]) -> None:
        self.chosen, self.folder = chosen, Path(chosen.get_cache_path()) / f"compiled-{sources_digest(*folders)}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chosen, name)

    def get_cache_path(self) -> str:
        """Folder of this version; made when there is something to keep."""
        return str(self.folder)

    def ensure_cache_path(self) -> None:
        """Make the folder, and delete those of former versions but for the latest few.

        Several processes may do so at once. One whose folder goes away under it only compiles again.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)
        with contextlib.suppress(OSError):
            versions = sorted(self.folder.parent.glob("compiled-*"), key=lambda folder: folder.stat().st_mtime)
            for former in versions[:-KEPT_VERSIONS]:
                shutil.rmtree(former, ignore_errors=True)


class SourceCacheImpl(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's rules for what can be kept, and where but for the version of the sources."""

    _locator_classes: ClassVar[list[type]] = [*caching.CompileResultCacheImpl._locator_classes, TemporaryLocator]

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        folders = (Path(__file__).parent, Path(function.__code__.co_filename).parent)
        self._locator = SourcesLocator(super().locator, folders)


class SourceCache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's cache of a function, apart for each version of the sources."""

    _impl_class = SourceCacheImpl


def temporary_cache() -> Path:
    """A cache folder of this user's own in the temporary folder; a fresh one if somebody else sits on its name.

    The cache is code that will be run: a folder that others can write to must never serve.
    """
    folder = Path(tempfile.gettempdir()) / f"minsim-numba-{getpass.getuser()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
        mine = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o077)
        if mine and stat.S_ISDIR(status.st_mode):
            return folder
    return Path(tempfile.mkdtemp(prefix="minsim-numba-"))
