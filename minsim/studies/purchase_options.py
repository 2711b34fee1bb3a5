"""What money can buy against a shortage: stocks in every form, plants and recycling; what each costs and changes.

Everything bought stands on the first day: a stock is full, a plant runs. Stock costs its value at the scenario's prices and
what holding it costs until the run ends; a plant costs so many years of its sales (`data/costs.csv`).
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
"""Mines are no option: one takes a decade or two to open."""


@dataclass(frozen=True)
class Cost:
    """Price of a tonne, or of a tonne a year [USD], with its range."""

    usd: float
    low_usd: float
    high_usd: float


@dataclass(frozen=True)
class Purchase:
    """One thing that money can buy.

    Attributes
    ----------
    name : str
        `stock.MATERIAL`, `capacity.MATERIAL.STAGE` or `recycling.MATERIAL`.
    kind : {"stock", "capacity", "recycling"}
    material, stage : str
        Whose product is held, or made.
    label : str
        In words.
    cost : Cost
        Of a tonne held, or of a tonne a year of capacity.
    standing : mapping
        What it takes in the scenario, by dotted path, whatever the amount.
    path : str
        Path of the amount.
    t_per_unit : float
        Tonnes in a unit of that path: a day of use for stocks.
    """

    name: str
    kind: Kind
    material: str
    stage: str
    label: str
    cost: Cost
    standing: Mapping[str, Any]
    path: str
    t_per_unit: float = 1.0

    @property
    def unit(self) -> str:
        """Unit of the amount."""
        return "t" if self.kind == "stock" else "t/year"

    def amount(self, usd: float) -> float:
        """What money buys [`unit`]."""
        return usd / self.cost.usd

    def changes(self, usd: float) -> Block:
        """What the purchase changes in the scenario; nothing where nothing is spent."""
        if usd <= 0.0:
            return {}
        block, key = self.path.rsplit(".", 1)
        changed = {path: dict(value) for path, value in self.standing.items()}
        changed[block][key] = self.amount(usd) / self.t_per_unit
        return changed


@dataclass(frozen=True)
class Shelf:
    """Everything on offer in a region.

    Attributes
    ----------
    purchases : tuple of Purchase
    emptied : tuple of str
        Stockpiles of the region that the money buys from nothing.
    years : float
        Length of the run, for which stock is held [years].
    """

    purchases: tuple[Purchase, ...]
    emptied: tuple[str, ...]
    years: float

    @property
    def removals(self) -> Block:
        """What the emptied stockpiles change in the scenario."""
        return {f"stockpiles.{name}": None for name in self.emptied}


def shelf(scenario: Scenario, region: str, materials: Sequence[str], costs: Mapping[str, float] | None = None) -> Shelf:
    """What can be bought for a region against shortages of some materials that it uses.

    Parameters
    ----------
    scenario : Scenario
    region : str
    materials : sequence of str
        Used there.
    costs : mapping of str to float, optional
        Purchase → USD a tonne, or a tonne a year, in place of the reference.

    Raises
    ------
    ScenarioError
        A price is missing, or a cost names no purchase.
    """
    upstream = sorted(set().union(*(made_from(scenario, name) for name in materials)))
    own = {
        name: p for name, p in scenario.model.stockpiles.items() if p.owner == region and set(p.holds) & set(upstream)
    }
    years = ((scenario.model.end - scenario.model.start).days + 1) / DAYS_PER_YEAR
    network = build_network(scenario, Draws.central())
    prices = {name: _price(scenario, name) for name in upstream}
    offers = [*_stocks(scenario, region, upstream, own, prices, years)]
    offers += [p for name in upstream for p in _plants(scenario, network, region, name, prices[name])]
    offers += [_recycling(scenario, network, region, name, prices[name]) for name in materials]
    return Shelf(tuple(_repriced(offers, costs or {})), tuple(sorted(own)), years)


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
    """What the reference data say of the cost of a kind of purchase."""
    return next(row for row in reference_values("costs") if row.group == kind)


def _stocks(
    scenario: Scenario, region: str, upstream: Sequence[str], own: Mapping[str, Stockpile], prices: Mapping[str, float],
    years: float,
) -> Iterator[Purchase]:  # fmt: skip
    """Stocks of every material in its last form, and in every form that the region's stockpiles hold already."""
    forms = dict.fromkeys((name, chain(scenario.model.materials[name])[-1]) for name in upstream)
    forms |= dict.fromkeys(
        (name, stage) for pile in own.values() for name, stage in pile.holds.items() if name in prices
    )
    standing = {form: _pile(scenario, region, form, own) for form in forms}
    trial = scenario.with_overrides({path: {**block, "target_days": 1} for path, block in standing.values()})
    use = {(h.stockpile): h.use_t_per_day for h in build_network(trial, Draws.central()).holdings}
    for (name, stage), (path, block) in standing.items():
        carrying = block.get("carrying_cost_share_per_year") or 0.0
        told = reference_cost("stock")
        rates = (carrying,) * 3 if carrying else (told.value, told.low or told.value, told.high or told.value)
        cost = Cost(*(prices[name] * (1.0 + rate * years) for rate in rates))
        last = stage == chain(scenario.model.materials[name])[-1]
        label = f"Stock of {material_name(scenario, name)}" + ("" if last else f", {stage}")
        key = f"stock.{name}" + ("" if last else f".{stage}")
        t_per_day = use[path.removeprefix("stockpiles.")]
        yield Purchase(key, "stock", name, stage, label, cost, {path: block}, f"{path}.target_days", t_per_day)


