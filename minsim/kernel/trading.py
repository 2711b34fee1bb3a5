"""Phase 5: buyers call on contracts, buy spot and move their shares."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
from minsim.kernel.permits import note_licensed_calls, share_permits, ship_calls
from minsim.kernel.rows import (
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    HoldingRow,
    ItemIndex,
    ProductIndex,
    SellerIndex,
    SellerRow,
)
from minsim.kernel.rules import (
    approved,
    buyer_target,
    capacity_now,
    lead_today,
    leak,
    orders_expected,
    stock_above_target,
)
from minsim.kernel.state import FILLED_FRACTION, MEMORY_DAYS, NOTHING, ROUNDING, SPOT_ROUNDS, SUPPLY_CLASSES, State


@phase
def order(st: State, v: Index, day: Index) -> None:
    """Buyer `v` places today's order: need, stock and pipeline corrections (model, section 4)."""
    i = np.uint64(st.index[BuyerIndex.PRODUCER, v])
    if i != NOTHING:
        st.value[BuyerRow.NEED, v] = orders_expected(st, i) * st.value[BuyerRow.COEFFICIENT, v]
    need = st.value[BuyerRow.NEED, v]
    in_transit = 0.0
    pipeline_days = 0.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        in_transit += st.value[ArcRow.IN_TRANSIT, a]
        pipeline_days += st.value[ArcRow.SHARE, a] * (lead_today(st, a) - 1.0)
    missing = buyer_target(st, v) - st.value[BuyerRow.STOCK, v] + pipeline_days * need - in_transit
    st.value[BuyerRow.ORDER, v] = max(0.0, need + missing / st.value[BuyerRow.ADJUSTMENT_DAYS, v])


@phase
def call(st: State, v: Index, day: Index) -> None:
    """Buyer `v` calls on its contracts; policy caps cut the call, and part of what they block may leak."""
    stretch = 1.0 + st.value[BuyerRow.FLEX, v]
    wanted = min(st.value[BuyerRow.ORDER, v], st.value[BuyerRow.NEED, v] * stretch)
    free = approved(st, v, day)
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        tonnes = st.value[ArcRow.SHARE, a] * wanted
        if not free:
            tonnes = min(tonnes, st.value[ArcRow.BASE_FLOW, a] * st.value[BuyerRow.GROWTH, v] * stretch)
        st.value[SellerRow.CALLED, st.index[ArcIndex.SELLER, a]] += tonnes
        st.value[ArcRow.BLOCKED, a] = tonnes
        st.value[ArcRow.CALL, a] = min(tonnes, st.value[ArcRow.CAP, a])  # permits are shared later, pro rata


@phase
def let_leak(st: State, first_arc: Index, end_arc: Index) -> None:
    """From here on ArcRow.BLOCKED holds the part of the blocked calls that leaks."""
    for a in range(first_arc, end_arc):
        blocked = max(0.0, st.value[ArcRow.BLOCKED, a] - st.value[ArcRow.CALL, a])
        st.value[ArcRow.BLOCKED, a] = blocked * st.value[ArcRow.LEAK_SHARE, a]


@phase
def any_short(st: State, p: Index) -> bool:
    """Whether more is claimed from any seller of product `p` than it has."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
            return True
    return False


@phase
def ration_alike(st: State, p: Index, first_arc: Index, end_arc: Index) -> None:
    """A seller short of product serves all calls, open and leaking, pro rata."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        st.value[SellerRow.CLAIMS, i] = 0.0
    for a in range(first_arc, end_arc):
        st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += (
            st.value[ArcRow.CALL, a] + st.value[ArcRow.BLOCKED, a]
        )
    if not any_short(st, p):
        return
    for a in range(first_arc, end_arc):
        i = st.index[ArcIndex.SELLER, a]
        if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
            factor = st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]
            st.value[ArcRow.CALL, a] *= factor
            st.value[ArcRow.BLOCKED, a] *= factor


@phase
def ration_by_class(st: State, i: Index) -> None:
    """A seller short of product serves class after class, pro rata within one."""
    left = st.value[SellerRow.STOCK, i]
    for r in range(SUPPLY_CLASSES):
        called = 0.0
        for j in range(st.index[SellerIndex.FIRST_OUTGOING, i], st.index[SellerIndex.FIRST_OUTGOING, i + 1]):
            a = st.index[ItemIndex.OUTGOING_ARC, j]
            if st.index[ArcIndex.SUPPLY_CLASS, a] == r:
                called += st.value[ArcRow.CALL, a] + st.value[ArcRow.BLOCKED, a]
        if called > left:
            for j in range(st.index[SellerIndex.FIRST_OUTGOING, i], st.index[SellerIndex.FIRST_OUTGOING, i + 1]):
                a = st.index[ItemIndex.OUTGOING_ARC, j]
                if st.index[ArcIndex.SUPPLY_CLASS, a] == r:
                    st.value[ArcRow.CALL, a] *= left / called
                    st.value[ArcRow.BLOCKED, a] *= left / called
        left = max(0.0, left - called)


