"""Columns of the daily record, `State.daily`: the fields of every sector, then of every consumer, then of every holding."""

from __future__ import annotations

from enum import IntEnum


class SectorDay(IntEnum):
    """Columns of a sector's day in the record [t]."""

    DEMAND = 0
    """Demand at the reference price, or at today's where a low price adds to it."""
    CONSUMED = 1
    SHORTFALL = 2
    """Demand at today's price that was not met; it is lost."""
    DESTROYED = 3
    """Demand given up to the price."""
    FROM_STOCKPILE = 4
    """Part of consumption that came from stockpiles."""


class ConsumerDay(IntEnum):
    """Columns of a consumer region's day in the record."""

    CLOSING_STOCK = 0
    """Commercial stock at the end of the day [t]."""
    PRICE = 1
    """`ConsumerRow.PRICE` [USD/kg]."""
    SPOT_PRICE = 2
    """`ConsumerRow.SPOT_PRICE` [USD/kg]."""
    MARKET_PRICE = 3
    """`ConsumerRow.MARKET_PRICE` [USD/kg]."""


class HoldingDay(IntEnum):
    """Columns of a holding's day in the record."""

    CLOSING_STOCK = 0
    """Stock at the end of the day [t]."""
    BOUGHT = 1
    """Bought and shipped [t]."""
    RELEASED = 2
    """Released [t]."""
    SPENT = 3
    """Spent [USD]."""


SECTOR_FIELDS, CONSUMER_FIELDS, HOLDING_FIELDS = len(SectorDay), len(ConsumerDay), len(HoldingDay)
