"""YAML → `Scenario`: positions, `extends`, overrides, and every problem reported together.

A file is read into a tree of `Item`, each value with the place it was written at; `extends` and overrides merge such trees,
so that a problem in what a parent says names the parent's file. The merged tree is then validated once, by the models of
`minsim.schema` and the rules of `minsim.checks`.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import html
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, cast

import yaml
from pydantic import BaseModel, ValidationError

from minsim import checks
from minsim.errors import Problem, ScenarioError
from minsim.schema import DISTRIBUTIONS, Given, Number, ScenarioModel
from minsim.uncertainty import central

__all__ = [
    "Input",
    "Scenario",
    "json_schema",
    "library",
    "library_folder",
    "load_scenario",
    "parse_override",
    "scenario_from_mapping",
]

DEEPEST = 40
"""Levels of nesting a file may have; the format itself needs about a dozen."""

LARGEST = 200_000
"""Values a file may hold once its aliases are written out; some hundred times the largest scenario."""

OVERRIDE_SOURCE = {"source": checks.ASSUMPTION, "note": "override"}
"""What an override says of where its numbers come from."""

SUFFIXES = (".yaml", ".yml")


# -------------------------------------------------------------------------------------------------- values with their place


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; lines and columns count from 1, and are 0 where unknown."""

    file: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A value of a scenario file, with its place and that of its key.

    Parameters
    ----------
    value : dict of str to Item, list of Item, or a scalar
        The value.
    place : Place
        Where the value begins.
    key : Place or None
        Where its key stands; None in a list and at the top.
    """

    value: Any
    place: Place = Place()
    key: Place | None = None

    def child(self, part: str | int) -> Item | None:
        """Item below this one, None where there is none."""
        if isinstance(self.value, dict):
            return cast("Item | None", self.value.get(part))
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            return cast(Item, self.value[part])
        return None

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def find(self, path: checks.Path, *, key: bool = False) -> Place:
        """Place of a path: of its value, or of its key when asked for or when the value is a block.

        Of a path that leads nowhere, the place of the block in which it would stand.
        """
        here = self
        for part in path:
            below = here.child(part)
            if below is None:
                key = True
                break
            here = below
        return here.key if here.key is not None and (key or isinstance(here.value, dict | list)) else here.place


def _problem(tree: Item, path: checks.Path, message: str, *, on_key: bool = False) -> Problem:
    place = tree.find(path, key=on_key)
    return Problem(place.file, place.line, place.column, _dotted(path), message)


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))


def _from_python(value: Any, path: checks.Path = ()) -> Item:
    """Values given in Python as a tree without places; blocks of the schema and numpy scalars are welcome."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    if isinstance(value, Mapping):
        return Item({str(key): _from_python(child, (*path, str(key))) for key, child in value.items()})
    if isinstance(value, list | tuple):
        return Item([_from_python(child, (*path, index)) for index, child in enumerate(value)])
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, str | int | float | dt.date) and value == value):
        return Item(value)
    wanted = "text, a number, a date, a list or a mapping"
    got = "nan" if isinstance(value, float) else f"an object of type {type(value).__name__}"
    raise ScenarioError.single(f"expected {wanted}, got {got}", path=_dotted(path))


# ------------------------------------------------------------------------------------------------------------ reading YAML


