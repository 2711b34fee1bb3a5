"""Which nodes belong together: the compressed lists of the packed state, as ranges to loop over.

The items of node n are `first[n] ... first[n + 1] - 1` of a row `FIRST_*`. Some of these are nodes themselves; others are
entries, whose nodes and amounts stand in the rows of `ItemIndex` and `ItemRow`.

The letters of nodes are the same throughout the kernel: `a` an arc, `c` a consumer region, `g` a permit balance, `h` a
holding, `i` a seller, `j` an entry of a list, `k` a sector, `p` a product, `s` a stockpile or a step, `v` a buyer, `z` a
price zone.
"""

from __future__ import annotations

from minsim.kernel.compiling import Index, phase
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    BuyerIndex,
    ConsumerIndex,
    Count,
    HoldingIndex,
    PermitIndex,
    ProductIndex,
    RouteIndex,
    SellerIndex,
    StepIndex,
)
from minsim.kernel.state import State

# --------------------------------------------------------------------------------------------------------------- all


@phase
def all_sellers(st: State) -> range:
    """Every seller, by product."""
    return range(st.index[COUNT, Count.SELLERS])


@phase
def all_buyers(st: State) -> range:
    """Every buyer, by product."""
    return range(st.index[COUNT, Count.BUYERS])


@phase
def all_arcs(st: State) -> range:
    """Every arc, by buyer."""
    return range(st.index[COUNT, Count.ARCS])


@phase
def all_sectors(st: State) -> range:
    """Every sector, by consumer."""
    return range(st.index[COUNT, Count.SECTORS])


@phase
def all_consumers(st: State) -> range:
    """Every consumer region."""
    return range(st.index[COUNT, Count.CONSUMERS])


@phase
def all_products(st: State) -> range:
    """Every product, downstream first."""
    return range(st.index[COUNT, Count.PRODUCTS])


@phase
def all_holdings(st: State) -> range:
    """Every holding, by stockpile."""
    return range(st.index[COUNT, Count.HOLDINGS])


@phase
def all_permit_balances(st: State) -> range:
    """Every permit balance opened so far."""
    return range(st.index[COUNT, Count.PERMITS])


# --------------------------------------------------------------------------------------------------------- of products


@phase
def sellers_of_product(st: State, p: Index) -> range:
    """Sellers of a product."""
    return range(st.index[ProductIndex.FIRST_SELLER, p], st.index[ProductIndex.FIRST_SELLER, p + 1])


@phase
def buyers_of_product(st: State, p: Index) -> range:
    """Buyers of a product: users, then stockpiles."""
    return range(st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_BUYER, p + 1])


@phase
def users_of_product(st: State, p: Index) -> range:
    """Buyers of a product that use it: consumers and producers."""
    return range(st.index[ProductIndex.FIRST_BUYER, p], st.index[ProductIndex.FIRST_STOCKPILE, p])


@phase
def stockpiles_of_product(st: State, p: Index) -> range:
    """Buyers of a product that are stockpiles."""
    return range(st.index[ProductIndex.FIRST_STOCKPILE, p], st.index[ProductIndex.FIRST_BUYER, p + 1])


# ---------------------------------------------------------------------------------------------- of buyers and sellers


@phase
def arcs_of_buyer(st: State, v: Index) -> range:
    """Arcs into a buyer."""
    return range(st.index[BuyerIndex.FIRST_ARC, v], st.index[BuyerIndex.FIRST_ARC, v + 1])


@phase
def arcs_of_buyers(st: State, buyers: range) -> range:
    """Arcs into buyers that stand in a row."""
    return range(st.index[BuyerIndex.FIRST_ARC, buyers.start], st.index[BuyerIndex.FIRST_ARC, buyers.stop])


@phase
def outgoing_of_seller(st: State, i: Index) -> range:
    """Entries of a seller's arcs."""
    return range(st.index[SellerIndex.FIRST_OUTGOING, i], st.index[SellerIndex.FIRST_OUTGOING, i + 1])


@phase
def inputs_of_producer(st: State, i: Index) -> range:
    """Entries of a producer's inputs."""
    return range(st.index[SellerIndex.FIRST_INPUT, i], st.index[SellerIndex.FIRST_INPUT, i + 1])


@phase
def scrap_of_producer(st: State, i: Index) -> range:
    """Entries of the stocks into which a producer's new scrap falls."""
    return range(st.index[SellerIndex.FIRST_SCRAP, i], st.index[SellerIndex.FIRST_SCRAP, i + 1])


@phase
def sectors_of_consumer(st: State, c: Index) -> range:
    """Sectors of a consumer region, by priority."""
    return range(st.index[ConsumerIndex.FIRST_SECTOR, c], st.index[ConsumerIndex.FIRST_SECTOR, c + 1])


# ------------------------------------------------------------------------------------------ of stockpiles and permits


@phase
def routes_of_holding(st: State, h: Index) -> range:
    """Release routes of a holding, ready goods first."""
    return range(st.index[HoldingIndex.FIRST_ROUTE, h], st.index[HoldingIndex.FIRST_ROUTE, h + 1])


@phase
def watched_by_holding(st: State, h: Index) -> range:
    """Entries of the consumers whose cover a holding watches."""
    return range(st.index[HoldingIndex.FIRST_WATCHED, h], st.index[HoldingIndex.FIRST_WATCHED, h + 1])


@phase
def served_by_route(st: State, route: Index) -> range:
    """Entries of the sectors that a release route may serve."""
    return range(st.index[RouteIndex.FIRST_SERVED, route], st.index[RouteIndex.FIRST_SERVED, route + 1])


@phase
def served_by_holding(st: State, h: Index) -> range:
    """Entries of the sectors that a holding may serve, by route."""
    first, end = st.index[HoldingIndex.FIRST_ROUTE, h], st.index[HoldingIndex.FIRST_ROUTE, h + 1]
    return range(st.index[RouteIndex.FIRST_SERVED, first], st.index[RouteIndex.FIRST_SERVED, end])


@phase
def steps_of_route(st: State, route: Index) -> range:
    """Processing steps of a release route, the one nearest the consumer first."""
    return range(st.index[RouteIndex.FIRST_STEP, route], st.index[RouteIndex.FIRST_STEP, route + 1])


@phase
def producers_of_step(st: State, s: Index) -> range:
    """Entries of the domestic producers that can take a step."""
    return range(st.index[StepIndex.FIRST_PRODUCER, s], st.index[StepIndex.FIRST_PRODUCER, s + 1])


@phase
def siblings_of_arc(st: State, a: Index) -> range:
    """Entries of the users' arcs on the trade route of a stockpile's arc."""
    return range(st.index[ArcIndex.FIRST_SIBLING, a], st.index[ArcIndex.FIRST_SIBLING, a + 1])


@phase
def stockpile_arcs_beside(st: State, a: Index) -> range:
    """Entries of the stockpiles' arcs on the trade route of a stockpile's arc, itself included."""
    return range(st.index[ArcIndex.FIRST_STOCKPILE_ARC, a], st.index[ArcIndex.FIRST_STOCKPILE_ARC, a + 1])


@phase
def arcs_under_permits(st: State, g: Index) -> range:
    """Entries of the arcs that a permit balance covers."""
    return range(st.index[PermitIndex.FIRST_ARC, g], st.index[PermitIndex.FIRST_ARC, g + 1])
