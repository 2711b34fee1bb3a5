"""Tables of a run as plain columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minsim.metrics import consumers
from minsim.metrics.prices import spot_price_usd_per_kg
from minsim.results.log_texts import to_whom, what_happened

if TYPE_CHECKING:
    from minsim.network.network import Network
    from minsim.simulation.engine import Record


Columns = dict[str, NDArray[Any]]
"""A table: columns of one length, by name."""


def daily_columns(record: Record) -> Columns:
    """Columns of `daily`, days outermost."""
    network, days = record.network, record.sector.shape[0]
    consumer = np.array([sector.consumer for sector in network.sectors], dtype=np.intp)
    flows = record.sector.reshape(-1, record.sector.shape[2])
    cover = consumers.commercial_cover_days(record)
    return {
        "date": np.repeat(_dates(network), len(network.sectors)),
        **{key: _tiled([getattr(s, key) for s in network.sectors], days) for key in ("material", "region", "sector")},
        "demand_t": flows[:, consumers.DEMAND],
        "consumed_t": flows[:, consumers.CONSUMED],
        "shortfall_t": flows[:, consumers.SHORTFALL],
        "destroyed_t": flows[:, consumers.DESTROYED],
        "from_stockpile_t": flows[:, consumers.FROM_STOCKPILE],
        "commercial_cover_days": cover[:, consumer].ravel(),
        "price_usd_per_kg": record.consumer[:, consumer, consumers.PRICE].ravel(),
        "spot_price_usd_per_kg": spot_price_usd_per_kg(record)[:, consumer].ravel(),
    }


def stockpile_columns(record: Record) -> Columns:
    """Columns of `stockpiles`, days outermost."""
    network, days = record.network, record.holding.shape[0]
    holdings = network.holdings
    return {
        "date": np.repeat(_dates(network), len(holdings)),
        "stockpile": _tiled([holding.stockpile for holding in holdings], days),
        "material": _tiled([holding.material for holding in holdings], days),
        "stock_t": record.holding[:, :, consumers.CLOSING].ravel(),
        "cover_days": consumers.strategic_cover_days(record).ravel(),
        "bought_t": record.holding[:, :, consumers.BOUGHT].ravel(),
        "released_t": record.holding[:, :, consumers.RELEASED].ravel(),
        "spent_usd": record.holding[:, :, consumers.SPENT].ravel(),
    }


def trade_columns(record: Record) -> Columns:
    """Columns of `trade`, months outermost; only lanes that carried something in the run or in baseline trade."""
    network, months = record.network, record.trade.shape[0]
    baseline = np.array([arc.base_flow_t_per_day > 0 for arc in network.arcs], dtype=bool)
    used = np.flatnonzero(record.trade.any(axis=0) | record.leaked.any(axis=0) | baseline)
    arcs = [network.arcs[index] for index in used]
    first = np.datetime64(network.start, "M")
    return {
        "month": np.repeat(first + np.arange(months), len(arcs)),
        **{key: _tiled([getattr(a, key) for a in arcs], months) for key in ("material", "stage", "seller", "buyer")},
        "shipped_t": record.trade[:, used].ravel(),
        "leaked_t": record.leaked[:, used].ravel(),
    }


def event_columns(record: Record) -> Columns:
    """Columns of `events`: the log, in words."""
    days = np.array([entry.day for entry in record.log], dtype="timedelta64[D]")
    return {
        "date": np.datetime64(record.network.start, "D") + days,
        "event": np.array([entry.event for entry in record.log], dtype=object),
        "what": np.array([what_happened(entry) for entry in record.log], dtype=object),
        "whom": np.array([to_whom(entry, record.network) for entry in record.log], dtype=object),
    }


def columns_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    """Columns of rows of texts and numbers; without rows, empty ones."""
    return {
        name: np.array([row[name] for row in rows], dtype=object if rows and isinstance(rows[0][name], str) else float)
        for name in names
    }


def _dates(network: Network) -> NDArray[np.datetime64]:
    days: NDArray[np.datetime64] = np.datetime64(network.start, "D") + np.arange(network.days)
    return days


def _tiled(names: list[str], times: int) -> NDArray[np.object_]:
    return np.tile(np.array(names, dtype=object), times)
