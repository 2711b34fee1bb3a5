"""Codes of the packed state: what a node is doing, and how."""

from __future__ import annotations

from enum import IntEnum


class HoldingState(IntEnum):
    """What a holding is doing."""

    FILLING = 0
    """It buys up to its target."""
    TRIGGERED = 1
    """Release is triggered and waits for authorisation; nothing is bought."""
    AUTHORISED = 2
    """It may be released; nothing is bought."""


class Notice(IntEnum):
    """What happened to a holding on the day just ended; one bit each."""

    NONE = 0
    TRIGGERED = 1
    RECOVERED = 2
    BOTH = 3


class BuyingMode(IntEnum):
    """How a holding buys."""

    SURPLUS = 0
    """It takes what buyers leave."""
    COMPETING = 1
    """It calls on sellers as buyers do."""
    NEVER = 2


class SupplyClass(IntEnum):
    """Classes of buyers, in the order in which a seller short of product serves them."""

    HOME = 0
    """The exporter's own buyers, while it curbs exports with precedence for home."""
    BLOC = 1
    """Members of the seller's trade bloc."""
    OTHERS = 2


class Channel(IntEnum):
    """How goods are shipped."""

    OPENLY = 0
    LEAKING = 1


class Fault(IntEnum):
    """Which books failed to close."""

    NONE = 0
    SELLER = 1
    BUYER = 2
    PRODUCT = 3
    TRANSIT = 4
