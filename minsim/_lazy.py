"""Public names of a package, each fetched from its module when it is first used (PEP 562), so that importing stays fast."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping


def lazy_names(package: str, module_of: Mapping[str, str]) -> Callable[[str], object]:
    """Make the `__getattr__` of a package.

    Parameters
    ----------
    package : str
        Name of the package.
    module_of : mapping of str to str
        Public name → the module that defines it.

    Returns
    -------
    callable
        Name → the object; it raises `AttributeError` for names that are not in `module_of`.
    """

    def fetch(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(module_of[name]), name)
        return value

    return fetch
