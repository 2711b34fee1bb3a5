"""What a run logs: one entry for each thing that happens, in typed fields.

Metrics and explanations use these fields. `minsim.results.log_texts` puts an entry in words, where `events.csv` is written.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto


class LogKind(Enum):
    """What can happen; each member names the fields of `LogEntry` that it fills besides `day` and `event`."""

    NOTE = auto()
    """A user's process writes a line of its own: `text`, `whom`."""

    CURB_ANNOUNCED = auto()
    """Buyers learn of an export curb: `factor` on their stock targets, `count` of buyers."""
    CUT_BEGINS = auto()
    """A ban or cut of exports begins: `actor`, `share` of baseline trade held back, `whom` (importers)."""
    QUOTA_BEGINS = auto()
    """An export quota begins: `actor`, `t_per_year` that may pass, `whom` (importers)."""
    LICENSING_BEGINS = auto()
    """Exports begin to need a licence: `actor`, `whom` (importers)."""
    CURB_ENDS = auto()
    """An export curb is lifted: `whom` (importers)."""
    QUOTA_PERIOD_OPENS = auto()
    """The permits of a quota period are issued: `tonnes`."""
    GENERAL_LICENCES_OPEN = auto()
    """General licences become valid: `share` of the licensed trade."""

    OUTAGE_BEGINS = auto()
    """Producers lose capacity: `share` of it left, `whom` (producers)."""
    OUTAGE_ENDS = auto()
    """Producers have their capacity back: `whom` (producers)."""
    PROJECT_DECIDED = auto()
    """An incentive price has lasted long enough for a project: `price_usd_per_kg`, `days`."""
    CAPACITY_BEGINS = auto()
    """New capacity begins to come on stream: `t_per_year`, `whom` (producers)."""
    PANDEMIC_BEGINS = auto()
    """A pandemic begins: `whom` (countries; none: everywhere)."""
    PANDEMIC_ENDS = auto()
    """A pandemic ends."""

    DEMAND_MOVES = auto()
    """A demand shock begins: `factor` on demand, `count` of end uses."""
    DEMAND_SHOCK_ENDS = auto()
    """A demand shock ends: `count` of end uses."""

    CHOKEPOINT_BEGINS = auto()
    """A passage slows or narrows: `days` of delay, `share` of baseline trade carried, `whom` (lanes)."""
    CHOKEPOINT_ENDS = auto()
    """A passage is free again: `whom` (lanes)."""
    BLOC_BEGINS = auto()
    """Members of a trade bloc begin to serve each other first: `whom` (members)."""

    FLOOR_BEGINS = auto()
    """A price floor begins: `price_usd_per_kg`, `whom` (members)."""
    FLOOR_ENDS = auto()
    """A price floor ends: `whom` (members)."""
    DUTY_BEGINS = auto()
    """A duty begins: `share` of the price, `whom` (importers)."""
    DUTY_ENDS = auto()
    """A duty ends: `whom` (importers)."""
    FLOOD_BEGINS = auto()
    """An exporter begins to flood a market: `actor`, `share` off the reference price, `whom` (materials)."""
    FLOOD_FALLS_SHORT = auto()
    """Capacity no longer suffices for the flood: `share` off the reference price, `whom` (the exporter)."""
    FLOOD_SUFFICES = auto()
    """Capacity suffices for the flood again: `share` off the reference price, `whom` (the exporter)."""
    FLOOD_ENDS = auto()
    """A market flood ends."""

    MOTHBALLED = auto()
    """A producer shuts: `price_usd_per_kg` (its cash cost), `days` below it, `whom` (the producer)."""
    RESTART_DECIDED = auto()
    """A mothballed producer decides to return: `price_usd_per_kg` (its restart price), `whom` (the producer)."""
    RESTARTED = auto()
    """A mothballed producer is back: `whom` (the producer)."""

    RELEASE_TRIGGERED = auto()
    """A release from a stockpile is triggered: `holding`."""
    RELEASE_AUTHORISED = auto()
    """A triggered release is authorised: `holding`."""
    RELEASE_ENDS = auto()
    """Commercial stocks have recovered and the release ends: `holding`."""


@dataclass  # not frozen: that takes three times as long to make, and a run makes hundreds
class LogEntry:
    """One thing that happened; `kind` says which of the optional fields are filled.

    Attributes
    ----------
    day : int
        Counted from the scenario's start [days].
    event : str
        Key of the event or stockpile; `PRODUCER_DECISION` for decisions of producers; or a name of the user's own.
    kind : LogKind
    actor : str
        The country or bloc that acts.
    whom : tuple of str
        Names of those concerned: regions, producers, lanes or materials.
    holding : int or None
        Position in `network.holdings`.
    count : int or None
        Number of buyers or end uses concerned.
    share : float or None
        [fraction]
    factor : float or None
        Multiple of the usual value.
    tonnes : float or None
        [t]
    t_per_year : float or None
        [t/year]
    price_usd_per_kg : float or None
        [USD/kg]
    days : int or None
        [days]
    text : str
        A user's own words.
    """

    day: int
    event: str
    kind: LogKind
    _: KW_ONLY
    actor: str = ""
    whom: tuple[str, ...] = ()
    holding: int | None = None
    count: int | None = None
    share: float | None = None
    factor: float | None = None
    tonnes: float | None = None
    t_per_year: float | None = None
    price_usd_per_kg: float | None = None
    days: int | None = None
    text: str = ""


PRODUCER_DECISION = "board"
"""Event under which decisions of producers to mothball and restart are logged, and how the names of their effects begin."""


@dataclass
class Application:
    """One importer's application for licences, for a week's tonnes.

    Attributes
    ----------
    event, importer : str
    applied_day, decided_day : int, int or None
    tonnes, approved_t, refused_t : float
        [t]
    """

    event: str
    importer: str
    applied_day: int
    tonnes: float
    decided_day: int | None = None
    approved_t: float = 0.0
    refused_t: float = 0.0
