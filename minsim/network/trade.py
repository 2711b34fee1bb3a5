"""Baseline trade in one product: flows from sellers to buyers, allowed trade routes and lead times."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from minsim.data import defaults
from minsim.errors import BalanceError, Problem
from minsim.kernel.compiling import Floats
from minsim.network.ipf import ACCEPTED, FITTED, MOST_ROUNDS, fit, residual
from minsim.scenario.distributions import Draws
from minsim.scenario.format.materials import Trade
from minsim.scenario.format.numbers import LANE_ARROW

DAYS_PER_YEAR = 365.25
"""Days of a year (model, section 1)."""


@dataclass(frozen=True)
class Place:
    """One end of a trade route: an id, its country or region, and the blocs of that region."""

    name: str
    region: str
    blocs: frozenset[str] = frozenset()

    def closeness(self, word: str) -> int | None:
        """How specifically `word` matches this place: 3 by id, 2 by country, 1 by bloc; None for no match."""
        if word == self.name:
            return 3
        if word == self.region:
            return 2
        return 1 if word in self.blocs else None


def route_ends(route: str) -> tuple[str, str]:
    """Seller and buyer of a trade route written as `Seller -> Buyer`."""
    seller, buyer = route.split(LANE_ARROW, 1)
    return seller.strip(), buyer.strip()


def route_closeness(route: str, seller: Place, buyer: Place) -> int | None:
    """How specifically a trade route matches this pair; None for no match."""
    seller_word, buyer_word = route_ends(route)
    near, far = seller.closeness(seller_word), buyer.closeness(buyer_word)
    return None if near is None or far is None else near + far


@functools.lru_cache(maxsize=1024)
def closest_routes(
    routes: tuple[str, ...], sellers: tuple[Place, ...], buyers: tuple[Place, ...]
) -> tuple[tuple[str | None, ...], ...]:
    """The most specific trade route of each pair, None for no match; cached, since no draw changes it."""
    named = [[[(route_closeness(route, s, b), route) for route in routes] for b in buyers] for s in sellers]
    close = [[[(near, route) for near, route in pair if near is not None] for pair in row] for row in named]
    return tuple(tuple(max(pair)[1] if pair else None for pair in row) for row in close)


@functools.lru_cache(maxsize=1024)
def open_pairs(forbidden: tuple[str, ...], sellers: tuple[Place, ...], buyers: tuple[Place, ...]) -> np.ndarray:
    """Pairs that no forbidden trade route matches; cached, since no draw changes it."""
    routes = closest_routes(forbidden, sellers, buyers)
    return np.array([[route is None for route in row] for row in routes], dtype=bool).reshape(len(sellers), len(buyers))


@functools.lru_cache(maxsize=1024)
def ends_of(route: str, sellers: tuple[Place, ...], buyers: tuple[Place, ...]) -> tuple[list[int], list[int]]:
    """Positions of the sellers and of the buyers that a trade route matches; cached, since no draw changes them."""
    seller_word, buyer_word = route_ends(route)
    rows = [i for i, seller in enumerate(sellers) if seller.closeness(seller_word) is not None]
    return rows, [j for j, buyer in enumerate(buyers) if buyer.closeness(buyer_word) is not None]


@functools.lru_cache(maxsize=1024)
def at_home(sellers: tuple[Place, ...], buyers: tuple[Place, ...]) -> np.ndarray:
    """Pairs within one country or region; cached, since no draw changes it."""
    return np.array([[seller.region == buyer.region for buyer in buyers] for seller in sellers], dtype=bool)


@dataclass(frozen=True)
class TradeTerms:
    """The trade block that applies to one product, with its path for draws and messages."""

    block: Trade
    path: str
    draws: Draws
    known_shares: Mapping[str, float] = field(default_factory=dict)
    known_t_per_day: Mapping[str, float] = field(default_factory=dict)
    preference: float = 1.0

    @classmethod
    def of(cls, block: Trade | None, path: str, draws: Draws, *, with_shares: bool) -> TradeTerms:
        """Read a trade block; material-level shares apply to the last product only (`with_shares`)."""
        block = block or Trade()
        shares = {route: draws.number(n, f"{path}.shares.{route}") for route, n in sorted(block.shares.items())}
        tonnes = {
            route: draws.number(n, f"{path}.tonnes_per_year.{route}") / DAYS_PER_YEAR
            for route, n in sorted(block.tonnes_per_year.items())
        }
        preference = block.home_preference
        home = (
            defaults()["home_preference"] if preference is None else draws.number(preference, f"{path}.home_preference")
        )
        return cls(block, path, draws, shares if with_shares else {}, tonnes if with_shares else {}, home)

    def allowed(self, sellers: tuple[Place, ...], buyers: tuple[Place, ...]) -> np.ndarray:
        """Pairs between which trade is allowed."""
        return open_pairs(self.block.forbidden, sellers, buyers)

    def lead_days(self, sellers: tuple[Place, ...], buyers: tuple[Place, ...]) -> list[list[int]]:
        """Lead time of each pair [days]: of the most specific trade route, else home or default."""
        times, path = self.block.lead_time_days, f"{self.path}.lead_time_days"
        days = {route: self.draws.whole(number, f"{path}.pairs.{route}") for route, number in times.pairs.items()}
        usual = [self._usual_days(kind) for kind in ("default", "home")]
        routes = closest_routes(tuple(times.pairs), sellers, buyers)
        home = at_home(sellers, buyers).tolist()
        return [
            [usual[near] if route is None else days[route] for route, near in zip(row, nearby, strict=True)]
            for row, nearby in zip(routes, home, strict=True)
        ]

    def _usual_days(self, kind: str) -> int:
        given = getattr(self.block.lead_time_days, kind)
        if given is None:
            return int(defaults()[f"{kind}_lead_days"])
        return self.draws.whole(given, f"{self.path}.lead_time_days.{kind}")


@dataclass(frozen=True)
class BaselineTrade:
    """Fitted baseline flows.

    Attributes
    ----------
    flows : array of shape (sellers, buyers)
        Baseline trade [t/day].
    shares : array of shape (sellers, buyers)
        Share of each seller in each buyer's purchases; columns sum to 1.
    allowed : array of shape (sellers, buyers)
        False where trade is forbidden.
    residual : float
        Largest error of a row or column sum, relative to world output.
    moved : float
        Purchases of other buyers moved to other sellers because of users within a region [t/day].
    """

    flows: Floats
    shares: Floats
    allowed: np.ndarray
    residual: float
    moved: float = 0.0


def baseline_trade(
    sellers: tuple[Place, ...], outputs: Floats, buyers: tuple[Place, ...], needs: Floats, terms: TradeTerms
) -> BaselineTrade:
    """Find baseline trade in one product by RAS of a prior to outputs and needs.

    The prior is output x need, times the home preference within a place; known shares and tonnes are held exactly, split
    over a country's plants by output, and all other flows are fitted.

    Raises
    ------
    BalanceError
        If no flows satisfy outputs, needs, known shares and forbidden trade routes.
    """
    allowed = terms.allowed(sellers, buyers)
    held = _held_flows(sellers, outputs, buyers, needs, terms, allowed)
    known = np.isfinite(held)
    fixed = np.where(known, held, 0.0)
    left_outputs, left_needs = outputs - fixed.sum(axis=1), needs - fixed.sum(axis=0)
    _check_left(sellers, outputs, left_outputs, buyers, needs, left_needs, terms)
    left_outputs, left_needs = np.maximum(left_outputs, 0.0), np.maximum(left_needs, 0.0)
    home = np.where(at_home(sellers, buyers), terms.preference, 1.0)
    prior = np.where(allowed & ~known, home * np.outer(np.maximum(outputs, 0.0), needs), 0.0)
    free = _fitted(prior, left_outputs, left_needs)
    flows = free + fixed
    error, worst_seller, worst_buyer = residual(flows, outputs, needs)
    if error > ACCEPTED:
        raise _no_balance(sellers[worst_seller], buyers[worst_buyer], flows, outputs, needs, sellers, buyers, terms)
    return BaselineTrade(flows, purchase_shares(flows, allowed, outputs), allowed, error)


def _fitted(prior: Floats, outputs: Floats, needs: Floats) -> Floats:
    """The prior fitted to outputs and needs.

    If the only balance has no trade between some pairs, fitting converges like 1 / rounds: such pairs are found and closed.
    """
    flows = np.ascontiguousarray(prior)
    rounds = fit(flows, outputs, needs)
    if rounds == MOST_ROUNDS and residual(flows, outputs, needs)[0] > FITTED:
        usable = _usable_pairs(prior > 0.0, outputs, needs)
        if usable is not None:
            flows = np.where(usable, prior, 0.0)
            fit(flows, outputs, needs)
    return flows


def _usable_pairs(allowed: np.ndarray, outputs: Floats, needs: Floats) -> np.ndarray | None:
    """Pairs that trade in at least one balance; None if there is no balance.

    The largest flow of each pair over all balances is a linear programme.
    """
    from scipy.optimize import linprog

    pairs = np.argwhere(allowed)
    world = float(outputs.sum())
    sums = np.zeros((len(outputs) + len(needs), len(pairs)))
    sums[pairs[:, 0], np.arange(len(pairs))] = 1.0
    sums[len(outputs) + pairs[:, 1], np.arange(len(pairs))] = 1.0
    wanted = np.concatenate([outputs, needs * (world / float(needs.sum()))]) / world
    usable = np.zeros(allowed.shape, dtype=bool)
    for column, (i, j) in enumerate(pairs):
        objective = np.zeros(len(pairs))
        objective[column] = -1.0
        best = linprog(objective, A_eq=sums, b_eq=wanted, bounds=(0.0, None), method="highs")
        if not best.success:
            return None
        usable[i, j] = -best.fun > ACCEPTED
    return usable


def purchase_shares(flows: Floats, allowed: np.ndarray, outputs: Floats) -> Floats:
    """Each seller's share in each buyer's purchases; without need, proportional to the allowed sellers' outputs."""
    weights = np.where(flows.sum(axis=0) > 0.0, flows, allowed * outputs[:, None])
    weights = np.where(weights.sum(axis=0) > 0.0, weights, allowed.astype(float))
    totals = weights.sum(axis=0)
    shares: Floats = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0.0)
    return shares