class _Loader(yaml.SafeLoader):
    """The safe loader, with the scalars of YAML 1.2: `1e9` is a number, `no` is text, and there are no sexagesimals."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (the loader adds to its own, see below)
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"nested more than {DEEPEST} levels deep", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_TAGS = "tag:yaml.org,2002:"

for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)", list("-+.")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAGS + _tag, re.compile(f"^(?:{_pattern})$"), _first)


class _Unreadable(Exception):
    """A document too large or too deep to go on with."""


class _Reader:
    """Turns one YAML document into a tree of items, gathering problems on the way."""

    def __init__(self, text: bytes | str, shown: str, problems: list[Problem]) -> None:
        self.text, self.shown, self.problems = text, shown, problems
        self.count = 0

    def read(self) -> Item | None:
        """The document, or None when it cannot be read at all."""
        try:
            self.loader = _Loader(self.text)
            node = self.loader.get_single_node()
            return self.item(node, ()) if node is not None else Item({}, Place(self.shown, 1, 1))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.report(mark, (), _yaml_words(error))
        except yaml.reader.ReaderError as error:
            self.report(None, (), f"no text: {error.reason} at byte {error.position}; save the file as UTF-8")
        except _Unreadable as error:
            self.report(None, (), str(error))
        return None

    def report(self, mark: yaml.Mark | None, path: checks.Path, message: str) -> None:
        place = self.place(mark)
        self.problems.append(Problem(place.file, place.line, place.column, _dotted(path), message))

    def place(self, mark: yaml.Mark | None) -> Place:
        return Place(self.shown, mark.line + 1, mark.column + 1) if mark is not None else Place(self.shown)

    def item(self, node: yaml.Node, path: checks.Path, key: Place | None = None) -> Item:
        self.count += 1
        if self.count > LARGEST or len(path) > DEEPEST:
            raise _Unreadable("too large or too deep once its aliases (`*name`) are written out")
        place = self.place(node.start_mark)
        match node:
            case yaml.MappingNode():
                value: Any = self.mapping(node, path)
            case yaml.SequenceNode():
                value = [self.item(child, (*path, index)) for index, child in enumerate(node.value)]
            case _:
                value = self.scalar(node, path)
        if node.tag not in self.expected_tags(node):
            tag = node.tag.replace(_TAGS, "!!")
            self.report(node.start_mark, path, f"the tag {tag} is refused here: scenarios hold plain data")
        return Item(value, place, key)

    def expected_tags(self, node: yaml.Node) -> tuple[str, ...]:
        match node:
            case yaml.MappingNode():
                return (_TAGS + "map",)
            case yaml.SequenceNode():
                return (_TAGS + "seq",)
            case _:
                plain = self.loader.resolve(yaml.ScalarNode, node.value, (True, False))  # type: ignore[no-untyped-call]
                return _TAGS + "str", plain

    def mapping(self, node: yaml.MappingNode, path: checks.Path) -> dict[str, Item]:
        values: dict[str, Item] = {}
        inherited: list[Item] = []
        for key, child in node.value:
            if key.tag == _TAGS + "merge":
                inherited += self.merged(child, path)
            elif not isinstance(key, yaml.ScalarNode) or not key.value:
                self.report(key.start_mark, path, "expected text as a key")
            elif key.value in values:
                first = values[key.value].key
                assert first is not None
                self.report(
                    key.start_mark, (*path, key.value), f'duplicate key "{key.value}", first on line {first.line}'
                )
            else:
                values[key.value] = self.item(child, (*path, key.value), self.place(key.start_mark))
        for block in inherited:
            values = {**block.value, **values}
        return values

    def merged(self, node: yaml.Node, path: checks.Path) -> list[Item]:
        """Mappings that `<<:` brings in; nearer ones last, so that they win."""
        nodes = reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]
        found = [self.item(child, path) for child in nodes]
        if not all(isinstance(block.value, dict) for block in found):
            self.report(node.start_mark, path, "expected a mapping, or a list of them, after `<<:`")
        return [block for block in found if isinstance(block.value, dict)][::-1]

    def scalar(self, node: yaml.Node, path: checks.Path) -> Any:
        try:
            return _scalar(node.tag.removeprefix(_TAGS), node.value)
        except ValueError:
            self.report(node.start_mark, path, f"not a number that can be computed with: {_short(node.value)}")
            return 0


def _scalar(tag: str, text: str) -> Any:
    match tag:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        case "float":
            number = float(text.lower().replace(".inf", "inf"))
            if math.isinf(number) and "inf" not in text.lower():
                raise ValueError(text)
            return number
        case "timestamp":
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                return text  # the schema says what is wrong with it
        case _:
            return text


def _yaml_words(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    hint = "\nindent with blanks, never with tabs" if "'\\t'" in (error.problem or "") else ""
    if "mapping values are not allowed" in (error.problem or ""):
        hint = "\nput text that holds `: ` in quotes, and check the indentation"
    return f"cannot be read as YAML: {', '.join(parts)}{hint}"


# ------------------------------------------------------------------------------------------------------ library and extends


def library_folder() -> Path:
    """Folder of the scenarios that come with minsim: inside the installed package, or at the top of a source checkout."""
    installed = Path(__file__).parent / "scenarios"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "scenarios"


def library() -> dict[str, Path]:
    """Scenarios that come with minsim: name → file, in order of name."""
    files = (path for path in library_folder().glob("*") if path.suffix in SUFFIXES)
    return {path.stem: path for path in sorted(files)}


def _is_path(name: str) -> bool:
    return name.endswith(SUFFIXES) or "/" in name or "\\" in name


def _in_library(name: str) -> Path:
    known = library()
    if name not in known:
        near = checks.closest(name, known)
        hint = f'did you mean "{near}"? ' if near else ""
        raise _Refused(f'no scenario "{name}" in the library; {hint}`minsim list` names all; a file ends in .yaml')
    return known[name]


class _Refused(Exception):
    """A name, a path or an override that leads nowhere; the message says why."""


def _parent(name: str, folder: Path | None) -> Path:
    """File that `extends` names, seen from the folder of the extending file (None: not a file)."""
    if not _is_path(name):
        return _in_library(name)
    if folder is None:
        raise _Refused("a scenario that is no file can only extend one of the library, by name")
    if Path(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root:
        raise _Refused("expected a path relative to this file, got an absolute one")
    # Resolved before it is judged, so that neither `..` nor a symbolic link leads out.
    parent = (folder / name).resolve()
    if not parent.is_relative_to(folder.resolve()):
        raise _Refused("expected a file in the folder of this one or below, got one outside")
    if not parent.is_file():
        raise _Refused(f"no such file{_similar_file(parent)}")
    return parent


def _similar_file(path: Path) -> str:
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix in SUFFIXES]
    except OSError:
        return ""
    near = checks.closest(path.name, names)
    return f'; did you mean "{near}"?' if near else ""


def _shown(path: Path) -> str:
    """Path as a reader at the present folder would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _family(path: Path, shown: str, problems: list[Problem], heirs: tuple[Path, ...] = ()) -> Item | None:
    """A file merged over its ancestors; None when one of them cannot be had, and `problems` says why."""
    try:
        text = path.read_bytes()
    except OSError as error:
        similar = _similar_file(path) if isinstance(error, FileNotFoundError) else ""
        problems.append(Problem(shown, 0, 0, "", f"cannot be read: {error.strerror}{similar}"))
        return None
    tree = _Reader(text, shown, problems).read()
    return None if tree is None else _extended(tree, path, problems, heirs)


