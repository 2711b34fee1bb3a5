"""Reference tables: names of places, the reference behaviour, the model's defaults, costs of stock and plants.

Each table is a CSV file in this folder, one value per row with unit, source and a note that gives the reason. Every number
here is an assumption and labelled as such; a scenario that overrides one gives a reason. Tables are read on first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from minsim.data.csv_tables import read_rows

__all__ = [
    "BRACKETS",
    "BehaviourSet",
    "ReferenceValue",
    "bracket_behaviour",
    "bracket_overrides",
    "countries",
    "country_aliases",
    "defaults",
    "reference_behaviour",
    "reference_values",
]

BRACKETS: Final = ("none", "reference", "free")
"""The three answers of every run: no rerouting, the reference behaviour, free rerouting."""

_DEFAULT_MATERIAL: Final = "default"


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """One row of a reference table.

    Parameters
    ----------
    table : str
        Table it belongs to: `behaviour`, `bracket`, `costs` or `defaults`.
    group : str
        Material (`behaviour`), bracket (`bracket`), kind of purchase (`costs`), or empty (`defaults`).
    parameter : str
        Name of the parameter.
    value : float
        Its value, in `unit`.
    unit : str
        Unit of the value.
    source : str
        Its source; `assumption` for our own values.
    note : str
        Reason for the value.
    low, high : float or None
        Range, where the table gives one (`costs`).
    """

    table: str
    group: str
    parameter: str
    value: float
    unit: str
    source: str
    note: str
    low: float | None = None
    high: float | None = None


class BehaviourSet(NamedTuple):
    """How the buyers of one material behave.

    Attributes
    ----------
    contract_flex : float
        How far contracts can exceed today's need [fraction of need].
    spot_share : float
        Share of an order that may be bought spot in a day [fraction of order].
    switching_days : float
        Time constant of re-sourcing; infinity: never [days].
    adjustment_days : float
        Time constant of stock corrections [days].
    qualification_days : float
        Time until a new supplier is approved [days].
    """

    contract_flex: float
    spot_share: float
    switching_days: float
    adjustment_days: float
    qualification_days: float


@cache
def countries() -> frozenset[str]:
    """Names of countries and aggregates, in the one spelling scenarios should use.

    Returns
    -------
    frozenset of str
        Common English names, such as `United States` or `DR Congo`, and aggregates such as `European Union` and
        `Rest of world`.

    Examples
    --------
    >>> "South Korea" in countries(), "Korea" in countries()
    (True, False)
    """
    return frozenset(row["name"] for row in read_rows("countries"))


@cache
def country_aliases() -> Mapping[str, str]:
    """Other spellings of the names in `countries`.

    Returns
    -------
    mapping of str to str
        Spelling found in tables and documents → canonical name. No alias is itself a canonical name.

    Examples
    --------
    >>> country_aliases()["USA"], country_aliases()["Burma"]
    ('United States', 'Myanmar')
    """
    aliases = {alias: row["name"] for row in read_rows("countries") for alias in row["aliases"].split(";") if alias}
    return MappingProxyType(aliases)


@cache
def reference_behaviour(material: str) -> BehaviourSet:
    """Reference behaviour of the buyers of a material.

    There is one global set; a few materials differ from it in single parameters.

    Parameters
    ----------
    material : str
        Key of the material in a scenario; the default applies to one that is not in the table.

    Returns
    -------
    BehaviourSet
        `contract_flex` and `spot_share` [fractions], the other three [days].

    Notes
    -----
    All values are assumptions; `reference_values` lists them with their notes.

    Examples
    --------
    >>> reference_behaviour("cobalt").qualification_days, reference_behaviour("magnets").qualification_days
    (0.0, 365.0)
    """
    table = reference_values("behaviour")
    values = {
        row.parameter: row.value for group in (_DEFAULT_MATERIAL, material) for row in table if row.group == group
    }
    return BehaviourSet(**values)


@cache
def bracket_overrides(bracket: str) -> Mapping[str, float]:
    """Parameters of behaviour that a bracket of the answer replaces, for every material.

    Parameters
    ----------
    bracket : {"none", "reference", "free"}
        No rerouting, the reference behaviour, or free rerouting.

    Returns
    -------
    mapping of str to float
        Fields of `BehaviourSet` and the values they take; empty for `reference`.

    Raises
    ------
    ValueError
        If there is no such bracket.

    Examples
    --------
    >>> dict(bracket_overrides("none"))
    {'contract_flex': 0.0, 'spot_share': 0.0, 'switching_days': inf}
    """
    if bracket not in BRACKETS:
        raise ValueError(f"expected a bracket among {', '.join(BRACKETS)}, got {bracket!r}")
    return MappingProxyType({row.parameter: row.value for row in reference_values("bracket") if row.group == bracket})


def bracket_behaviour(values: BehaviourSet, bracket: str) -> BehaviourSet:
    """Behaviour of a material's buyers in one bracket of the answer.

    Parameters
    ----------
    values : BehaviourSet
        Reference behaviour, with the scenario's overrides.
    bracket : {"none", "reference", "free"}
        No rerouting, the reference behaviour, or free rerouting.

    Returns
    -------
    BehaviourSet
        The same set, except for what the bracket fixes.

    Raises
    ------
    ValueError
        If there is no such bracket.

    Examples
    --------
    >>> bracket_behaviour(reference_behaviour("magnets"), "free").qualification_days
    0.0
    """
    return values._replace(**bracket_overrides(bracket))


@cache
def defaults() -> Mapping[str, float]:
    """Values of the network that a scenario may leave out.

    Returns
    -------
    mapping of str to float
        `utilisation` [share], `feed_stock_days`, `product_stock_days`, `product_store_days`, `home_lead_days`,
        `default_lead_days` [days], `home_preference` [factor].

    Examples
    --------
    >>> defaults()["home_lead_days"]
    5.0
    """
    return MappingProxyType({row.parameter: row.value for row in reference_values("defaults")})


@cache
def reference_values(table: str) -> tuple[ReferenceValue, ...]:
    """Rows of a reference table, in the order of the file.

    Parameters
    ----------
    table : {"behaviour", "bracket", "costs", "defaults"}
        Which table.

    Returns
    -------
    tuple of ReferenceValue
        Every value with unit, source and note.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> reference_values("behaviour")[0].source
    'assumption'
    """
    group_columns = {"behaviour": "material", "bracket": "bracket", "costs": "kind", "defaults": ""}
    if table not in group_columns:
        raise ValueError(f"expected a table among {', '.join(group_columns)}, got {table!r}")
    return tuple(
        ReferenceValue(
            table=table,
            group=row.get(group_columns[table], ""),
            parameter=row["parameter"],
            value=float(row["value"]),
            unit=row["unit"],
            source=row["source"],
            note=row["note"],
            low=float(row["low"]) if row.get("low") else None,
            high=float(row["high"]) if row.get("high") else None,
        )
        for row in read_rows(table)
    )
