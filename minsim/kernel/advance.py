"""The compiled daily step: the only code that changes a stock.

`advance` moves the whole network from the start of day `a` to the start of day `b` and returns early, at the end of the
first day on which a watched trigger became true. The phases are short functions in the order of the model's day:
arrive, produce, consume (and release), order and ship product by product, buy for stockpiles, record and check the books.

The state is packed in a few two-dimensional arrays, one row a field, one column a node; the row constants below are the
field names and units. The file is one compilation unit on purpose: Numba's cache does not see edits to a callee that
lives in another file. With NUMBA_DISABLE_JIT=1 the same source runs as plain Python, to the same bits.
"""

from __future__ import annotations

from minsim.kernel.books import check_nodes, check_transit, check_world, grow, product_total, record
from minsim.kernel.compiling import Index, compiled, phase
from minsim.kernel.consumption import consume, release, restored, want
from minsim.kernel.permits import count_permits
from minsim.kernel.prices import set_prices
from minsim.kernel.production import arrive, open_day, produce
from minsim.kernel.rows import COUNT, Count, HoldingRow, ProductRow
from minsim.kernel.state import State
from minsim.kernel.stockpile_buying import buy_for_stockpiles, plan_purchases
from minsim.kernel.trading import contract_pass, learn_orders, re_source, spot_pass

# ------------------------------------------------------------------------------------------------------------ small rules


# -------------------------------------------------------------------------------------------------- 2 arrive, 3 produce


# ----------------------------------------------------------------------------------------------------------- 4 consume


# ---------------------------------------------------------------------------------------------------- 5 order and ship


# --------------------------------------------------------------------------------------------------- 6 stockpiles buy


# ------------------------------------------------------------------------------------------------------------ 7 prices


# ------------------------------------------------------------------------------------------------- 8 record and books


# ------------------------------------------------------------------------------------------------------------ the day


@phase
def close_authorities(st: State) -> bool:
    """Authority over a stockpile ends where stocks are restored; whether the calendar must be told."""
    noticed = False
    for h in range(st.index[COUNT, Count.HOLDINGS]):
        if st.value[HoldingRow.STATE, h] == 2.0 and restored(st, h):
            st.value[HoldingRow.STATE, h] = 0.0
            st.value[HoldingRow.NOTICE, h] = 2.0 if st.value[HoldingRow.NOTICE, h] == 0.0 else 3.0
            noticed = True
    return noticed


@phase
def market(st: State, day: Index) -> None:
    """Phases 5 and 6, downstream products first."""
    plan_purchases(st)
    count_permits(st)
    for p in range(st.index[COUNT, Count.PRODUCTS]):
        contract_pass(st, p, day)
        spot_pass(st, p, day)
        learn_orders(st, p)
        re_source(st, p, day)
    buy_for_stockpiles(st, day)


@compiled
def advance(st: State, a: int, b: int) -> int:
    """Advance the network from the start of day `a` to the start of day `b`.

    Parameters
    ----------
    st : State
        The whole network; changed in place.
    a, b : int
        First day to simulate, and first day not to.

    Returns
    -------
    int
        The day reached: `b`, or the day after one on which a watched trigger became true, or on which the books failed
        to close (`st.value[ItemRow.FAULT, 0]` is then not 0).
    """
    for p in range(st.index[COUNT, Count.PRODUCTS]):
        st.value[ProductRow.TOTAL, p] = product_total(st, p)
    day = a
    while day < b:
        open_day(st)
        arrive(st, day)
        produce(st)
        want(st)
        consume(st)
        noticed = release(st)
        market(st, day)
        set_prices(st)
        noticed = close_authorities(st) or noticed
        record(st, day)
        broken = check_nodes(st, day)
        broken = check_world(st, day) or broken
        grow(st)
        day += 1
        if noticed or broken:
            break
    check_transit(st, day - 1)
    return day
