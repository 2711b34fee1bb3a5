"""Pydantic's errors in plain words, one per mistake, at the path in the file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from minsim.errors import Problem
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.reading.yaml_documents import Item, problem_at
from minsim.scenario.schema_tree import SOURCE_KEYS, Path, annotation_at, known_keys, models_at
from minsim.text.messages import closest, did_you_mean, got, short, suggestion


@dataclass(frozen=True)
class FieldError:
    """An error of pydantic, at the path in the file."""

    path: Path
    message: str
    on_key: bool = False


M = TypeVar("M", bound=BaseModel)


def validated(root: type[M], data: Any, tree: Item, problems: list[Problem], value: Any = None) -> M | None:
    """A block of the format built from plain data; None on an error, with the reasons and positions in `problems`.

    Parameters
    ----------
    root : type
        The block.
    data : object
        Content of the tree, without positions.
    tree : Item
        The same with positions.
    problems : list of Problem
        Problems found are added here.
    value : object, optional
        What to validate instead of `data`: the same values in another order.
    """
    try:
        return root.model_validate(data if value is None else value)
    except ValidationError as error:
        found = field_errors(error, data, root)
        problems += [problem_at(tree, c.path, c.message, on_key=c.on_key) for c in found]
        return None


def field_errors(error: ValidationError, data: Any, root: type[BaseModel] = ScenarioModel) -> list[FieldError]:
    """Pydantic's errors about `data`, which should have been a `root`, in plain words, one per mistake."""
    found = list(dict.fromkeys(_field_error(cast("Mapping[str, Any]", entry), data, root) for entry in error.errors()))
    not_numbers = {field_error.path for field_error in found if field_error.message.startswith("expected a number,")}
    above = {field_error.path[:-1] for field_error in found}
    suggested = {(*field_error.path[:-1], name) for field_error in found for name in _suggested(field_error.message)}
    kept = []
    for field_error in found:
        if field_error.path[:-1] in not_numbers:
            continue  # keys of a mapping that is no number at all
        if field_error.message.startswith("expected 1 or more") and field_error.path in above:
            continue  # the entries are wrong, and each is reported
        if field_error.message.startswith("missing key") and field_error.path in suggested:
            continue  # the key is misspelt, and reported as such
        kept.append(field_error)
    return list(_joined(kept))


def _suggested(message: str) -> list[str]:
    return re.findall(r'^unknown key .*; did you mean "([^"]+)"\?', message)


def _joined(field_errors: Iterable[FieldError]) -> Iterator[FieldError]:
    """Alternatives that failed one by one at the same place, as one sentence."""
    groups: dict[tuple[Path, bool, str], list[FieldError]] = {}
    for field_error in field_errors:
        sentence = "" if ", got " in field_error.message else field_error.message
        groups.setdefault((field_error.path, field_error.on_key, sentence), []).append(field_error)
    for (path, on_key, _), group in groups.items():
        wanted, got = zip(*(field_error.message.partition(", got ")[::2] for field_error in group), strict=True)
        if len(group) == 1:
            yield group[0]
        else:
            alternatives = " or ".join(text.removeprefix("expected ") for text in wanted)
            yield FieldError(path, f"expected {alternatives}, got {got[0]}", on_key)


