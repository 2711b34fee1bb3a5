"""Cells of Markdown tables."""

import re


def cell(text: str) -> str:
    """Text on one line, with nothing in it that a table or a page would take for markup."""
    return re.sub(r"([|<[])", r"\\\1", " ".join(text.split()))
