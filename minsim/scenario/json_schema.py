"""JSON Schema of the scenario format."""

from __future__ import annotations

from typing import Any

from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import DISTRIBUTIONS
from minsim.scenario.reading.yaml_documents import jsonable
from minsim.scenario.schema_tree import SOURCE_KEYS

_NUMBER_BLOCKS = {"Given", *(distribution.__name__ for distribution in DISTRIBUTIONS)}


def json_schema() -> dict[str, Any]:
    """JSON Schema of scenario files, for editors (yaml-language-server) and other tools.

    A file that extends another may leave out what it inherits, at any level, and may delete it with null. Hence
    required keys are demanded only at the top of a file without `extends`, and inside a number, which is never merged.
    """
    # An infinite default is no JSON.
    schema: dict[str, Any] = jsonable(ScenarioModel.model_json_schema(by_alias=True))
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
                part["properties"] = {key: {"type": "string"} for key in SOURCE_KEYS}
        if isinstance(part.get("additionalProperties"), dict):
            part["additionalProperties"] = {"anyOf": [part["additionalProperties"], {"type": "null"}]}
        if "patternProperties" in part:
            # Patterns speak of every key that fits them, also of those listed under `properties`.
            part["patternProperties"] = {
                pattern.replace("^", f"^(?!(?:{'|'.join(SOURCE_KEYS)})$)", 1): {"anyOf": [entry, {"type": "null"}]}
                for pattern, entry in part["patternProperties"].items()
            }
