"""The books once more, from what a probe saw: nothing but stocks and what is at sea, and the recipes of the chain.

The kernel checks itself with its own counters; here the day's use of inputs must also be what the day's output takes, and
consumption in the record must be what left the stocks.
"""

from __future__ import annotations

import numpy as np
from simulation.events.builders import Probe

from minsim.kernel.rows import (
    COUNT,
    ArcRow,
    BuyerIndex,
    BuyerRow,
    ConsumerIndex,
    Count,
    ItemIndex,
    ItemRow,
    PermitIndex,
    PermitRow,
    ProductIndex,
    SellerRow,
)
from minsim.kernel.state import NOTHING
from minsim.simulation.engine import Record


def audit(record: Record, probe: Probe) -> None:
    """Check stocks, recipes, the record and the permits of a run, day by day."""
    assert probe.world is not None
    check_stocks(record, probe)
    check_recipes(probe)
    check_record(record, probe)
    check_permits(probe)


def check_stocks(record: Record, probe: Probe) -> None:
    """World stock of every product: yesterday's, and what was made or fell as scrap, less what was used."""
    index = probe.indices[0]
    network = record.network
    output, used, arrived = (probe.closing(row) for row in (SellerRow.OUTPUT, BuyerRow.USED, BuyerRow.ARRIVED))
    seller_stock = np.array([value[SellerRow.STOCK] for value in probe.mornings])
    buyer_stock = np.array([value[BuyerRow.STOCK] for value in probe.mornings])
    at_sea = np.array(probe.at_sea)
    assert (seller_stock >= 0.0).all()
    assert (buyer_stock >= 0.0).all()
    assert (at_sea >= 0.0).all()
    for p, (_, stage) in enumerate(network.products):
        s, b = (
            slice(*index[row, p : p + 2].astype(int)) for row in (ProductIndex.FIRST_SELLER, ProductIndex.FIRST_BUYER)
        )
        arcs = slice(*(int(index[BuyerIndex.FIRST_ARC, v]) for v in (b.start, b.stop)))
        world = seller_stock[:, s].sum(1) + buyer_stock[:, b].sum(1) + at_sea[:, arcs].sum(1)
        come = output[:, s].sum(1) + (arrived[:, b].sum(1) if stage.endswith(" scrap") else 0.0)
        off = np.diff(world) - come + used[:, b].sum(1)
        assert np.abs(off).max() <= 1e-9 * (world.max() + come.max())


def check_recipes(probe: Probe) -> None:
    """A producer uses of every input what its output takes (but for released intermediates, which by-pass one stock)."""
    index = probe.indices[0]
    made = probe.closing(SellerRow.OUTPUT) + probe.closing(SellerRow.OUTPUT_FROM_RELEASES)
    straight = probe.closing(SellerRow.OUTPUT)
    used, coefficient = probe.closing(BuyerRow.USED), probe.mornings[0][BuyerRow.COEFFICIENT]
    for v in range(int(index[COUNT, Count.BUYERS])):
        i = int(index[BuyerIndex.PRODUCER, v])
        if i != int(NOTHING):
            assert (used[:, v] <= made[:, i] * coefficient[v] * (1 + 1e-9) + 1e-9).all()
            assert (used[:, v] >= straight[:, i] * coefficient[v] * (1 - 1e-9) - 1e-9).all()


def check_record(record: Record, probe: Probe) -> None:
    """Demand = consumed + shortfall + destroyed; consumption left the commercial stock or a stockpile."""
    demand, consumed, short, destroyed, released = np.moveaxis(record.sector, 2, 0)
    np.testing.assert_allclose(consumed + short + destroyed, demand, rtol=1e-12, atol=1e-12)
    assert (short >= 0.0).all()
    assert (short <= demand).all()
    used = probe.closing(BuyerRow.USED)
    for c, v in enumerate(probe.indices[0][ConsumerIndex.BUYER, : len(record.network.consumers)].astype(int)):
        own = [k for k, s in enumerate(record.network.sectors) if s.consumer == c]
        drawn = (consumed - released)[:, own].sum(1)
        np.testing.assert_allclose(used[:, v], drawn, rtol=1e-9, atol=1e-8 * (1.0 + demand.max()))


def check_permits(probe: Probe) -> None:
    """What an arc under permits carries: never more than its free tonnes and the purse as it stood that morning."""
    for before, after, index in zip(probe.mornings[:-1], probe.mornings[1:], probe.indices[:-1], strict=True):
        for g in range(int(index[COUNT, Count.PERMITS])):
            first, end = index[PermitIndex.FIRST_ARC, g : g + 2].astype(int)
            if before[PermitRow.ACTIVE, g] > 0.0:
                arcs = index[ItemIndex.PERMIT_ARC, first:end].astype(int)
                beyond = np.maximum(0.0, after[ArcRow.SHIPPED, arcs] - before[ItemRow.PERMIT_FREE, first:end])
                assert beyond.sum() <= before[PermitRow.BALANCE, g] * (1 + 1e-9) + 1e-9
