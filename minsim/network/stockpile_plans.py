"""Stockpiles of a scenario: what is held, how much, whom it serves and by which way it reaches a gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minsim.kernel.codes import BuyingMode
from minsim.network.agents import Buyer, Product, ProductKey, Reader, Seller
from minsim.network.baseline import feeds_of
from minsim.network.trade import Place
from minsim.scenario.format.stockpiles import CoverTrigger, Fill, Stockpile

DAYS_PER_MONTH = 30.4375
"""Days over which a monthly rate is spread (model, section 11)."""


@dataclass(frozen=True)
class Served:
    """One sector of one region that a release route may serve."""

    buyer: Buyer
    sector: str
    order: int
    entitlement: float


@dataclass(frozen=True)
class ReleaseRoute:
    """One way from a held product to a gap: as it is, or worked up step by step in domestic producers.

    Attributes
    ----------
    users : tuple of Buyer
        The owner's consumers of what the route delivers, whom it serves or not: they are the owner's use.
    serves : tuple of Served
        Sectors it may serve: listed, entitled, and within reach of the owner's producers.
    steps : tuple of tuple of (Seller, ProductKey)
        Producers of each step and the product it takes, the step nearest the consumer first; empty: used as it is.
    t_per_tonne : float
        Tonnes held per tonne consumed, by the stages' yields and inputs.
    """

    users: tuple[Buyer, ...]
    serves: tuple[Served, ...]
    steps: tuple[tuple[tuple[Seller, ProductKey], ...], ...]
    t_per_tonne: float


@dataclass(frozen=True)
class Holding:
    """One material held in a stockpile, with every number of its rules."""

    stockpile: str
    model: Stockpile
    key: ProductKey
    regions: tuple[str, ...]
    routes: tuple[ReleaseRoute, ...]
    use: float
    target: float
    initial_fill: float
    buy_rate: float
    release_rate: float
    price_usd_per_t: float
    ceiling_usd_per_t: float
    cover_trigger_days: float
    authorisation_days: int
    place: Place

    @property
    def served(self) -> list[Served]:
        """Everything it may serve, by any route."""
        return [served for route in self.routes for served in route.serves]

    @property
    def buying_mode(self) -> BuyingMode:
        """How it buys, by the rule of its fill."""
        if self.model.fill is None:
            return BuyingMode.NEVER
        return BuyingMode.COMPETING if self.model.fill.rule == "always" else BuyingMode.SURPLUS


def plan_holdings(reader: Reader, products: Sequence[Product]) -> list[Holding]:
    """Holdings of all stockpiles, by stockpile and material."""
    by_key = {product.key: product for product in products}
    return [
        _plan(reader, name, material, by_key)
        for name in sorted(reader.model.stockpiles)
        for material in sorted(reader.model.stockpiles[name].holds)
    ]


def _plan(reader: Reader, name: str, material: str, products: Mapping[ProductKey, Product]) -> Holding:
    stockpile = reader.model.stockpiles[name]
    path = f"stockpiles.{name}"
    key = (material, stockpile.holds[material])
    regions = reader.regions_of(stockpile.owner)
    routes = tuple(find_release_routes(reader, stockpile, path, key, frozenset(regions), products))
    use = embodied_use(routes)
    days = _target_days(reader, stockpile, path, material)
    fill, release = stockpile.fill, stockpile.release
    monthly, daily = fill.max_days_per_month if fill else None, release.max_days_per_day
    price = reader.reference_price_usd_per_kg(material)
    trigger = release.trigger
    return Holding(
        stockpile=name,
        model=stockpile,
        key=key,
        regions=regions,
        routes=routes,
        use=use,
        target=days * use,
        initial_fill=reader.number(stockpile.initial_fill, f"{path}.initial_fill"),
        buy_rate=math.inf
        if monthly is None
        else use * reader.number(monthly, f"{path}.fill.max_days_per_month") / DAYS_PER_MONTH,
        release_rate=math.inf if daily is None else use * reader.number(daily, f"{path}.release.max_days_per_day"),
        price_usd_per_t=price * 1000.0,
        ceiling_usd_per_t=_ceiling(reader, fill, f"{path}.fill", price) * 1000.0,
        cover_trigger_days=reader.number(trigger.cover_below_days, f"{path}.release.trigger.cover_below_days")
        if isinstance(trigger, CoverTrigger)
        else -1.0,
        authorisation_days=reader.draws.whole(release.authorisation_days, f"{path}.release.authorisation_days"),
        place=_delivery_place(reader, name, routes, regions),
    )


def _target_days(reader: Reader, stockpile: Stockpile, path: str, material: str) -> float:
    """Target of one material held: its own, or that of the stockpile [days]."""
    if material in stockpile.target_days_by_material:
        return reader.number(stockpile.target_days_by_material[material], f"{path}.target_days_by_material.{material}")
    return reader.number(stockpile.target_days, f"{path}.target_days")


def _ceiling(reader: Reader, fill: Fill | None, path: str, price_usd_per_kg: float) -> float:
    """Highest price a stockpile pays for a material, the lower of its two ceilings; infinite without any [USD/kg]."""
    ceilings = [math.inf]
    if fill is not None and fill.price_ceiling_usd_per_kg is not None:
        ceilings.append(reader.number(fill.price_ceiling_usd_per_kg, f"{path}.price_ceiling_usd_per_kg"))
    if fill is not None and fill.price_ceiling_ratio is not None:
        ceilings.append(price_usd_per_kg * reader.number(fill.price_ceiling_ratio, f"{path}.price_ceiling_ratio"))
    return min(ceilings)


def _delivery_place(reader: Reader, name: str, routes: Sequence[ReleaseRoute], regions: Sequence[str]) -> Place:
    """Where purchases are delivered: the owner, or the member of a bloc with the largest use (ties by name)."""
    use = dict.fromkeys(regions, 0.0)
    for route in routes:
        for buyer in route.users:
            use[buyer.place.region] += buyer.need * route.t_per_tonne
    region = min(regions, key=lambda place: (-use[place], place))
    return reader.place(name, region)


def embodied_use(routes: Sequence[ReleaseRoute]) -> float:
    """The owner's baseline use of the held product, directly and embodied in what its consumers use [t/day].

    Days held as an intermediate then cover as many days of final use as the same days held ready for use.
    """
    return float(sum(buyer.need * route.t_per_tonne for route in routes for buyer in route.users))


def find_release_routes(
    reader: Reader,
    stockpile: Stockpile,
    path: str,
    key: ProductKey,
    regions: frozenset[str],
    products: Mapping[ProductKey, Product],
) -> Iterator[ReleaseRoute]:
    """Every way from the held product to the owner's consumers, the shortest first."""
    waiting: list[tuple[ProductKey, tuple[tuple[tuple[Seller, ProductKey], ...], ...], float]] = [(key, (), 1.0)]
    while waiting:
        product_key, steps, tonnes = waiting.pop(0)
        users = tuple(b for b in products[product_key].buyers if b.consumer is not None and b.place.region in regions)
        if users:
            within_reach = all(steps)  # every step has a producer in the owner's regions
            serves = tuple(_served(reader, stockpile, path, users)) if within_reach else ()
            yield ReleaseRoute(users, serves, steps, tonnes)
        for user_key in sorted(key for key, product in products.items() if product.sellers):  # scrap is made by nobody
            feeds = feeds_of(reader.model.materials, *user_key)
            if product_key in feeds:
                user = products[user_key]
                domestic = tuple(
                    (seller, product_key)
                    for seller in user.sellers
                    if seller.place.region in regions and product_key in seller.inputs
                )
                waiting.append((user_key, (domestic, *steps), tonnes * _typical(user, product_key)))


