"""The steady state of day 0: demand → outputs → needs → trade, downstream first.

Demand fixes the output of the last product, yields and inputs fix the need for the product before it, and so on up the
chain. Every list is in the order of sorted names, so that the order of keys in a scenario never counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minsim.errors import BalanceError, Problem
from minsim.network.agents import Buyer, Product, ProductKey, Reader, Seller
from minsim.network.regional_users import region_indices, split_out_users, subtract_user_needs
from minsim.network.trade import DAYS_PER_YEAR, TradeTerms, baseline_trade
from minsim.scenario.format.materials import Material, NewScrap, Producer, Stage
from minsim.scenario.shares import completed
from minsim.scenario.stages import chain

# ------------------------------------------------------------------------------------------------------------- products


def products_downstream_first(model_materials: Mapping[str, Material]) -> list[ProductKey]:
    """Products in an order in which every product comes before those it is made from."""
    made_from = {
        (m, s): set(feeds_of(model_materials, m, s)) for m, material in model_materials.items() for s in material.stages
    }
    for m, material in model_materials.items():
        for s, stage in material.stages.items():
            for producer in stage.producers.values():
                if isinstance(producer.feed, NewScrap):  # what falls as scrap must be known first
                    made_from[scrap_origin(model_materials, producer.feed)].add((m, s))
    order: list[ProductKey] = []
    waiting = dict(made_from)
    while waiting:
        used = {key for feeds in waiting.values() for key in feeds}
        ready = sorted(key for key in waiting if key not in used)
        if not ready:
            names = ", ".join("/".join(key) for key in sorted(waiting))
            raise BalanceError(
                [Problem("", 0, 0, "materials", f"products are made from each other in a circle: {names}")]
            )
        order += ready
        for key in ready:
            del waiting[key]
    return order


def feeds_of(materials: Mapping[str, Material], material: str, stage: str) -> dict[ProductKey, float | None]:
    """Products a stage takes: the previous stage's (None: by yield), and inputs of other materials [t per t]."""
    stages = chain(materials[material])
    feeds: dict[ProductKey, float | None] = {}
    position = stages.index(stage)
    if position:
        feeds[material, stages[position - 1]] = None
    for other in materials[material].stages[stage].inputs:
        feeds[other, chain(materials[other])[-1]] = 1.0
    return feeds


def scrap_origin(materials: Mapping[str, Material], feed: NewScrap) -> ProductKey:
    """The product whose making yields the scrap."""
    return feed.scrap_of, feed.stage or chain(materials[feed.scrap_of])[-1]


def scrap_key(origin: ProductKey) -> ProductKey:
    """Key under which the scrap of a product stands in tables and messages."""
    return origin[0], f"{origin[1]} scrap"


def make_sellers(reader: Reader, key: ProductKey) -> list[Seller]:
    """Producers of one product with their capacities' terms; outputs come later."""
    material, stage_name = key
    stage = reader.model.materials[material].stages[stage_name]
    base = f"materials.{material}.stages.{stage_name}"
    feeds = feeds_of(reader.model.materials, material, stage_name)
    sellers = []
    for name in sorted(stage.producers):
        producer = stage.producers[name]
        path = f"{base}.producers.{name}"
        seller = Seller(key, name, reader.place(name, producer.country or name), producer, path)
        seller.availability = reader.number(producer.availability, f"{path}.availability")
        growth = producer.growth_per_year
        inherited = not growth and stage.growth_per_year is not None
        seller.growth_per_year = reader.number(
            stage.growth_per_year if inherited else growth, f"{base if inherited else path}.growth_per_year"
        )
        if producer.feed is None:
            seller.inputs = _coefficients(reader, stage, producer, feeds, base, path)
        elif isinstance(producer.feed, NewScrap):
            scrap = scrap_key(scrap_origin(reader.model.materials, producer.feed))
            seller.inputs = _coefficients(reader, stage, producer, {scrap: None}, base, path)
        sellers.append(seller)
    return sellers


