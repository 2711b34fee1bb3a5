"""Purchases against a shortage: stocks in every form, capacity and recycling, with their costs and scenario overrides.

Everything bought is in place on the first day: a stock is full, a plant runs. A stock costs its value at the scenario's
prices plus the carrying cost until the end of the run; a plant costs a number of years of its sales (`data/costs.csv`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from minsim.data import ReferenceValue, reference_values
from minsim.errors import ScenarioError
from minsim.metrics.disturbances import made_from
from minsim.network.network import Network, build_network
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario import Scenario
from minsim.scenario.distributions import Draws, central
from minsim.scenario.format.stockpiles import Stockpile
from minsim.scenario.stages import chain
from minsim.studies.answers import material_name
from minsim.text.formatting import listing
from minsim.text.messages import unknown

Kind = Literal["stock", "capacity", "recycling"]
Block = dict[str, Any]
STATED = {"source": "assumption", "note": "bought: a purchase that is tried out"}
MINE = "mine"
"""Stage without purchases: a mine takes one or two decades to open."""


@dataclass(frozen=True)
class Cost:
    """Price of a tonne, or of a tonne a year [USD], with its range."""

    usd: float
    low_usd: float
    high_usd: float


@dataclass(frozen=True)
class Purchase:
    """One purchase option.

    Attributes
    ----------
    name : str
        `stock.MATERIAL`, `capacity.MATERIAL.STAGE` or `recycling.MATERIAL`.
    kind : {"stock", "capacity", "recycling"}
    material, stage : str
        The product that is held, or made.
    label : str
        Name for readers.
    cost : Cost
        Cost of a tonne held, or of a tonne a year of capacity.
    fixed_overrides : mapping
        Scenario overrides by dotted path, without the amount.
    path : str
        Dotted path of the amount.
    t_per_unit : float
        Tonnes in a unit of that path: for stocks, a day of use.
    """

    name: str
    kind: Kind
    material: str
    stage: str
    label: str
    cost: Cost
    fixed_overrides: Mapping[str, Any]
    path: str
    t_per_unit: float = 1.0

    @property
    def unit(self) -> str:
        """Unit of the amount."""
        return "t" if self.kind == "stock" else "t/year"

    def amount(self, usd: float) -> float:
        """Amount bought with a sum of money [`unit`]."""
        return usd / self.cost.usd

    def changes(self, usd: float) -> Block:
        """Scenario overrides of the purchase; empty if nothing is spent."""
        if usd <= 0.0:
            return {}
        block, key = self.path.rsplit(".", 1)
        changed = {path: dict(value) for path, value in self.fixed_overrides.items()}
        changed[block][key] = self.amount(usd) / self.t_per_unit
        return changed


@dataclass(frozen=True)
class PurchaseOptions:
    """All purchase options in a region.

    Attributes
    ----------
    purchases : tuple of Purchase
    replaced_stockpiles : tuple of str
        Stockpiles of the region that are removed from the scenario, so that every tonne is paid from the budget.
    years : float
        Length of the run, for which stocks are held [years].
    """

    purchases: tuple[Purchase, ...]
    replaced_stockpiles: tuple[str, ...]
    years: float

    @property
    def removals(self) -> Block:
        """Scenario overrides that remove the replaced stockpiles."""
        return {f"stockpiles.{name}": None for name in self.replaced_stockpiles}


def purchase_options(
    scenario: Scenario, region: str, materials: Sequence[str], costs: Mapping[str, float] | None = None
) -> PurchaseOptions:
    """List what a region can buy against shortages of some materials that it uses.

    Parameters
    ----------
    scenario : Scenario
    region : str
    materials : sequence of str
        Materials used in the region.
    costs : mapping of str to float, optional
        Purchase → USD per tonne, or per tonne a year, instead of the reference cost.

    Raises
    ------
    ScenarioError
        A price is missing, or a cost is given for an unknown purchase.
    """
    upstream = sorted(set().union(*(made_from(scenario, name) for name in materials)))
    own = {
        name: p for name, p in scenario.model.stockpiles.items() if p.owner == region and set(p.holds) & set(upstream)
    }
    years = ((scenario.model.end - scenario.model.start).days + 1) / DAYS_PER_YEAR
    network = build_network(scenario, Draws.central())
    prices = {name: _price(scenario, name) for name in upstream}
    options = [*_stocks(scenario, region, upstream, own, prices, years)]
    options += [p for name in upstream for p in _plants(scenario, network, region, name, prices[name])]
    options += [_recycling(scenario, network, region, name, prices[name]) for name in materials]
    return PurchaseOptions(tuple(_repriced(options, costs or {})), tuple(sorted(own)), years)


def _price(scenario: Scenario, material: str) -> float:
    """Reference price [USD/t]."""
    model = scenario.model.materials[material]
    price = model.price_usd_per_kg if model.prices is None else model.prices.reference_usd_per_kg
    if price is None:
        raise ScenarioError.single(
            f"{material} has no price, so that nothing can be bought of it; give price_usd_per_kg",
            path=f"materials.{material}.price_usd_per_kg",
        )
    return 1000.0 * central(price)


def reference_cost(kind: Kind) -> ReferenceValue:
    """Reference cost of a kind of purchase, with its range."""
    return next(row for row in reference_values("costs") if row.group == kind)


def _stocks(
    scenario: Scenario, region: str, upstream: Sequence[str], own: Mapping[str, Stockpile], prices: Mapping[str, float],
    years: float,
) -> Iterator[Purchase]:  # fmt: skip
    """Stocks of every material in its last form, and in every form that the region's stockpiles hold already."""
    forms = dict.fromkeys((name, chain(scenario.model.materials[name])[-1]) for name in upstream)
    forms |= dict.fromkeys(
        (name, stage) for stockpile in own.values() for name, stage in stockpile.holds.items() if name in prices
    )
    blocks = {form: _stockpile(scenario, region, form, own) for form in forms}
    trial = scenario.with_overrides({path: {**block, "target_days": 1} for path, block in blocks.values()})
    use = {h.stockpile: h.use_t_per_day for h in build_network(trial, Draws.central()).holdings}
    for (name, stage), (path, block) in blocks.items():
        carrying = block.get("carrying_cost_share_per_year") or 0.0
        reference = reference_cost("stock")
        value = reference.value
        rates = (carrying,) * 3 if carrying else (value, reference.low or value, reference.high or value)
        cost = Cost(*(prices[name] * (1.0 + rate * years) for rate in rates))
        last = stage == chain(scenario.model.materials[name])[-1]
        label = f"Stock of {material_name(scenario, name)}" + ("" if last else f", {stage}")
        key = f"stock.{name}" + ("" if last else f".{stage}")
        t_per_day = use[path.removeprefix("stockpiles.")]
        yield Purchase(key, "stock", name, stage, label, cost, {path: block}, f"{path}.target_days", t_per_day)


