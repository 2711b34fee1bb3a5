"""Phase 4: end uses draw on commercial stocks, then on strategic ones."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
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
    RouteIndex,
    SectorRow,
    SellerRow,
    StepIndex,
)
from minsim.kernel.rules import buyer_target, capacity_now
from minsim.kernel.state import NEGLIGIBLE, RECOVERED_FRACTION, State


@phase
def want(st: State) -> None:
    """Today's demand by sector and need by region."""
    for c in range(st.index[COUNT, Count.CONSUMERS]):
        v = st.index[ConsumerIndex.BUYER, c]
        need = 0.0
        for k in range(st.index[ConsumerIndex.FIRST_SECTOR, c], st.index[ConsumerIndex.FIRST_SECTOR, c + 1]):
            lasting = (
                st.value[SectorRow.BASE_DEMAND, k]
                * st.value[BuyerRow.GROWTH, v]
                * st.value[SectorRow.SUBSTITUTION_FACTOR, k]
            )
            st.value[SectorRow.DEMAND, k] = lasting * st.value[SectorRow.SHOCK_FACTOR, k]
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
    """Phase 4: each region's sectors, in priority order, draw on the commercial stock."""
    for c in range(st.index[COUNT, Count.CONSUMERS]):
        end = st.index[ConsumerIndex.FIRST_SECTOR, c + 1]
        for deferred in range(2):
            k = np.int64(st.index[ConsumerIndex.FIRST_SECTOR, c])
            while k < end:
                last = k + 1
                while last < end and st.value[SectorRow.PRIORITY, last] == st.value[SectorRow.PRIORITY, k]:
                    last += 1
                serve_group(st, st.index[ConsumerIndex.BUYER, c], k, last, float(deferred))
                k = last


@phase
def entitled_gap(st: State, j: Index) -> float:
    """What entry `j` may serve now [t]: its entitlement to the gap before any release, less what the pile served of it."""
    k = st.index[ItemIndex.SERVED_SECTOR, j]
    title = st.value[ItemRow.ENTITLEMENT, j] * st.value[SectorRow.GAP_BEFORE_RELEASE, k]
    return max(
        0.0,
        min(
            st.value[SectorRow.GAP, k],
            title - st.value[ItemRow.ENTITLEMENT_USED, st.index[ItemIndex.SERVED_ENTITLEMENT, j]],
        ),
    )


@phase
def outlet_gap(st: State, o: Index, rank: Index) -> float:
    """Gap that outlet `o` may serve in the sectors of one class [t]."""
    gap = 0.0
    for j in range(st.index[RouteIndex.FIRST_SERVED, o], st.index[RouteIndex.FIRST_SERVED, o + 1]):
        if st.index[ItemIndex.SERVED_CLASS, j] == rank:
            gap += entitled_gap(st, j)
    return gap


@phase
def gap_noticed(st: State, h: Index) -> bool:
    """Whether the sectors that holding `h` serves have a gap today, before any release."""
    gap = 0.0
    demand = 0.0
    for j in range(
        st.index[RouteIndex.FIRST_SERVED, st.index[HoldingIndex.FIRST_ROUTE, h]],
        st.index[RouteIndex.FIRST_SERVED, st.index[HoldingIndex.FIRST_ROUTE, h + 1]],
    ):
        gap += st.value[SectorRow.GAP_BEFORE_RELEASE, st.index[ItemIndex.SERVED_SECTOR, j]]
        demand += st.value[SectorRow.DEMAND, st.index[ItemIndex.SERVED_SECTOR, j]]
    return gap > NEGLIGIBLE * demand


@phase
def lowest_cover(st: State, h: Index) -> float:
    """Lowest commercial cover among the regions that holding `h` watches [days of day-0 use, with growth]."""
    lowest = np.inf
    for j in range(st.index[HoldingIndex.FIRST_WATCHED, h], st.index[HoldingIndex.FIRST_WATCHED, h + 1]):
        v = st.index[ConsumerIndex.BUYER, st.index[ItemIndex.WATCHED_CONSUMER, j]]
        use = st.value[BuyerRow.BASE_NEED, v] * st.value[BuyerRow.GROWTH, v]
        if use > 0.0:
            lowest = min(lowest, st.value[BuyerRow.STOCK, v] / use)
    return lowest