def _coefficients(
    reader: Reader, stage: Stage, producer: Producer, feeds: Mapping[ProductKey, float | None], base: str, path: str
) -> dict[ProductKey, float]:
    """Tonnes of each input per tonne made: 1 / yield for the feed, as stated for inputs."""
    own = producer.yield_ is not None
    product_per_feed = reader.number(producer.yield_ if own else stage.yield_, f"{path if own else base}.yield")
    return {
        feed: 1.0 / product_per_feed
        if tonnes is None
        else reader.number(stage.inputs[feed[0]], f"{base}.inputs.{feed[0]}")
        for feed, tonnes in sorted(feeds.items())
    }


def size_sellers(reader: Reader, product: Product) -> None:
    """Outputs from shares, and capacities from outputs and utilisation."""
    material, stage_name = product.key
    base = f"materials.{material}.stages.{stage_name}"
    drawn = [reader.number(s.model.share, f"{s.path}.share") for s in product.sellers]
    shares = np.array(completed([s.model.share for s in product.sellers], drawn))
    shares /= shares.sum()
    problems = []
    for seller, share in zip(product.sellers, shares, strict=True):
        seller.output = float(share) * product.output
        own = seller.model.utilisation is not None
        given = seller.model.utilisation if own else product.stage.utilisation
        utilisation = reader.number(given, f"{seller.path if own else base}.utilisation", "utilisation")
        seller.capacity = seller.output / utilisation
        if seller.availability < utilisation * (1.0 - 1e-12) and seller.output > 0.0:
            problems.append(
                Problem(
                    "",
                    0,
                    0,
                    f"{seller.path}.availability",
                    f"expected availability >= utilisation {utilisation:g}, since the baseline is a steady state, "
                    f"got {seller.availability:g}; lower the utilisation, or model the loss as an outage",
                )
            )
    if problems:
        raise BalanceError(problems)


def consumers_of(reader: Reader, key: ProductKey) -> list[Buyer]:
    """Regions that use a material's last product, and users within them."""
    material, stage = key
    model = reader.model.materials[material]
    if stage != chain(model)[-1]:
        return []
    buyers = []
    for region in sorted(model.consumers):
        consumer = model.consumers[region]
        path = f"materials.{material}.consumers.{region}"
        use = reader.number(consumer.demand_t_per_year, f"{path}.demand_t_per_year") / DAYS_PER_YEAR
        target = use * reader.number(consumer.stock_days, f"{path}.stock_days")
        growth = reader.number(consumer.growth_per_year, f"{path}.growth_per_year")
        place = reader.place(region, consumer.within or region)
        buyers.append(Buyer(key, "consumer", place, use, target, growth, consumer=consumer))
    subtract_user_needs(buyers)
    return buyers


def input_buyers(reader: Reader, product: Product) -> list[Buyer]:
    """The producers of `product`, as buyers of what they take."""
    material, stage = product.key
    path = f"materials.{material}.stages.{stage}.feed_stock_days"
    days = reader.number(product.stage.feed_stock_days, path, "feed_stock_days")
    return [
        Buyer(
            feed, "producer", seller.place, seller.output * tonnes, seller.output * tonnes * days,
            seller.growth_per_year, seller, tonnes,
        )
        for seller in product.sellers
        for feed, tonnes in seller.inputs.items()
    ]  # fmt: skip


def balance(reader: Reader, product: Product) -> None:
    """Size the sellers and find baseline trade; outputs then take the fitted sums, so that day 0 is exactly steady."""
    material, stage = product.key
    model = reader.model.materials[material]
    own = product.stage.trade
    path = f"materials.{material}" + (f".stages.{stage}.trade" if own else ".trade")
    last = stage == chain(model)[-1]
    product.terms = TradeTerms.of(own or model.trade, path, reader.draws, with_shares=own is not None or last)
    size_sellers(reader, product)
    sellers = tuple(seller.place for seller in product.sellers)
    outputs = np.array([seller.output for seller in product.sellers])
    homes = region_indices(product.buyers)
    whole = sorted(set(homes))
    needs = np.bincount(homes, [buyer.need for buyer in product.buyers])[whole].astype(float)
    buyers = tuple(product.buyers[j].place for j in whole)
    trade = baseline_trade(sellers, outputs, buyers, needs, product.terms)
    product.trade = trade if len(whole) == len(homes) else split_out_users(reader, product, trade, homes)
    for seller, sold in zip(product.sellers, product.trade.flows.sum(axis=1), strict=True):
        seller.capacity *= float(sold) / seller.output if seller.output > 0.0 else 1.0
        seller.output = float(sold)


