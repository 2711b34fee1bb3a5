"""How long does a replication of the reference chain take in what one would use instead?

The chain of `reference_chain.py` (8 mines → 6 processors → 6 regions, 84 lanes, 5 years of days, plants that fail about
once a year for a month, one export curb of a year), as near as it can be expressed, in

* a lot-based model in plain SimPy: stocks, base-stock orders, a process for every shipment; written here, in full (lots of a
  week, or shipments kept in arrays by day, would be faster, and no longer what SimPy invites one to write);
* SupplyNetPy (pip install SupplyNetPy), a library for inventory networks on SimPy; left out where it is not installed.

Prints seconds a replication and ratios, all from this one run, taking turns. Absolute times depend on the machine. What each
cannot express is printed too: a ratio compares unlike models, and says only what a replication of either costs.

    python benchmarks/alternatives.py [ROUNDS]
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import simpy
from reference_chain import reference_chain

from minsim.studies.monte_carlo.replications import METRICS, Experiment, Replicator

MINES, PLANTS, REGIONS = 8, 6, 6
DAYS = 1826
USE_T_PER_DAY = 10_000.0 / 365.25
TOTAL = REGIONS * USE_T_PER_DAY
LEAD_DAYS, STOCK_DAYS, PRODUCT_DAYS, STORE_DAYS, UTILISATION = 30, 30, 14, 90, 0.9
REPAIR_DAYS, CURB_FROM, CURB_DAYS = 30, 365, 365

Model = Callable[[int], float]
"""Seed → days of use that the curbed region loses."""

CANNOT = {
    "plain SimPy": (
        "no rerouting by contracts, spot and re-sourcing (a buyer's shares are fixed), no licences, prices, stockpile "
        "rules, leakage or brackets, no balance of the books, no steady state from published shares; each would be "
        "written anew"
    ),
    "SupplyNetPy": (
        "a plant buys ore from one mine at a time, so that every mine is given a plant's need; a region's order goes to "
        "one supplier, chosen at random by share, instead of being split, and waits until that one has all of it; goods "
        "under way and raw material cannot be stated for the first day, so that no steady state is; a lane is open or "
        "disrupted, with no partial cut, quota or licence; no stockpiles, substitutes, prices or brackets"
    ),
}


# ------------------------------------------------------------------------------------------------------------ plain SimPy


class Site:
    """A mine, plant or region: one stock of what comes in, one of what goes out."""

    def __init__(self, feed_t: float, product_t: float, capacity_t: float) -> None:
        self.feed_t, self.product_t, self.capacity_t = feed_t, product_t, capacity_t
        self.product_target_t, self.is_up = product_t, True
        self.coming_t = 0.0
        self.lost_t = 0.0


def plain_simpy(seed: int) -> float:
    """The chain with lots: every shipment is a process that waits for its lead time."""
    env, draws = simpy.Environment(), random.Random(seed)
    mine_t, plant_t = TOTAL / MINES, TOTAL / PLANTS
    mines = [Site(0.0, PRODUCT_DAYS * mine_t, mine_t / UTILISATION) for _ in range(MINES)]
    plants = [Site(STOCK_DAYS * plant_t, PRODUCT_DAYS * plant_t, plant_t / UTILISATION) for _ in range(PLANTS)]
    regions = [Site(STOCK_DAYS * USE_T_PER_DAY, 0.0, 0.0) for _ in range(REGIONS)]

    def shipment(buyer: Site, tonnes: float, days: int) -> Iterator[simpy.Event]:
        buyer.coming_t += tonnes
        yield env.timeout(days)
        buyer.coming_t -= tonnes
        buyer.feed_t += tonnes

    def failures(site: Site) -> Iterator[simpy.Event]:
        while True:
            yield env.timeout(draws.expovariate(1.0 / 365.25))
            site.is_up = False
            yield env.timeout(REPAIR_DAYS)
            site.is_up = True

    def buy(buyer: Site, sellers: list[Site], need_t: float, closed: Site | None = None) -> None:
        wanted_t = need_t + (need_t * (STOCK_DAYS + LEAD_DAYS - 1) - buyer.feed_t - buyer.coming_t) / 30.0
        for seller in sellers:
            lot = min(max(0.0, wanted_t) / len(sellers), seller.product_t)
            if lot > 0.0 and seller is not closed:
                seller.product_t -= lot
                env.process(shipment(buyer, lot, LEAD_DAYS))

    def day() -> Iterator[simpy.Event]:
        while True:
            for site, typical in [*((m, mine_t) for m in mines), *((p, plant_t) for p in plants)]:
                wanted = typical + (site.product_target_t - site.product_t) / 30.0
                made = (
                    max(0.0, min(wanted, site.capacity_t, STORE_DAYS * typical - site.product_t)) if site.is_up else 0.0
                )
                if site in plants:
                    made = min(made, site.feed_t)
                    site.feed_t -= made
                site.product_t += made
            for region in regions:
                used = min(USE_T_PER_DAY, region.feed_t)
                region.feed_t -= used
                region.lost_t += USE_T_PER_DAY - used
            is_curbed = CURB_FROM <= env.now < CURB_FROM + CURB_DAYS
            for region in regions:
                buy(region, plants, USE_T_PER_DAY, plants[0] if is_curbed and region is regions[0] else None)
            for plant in plants:
                buy(plant, mines, plant_t)
            yield env.timeout(1)

    for buyer, sellers, need_t in [
        *((r, PLANTS, USE_T_PER_DAY) for r in regions),
        *((p, MINES, plant_t) for p in plants),
    ]:
        for left in range(1, LEAD_DAYS):
            for _ in range(sellers):
                env.process(shipment(buyer, need_t / sellers, left))
    for site in (*mines, *plants):
        env.process(failures(site))
    env.process(day())
    env.run(until=DAYS)
    return regions[0].lost_t / USE_T_PER_DAY


# ------------------------------------------------------------------------------------------------------------ SupplyNetPy


def supplynetpy_model() -> Model | None:
    """The chain in SupplyNetPy, or None where it is not installed."""
    try:
        import SupplyNetPy.Components as scm
    except ImportError:
        return None
    never = 10.0 * DAYS

    def replicate(seed: int) -> float:
        env, draws = simpy.Environment(), random.Random(seed)
        scm.set_seed(seed)
        quiet = {"logging": False}
        failing = {
            "node_disrupt_time": lambda: draws.expovariate(1.0 / 365.25), "node_recovery_time": lambda: REPAIR_DAYS, **quiet,
        }  # fmt: skip
        mine_t, plant_t = TOTAL / MINES, TOTAL / PLANTS
        ore = scm.RawMaterial("ore", "ore", plant_t / UTILISATION, 1, 1, 1)
        metal = scm.Product("metal", "metal", 1, 1, 2, [(ore, 1)], plant_t / UTILISATION, buy_price=1)
        # What minsim holds as feed and in transit on the first day stands here as stock of the site that waits for it: goods
        # under way cannot be stated. Room is ample, since an order larger than the seller's room would wait for ever.
        region_t, product_t = (
            (STOCK_DAYS + LEAD_DAYS) * USE_T_PER_DAY,
            (PRODUCT_DAYS + STOCK_DAYS + LEAD_DAYS) * plant_t,
        )
        room_t = 1.2 * product_t

        def restocked(level_t: float, daily_t: float) -> dict[str, Any]:
            levels = {"s": level_t - 0.5 * daily_t, "S": level_t, "period": 1}
            return {"replenishment_policy": scm.SSReplenishment, "policy_param": levels}

        at_random: dict[str, Any] = {
            "supplier_selection_policy": scm.SelectProbabilistic,
            "supplier_selection_param": {"probabilities": {f"P{k}": 1.0 / PLANTS for k in range(PLANTS)}},
        }

        mines = [
            scm.Supplier(env, f"M{k}", f"mine {k}", capacity=room_t, initial_level=PRODUCT_DAYS * mine_t,
                         raw_material=ore, **failing)
            for k in range(MINES)
        ]  # fmt: skip
        plants = [
            scm.Manufacturer(env, f"P{k}", f"plant {k}", room_t, product_t, 0.0, 2.0, product=metal,
                             **restocked(product_t, plant_t), **failing)
            for k in range(PLANTS)
        ]  # fmt: skip
        regions = [
            scm.InventoryNode(env, f"R{k}", f"region {k}", "distributor", 1.2 * region_t, region_t, 0.0,
                              product_sell_price=3.0, product_buy_price=2.0, product=metal,
                              **restocked(region_t, USE_T_PER_DAY), **at_random, **quiet)
            for k in range(REGIONS)
        ]  # fmt: skip
        # A manufacturer buys from the first mine that is up: each plant begins at a mine of its own, two stand by.
        pairs = [(mines[(k + j) % MINES], plant) for k, plant in enumerate(plants) for j in range(MINES)]
        pairs += [(seller, buyer) for buyer in regions for seller in plants]
        links = []
        for number, (seller, buyer) in enumerate(pairs):
            once = iter((CURB_FROM, never))
            curb: dict[str, Any] = {}
            if seller is plants[0] and buyer is regions[0]:
                curb = {
                    "link_disrupt_time": lambda once=once: next(once, never),
                    "link_recovery_time": lambda: CURB_DAYS,
                }
            links.append(scm.Link(env, f"L{number}", seller, buyer, 0.0, lambda: LEAD_DAYS, **curb))
        users = [
            scm.Demand(env, f"D{k}", f"users {k}", lambda: 1, lambda: USE_T_PER_DAY, region, consume_available=True, **quiet)
            for k, region in enumerate(regions)
        ]  # fmt: skip
        net = scm.create_sc_net([*mines, *plants, *regions], links, users, env=env)
        scm.simulate_sc_net(net, DAYS, logging=False)
        lost_t = regions[0].stats.shortage[1]
        return float(lost_t / USE_T_PER_DAY)

    return replicate


# ---------------------------------------------------------------------------------------------------------------- minsim


def minsim_model() -> Model:
    """The chain in minsim, as an ensemble computes it: network redrawn, simulated, measured."""
    replicator = Replicator(Experiment.of(reference_chain(), 1))
    column = METRICS.index("shortfall_days")

    def replicate(seed: int) -> float:
        values, _ = replicator.measure(replicator.draws(seed))
        return float(values[0, column])

    replicate(0)  # compiles, or loads what was compiled
    return replicate


def main(rounds: int = 5) -> None:
    """Replicate each model in turn and print what a replication takes."""
    models: dict[str, Model | None] = {
        "minsim": minsim_model(),
        "plain SimPy": plain_simpy,
        "SupplyNetPy": supplynetpy_model(),
    }
    times: dict[str, list[float]] = {name: [] for name in models}
    lost: dict[str, list[float]] = {name: [] for name in models}
    for k in range(1, rounds + 1):
        for name, model in models.items():
            if model is not None:
                began = time.perf_counter()
                lost[name].append(model(k))
                times[name].append(time.perf_counter() - began)
    own = statistics.median(times["minsim"])
    for name, taken in times.items():
        if not taken:
            print(f"{name}: not installed (pip install {name}); left out")
            continue
        median = statistics.median(taken)
        told = f"{median / own:,.0f} times minsim's" if name != "minsim" else f"{1.0 / median:,.0f} replications/s"
        print(f"{name}: {1e3 * median:,.1f} ms a replication (median of {rounds}), {told}; "
              f"the curbed region loses {statistics.fmean(lost[name]):,.1f} days")  # fmt: skip
    for name, text in CANNOT.items():
        if times[name]:
            print(f"{name} cannot express: {text}.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
