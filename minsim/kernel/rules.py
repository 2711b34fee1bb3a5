"""Rules of the daily step that several phases share, and that Python asks too: reviews of prices, explanations.

A `rule` is an ordinary function in Python. Where it is plain arithmetic, its node may be an array of nodes there.
"""

from __future__ import annotations

import numpy as np

from minsim.kernel.codes import Channel
from minsim.kernel.compiling import Amount, Index, Nodes, phase, rule
from minsim.kernel.daily_record import CONSUMER_FIELDS, HOLDING_FIELDS, SECTOR_FIELDS
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerRow,
    Count,
    DayIndex,
    SectorRow,
    SellerRow,
)
from minsim.kernel.state import State

# ---------------------------------------------------------------------------------------------------------- producers


@rule
def capacity_now(st: State, i: Nodes) -> float:
    """Usable capacity of seller `i` today [t/day]."""
    full = st.value[SellerRow.CAPACITY, i] * st.value[SellerRow.GROWTH, i] + st.value[SellerRow.PROJECT_CAPACITY, i]
    return full * st.value[SellerRow.AVAILABILITY, i]


@rule
def stock_above_target(st: State, i: Nodes) -> float:
    """Product of seller `i` in store beyond its target [t]; negative when below."""
    return st.value[SellerRow.STOCK, i] - st.value[SellerRow.TARGET, i] * st.value[SellerRow.GROWTH, i]


@rule
def orders_expected(st: State, i: Nodes) -> float:
    """Orders that seller `i` expects, of buyers and stockpiles; they drive its production [t/day]."""
    return st.value[SellerRow.EXPECTED_ORDERS, i] + st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i]


@rule
def wanted_output(st: State, i: Nodes, adjustment_days: float) -> float:
    """What seller `i` would make today, had nothing held it back: orders expected, and its stock corrected [t]."""
    return orders_expected(st, i) - stock_above_target(st, i) / adjustment_days


# ------------------------------------------------------------------------------------------------------------- buyers


@rule
def demand_today(st: State, k: Nodes, v: Nodes) -> float:
    """Demand of sector `k` of buyer `v` at the reference price [t/day]: with growth, substitution and shocks."""
    lasting = (
        st.value[SectorRow.BASE_DEMAND, k] * st.value[BuyerRow.GROWTH, v] * st.value[SectorRow.SUBSTITUTION_FACTOR, k]
    )
    return lasting * st.value[SectorRow.SHOCK_FACTOR, k]


@rule
def usual_need(st: State, v: Nodes) -> float:
    """Need of buyer `v` on day 0, with growth [t/day]."""
    return st.value[BuyerRow.BASE_NEED, v] * st.value[BuyerRow.GROWTH, v]


@rule
def buyer_target(st: State, v: Nodes) -> float:
    """Stock target of buyer `v` today [t]."""
    return st.value[BuyerRow.TARGET, v] * st.value[BuyerRow.TARGET_FACTOR, v] * st.value[BuyerRow.GROWTH, v]


@rule
def approved(st: State, v: Index, day: Index) -> bool:
    """Whether buyer `v` may take new suppliers today."""
    wait = st.value[BuyerRow.QUALIFICATION_DAYS, v]
    start = st.value[BuyerRow.QUALIFICATION_START, v]
    return wait <= 0.0 or (start >= 0.0 and day >= start + wait)


@rule
def called_in_all(st: State, v: Index) -> float:
    """What buyer `v` calls on all its contracts together today [t]: its order, at most need with their stretch."""
    return min(st.value[BuyerRow.ORDER, v], st.value[BuyerRow.NEED, v] * (1.0 + st.value[BuyerRow.FLEX, v]))


@rule
def contract_limit(st: State, a: Nodes, v: Nodes) -> float:
    """Most that arc `a` of buyer `v` carries until new suppliers are approved [t]."""
    return st.value[ArcRow.BASE_FLOW, a] * st.value[BuyerRow.GROWTH, v] * (1.0 + st.value[BuyerRow.FLEX, v])


@rule
def called_on_arc(st: State, a: Index, v: Index, wanted: float, free: bool) -> float:
    """What buyer `v` calls on arc `a`, before policy caps [t]; `free` is whether new suppliers are approved."""
    tonnes = st.value[ArcRow.SHARE, a] * wanted
    return tonnes if free else min(tonnes, contract_limit(st, a, v))


# ------------------------------------------------------------------------------------------------------------- trade


@rule
def cap_under_permits(cap: Amount, free: Amount, permits: Amount) -> Amount:
    """Most that an arc carries: its policy cap, and what needs no permit with the permits there are [t]."""
    return np.minimum(cap, free + permits)


@rule
def lead_today(st: State, a: Index) -> int:
    """Lead time of goods shipped on arc `a` today [days]: by air when the buyer's cover is low and there is a flight."""
    threshold = st.value[ArcRow.AIR_COVER_DAYS, a]
    if threshold > 0.0:
        v = st.index[ArcIndex.BUYER, a]
        if st.value[BuyerRow.STOCK, v] < threshold * st.value[BuyerRow.BASE_NEED, v] * st.value[BuyerRow.GROWTH, v]:
            return min(st.index[ArcIndex.AIR_LEAD_DAYS, a], st.index[ArcIndex.LEAD_DAYS, a])
    return st.index[ArcIndex.LEAD_DAYS, a]


@phase
def send(st: State, a: Index, tonnes: float, lead_days: Index) -> None:
    """Move `tonnes` from the seller's store onto arc `a`, to arrive in `lead_days`."""
    slot = np.int64(st.index[COUNT, Count.RING_ROW]) + np.int64(lead_days)
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


# ------------------------------------------------------------------------------------------------------ the daily record


@rule
def sector_column(k: Index) -> int:
    """First column of sector `k`."""
    return SECTOR_FIELDS * k


@rule
def consumer_column(c: Index, sectors: Index) -> int:
    """First column of consumer `c`, after those of all `sectors`."""
    return SECTOR_FIELDS * sectors + CONSUMER_FIELDS * c


@rule
def holding_column(h: Index, sectors: Index, consumers: Index) -> int:
    """First column of holding `h`, after those of all `sectors` and `consumers`."""
    return SECTOR_FIELDS * sectors + CONSUMER_FIELDS * consumers + HOLDING_FIELDS * h