def build_products(reader: Reader) -> list[Product]:
    """All products, downstream first, balanced."""
    materials = reader.model.materials
    keys = products_downstream_first(materials)
    products = {key: Product(key, materials[key[0]].stages[key[1]], make_sellers(reader, key)) for key in keys}
    for key in keys:
        product = products[key]
        product.buyers = consumers_of(reader, key) + sorted(
            product.buyers, key=lambda b: (b.producer.key, b.producer.producer) if b.producer else (("", ""), "")
        )
        if not product.buyers or product.output <= 0.0:
            path = f"materials.{key[0]}"
            raise BalanceError(
                [Problem("", 0, 0, path, f"nothing buys {key[0]}/{key[1]}; give it consumers or demand")]
            )
        balance(reader, product)
        for buyer in input_buyers(reader, product):
            if buyer.key not in products:  # scrap: nobody sells it
                products[buyer.key] = Product(buyer.key, product.stage, [])
            products[buyer.key].buyers.append(buyer)
    scraps = sorted(set(products) - set(keys))
    for key in scraps:
        check_scrap(reader, products[key], products[key[0], key[1].removesuffix(" scrap")])
    tie_byproducts(reader, products)
    return [products[key] for key in (*keys, *scraps)]


def tie_byproducts(reader: Reader, products: Mapping[ProductKey, Product]) -> None:
    """Capacity of a by-product's first stage is what its host's local output allows, shared by the producers' outputs."""
    problems = []
    for name, material in sorted(reader.model.materials.items()):
        if material.byproduct_of is None:
            continue
        host = material.byproduct_of.host
        cap = reader.number(material.byproduct_of.recovery_cap, f"materials.{name}.byproduct_of.recovery_cap")
        origin = products[host, chain(reader.model.materials[host])[-1]]
        own = products[name, chain(material)[0]]
        for seller in own.sellers:
            local = local_output(own, seller.place.region)
            most = cap * local_output(origin, seller.place.region)
            if local > most * (1.0 + 1e-9):
                path = f"materials.{name}.byproduct_of.recovery_cap"
                message = (
                    f"expected {seller.place.region}'s {host} to carry its output of {local:.4g} t/day, got at most "
                    f"{most:.4g}; raise the cap, or lower the producer's share"
                )
                problems.append(Problem("", 0, 0, path, message))
            seller.capacity = most * seller.output / local if local > 0.0 else most
    if problems:
        raise BalanceError(problems)


def check_scrap(reader: Reader, scrap: Product, origin: Product) -> None:
    """Local fabrication must make the scrap that the baseline needs."""
    problems = []
    for buyer in scrap.buyers:
        assert buyer.producer is not None and isinstance(buyer.producer.model.feed, NewScrap)
        rate, path = buyer.producer.model.feed.rate, f"{buyer.producer.path}.feed"
        made = local_output(origin, buyer.place.region)
        most = np.inf if rate is None else reader.number(rate, f"{path}.rate") * made
        if buyer.need > 0.0 and (made <= 0.0 or buyer.need > most * (1.0 + 1e-9)):
            problems.append(
                Problem(
                    "",
                    0,
                    0,
                    path,
                    f"expected at most {most if made > 0.0 else 0.0:.4g} t/day of scrap from "
                    f"{buyer.place.region}'s {'/'.join(origin.key)}, got a need of {buyer.need:.4g}; "
                    "lower the producer's share, or move it to where the fabrication is",
                )
            )
    if problems:
        raise BalanceError(problems)


def local_output(product: Product, region: str) -> float:
    """Baseline output of a product in one place [t/day]."""
    return sum(seller.output for seller in product.sellers if seller.place.region == region)
