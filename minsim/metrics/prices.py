"""Metrics of prices, by consumer: peak spot price, value added at risk, cost of floors, tariff revenue, leakage premium.

Pure functions of a `Record`. A shortfall is valued at the volume-weighted price; a floor at spot, which it raises first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from minsim.kernel.daily_record import ConsumerDay
from minsim.metrics.consumers import (
    CONSUMED,
    KG_PER_TONNE,
    SHORTFALL,
    FloatArray,
    consumer_flows_t,
    reference_price_usd_per_kg,
)
from minsim.scenario.format.events import ExportCurb, PriceFloor, Tariff

if TYPE_CHECKING:
    from minsim.network.network import Network
    from minsim.scenario.event_dates import ScheduledEvent
    from minsim.simulation.engine import Record

E = TypeVar("E", ExportCurb, PriceFloor, Tariff)

SPOT, MARKET = ConsumerDay.SPOT_PRICE, ConsumerDay.MARKET_PRICE
"""Columns of `Record.consumer`: spot price paid, with floor and duty; spot price of the zone [USD/kg]."""

PRICE_UNITS: Mapping[str, str] = {
    "peak_spot_price_ratio": "ratio",
    "value_added_at_risk_usd": "usd",
    "consumer_cost_of_floor_usd": "usd",
    "tariff_revenue_usd": "usd",
}
"""Metrics of a region's use of a material, with their units."""


def keeps_market_prices(record: Record) -> bool:
    """Whether a record has the columns of spot and market prices."""
    return bool(record.consumer.shape[2] > MARKET)


def measure_prices(record: Record) -> dict[str, FloatArray]:
    """Every metric of every consumer.

    Returns
    -------
    dict of str to ndarray, shape (n_consumers,)
        The keys of `PRICE_UNITS`. `nan`: not applicable (no price model, or no value added given).
    """
    consumers = record.network.consumers
    by_material = {c.material: reference_price_usd_per_kg(record.network, c.material) for c in consumers}
    reference = np.array([by_material[c.material] for c in consumers])
    return {
        "peak_spot_price_ratio": record.consumer[:, :, SPOT].max(axis=0) / reference,
        "value_added_at_risk_usd": value_added_at_risk_usd(record),
        "consumer_cost_of_floor_usd": floor_cost_usd(record).sum(axis=0),
        "tariff_revenue_usd": tariff_revenue_usd(record).sum(axis=0),
    }


def leakage_premium(record: Record) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """What users paid above the reference for leaked goods, by consumer [USD], and its unit; empty without a premium."""
    network = record.network
    premiums = _leakage_premiums(network)
    if not any(premiums.values()):
        return {}, {}
    tonnes = record.leaked.sum(axis=0)
    paid = np.zeros(len(network.consumers))
    places = {(c.material, c.region): index for index, c in enumerate(network.consumers)}
    for arc, leaked in zip(network.arcs, tonnes, strict=True):
        index = places.get((arc.material, arc.user))
        if index is not None and arc.kind == "consumer":
            reference = reference_price_usd_per_kg(network, arc.material)
            paid[index] += leaked * KG_PER_TONNE * reference * premiums.get((arc.seller_country, arc.material), 0.0)
    return {"leakage_premium_usd": paid}, {"leakage_premium_usd": "usd"}


def _leakage_premiums(network: Network) -> dict[tuple[str, str], float]:
    """Highest price premium of leaked goods by exporter and material [fraction]."""
    premiums: dict[tuple[str, str], float] = {}
    for scheduled, curb in _events(network, ExportCurb):
        if curb.leakage is not None:
            premium = network.draws.number(curb.leakage.premium, f"events.{scheduled.event}.leakage.premium")
            names = sorted(network.scenario.model.materials) if curb.materials == "all" else curb.materials
            for exporter in network.reader.regions_of(curb.exporter):
                for name in names:
                    premiums[exporter, name] = max(premium, premiums.get((exporter, name), 0.0))
    return premiums


def spot_price_usd_per_kg(record: Record) -> FloatArray:
    """Spot price each consumer pays on each day, floor and duty included [USD/kg]; `nan` where the record keeps none."""
    if record.consumer.shape[2] <= SPOT:
        return np.full(record.consumer.shape[:2], np.nan)
    return np.asarray(record.consumer[:, :, SPOT])


def value_added_at_risk_usd(record: Record) -> FloatArray:
    """Value added that rests on the tonnes missing, by consumer [USD]; `nan` where no end use gives one."""
    at_risk = np.full(len(record.network.consumers), np.nan)
    for label, value in zip(record.network.sectors, sector_value_added_at_risk_usd(record), strict=True):
        if not math.isnan(value):
            at_risk[label.consumer] = np.nansum([at_risk[label.consumer], value])
    return at_risk


