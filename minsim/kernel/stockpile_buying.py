"""Phase 6: strategic stockpiles buy what users leave."""

from __future__ import annotations

import numpy as np

from minsim.kernel.codes import BuyingMode, HoldingState
from minsim.kernel.compiling import Index, phase
from minsim.kernel.constants import MEMORY_DAYS, ROUNDING
from minsim.kernel.lists import (
    all_holdings,
    all_products,
    arcs_of_buyer,
    arcs_of_buyers,
    sellers_of_product,
    siblings_of_arc,
    stockpile_arcs_beside,
    stockpiles_of_product,
)
from minsim.kernel.permits import share_permits, ship_calls
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    Count,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ProductIndex,
    SellerRow,
    StockpileRow,
)
from minsim.kernel.rules import capacity_now, stock_above_target
from minsim.kernel.state import State


@phase
def plan_purchases(st: State) -> None:
    """What each holding wants today: up to target, rate and price ceiling; one budget a stockpile, shared by value."""
    for h in all_holdings(st):
        v = st.index[HoldingIndex.BUYER, h]
        in_transit = 0.0
        for a in arcs_of_buyer(st, v):
            in_transit += st.value[ArcRow.IN_TRANSIT, a]
        missing = st.value[HoldingRow.TARGET, h] - st.value[BuyerRow.STOCK, v] - in_transit
        wanted = max(0.0, min(missing, st.value[HoldingRow.BUYING_RATE, h]))
        never = st.index[HoldingIndex.BUYING_MODE, h] == BuyingMode.NEVER
        buys = not never and st.index[HoldingIndex.STATE, h] == HoldingState.FILLING
        if not buys or st.value[HoldingRow.PRICE, h] > st.value[HoldingRow.PRICE_CEILING, h]:
            wanted = 0.0
        st.value[HoldingRow.WANTED, h] = wanted if wanted > ROUNDING * st.value[HoldingRow.TARGET, h] else 0.0
    for s in range(st.index[COUNT, Count.STOCKPILES]):
        cut_to_budget(st, s)


@phase
def cut_to_budget(st: State, s: Index) -> None:
    """Scale what the holdings of stockpile `s` want to the money it has left."""
    cost = 0.0
    for h in all_holdings(st):
        if st.index[HoldingIndex.STOCKPILE, h] == s and st.value[HoldingRow.WANTED, h] > 0.0:
            cost += st.value[HoldingRow.WANTED, h] * st.value[HoldingRow.PRICE, h]
    if cost > st.value[StockpileRow.BUDGET, s]:
        for h in all_holdings(st):
            if st.index[HoldingIndex.STOCKPILE, h] == s:
                st.value[HoldingRow.WANTED, h] *= st.value[StockpileRow.BUDGET, s] / cost


@phase
def room_on_route(st: State, a: Index) -> float:
    """What policy leaves on the trade route of a stockpile's arc after buyers were served [t]."""
    room = st.value[ArcRow.CAP_TODAY, a] - st.value[ArcRow.SHIPPED, a]
    if room == np.inf:
        return room
    for j in siblings_of_arc(st, a):
        b = st.index[ItemIndex.SIBLING_ARC, j]
        room += max(0.0, st.value[ArcRow.CAP_TODAY, b] - st.value[ArcRow.SHIPPED, b])
    return max(0.0, room)


@phase
def call_for_surplus(st: State, v: Index) -> None:
    """A stockpile calls on the surplus of every open seller, scaled to what it wants."""
    h = st.index[BuyerIndex.HOLDING, v]
    on_offer = 0.0
    for a in arcs_of_buyer(st, v):
        st.value[ArcRow.CALL, a] = 0.0
        if room_on_route(st, a) > 0.0:
            on_offer += st.value[SellerRow.SURPLUS, st.index[ArcIndex.SELLER, a]]
    if st.index[HoldingIndex.BUYING_MODE, h] != BuyingMode.SURPLUS or on_offer <= 0.0:
        return
    fraction = min(1.0, st.value[HoldingRow.WANTED, h] / on_offer)
    for a in arcs_of_buyer(st, v):
        surplus = st.value[SellerRow.SURPLUS, st.index[ArcIndex.SELLER, a]]
        st.value[ArcRow.CALL, a] = min(surplus * fraction, room_on_route(st, a))


