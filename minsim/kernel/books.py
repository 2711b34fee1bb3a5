"""Phase 8: the day is recorded and the books are closed, from stocks alone."""

from __future__ import annotations

import numpy as np

from minsim.kernel.codes import Fault
from minsim.kernel.compiling import Index, phase
from minsim.kernel.constants import MIN_NORMAL_T, NEGLIGIBLE
from minsim.kernel.daily_record import ConsumerDay, HoldingDay, SectorDay
from minsim.kernel.lists import (
    all_arcs,
    all_buyers,
    all_consumers,
    all_holdings,
    all_products,
    all_sectors,
    all_sellers,
    arcs_of_buyers,
    buyers_of_product,
    sellers_of_product,
)
from minsim.kernel.rows import (
    COUNT,
    ArcRow,
    BuyerRow,
    ConsumerIndex,
    ConsumerRow,
    Count,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ItemRow,
    ProductRow,
    SectorRow,
    SellerIndex,
    SellerRow,
)
from minsim.kernel.rules import consumer_column, holding_column, sector_column
from minsim.kernel.state import State

# ------------------------------------------------------------------------------------------------------------ the record


@phase
def record_sectors(st: State, day: Index) -> None:
    """Write the day of every sector; count short days."""
    for k in all_sectors(st):
        demand, wanted = st.value[SectorRow.DEMAND, k], st.value[SectorRow.WANTED, k]
        short = st.value[SectorRow.GAP, k]
        if short <= NEGLIGIBLE * demand:
            short = 0.0
        first = sector_column(k)
        st.daily[day, first + SectorDay.DEMAND] = max(demand, wanted)  # a low price adds to demand
        st.daily[day, first + SectorDay.CONSUMED] = wanted - short
        st.daily[day, first + SectorDay.SHORTFALL] = short
        st.daily[day, first + SectorDay.DESTROYED] = max(0.0, demand - wanted)
        st.daily[day, first + SectorDay.FROM_STOCKPILE] = st.value[SectorRow.RELEASED, k]
        if short > 0.0:
            st.value[SectorRow.SHORT_DAYS, k] += 1.0


@phase
def record(st: State, day: Index) -> None:
    """Phase 8: write the day."""
    record_sectors(st, day)
    sectors, consumers = st.index[COUNT, Count.SECTORS], st.index[COUNT, Count.CONSUMERS]
    for c in all_consumers(st):
        first = consumer_column(c, sectors)
        st.daily[day, first + ConsumerDay.CLOSING_STOCK] = st.value[BuyerRow.STOCK, st.index[ConsumerIndex.BUYER, c]]
        st.daily[day, first + ConsumerDay.PRICE] = st.value[ConsumerRow.PRICE, c]
        st.daily[day, first + ConsumerDay.SPOT_PRICE] = st.value[ConsumerRow.SPOT_PRICE, c]
        st.daily[day, first + ConsumerDay.MARKET_PRICE] = st.value[ConsumerRow.MARKET_PRICE, c]
    for h in all_holdings(st):
        first = holding_column(h, sectors, consumers)
        st.daily[day, first + HoldingDay.CLOSING_STOCK] = st.value[BuyerRow.STOCK, st.index[HoldingIndex.BUYER, h]]
        st.daily[day, first + HoldingDay.BOUGHT] = st.value[HoldingRow.BOUGHT, h]
        st.daily[day, first + HoldingDay.RELEASED] = st.value[HoldingRow.RELEASED, h]
        st.daily[day, first + HoldingDay.SPENT] = st.value[HoldingRow.SPENT, h]


# ------------------------------------------------------------------------------------------------------------- the books


@phase
def report_fault(st: State, kind: Index, node: Index, day: Index, off: float, throughput: float) -> bool:
    """Note a fault in the books [t]; returns whether there is one."""
    if abs(off) <= NEGLIGIBLE * throughput + MIN_NORMAL_T:
        return False
    st.value[ItemRow.FAULT, 0] = kind
    st.value[ItemRow.FAULT, 1] = node
    st.value[ItemRow.FAULT, 2] = day
    st.value[ItemRow.FAULT, 3] = off
    st.value[ItemRow.FAULT, 4] = throughput
    return True


