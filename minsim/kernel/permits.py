"""Permits of quotas and licences, shared pro rata and spent."""

from __future__ import annotations

from minsim.kernel.compiling import Index, phase
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerIndex,
    Count,
    ItemIndex,
    ItemRow,
    PermitIndex,
    PermitRow,
    ProductIndex,
)
from minsim.kernel.rules import ship
from minsim.kernel.state import State


@phase
def count_permits(st: State) -> None:
    """Today's cap of each arc: its policy cap, and its unused permits with what needs none."""
    if st.index[COUNT, Count.PERMITS] == 0:
        return  # the calendar keeps the caps themselves
    for a in range(st.index[COUNT, Count.ARCS]):
        st.value[ArcRow.CAP_TODAY, a] = st.value[ArcRow.CAP, a]
    for g in range(st.index[COUNT, Count.PERMITS]):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1]):
                a = st.index[ItemIndex.PERMIT_ARC, j]
                permitted = st.value[ItemRow.PERMIT_FREE, j] + st.value[PermitRow.BALANCE, g]
                st.value[ArcRow.CAP_TODAY, a] = min(st.value[ArcRow.CAP_TODAY, a], permitted)


@phase
def permits_needed(st: State, j: Index, more: float) -> float:
    """Permits that `more` tonnes on entry `j` of a pool need, after what the arc already carries today [t]."""
    carried = st.value[ArcRow.SHIPPED, st.index[ItemIndex.PERMIT_ARC, j]]
    return max(0.0, carried + more - st.value[ItemRow.PERMIT_FREE, j]) - max(
        0.0, carried - st.value[ItemRow.PERMIT_FREE, j]
    )


@phase
def share_permits(st: State, first_buyer: Index, end_buyer: Index) -> None:
    """Scale the calls of these buyers so that no purse is overdrawn, pro rata to the tonnes that need permits.

    All factors come from the calls as they stood, and an arc in two purses takes the smaller: no order matters.
    """
    if st.index[COUNT, Count.PERMITS] == 0:
        return
    for a in range(st.index[BuyerIndex.FIRST_ARC, first_buyer], st.index[BuyerIndex.FIRST_ARC, end_buyer]):
        st.value[ArcRow.CALL_BEFORE_PERMITS, a] = st.value[ArcRow.CALL, a]
    for g in range(st.index[COUNT, Count.PERMITS]):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            share_purse(st, g, first_buyer, end_buyer)


@phase
def share_purse(st: State, g: Index, first_buyer: Index, end_buyer: Index) -> None:
    """Cut the calls on one purse to what it holds, pro rata."""
    needed = 0.0
    for j in range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1]):
        a = st.index[ItemIndex.PERMIT_ARC, j]
        if first_buyer <= st.index[ArcIndex.BUYER, a] < end_buyer:
            needed += permits_needed(st, j, st.value[ArcRow.CALL_BEFORE_PERMITS, a])
    if needed <= st.value[PermitRow.BALANCE, g]:
        return
    factor = st.value[PermitRow.BALANCE, g] / needed
    for j in range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1]):
        a = st.index[ItemIndex.PERMIT_ARC, j]
        if first_buyer <= st.index[ArcIndex.BUYER, a] < end_buyer:
            free = max(0.0, st.value[ItemRow.PERMIT_FREE, j] - st.value[ArcRow.SHIPPED, a])
            allowed = free + max(0.0, st.value[ArcRow.CALL_BEFORE_PERMITS, a] - free) * factor
            st.value[ArcRow.CALL, a] = min(st.value[ArcRow.CALL, a], allowed)


@phase
def spend_permits(st: State, g: Index, j: Index, tonnes: float) -> None:
    """Take the permits for `tonnes` about to be shipped on entry `j`."""
    needed = permits_needed(st, j, tonnes)
    st.value[PermitRow.BALANCE, g] = max(0.0, st.value[PermitRow.BALANCE, g] - needed)


@phase
def ship_calls(st: State, first_buyer: Index, end_buyer: Index, day: Index) -> None:
    """Ship what stands in ArcRow.CALL for these buyers, spending permits."""
    for g in range(st.index[COUNT, Count.PERMITS]):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1]):
                a = st.index[ItemIndex.PERMIT_ARC, j]
                v = st.index[ArcIndex.BUYER, a]
                if first_buyer <= v < end_buyer:
                    spend_permits(st, g, j, st.value[ArcRow.CALL, a])
    for a in range(st.index[BuyerIndex.FIRST_ARC, first_buyer], st.index[BuyerIndex.FIRST_ARC, end_buyer]):
        ship(st, a, st.value[ArcRow.CALL, a], day)


@phase
def note_licensed_calls(st: State, p: Index) -> None:
    """Tell each office how many tonnes were called that need its permits, before policy caps."""
    first, end = st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1]
    for g in range(st.index[COUNT, Count.PERMITS]):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1]):
                v = st.index[ArcIndex.BUYER, st.index[ItemIndex.PERMIT_ARC, j]]
                if first <= v < end:
                    st.value[PermitRow.CALLED, g] += max(
                        0.0,
                        st.value[ArcRow.BLOCKED, st.index[ItemIndex.PERMIT_ARC, j]] - st.value[ItemRow.PERMIT_FREE, j],
                    )
