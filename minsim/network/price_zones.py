"""Prices: the markets a scenario declares, and the clearing price of a zone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from minsim.errors import BalanceError, Problem
from minsim.kernel.compiling import Floats, compiled
from minsim.network.agents import ProductKey, Reader
from minsim.scenario.stages import chain

REST = "rest"
BISECTION_STEPS = 60
"""Enough to narrow the widest bounds to the last bits of a float."""
BALANCED = 1e-9
"""Relative excess demand at the reference price below which the price stays exactly at the reference."""


@dataclass(frozen=True)
class Market:
    """The price model of one material, on its last product.

    Attributes
    ----------
    zones : tuple of str
        Zones that share one price, by name.
    members : mapping of str to str
        Region → zone, where named.
    rest : str or None
        Zone of all regions not named.
    """

    material: str
    key: ProductKey
    reference_usd_per_kg: float
    zones: tuple[str, ...]
    members: Mapping[str, str]
    rest: str | None
    supply_elasticity: float
    adjustment_days: float
    bounds: tuple[float, float]
    contract_share: float
    contract_lag_days: float

    def zone_of(self, region: str) -> int:
        """Index of a region's zone among this market's.

        Raises
        ------
        BalanceError
            If the region is in no zone.
        """
        name = self.members.get(region, self.rest)
        if name is None:
            path = f"materials.{self.material}.prices.zones"
            message = f"expected a zone for every region, got none for {region}; name it, or give one zone `rest`"
            raise BalanceError([Problem("", 0, 0, path, message)])
        return self.zones.index(name)


def plan_markets(reader: Reader) -> tuple[Market, ...]:
    """Markets of all materials with prices, by material."""
    return tuple(_market(reader, name) for name, m in sorted(reader.model.materials.items()) if m.prices is not None)


def _market(reader: Reader, material: str) -> Market:
    model = reader.model.materials[material]
    prices = model.prices
    assert prices is not None
    path = f"materials.{material}.prices"
    members = {
        region: zone
        for zone, names in sorted(prices.zones.items())
        if names != REST
        for region in sorted(reader.expand(names))
    }
    rest = [zone for zone, names in sorted(prices.zones.items()) if names == REST]
    return Market(
        material=material,
        key=(material, chain(model)[-1]),
        reference_usd_per_kg=reader.reference_price_usd_per_kg(material),
        zones=tuple(sorted(prices.zones)),
        members=members,
        rest=rest[0] if rest else None,
        supply_elasticity=reader.number(prices.supply_elasticity, f"{path}.supply_elasticity"),
        adjustment_days=reader.number(prices.adjustment_days, f"{path}.adjustment_days"),
        bounds=prices.bounds,
        contract_share=reader.number(prices.contract_share, f"{path}.contract_share"),
        contract_lag_days=reader.number(prices.contract_lag_days, f"{path}.contract_lag_days"),
    )


@compiled
def supply_at(price: float, elasticity: float, reference: Floats, most: Floats, floors: Floats, held: float) -> float:
    """Supply of a zone [t/day] at a price relative to the reference.

    Parameters
    ----------
    price : float
        Price / reference price.
    elasticity : float
    reference, most : arrays of shape (flows,)
        Reference supply of each flow into the zone, and its maximum [t/day].
    floors : array of shape (flows,)
        Lowest price a flow's seller receives / reference price.
    held : float
        Supply retained by curbs, offered at home at any price [t/day].
    """
    total = held
    for j in range(reference.shape[0]):
        total += min(most[j], reference[j] * max(price, floors[j]) ** elasticity)
    return total


@compiled
def demand_at(
    price: float,
    demand: Floats,
    elasticities: Floats,
    essentials: Floats,
    floors: Floats,
    duties: Floats,
    inelastic: float,
) -> float:
    """Demand of a zone [t/day] at a price relative to the reference: end uses by elasticity, the rest inelastic."""
    total = inelastic
    for k in range(demand.shape[0]):
        paid = max(price, floors[k]) * (1.0 + duties[k])
        total += demand[k] * max(essentials[k], paid ** (-elasticities[k]))
    return total


@compiled
def clearing_price(
    elasticity: float,
    reference: Floats,
    most: Floats,
    supply_floors: Floats,
    held: float,
    demand: Floats,
    elasticities: Floats,
    essentials: Floats,
    floors: Floats,
    duties: Floats,
    inelastic: float,
    low: float,
    high: float,
) -> float:
    """Price within bounds, relative to the reference, at which demand equals supply; a bound if there is none.

    For one isoelastic end use and free capacity it is r ** (-1 / (e_d + e_s)), with r the fraction of supply that is left.
    """
    wanted = demand_at(1.0, demand, elasticities, essentials, floors, duties, inelastic)
    offered = supply_at(1.0, elasticity, reference, most, supply_floors, held)
    if abs(wanted - offered) <= BALANCED * max(wanted, offered):
        return 1.0
    below, above = math.log(low), math.log(high)
    for _ in range(BISECTION_STEPS):
        middle = 0.5 * (below + above)
        price = math.exp(middle)
        wanted = demand_at(price, demand, elasticities, essentials, floors, duties, inelastic)
        if wanted > supply_at(price, elasticity, reference, most, supply_floors, held):
            below = middle
        else:
            above = middle
    return math.exp(0.5 * (below + above))
