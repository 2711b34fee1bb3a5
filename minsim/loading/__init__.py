"""YAML → `Scenario`: positions, `extends`, overrides, and every problem reported together.

A file is read into a tree of `Item`, each value with the place it was written at (`documents`); `extends` (`inheritance`)
and `overrides` merge such trees, so that a problem in what a parent says names the parent's file. The merged tree is then
validated once (`scenario`), by the models of `minsim.schema`, whose complaints are put in plain words (`complaints`), and
the rules of `minsim.checks`. A `company` file is read the same way and laid over a scenario; its models are loaded only
where there is one.
"""

from minsim.loading.editors import json_schema
from minsim.loading.inheritance import library, library_folder
from minsim.loading.inputs import Input
from minsim.loading.overrides import parse_override
from minsim.loading.scenario import UNGROUPED, Scenario, grouped, load_scenario, scenario_from_mapping

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
