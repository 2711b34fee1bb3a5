"""Parts of error messages: the value found, and the known name closest to a wrong one."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from typing import Any


def closest(wrong: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Known name most similar to a wrong one, ignoring case; None when none is similar."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    found = difflib.get_close_matches(wrong.casefold(), sorted(folded), n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def suggestion(near: str | None) -> str:
    """End of a message about a wrong name: the suggested name, if one was found."""
    return f'; did you mean "{near}"?' if near is not None else ""


def did_you_mean(wrong: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """End of a message about a wrong name: the most similar known name, or all known names when there are few."""
    known = sorted(set(known))
    near = closest(wrong, known, cutoff=cutoff)
    if near is None and 0 < len(known) <= 12:
        return f"; expected {', '.join(known)}"
    return suggestion(near)


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Message about a name of some kind that is not among the known ones."""
    return f'unknown {kind} "{name}"{did_you_mean(name, known)}'


def got(value: Any) -> str:
    """A value as described in a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"text {short(value)}"
        case list():
            return "a list" if value else "an empty list"
        case Mapping():
            return f"a mapping of {', '.join(map(str, list(value)[:6]))}" if value else "an empty mapping"
        case dt.date():
            return f"the date {value}"
        case _:
            return str(value)


def short(text: Any) -> str:
    """Text in quotes on one line, cut when long."""
    text = " ".join(str(text).split())
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'