def _held_flows(
    sellers: tuple[Place, ...],
    outputs: Floats,
    buyers: tuple[Place, ...],
    needs: Floats,
    terms: TradeTerms,
    allowed: np.ndarray,
) -> Floats:
    """Flows known from shares or tonnes [t/day]; nan where RAS fits them."""
    held = np.full(allowed.shape, np.nan)
    for route, share in terms.known_shares.items():
        rows, columns = _route_cells(route, sellers, buyers, terms, "shares")
        for j in columns:
            held[rows, j] = share * needs[j] * _by_size(outputs[rows])
    for route, tonnes in terms.known_t_per_day.items():
        rows, columns = _route_cells(route, sellers, buyers, terms, "tonnes_per_year")
        held[np.ix_(rows, columns)] = tonnes * np.outer(_by_size(outputs[rows]), _by_size(needs[columns]))
    clash = np.argwhere(np.isfinite(held) & ~allowed & (held > 0.0))
    if len(clash):
        i, j = clash[0]
        route = f"{sellers[i].name}{LANE_ARROW}{buyers[j].name}"
        raise _balance_error(terms, f"{route} is forbidden, yet a known share is given for it; drop one of the two")
    return held


def _by_size(sizes: Floats) -> Floats:
    total = sizes.sum()
    return sizes / total if total > 0.0 else np.full(len(sizes), 1.0 / max(1, len(sizes)))


