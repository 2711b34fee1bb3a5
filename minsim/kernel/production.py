"""Phases 1 to 3: the day is opened, goods arrive, producers produce."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Index, phase
from minsim.kernel.lists import (
    all_arcs,
    all_buyers,
    all_holdings,
    all_products,
    all_sellers,
    inputs_of_producer,
    scrap_of_producer,
    sellers_of_product,
)
from minsim.kernel.rows import (
    COUNT,
    ArcIndex,
    ArcRow,
    BuyerRow,
    Count,
    HoldingRow,
    ItemIndex,
    ItemRow,
    ProductIndex,
    SellerRow,
)
from minsim.kernel.rules import capacity_now, wanted_output
from minsim.kernel.state import NOTHING, State


@phase
def open_day(st: State) -> None:
    """Phase 1: remember opening stocks and clear the day's counters."""
    for i in all_sellers(st):
        st.value[SellerRow.OPENING_STOCK, i] = st.value[SellerRow.STOCK, i]
        st.value[SellerRow.CALLED, i] = 0.0
        st.value[SellerRow.SPOT_SHIPPED, i] = 0.0
        st.value[SellerRow.STOCKPILE_CALLED, i] = 0.0
        st.value[SellerRow.OUTPUT_FROM_RELEASES, i] = 0.0
        st.value[SellerRow.SHIPPED, i] = 0.0
    for v in all_buyers(st):
        st.value[BuyerRow.OPENING_STOCK, v] = st.value[BuyerRow.STOCK, v]
        st.value[BuyerRow.ARRIVED, v] = 0.0
        st.value[BuyerRow.USED, v] = 0.0
        st.value[BuyerRow.SHIPPED, v] = 0.0
    for a in all_arcs(st):
        st.value[ArcRow.SHIPPED, a] = 0.0
        st.value[ArcRow.LEAKED, a] = 0.0
    for h in all_holdings(st):
        st.value[HoldingRow.RELEASED, h] = 0.0


@phase
def arrive(st: State, day: Index) -> None:
    """Phase 2: shipments due today join the buyer's stock."""
    slot = day % st.ring.shape[0]
    st.index[COUNT, Count.RING_ROW] = slot
    for a in all_arcs(st):
        tonnes = st.ring[slot, a]
        if tonnes > 0.0:
            v = st.index[ArcIndex.BUYER, a]
            st.ring[slot, a] = 0.0
            st.value[ArcRow.IN_TRANSIT, a] = max(0.0, st.value[ArcRow.IN_TRANSIT, a] - tonnes)
            st.value[BuyerRow.STOCK, v] += tonnes
            st.value[BuyerRow.ARRIVED, v] += tonnes


@phase
def use_inputs(st: State, i: Index, output: float, bypassed: Index) -> None:
    """Draw the inputs of `output` tonnes from producer `i`'s stocks, but for the one a released product stands in for."""
    for j in inputs_of_producer(st, i):
        v = st.index[ItemIndex.INPUT_BUYER, j]
        if v != bypassed:
            needed = output * st.value[BuyerRow.COEFFICIENT, v]
            st.value[BuyerRow.STOCK, v] = max(0.0, st.value[BuyerRow.STOCK, v] - needed)
            st.value[BuyerRow.USED, v] += needed


@phase
def inputs_allow(st: State, i: Index, bypassed: Index) -> float:
    """Output that producer `i`'s input stocks allow today [t]."""
    most = np.inf
    for j in inputs_of_producer(st, i):
        v = st.index[ItemIndex.INPUT_BUYER, j]
        if v != bypassed:
            most = min(most, st.value[BuyerRow.STOCK, v] / st.value[BuyerRow.COEFFICIENT, v])
    return most


@phase
def drop_scrap(st: State, i: Index, output: float) -> None:
    """New scrap of `output` tonnes falls into the scrap processors' stocks."""
    for j in scrap_of_producer(st, i):
        tonnes = output * st.value[ItemRow.SCRAP_RATE, j]
        st.value[BuyerRow.STOCK, st.index[ItemIndex.SCRAP_BUYER, j]] += tonnes
        st.value[BuyerRow.ARRIVED, st.index[ItemIndex.SCRAP_BUYER, j]] += tonnes


@phase
def produce(st: State) -> None:
    """Phase 3: output = min(wanted output, capacity, inputs, room in the store, supply at today's price), at least 0."""
    for p in all_products(st):
        for i in sellers_of_product(st, p):
            wanted = wanted_output(st, i, st.value[BuyerRow.ADJUSTMENT_DAYS, st.index[ProductIndex.FIRST_BUYER, p]])
            room = st.value[SellerRow.STORE, i] * st.value[SellerRow.GROWTH, i] - st.value[SellerRow.STOCK, i]
            output = min(min(wanted, capacity_now(st, i)), min(inputs_allow(st, i, np.uint64(NOTHING)), room))
            output = max(0.0, min(output, st.value[SellerRow.SUPPLY_LIMIT, i]))
            st.value[SellerRow.OUTPUT, i] = output
            st.value[SellerRow.STOCK, i] += output
            use_inputs(st, i, output, np.uint64(NOTHING))
    for i in all_sellers(st):
        drop_scrap(st, i, st.value[SellerRow.OUTPUT, i])