@phase
def step_limits(st: State, s: Index) -> float:
    """Spare output of each domestic producer of step `s` today, noted [t]; returns the sum."""
    total = 0.0
    for j in range(st.index[StepIndex.FIRST_PRODUCER, s], st.index[StepIndex.FIRST_PRODUCER, s + 1]):
        i = np.uint64(st.index[ItemIndex.STEP_PRODUCER, j])
        made = st.value[SellerRow.OUTPUT, i] + st.value[SellerRow.OUTPUT_FROM_RELEASES, i]
        spare = max(0.0, capacity_now(st, i) - made)
        st.value[ItemRow.STEP_SPARE, j] = min(spare, inputs_allow(st, i, np.uint64(st.index[ItemIndex.STEP_INPUT, j])))
        total += st.value[ItemRow.STEP_SPARE, j]
    return total


@phase
def feed_per_tonne(st: State, s: Index, total: float) -> float:
    """Tonnes of the by-passed input per tonne made in step `s`, producers taking part by their spare output."""
    needed = 0.0
    for j in range(st.index[StepIndex.FIRST_PRODUCER, s], st.index[StepIndex.FIRST_PRODUCER, s + 1]):
        needed += (
            st.value[ItemRow.STEP_SPARE, j] / total * st.value[BuyerRow.COEFFICIENT, st.index[ItemIndex.STEP_INPUT, j]]
        )
    return needed


@phase
def work_up_limit(st: State, o: Index) -> tuple[float, float]:
    """Most of the final product that outlet `o` can deliver today [t], and t held per t of it."""
    most = np.inf
    held_per_tonne = 1.0
    for s in range(st.index[RouteIndex.FIRST_STEP, o], st.index[RouteIndex.FIRST_STEP, o + 1]):
        total = step_limits(st, s)
        if total <= 0.0:
            return 0.0, 1.0
        most = min(most, total / held_per_tonne)
        held_per_tonne *= feed_per_tonne(st, s, total)
    return most, held_per_tonne


@phase
def work_up(st: State, o: Index, tonnes: float) -> None:
    """Make `tonnes` of the final product along outlet `o`, in domestic producers' unused capacity."""
    through = tonnes
    for s in range(st.index[RouteIndex.FIRST_STEP, o], st.index[RouteIndex.FIRST_STEP, o + 1]):
        total = step_limits(st, s)
        feed = feed_per_tonne(st, s, total)
        for j in range(st.index[StepIndex.FIRST_PRODUCER, s], st.index[StepIndex.FIRST_PRODUCER, s + 1]):
            i = np.uint64(st.index[ItemIndex.STEP_PRODUCER, j])
            made = through * st.value[ItemRow.STEP_SPARE, j] / total
            st.value[SellerRow.OUTPUT_FROM_RELEASES, i] += made
            use_inputs(st, i, made, np.uint64(st.index[ItemIndex.STEP_INPUT, j]))
            drop_scrap(st, i, made)
        through *= feed


@phase
def give(st: State, o: Index, rank: Index, share: float) -> None:
    """Serve `share` of the gap that outlet `o` may serve in one class."""
    for j in range(st.index[RouteIndex.FIRST_SERVED, o], st.index[RouteIndex.FIRST_SERVED, o + 1]):
        if st.index[ItemIndex.SERVED_CLASS, j] == rank:
            k = st.index[ItemIndex.SERVED_SECTOR, j]
            served = entitled_gap(st, j) * share
            st.value[ItemRow.ENTITLEMENT_USED, st.index[ItemIndex.SERVED_ENTITLEMENT, j]] += served
            st.value[SectorRow.RELEASED, k] += served
            st.value[SectorRow.GAP, k] = max(0.0, st.value[SectorRow.GAP, k] - served)


