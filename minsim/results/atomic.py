"""One file, whole or not at all: it is written beside its place, then moved there.

Every command that writes a single file goes through here; a folder of results does it for all its files at once
(`minsim.results.files`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from minsim.errors import OutputError

_STREAMS = (("/", "dev"), ("/", "proc"))
"""Where a name may stand for a stream, which cannot be replaced."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Path to write to, of the same suffix; what was written then replaces `path`, of an error nothing is left.

    Parameters
    ----------
    path : Path
        The file; its folder is made if absent. A link stays a link, a device or a pipe is written to as it is.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    try:
        if path.parts[:2] in _STREAMS or (path.exists() and not path.is_file()):
            yield path
            return
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{secrets.token_hex(6)}{target.suffix}")
        try:
            yield draft
            if target.exists():
                shutil.copymode(target, draft)
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; lines end as in the text, on every system.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def reason(error: OSError) -> str:
    """Why the system refused, for a sentence."""
    return (error.strerror or str(error)).lower()
