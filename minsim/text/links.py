"""Addresses that may become links: a scenario is written by others, and may hold `javascript:` or worse."""

from __future__ import annotations

import re

_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f<>`]+", re.IGNORECASE)


def web_address(url: str | None) -> str:
    """An address that is safe to link to: http or https, without blanks or angle brackets; else empty.

    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)"), web_address(None)
    ('https://example.org/a', '', '')
    """
    return url if url and _WEB_ADDRESS.fullmatch(url) else ""
