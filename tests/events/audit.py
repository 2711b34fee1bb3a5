"""The books once more, from what a probe saw: nothing but stocks and what is at sea, and the recipes of the chain.

The kernel checks itself with its own counters; here the day's use of inputs must also be what the day's output takes, and
consumption in the record must be what left the stocks.
"""

from __future__ import annotations

import numpy as np
from events.builders import Probe

from minsim import flows as fl
from minsim.engine import Record


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
    output, used, arrived = (probe.closing(row) for row in (fl.SELLER_OUTPUT, fl.BUYER_USED, fl.BUYER_ARRIVED))
    seller_stock = np.array([value[fl.SELLER_STOCK] for value in probe.mornings])
    buyer_stock = np.array([value[fl.BUYER_STOCK] for value in probe.mornings])
    at_sea = np.array(probe.at_sea)
    assert (seller_stock >= 0.0).all()
    assert (buyer_stock >= 0.0).all()
    assert (at_sea >= 0.0).all()
    for p, (_, stage) in enumerate(network.products):
        s, b = (slice(*index[row, p : p + 2].astype(int)) for row in (fl.SELLER_FIRST, fl.BUYER_FIRST))
        arcs = slice(*(int(index[fl.ARC_FIRST, v]) for v in (b.start, b.stop)))
        world = seller_stock[:, s].sum(1) + buyer_stock[:, b].sum(1) + at_sea[:, arcs].sum(1)
        come = output[:, s].sum(1) + (arrived[:, b].sum(1) if stage.endswith(" scrap") else 0.0)
        off = np.diff(world) - come + used[:, b].sum(1)
        assert np.abs(off).max() <= 1e-9 * (world.max() + come.max())


def check_recipes(probe: Probe) -> None:
    """A producer uses of every input what its output takes (but for released intermediates, which by-pass one stock)."""
    index = probe.indices[0]
    made = probe.closing(fl.SELLER_OUTPUT) + probe.closing(fl.SELLER_WORKED_UP)
    straight = probe.closing(fl.SELLER_OUTPUT)
    used, coefficient = probe.closing(fl.BUYER_USED), probe.mornings[0][fl.BUYER_COEFFICIENT]
    for v in range(int(index[fl.COUNT, fl.BUYERS])):
        i = int(index[fl.BUYER_PRODUCER, v])
        if i != int(fl.NOTHING):
            assert (used[:, v] <= made[:, i] * coefficient[v] * (1 + 1e-9) + 1e-9).all()
            assert (used[:, v] >= straight[:, i] * coefficient[v] * (1 - 1e-9) - 1e-9).all()


def check_record(record: Record, probe: Probe) -> None:
    """Demand = consumed + shortfall + destroyed; consumption left the commercial stock or a stockpile."""
    demand, consumed, short, destroyed, released = np.moveaxis(record.sector, 2, 0)
    np.testing.assert_allclose(consumed + short + destroyed, demand, rtol=1e-12, atol=1e-12)
    assert (short >= 0.0).all()
    assert (short <= demand).all()
    used = probe.closing(fl.BUYER_USED)
    for c, v in enumerate(probe.indices[0][fl.CONSUMER_BUYER, : len(record.network.consumers)].astype(int)):
        own = [k for k, s in enumerate(record.network.sectors) if s.consumer == c]
        drawn = (consumed - released)[:, own].sum(1)
        np.testing.assert_allclose(used[:, v], drawn, rtol=1e-9, atol=1e-8 * (1.0 + demand.max()))


def check_permits(probe: Probe) -> None:
    """What an arc under permits carries: never more than its free tonnes and the purse as it stood that morning."""
    for before, after, index in zip(probe.mornings[:-1], probe.mornings[1:], probe.indices[:-1], strict=True):
        for g in range(int(index[fl.COUNT, fl.POOLS])):
            first, end = index[fl.POOL_FIRST, g : g + 2].astype(int)
            if before[fl.POOL_ACTIVE, g] > 0.0:
                arcs = index[fl.POOL_ARC, first:end].astype(int)
                beyond = np.maximum(0.0, after[fl.ARC_SHIPPED, arcs] - before[fl.POOL_FREE, first:end])
                assert beyond.sum() <= before[fl.POOL_BALANCE, g] * (1 + 1e-9) + 1e-9