def sector_value_added_at_risk_usd(record: Record) -> FloatArray:
    """Value added that rests on the tonnes missing, by sector of a consumer [USD]; `nan` where none is given."""
    network = record.network
    at_risk = np.full(len(network.sectors), np.nan)
    for index, label in enumerate(network.sectors):
        given = network.scenario.model.materials[label.material].consumers[label.region].sectors.get(label.sector)
        if given is None or given.value_added_usd_per_t is None:
            continue
        path = f"materials.{label.material}.consumers.{label.region}.sectors.{label.sector}.value_added_usd_per_t"
        usd_per_t = network.draws.number(given.value_added_usd_per_t, path)
        at_risk[index] = usd_per_t * record.sector[:, index, SHORTFALL].sum()
    return at_risk


def floor_cost_usd(record: Record) -> FloatArray:
    """What a minimum price adds to what is consumed, by day and consumer [USD]; `nan` where prices are off.

    Spot against spot: tonnes consumed x (floor - market price of the zone), where the floor is the higher.
    """
    market = record.consumer[:, :, MARKET]
    above = np.maximum(floors_usd_per_kg(record) - market, 0.0)
    return np.asarray(KG_PER_TONNE * consumer_flows_t(record)[:, :, CONSUMED] * above)


def floors_usd_per_kg(record: Record) -> FloatArray:
    """Highest minimum price that holds on each day for each consumer, 0 without one [USD/kg]."""
    network = record.network
    floors = np.zeros(record.consumer.shape[:2])
    for scheduled, event in _events(network, PriceFloor):
        price = network.reader.number(event.price_usd_per_kg, f"events.{scheduled.event}.price_usd_per_kg")
        members = set(network.reader.regions_of(event.bloc))
        for c, label in enumerate(network.consumers):
            if label.place in members and (event.materials == "all" or label.material in event.materials):
                days = _days(scheduled, network.days)
                floors[days, c] = np.maximum(floors[days, c], price)
    return floors


def tariff_revenue_usd(record: Record) -> FloatArray:
    """Customs revenue of each month and consumer, from duties and from the tariff that keeps a floor [USD].

    Tonnes shipped in the month x the month's mean charge: on goods from outside the bloc what lifts the market price to the
    floor, and the duty on the price so reached. `nan` where prices are off.
    """
    network = record.network
    market, floors = record.consumer[:, :, MARKET], floors_usd_per_kg(record)
    border = np.maximum(market, floors)
    months = month_of_day(network)
    revenue = np.where(np.isnan(market).any(axis=0), np.nan, np.zeros((len(network.months), len(network.consumers))))
    place = {(label.material, label.region): c for c, label in enumerate(network.consumers)}
    shipped = record.trade + record.leaked
    for a, arc in enumerate(network.arcs):
        c = place.get((arc.material, arc.user))
        if c is None or arc.kind != "consumer" or arc.seller_country == arc.buyer_region or not shipped[:, a].any():
            continue
        charge = np.zeros(network.days)
        for scheduled in _floors_at_border(network, arc.material, arc.seller_country, arc.buyer_region):
            days = _days(scheduled, network.days)
            charge[days] = (border - market)[days, c]
        for scheduled, rate in _duties(network, arc.material, arc.seller_country, arc.buyer_region):
            charge[_days(scheduled, network.days)] += rate * border[_days(scheduled, network.days), c]
        mean = np.bincount(months, charge) / np.bincount(months)
        revenue[:, c] += KG_PER_TONNE * shipped[:, a] * mean
    return revenue


def month_of_day(network: Network) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Month of each day of the run, counted from 0."""
    days = np.datetime64(network.start) + np.arange(network.days)
    return np.asarray(np.unique(days.astype("datetime64[M]"), return_inverse=True)[1], dtype=np.intp)


def _floors_at_border(network: Network, material: str, seller: str, buyer: str) -> Iterator[ScheduledEvent]:
    """Floors that the buyer keeps and the seller is no member of."""
    for scheduled, event in _events(network, PriceFloor):
        members = network.reader.regions_of(event.bloc)
        if buyer in members and seller not in members and (event.materials == "all" or material in event.materials):
            yield scheduled


def _duties(network: Network, material: str, seller: str, buyer: str) -> Iterator[tuple[ScheduledEvent, float]]:
    for scheduled, event in _events(network, Tariff):
        exporters = None if event.exporters == "all" else network.reader.expand(event.exporters)
        meant = buyer in network.reader.regions_of(event.importer) and (exporters is None or seller in exporters)
        if meant and (event.materials == "all" or material in event.materials):
            yield scheduled, network.reader.number(event.rate, f"events.{scheduled.event}.rate")


def _events(network: Network, kind: type[E]) -> Iterator[tuple[ScheduledEvent, E]]:
    for scheduled in network.events:
        if isinstance(scheduled.model, kind):
            yield scheduled, scheduled.model


def _days(scheduled: ScheduledEvent, days: int) -> slice:
    return slice(
        max(0, scheduled.start_day), days if scheduled.end_day is None else min(max(0, scheduled.end_day), days)
    )
