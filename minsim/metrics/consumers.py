"""Metrics of each consumer region: when it runs short, by how much, for how long, and what that costs.

Pure functions of a `Record`, in numpy only: cheap enough for an ensemble of thousands. Dates are day numbers, and `nan`
means not applicable; `minsim.metrics.rows` turns them into dates and None.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from minsim.kernel import constants
from minsim.kernel.daily_record import ConsumerDay, HoldingDay, SectorDay
from minsim.metrics.disturbances import acting_disturbances

if TYPE_CHECKING:
    from minsim.network.network import Network
    from minsim.network.node_index import ConsumerInfo
    from minsim.scenario.event_dates import ScheduledEvent
    from minsim.simulation.engine import Record


FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

DEMAND, CONSUMED, SHORTFALL, DESTROYED, FROM_STOCKPILE = SectorDay
"""Columns of `Record.sector` [t]."""
STOCK, PRICE = ConsumerDay.CLOSING_STOCK, ConsumerDay.PRICE
"""Columns of `Record.consumer` [t], [USD/kg]."""
CLOSING, BOUGHT, RELEASED, SPENT = HoldingDay
"""Columns of `Record.holding` [t], [t], [t], [USD]."""

SHORT_TOLERANCE = constants.NEGLIGIBLE
"""A day is short when shortfall exceeds this fraction of demand (model, "A day")."""
RECOVERED_FRACTION = constants.RECOVERED_FRACTION
"""Commercial stock counts as recovered from this fraction of its target on."""
DAYS_PER_YEAR = 365.25
KG_PER_TONNE = 1000.0

REROUTINGS = ("none", "reference", "free")
"""Rerouting behaviours of the bracket, from least to most."""

CONSUMER_UNITS: Mapping[str, str] = {
    "onset_date": "date",
    "last_date_to_act": "date",
    "shortfall_t": "t",
    "shortfall_days": "days",
    "peak_shortfall_fraction": "fraction",
    "duration_days": "days",
    "fill_rate": "fraction",
    "time_to_survive_days": "days",
    "time_to_recover_days": "days",
    "destroyed_t": "t",
    "from_stockpile_t": "t",
    "leaked_t": "t",
    "min_commercial_cover_days": "days",
    "peak_price_ratio": "ratio",
    "value_of_shortfall_usd": "usd",
}
"""Metrics of a region's use of a material, with their units."""


# ----------------------------------------------------------------------------------------------------- daily series


def consumer_flows_t(record: Record) -> FloatArray:
    """Daily flows of each consumer, summed over its sectors.

    Returns
    -------
    ndarray, shape (days, n_consumers, 5)
        Demand, consumed, shortfall, destroyed, from stockpile [t].
    """
    network = record.network
    flows = np.zeros((record.sector.shape[0], len(network.consumers), record.sector.shape[2]))
    for index, sector in enumerate(network.sectors):
        flows[:, sector.consumer] += record.sector[:, index]
    return flows


def is_short(flows_t: FloatArray) -> BoolArray:
    """Days on which each consumer is short, shape (days, n_consumers)."""
    return np.asarray(flows_t[:, :, SHORTFALL] > SHORT_TOLERANCE * flows_t[:, :, DEMAND])


def shortfall_fraction(flows_t: FloatArray) -> FloatArray:
    """Shortfall / demand of each day and consumer [fraction], 0 without demand; shape (days, n_consumers)."""
    demand = flows_t[:, :, DEMAND]
    return np.asarray(np.divide(flows_t[:, :, SHORTFALL], demand, out=np.zeros_like(demand), where=demand > 0))


def growth_factor(network: Network) -> FloatArray:
    """Demand of each day / demand of day 0, by growth alone; shape (days, n_consumers)."""
    return _growth(tuple(consumer.growth_per_year for consumer in network.consumers), network.days)


@lru_cache(maxsize=8)
def _growth(rates_per_year: tuple[float, ...], days: int) -> FloatArray:
    base = 1.0 + np.array(rates_per_year, dtype=float)
    factor: FloatArray = base[None, :] ** (np.arange(days)[:, None] / DAYS_PER_YEAR)
    factor.flags.writeable = False
    return factor


def commercial_cover_days(record: Record) -> FloatArray:
    """Closing commercial stock in days of use [days]: stock / (day-0 use x growth); shape (days, n_consumers)."""
    return _ratio(record.consumer[:, :, STOCK], growth_factor(record.network) * _daily_use_t(record.network.consumers))


def strategic_cover_days(record: Record) -> FloatArray:
    """Closing strategic stock in days of its owner's day-0 use [days]; shape (days, n_holdings), `nan` without use."""
    stock = record.holding[:, :, CLOSING]
    use = np.array([holding.use_t_per_day for holding in record.network.holdings], dtype=float)
    return _ratio(stock, np.broadcast_to(use, stock.shape))


# ---------------------------------------------------------------------------------------------------------- metrics


