"""Trees of items → `Scenario`: validated once, every problem reported together."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minsim.errors import Problem, ScenarioError
from minsim.scenario.checks import CAUTIONS, CHECKS, CHECKS_OF_NAMES, findings, source_cautions, source_problems
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.inputs import Input, inputs_of
from minsim.scenario.reading.inheritance import extended, find_scenario, read_family
from minsim.scenario.reading.mending import mended
from minsim.scenario.reading.overrides import overridden
from minsim.scenario.reading.validation_messages import validated
from minsim.scenario.reading.yaml_documents import Item, from_python, jsonable, problem_at
from minsim.scenario.schema_tree import SOURCE_KEYS, inside, models_at
from minsim.text.messages import unknown

if TYPE_CHECKING:
    from minsim.scenario.company import Company

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")

UNGROUPED = ScenarioModel.model_fields["group"].default
"""Group of scenarios without one; listed last."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """A validated scenario: one question, asked of one network.

    Two scenarios are equal when they have the same name and the same content.

    Parameters
    ----------
    name : str
        Stem of the file's name.
    model : ScenarioModel
        The scenario as frozen objects; mappings in order of key, whatever the order of the file.
    resolved : dict
        Content of the file merged with its ancestors, as plain JSON-able data: dates as ISO text, infinity as `.inf`.
        `scenario_from_mapping` builds the same scenario from it.
    warnings : tuple of str
        Allowed values that deserve attention.
    """

    name: str
    model: ScenarioModel = field(repr=False)
    resolved: dict[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = field(repr=False)
    _tree: Item = field(repr=False)

    @functools.cached_property
    def hash(self) -> str:
        """SHA-256 of the content; the order of keys and `60` or `60.0` make no difference."""
        text = json.dumps(_canonical(self.resolved), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and (self.name, self.hash) == (other.name, other.hash)

    def __hash__(self) -> int:
        return hash((self.name, self.hash))

    @property
    def question(self) -> str:
        """The question it asks: the first in its description, or else the description's first sentence, or the title."""
        sentences = _SENTENCE_ENDS.split(" ".join(self.model.description.split()))
        return next((sentence for sentence in sentences if sentence.endswith("?")), sentences[0]) or self.model.title

    def with_overrides(self, overrides: Mapping[str, Any]) -> Scenario:
        """The same scenario with other values, validated again.

        Parameters
        ----------
        overrides : mapping of str to object
            Dotted path → value, which replaces the old one; None deletes it. Numbers are recorded as assumptions with the
            note `override`, unless they have a source or note of their own.

        Returns
        -------
        Scenario
            A new one; this one stays as it is.

        Raises
        ------
        ScenarioError
            If a path does not exist, or the result is not a valid scenario.

        Examples
        --------
        >>> scenario.with_overrides({"events.curb.duration_days": 180})  # doctest: +SKIP
        """
        problems: list[Problem] = []
        tree = overridden(self._tree, overrides, problems)
        return _build(self.name, tree, problems)

    def with_company(self, company: Company) -> Scenario:
        """The same scenario with a company as a separate user within its region.

        Parameters
        ----------
        company : Company
            From `load_company`. It must use less than its region; values it does not give (growth, the mix of end uses and
            suppliers) are those of its region.

        Returns
        -------
        Scenario
            A new one; this one stays as it is.

        Raises
        ------
        ScenarioError
            If the company refers to names that the scenario does not have, with every problem found.

        Notes
        -----
        The company's use, and its purchases from each seller, are subtracted from its region's. A company that gives only
        its region's own days of stock loses exactly as many days of use as the region while nobody reroutes. With
        rerouting the two differ: buyers turn to new sellers in proportion to current shipments plus spare capacity, and
        the latter weighs more for a small buyer. A hundredth of American cobalt under `drc-cobalt-quota`
        loses 48 days where the United States lose 42.
        """
        from minsim.scenario.company import overlaid

        problems: list[Problem] = []
        tree = overlaid(self._tree, self.model, company, problems)
        return _build(self.name, tree, problems)

    def without(self, *events: str) -> Scenario:
        """The same scenario without some events, given by their ids.

        Parameters
        ----------
        *events : str
            Keys of the events to leave out.

        Returns
        -------
        Scenario
            A new one; this one stays as it is.

        Raises
        ------
        ScenarioError
            There is no such event.
        """
        return self.with_overrides({f"events.{name}": None for name in events})

    def only(self, *events: str) -> Scenario:
        """The same scenario with only these events, given by their ids.

        Parameters
        ----------
        *events : str
            Keys of the events to keep.

        Returns
        -------
        Scenario
            A new one; this one stays as it is.

        Raises
        ------
        ScenarioError
            There is no such event.
        """
        for name in events:
            if name not in self.model.events:
                raise ScenarioError.single(unknown("event", name, self.model.events), path=f"events.{name}")
        return self.without(*(name for name in self.model.events if name not in events))

    def inputs(self) -> list[Input]:
        """Every empirical number of the scenario, in order of path, with its own or inherited source.

        Returns
        -------
        list of Input
            Each with its path, value, unit, source and note.
        """
        return inputs_of(self.model, self.resolved)

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
        Name of a scenario of the library, or a file: a name that ends in `.yaml` or `.yml` or has a path separator.
    overrides : mapping of str to object, optional
        Dotted path → value, set before validation; see `Scenario.with_overrides` and `parse_override`.

    Returns
    -------
    Scenario
        Validated, and ready to run.

    Raises
    ------
    ScenarioError
        With every problem found.

    Examples
    --------
    >>> scenario = load_scenario("magnet-ban", {"events.ban.duration_days": 180})  # doctest: +SKIP
    """
    path, shown = find_scenario(name_or_path)
    problems: list[Problem] = []
    tree = read_family(path, shown, problems)
    if tree is None:
        raise ScenarioError(problems)
    return _build(path.stem, overridden(tree, overrides or {}, problems), problems)


def grouped(scenarios: Iterable[Scenario]) -> list[tuple[str, list[Scenario]]]:
    """Scenarios by group, groups in order of name and those without one last."""
    groups: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        groups.setdefault(scenario.model.group, []).append(scenario)
    return sorted(groups.items(), key=lambda item: (item[0] == UNGROUPED, item[0]))


def scenario_from_mapping(mapping: Mapping[str, Any], name: str = "scenario") -> Scenario:
    """Scenario from a mapping in memory, such as the `resolved` of another one.

    Parameters
    ----------
    mapping : mapping of str to object
        Content of a scenario file; `extends` may name a scenario of the library.
    name : str
        Name of the scenario.

    Returns
    -------
    Scenario
        Validated, and ready to run.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    problems: list[Problem] = []
    tree = extended(from_python(mapping), None, problems, ())
    if tree is None:
        raise ScenarioError(problems)
    return _build(name, tree, problems)


