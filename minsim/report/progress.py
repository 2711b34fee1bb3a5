"""Progress of the computations for a page."""

from __future__ import annotations

from collections.abc import Callable

PageProgress = Callable[[str, int, int], None]
"""Called with a description of the computation, and the number of its steps done and requested."""