def _field_error(entry: Mapping[str, Any], data: Mapping[str, Any], root: type[BaseModel]) -> FieldError:
    path, value = _in_file(entry["loc"], data)
    last, kind, context = entry["loc"][-1] if entry["loc"] else "", entry["type"], entry.get("ctx", {})
    if last == "[key]":
        return FieldError(path, _wrong_key(str(path[-1]), context), on_key=True)
    if kind == "missing" and "given" in entry["loc"] and last == "value":
        return FieldError(path, f"expected a number, {{value: ...}} or {{dist: ...}}, got {got(value)}", on_key=True)
    if kind == "missing":
        return FieldError((*path, last), f'missing key "{last}"')
    if kind == "extra_forbidden":
        return FieldError(path, _unknown_key(path, data, root), on_key=True)
    if value is None and _is_entry(path, data, root):
        return FieldError(path, _nothing_to_delete(path, data), on_key=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_variant(path, value, context)
    return FieldError(path, _PLAIN_WORDS.get(kind, _some_error)(context, value, last))


def _in_file(location: tuple[str | int, ...], data: Mapping[str, Any]) -> tuple[Path, Any]:
    """Path and value in the file of one of pydantic's locations, which also contain the variants tried."""
    path: list[str | int] = []
    here: Any = data
    for part in location:
        in_mapping = isinstance(here, Mapping) and part in here
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if in_mapping or in_list:
            here = here[part]
            path.append(part)
    return tuple(path), here


def _is_entry(path: Path, data: Mapping[str, Any], root: type[BaseModel]) -> bool:
    """Whether a path names an entry of a table, such as an event, rather than a key of the format."""
    _, block = _in_file(path[:-1], data)
    return bool(path) and isinstance(block, Mapping) and not models_at(annotation_at(path[:-1], data, root), block)


def _unknown_key(path: Path, data: Mapping[str, Any], root: type[BaseModel]) -> str:
    _, block = _in_file(path[:-1], data)
    known = known_keys(annotation_at(path[:-1], data, root), block)
    near = closest(str(path[-1]), known)
    if near is not None:
        return f'unknown key "{path[-1]}"{suggestion(near)}'
    known -= set(SOURCE_KEYS)
    return f'unknown key "{path[-1]}"' + (f"; expected some of {', '.join(sorted(known))}" if known else "")


def _wrong_variant(path: Path, value: Any, context: Mapping[str, Any]) -> FieldError:
    name = context.get("discriminator", "'type'").strip("'")
    if not isinstance(value, Mapping) or name not in value:
        return FieldError((*path, name), f'missing key "{name}"')
    known = re.findall(r"'([^']+)'", context.get("expected_tags", ""))
    what = "event type" if name == "type" else "distribution"
    named = got(value[name]).removeprefix("text ")
    return FieldError((*path, name), f"unknown {what} {named}{did_you_mean(str(value[name]), known)}")


def _wrong_key(key: str, context: Mapping[str, Any]) -> str:
    if " -> " in str(context.get("pattern")):
        return _wrong_lane(key)
    allowed = "letters, digits, - and _" if "A-Z" in str(context.get("pattern")) else "no dots, colons, brackets or >"
    return f"expected a name with {allowed}, got {short(key)}"


def _wrong_lane(text: Any) -> str:
    return f'expected a lane such as "China -> United States", got {short(str(text))}'


def _nothing_to_delete(path: Path, data: Mapping[str, Any]) -> str:
    _, block = _in_file(path[:-1], data)
    near = closest(str(path[-1]), (key for key, value in block.items() if value is not None))
    return f'null deletes what is inherited, but there is no "{path[-1]}" here{suggestion(near)}'


_Words = Callable[[Mapping[str, Any], Any, str | int], str]


def _expected(wanted: str, hint: str = "") -> _Words:
    return lambda context, value, last: f"expected {wanted.format(**context)}, got {got(value)}{hint}"


def _some_error(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    return f"not allowed here: {got(value)}"


def _number_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    is_dressed = isinstance(value, str) and re.match(r"[-+]?[.\d]", value) is not None
    hint = "; write it without quotes, unit or separators" if is_dressed else ""
    return f"expected a number, got {got(value)}{hint}"


def _text_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    hint = "; put it in quotes" if isinstance(value, int | float | dt.date) else ""
    return f"expected text, got {got(value)}{hint}"


def _list_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    wanted = "all or a list" if last == "list" else "a list"
    hint = f"; did you mean [{value}]?" if isinstance(value, str) else ""
    return f"expected {wanted}, got {got(value)}{hint}"


def _literal_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    allowed = str(context["expected"])
    near = closest(value, re.findall(r"'([^']+)'", allowed)) if isinstance(value, str) else None
    return f"expected {allowed.replace(chr(39), '').replace('True', 'true')}, got {got(value)}{suggestion(near)}"


def _own_words(context: Mapping[str, Any], value: Any, last: str | int) -> str:
    message = str(context["error"])
    if message.startswith("expected a date"):
        return f"{message.partition(', got ')[0]}, got {got(value)}"
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