def _extended(tree: Item, path: Path | None, problems: list[Problem], heirs: tuple[Path, ...]) -> Item | None:
    if not isinstance(tree.value, dict):
        problems.append(_problem(tree, (), f"expected a mapping of keys to values, got {_got(tree.plain())}"))
        return None
    named = tree.child("extends")
    if named is None or named.value is None:
        return tree
    heirs = (*heirs, path.resolve()) if path is not None else heirs
    try:
        if not isinstance(named.value, str):
            raise _Refused(f"expected the name or the path of one scenario, got {_got(named.plain())}")
        parent = _parent(named.value, path.parent if path is not None else None)
        if parent.resolve() in heirs:
            raise _Refused(f"goes round in a ring: {' -> '.join(heir.name for heir in (*heirs, parent))}")
    except _Refused as error:
        problems.append(_problem(tree, ("extends",), f"cannot extend {_short(named.plain())}: {error}"))
        return None
    above = _family(parent, _shown(parent), problems, heirs)
    own = Item({key: item for key, item in tree.value.items() if key != "extends"}, tree.place, tree.key)
    return None if above is None else _merge(above, own)


def _merge(parent: Item, child: Item) -> Item:
    """Mappings by key, with null deleting; anything else, numbers with their sources too, is replaced whole."""
    if not (isinstance(parent.value, dict) and isinstance(child.value, dict)) or _is_leaf(parent) or _is_leaf(child):
        return child
    merged = dict(parent.value)
    for key, item in child.value.items():
        if key not in merged:
            merged[key] = item
        elif item.value is None:
            del merged[key]
        else:
            merged[key] = _merge(merged[key], item)
    return Item(merged, child.place, child.key)


def _is_leaf(item: Item) -> bool:
    """Whether a mapping is one number: `{value: ...}` or `{dist: ...}`."""
    found = (item.value.get("value"), item.value.get("dist"))
    return any(entry is not None and not isinstance(entry.value, dict | list) for entry in found)


# --------------------------------------------------------------------------------------------------------------- overrides


def parse_override(text: str) -> tuple[str, Any]:
    """Dotted path and value of an override as written after `--set`.

    Parameters
    ----------
    text : str
        `PATH=VALUE`, the value in YAML: `events.curb.duration_days=180`, `events.curb=null`,
        `stockpiles.vault.target_days={dist: uniform, low: 30, high: 60}`.

    Raises
    ------
    ScenarioError
        If there is no `=`, no path or no value, or the value is not YAML.

    Examples
    --------
    >>> parse_override("events.curb.duration_days=180")
    ('events.curb.duration_days', 180)
    """
    path, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not path or not value:
        raise ScenarioError.single(
            f"expected PATH=VALUE, such as events.curb.duration_days=180, got {_short(text)}; PATH=null deletes",
            path=path,
        )
    problems: list[Problem] = []
    item = _Reader(value, "", problems).read()
    if item is None or problems:
        raise ScenarioError(Problem("", 0, 0, path, f"{problem.message}\nin {_short(value)}") for problem in problems)
    return path, item.plain()


def _overridden(tree: Item, overrides: Mapping[str, Any], problems: list[Problem]) -> Item:
    for path, value in overrides.items():
        try:
            new = _from_python(value, tuple(path.split(".")))
            tree = _set(tree, ScenarioModel, path.split("."), 0, new)
        except _Refused as error:
            problems.append(Problem("", 0, 0, path, f"cannot be set: {error}"))
        except ScenarioError as error:
            problems.extend(error.problems)
    return tree