def _build(name: str, tree: Item, problems: list[Problem]) -> Scenario:
    """Validate a merged tree; all its problems are raised together with those found before."""
    data = {key: value for key, value in tree.plain().items() if key != "extends"}
    violations = list(source_problems(data))
    cautions = list(source_cautions(data))
    problems, known = list(problems), len(problems)
    ordered = _in_order(data, ScenarioModel)
    model = validated(ScenarioModel, data, tree, problems, ordered)
    if model is None:
        named = mended(ordered, problems[known:])
        violations += findings(named, CHECKS_OF_NAMES) if named is not None else ()
    else:
        violations += findings(model, CHECKS)
        cautions += findings(model, CAUTIONS)
    problems = problems + [problem_at(tree, path, message) for path, message in violations]
    if problems or model is None:
        raise ScenarioError(problems)
    warnings = tuple(_one_line(problem_at(tree, path, message)) for path, message in cautions)
    return Scenario(name, model, jsonable(data), warnings, tree)


def _one_line(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column} " if problem.line else ""
    return f"{place}{problem.path}: {problem.message}"


def _in_order(value: Any, annotation: Any) -> Any:
    """Mappings sorted by key, so that the order in a file has no effect, and without the sources of tables.

    A table (producers, consumers, lanes) may have `source` and `note` beside its entries, which the models do not know.
    """
    if not isinstance(value, Mapping) or annotation is None:
        return value
    is_table = not models_at(annotation, value)
    hidden = SOURCE_KEYS if is_table else ()
    keys = sorted(key for key in value if key not in hidden or not isinstance(value[key], str))
    return {key: _in_order(value[key], inside(annotation, key, value)) for key in keys}


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
