"""Users within a region: their part of its demand, its end uses and its baseline trade.

A user is a part of a region with a name, a stock and suppliers of its own. Its purchases are subtracted from its region's,
seller by seller, so that all other trade is unchanged. Only where a user buys more from a seller than its whole region
does, other buyers must buy elsewhere: the remaining trade is then fitted again, as close to the original as the sums allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from minsim.errors import BalanceError, Problem
from minsim.kernel.compiling import Floats
from minsim.network.agents import Buyer, Product, Reader
from minsim.network.ipf import ACCEPTED, fit, residual
from minsim.network.trade import BaselineTrade, Place, per_year, purchase_shares
from minsim.scenario.shares import completed


def region_indices(buyers: Sequence[Buyer]) -> list[int]:
    """For each buyer of a product, the index of its region's buyer for a user within one, else its own index."""
    regions = {b.place.name: j for j, b in enumerate(buyers) if b.consumer is not None and b.user_of is None}
    return [j if buyer.user_of is None else regions[buyer.user_of] for j, buyer in enumerate(buyers)]


def subtract_user_needs(buyers: Sequence[Buyer]) -> None:
    """Subtract the needs of users from their regions' [t/day]; stocks shrink in proportion, so that days of cover stay.

    Raises
    ------
    BalanceError
        If a region's users need as much as the region, or more.
    """
    homes, problems = region_indices(buyers), []
    for home in sorted({home for j, home in enumerate(homes) if home != j}):
        region, name = buyers[home], buyers[home].place.name
        own = sum(buyer.need for j, buyer in enumerate(buyers) if homes[j] == home != j)
        if own >= region.need:
            message = (
                f"expected the users within {name} to need less than its {per_year(region.need)} t/year, got "
                f"{per_year(own)}; lower their use, or raise the region's demand"
            )
            problems.append(Problem("", 0, 0, f"materials.{region.key[0]}.consumers.{name}.demand_t_per_year", message))
        else:
            region.target *= (region.need - own) / region.need
            region.need -= own
    if problems:
        raise BalanceError(problems)


def end_uses(reader: Reader, consumers: Sequence[Buyer]) -> list[dict[str, float]]:
    """Use of every consumer of one material by sector [t/day]; a region's excludes that of the users within it.

    Raises
    ------
    BalanceError
        If users need more for an end use than their region does.
    """
    homes = region_indices(consumers)
    uses = [_by_sector(reader, buyer, buyer.need) for buyer in consumers]
    for i in sorted({home for j, home in enumerate(homes) if home != j}):
        region = consumers[i]
        within = [uses[j] for j, home in enumerate(homes) if home == i != j]
        whole = _by_sector(reader, region, region.need + sum(sum(own.values()) for own in within))
        for sector in whole:
            uses[i][sector] = _remaining(region, sector, whole[sector], sum(own.get(sector, 0.0) for own in within))
    return uses


def _by_sector(reader: Reader, buyer: Buyer, need: float) -> dict[str, float]:
    assert buyer.consumer is not None
    path = f"materials.{buyer.key[0]}.consumers.{buyer.place.name}.sectors"
    sectors = sorted(buyer.consumer.sectors.items())
    drawn = [reader.number(sector.share, f"{path}.{name}.share") for name, sector in sectors]
    values = completed([sector.share for _, sector in sectors], drawn)
    shares = {name: share for (name, _), share in zip(sectors, values, strict=True)} or {"all": 1.0}
    total = sum(shares.values())
    return {name: need * share / total for name, share in shares.items()}


def _remaining(region: Buyer, sector: str, whole: float, taken: float) -> float:
    if taken > whole * (1.0 + ACCEPTED):
        message = (
            f"expected the users within {region.place.name} to need at most its {per_year(whole)} t/year for {sector}, "
            f"got {per_year(taken)}; lower their use, or spread it over other end uses"
        )
        path = f"materials.{region.key[0]}.consumers.{region.place.name}.sectors.{sector}"
        raise BalanceError([Problem("", 0, 0, path, message)])
    return max(0.0, whole - taken)


# ------------------------------------------------------------------------------------------------------------------- trade


