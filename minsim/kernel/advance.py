"""The compiled daily step: the only code that changes a stock.

`advance` moves the whole network from the start of one day to the start of another, and returns early, at the end of the
first day on which a watched trigger became true. It calls the phases in the order of the model's day: arrive, produce,
consume (and release), order and ship product by product, buy for stockpiles, move prices, record and check the books.

The state is packed in a few arrays, one row a quantity, one column a node (`minsim.kernel.state`). All phases are compiled
into `advance`, as one unit. With NUMBA_DISABLE_JIT=1 the same source runs as plain Python, to the same bits.
"""

from __future__ import annotations

from minsim.kernel.books import check_nodes, check_products, check_transit, grow, product_total, record
from minsim.kernel.compiling import compiled
from minsim.kernel.consumption import consume, end_releases, release, set_demand
from minsim.kernel.lists import all_products
from minsim.kernel.permits import set_caps
from minsim.kernel.prices import set_prices
from minsim.kernel.production import arrive, open_day, produce
from minsim.kernel.rows import ProductRow
from minsim.kernel.state import State
from minsim.kernel.stockpile_buying import buy_for_stockpiles, plan_purchases
from minsim.kernel.trading import contract_pass, learn_orders, re_source, spot_pass


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
    for p in all_products(st):
        st.value[ProductRow.TOTAL, p] = product_total(st, p)
    day = a
    while day < b:
        open_day(st)
        arrive(st, day)  # phase 2
        produce(st)  # phase 3
        set_demand(st)  # phase 4
        consume(st)
        noticed = release(st)
        plan_purchases(st)  # phase 5, downstream products first
        set_caps(st)
        for p in all_products(st):
            contract_pass(st, p, day)
            spot_pass(st, p, day)
            learn_orders(st, p)
            re_source(st, p, day)
        buy_for_stockpiles(st, day)  # phase 6
        set_prices(st)  # phase 7
        noticed = end_releases(st) or noticed  # phase 8
        record(st, day)
        broken = check_nodes(st, day)
        broken = check_products(st, day) or broken
        grow(st)
        day += 1
        if noticed or broken:
            break
    check_transit(st, day - 1)
    return day