@phase
def contract_pass(st: State, p: Index, day: Index) -> None:
    """Contracts: every buyer calls its shares; sellers short of product ration."""
    first, end = st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1]
    first_arc, end_arc = st.index[BuyerIndex.FIRST_ARC, first], st.index[BuyerIndex.FIRST_ARC, end]
    for v in range(first, st.index[ProductIndex.FIRST_STOCKPILE, p]):
        order(st, v, day)
        call(st, v, day)
    for v in range(st.index[ProductIndex.FIRST_STOCKPILE, p], end):
        call_for_pile(st, v)
    note_licensed_calls(st, p)
    share_permits(st, first, end)
    let_leak(st, first_arc, end_arc)
    if st.index[ProductIndex.HAS_SUPPLY_CLASSES, p] > 0:
        for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
            ration_by_class(st, i)
    else:
        ration_alike(st, p, first_arc, end_arc)
    ship_calls(st, first, end, day)
    if st.index[ProductIndex.LEAKS, p] > 0:
        for a in range(first_arc, end_arc):
            leak(st, a, st.value[ArcRow.BLOCKED, a], day)


@phase
def open_room(st: State, a: Index, scale: float) -> float:
    """What arc `a` may still carry today [t]; 0 when it is closed."""
    room = st.value[ArcRow.CAP_TODAY, a] - st.value[ArcRow.SHIPPED, a]
    return room if room > ROUNDING * scale else 0.0


@phase
def spot_wishes(st: State, p: Index, day: Index) -> bool:
    """What each buyer may still claim on the spot market today; whether anyone may."""
    anyone = False
    for v in range(st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_STOCKPILE, p]):
        ask = st.value[BuyerRow.ORDER, v]
        wish = 0.0
        if approved(st, v, day):
            wish = min(ask - st.value[BuyerRow.SHIPPED, v], st.value[BuyerRow.SPOT_SHARE, v] * ask)
        st.value[BuyerRow.SPOT_CLAIM, v] = wish if wish > ROUNDING * ask else 0.0
        anyone = anyone or st.value[BuyerRow.SPOT_CLAIM, v] > 0.0
    return anyone


@phase
def claim(st: State, v: Index) -> None:
    """Buyer `v` spreads its claim over open arcs in proportion to what each seller has left."""
    ask, wished = st.value[BuyerRow.ORDER, v], st.value[BuyerRow.SPOT_CLAIM, v]
    on_offer = 0.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        st.value[ArcRow.CALL, a] = 0.0
        if wished > 0.0 and open_room(st, a, ask) > 0.0:
            on_offer += st.value[SellerRow.STOCK, st.index[ArcIndex.SELLER, a]]
    if wished <= 0.0 or on_offer <= 0.0:
        return
    fraction = min(wished, on_offer) / on_offer
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        st.value[ArcRow.CALL, a] = min(
            open_room(st, a, ask), st.value[SellerRow.STOCK, st.index[ArcIndex.SELLER, a]] * fraction
        )


@phase
def scale_claims(st: State, p: Index, first: Index, end: Index) -> None:
    """Each seller scales all claims on it by one factor."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        st.value[SellerRow.CLAIMS, i] = 0.0
    for v in range(first, end):
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
                st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
    if not any_short(st, p):
        return
    for v in range(first, end):
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
                i = st.index[ArcIndex.SELLER, a]
                if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
                    st.value[ArcRow.CALL, a] *= st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]


@phase
def spot_round(st: State, p: Index, day: Index) -> bool:
    """One symmetric round: all claims are made on the same offer, then each seller scales its claims by one factor.

    Returns whether another round could bring anything.
    """
    first, end = st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_STOCKPILE, p]
    for v in range(first, end):
        claim(st, v)
    share_permits(st, first, end)
    scale_claims(st, p, first, end)
    served = False
    wishing = False
    for v in range(first, end):
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            got = 0.0
            for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
                got += st.value[ArcRow.CALL, a]
                st.value[SellerRow.SPOT_SHIPPED, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
            left = st.value[BuyerRow.SPOT_CLAIM, v] - got
            st.value[BuyerRow.SPOT_CLAIM, v] = left if left > ROUNDING * st.value[BuyerRow.ORDER, v] else 0.0
            served = served or got > 0.0
            wishing = wishing or st.value[BuyerRow.SPOT_CLAIM, v] > 0.0
    if served:
        ship_calls(st, first, end, day)
    return served and wishing


@phase
def spot_pass(st: State, p: Index, day: Index) -> None:
    """Spot: three rounds; no buyer is served before another."""
    if spot_wishes(st, p, day):
        for _ in range(SPOT_ROUNDS):
            if not spot_round(st, p, day):
                break


@phase
def learn_orders(st: State, p: Index) -> None:
    """Sellers update the orders they expect: calls before policy caps, and spot tonnes shipped."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        today = st.value[SellerRow.CALLED, i] + st.value[SellerRow.SPOT_SHIPPED, i]
        st.value[SellerRow.EXPECTED_ORDERS, i] += (today - st.value[SellerRow.EXPECTED_ORDERS, i]) / MEMORY_DAYS


