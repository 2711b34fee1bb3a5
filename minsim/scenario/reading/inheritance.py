"""The library of scenarios, and `extends`: files merged over their ancestors."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PureWindowsPath

from minsim.errors import Problem, ScenarioError, unprintable
from minsim.scenario.reading.filling import with_reference_data
from minsim.scenario.reading.merging import merged
from minsim.scenario.reading.yaml_documents import Item, UnknownTarget, problem_at, read_document
from minsim.text.messages import closest, got, short, suggestion

SUFFIXES = (".yaml", ".yml")

LARGEST_BYTES = 4_000_000
"""Most bytes of a file; about forty times the largest scenario."""

MOST_ANCESTORS = 20
"""Longest line of `extends`; nobody can follow more by eye."""


def library_folder() -> Path:
    """Folder of the scenarios that come with minsim: inside the installed package, or at the top of a source checkout."""
    package = Path(__file__).parents[2]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def library() -> dict[str, Path]:
    """Scenarios that come with minsim: name → file, in order of name.

    Returns
    -------
    dict of str to Path
        File of each scenario, by its name.
    """
    files = (path for path in library_folder().glob("*") if path.suffix in SUFFIXES)
    return {path.stem: path for path in sorted(files)}


def _is_path(name: str) -> bool:
    return name.endswith(SUFFIXES) or "/" in name or "\\" in name


def _in_library(name: str) -> Path:
    known = library()
    if name not in known:
        near = closest(name, known)
        hint = f'did you mean "{near}"? ' if near else ""
        raise UnknownTarget(f'no scenario "{name}" in the library; {hint}`minsim list` names all; a file ends in .yaml')
    return known[name]


def find_scenario(name_or_path: str | os.PathLike[str]) -> tuple[Path, str]:
    """File of a scenario named by a user, and its name in messages."""
    if isinstance(name_or_path, os.PathLike) or _is_path(name_or_path):
        return Path(name_or_path), str(Path(name_or_path))
    try:
        path = _in_library(name_or_path)
    except UnknownTarget as error:
        raise ScenarioError.single(str(error)) from None
    return path, _shown(path)


def _parent(name: str, folder: Path | None) -> Path:
    """File that `extends` names, seen from the folder of the extending file (None: not a file)."""
    if not _is_path(name):
        return _in_library(name)
    if folder is None:
        raise UnknownTarget("a scenario that is no file can only extend one of the library, by name")
    if Path(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root:
        raise UnknownTarget("expected a path relative to this file, got an absolute one")
    # Resolved before it is checked, so that neither `..` nor a symbolic link leads outside.
    if found := unprintable(name):
        raise UnknownTarget(f"the path holds {found}, which no file can be named by")
    parent = (folder / name).resolve()
    if not parent.is_relative_to(folder.resolve()):
        raise UnknownTarget("expected a file in the folder of this one or below, got one outside")
    if not parent.is_file():
        raise UnknownTarget(f"no such file{_similar_file(parent)}")
    return parent


def _similar_file(path: Path) -> str:
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix in SUFFIXES]
    except OSError:
        return ""
    return suggestion(closest(path.name, names))


def _shown(path: Path) -> str:
    """Path relative to the current folder, where possible."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_tree(path: Path, shown: str, problems: list[Problem]) -> Item | None:
    """A file as a tree; None when it cannot be read, with the reason in `problems`."""
    try:
        text = _content(path)
    except OSError as error:
        similar = _similar_file(path) if isinstance(error, FileNotFoundError) else ""
        problems.append(Problem(shown, 0, 0, "", f"cannot be read: {error.strerror}{similar}"))
        return None
    except UnknownTarget as error:
        problems.append(Problem(shown, 0, 0, "", f"cannot be read: {error}"))
        return None
    return read_document(text, shown, problems)


def _content(path: Path) -> bytes:
    """Bytes of a regular file of a sensible size and name; a pipe or a device could hang or never end."""
    if (found := unprintable(str(path))) is not None or any(character in str(path) for character in "\n\t"):
        raise UnknownTarget(f"its name holds {found or 'a line break or tab'}, which is no printable text; rename it")
    known = path.stat()
    if not (stat.S_ISREG(known.st_mode) or stat.S_ISDIR(known.st_mode)):
        raise UnknownTarget("expected a file on disk, got a pipe, a socket or a device; save it to a file first")
    if known.st_size > LARGEST_BYTES:
        size = f"{known.st_size / 1e6:,.1f} MB"
        raise UnknownTarget(f"expected at most {LARGEST_BYTES / 1e6:g} MB, got {size}; is it a scenario?")
    return path.read_bytes()


def read_family(path: Path, shown: str, problems: list[Problem], heirs: tuple[Path, ...] = ()) -> Item | None:
    """A file merged over its ancestors; None when one of them cannot be read, with the reason in `problems`."""
    tree = read_tree(path, shown, problems)
    return None if tree is None else extended(tree, path, problems, heirs)


def extended(tree: Item, path: Path | None, problems: list[Problem], heirs: tuple[Path, ...]) -> Item | None:
    """A tree merged over what it extends, seen from its file (None: not a file)."""
    if not isinstance(tree.value, dict):
        problems.append(problem_at(tree, (), f"expected a mapping of keys to values, got {got(tree.plain())}"))
        return None
    filled = with_reference_data(tree, problems)
    named = tree.child("extends")
    if filled is None or named is None or named.value is None:
        return filled
    tree = filled
    heirs = (*heirs, path.resolve()) if path is not None else heirs
    try:
        if not isinstance(named.value, str):
            raise UnknownTarget(f"expected the name or the path of one scenario, got {got(named.plain())}")
        parent = _parent(named.value, path.parent if path is not None else None)
        if len(heirs) > MOST_ANCESTORS:
            raise UnknownTarget(
                f"expected at most {MOST_ANCESTORS} files that extend one another, got more; merge some"
            )
        if parent.resolve() in heirs:
            raise UnknownTarget(f"goes round in a ring: {' -> '.join(heir.name for heir in (*heirs, parent))}")
    except UnknownTarget as error:
        problems.append(problem_at(tree, ("extends",), f"cannot extend {short(named.plain())}: {error}"))
        return None
    above = read_family(parent, _shown(parent), problems, heirs)
    own = Item({key: item for key, item in tree.value.items() if key != "extends"}, tree.place, tree.key)
    return None if above is None else merged(above, own)