def _set(item: Item, annotation: Any, path: list[str], level: int, new: Item) -> Item:
    """A copy of `item` in which the value at `path[level:]` is replaced, or deleted by null."""
    key, below = path[level], path[level + 1 :]
    if not isinstance(item.value, dict):
        raise _Refused(f"{'.'.join(path[:level])} is a single value, with nothing below it")
    written = {name: child.value for name, child in item.value.items()}
    known = {name for model in checks.models_at(annotation, written) for name in checks.keys_of(model)} - {"extends"}
    is_new_entry = not known and not below and new.value is not None
    if key not in (known or written) and not is_new_entry:
        raise _Refused(f'unknown {"key" if known else "name"} "{key}"{checks.did_you_mean(key, known or written)}')
    inner = checks.inside(annotation, key, written)
    values = dict(item.value)
    if below:
        values[key] = _set(values.get(key, Item({})), inner, path, level + 1, new)
    elif new.value is None:
        values.pop(key, None)
    else:
        values[key] = _sourced(new, inner)
    return Item(values, item.place, item.key)


def _sourced(new: Item, annotation: Any) -> Item:
    """An override that says so: its numbers must not pass for those of the block's source."""
    if checks.is_number(annotation) and isinstance(new.value, int | float) and not isinstance(new.value, bool):
        return _from_python({"value": new.value, **OVERRIDE_SOURCE})
    if not isinstance(new.value, dict):
        return new
    if checks.models_at(annotation, {key: child.value for key, child in new.value.items()}):
        own = {} if new.value.keys() & OVERRIDE_SOURCE.keys() else _from_python(OVERRIDE_SOURCE).value
        return Item({**new.value, **own})
    inner = {key: checks.inside(annotation, key, {}) for key in new.value}
    return Item({key: _sourced(child, inner[key]) for key, child in new.value.items()})


# ------------------------------------------------------------------------------------------------- problems in plain words


@dataclass(frozen=True)
class _Complaint:
    """What pydantic found, at the path of the file."""

    path: checks.Path
    message: str
    on_key: bool = False


def _complaints(error: ValidationError, data: Mapping[str, Any]) -> list[_Complaint]:
    """Pydantic's errors in plain words, one a mistake."""
    found = list(dict.fromkeys(_complaint(cast("Mapping[str, Any]", entry), data) for entry in error.errors()))
    blamed = {complaint.path for complaint in found if complaint.message.startswith("expected a number,")}
    above = {complaint.path[:-1] for complaint in found}
    meant = {(*complaint.path[:-1], name) for complaint in found for name in _suggested(complaint.message)}
    kept = []
    for complaint in found:
        if complaint.path[:-1] in blamed:
            continue  # keys of a mapping that is no number at all
        if complaint.message.startswith("expected 1 or more") and complaint.path in above:
            continue  # entries there are, but wrong ones, each reported
        if complaint.message.startswith("missing key") and complaint.path in meant:
            continue  # it is there, misspelt, and reported as such
        kept.append(complaint)
    return list(_joined(kept))


def _suggested(message: str) -> list[str]:
    return re.findall(r'^unknown key .*; did you mean "([^"]+)"\?', message)


def _joined(complaints: Iterable[_Complaint]) -> Iterator[_Complaint]:
    """Alternatives that failed one by one at the same place, as one sentence."""
    groups: dict[tuple[checks.Path, bool, str], list[_Complaint]] = {}
    for complaint in complaints:
        sentence = "" if ", got " in complaint.message else complaint.message
        groups.setdefault((complaint.path, complaint.on_key, sentence), []).append(complaint)
    for (path, on_key, _), group in groups.items():
        wanted, got = zip(*(complaint.message.partition(", got ")[::2] for complaint in group), strict=True)
        if len(group) == 1:
            yield group[0]
        else:
            alternatives = " or ".join(text.removeprefix("expected ") for text in wanted)
            yield _Complaint(path, f"expected {alternatives}, got {got[0]}", on_key)