@phase
def check_nodes(st: State, day: Index) -> bool:
    """Opening + produced + arrived - used - shipped = closing, for every node. Returns whether one does not close."""
    broken = False
    for i in all_sellers(st):
        opening, output = st.value[SellerRow.OPENING_STOCK, i], st.value[SellerRow.OUTPUT, i]
        off = st.value[SellerRow.STOCK, i] - (opening + output - st.value[SellerRow.SHIPPED, i])
        broken = report_fault(st, np.int64(Fault.SELLER), i, day, off, opening + output) or broken
    for v in all_buyers(st):
        opening, arrived = st.value[BuyerRow.OPENING_STOCK, v], st.value[BuyerRow.ARRIVED, v]
        off = st.value[BuyerRow.STOCK, v] - (opening + arrived - st.value[BuyerRow.USED, v])
        broken = report_fault(st, np.int64(Fault.BUYER), v, day, off, opening + arrived) or broken
    return broken


@phase
def product_total(st: State, p: Index) -> float:
    """Tonnes of product `p` in stores, at sea and in buyers' stocks [t]."""
    total = 0.0
    for i in sellers_of_product(st, p):
        total += st.value[SellerRow.STOCK, i]
    buyers = buyers_of_product(st, p)
    for v in buyers:
        total += st.value[BuyerRow.STOCK, v]
    for a in arcs_of_buyers(st, buyers):
        total += st.value[ArcRow.IN_TRANSIT, a]
    return total


@phase
def tonnes_made(st: State, p: Index) -> float:
    """Tonnes of product `p` that were made today, or fell as scrap [t]."""
    made = 0.0
    for i in sellers_of_product(st, p):
        made += st.value[SellerRow.OUTPUT, i]
    buyers = buyers_of_product(st, p)
    for j in range(st.index[SellerIndex.FIRST_SCRAP, st.index[COUNT, Count.SELLERS]]):
        v = st.index[ItemIndex.SCRAP_BUYER, j]
        if buyers.start <= v < buyers.stop:
            made += st.value[BuyerRow.ARRIVED, v]
    return made


@phase
def check_products(st: State, day: Index) -> bool:
    """World totals by product: what is there now = what was there + made - used. Returns whether one does not close."""
    broken = False
    for p in all_products(st):
        used = 0.0
        for v in buyers_of_product(st, p):
            used += st.value[BuyerRow.USED, v]
        made, before, now = tonnes_made(st, p), st.value[ProductRow.TOTAL, p], product_total(st, p)
        broken = (
            report_fault(st, np.int64(Fault.PRODUCT), p, day, now - (before + made - used), before + made) or broken
        )
        st.value[ProductRow.TOTAL, p] = now
    return broken


@phase
def check_transit(st: State, day: Index) -> None:
    """What arcs say is at sea is what the ring of arrivals holds, within rounding of the product's world total."""
    for a in all_arcs(st):
        st.value[ArcRow.TRANSIT_MISMATCH, a] = st.value[ArcRow.IN_TRANSIT, a]
    for d in range(st.ring.shape[0]):
        for a in all_arcs(st):
            st.value[ArcRow.TRANSIT_MISMATCH, a] -= st.ring[d, a]
    for p in all_products(st):
        total = st.value[ProductRow.TOTAL, p]
        for a in arcs_of_buyers(st, buyers_of_product(st, p)):
            report_fault(st, np.int64(Fault.TRANSIT), a, day, st.value[ArcRow.TRANSIT_MISMATCH, a], total)


@phase
def grow(st: State) -> None:
    """Demand and capacity take tomorrow's size."""
    for i in all_sellers(st):
        st.value[SellerRow.GROWTH, i] *= st.value[SellerRow.GROWTH_DAILY, i]
    for v in all_buyers(st):
        st.value[BuyerRow.GROWTH, v] *= st.value[BuyerRow.GROWTH_DAILY, v]