@phase
def release_class(st: State, h: Index, o: Index, rank: Index) -> None:
    """Release what holding `h` may and can, by outlet `o`, for the sectors of one class."""
    gap = outlet_gap(st, o, rank)
    v = st.index[HoldingIndex.BUYER, h]
    left = min(st.value[BuyerRow.STOCK, v], st.value[HoldingRow.RELEASE_RATE, h] - st.value[HoldingRow.RELEASED, h])
    if gap <= 0.0 or left <= 0.0:
        return
    most, held_per_tonne = work_up_limit(st, o)
    tonnes = min(min(gap, most), left / held_per_tonne)
    if tonnes <= 0.0:
        return
    if st.index[RouteIndex.FIRST_STEP, o] < st.index[RouteIndex.FIRST_STEP, o + 1]:
        work_up(st, o, tonnes)
    give(st, o, rank, tonnes / gap)
    held = tonnes * held_per_tonne
    st.value[BuyerRow.STOCK, v] = max(0.0, st.value[BuyerRow.STOCK, v] - held)
    st.value[BuyerRow.USED, v] += held
    st.value[HoldingRow.RELEASED, h] += held


@phase
def release_holding(st: State, h: Index) -> None:
    """Release holding `h`: the sectors in the order listed, by each outlet that reaches them, ready goods first."""
    first, end = st.index[HoldingIndex.FIRST_ROUTE, h], st.index[HoldingIndex.FIRST_ROUTE, h + 1]
    ranks = np.int64(0)
    for j in range(st.index[RouteIndex.FIRST_SERVED, first], st.index[RouteIndex.FIRST_SERVED, end]):
        ranks = max(ranks, np.int64(st.index[ItemIndex.SERVED_CLASS, j]) + 1)
    for rank in range(ranks):
        for o in range(first, end):
            release_class(st, h, o, rank)


@phase
def notice(st: State, h: Index) -> bool:
    """Whether the trigger of holding `h` becomes true today."""
    if st.value[HoldingRow.STATE, h] != 0.0 or st.value[HoldingRow.DECLARED, h] <= 0.0:
        return False
    threshold = st.value[HoldingRow.COVER_TRIGGER_DAYS, h]
    return lowest_cover(st, h) < threshold if threshold >= 0.0 else gap_noticed(st, h)


@phase
def release(st: State) -> bool:
    """Phase 4, strategic stockpiles: notice gaps, then release under authority. Returns whether a trigger became true."""
    noticed = False
    for k in range(st.index[COUNT, Count.SECTORS]):
        st.value[SectorRow.GAP_BEFORE_RELEASE, k] = st.value[SectorRow.GAP, k]
    for j in range(st.index[COUNT, Count.ENTITLEMENTS]):
        st.value[ItemRow.ENTITLEMENT_USED, j] = 0.0
    for h in range(st.index[COUNT, Count.HOLDINGS]):  # every trigger looks at the gap before any release
        if notice(st, h):
            st.value[HoldingRow.STATE, h] = 2.0 if st.value[HoldingRow.AT_ONCE, h] > 0.0 else 1.0
            st.value[HoldingRow.NOTICE, h] = 1.0
            noticed = True
    for h in range(st.index[COUNT, Count.HOLDINGS]):
        if st.value[HoldingRow.STATE, h] == 2.0 and st.value[HoldingRow.DECLARED, h] > 0.0:
            release_holding(st, h)
    return noticed


@phase
def restored(st: State, h: Index) -> bool:
    """Whether authority over holding `h` may end: no gap today and commercial stocks back at 99% of target."""
    for o in range(st.index[HoldingIndex.FIRST_ROUTE, h], st.index[HoldingIndex.FIRST_ROUTE, h + 1]):
        for j in range(st.index[RouteIndex.FIRST_SERVED, o], st.index[RouteIndex.FIRST_SERVED, o + 1]):
            k = st.index[ItemIndex.SERVED_SECTOR, j]
            if (
                st.value[SectorRow.GAP, k] + st.value[SectorRow.RELEASED, k]
                > NEGLIGIBLE * st.value[SectorRow.DEMAND, k]
            ):
                return False
    for j in range(st.index[HoldingIndex.FIRST_WATCHED, h], st.index[HoldingIndex.FIRST_WATCHED, h + 1]):
        v = np.uint64(st.index[ConsumerIndex.BUYER, st.index[ItemIndex.WATCHED_CONSUMER, j]])
        if st.value[BuyerRow.STOCK, v] < RECOVERED_FRACTION * buyer_target(st, v):
            return False
    return True
