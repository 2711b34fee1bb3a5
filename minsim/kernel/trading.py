"""Phase 5, product by product: buyers call on contracts, buy spot and move their shares; sellers learn what to expect."""

from __future__ import annotations

import numpy as np

from minsim.kernel.codes import BuyingMode, SupplyClass
from minsim.kernel.compiling import Index, phase
from minsim.kernel.constants import FILLED_FRACTION, MEMORY_DAYS, ROUNDING, SPOT_ROUNDS
from minsim.kernel.lists import (
    arcs_of_buyer,
    arcs_of_buyers,
    buyers_of_product,
    outgoing_of_seller,
    sellers_of_product,
    stockpiles_of_product,
    users_of_product,
)
from minsim.kernel.permits import note_licensed_calls, share_permits, ship_calls
from minsim.kernel.rows import (
    ArcIndex,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    HoldingIndex,
    HoldingRow,
    ItemIndex,
    ProductIndex,
    SellerRow,
)
from minsim.kernel.rules import (
    approved,
    buyer_target,
    called_in_all,
    called_on_arc,
    capacity_now,
    lead_today,
    leak,
    orders_expected,
    stock_above_target,
)
from minsim.kernel.state import NOTHING, State

SUPPLY_CLASSES = len(SupplyClass)

# ------------------------------------------------------------------------------------------------------------- contracts


@phase
def place_order(st: State, v: Index) -> None:
    """Buyer `v` places today's order: need, and corrections of stock and goods at sea (model, "Ordering")."""
    i = np.uint64(st.index[BuyerIndex.PRODUCER, v])
    if i != NOTHING:
        st.value[BuyerRow.NEED, v] = orders_expected(st, i) * st.value[BuyerRow.COEFFICIENT, v]
    need = st.value[BuyerRow.NEED, v]
    in_transit = 0.0
    pipeline_days = 0.0
    for a in arcs_of_buyer(st, v):
        in_transit += st.value[ArcRow.IN_TRANSIT, a]
        pipeline_days += st.value[ArcRow.SHARE, a] * (lead_today(st, a) - 1.0)
    missing = buyer_target(st, v) - st.value[BuyerRow.STOCK, v] + pipeline_days * need - in_transit
    st.value[BuyerRow.ORDER, v] = max(0.0, need + missing / st.value[BuyerRow.ADJUSTMENT_DAYS, v])


@phase
def call_on_contracts(st: State, v: Index, day: Index) -> None:
    """Buyer `v` calls on its contracts; policy caps cut the call."""
    wanted = called_in_all(st, v)
    free = approved(st, v, day)
    for a in arcs_of_buyer(st, v):
        tonnes = called_on_arc(st, a, v, wanted, free)
        st.value[SellerRow.CALLED, st.index[ArcIndex.SELLER, a]] += tonnes
        st.value[ArcRow.CALLED, a] = tonnes
        st.value[ArcRow.CALL, a] = min(tonnes, st.value[ArcRow.CAP, a])  # permits are shared later, pro rata


@phase
def call_for_stockpile(st: State, v: Index) -> None:
    """A stockpile that competes as a buyer calls its shares too, spread over its open arcs."""
    h = st.index[BuyerIndex.HOLDING, v]
    competes = st.index[HoldingIndex.BUYING_MODE, h] == BuyingMode.COMPETING
    open_share = 0.0
    for a in arcs_of_buyer(st, v):
        st.value[ArcRow.CALLED, a] = 0.0
        st.value[ArcRow.CALL, a] = 0.0
        if st.value[ArcRow.CAP_TODAY, a] > 0.0:
            open_share += st.value[ArcRow.SHARE, a]
    if not competes or open_share <= 0.0:
        return
    for a in arcs_of_buyer(st, v):
        if st.value[ArcRow.CAP_TODAY, a] > 0.0:
            tonnes = st.value[HoldingRow.WANTED, h] * st.value[ArcRow.SHARE, a] / open_share
            st.value[SellerRow.STOCKPILE_CALLED, st.index[ArcIndex.SELLER, a]] += tonnes
            st.value[ArcRow.CALLED, a] = tonnes
            st.value[ArcRow.CALL, a] = min(tonnes, st.value[ArcRow.CAP, a])


@phase
def call_leaks(st: State, arcs: range) -> None:
    """Part of what a curb cut from the calls is to be shipped round it."""
    for a in arcs:
        blocked = max(0.0, st.value[ArcRow.CALLED, a] - st.value[ArcRow.CALL, a])
        st.value[ArcRow.LEAK_CALL, a] = blocked * st.value[ArcRow.LEAK_SHARE, a]


# ------------------------------------------------------------------------------------------------- sellers short of product


@phase
def any_short(st: State, p: Index) -> bool:
    """Whether more is claimed from any seller of product `p` than it has."""
    for i in sellers_of_product(st, p):  # noqa: SIM110  # generators cannot be compiled
        if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
            return True
    return False


