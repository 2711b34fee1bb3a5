"""Phase 8: record the day and check the books."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
from minsim.kernel.rows import (
    COUNT,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    ConsumerDay,
    ConsumerIndex,
    ConsumerRow,
    Count,
    Fault,
    HoldingDay,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ItemRow,
    ProductIndex,
    ProductRow,
    SectorDay,
    SectorRow,
    SellerIndex,
    SellerRow,
)
from minsim.kernel.state import CONSUMER_FIELDS, HOLDING_FIELDS, MIN_NORMAL_T, NEGLIGIBLE, SECTOR_FIELDS, State


@phase
def record_sectors(st: State, day: Index) -> None:
    """Write the day of every sector; count short days."""
    for k in range(st.index[COUNT, Count.SECTORS]):
        demand, wanted = st.value[SectorRow.DEMAND, k], st.value[SectorRow.WANTED, k]
        short = st.value[SectorRow.GAP, k]
        if short <= NEGLIGIBLE * demand:
            short = 0.0
        st.daily[day, SECTOR_FIELDS * k + SectorDay.DEMAND] = max(demand, wanted)  # a low price adds to demand
        st.daily[day, SECTOR_FIELDS * k + SectorDay.CONSUMED] = wanted - short
        st.daily[day, SECTOR_FIELDS * k + SectorDay.SHORTFALL] = short
        st.daily[day, SECTOR_FIELDS * k + SectorDay.DESTROYED] = max(0.0, demand - wanted)
        st.daily[day, SECTOR_FIELDS * k + SectorDay.FROM_STOCKPILE] = st.value[SectorRow.RELEASED, k]
        if short > 0.0:
            st.value[SectorRow.SHORT_DAYS, k] += 1.0


@phase
def record(st: State, day: Index) -> None:
    """Phase 8: write the day."""
    sectors = SECTOR_FIELDS * st.index[COUNT, Count.SECTORS]
    consumers = sectors + CONSUMER_FIELDS * st.index[COUNT, Count.CONSUMERS]
    record_sectors(st, day)
    for c in range(st.index[COUNT, Count.CONSUMERS]):
        st.daily[day, sectors + CONSUMER_FIELDS * c + ConsumerDay.CLOSING_STOCK] = st.value[
            BuyerRow.STOCK, st.index[ConsumerIndex.BUYER, c]
        ]
        st.daily[day, sectors + CONSUMER_FIELDS * c + ConsumerDay.PRICE] = st.value[ConsumerRow.PRICE, c]
        st.daily[day, sectors + CONSUMER_FIELDS * c + ConsumerDay.SPOT_PRICE] = st.value[ConsumerRow.SPOT_PRICE, c]
        st.daily[day, sectors + CONSUMER_FIELDS * c + ConsumerDay.MARKET_PRICE] = st.value[ConsumerRow.MARKET_PRICE, c]
    for h in range(st.index[COUNT, Count.HOLDINGS]):
        st.daily[day, consumers + HOLDING_FIELDS * h + HoldingDay.STOCK] = st.value[
            BuyerRow.STOCK, st.index[HoldingIndex.BUYER, h]
        ]
        st.daily[day, consumers + HOLDING_FIELDS * h + HoldingDay.BOUGHT] = st.value[HoldingRow.BOUGHT, h]
        st.daily[day, consumers + HOLDING_FIELDS * h + HoldingDay.RELEASED] = st.value[HoldingRow.RELEASED, h]
        st.daily[day, consumers + HOLDING_FIELDS * h + HoldingDay.SPENT] = st.value[HoldingRow.SPENT, h]


@phase
def report(st: State, kind: Index, node: Index, day: Index, off: float, throughput: float) -> bool:
    """Note a fault in the books; whether there is one."""
    if abs(off) <= NEGLIGIBLE * throughput + MIN_NORMAL_T:
        return False
    (
        st.value[ItemRow.FAULT, 0],
        st.value[ItemRow.FAULT, 1],
        st.value[ItemRow.FAULT, 2],
        st.value[ItemRow.FAULT, 3],
        st.value[ItemRow.FAULT, 4],
    ) = (
        kind,
        node,
        day,
        off,
        throughput,
    )
    return True


@phase
def check_nodes(st: State, day: Index) -> bool:
    """Opening + produced + arrived - used - shipped = closing, for every node."""
    broken = False
    for i in range(st.index[COUNT, Count.SELLERS]):
        opening, output = st.value[SellerRow.OPENING_STOCK, i], st.value[SellerRow.OUTPUT, i]
        off = st.value[SellerRow.STOCK, i] - (opening + output - st.value[SellerRow.SHIPPED, i])
        broken = report(st, np.int64(Fault.SELLER), i, day, off, opening + output) or broken
    for v in range(st.index[COUNT, Count.BUYERS]):
        opening, arrived = st.value[BuyerRow.OPENING_STOCK, v], st.value[BuyerRow.ARRIVED, v]
        off = st.value[BuyerRow.STOCK, v] - (opening + arrived - st.value[BuyerRow.USED, v])
        broken = report(st, np.int64(Fault.BUYER), v, day, off, opening + arrived) or broken
    return broken


@phase
def product_total(st: State, p: Index) -> float:
    """Tonnes of product `p` in stores, at sea and in buyers' hands."""
    total = 0.0
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        total += st.value[SellerRow.STOCK, i]
    first, end = st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1]
    for v in range(first, end):
        total += st.value[BuyerRow.STOCK, v]
    for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
        total += st.value[ArcRow.IN_TRANSIT, a]
    return total


