"""Small rules of the daily step that several phases share."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
from minsim.kernel.rows import COUNT, ArcIndex, ArcRow, BuyerRow, Channel, Count, DayIndex, SellerRow
from minsim.kernel.state import State


@phase
def capacity_now(st: State, i: Index) -> float:
    """Usable capacity of seller `i` today [t/day]."""
    full = st.value[SellerRow.CAPACITY, i] * st.value[SellerRow.GROWTH, i] + st.value[SellerRow.PROJECT_CAPACITY, i]
    return full * st.value[SellerRow.AVAILABILITY, i]


@phase
def stock_above_target(st: State, i: Index) -> float:
    """Product of seller `i` in store beyond its target [t]; negative when below."""
    return st.value[SellerRow.STOCK, i] - st.value[SellerRow.TARGET, i] * st.value[SellerRow.GROWTH, i]


@phase
def orders_expected(st: State, i: Index) -> float:
    """What drives the production of seller `i` [t/day]."""
    return st.value[SellerRow.EXPECTED_ORDERS, i] + st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i]


@phase
def buyer_target(st: State, v: Index) -> float:
    """Stock target of buyer `v` today [t]."""
    return st.value[BuyerRow.TARGET, v] * st.value[BuyerRow.TARGET_FACTOR, v] * st.value[BuyerRow.GROWTH, v]


@phase
def approved(st: State, v: Index, day: Index) -> bool:
    """Whether buyer `v` may take new suppliers today."""
    wait = st.value[BuyerRow.QUALIFICATION_DAYS, v]
    clock = st.value[BuyerRow.QUALIFICATION_START, v]
    return wait <= 0.0 or (clock >= 0.0 and day >= clock + wait)


@phase
def lead_today(st: State, a: Index) -> int:
    """Lead time of goods shipped on arc `a` today [days]: by air when the buyer's cover is low and there is a flight."""
    threshold = st.value[ArcRow.AIR_COVER_DAYS, a]
    if threshold > 0.0:
        v = st.index[ArcIndex.BUYER, a]
        if st.value[BuyerRow.STOCK, v] < threshold * st.value[BuyerRow.BASE_NEED, v] * st.value[BuyerRow.GROWTH, v]:
            return min(st.index[ArcIndex.AIR_LEAD_DAYS, a], st.index[ArcIndex.LEAD_DAYS, a])
    return st.index[ArcIndex.LEAD_DAYS, a]


@phase
def send(st: State, a: Index, tonnes: float, lead: Index) -> None:
    """Move `tonnes` from the seller's store onto arc `a`, to arrive in `lead` days."""
    slot = np.int64(st.index[COUNT, Count.RING_ROW]) + np.int64(lead)
    if slot >= st.ring.shape[0]:
        slot -= st.ring.shape[0]
    st.ring[slot, a] += tonnes
    st.value[ArcRow.IN_TRANSIT, a] += tonnes
    i = st.index[ArcIndex.SELLER, a]
    st.value[SellerRow.STOCK, i] = max(0.0, st.value[SellerRow.STOCK, i] - tonnes)
    st.value[SellerRow.SHIPPED, i] += tonnes
    st.value[BuyerRow.SHIPPED, st.index[ArcIndex.BUYER, a]] += tonnes


@phase
def ship(st: State, a: Index, tonnes: float, day: Index) -> None:
    """Ship openly on arc `a`."""
    if tonnes > 0.0:
        st.value[ArcRow.SHIPPED, a] += tonnes
        st.monthly[Channel.OPENLY, st.index[DayIndex.MONTH, day], a] += tonnes
        send(st, a, tonnes, lead_today(st, a))


@phase
def leak(st: State, a: Index, tonnes: float, day: Index) -> None:
    """Ship round a curb, through third countries."""
    if tonnes > 0.0:
        st.value[ArcRow.LEAKED, a] += tonnes
        st.monthly[Channel.LEAKING, st.index[DayIndex.MONTH, day], a] += tonnes
        send(st, a, tonnes, st.index[ArcIndex.LEAK_LEAD_DAYS, a])
