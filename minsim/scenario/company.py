"""A company's own exposure: its use, stock and suppliers, as an overlay on a scenario; never copied or uploaded."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from minsim.errors import ScenarioError
from minsim.scenario.checks.names import Finding, places
from minsim.scenario.checks.users import sellers
from minsim.scenario.distributions import central
from minsim.scenario.format.materials import Consumer, Material, Suppliers
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Days, Frozen, Identifier, PlaceName
from minsim.scenario.reading.inheritance import read_tree
from minsim.scenario.reading.validation_messages import validated
from minsim.scenario.reading.yaml_documents import Item, from_python, problem_at
from minsim.scenario.schema_tree import Path
from minsim.text.messages import unknown

if TYPE_CHECKING:
    from minsim.errors import Problem

_Tonnes = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]


class Form(Frozen):
    """What a company buys that is not the material itself, but holds it: motors, wafers, an oxide."""

    t_per_year: _Tonnes
    """Own use of this form [t/year]."""
    content: Annotated[float, Field(gt=0, le=1, strict=True)] = 1.0
    """t of the material, as the scenario counts it, per t of this form."""


def _form_kind(value: Any) -> str:
    return "form" if isinstance(value, Mapping | Form) else "tonnes"


class OwnUse(Frozen):
    """A company's use of one material."""

    use: Annotated[
        dict[
            str, Annotated[Annotated[_Tonnes, Tag("tonnes")] | Annotated[Form, Tag("form")], Discriminator(_form_kind)]
        ],
        Field(min_length=1),
    ]
    """Own use by form [t/year]."""
    stock_days: Days
    """Own stock, in days of use."""
    suppliers: Suppliers | None = None
    """Countries or plants it is qualified to buy from, or the share of each; absent: those of its region."""
    end_use: str | None = None
    """The region's end use that it belongs to; absent: the region's own mix."""

    @property
    def t_per_year(self) -> float:
        """Tonnes of the material in all forms [t/year]."""
        return sum(form if isinstance(form, float) else form.t_per_year * form.content for form in self.use.values())


class CompanyModel(Frozen):
    """A company: where it is, and what it uses."""

    format: Literal[1]
    """Version of this format."""
    name: PlaceName
    """What tables, pictures and the answer call it."""
    region: PlaceName
    """Region of the scenario in which it uses the materials."""
    materials: Annotated[dict[Identifier, OwnUse], Field(min_length=1)]
    """Its use, stock and suppliers, by material."""


@dataclass(frozen=True, eq=False)
class Company:
    """A company's file, read and checked on its own; `Scenario.with_company` overlays it on a scenario.

    Attributes
    ----------
    model : CompanyModel
        What the file says, as frozen objects: region, and use [t/year], stock [days] and suppliers by material.
    """

    model: CompanyModel
    _tree: Item

    @property
    def name(self) -> str:
        """What tables, pictures and the answer call it."""
        return self.model.name


def load_company(path: str | os.PathLike[str]) -> Company:
    """Load and check the file of a company.

    Parameters
    ----------
    path : str or path
        A YAML file; see `examples/company/my-company.yaml`.

    Returns
    -------
    Company
        For `Scenario.with_company`.

    Raises
    ------
    ScenarioError
        With every problem found.

    Examples
    --------
    >>> company = load_company("my-company.yaml")  # doctest: +SKIP
    >>> run(load_scenario("magnet-ban").with_company(company))  # doctest: +SKIP
    """
    problems: list[Problem] = []
    tree = read_tree(pathlib.Path(path), str(path), problems)
    if tree is None:
        raise ScenarioError(problems)
    model = validated(CompanyModel, tree.plain(), tree, problems)
    if problems or model is None:
        raise ScenarioError(problems)
    return Company(model, tree)