@phase
def share_routes(st: State, arcs: range) -> None:
    """Stockpiles on one trade route share what policy leaves of it pro rata."""
    for a in arcs:
        st.value[ArcRow.CALL_BEFORE_ROUTE, a] = st.value[ArcRow.CALL, a]
    for a in arcs:
        room = room_on_route(st, a)
        together = 0.0
        for j in stockpile_arcs_beside(st, a):
            together += st.value[ArcRow.CALL_BEFORE_ROUTE, st.index[ItemIndex.STOCKPILE_ARC, j]]
        if together > room:
            st.value[ArcRow.CALL, a] *= room / together


@phase
def measure_surplus(st: State, p: Index) -> None:
    """Surplus of each seller: capacity beyond buyers' orders, and product beyond target over the adjustment time."""
    for i in sellers_of_product(st, p):
        adjustment_days = st.value[BuyerRow.ADJUSTMENT_DAYS, st.index[ProductIndex.FIRST_BUYER, p]]
        unused = max(0.0, capacity_now(st, i) - st.value[SellerRow.EXPECTED_ORDERS, i])
        st.value[SellerRow.SURPLUS, i] = unused + max(0.0, stock_above_target(st, i)) / adjustment_days
        st.value[SellerRow.CLAIMS, i] = 0.0


@phase
def share_surplus(st: State, arcs: range) -> None:
    """Several stockpiles share one seller's surplus pro rata; what stands in its store is shipped today."""
    for a in arcs:
        st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
    for a in arcs:
        i = st.index[ArcIndex.SELLER, a]
        claims = st.value[SellerRow.CLAIMS, i]
        if claims > st.value[SellerRow.SURPLUS, i]:
            st.value[ArcRow.CALL, a] *= st.value[SellerRow.SURPLUS, i] / claims
        st.value[SellerRow.STOCKPILE_CALLED, i] += st.value[ArcRow.CALL, a]
        on_hand = min(claims, st.value[SellerRow.SURPLUS, i])
        if on_hand > st.value[SellerRow.STOCK, i]:
            st.value[ArcRow.CALL, a] *= st.value[SellerRow.STOCK, i] / on_hand


@phase
def buy_surplus(st: State, p: Index, day: Index) -> None:
    """Stockpiles are served after all buyers, from what sellers can spare."""
    stockpiles = stockpiles_of_product(st, p)
    arcs = arcs_of_buyers(st, stockpiles)
    measure_surplus(st, p)
    for v in stockpiles:
        call_for_surplus(st, v)
    share_routes(st, arcs)
    share_permits(st, stockpiles)
    share_surplus(st, arcs)
    ship_calls(st, stockpiles, day)


@phase
def learn_stockpile_orders(st: State, p: Index) -> None:
    """Sellers update the orders they expect of stockpiles."""
    for i in sellers_of_product(st, p):
        more = st.value[SellerRow.STOCKPILE_CALLED, i] - st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i]
        st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i] += more / MEMORY_DAYS


@phase
def pay(st: State, h: Index) -> None:
    """Write down what holding `h` bought today, and take the money."""
    bought = st.value[BuyerRow.SHIPPED, st.index[HoldingIndex.BUYER, h]]
    st.value[HoldingRow.BOUGHT, h] = bought
    spent = bought * st.value[HoldingRow.PRICE, h] if bought > 0.0 else 0.0
    st.value[HoldingRow.SPENT, h] = spent
    s = st.index[HoldingIndex.STOCKPILE, h]
    st.value[StockpileRow.BUDGET, s] = max(0.0, st.value[StockpileRow.BUDGET, s] - spent)


@phase
def buy_for_stockpiles(st: State, day: Index) -> None:
    """Phase 6: surplus purchases, the orders that production will see, and the bills."""
    for p in all_products(st):
        stockpiles = stockpiles_of_product(st, p)
        if stockpiles.start < stockpiles.stop:
            buy_surplus(st, p, day)
        learn_stockpile_orders(st, p)
    for h in all_holdings(st):
        pay(st, h)