@phase
def ration_alike(st: State, p: Index, arcs: range) -> None:
    """A seller short of product serves all calls, open and leaking, pro rata."""
    for i in sellers_of_product(st, p):
        st.value[SellerRow.CLAIMS, i] = 0.0
    for a in arcs:
        claimed = st.value[ArcRow.CALL, a] + st.value[ArcRow.LEAK_CALL, a]
        st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += claimed
    if not any_short(st, p):
        return
    for a in arcs:
        i = st.index[ArcIndex.SELLER, a]
        if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
            factor = st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]
            st.value[ArcRow.CALL, a] *= factor
            st.value[ArcRow.LEAK_CALL, a] *= factor


@phase
def ration_by_class(st: State, i: Index) -> None:
    """A seller short of product serves class after class, pro rata within one."""
    left = st.value[SellerRow.STOCK, i]
    for supply_class in range(SUPPLY_CLASSES):
        called = 0.0
        for j in outgoing_of_seller(st, i):
            a = st.index[ItemIndex.OUTGOING_ARC, j]
            if st.index[ArcIndex.SUPPLY_CLASS, a] == supply_class:
                called += st.value[ArcRow.CALL, a] + st.value[ArcRow.LEAK_CALL, a]
        if called > left:
            for j in outgoing_of_seller(st, i):
                a = st.index[ItemIndex.OUTGOING_ARC, j]
                if st.index[ArcIndex.SUPPLY_CLASS, a] == supply_class:
                    st.value[ArcRow.CALL, a] *= left / called
                    st.value[ArcRow.LEAK_CALL, a] *= left / called
        left = max(0.0, left - called)


@phase
def contract_pass(st: State, p: Index, day: Index) -> None:
    """Contracts: every buyer calls its shares; sellers short of product ration."""
    buyers = buyers_of_product(st, p)
    arcs = arcs_of_buyers(st, buyers)
    for v in users_of_product(st, p):
        place_order(st, v)
        call_on_contracts(st, v, day)
    for v in stockpiles_of_product(st, p):
        call_for_stockpile(st, v)
    note_licensed_calls(st, buyers)
    share_permits(st, buyers)
    call_leaks(st, arcs)
    if st.index[ProductIndex.HAS_SUPPLY_CLASSES, p] > 0:
        for i in sellers_of_product(st, p):
            ration_by_class(st, i)
    else:
        ration_alike(st, p, arcs)
    ship_calls(st, buyers, day)
    if st.index[ProductIndex.LEAKS, p] > 0:
        for a in arcs:
            leak(st, a, st.value[ArcRow.LEAK_CALL, a], day)


# ------------------------------------------------------------------------------------------------------------------ spot


@phase
def room_left(st: State, a: Index, scale: float) -> float:
    """What arc `a` may still carry openly today [t]; 0 when that is rounding noise beside `scale`."""
    room = st.value[ArcRow.CAP_TODAY, a] - st.value[ArcRow.SHIPPED, a]
    return room if room > ROUNDING * scale else 0.0


@phase
def set_spot_claims(st: State, p: Index, day: Index) -> bool:
    """What each buyer may claim on the spot market today; returns whether anyone may."""
    anyone = False
    for v in users_of_product(st, p):
        order = st.value[BuyerRow.ORDER, v]
        claim = 0.0
        if approved(st, v, day):
            claim = min(order - st.value[BuyerRow.SHIPPED, v], st.value[BuyerRow.SPOT_SHARE, v] * order)
        st.value[BuyerRow.SPOT_CLAIM, v] = claim if claim > ROUNDING * order else 0.0
        anyone = anyone or st.value[BuyerRow.SPOT_CLAIM, v] > 0.0
    return anyone


@phase
def spread_claim(st: State, v: Index) -> None:
    """Buyer `v` spreads its claim over open arcs in proportion to what each seller has left."""
    order, claim = st.value[BuyerRow.ORDER, v], st.value[BuyerRow.SPOT_CLAIM, v]
    on_offer = 0.0
    for a in arcs_of_buyer(st, v):
        st.value[ArcRow.CALL, a] = 0.0
        if claim > 0.0 and room_left(st, a, order) > 0.0:
            on_offer += st.value[SellerRow.STOCK, st.index[ArcIndex.SELLER, a]]
    if claim <= 0.0 or on_offer <= 0.0:
        return
    fraction = min(claim, on_offer) / on_offer
    for a in arcs_of_buyer(st, v):
        part = st.value[SellerRow.STOCK, st.index[ArcIndex.SELLER, a]] * fraction
        st.value[ArcRow.CALL, a] = min(room_left(st, a, order), part)


