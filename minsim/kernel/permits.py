"""Permits of quotas and licences, shared pro rata and spent."""

from __future__ import annotations

from minsim.kernel.compiling import Index, phase
from minsim.kernel.lists import all_arcs, all_permit_balances, arcs_of_buyers, arcs_under_permits
from minsim.kernel.rows import COUNT, ArcIndex, ArcRow, Count, ItemIndex, ItemRow, PermitRow
from minsim.kernel.rules import cap_under_permits, ship
from minsim.kernel.state import State


@phase
def set_caps(st: State) -> None:
    """Today's cap of each arc: its policy cap, and its unused permits with what needs none."""
    if st.index[COUNT, Count.PERMITS] == 0:
        return  # the calendar keeps the caps themselves
    for a in all_arcs(st):
        st.value[ArcRow.CAP_TODAY, a] = st.value[ArcRow.CAP, a]
    for g in all_permit_balances(st):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in arcs_under_permits(st, g):
                a = st.index[ItemIndex.PERMIT_ARC, j]
                free, permits = st.value[ItemRow.PERMIT_FREE, j], st.value[PermitRow.BALANCE, g]
                st.value[ArcRow.CAP_TODAY, a] = cap_under_permits(st.value[ArcRow.CAP_TODAY, a], free, permits)


@phase
def permits_needed(st: State, j: Index, more: float) -> float:
    """Permits that `more` tonnes on entry `j` of a balance need, after what the arc already carries today [t]."""
    carried = st.value[ArcRow.SHIPPED, st.index[ItemIndex.PERMIT_ARC, j]]
    free = st.value[ItemRow.PERMIT_FREE, j]
    return max(0.0, carried + more - free) - max(0.0, carried - free)


@phase
def share_permits(st: State, buyers: range) -> None:
    """Scale the calls of these buyers so that no permit balance is overdrawn, pro rata to the tonnes that need permits.

    All factors come from the calls as they stood, and an arc under two balances takes the smaller: no order matters.
    """
    if st.index[COUNT, Count.PERMITS] == 0:
        return
    for a in arcs_of_buyers(st, buyers):
        st.value[ArcRow.CALL_BEFORE_PERMITS, a] = st.value[ArcRow.CALL, a]
    for g in all_permit_balances(st):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            share_balance(st, g, buyers)


@phase
def share_balance(st: State, g: Index, buyers: range) -> None:
    """Cut the calls under one permit balance to what it holds, pro rata."""
    needed = 0.0
    for j in arcs_under_permits(st, g):
        a = st.index[ItemIndex.PERMIT_ARC, j]
        if buyers.start <= st.index[ArcIndex.BUYER, a] < buyers.stop:
            needed += permits_needed(st, j, st.value[ArcRow.CALL_BEFORE_PERMITS, a])
    if needed <= st.value[PermitRow.BALANCE, g]:
        return
    factor = st.value[PermitRow.BALANCE, g] / needed
    for j in arcs_under_permits(st, g):
        a = st.index[ItemIndex.PERMIT_ARC, j]
        if buyers.start <= st.index[ArcIndex.BUYER, a] < buyers.stop:
            free = max(0.0, st.value[ItemRow.PERMIT_FREE, j] - st.value[ArcRow.SHIPPED, a])
            allowed = free + max(0.0, st.value[ArcRow.CALL_BEFORE_PERMITS, a] - free) * factor
            st.value[ArcRow.CALL, a] = min(st.value[ArcRow.CALL, a], allowed)


@phase
def spend_permits(st: State, g: Index, j: Index, tonnes: float) -> None:
    """Take the permits for `tonnes` about to be shipped on entry `j` of balance `g`."""
    needed = permits_needed(st, j, tonnes)
    st.value[PermitRow.BALANCE, g] = max(0.0, st.value[PermitRow.BALANCE, g] - needed)


@phase
def ship_calls(st: State, buyers: range, day: Index) -> None:
    """Ship what stands in `ArcRow.CALL` for these buyers, spending permits."""
    for g in all_permit_balances(st):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in arcs_under_permits(st, g):
                a = st.index[ItemIndex.PERMIT_ARC, j]
                if buyers.start <= st.index[ArcIndex.BUYER, a] < buyers.stop:
                    spend_permits(st, g, j, st.value[ArcRow.CALL, a])
    for a in arcs_of_buyers(st, buyers):
        ship(st, a, st.value[ArcRow.CALL, a], day)


@phase
def note_licensed_calls(st: State, buyers: range) -> None:
    """Add to each permit balance what these buyers called that needs permits, before policy caps."""
    for g in all_permit_balances(st):
        if st.value[PermitRow.ACTIVE, g] > 0.0:
            for j in arcs_under_permits(st, g):
                a = st.index[ItemIndex.PERMIT_ARC, j]
                if buyers.start <= st.index[ArcIndex.BUYER, a] < buyers.stop:
                    licensed = st.value[ArcRow.CALLED, a] - st.value[ItemRow.PERMIT_FREE, j]
                    st.value[PermitRow.CALLED, g] += max(0.0, licensed)
