"""What mkdocs does beyond turning Markdown into pages: generated references, and equations that need no script."""

from __future__ import annotations

import html
import re
from typing import Any

import command_reference
import format_reference
from latex2mathml.converter import convert

WRITERS = {module.__name__: module.reference for module in (command_reference, format_reference)}
GENERATED = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
"""Where a page wants what one of the writers writes."""
EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
"""What the Markdown extension leaves of `$...$` and `$$...$$`."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put generated references where pages ask for them."""
    return GENERATED.sub(lambda match: WRITERS[match[1]](), markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn equations into MathML, which browsers show by themselves."""
    return EQUATION.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    display = "inline" if match[1] == "span" else "block"
    return str(convert(html.unescape(match[2]).strip(), display=display))