def measure_consumers(record: Record) -> dict[str, FloatArray]:
    """Every metric of every consumer.

    Returns
    -------
    dict of str to ndarray, shape (n_consumers,)
        The keys of `CONSUMER_UNITS`; dates are day numbers. `nan`: not applicable.
    """
    network = record.network
    flows = consumer_flows_t(record)
    totals, short = flows.sum(axis=0), is_short(flows)
    onset = first_day(short)
    use = _daily_use_t(network.consumers)
    disturbances = [acting_disturbances(network, consumer.material) for consumer in network.consumers]
    leaked = leaked_t(record)
    return {
        "onset_date": onset,
        "last_date_to_act": onset - warning_days(network),
        "shortfall_t": totals[:, SHORTFALL],
        "shortfall_days": _ratio(totals[:, SHORTFALL], use),
        "peak_shortfall_fraction": shortfall_fraction(flows).max(axis=0),
        "duration_days": short.sum(axis=0).astype(float),
        "fill_rate": _ratio(totals[:, CONSUMED], totals[:, DEMAND]),
        "time_to_survive_days": onset - [_first_start(events) for events in disturbances],
        "time_to_recover_days": _time_to_recover_days(record, short, disturbances),
        "destroyed_t": totals[:, DESTROYED],
        "from_stockpile_t": totals[:, FROM_STOCKPILE],
        "leaked_t": np.array([leaked[consumer.material, consumer.region] for consumer in network.consumers]),
        "min_commercial_cover_days": commercial_cover_days(record).min(axis=0),
        **_price_measures(record, flows),
    }


def sector_days_lost(record: Record) -> FloatArray:
    """Shortfall of each sector in days of its use [days], 0 within tolerance; shape (n_sectors,), `nan` without use."""
    totals = record.sector.sum(axis=0)
    use = np.array([sector.daily_use_t for sector in record.network.sectors], dtype=float)
    lost = np.where(totals[:, SHORTFALL] > SHORT_TOLERANCE * totals[:, DEMAND], totals[:, SHORTFALL], 0.0)
    return _ratio(lost, use)


def leaked_t(record: Record) -> defaultdict[tuple[str, str], float]:
    """Leakage around curbs by material, whatever its stage, and region of the user [t]."""
    tonnes: defaultdict[tuple[str, str], float] = defaultdict(float)
    sent = record.leaked.sum(axis=0)
    for index in np.flatnonzero(sent):
        arc = record.network.arcs[index]
        tonnes[arc.material, arc.user] += float(sent[index])
    return tonnes


def first_day(happens: BoolArray) -> FloatArray:
    """First day on which each column is true, `nan` if never."""
    return np.where(happens.any(axis=0), happens.argmax(axis=0), np.nan)


def warning_days(network: Network) -> FloatArray:
    """Days from a decision to goods in use, by consumer: longest release authorisation plus import lead time [days]."""
    delivery = [consumer.import_lead_days for consumer in network.consumers]
    return np.array([authorisation_days(network, i) + days for i, days in enumerate(delivery)], dtype=float)


def authorisation_days(network: Network, consumer: int) -> float:
    """Longest release authorisation of the stockpiles that serve a consumer, 0 without one [days]."""
    days = [holding.authorisation_days for holding in network.holdings if consumer in holding.serves]
    return float(max(days, default=0))


def reference_price_usd_per_kg(network: Network, material: str) -> float:
    """Price of the steady state, as drawn for this replication [USD/kg]; `nan` if the scenario gives none."""
    return network.reader.reference_price_usd_per_kg(material)


def _daily_use_t(consumers: Sequence[ConsumerInfo]) -> FloatArray:
    return np.array([consumer.daily_use_t for consumer in consumers], dtype=float)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0))


def _first_start(events: Sequence[ScheduledEvent]) -> float:
    return min((float(event.start_day) for event in events), default=math.nan)


def _last_end(events: Sequence[ScheduledEvent], days: int) -> float:
    """First free day of the last event that ends within the run, `nan` without one."""
    ends = (float(event.end_day) for event in events if event.end_day is not None and event.end_day < days)
    return max(ends, default=math.nan)


def _time_to_recover_days(record: Record, short: BoolArray, disturbances: list[list[ScheduledEvent]]) -> FloatArray:
    network = record.network
    target = np.array([c.stock_target_t for c in network.consumers], dtype=float) * growth_factor(network)
    away = short | (record.consumer[:, :, STOCK] < RECOVERED_FRACTION * target)
    back = (len(away) - away[::-1].argmax(axis=0)).astype(float)
    back[back == len(away)] = np.nan
    since_end = np.maximum(back - [_last_end(events, network.days) for events in disturbances], 0.0)
    never_left = np.where([len(events) > 0 for events in disturbances], 0.0, np.nan)
    return np.where(away.any(axis=0), since_end, never_left)


def _price_measures(record: Record, flows_t: FloatArray) -> dict[str, FloatArray]:
    network, consumers = record.network, record.network.consumers
    price, shortfall = record.consumer[:, :, PRICE], flows_t[:, :, SHORTFALL]
    by_material = {c.material: reference_price_usd_per_kg(network, c.material) for c in consumers}
    reference = np.array([by_material[c.material] for c in consumers])
    # Without a price model prices are nan: the shortfall is valued at the reference price.
    paid = np.where(np.isnan(price), reference, price)
    return {
        "peak_price_ratio": price.max(axis=0) / reference,
        "value_of_shortfall_usd": KG_PER_TONNE * (shortfall * paid).sum(axis=0),
    }