@phase
def scale_claims(st: State, p: Index) -> None:
    """Each seller scales all claims on it by one factor."""
    for i in sellers_of_product(st, p):
        st.value[SellerRow.CLAIMS, i] = 0.0
    for v in users_of_product(st, p):
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            for a in arcs_of_buyer(st, v):
                st.value[SellerRow.CLAIMS, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
    if not any_short(st, p):
        return
    for v in users_of_product(st, p):
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            for a in arcs_of_buyer(st, v):
                i = st.index[ArcIndex.SELLER, a]
                if st.value[SellerRow.CLAIMS, i] > st.value[SellerRow.STOCK, i]:
                    st.value[ArcRow.CALL, a] *= st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]


@phase
def spot_round(st: State, p: Index, day: Index) -> bool:
    """One symmetric round: all claims are made on the same offer, then each seller scales its claims by one factor.

    Returns whether another round could bring anything.
    """
    users = users_of_product(st, p)
    for v in users:
        spread_claim(st, v)
    share_permits(st, users)
    scale_claims(st, p)
    served = False
    claiming = False
    for v in users:
        if st.value[BuyerRow.SPOT_CLAIM, v] > 0.0:
            bought = 0.0
            for a in arcs_of_buyer(st, v):
                bought += st.value[ArcRow.CALL, a]
                st.value[SellerRow.SPOT_SHIPPED, st.index[ArcIndex.SELLER, a]] += st.value[ArcRow.CALL, a]
            left = st.value[BuyerRow.SPOT_CLAIM, v] - bought
            st.value[BuyerRow.SPOT_CLAIM, v] = left if left > ROUNDING * st.value[BuyerRow.ORDER, v] else 0.0
            served = served or bought > 0.0
            claiming = claiming or st.value[BuyerRow.SPOT_CLAIM, v] > 0.0
    if served:
        ship_calls(st, users, day)
    return served and claiming


@phase
def spot_pass(st: State, p: Index, day: Index) -> None:
    """Spot: three rounds; no buyer is served before another."""
    if set_spot_claims(st, p, day):
        for _ in range(SPOT_ROUNDS):
            if not spot_round(st, p, day):
                break


# ------------------------------------------------------------------------------------------- orders expected, re-sourcing


@phase
def learn_orders(st: State, p: Index) -> None:
    """Sellers update the orders they expect: calls before policy caps, and spot tonnes shipped."""
    for i in sellers_of_product(st, p):
        today = st.value[SellerRow.CALLED, i] + st.value[SellerRow.SPOT_SHIPPED, i]
        st.value[SellerRow.EXPECTED_ORDERS, i] += (today - st.value[SellerRow.EXPECTED_ORDERS, i]) / MEMORY_DAYS


@phase
def measure_spare(st: State, p: Index) -> None:
    """What each seller could supply a day beyond what it ships: product above target, and unused capacity."""
    adjustment_days = st.value[BuyerRow.ADJUSTMENT_DAYS, st.index[ProductIndex.FIRST_BUYER, p]]
    for i in sellers_of_product(st, p):
        stored = max(0.0, stock_above_target(st, i)) / adjustment_days
        st.value[SellerRow.SPARE, i] = stored + max(0.0, capacity_now(st, i) - orders_expected(st, i))


@phase
def seek_suppliers(st: State, v: Index) -> None:
    """A buyer that is not whole moves its shares towards who could supply it, within each arc's cap."""
    total = 0.0
    for a in arcs_of_buyer(st, v):
        could = st.value[ArcRow.SHIPPED, a] + st.value[SellerRow.SPARE, st.index[ArcIndex.SELLER, a]]
        st.value[ArcRow.SOURCING_LIMIT, a] = min(st.value[ArcRow.CAP_TODAY, a], could)
        total += st.value[ArcRow.SOURCING_LIMIT, a]
    if total <= 0.0:
        return
    st.value[BuyerRow.SHARES_DEVIATE, v] = 1.0
    for a in arcs_of_buyer(st, v):
        away = st.value[ArcRow.SOURCING_LIMIT, a] / total - st.value[ArcRow.SHARE, a]
        st.value[ArcRow.SHARE, a] += away / st.value[BuyerRow.SWITCHING_DAYS, v]


@phase
def return_to_baseline(st: State, v: Index) -> None:
    """A whole buyer drifts back to its baseline shares, unless a policy cap would bind there."""
    need = st.value[BuyerRow.NEED, v]
    for a in arcs_of_buyer(st, v):
        wanted = st.value[ArcRow.BASE_SHARE, a] * need
        if st.value[ArcRow.CAP_TODAY, a] < wanted * (1.0 - ROUNDING):
            return
    for a in arcs_of_buyer(st, v):
        away = st.value[ArcRow.BASE_SHARE, a] - st.value[ArcRow.SHARE, a]
        st.value[ArcRow.SHARE, a] += away / st.value[BuyerRow.SWITCHING_DAYS, v]


@phase
def re_source(st: State, p: Index, day: Index) -> None:
    """Buyers move their contract shares; the first day a buyer is not whole starts its qualification of suppliers."""
    measured = False
    for v in users_of_product(st, p):
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