def split_out_users(reader: Reader, product: Product, whole: BaselineTrade, homes: Sequence[int]) -> BaselineTrade:
    """Baseline trade of a product with the users within regions as separate buyers.

    Parameters
    ----------
    reader : Reader
    product : Product
        The users' needs are already subtracted from their regions'.
    whole : BaselineTrade
        Trade of the regions and other buyers, each including its users' needs.
    homes : sequence of int
        From `region_indices`.

    Raises
    ------
    BalanceError
        If no supplier of a user sells to its region, or the remaining trade cannot be balanced.
    """
    buyers = product.buyers
    columns = {home: column for column, home in enumerate(sorted(set(homes)))}
    where = [columns[home] for home in homes]
    flows, allowed = whole.flows[:, where], whole.allowed[:, where]
    users = [j for j, home in enumerate(homes) if home != j]
    for j in users:
        shares, allowed[:, j] = _purchases(reader, product, buyers[j], whole.shares[:, where[j]], allowed[:, j])
        flows[:, j] = buyers[j].need * shares
        flows[:, homes[j]] -= flows[:, j]
    fitted, moved = _rebalanced(product, flows, users)
    shares = purchase_shares(fitted, allowed, whole.flows.sum(axis=1))
    for j in users:  # a user's shares are as given, even without need
        total = fitted[:, j].sum()
        shares[:, j] = fitted[:, j] / total if total > 0.0 else shares[:, j]
    return replace(whole, flows=fitted, shares=shares, allowed=allowed, moved=moved)


def _purchases(
    reader: Reader, product: Product, user: Buyer, regional: Floats, allowed: np.ndarray
) -> tuple[Floats, np.ndarray]:
    """A user's share of each seller in its purchases, and which sellers it may buy from."""
    assert user.consumer is not None
    suppliers = user.consumer.suppliers
    if suppliers is None:
        return regional, allowed
    path = f"materials.{user.key[0]}.consumers.{user.place.name}.suppliers"
    places = [seller.place for seller in product.sellers]
    open_ = allowed & np.array([any(place.closeness(name) for name in suppliers) for place in places])
    if not isinstance(suppliers, Mapping):
        shares = np.where(open_, regional, 0.0)
        if shares.sum() <= 0.0:
            raise BalanceError([Problem("", 0, 0, path, _nobody_sells(user, places, regional))])
        return shares / shares.sum(), open_
    shares = np.zeros(len(places))
    named = sorted(suppliers.items())
    drawn = [reader.number(number, f"{path}.{name}") for name, number in named]
    for (name, _), share in zip(named, completed([number for _, number in named], drawn), strict=True):
        rows = np.flatnonzero(open_ & np.array([place.closeness(name) is not None for place in places]))
        weights = regional[rows] if regional[rows].sum() > 0.0 else np.array([product.sellers[i].output for i in rows])
        if weights.sum() > 0.0:
            shares[rows] += share * weights / weights.sum()
    if not np.isclose(shares.sum(), 1.0, atol=1e-6):
        message = f"expected shares of open sellers that sum to 1, got {shares.sum():g}; some lanes may be forbidden"
        raise BalanceError([Problem("", 0, 0, path, message)])
    return shares / shares.sum(), open_


def _nobody_sells(user: Buyer, places: Sequence[Place], regional: Floats) -> str:
    order = np.argsort(-regional, kind="stable")
    sellers = ", ".join(f"{places[i].name} {100 * regional[i]:.3g}%" for i in order if regional[i] > 0.0)
    return (
        f"none of these sells {user.key[0]} to {user.user_of} in the baseline, which buys from {sellers}; name one of "
        "them, or give shares, as in {China: 0.7, Japan: 0.3}"
    )


def _rebalanced(product: Product, flows: Floats, users: Sequence[int]) -> tuple[Floats, float]:
    """Flows refitted so that none is negative, and other buyers' purchases moved to other sellers for that [t/day]."""
    world = flows.sum()
    if flows.min() >= -ACCEPTED * world:
        return np.maximum(flows, 0.0), 0.0
    others = [j for j in range(flows.shape[1]) if j not in users]
    outputs, needs = flows[:, others].sum(axis=1), flows[:, others].sum(axis=0)
    rest = np.ascontiguousarray(np.maximum(flows[:, others], 0.0))
    if outputs.min() >= -ACCEPTED * world:
        fit(rest, np.maximum(outputs, 0.0), needs)
    if residual(rest, outputs, needs)[0] > ACCEPTED:
        worst = int(np.argmin(flows[:, others].min(axis=1)))
        raise BalanceError(
            [
                Problem(
                    "", 0, 0, f"materials.{product.key[0]}.consumers", _unbalanced_message(product, worst, flows, users)
                )
            ]
        )
    moved = 0.5 * float(np.abs(rest - flows[:, others]).sum())
    fitted = flows.copy()
    fitted[:, others] = rest
    return fitted, moved


def _unbalanced_message(product: Product, seller: int, flows: Floats, users: Sequence[int]) -> str:
    names = ", ".join(product.buyers[j].place.name for j in users)
    bought = per_year(float(flows[seller, list(users)].sum()))
    return (
        f"no baseline trade balances with the suppliers of {names}: they would buy {bought} t/year of "
        f"{product.key[0]} from {product.sellers[seller].producer}, which sells {per_year(float(flows[seller].sum()))} "
        "in all, and others depend on it too; name more suppliers, or lower the use"
    )