def _typical(user: Product, feed: ProductKey) -> float:
    """Tonnes of a feed per tonne of product, over the producers that take it, by output."""
    takers = [seller for seller in user.sellers if feed in seller.inputs]
    weights = np.array([seller.output for seller in takers])
    tonnes = np.array([seller.inputs[feed] for seller in takers])
    return float(tonnes @ weights / weights.sum()) if weights.sum() > 0.0 else float(tonnes.mean())


def _served(reader: Reader, stockpile: Stockpile, path: str, users: Sequence[Buyer]) -> Iterator[Served]:
    """Sectors of the owner's regions that may be served, with their order; an entitlement of 0 is none."""
    listed = stockpile.release.sectors
    for buyer in users:
        assert buyer.consumer is not None
        sectors = buyer.consumer.sectors
        for sector in sorted(sectors) or ["all"]:
            if listed is not None and sector not in listed:
                continue
            order = sectors[sector].priority if sectors else 1
            share = _entitlement(reader, stockpile, path, buyer.place.region, sector)
            if share > 0.0:
                yield Served(buyer, sector, order if listed is None else listed.index(sector), share)


def _entitlement(reader: Reader, stockpile: Stockpile, path: str, region: str, sector: str) -> float:
    """Share of a sector's gap that the stockpile may serve; members named by region, by sector, or both."""
    if stockpile.members is None:
        return 1.0
    members = {
        name: reader.number(share, f"{path}.members.{name}") for name, share in sorted(stockpile.members.items())
    }
    sectors = {s for m in reader.model.materials.values() for c in m.consumers.values() for s in c.sectors}
    by_sector = {name for name in members if name in sectors}
    by_region = set(members) - by_sector
    share = members.get(sector, 0.0) if by_sector else 1.0
    return share * (members.get(region, 0.0) if by_region else 1.0)