def _pile(scenario: Scenario, region: str, form: tuple[str, str], own: Mapping[str, Stockpile]) -> tuple[str, Block]:
    """A full stockpile of one form under the rules of the region's own: of the same form, or of the first; or none."""
    same = [key for key, pile in own.items() if pile.holds.get(form[0]) == form[1]]
    models = [*same, *sorted(own)][:1]
    rules = scenario.resolved["stockpiles"][models[0]] if models else {}
    taken = {key: rules[key] for key in ("members", "release", "carrying_cost_share_per_year") if key in rules}
    name = f"bought-{form[0]}-{form[1]}"
    return f"stockpiles.{name}", {"owner": region, "holds": {form[0]: form[1]}, "initial_fill": 1.0, **taken, **STATED}


def _plants(scenario: Scenario, network: Network, region: str, material: str, price: float) -> Iterator[Purchase]:
    """More capacity of plants that stand in the region, at every stage but the mine."""
    for stage in chain(scenario.model.materials[material]):
        plants = [s.producer for s in network.sellers if (s.material, s.stage, s.country) == (material, stage, region)]
        producers = scenario.model.materials[material].stages[stage].producers
        fed = [name for name in plants if name in producers and producers[name].feed is None]
        last = stage == chain(scenario.model.materials[material])[-1]
        if stage != MINE and fed:
            label = f"Capacity for {material_name(scenario, material)}" + ("" if last else f", {stage}")
            yield _project(f"capacity.{material}.{stage}", "capacity", material, stage, label, price, fed[0], {})


def _recycling(scenario: Scenario, network: Network, region: str, material: str, price: float) -> Purchase:
    """More recycling in the region into a material's last product: of whoever does it there, or a newcomer."""
    stage = chain(scenario.model.materials[material])[-1]
    producers = scenario.model.materials[material].stages[stage].producers
    at_work = [name for name, p in producers.items() if p.feed == "none" and (p.country or name) == region]
    plant = at_work[0] if at_work else f"{region} recycling"
    new: Block = {}
    if not at_work:
        path = f"materials.{material}.stages.{stage}.producers.{plant}"
        new = {path: {"share": 0, "feed": "none", "country": region, **STATED}}
    label = f"Recycling into {material_name(scenario, material)}"
    return _project(f"recycling.{material}", "recycling", material, stage, label, price, plant, new)


def _project(
    name: str, kind: Kind, material: str, stage: str, label: str, price: float, plant: str, new: Block
) -> Purchase:
    told = reference_cost(kind)
    assert told.low is not None
    assert told.high is not None
    path = f"events.bought-{name.replace('.', '-')}"
    event = {
        "type": "capacity_project",
        "title": f"{label}, bought",
        "producer": {"material": material, "stage": stage, "producer": plant},
        **STATED,
    }
    cost = Cost(price * told.value, price * told.low, price * told.high)
    return Purchase(name, kind, material, stage, label, cost, {**new, path: event}, f"{path}.capacity_t_per_year")


def _repriced(offers: Sequence[Purchase], costs: Mapping[str, float]) -> Iterator[Purchase]:
    known = {offer.name for offer in offers}
    for name, usd in costs.items():
        if name not in known:
            raise ScenarioError.single(unknown("purchase", name, known))
        if not 0.0 < usd < math.inf:
            raise ScenarioError.single(f"expected a cost of {name} > 0 USD, got {usd}")
    for offer in offers:
        own = costs.get(offer.name)
        yield offer if own is None else replace(offer, cost=Cost(own, own, own))


def chosen(offers: Sequence[Purchase], names: Sequence[str]) -> tuple[Purchase, ...]:
    """The purchases named, by kind or one by one; without a name all."""
    kinds = {offer.kind for offer in offers}
    known = [*sorted(kinds), *(offer.name for offer in offers)]
    for name in names:
        if name not in known:
            raise ScenarioError.single(unknown("purchase", name, known) + f"; there are {listing(known)}")
    return tuple(o for o in offers if not names or o.name in names or o.kind in names)
