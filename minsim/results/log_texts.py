"""The log in words, for readers; no measure is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minsim.simulation.log import LogEntry, LogKind

if TYPE_CHECKING:
    from minsim.network.network import Network

WHAT: Mapping[LogKind, str] = {
    LogKind.NOTE: "{text}",
    LogKind.CURB_ANNOUNCED: "curb is announced; stock targets x {factor:g}",
    LogKind.CUT_BEGINS: "curb begins: {share:.0%} of {actor}'s baseline trade is held back",
    LogKind.QUOTA_BEGINS: "curb begins: {actor} lets {t_per_year:,.0f} t a year pass",
    LogKind.LICENSING_BEGINS: "curb begins: {actor} licenses exports",
    LogKind.CURB_ENDS: "curb ends",
    LogKind.QUOTA_PERIOD_OPENS: "a quota period opens with {tonnes:,.0f} t",
    LogKind.GENERAL_LICENCES_OPEN: "general licences open {share:.0%} of the licensed trade",
    LogKind.OUTAGE_BEGINS: "outage begins: {share:.0%} of capacity is left",
    LogKind.OUTAGE_ENDS: "outage ends",
    LogKind.PROJECT_DECIDED: "the project is decided: {price_usd_per_kg:g} USD/kg held for {days} days",
    LogKind.CAPACITY_BEGINS: "new capacity of {t_per_year:,.0f} t a year begins to come on stream",
    LogKind.PANDEMIC_BEGINS: "pandemic begins",
    LogKind.PANDEMIC_ENDS: "pandemic ends",
    LogKind.DEMAND_MOVES: "demand moves to {factor:g} times itself",
    LogKind.DEMAND_SHOCK_ENDS: "the demand shock ends",
    LogKind.CHOKEPOINT_BEGINS: "lanes take {days} days longer and carry {share:.0%} of baseline trade",
    LogKind.CHOKEPOINT_ENDS: "lanes are free again",
    LogKind.BLOC_BEGINS: "members serve each other first",
    LogKind.FLOOR_BEGINS: "a floor of {price_usd_per_kg:g} USD/kg holds",
    LogKind.FLOOR_ENDS: "the floor ends",
    LogKind.DUTY_BEGINS: "a duty of {share:.0%} applies",
    LogKind.DUTY_ENDS: "the duty ends",
    LogKind.FLOOD_BEGINS: "{actor} floods the market to hold the price at -{share:.0%}",
    LogKind.FLOOD_FALLS_SHORT: "capacity no longer suffices to hold the price at -{share:.0%}",
    LogKind.FLOOD_SUFFICES: "capacity suffices again to hold the price at -{share:.0%}",
    LogKind.FLOOD_ENDS: "the flood ends",
    LogKind.MOTHBALLED: "mothballed: below cash cost of {price_usd_per_kg:g} USD/kg for {days} days",
    LogKind.RESTART_DECIDED: "restart decided above {price_usd_per_kg:g} USD/kg",
    LogKind.RESTARTED: "restarted",
    LogKind.RELEASE_TRIGGERED: "release is triggered",
    LogKind.RELEASE_AUTHORISED: "release is authorised",
    LogKind.RELEASE_ENDS: "commercial stocks are restored; release ends",
}
"""What happened, with the fields of a `LogEntry` filled in."""

COUNTED: Mapping[LogKind, str] = {
    LogKind.CURB_ANNOUNCED: "buyers",
    LogKind.DEMAND_MOVES: "end uses",
    LogKind.DEMAND_SHOCK_ENDS: "end uses",
}
"""Whom an entry concerns where it counts them instead of naming them."""

UNNAMED: Mapping[LogKind, str] = {
    LogKind.CUT_BEGINS: "nobody",
    LogKind.QUOTA_BEGINS: "nobody",
    LogKind.LICENSING_BEGINS: "nobody",
    LogKind.CURB_ENDS: "nobody",
    LogKind.PANDEMIC_BEGINS: "everywhere",
}
"""Whom an entry concerns where it names nobody."""


def what_happened(entry: LogEntry) -> str:
    """What happened, in words."""
    return WHAT[entry.kind].format_map(vars(entry))


def to_whom(entry: LogEntry, network: Network) -> str:
    """Whom it concerns: names, a number of them, or the owner and the product of a strategic stock."""
    if entry.holding is not None:
        label = network.holdings[entry.holding]
        return f"{label.owner}: {label.material}/{label.stage}"
    if entry.kind in COUNTED:
        return f"{entry.count} {COUNTED[entry.kind]}"
    return ", ".join(entry.whom) or UNNAMED.get(entry.kind, "")
