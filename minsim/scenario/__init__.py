"""YAML → `Scenario`: positions, `extends`, overrides, and every problem reported together.

A file is read into a tree of `Item`, each value with its position in the file (`reading.yaml_documents`); `extends`
(`reading.inheritance`) and overrides (`reading.overrides`) merge such trees, so that a problem in a parent names the
parent's file. The merged tree is then validated once (`scenario`) by the models of `format`, whose errors are put in plain
words (`reading.validation_messages`), and by the rules of `checks`. A `company` file is read the same way, as an overlay on
a scenario; its models are loaded only when there is one.
"""

from minsim.scenario.inputs import Input
from minsim.scenario.json_schema import json_schema
from minsim.scenario.reading.inheritance import library, library_folder
from minsim.scenario.reading.overrides import parse_override
from minsim.scenario.scenario import UNGROUPED, Scenario, grouped, load_scenario, scenario_from_mapping

__all__ = [
    "UNGROUPED",
    "Input",
    "Scenario",
    "grouped",
    "json_schema",
    "library",
    "library_folder",
    "load_scenario",
    "parse_override",
    "scenario_from_mapping",
]
