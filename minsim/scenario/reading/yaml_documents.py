"""YAML → a tree of `Item`: each value and each reading problem with its position in the file."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml
from pydantic import BaseModel

from minsim.errors import Problem, ScenarioError, unprintable
from minsim.scenario.schema_tree import Path, dotted
from minsim.text.messages import short

DEEPEST = 40
"""Most levels of nesting in a file; the format itself needs about a dozen."""

LARGEST = 200_000
"""Most values in a file with its aliases expanded; about a hundred times the largest scenario."""

KEPT_AS_WRITTEN = {("extends",)}
"""Values that name files, which the disk knows by the very bytes of their names."""


@dataclass(frozen=True, slots=True)
class Position:
    """Position in a file; lines and columns count from 1, and are 0 where unknown."""

    file: str = ""
    line: int = 0
    column: int = 0

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at this position."""
        return Problem(self.file, self.line, self.column, dotted(path), message)


@dataclass(frozen=True, slots=True)
class Item:
    """A value of a scenario file, with its position and that of its key.

    Parameters
    ----------
    value : dict of str to Item, list of Item, or a scalar
        The value.
    place : Position
        Position of the value.
    key : Position or None
        Position of its key; None in a list and at the top.
    """

    value: Any
    place: Position = Position()
    key: Position | None = None

    def child(self, part: str | int) -> Item | None:
        """Item below this one, None where there is none."""
        if isinstance(self.value, dict):
            return cast("Item | None", self.value.get(part))
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            return cast(Item, self.value[part])
        return None

    def plain(self) -> Any:
        """The value without positions."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def find(self, path: Path, *, key: bool = False) -> Position:
        """Position of a path: of its value, or of its key on request or when the value is a block.

        For a path that does not exist, the position of the innermost enclosing block that does.
        """
        here = self
        for part in path:
            below = here.child(part)
            if below is None:
                key = True
                break
            here = below
        return here.key if here.key is not None and (key or isinstance(here.value, dict | list)) else here.place


def problem_at(tree: Item, path: Path, message: str, *, on_key: bool = False) -> Problem:
    """A problem with the value at a path of a tree, or with its key."""
    return tree.find(path, key=on_key).problem(path, message)


def from_python(value: Any, path: Path = ()) -> Item:
    """Python values as a tree without positions; blocks of the schema and numpy scalars are accepted."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    if isinstance(value, Mapping):
        named = {normalised(str(key)): child for key, child in value.items()}
        return Item({key: from_python(child, (*path, key)) for key, child in named.items()})
    if isinstance(value, list | tuple):
        return Item([from_python(child, (*path, index)) for index, child in enumerate(value)])
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str):
        if reason := unreadable_text(value):
            raise ScenarioError.single(reason, path=dotted(path))
        return Item(value if path in KEPT_AS_WRITTEN else normalised(value))
    if value is None or (isinstance(value, int | float | dt.date) and value == value):
        return Item(value)
    wanted = "text, a number, a date, a list or a mapping"
    got = "nan" if isinstance(value, float) else f"an object of type {type(value).__name__}"
    raise ScenarioError.single(f"expected {wanted}, got {got}", path=dotted(path))


def normalised(text: str) -> str:
    """Text in Unicode's composed form (NFC), so that a name looks up alike however its accents were typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def unreadable_text(text: str, *, key: bool = False) -> str | None:
    """Why a text is refused: it holds a character that terminals obey or that is none; in a key, a line break or tab too."""
    found = unprintable(text)
    if found is None and key:
        found = next((ascii(character)[1:-1] for character in text if character in "\n\t"), None)
    return (
        f"expected text that can be printed, got the control character {found} in {short(text)}; drop it"
        if found
        else None
    )


def jsonable(value: Any) -> Any:
    """Plain data that JSON can represent; nulls have no effect at this point, and are dropped from mappings."""
    match value:
        case Mapping():
            return {key: jsonable(child) for key, child in value.items() if child is not None}
        case list():
            return [jsonable(child) for child in value]
        case dt.date():
            return value.isoformat()
        case float() if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        case _:
            return value


# ------------------------------------------------------------------------------------------------------------ reading YAML


class _Loader(yaml.SafeLoader):
    """The safe loader, with the scalars of YAML 1.2: `1e9` is a number, `no` is text, and there are no sexagesimals."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (the loader adds to its own, see below)
    depth = 0
    count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        self.count += 1
        if self.count > LARGEST:
            raise _Unreadable(f"expected at most {LARGEST:,} values, got more; split it, or keep data in tables")
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
    """A document too large or too deep to read."""


class UnknownTarget(Exception):
    """A name, a path or an override that does not exist; the message gives the reason."""


