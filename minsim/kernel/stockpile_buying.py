"""Phase 6: strategic stockpiles buy."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
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
from minsim.kernel.state import MEMORY_DAYS, ROUNDING, State


@phase
def plan_purchases(st: State) -> None:
    """What each holding wants today: up to target, rate and price ceiling; one budget a stockpile, shared by value."""
    for h in range(st.index[COUNT, Count.HOLDINGS]):
        v = st.index[HoldingIndex.BUYER, h]
        in_transit = 0.0
        for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
            in_transit += st.value[ArcRow.IN_TRANSIT, a]
        missing = st.value[HoldingRow.TARGET, h] - st.value[BuyerRow.STOCK, v] - in_transit
        wanted = max(0.0, min(missing, st.value[HoldingRow.BUYING_RATE, h]))
        buys = st.value[HoldingRow.BUYING_MODE, h] >= 0.0 and st.value[HoldingRow.STATE, h] == 0.0
        if not buys or st.value[HoldingRow.PRICE, h] > st.value[HoldingRow.PRICE_CEILING, h]:
            wanted = 0.0
        st.value[HoldingRow.WANTED, h] = wanted if wanted > ROUNDING * st.value[HoldingRow.TARGET, h] else 0.0
    for s in range(st.index[COUNT, Count.STOCKPILES]):
        cost = 0.0
        for h in range(st.index[COUNT, Count.HOLDINGS]):
            if st.index[HoldingIndex.STOCKPILE, h] == s and st.value[HoldingRow.WANTED, h] > 0.0:
                cost += st.value[HoldingRow.WANTED, h] * st.value[HoldingRow.PRICE, h]
        if cost > st.value[StockpileRow.BUDGET, s]:
            for h in range(st.index[COUNT, Count.HOLDINGS]):
                if st.index[HoldingIndex.STOCKPILE, h] == s:
                    st.value[HoldingRow.WANTED, h] *= st.value[StockpileRow.BUDGET, s] / cost


@phase
def lane_room(st: State, a: Index) -> float:
    """What policy leaves on the lane of a stockpile's arc after buyers were served [t]."""
    room = st.value[ArcRow.CAP_TODAY, a] - st.value[ArcRow.SHIPPED, a]
    if room == np.inf:
        return room
    for j in range(st.index[ArcIndex.FIRST_SIBLING, a], st.index[ArcIndex.FIRST_SIBLING, a + 1]):
        b = st.index[ItemIndex.SIBLING_ARC, j]
        room += max(0.0, st.value[ArcRow.CAP_TODAY, b] - st.value[ArcRow.SHIPPED, b])
    return max(0.0, room)


@phase
def call_for_surplus(st: State, v: Index) -> None:
    """A stockpile calls on the surplus of every open seller, scaled to what it wants."""
    h = st.index[BuyerIndex.HOLDING, v]
    on_offer = 0.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        st.value[ArcRow.CALL, a] = 0.0
        if lane_room(st, a) > 0.0:
            on_offer += st.value[SellerRow.SURPLUS, st.index[ArcIndex.SELLER, a]]
    if st.value[HoldingRow.BUYING_MODE, h] != 0.0 or on_offer <= 0.0:
        return
    fraction = min(1.0, st.value[HoldingRow.WANTED, h] / on_offer)
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        surplus = st.value[SellerRow.SURPLUS, st.index[ArcIndex.SELLER, a]]
        st.value[ArcRow.CALL, a] = min(surplus * fraction, lane_room(st, a))


@phase
def share_lanes(st: State, first: Index, end: Index) -> None:
    """Stockpiles on one lane share what policy leaves of it pro rata."""
    for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
        st.value[ArcRow.CALL_BEFORE_PERMITS, a] = st.value[ArcRow.CALL, a]
    for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
        room = lane_room(st, a)
        together = 0.0
        for j in range(st.index[ArcIndex.FIRST_STOCKPILE_ARC, a], st.index[ArcIndex.FIRST_STOCKPILE_ARC, a + 1]):
            together += st.value[ArcRow.CALL_BEFORE_PERMITS, st.index[ItemIndex.STOCKPILE_ARC, j]]
        if together > room:
            st.value[ArcRow.CALL, a] *= room / together


@phase
def measure_surplus(st: State, p: Index) -> None:
    """Surplus of each seller: unused capacity, and product beyond target over the adjustment time."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        adjustment = st.value[BuyerRow.ADJUSTMENT_DAYS, st.index[ProductIndex.FIRST_BUYER, p]]
        unused = max(0.0, capacity_now(st, i) - st.value[SellerRow.EXPECTED_ORDERS, i])
        st.value[SellerRow.SURPLUS, i] = unused + max(0.0, stock_above_target(st, i)) / adjustment
        st.value[SellerRow.CLAIMS, i] = 0.0


@phase
def buy_surplus(st: State, p: Index, day: Index) -> None:
    """Stockpiles are served after all buyers; several share one seller's surplus pro rata."""
    first, end = st.index[ProductIndex.FIRST_STOCKPILE, p], st.index[ProductIndex.FIRST_BUYER, p + 1]
    measure_surplus(st, p)
    for v in range(first, end):
        call_for_surplus(st, v)
    share_lanes(st, first, end)
    share_permits(st, first, end)
    for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
        st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
    for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
        i = st.index[ArcIndex.SELLER, a]
        claims = st.value[SellerRow.CLAIMS, i]
        if claims > st.value[SellerRow.SURPLUS, i]:
            st.value[ArcRow.CALL, a] *= st.value[SellerRow.SURPLUS, i] / claims
        st.value[SellerRow.STOCKPILE_CALLED, i] += st.value[ArcRow.CALL, a]
        on_hand = min(claims, st.value[SellerRow.SURPLUS, i])
        if on_hand > st.value[SellerRow.STOCK, i]:
            st.value[ArcRow.CALL, a] *= st.value[SellerRow.STOCK, i] / on_hand
    ship_calls(st, first, end, day)


@phase
def buy_for_stockpiles(st: State, day: Index) -> None:
    """Phase 6: surplus purchases, the bills, and the orders that production will see."""
    for p in range(st.index[COUNT, Count.PRODUCTS]):
        if st.index[ProductIndex.FIRST_STOCKPILE, p] < st.index[ProductIndex.FIRST_BUYER, p + 1]:
            buy_surplus(st, p, day)
        for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
            today = st.value[SellerRow.STOCKPILE_CALLED, i]
            st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i] += (
                today - st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i]
            ) / MEMORY_DAYS
    for h in range(st.index[COUNT, Count.HOLDINGS]):
        bought = st.value[BuyerRow.SHIPPED, st.index[HoldingIndex.BUYER, h]]
        st.value[HoldingRow.BOUGHT, h] = bought
        spent = bought * st.value[HoldingRow.PRICE, h] if bought > 0.0 else 0.0
        st.value[HoldingRow.SPENT, h] = spent
        s = st.index[HoldingIndex.STOCKPILE, h]
        st.value[StockpileRow.BUDGET, s] = max(0.0, st.value[StockpileRow.BUDGET, s] - spent)
