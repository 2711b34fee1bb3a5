"""Which files of a folder minsim wrote: only those are ever replaced or removed.

The manifest of a result lists its files with their checksums. A folder of somebody else's, a file that is not listed, one
that was changed since, and the result of another command are refused by name. While files are moved into a folder, a
journal lists the old and the new ones, so that a process killed in between leaves nothing of unknown origin.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from minsim.errors import OutputError
from minsim.results.atomic import write_text

MANIFEST: Final = "manifest.json"
JOURNAL: Final = ".minsim-writing.json"
SINGLE_FILES: Final = frozenset({"report.html"})
"""Files that a command may have put into a folder before its results stood there; a result never replaces them."""
MOST_NAMED = 5
LONGEST_WAIT_S = 60.0
"""How long to wait for another process that moves files into the same folder, which takes a moment."""


@dataclass(frozen=True)
class Ownership:
    """What minsim says it wrote into a folder.

    Attributes
    ----------
    made_here : bool
        Whether a manifest or a journal of minsim stands there.
    checksums : mapping of str to collection of str
        By name of a file, what it may hold.
    command : str or None
        What made the result.
    """

    made_here: bool
    checksums: Mapping[str, Collection[str]]
    command: str | None


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def owned_by_minsim(folder: Path) -> Ownership:
    """What the manifest of a folder, and the journal of an interrupted command, list."""
    manifest, journal = _read(folder / MANIFEST), _read(folder / JOURNAL)
    sums: dict[str, set[str]] = {}
    for told in (manifest, journal):
        for name, known in (told or {}).items():
            sums.setdefault(name, set()).update([known] if isinstance(known, str) else known)
    command = _content(folder / MANIFEST).get("command")
    return Ownership(manifest is not None or journal is not None, sums, command)


def _read(path: Path) -> Mapping[str, Any] | None:
    """Files that a manifest or journal lists; None where there is none of minsim's."""
    listed = _content(path).get("files")
    return listed if isinstance(listed, dict) else None


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def refuse_foreign(folder: Path, names: Collection[str] | None = None) -> Ownership:
    """Refuse a folder in which a result would touch what it did not write; returns what may be replaced.

    Parameters
    ----------
    folder : Path
        Where a result is to be written; it need not exist.
    names : collection of str, optional
        Every file that the result may write; absent: not known yet, only the folder is looked at.

    Raises
    ------
    OutputError
        The folder is somebody else's, or a file in it is.
    """
    owned = owned_by_minsim(folder)
    if not folder.is_dir():
        return owned
    there = {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    if not owned.made_here:
        _refuse(folder, there - SINGLE_FILES, "which minsim did not write", "move it away")
    if names is None:
        return owned
    _refuse(folder, {n for n in names if (folder / n).is_dir()}, "a folder where a file is to be", "move it away")
    unlisted = {MANIFEST, *names} - {*owned.checksums, MANIFEST}
    _refuse(folder, there & unlisted, "which minsim did not write", "move it away")
    others = there & (owned.checksums.keys() - set(names))
    by = f" of `{owned.command}`" if owned.command else ""
    _refuse(folder, others, f"the result{by}", "remove that result")
    changed = {n for n in there & owned.checksums.keys() if checksum(folder / n) not in owned.checksums[n]}
    _refuse(folder, changed, "changed since minsim wrote it", "move it away")
    return owned


def _refuse(folder: Path, names: Collection[str], what: str, mend: str) -> None:
    if not names:
        return
    shown = sorted(names)
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    several = mend.replace(" it ", " them ") if len(shown) > 1 else mend
    raise OutputError(
        f"{folder} holds {', '.join(shown[:MOST_NAMED])}{more}, {what}; nothing there was touched. "
        f"Give another folder with --out, or {several}"
    )


def write_journal(folder: Path, owned: Ownership, new: Mapping[str, str]) -> Path:
    """List what stands in a folder and what is about to, until the new manifest says so."""
    sums = {name: {*owned.checksums.get(name, ()), *([new[name]] if name in new else [])} for name in
            {*owned.checksums, *new}}  # fmt: skip
    journal = folder / JOURNAL
    write_text(journal, json.dumps({"files": {name: sorted(known) for name, known in sorted(sums.items())}}) + "\n")
    return journal


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes of this machine from moving files into the same folder meanwhile."""
    from filelock import FileLock, Timeout

    place = hashlib.sha256(str(folder.resolve()).encode(errors="surrogateescape")).hexdigest()[:16]
    lock = FileLock(Path(tempfile.gettempdir()) / f"minsim-{place}.lock", timeout=LONGEST_WAIT_S)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock)
        except Timeout:
            raise OutputError(f"another minsim is writing to {folder}; wait for it, or give another folder") from None
        except (OSError, NotImplementedError):
            pass  # no room or no right to lock: rather a result without it than none
        yield