def read_document(text: bytes | str, shown: str, problems: list[Problem]) -> Item | None:
    """One YAML document as a tree, its problems added to `problems`; None when it cannot be read at all.

    Parameters
    ----------
    text : bytes or str
        The document.
    shown : str
        Name of its file in messages; empty for an override.
    problems : list of Problem
        Problems found are added here.
    """
    return _Reader(text, shown, problems).read()


class _Reader:
    """Turns one YAML document into a tree of items, and collects problems."""

    def __init__(self, text: bytes | str, shown: str, problems: list[Problem]) -> None:
        self.text, self.shown, self.problems = text, shown, problems
        self.count = 0
        self.open: set[int] = set()

    def read(self) -> Item | None:
        """The document, or None when it cannot be read at all."""
        try:
            self.loader = _Loader(self.text)
            node = self.loader.get_single_node()
            return self.item(node, ()) if node is not None else Item({}, Position(self.shown, 1, 1))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.report(mark, (), _yaml_words(error))
        except yaml.reader.ReaderError as error:
            self.report(None, (), _no_text(error))
        except _Unreadable as error:
            self.report(None, (), str(error))
        return None

    def report(self, mark: yaml.Mark | None, path: Path, message: str) -> None:
        self.problems.append(self.place(mark).problem(path, message))

    def place(self, mark: yaml.Mark | None) -> Position:
        return Position(self.shown, mark.line + 1, mark.column + 1) if mark is not None else Position(self.shown)

    def item(self, node: yaml.Node, path: Path, key: Position | None = None) -> Item:
        self.count += 1
        if self.count > LARGEST or len(path) > DEEPEST:
            raise _Unreadable("too large or too deep once its aliases (`*name`) are written out")
        if id(node) in self.open:
            line = node.start_mark.line + 1
            raise _Unreadable(
                f"aliases (`*name`) in the block that begins on line {line} hold or merge it itself; drop them"
            )
        self.open.add(id(node))
        place = self.place(node.start_mark)
        match node:
            case yaml.MappingNode():
                value: Any = self.mapping(node, path)
            case yaml.SequenceNode():
                value = [self.item(child, (*path, index)) for index, child in enumerate(node.value)]
            case _:
                value = self.scalar(node, path)
        self.open.discard(id(node))
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

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Item]:
        values: dict[str, Item] = {}
        inherited: list[Item] = []
        for key, child in node.value:
            if key.tag == _TAGS + "merge":
                inherited += self.merged(child, path)
            elif not isinstance(key, yaml.ScalarNode) or not key.value:
                self.report(key.start_mark, path, "expected text as a key")
            elif reason := unreadable_text(key.value, key=True):
                self.report(key.start_mark, path, reason)
            elif (name := normalised(key.value)) in values:
                first = values[name].key
                assert first is not None
                self.report(key.start_mark, (*path, name), f'duplicate key "{name}", first on line {first.line}')
            else:
                values[name] = self.item(child, (*path, name), self.place(key.start_mark))
        for block in inherited:
            values = {**block.value, **values}
        return values

    def merged(self, node: yaml.Node, path: Path) -> list[Item]:
        """Mappings merged by `<<:`; nearer ones last, so that they take precedence."""
        nodes = reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]
        found = [self.item(child, path) for child in nodes]
        if not all(isinstance(block.value, dict) for block in found):
            self.report(node.start_mark, path, "expected a mapping, or a list of them, after `<<:`")
        return [block for block in found if isinstance(block.value, dict)][::-1]

    def scalar(self, node: yaml.Node, path: Path) -> Any:
        if reason := unreadable_text(node.value):
            self.report(node.start_mark, path, reason)
            return ""
        if path not in KEPT_AS_WRITTEN:
            node.value = normalised(node.value)
        try:
            return _scalar(node.tag.removeprefix(_TAGS), node.value)
        except ValueError:
            self.report(node.start_mark, path, f"not a number that can be computed with: {short(node.value)}")
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
                return text  # validation reports the error
        case _:
            return text


def _no_text(error: yaml.reader.ReaderError) -> str:
    if error.reason == "special characters are not allowed":
        found = ascii(chr(error.character))[1:-1]
        return f"a control character, {found}, at position {error.position}; drop it, or save the file as UTF-8"
    return f"no text: {error.reason} at byte {error.position}; save the file as UTF-8"


def _yaml_words(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    hint = "\nindent with blanks, never with tabs" if "'\\t'" in (error.problem or "") else ""
    if "mapping values are not allowed" in (error.problem or ""):
        hint = "\nput text that holds `: ` in quotes, and check the indentation"
    return f"cannot be read as YAML: {', '.join(parts)}{hint}"
