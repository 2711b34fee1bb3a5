"""Phase 4: end uses draw on commercial stocks, then on strategic ones."""

from __future__ import annotations

import numpy as np

from minsim.kernel.codes import HoldingState, Notice
from minsim.kernel.compiling import Index, phase
from minsim.kernel.constants import NEGLIGIBLE, RECOVERED_FRACTION
from minsim.kernel.lists import (
    all_consumers,
    all_holdings,
    all_sectors,
    producers_of_step,
    routes_of_holding,
    sectors_of_consumer,
    served_by_holding,
    served_by_route,
    steps_of_route,
    watched_by_holding,
)
from minsim.kernel.production import drop_scrap, inputs_allow, use_inputs
from minsim.kernel.rows import (
    COUNT,
    BuyerRow,
    ConsumerIndex,
    Count,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ItemRow,
    SectorRow,
    SellerRow,
)
from minsim.kernel.rules import buyer_target, capacity_now, demand_today, usual_need
from minsim.kernel.state import State

# ---------------------------------------------------------------------------------------------------- commercial stocks


@phase
def set_demand(st: State) -> None:
    """Today's demand of every sector, and need of every region."""
    for c in all_consumers(st):
        v = st.index[ConsumerIndex.BUYER, c]
        need = 0.0
        for k in sectors_of_consumer(st, c):
            st.value[SectorRow.DEMAND, k] = demand_today(st, k, v)
            st.value[SectorRow.WANTED, k] = st.value[SectorRow.DEMAND, k] * st.value[SectorRow.PRICE_FACTOR, k]
            st.value[SectorRow.GAP, k] = st.value[SectorRow.WANTED, k]
            st.value[SectorRow.RELEASED, k] = 0.0
            need += st.value[SectorRow.WANTED, k]
        st.value[BuyerRow.NEED, v] = need


@phase
def serve_group(st: State, v: Index, first: Index, end: Index, deferred: float) -> None:
    """Serve sectors of one priority from commercial stock, alike when it does not suffice."""
    wanted = 0.0
    for k in range(first, end):
        if st.value[SectorRow.DEFERRED, k] == deferred:
            wanted += st.value[SectorRow.WANTED, k]
    stock = st.value[BuyerRow.STOCK, v]
    if wanted <= 0.0 or stock <= 0.0:
        return
    served = min(1.0, stock / wanted)
    for k in range(first, end):
        if st.value[SectorRow.DEFERRED, k] == deferred:
            st.value[SectorRow.GAP, k] = st.value[SectorRow.WANTED, k] * (1.0 - served)
    used = min(stock, wanted)
    st.value[BuyerRow.STOCK, v] = max(0.0, stock - used)
    st.value[BuyerRow.USED, v] += used


@phase
def consume(st: State) -> None:
    """Phase 4: each region's sectors draw on the commercial stock in priority order; those a curb defers come last."""
    for c in all_consumers(st):
        sectors = sectors_of_consumer(st, c)
        end = sectors.stop
        for deferred in range(2):
            k = np.int64(sectors.start)
            while k < end:
                last = k + 1
                while last < end and st.value[SectorRow.PRIORITY, last] == st.value[SectorRow.PRIORITY, k]:
                    last += 1
                serve_group(st, st.index[ConsumerIndex.BUYER, c], k, last, float(deferred))
                k = last


# ------------------------------------------------------------------------------------------------- what may be released


@phase
def entitled_gap(st: State, j: Index) -> float:
    """Gap that entry `j` may serve now [t]: entitlement to the gap before any release, less what was served under it."""
    k = st.index[ItemIndex.SERVED_SECTOR, j]
    entitlement = st.value[ItemRow.ENTITLEMENT, j] * st.value[SectorRow.GAP_BEFORE_RELEASE, k]
    left = entitlement - st.value[ItemRow.ENTITLEMENT_USED, st.index[ItemIndex.SERVED_ENTITLEMENT, j]]
    return max(0.0, min(st.value[SectorRow.GAP, k], left))


@phase
def route_gap(st: State, route: Index, rank: Index) -> float:
    """Gap that release route `route` may serve in the sectors of one class [t]."""
    gap = 0.0
    for j in served_by_route(st, route):
        if st.index[ItemIndex.SERVED_CLASS, j] == rank:
            gap += entitled_gap(st, j)
    return gap


