"""Phase 7: prices move a day towards their targets, and tomorrow's demand answers."""

from __future__ import annotations

import math

from minsim.kernel.compiling import Index, phase
from minsim.kernel.lists import all_consumers, sectors_of_consumer
from minsim.kernel.rows import COUNT, ConsumerIndex, ConsumerRow, Count, SectorRow, ZoneRow
from minsim.kernel.state import NOTHING, State


@phase
def set_regional_price(st: State, c: Index, z: Index) -> None:
    """What region `c` of zone `z` pays, and how its end uses answer."""
    reference, contracted = st.value[ConsumerRow.REFERENCE_PRICE, c], st.value[ConsumerRow.CONTRACTED_SHARE, c]
    floor, duty = st.value[ConsumerRow.PRICE_FLOOR, c], 1.0 + st.value[ConsumerRow.DUTY, c]
    market = math.exp(st.value[ZoneRow.LOG_PRICE, z]) * reference
    spot = max(market, floor) * duty
    contract = max(st.value[ZoneRow.CONTRACT_PRICE, z] * reference, floor) * duty
    st.value[ConsumerRow.MARKET_PRICE, c] = market
    st.value[ConsumerRow.SPOT_PRICE, c] = spot
    st.value[ConsumerRow.PRICE, c] = contracted * contract + (1.0 - contracted) * spot
    for k in sectors_of_consumer(st, c):
        response = math.pow(spot / reference, -st.value[SectorRow.ELASTICITY, k])
        st.value[SectorRow.PRICE_FACTOR, k] = max(st.value[SectorRow.ESSENTIAL_SHARE, k], response)


@phase
def set_prices(st: State) -> None:
    """Phase 7: spot prices follow their weekly targets in logarithms, contract prices lag behind."""
    for z in range(st.index[COUNT, Count.ZONES]):
        away = st.value[ZoneRow.LOG_TARGET, z] - st.value[ZoneRow.LOG_PRICE, z]
        st.value[ZoneRow.LOG_PRICE, z] += away / st.value[ZoneRow.ADJUSTMENT_DAYS, z]
        lag = math.exp(st.value[ZoneRow.LOG_PRICE, z]) - st.value[ZoneRow.CONTRACT_PRICE, z]
        st.value[ZoneRow.CONTRACT_PRICE, z] += lag / st.value[ZoneRow.CONTRACT_LAG_DAYS, z]
    if st.index[COUNT, Count.ZONES] > 0:
        for c in all_consumers(st):
            if st.index[ConsumerIndex.ZONE, c] != NOTHING:
                set_regional_price(st, c, st.index[ConsumerIndex.ZONE, c])
