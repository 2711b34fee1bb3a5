"""How far the making of a page has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


PageProgress = Callable[[str, int, int], None]
"""Told what is computed, how much is done, and how much is wanted."""
