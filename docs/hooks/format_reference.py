"""The reference of the scenario format, from the models of `minsim.scenario.format`: keys, values, defaults, meanings."""

from __future__ import annotations

import datetime as dt
import math
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cells import cell
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from minsim.scenario.format import model
from minsim.scenario.format.events import Event
from minsim.scenario.format.numbers import DISTRIBUTIONS, Date, Frozen, Given, Lane, Names
from minsim.scenario.schema_tree import is_number

TAGS = ("type", "dist")
"""Keys that say which block this is; the heading says it for them."""
COMMON = (Event, Frozen)
"""Blocks whose keys stand in a section of their own, instead of in that of every block made from them."""
PLAIN = {dt.date: "date", str: "text", bool: "`true` or `false`", int: "whole number", float: "number"}
NAMED = {Date: "date", Lane: "`Seller -> Buyer`", Names: "`all` or list of names"}

Block = type[BaseModel]


def reference() -> str:
    """The whole reference as Markdown."""
    sections = [section(block, paths) for block, paths in blocks().items() if block not in DISTRIBUTIONS]
    numbers = [section(block, []) for block in (Given, *DISTRIBUTIONS)]
    return "\n".join(
        [
            "## Keys that may stand anywhere\n",
            *table(Frozen),
            "\n## Blocks\n",
            *sections,
            "## Numbers\n",
            "Wherever a number stands, it may be plain, carry its own source, or be a distribution. A plain `run` takes "
            "its central value.\n",
            *numbers,
        ]
    )


def blocks() -> dict[Block, list[str]]:
    """Every block of the format but numbers, each followed by those inside it, with the paths at which it stands."""
    found: dict[Block, list[str]] = {model.ScenarioModel: []}

    def walk(block: Block, path: str) -> None:
        for name, annotation in hints(block).items():
            for inner, steps in models_in(annotation):
                if inner is Given or inner in DISTRIBUTIONS:
                    continue
                place = f"{path}.{key_of(block, name)}{steps}".lstrip(".")
                if issubclass(inner, Event) and Event not in found:
                    found[Event] = [place]
                    walk(Event, place)
                places = found.setdefault(inner, [])
                if place not in places:
                    places.append(place)
                    walk(inner, place)

    walk(model.ScenarioModel, "")
    return found


def hints(block: Block) -> dict[str, Any]:
    """Annotations of a block's own keys, `Annotated` kept."""
    known = get_type_hints(block, include_extras=True)
    return {name: known[name] for name in block.model_fields}


def key_of(block: Block, name: str) -> str:
    """A key as a file writes it."""
    return block.model_fields[name].alias or name


def models_in(annotation: Any, steps: str = "") -> Iterator[tuple[Block, str]]:
    """Blocks that may stand under an annotation, with what follows the key on the way to them."""
    origin = get_origin(annotation)
    if origin is dict:
        yield from models_in(get_args(annotation)[1], f"{steps}.KEY")
    elif origin is Annotated or origin is tuple:
        yield from models_in(get_args(annotation)[0], steps)
    elif origin in (Union, types.UnionType):
        for choice in get_args(annotation):
            yield from models_in(choice, steps)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, steps


# ---------------------------------------------------------------------------------------------------------------- sections


def section(block: Block, paths: list[str]) -> str:
    """One block: where it stands, what it is, its keys."""
    title = title_of(block)
    where = " or ".join(f"`{path}`" for path in paths if path)
    head = f"### {title} {{ #{anchor(block)} }}\n"
    place = f"At {where}. " if where else ""
    return "\n".join([head, place + cell(block.__doc__ or "") + "\n", *table(block), ""])


def title_of(block: Block) -> str:
    """Heading of a block: its tag in a file if it has one, else its name in words."""
    for tag in TAGS:
        if tag in block.model_fields:
            return f"`{tag}: {get_args(block.model_fields[tag].annotation)[0]}`"
    if block is model.ScenarioModel:
        return "Scenario"
    if block is Event:
        return "Every event"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", block.__name__).capitalize()


def anchor(block: Block) -> str:
    """Address of a block's section."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", block.__name__).lower()


def table(block: Block) -> Iterator[str]:
    """The keys of a block as a table; those it shares with others are told in their own section."""
    shared = {name for common in COMMON if common is not block and issubclass(block, common)
              for name in common.model_fields}  # fmt: skip
    rows = [
        f"| `{key_of(block, name)}` | {words(annotation)} | {default(block.model_fields[name])} | "
        f"{cell(block.model_fields[name].description or '')} |"
        for name, annotation in hints(block).items()
        if name not in shared and name not in TAGS
    ]
    if rows:
        yield "| key | value | default | meaning |\n|---|---|---|---|"
        yield from rows


def default(field: FieldInfo) -> str:
    """What stands for a key that is absent."""
    if field.is_required():
        return "required"
    value = field.default
    if value in (None, "", {}, ()) or isinstance(value, BaseModel):
        return ""
    return f"`{written(value)}`"


def written(value: Any) -> str:
    """A value as YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else f"{'-' * (value < 0)}.inf"
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {written(item)}' for key, item in value.items())}}}"
    return str(value)


# ------------------------------------------------------------------------------------------------------------------- types


def words(annotation: Any) -> str:
    """What may stand under a key, in words."""
    for known, name in NAMED.items():
        if annotation == known:
            return name
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [m.func.__doc__ for m in inside[1:] if isinstance(m, AfterValidator) and m.func.__doc__]
        if bounds:
            return comparisons(bounds[-1])
        return "a number" if is_number(annotation) else words(inside[0])
    if origin in (Union, types.UnionType):
        if all(isinstance(choice, type) and issubclass(choice, Event) for choice in inside):
            return f"[event](#{anchor(Event)})"
        choices = [words(choice) for choice in inside if choice is not types.NoneType]
        return " or ".join(dict.fromkeys(choices))
    if origin is Literal:
        return " or ".join(f"`{written(value)}`" for value in inside)
    if origin is dict:
        return f"table of {words(inside[1])}"
    if origin is tuple:
        return f"list of {words(inside[0])}" if inside[-1] is Ellipsis else f"list of {len(inside)} numbers"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{title_of(annotation)}](#{anchor(annotation)})"
    return PLAIN[annotation]


def comparisons(text: str) -> str:
    """Bounds with the signs readers know."""
    return text.replace(">=", "≥").replace("<=", "≤")
