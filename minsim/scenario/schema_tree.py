"""Keys and types that the format allows at each path, read from its models: for data that is not validated yet."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Given

Path = tuple[str | int, ...]
"""Keys, and indices of lists, that lead to a value of a scenario."""

SOURCE_KEYS = ("source", "note")
"""Keys for the origin of numbers, allowed in a block, a number and a table of entries."""


def dotted(path: Path) -> str:
    """A path as messages and overrides write it."""
    return ".".join(map(str, path))


def kinds_of(annotation: Any) -> Iterator[Any]:
    """Types an annotation of the schema allows: unions opened, `Annotated` and None dropped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from kinds_of(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for choice in get_args(annotation):
            yield from kinds_of(choice)
    elif annotation is not types.NoneType:
        yield annotation


def is_number(annotation: Any) -> bool:
    """Whether a number is allowed here, optionally with a source or as a distribution."""
    return any(kind is Given for kind in kinds_of(annotation))


def models_at(annotation: Any, value: Mapping[str, Any]) -> list[type[BaseModel]]:
    """Blocks of the format that a mapping can be, selected by its `type` or `dist` when it has one."""
    models = [kind for kind in kinds_of(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    tagged = {model: _tag(model) for model in models}
    fitting = [model for model, tag in tagged.items() if tag is not None and value.get(tag[0]) == tag[1]]
    return fitting or [model for model, tag in tagged.items() if tag is None] or models


@functools.cache
def _tag(model: type[BaseModel]) -> tuple[str, str] | None:
    for name in ("type", "dist"):
        if name in model.model_fields:
            return name, get_args(model.model_fields[name].annotation)[0]
    return None


@functools.cache
def names_of(model: type[BaseModel]) -> Mapping[str, str]:
    """Keys of a block as written in a file, each with the name of its attribute."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


@functools.cache
def keys_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """Keys of a block as written in a file, each with its annotation."""
    return {key: model.model_fields[name].annotation for key, name in names_of(model).items()}


def known_keys(annotation: Any, value: Mapping[str, Any]) -> set[str]:
    """Keys of the format in a mapping; none for a table, whose entries have arbitrary names."""
    return {key for model in models_at(annotation, value) for key in keys_of(model)}


def inside(annotation: Any, key: str, value: Mapping[str, Any]) -> Any:
    """Annotation of the value under a key of a mapping; None where the format has none."""
    for model in models_at(annotation, value):
        if key in keys_of(model):
            return keys_of(model)[key]
    for kind in kinds_of(annotation):
        if get_origin(kind) is dict and key not in SOURCE_KEYS:
            return get_args(kind)[1]
    return None


def annotation_at(path: Path, data: Mapping[str, Any], root: type[BaseModel] = ScenarioModel) -> Any:
    """Annotation of the value at a path of a scenario, or of another `root`; None where the format has none."""
    annotation: Any = root
    here: Any = data
    for part in path:
        if not isinstance(here, Mapping):
            return None
        annotation, here = inside(annotation, str(part), here), here.get(part)
    return annotation