def _complaint(entry: Mapping[str, Any], data: Mapping[str, Any]) -> _Complaint:
    path, value = _in_file(entry["loc"], data)
    last, kind, context = entry["loc"][-1] if entry["loc"] else "", entry["type"], entry.get("ctx", {})
    if last == "[key]":
        return _Complaint(path, _wrong_key(str(path[-1]), context), on_key=True)
    if kind == "missing" and "given" in entry["loc"] and last == "value":
        return _Complaint(path, f"expected a number, {{value: ...}} or {{dist: ...}}, got {_got(value)}", on_key=True)
    if kind == "missing":
        return _Complaint((*path, last), f'missing key "{last}"')
    if kind == "extra_forbidden":
        return _Complaint(path, _unknown_key(path, data), on_key=True)
    if value is None and _is_entry(path, data):
        return _Complaint(path, _nothing_to_delete(path, data), on_key=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_variant(path, value, context)
    return _Complaint(path, _PLAIN_WORDS.get(kind, _some_error)(context, value, last))


def _in_file(location: tuple[str | int, ...], data: Mapping[str, Any]) -> tuple[checks.Path, Any]:
    """Path in the file and value there of a location of pydantic's, which also names the variants it tried."""
    path: list[str | int] = []
    here: Any = data
    for part in location:
        in_mapping = isinstance(here, Mapping) and part in here
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if in_mapping or in_list:
            here = here[part]
            path.append(part)
    return tuple(path), here


def _annotation_at(path: checks.Path, data: Mapping[str, Any]) -> Any:
    annotation: Any = ScenarioModel
    here: Any = data
    for part in path:
        if not isinstance(here, Mapping):
            return None
        annotation, here = checks.inside(annotation, str(part), here), here.get(part)
    return annotation


def _is_entry(path: checks.Path, data: Mapping[str, Any]) -> bool:
    """Whether a path names an entry of a table, such as an event, rather than a key of the format."""
    _, block = _in_file(path[:-1], data)
    return bool(path) and isinstance(block, Mapping) and not checks.models_at(_annotation_at(path[:-1], data), block)


def _unknown_key(path: checks.Path, data: Mapping[str, Any]) -> str:
    _, block = _in_file(path[:-1], data)
    models = checks.models_at(_annotation_at(path[:-1], data), block)
    known = {key for model in models for key in checks.keys_of(model)}
    near = checks.closest(str(path[-1]), known)
    if near is not None:
        return f'unknown key "{path[-1]}"; did you mean "{near}"?'
    known -= OVERRIDE_SOURCE.keys()
    return f'unknown key "{path[-1]}"' + (f"; expected some of {', '.join(sorted(known))}" if known else "")


def _wrong_variant(path: checks.Path, value: Any, context: Mapping[str, Any]) -> _Complaint:
    name = context.get("discriminator", "'type'").strip("'")
    if not isinstance(value, Mapping) or name not in value:
        return _Complaint((*path, name), f'missing key "{name}"')
    known = re.findall(r"'([^']+)'", context.get("expected_tags", ""))
    what = "event type" if name == "type" else "distribution"
    got = _got(value[name]).removeprefix("text ")
    return _Complaint((*path, name), f"unknown {what} {got}{checks.did_you_mean(str(value[name]), known)}")


def _wrong_key(key: str, context: Mapping[str, Any]) -> str:
    if " -> " in str(context.get("pattern")):
        return _wrong_lane(key)
    allowed = "letters, digits, - and _" if "A-Z" in str(context.get("pattern")) else "no dots, colons, brackets or >"
    return f"expected a name with {allowed}, got {_short(key)}"


def _wrong_lane(text: Any) -> str:
    return f'expected a lane such as "China -> United States", got {_short(str(text))}'


def _nothing_to_delete(path: checks.Path, data: Mapping[str, Any]) -> str:
    _, block = _in_file(path[:-1], data)
    near = checks.closest(str(path[-1]), (key for key, value in block.items() if value is not None))
    hint = f'; did you mean "{near}"?' if near else ""
    return f'null deletes what is inherited, but there is no "{path[-1]}" here{hint}'


_Words = Callable[[Mapping[str, Any], Any, str | int], str]


def _expected(wanted: str, hint: str = "") -> _Words:
    return lambda context, value, last: f"expected {wanted.format(**context)}, got {_got(value)}{hint}"


def _some_error(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    return f"not allowed here: {_got(value)}"


def _number_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    is_dressed = isinstance(value, str) and re.match(r"[-+]?[.\d]", value) is not None
    hint = "; write it without quotes, unit or separators" if is_dressed else ""
    return f"expected a number, got {_got(value)}{hint}"


def _text_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    hint = "; put it in quotes" if isinstance(value, int | float | dt.date) else ""
    return f"expected text, got {_got(value)}{hint}"


def _list_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    wanted = "all or a list" if last == "list" else "a list"
    hint = f"; did you mean [{value}]?" if isinstance(value, str) else ""
    return f"expected {wanted}, got {_got(value)}{hint}"


def _literal_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    allowed = str(context["expected"])
    near = checks.closest(value, re.findall(r"'([^']+)'", allowed)) if isinstance(value, str) else None
    hint = f'; did you mean "{near}"?' if near else ""
    return f"expected {allowed.replace(chr(39), '').replace('True', 'true')}, got {_got(value)}{hint}"


def _own_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    message = str(context["error"])
    if message.startswith("expected a date"):
        return f"{message.partition(', got ')[0]}, got {_got(value)}"
    if message.startswith("expected exactly one of") and isinstance(value, Mapping) and len(value) > 1:
        message += "\nto drop one that `extends` brings in, set it to null, as in `ban: null`"
    return message


def _pattern_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    return _wrong_lane(value) if " -> " in str(context.get("pattern")) else _wrong_key(str(value), context)


_PLAIN_WORDS: Mapping[str, _Words] = {
    "value_error": _own_words,
    "literal_error": _literal_words,
    "string_pattern_mismatch": _pattern_words,
    "string_type": _text_words,
    "string_too_long": _expected("at most {max_length} letters"),
    "float_type": _number_words,
    "finite_number": _number_words,
    "int_type": _expected("a whole number"),
    "int_from_float": _expected("a whole number"),
    "int_parsing": _expected("a whole number"),
    "bool_type": _expected("true or false"),
    "bool_parsing": _expected("true or false"),
    "tuple_type": _list_words,
    "list_type": _list_words,
    "dict_type": _expected("a mapping"),
    "model_type": _expected("a mapping"),
    "model_attributes_type": _expected("a mapping"),
    "too_short": _expected("{min_length} or more entries"),
    "too_long": _expected("{max_length} entries or fewer"),
    "greater_than_equal": _expected("a number >= {ge}"),
    "greater_than": _expected("a number > {gt}"),
    "less_than_equal": _expected("a number <= {le}"),
    "less_than": _expected("a number < {lt}"),
    "date_type": _expected("a date such as 2026-11-10"),
}


def _got(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"text {_short(value)}"
        case list():
            return "a list" if value else "an empty list"
        case Mapping():
            return f"a mapping of {', '.join(map(str, list(value)[:6]))}" if value else "an empty mapping"
        case dt.date():
            return f"the date {value}"
        case _:
            return str(value)


def _short(text: Any) -> str:
    text = " ".join(str(text).split())
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


# ---------------------------------------------------------------------------------------------------------------- scenario


@dataclass(frozen=True)
class Input:
    """An empirical number of a scenario and where it comes from."""

    path: str
    """Dotted path, as overrides name it."""
    value: float
    """The number; of a distribution, its central value."""
    text: str
    """The number as written, a distribution with its parameters."""
    unit: str
    """Unit, empty for shares, factors and other plain ratios."""
    source: str | None
    """Key in `sources:`, or `assumption`; None for a number that rests on a note alone."""
    note: str | None
    """Why this value."""
    kind: Literal["found", "derived", "memory", "assumption"]
    """How well it is known: found in the source, derived from it, recalled from memory, or assumed."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """A validated scenario: one question, asked of one network.

    Two scenarios are equal when they have one name and say the same.

    Parameters
    ----------
    name : str
        Stem of the file's name.
    model : ScenarioModel
        The scenario as frozen objects; mappings in order of key, whatever the order of the file.
    resolved : dict
        What the file and its ancestors say together, as plain JSON-able data: dates as ISO text, infinity as `.inf`.
        `scenario_from_mapping` makes the same scenario of it.
    warnings : tuple of str
        What is allowed but deserves a look.
    """

    name: str
    model: ScenarioModel = field(repr=False)
    resolved: dict[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = field(repr=False)
    _tree: Item = field(repr=False)

    @functools.cached_property
    def hash(self) -> str:
        """SHA-256 of what the scenario says; neither the order of keys nor `60` against `60.0` counts."""
        text = json.dumps(_canonical(self.resolved), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and (self.name, self.hash) == (other.name, other.hash)

    def __hash__(self) -> int:
        return hash((self.name, self.hash))

    def with_overrides(self, overrides: Mapping[str, Any]) -> Scenario:
        """The same scenario with other values, validated afresh.

        Parameters
        ----------
        overrides : mapping of str to object
            Dotted path → value, which replaces what stands there; None deletes it. Numbers are recorded as assumptions with
            the note `override`, unless they come with a source or note of their own.

        Raises
        ------
        ScenarioError
            If a path leads nowhere, or the outcome is not a valid scenario.

        Examples
        --------
        >>> scenario.with_overrides({"events.curb.duration_days": 180})  # doctest: +SKIP
        """
        problems: list[Problem] = []
        tree = _overridden(self._tree, overrides, problems)
        return _build(self.name, tree, problems)

    def without(self, *events: str) -> Scenario:
        """The same scenario without some events, named by their ids."""
        return self.with_overrides({f"events.{name}": None for name in events})

    def only(self, *events: str) -> Scenario:
        """The same scenario with no events but these, named by their ids."""
        for name in events:
            if name not in self.model.events:
                hint = checks.did_you_mean(name, self.model.events)
                raise ScenarioError.single(f'unknown event "{name}"{hint}', path=f"events.{name}")
        return self.without(*(name for name in self.model.events if name not in events))

    def inputs(self) -> list[Input]:
        """Every empirical number the scenario gives, in order of path, with the source it has or inherits."""
        found = (_input(quantity, self.model) for quantity in checks.quantities(self.resolved))
        return sorted(found, key=lambda entry: entry.path)

    def _repr_html_(self) -> str:
        model = self.model
        rows = {
            "Simulated": f"{model.start} to {model.end}",
            "Rests on what was known on": str(model.as_of),
            "Materials": ", ".join(material.title or name for name, material in model.materials.items()),
            "Stockpiles": ", ".join(pile.title or name for name, pile in model.stockpiles.items()),
            "Events": ", ".join(event.title or name for name, event in model.events.items()),
        }
        cells = (
            f"<tr><th>{html.escape(key)}</th><td>{html.escape(text)}</td></tr>" for key, text in rows.items() if text
        )
        head = f"<h4>{html.escape(model.title)}</h4><p>{html.escape(model.description)}</p>"
        return f"{head}<table>{''.join(cells)}</table>"


def load_scenario(name_or_path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Load and validate a scenario.

    Parameters
    ----------
    name_or_path : str or path
        Name of a scenario of the library, or a file; what ends in `.yaml` or `.yml` or holds a separator is a file.
    overrides : mapping of str to object, optional
        Dotted path → value, set before validation; see `Scenario.with_overrides` and `parse_override`.

    Raises
    ------
    ScenarioError
        With every problem found.

    Examples
    --------
    >>> scenario = load_scenario("magnet-ban", {"events.curb.duration_days": 180})  # doctest: +SKIP
    """
    path, shown = _file(name_or_path)
    problems: list[Problem] = []
    tree = _family(path, shown, problems)
    if tree is None:
        raise ScenarioError(problems)
    return _build(path.stem, _overridden(tree, overrides or {}, problems), problems)


def _file(name_or_path: str | os.PathLike[str]) -> tuple[Path, str]:
    if isinstance(name_or_path, os.PathLike) or _is_path(name_or_path):
        return Path(name_or_path), str(Path(name_or_path))
    try:
        path = _in_library(name_or_path)
    except _Refused as error:
        raise ScenarioError.single(str(error)) from None
    return path, _shown(path)


def scenario_from_mapping(mapping: Mapping[str, Any], name: str = "scenario") -> Scenario:
    """Scenario from a mapping in memory, such as the `resolved` of another one.

    Parameters
    ----------
    mapping : mapping of str to object
        What a file would hold; `extends` may name a scenario of the library.
    name : str
        Name of the scenario.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    problems: list[Problem] = []
    tree = _extended(_from_python(mapping), None, problems, ())
    if tree is None:
        raise ScenarioError(problems)
    return _build(name, tree, problems)


def _build(name: str, tree: Item, problems: list[Problem]) -> Scenario:
    """Validate a merged tree; everything wrong with it is raised together with the problems met on the way."""
    data = {key: value for key, value in tree.plain().items() if key != "extends"}
    findings = list(checks.source_problems(data))
    cautions = list(checks.source_cautions(data))
    model = None
    try:
        model = ScenarioModel.model_validate(_in_order(data, ScenarioModel))
    except ValidationError as error:
        complaints = _complaints(error, data)
        problems = problems + [_problem(tree, c.path, c.message, on_key=c.on_key) for c in complaints]
    if model is not None:
        findings += checks.findings(model, checks.CHECKS)
        cautions += checks.findings(model, checks.CAUTIONS)
    problems = problems + [_problem(tree, path, message) for path, message in findings]
    if problems or model is None:
        raise ScenarioError(problems)
    warnings = tuple(_one_line(_problem(tree, path, message)) for path, message in cautions)
    return Scenario(name, model, _jsonable(data), warnings, tree)


def _one_line(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column} " if problem.line else ""
    return f"{place}{problem.path}: {problem.message}"


def _in_order(value: Any, annotation: Any) -> Any:
    """Mappings by key, so that the order of a file cannot count, and without the sources of tables.

    A table (producers, consumers, lanes) may carry `source` and `note` beside its entries, which the models do not know.
    """
    if not isinstance(value, Mapping) or annotation is None:
        return value
    is_table = not checks.models_at(annotation, value)
    hidden = OVERRIDE_SOURCE.keys() if is_table else ()
    keys = sorted(key for key in value if key not in hidden or not isinstance(value[key], str))
    return {key: _in_order(value[key], checks.inside(annotation, key, value)) for key in keys}


def _jsonable(value: Any) -> Any:
    """Plain data that JSON can hold; nulls, which by now say nothing, are dropped from mappings."""
    match value:
        case Mapping():
            return {key: _jsonable(child) for key, child in value.items() if child is not None}
        case list():
            return [_jsonable(child) for child in value]
        case dt.date():
            return value.isoformat()
        case float() if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        case _:
            return value


def _canonical(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _canonical(child) for key, child in value.items()}
        case list():
            return [_canonical(child) for child in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


# ------------------------------------------------------------------------------------------------------------------ inputs


_UNITS = (
    ("t_per_year", "t/year"),
    ("tonnes_per_year", "t/year"),
    ("usd_per_kg", "USD/kg"),
    ("usd_per_t", "USD/t"),
    ("usd", "USD"),
    ("days_per_month", "days/month"),
    ("days_per_day", "days/day"),
    ("days", "days"),
    ("per_day", "1/day"),
    ("per_year", "1/year"),
)
"""Last words of a key → unit; the first that fits."""


def _input(quantity: checks.Quantity, model: ScenarioModel) -> Input:
    number = _number_at(model, quantity.path)
    kind: Any = "assumption"
    if quantity.source in model.sources:
        kind = model.sources[quantity.source].confidence or "found"
    path = _dotted(quantity.path)
    unit = _unit(quantity.path)
    return Input(path, central(number), _number_text(number), unit, quantity.source, quantity.note, kind)


def _number_at(model: ScenarioModel, path: checks.Path) -> Number:
    here: Any = model
    for part in path:
        if isinstance(here, BaseModel):
            fields = {info.alias or name: name for name, info in type(here).model_fields.items()}
            here = getattr(here, fields[str(part)])
        else:
            here = here[part]
    return cast(Number, here)


def _number_text(number: Number) -> str:
    if isinstance(number, DISTRIBUTIONS):
        parameters = number.model_dump(exclude={"dist", "source", "note"}, exclude_unset=True)
        return f"{number.dist}({', '.join(f'{key}={_digits(value)}' for key, value in parameters.items())})"
    return _digits(number.value if isinstance(number, Given) else number)


def _digits(value: Any) -> str:
    return f"[{', '.join(map(_digits, value))}]" if isinstance(value, tuple) else f"{value:.12g}"


def _unit(path: checks.Path) -> str:
    """Unit that a key tells; an entry of a table has that of the table."""
    *above, key = map(str, path)
    if key == "yield" or above[-1] == "inputs":
        return "t/t"
    for table in ("lead_time_days", "tonnes_per_year"):
        key = table if table in above else key
    return next((unit for ending, unit in _UNITS if key == ending or key.endswith(f"_{ending}")), "")


# ------------------------------------------------------------------------------------------------------------- JSON Schema


_NUMBER_BLOCKS = {"Given", *(distribution.__name__ for distribution in DISTRIBUTIONS)}


def json_schema() -> dict[str, Any]:
    """JSON Schema of scenario files, for editors (yaml-language-server) and other tools.

    A file that extends another may leave out what it inherits, at any level, and may delete it with null. Hence
    required keys are demanded only at the top of a file without `extends`, and inside a number, which is never merged.
    """
    # An infinite default is no JSON.
    schema: dict[str, Any] = _jsonable(ScenarioModel.model_json_schema(by_alias=True))
    required = [key for key in schema.pop("required") if key != "format"]
    for name, block in schema["$defs"].items():
        if name not in _NUMBER_BLOCKS:
            block.pop("required", None)
    for block in (schema, *schema["$defs"].values()):
        _open_to_merging(block)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "minsim scenario, format 1",
        "required": ["format"],
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": required},
    }


def _open_to_merging(block: dict[str, Any]) -> None:
    """Let every value of a block be null, and its tables carry `source` and `note`."""
    for key, value in block.get("properties", {}).items():
        _open_tables(value)
        described = {"description": value.pop("description")} if "description" in value else {}
        block["properties"][key] = {**described, "anyOf": [value, {"type": "null"}]}


def _open_tables(value: dict[str, Any]) -> None:
    for part in (value, *value.get("anyOf", ())):
        for entries in ("additionalProperties", "patternProperties"):
            if isinstance(part.get(entries), dict):
                part["properties"] = {"source": {"type": "string"}, "note": {"type": "string"}}
        if isinstance(part.get("additionalProperties"), dict):
            part["additionalProperties"] = {"anyOf": [part["additionalProperties"], {"type": "null"}]}
        if "patternProperties" in part:
            # Patterns speak of every key that fits them, also of those listed under `properties`.
            part["patternProperties"] = {
                pattern.replace("^", "^(?!(?:source|note)$)", 1): {"anyOf": [entry, {"type": "null"}]}
                for pattern, entry in part["patternProperties"].items()
            }