@phase
def gap_noticed(st: State, h: Index) -> bool:
    """Whether the sectors that holding `h` serves have a gap today, before any release."""
    gap = 0.0
    demand = 0.0
    for j in served_by_holding(st, h):
        gap += st.value[SectorRow.GAP_BEFORE_RELEASE, st.index[ItemIndex.SERVED_SECTOR, j]]
        demand += st.value[SectorRow.DEMAND, st.index[ItemIndex.SERVED_SECTOR, j]]
    return gap > NEGLIGIBLE * demand


@phase
def lowest_cover(st: State, h: Index) -> float:
    """Lowest commercial cover among the regions that holding `h` watches [days of day-0 use, with growth]."""
    lowest = np.inf
    for j in watched_by_holding(st, h):
        v = st.index[ConsumerIndex.BUYER, st.index[ItemIndex.WATCHED_CONSUMER, j]]
        use = usual_need(st, v)
        if use > 0.0:
            lowest = min(lowest, st.value[BuyerRow.STOCK, v] / use)
    return lowest


# ------------------------------------------------------------------------------------- intermediates processed at home


@phase
def measure_step(st: State, s: Index) -> float:
    """Spare output of each domestic producer of step `s` today, noted [t]; returns the sum."""
    total = 0.0
    for j in producers_of_step(st, s):
        i = np.uint64(st.index[ItemIndex.STEP_PRODUCER, j])
        made = st.value[SellerRow.OUTPUT, i] + st.value[SellerRow.OUTPUT_FROM_RELEASES, i]
        spare = max(0.0, capacity_now(st, i) - made)
        st.value[ItemRow.STEP_SPARE, j] = min(spare, inputs_allow(st, i, np.uint64(st.index[ItemIndex.STEP_INPUT, j])))
        total += st.value[ItemRow.STEP_SPARE, j]
    return total


@phase
def feed_per_tonne(st: State, s: Index, total: float) -> float:
    """Tonnes of released product per tonne made in step `s`, producers taking part by their spare output."""
    needed = 0.0
    for j in producers_of_step(st, s):
        part = st.value[ItemRow.STEP_SPARE, j] / total
        needed += part * st.value[BuyerRow.COEFFICIENT, st.index[ItemIndex.STEP_INPUT, j]]
    return needed


@phase
def processing_limit(st: State, route: Index) -> tuple[float, float]:
    """Most of the final product that a release route can deliver today [t], and tonnes held per tonne of it."""
    most = np.inf
    held_per_tonne = 1.0
    for s in steps_of_route(st, route):
        total = measure_step(st, s)
        if total <= 0.0:
            return 0.0, 1.0
        most = min(most, total / held_per_tonne)
        held_per_tonne *= feed_per_tonne(st, s, total)
    return most, held_per_tonne


@phase
def process(st: State, route: Index, tonnes: float) -> None:
    """Make `tonnes` of the final product along a release route, in domestic producers' unused capacity."""
    through = tonnes
    for s in steps_of_route(st, route):
        total = measure_step(st, s)
        feed = feed_per_tonne(st, s, total)
        for j in producers_of_step(st, s):
            i = np.uint64(st.index[ItemIndex.STEP_PRODUCER, j])
            made = through * st.value[ItemRow.STEP_SPARE, j] / total
            st.value[SellerRow.OUTPUT_FROM_RELEASES, i] += made
            use_inputs(st, i, made, np.uint64(st.index[ItemIndex.STEP_INPUT, j]))
            drop_scrap(st, i, made)
        through *= feed


# --------------------------------------------------------------------------------------------------------------- release


@phase
def serve_class(st: State, route: Index, rank: Index, share: float) -> None:
    """Serve `share` of the gap that a release route may serve in one class of sectors."""
    for j in served_by_route(st, route):
        if st.index[ItemIndex.SERVED_CLASS, j] == rank:
            k = st.index[ItemIndex.SERVED_SECTOR, j]
            served = entitled_gap(st, j) * share
            st.value[ItemRow.ENTITLEMENT_USED, st.index[ItemIndex.SERVED_ENTITLEMENT, j]] += served
            st.value[SectorRow.RELEASED, k] += served
            st.value[SectorRow.GAP, k] = max(0.0, st.value[SectorRow.GAP, k] - served)