@phase
def check_world(st: State, day: Index) -> bool:
    """World totals by product, from stocks alone: what is there now = what was there + made (or fell as scrap) - used."""
    broken = False
    for p in range(st.index[COUNT, Count.PRODUCTS]):
        gone = 0.0
        come = 0.0
        for v in range(st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1]):
            gone += st.value[BuyerRow.USED, v]
        for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
            come += st.value[SellerRow.OUTPUT, i]
        for j in range(st.index[SellerIndex.FIRST_SCRAP, st.index[COUNT, Count.SELLERS]]):
            if (
                st.index[ProductIndex.FIRST_BUYER, p]
                <= st.index[ItemIndex.SCRAP_BUYER, j]
                < st.index[ProductIndex.FIRST_BUYER, p + 1]
            ):
                come += st.value[BuyerRow.ARRIVED, st.index[ItemIndex.SCRAP_BUYER, j]]
        now = product_total(st, p)
        broken = (
            report(
                st,
                np.int64(Fault.PRODUCT),
                p,
                day,
                now - (st.value[ProductRow.TOTAL, p] + come - gone),
                st.value[ProductRow.TOTAL, p] + come,
            )
            or broken
        )
        st.value[ProductRow.TOTAL, p] = now
    return broken


@phase
def check_transit(st: State, day: Index) -> None:
    """What arcs say is at sea is what the ring of arrivals holds, within rounding of the product's world total."""
    for a in range(st.index[COUNT, Count.ARCS]):
        st.value[ArcRow.CALL_BEFORE_PERMITS, a] = st.value[ArcRow.IN_TRANSIT, a]
    for d in range(st.ring.shape[0]):
        for a in range(st.index[COUNT, Count.ARCS]):
            st.value[ArcRow.CALL_BEFORE_PERMITS, a] -= st.ring[d, a]
    for p in range(st.index[COUNT, Count.PRODUCTS]):
        first, end = st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1]
        for a in range(st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]):
            report(
                st,
                np.int64(Fault.TRANSIT),
                a,
                day,
                st.value[ArcRow.CALL_BEFORE_PERMITS, a],
                st.value[ProductRow.TOTAL, p],
            )


@phase
def grow(st: State) -> None:
    """Demand and capacity take tomorrow's size."""
    for i in range(st.index[COUNT, Count.SELLERS]):
        st.value[SellerRow.GROWTH, i] *= st.value[SellerRow.GROWTH_DAILY, i]
    for v in range(st.index[COUNT, Count.BUYERS]):
        st.value[BuyerRow.GROWTH, v] *= st.value[BuyerRow.GROWTH_DAILY, v]