def overlaid(tree: Item, model: ScenarioModel, company: Company, problems: list[Problem]) -> Item:
    """A scenario's tree with a company as a user within its region; contradictions are reported in `problems`.

    Parameters
    ----------
    tree : Item
        The scenario as read from its file.
    model : ScenarioModel
        The same, validated.
    company : Company
    problems : list of Problem
        Problems found are added here.
    """
    found = [problem_at(company._tree, path, message) for path, message in _contradictions(model, company.model)]
    problems += found
    if found:
        return tree
    for material in company.model.materials:
        path = ("materials", material, "consumers", company.name)
        tree = _with_block(tree, path, _consumer(tree, material, company))
    title = tree.value["title"]
    tree = _with_block(tree, ("title",), Item(f"{title.value.rstrip('.')}: {company.name}", title.place, title.key))
    source = {"title": f"Own figures of {company.name}", "publisher": company.name, "confidence": "found"}
    return _with_block(tree, ("sources", _source_key(company)), from_python(source))


def _source_key(company: Company) -> str:
    """Key of a company's figures among the sources of a scenario."""
    return f"own-figures-{re.sub(r'[^A-Za-z0-9]+', '-', company.name).strip('-')}"


def _contradictions(model: ScenarioModel, company: CompanyModel) -> Iterator[Finding]:
    """Names and amounts of a company that contradict the scenario."""
    if company.name in places(model) | {user for block in model.materials.values() for user in block.consumers}:
        yield ("name",), f'"{company.name}" is a place or user of the scenario already; call the company something else'
    used = {name: block.consumers for name, block in model.materials.items() if block.consumers}
    regions = {region for consumers in used.values() for region, user in consumers.items() if user.within is None}
    if company.region not in regions:
        yield ("region",), unknown("region", company.region, regions)
    for material, own in company.materials.items():
        path = ("materials", material)
        if material in used:
            yield from _unknown_suppliers(path, own, model.materials[material])
            if company.region in regions:
                yield from _unfit_use(path, own, used[material], company.region)
        elif material in model.materials:
            yield path, f"nobody uses {material} itself here, only what is made of it; name one of {', '.join(used)}"
        else:
            yield path, unknown("material", material, used)


def _unknown_suppliers(path: Path, own: OwnUse, material: Material) -> Iterator[Finding]:
    known = sellers(material)
    for index, name in enumerate(own.suppliers or ()):
        if name not in known:
            yield (
                (*path, "suppliers", name if isinstance(own.suppliers, Mapping) else index),
                unknown("supplier", name, known),
            )


def _unfit_use(path: Path, own: OwnUse, consumers: Mapping[str, Consumer], name: str) -> Iterator[Finding]:
    """A use that the region does not have, or that exceeds the region's."""
    if name not in consumers:
        yield path, f"{name} uses none of it in this scenario; those who do: {', '.join(consumers)}"
        return
    region = consumers[name]
    whole = central(region.demand_t_per_year)
    if own.t_per_year >= whole:
        message = f"expected less than the {whole:,.6g} t/year that {name} uses in all, got {own.t_per_year:,.6g}"
        yield (*path, "use"), message
    known = set(region.sectors) or {"all"}
    if own.end_use is not None and own.end_use not in known:
        yield (*path, "end_use"), unknown("end use", own.end_use, known)


def _consumer(tree: Item, material: str, company: Company) -> Item:
    """The block of a company among the consumers of a material; it grows as its region does."""
    own, given = company.model.materials[material], company._tree.value["materials"].value[material]
    region = tree.value["materials"].value[material].value["consumers"].value[company.model.region].value
    block = {
        "within": company._tree.value["region"],
        "demand_t_per_year": Item(own.t_per_year, given.value["use"].place, given.value["use"].key),
        "stock_days": given.value["stock_days"],
        **{key: given.value[key] for key in ("suppliers",) if key in given.value},
        **{key: region[key] for key in ("growth_per_year", "sectors") if key in region},
        "source": Item(_source_key(company)),
        "note": Item(f"use: {', '.join(own.use)}"),
    }
    if own.end_use is not None and "sectors" in region:
        sector = region["sectors"].value[own.end_use]
        block["sectors"] = Item({own.end_use: Item({**sector.value, "share": Item(1.0)}, sector.place, sector.key)})
    return Item(block, given.place, given.key)


def _with_block(tree: Item, path: tuple[str, ...], new: Item) -> Item:
    """A copy of a tree with a block added at a path."""
    if not path:
        return new
    values = dict(tree.value)
    values[path[0]] = _with_block(values.get(path[0], Item({})), path[1:], new)
    return Item(values, tree.place, tree.key)