@phase
def release_class(st: State, h: Index, route: Index, rank: Index) -> None:
    """Release what holding `h` may and can, by one route, for the sectors of one class."""
    gap = route_gap(st, route, rank)
    v = st.index[HoldingIndex.BUYER, h]
    left = min(st.value[BuyerRow.STOCK, v], st.value[HoldingRow.RELEASE_RATE, h] - st.value[HoldingRow.RELEASED, h])
    if gap <= 0.0 or left <= 0.0:
        return
    most, held_per_tonne = processing_limit(st, route)
    tonnes = min(min(gap, most), left / held_per_tonne)
    if tonnes <= 0.0:
        return
    process(st, route, tonnes)
    serve_class(st, route, rank, tonnes / gap)
    held = tonnes * held_per_tonne
    st.value[BuyerRow.STOCK, v] = max(0.0, st.value[BuyerRow.STOCK, v] - held)
    st.value[BuyerRow.USED, v] += held
    st.value[HoldingRow.RELEASED, h] += held


@phase
def release_holding(st: State, h: Index) -> None:
    """Release holding `h`: the sectors in the order listed, by each route that reaches them, ready goods first."""
    ranks = np.int64(0)
    for j in served_by_holding(st, h):
        ranks = max(ranks, np.int64(st.index[ItemIndex.SERVED_CLASS, j]) + 1)
    for rank in range(ranks):
        for route in routes_of_holding(st, h):
            release_class(st, h, route, rank)


@phase
def is_triggered(st: State, h: Index) -> bool:
    """Whether the trigger of holding `h` becomes true today."""
    if st.index[HoldingIndex.STATE, h] != HoldingState.FILLING or st.value[HoldingRow.DECLARED, h] <= 0.0:
        return False
    threshold = st.value[HoldingRow.COVER_TRIGGER_DAYS, h]
    return lowest_cover(st, h) < threshold if threshold >= 0.0 else gap_noticed(st, h)


@phase
def release(st: State) -> bool:
    """Phase 4, strategic stockpiles: notice gaps, then release under authority. Returns whether a trigger became true."""
    noticed = False
    for k in all_sectors(st):
        st.value[SectorRow.GAP_BEFORE_RELEASE, k] = st.value[SectorRow.GAP, k]
    for j in range(st.index[COUNT, Count.ENTITLEMENTS]):
        st.value[ItemRow.ENTITLEMENT_USED, j] = 0.0
    for h in all_holdings(st):  # every trigger looks at the gap before any release
        if is_triggered(st, h):
            at_once = st.value[HoldingRow.AT_ONCE, h] > 0.0
            st.index[HoldingIndex.STATE, h] = HoldingState.AUTHORISED if at_once else HoldingState.TRIGGERED
            st.index[HoldingIndex.NOTICE, h] = Notice.TRIGGERED
            noticed = True
    for h in all_holdings(st):
        if st.index[HoldingIndex.STATE, h] == HoldingState.AUTHORISED and st.value[HoldingRow.DECLARED, h] > 0.0:
            release_holding(st, h)
    return noticed


# ------------------------------------------------------------------------------------------------ the end of authority


@phase
def has_recovered(st: State, h: Index) -> bool:
    """Whether authority over holding `h` may end: no gap today and commercial stocks back at 99% of target."""
    for j in served_by_holding(st, h):
        k = st.index[ItemIndex.SERVED_SECTOR, j]
        gap = st.value[SectorRow.GAP, k] + st.value[SectorRow.RELEASED, k]
        if gap > NEGLIGIBLE * st.value[SectorRow.DEMAND, k]:
            return False
    for j in watched_by_holding(st, h):
        v = np.uint64(st.index[ConsumerIndex.BUYER, st.index[ItemIndex.WATCHED_CONSUMER, j]])
        if st.value[BuyerRow.STOCK, v] < RECOVERED_FRACTION * buyer_target(st, v):
            return False
    return True


@phase
def end_releases(st: State) -> bool:
    """End authority over stockpiles where commercial stocks have recovered. Returns whether any ended."""
    noticed = False
    for h in all_holdings(st):
        if st.index[HoldingIndex.STATE, h] == HoldingState.AUTHORISED and has_recovered(st, h):
            st.index[HoldingIndex.STATE, h] = HoldingState.FILLING
            triggered_today = st.index[HoldingIndex.NOTICE, h] != Notice.NONE
            st.index[HoldingIndex.NOTICE, h] = Notice.BOTH if triggered_today else Notice.RECOVERED
            noticed = True
    return noticed