def _route_cells(
    route: str, sellers: tuple[Place, ...], buyers: tuple[Place, ...], terms: TradeTerms, key: str
) -> tuple[list[int], list[int]]:
    rows, columns = ends_of(route, sellers, buyers)
    for found, word, role in zip((rows, columns), route_ends(route), ("seller", "buyer"), strict=True):
        if not found:
            raise _balance_error(
                terms, f'no {role} of this product is called "{word}"; drop the lane', f"{key}.{route}"
            )
    return rows, columns


def _check_left(
    sellers: tuple[Place, ...],
    outputs: Floats,
    left_outputs: Floats,
    buyers: tuple[Place, ...],
    needs: Floats,
    left_needs: Floats,
    terms: TradeTerms,
) -> None:
    """Known flows must not exceed a seller's output or a buyer's need."""
    slack = ACCEPTED * max(float(outputs.sum()), float(needs.sum()))
    messages = []
    for place, left, whole, verb in [
        *((s, left_outputs[i], outputs[i], "sell more than it makes") for i, s in enumerate(sellers)),
        *((b, left_needs[j], needs[j], "bring more than it needs") for j, b in enumerate(buyers)),
    ]:
        if left < -slack:
            messages.append(
                f"known shares make {place.name} {verb}: {per_year(whole - left)} against {per_year(whole)} t/year"
            )
    if messages:
        raise BalanceError([Problem("", 0, 0, terms.path, f"{text}; lower them") for text in messages])


def per_year(t_per_day: float) -> str:
    """Tonnes a year of a daily flow, as messages give them."""
    return f"{t_per_day * DAYS_PER_YEAR:,.4g}"


def _balance_error(terms: TradeTerms, message: str, key: str = "") -> BalanceError:
    return BalanceError([Problem("", 0, 0, f"{terms.path}.{key}" if key else terms.path, message)])


def _no_balance(
    seller: Place,
    buyer: Place,
    flows: Floats,
    outputs: Floats,
    needs: Floats,
    sellers: tuple[Place, ...],
    buyers: tuple[Place, ...],
    terms: TradeTerms,
) -> BalanceError:
    i, j = sellers.index(seller), buyers.index(buyer)
    sold, bought = flows[i].sum(), flows[:, j].sum()
    return _balance_error(
        terms,
        "no baseline trade balances outputs and needs under the forbidden lanes and known shares:\n"
        f"the best fit has {seller.name} sell {per_year(sold)} of the {per_year(outputs[i])} t/year it makes, "
        f"and {buyer.name} get {per_year(bought)} of the {per_year(needs[j])} t/year it needs;\n"
        "change a producer's share, allow a lane, or lower a known share",
    )


def blocs_of(region: str, blocs: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Blocs a region belongs to."""
    return frozenset(name for name, members in blocs.items() if region in members)