@phase
def measure_spare(st: State, p: Index) -> None:
    """What each seller could supply a day beyond what it ships: product above target, and unused capacity [t]."""
    for i in range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1]):
        stored = (
            max(0.0, stock_above_target(st, i))
            / st.value[BuyerRow.ADJUSTMENT_DAYS, st.index[ProductIndex.FIRST_BUYER, p]]
        )
        st.value[SellerRow.SURPLUS, i] = stored + max(0.0, capacity_now(st, i) - orders_expected(st, i))


@phase
def seek_suppliers(st: State, v: Index) -> None:
    """A buyer that is not whole moves its shares towards who could supply it, within each arc's cap."""
    total = 0.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        could = st.value[ArcRow.SHIPPED, a] + st.value[SellerRow.SURPLUS, st.index[ArcIndex.SELLER, a]]
        st.value[ArcRow.CALL, a] = min(st.value[ArcRow.CAP_TODAY, a], could)
        total += st.value[ArcRow.CALL, a]
    if total <= 0.0:
        return
    st.value[BuyerRow.SHARES_DEVIATE, v] = 1.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        away = st.value[ArcRow.CALL, a] / total - st.value[ArcRow.SHARE, a]
        st.value[ArcRow.SHARE, a] += away / st.value[BuyerRow.SWITCHING_DAYS, v]


@phase
def return_to_baseline(st: State, v: Index) -> None:
    """A whole buyer drifts back to its baseline shares, unless a policy cap would bind there."""
    need = st.value[BuyerRow.NEED, v]
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        wanted = st.value[ArcRow.BASE_SHARE, a] * need
        if st.value[ArcRow.CAP_TODAY, a] < wanted * (1.0 - ROUNDING):
            return
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        away = st.value[ArcRow.BASE_SHARE, a] - st.value[ArcRow.SHARE, a]
        st.value[ArcRow.SHARE, a] += away / st.value[BuyerRow.SWITCHING_DAYS, v]


@phase
def re_source(st: State, p: Index, day: Index) -> None:
    """Buyers move their contract shares; the first day short starts the qualification clock."""
    measured = False
    for v in range(st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_STOCKPILE, p]):
        due = min(st.value[BuyerRow.ORDER, v], st.value[BuyerRow.NEED, v])
        whole = st.value[BuyerRow.SHIPPED, v] >= FILLED_FRACTION * due
        free = approved(st, v, day)
        if not whole and st.value[BuyerRow.QUALIFICATION_START, v] < 0.0:
            st.value[BuyerRow.QUALIFICATION_START, v] = day
        if free and st.value[BuyerRow.SWITCHING_DAYS, v] < np.inf:
            if not whole:
                if not measured:
                    measure_spare(st, p)
                    measured = True
                seek_suppliers(st, v)
            elif st.value[BuyerRow.SHARES_DEVIATE, v] > 0.0:
                return_to_baseline(st, v)


@phase
def call_for_pile(st: State, v: Index) -> None:
    """A stockpile that competes as a buyer calls its shares in the contract pass, spread over its open arcs."""
    h = st.index[BuyerIndex.HOLDING, v]
    competes = st.value[HoldingRow.BUYING_MODE, h] > 0.0
    open_share = 0.0
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        st.value[ArcRow.CALL, a] = 0.0
        st.value[ArcRow.BLOCKED, a] = 0.0
        if st.value[ArcRow.CAP_TODAY, a] > 0.0:
            open_share += st.value[ArcRow.SHARE, a]
    if not competes or open_share <= 0.0:
        return
    for a in range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1]):
        if st.value[ArcRow.CAP_TODAY, a] > 0.0:
            tonnes = st.value[HoldingRow.WANTED, h] * st.value[ArcRow.SHARE, a] / open_share
            st.value[SellerRow.STOCKPILE_CALLED, st.index[ArcIndex.SELLER, a]] += tonnes
            st.value[ArcRow.BLOCKED, a] = tonnes
            st.value[ArcRow.CALL, a] = min(tonnes, st.value[ArcRow.CAP, a])