def _stockpile(
    scenario: Scenario, region: str, form: tuple[str, str], own: Mapping[str, Stockpile]
) -> tuple[str, Block]:
    """A full stockpile of one form, with the rules of the region's stockpile of that form, or else of its first one."""
    same = [key for key, stockpile in own.items() if stockpile.holds.get(form[0]) == form[1]]
    models = [*same, *sorted(own)][:1]
    rules = scenario.resolved["stockpiles"][models[0]] if models else {}
    taken = {key: rules[key] for key in ("members", "release", "carrying_cost_share_per_year") if key in rules}
    name = f"bought-{form[0]}-{form[1]}"
    return f"stockpiles.{name}", {"owner": region, "holds": {form[0]: form[1]}, "initial_fill": 1.0, **taken, **STATED}


def _plants(scenario: Scenario, network: Network, region: str, material: str, price: float) -> Iterator[Purchase]:
    """Additional capacity of existing plants in the region, at every stage except the mine."""
    for stage in chain(scenario.model.materials[material]):
        plants = [s.producer for s in network.sellers if (s.material, s.stage, s.country) == (material, stage, region)]
        producers = scenario.model.materials[material].stages[stage].producers
        fed = [name for name in plants if name in producers and producers[name].feed is None]
        last = stage == chain(scenario.model.materials[material])[-1]
        if stage != MINE and fed:
            label = f"Capacity for {material_name(scenario, material)}" + ("" if last else f", {stage}")
            yield _project(f"capacity.{material}.{stage}", "capacity", material, stage, label, price, fed[0], {})


def _recycling(scenario: Scenario, network: Network, region: str, material: str, price: float) -> Purchase:
    """Additional recycling in the region into a material's last product, by an existing recycler or a new one."""
    stage = chain(scenario.model.materials[material])[-1]
    producers = scenario.model.materials[material].stages[stage].producers
    existing = [name for name, p in producers.items() if p.feed == "none" and (p.country or name) == region]
    plant = existing[0] if existing else f"{region} recycling"
    new: Block = {}
    if not existing:
        path = f"materials.{material}.stages.{stage}.producers.{plant}"
        new = {path: {"share": 0, "feed": "none", "country": region, **STATED}}
    label = f"Recycling into {material_name(scenario, material)}"
    return _project(f"recycling.{material}", "recycling", material, stage, label, price, plant, new)


def _project(
    name: str, kind: Kind, material: str, stage: str, label: str, price: float, plant: str, new: Block
) -> Purchase:
    reference = reference_cost(kind)
    assert reference.low is not None
    assert reference.high is not None
    path = f"events.bought-{name.replace('.', '-')}"
    event = {
        "type": "capacity_project",
        "title": f"{label}, bought",
        "producer": {"material": material, "stage": stage, "producer": plant},
        **STATED,
    }
    cost = Cost(price * reference.value, price * reference.low, price * reference.high)
    return Purchase(name, kind, material, stage, label, cost, {**new, path: event}, f"{path}.capacity_t_per_year")


def _repriced(options: Sequence[Purchase], costs: Mapping[str, float]) -> Iterator[Purchase]:
    known = {option.name for option in options}
    for name, usd in costs.items():
        if name not in known:
            raise ScenarioError.single(unknown("purchase", name, known))
        if not 0.0 < usd < math.inf:
            raise ScenarioError.single(f"expected a cost of {name} > 0 USD, got {usd}")
    for option in options:
        own = costs.get(option.name)
        yield option if own is None else replace(option, cost=Cost(own, own, own))


def chosen(options: Sequence[Purchase], names: Sequence[str]) -> tuple[Purchase, ...]:
    """The purchases selected by kind or by name; without names all."""
    kinds = {option.kind for option in options}
    known = [*sorted(kinds), *(option.name for option in options)]
    for name in names:
        if name not in known:
            raise ScenarioError.single(unknown("purchase", name, known) + f"; there are {listing(known)}")
    return tuple(o for o in options if not names or o.name in names or o.kind in names)
