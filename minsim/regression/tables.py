"""Content of a baseline: a run's metrics and monthly sums as small tables of text and numbers."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minsim._version import __version__
from minsim.metrics import consumers
from minsim.metrics.consumers import REROUTINGS, FloatArray
from minsim.results.outcome import Outcome

if TYPE_CHECKING:
    from minsim.simulation.engine import Record

Cell = float | str | None
"""A number, a date as ISO text, or None: not applicable."""
Key = tuple[str, ...]
"""Values of a row's key columns."""

SIGNIFICANT_DIGITS = 9
"""Digits kept in memory and in the file, so that a baseline read back equals the one written."""
ROUTE_NOISE = 1e-9
"""A trade route whose flow never exceeds this fraction of the product's largest flow is rounding noise."""


@dataclass(frozen=True)
class Tolerance:
    """Allowed deviation of a number: the largest of the three allowances.

    Attributes
    ----------
    relative : float
        Fraction of the old value.
    absolute : float
        In the column's own unit.
    of_demand : float
        Fraction of the demand in the same row; for trade and stocks, of the largest flow or stock of the same product.
    """

    relative: float = 0.0
    absolute: float = 0.0
    of_demand: float = 0.0

    def allows(self, old: float, new: float, scale: float) -> bool:
        """Whether `new` is within tolerance of `old` where demand is `scale`.

        Parameters
        ----------
        old, new : float
            The two values, in the column's own unit.
        scale : float
            Demand, or largest flow or stock, that `of_demand` is measured by [t].

        Returns
        -------
        bool
            True where they differ by no more than the largest allowance.
        """
        allowed = max(self.relative * abs(old), self.absolute, self.of_demand * scale)
        return abs(new - old) <= allowed


TOLERANCES: Mapping[str, Tolerance] = {
    "date": Tolerance(),
    "days": Tolerance(relative=1e-6, absolute=1e-6),
    "t": Tolerance(relative=1e-6, of_demand=1e-9),
    "fraction": Tolerance(relative=1e-6, absolute=1e-9),
    "ratio": Tolerance(relative=1e-6, absolute=1e-9),
    "usd": Tolerance(relative=1e-6, absolute=0.01),
    "usd/kg": Tolerance(relative=1e-6, absolute=1e-9),
}
"""Default tolerances of a baseline, by unit; dates are exact. Another processor sums in another order, which changes results
by a relative 1e-12 or so; a changed model changes them by far more than 1e-6."""


@dataclass(frozen=True)
class Table:
    """Rows of cells under a key.

    Attributes
    ----------
    keys : tuple of str
        Names of the columns that identify rows; a column called `month` or `year` makes the table a series.
    columns : tuple of str
        Names of the columns with values.
    rows : mapping of Key to tuple of Cell
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Mapping[Key, tuple[Cell, ...]]

    @property
    def is_series(self) -> bool:
        """Whether the rows are a time series."""
        return self.keys[0] in ("month", "year")

    def subject(self, key: Key) -> Key:
        """A key without its time.

        Parameters
        ----------
        key : tuple of str
            Key of a row.

        Returns
        -------
        tuple of str
            Such as material and region.
        """
        return key[1:] if self.is_series else key

    def series(self, subject: Key, column: str) -> dict[str, Cell]:
        """Values of one column for one subject, by month or year.

        Parameters
        ----------
        subject : tuple of str
            As `subject` returns it.
        column : str
            Name of a column with values.

        Returns
        -------
        dict of str to Cell
            By month (`2027-01`) or year, in the unit that ends the column's name.
        """
        place = self.columns.index(column)
        return {key[0]: row[place] for key, row in self.rows.items() if key[1:] == subject}


@dataclass(frozen=True)
class Baseline:
    """A stored run.

    Attributes
    ----------
    scenario : str
        Its name.
    scenario_hash : str
        SHA-256 of the scenario's content.
    version : str
        Version of minsim that made the run.
    seed : int
    target : str
        How to load the scenario: its name in the library, or its path.
    overrides : tuple of str
        `PATH=VALUE` of each `--set`.
    tolerances : mapping of str to Tolerance
        By column, metric or unit; the first match applies.
    tables : mapping of str to Table
        `metrics`, `monthly`, `stockpiles` and `trade`.
    """

    scenario: str
    scenario_hash: str
    version: str
    seed: int
    target: str
    tables: Mapping[str, Table]
    overrides: tuple[str, ...] = ()
    tolerances: Mapping[str, Tolerance] = field(default_factory=lambda: dict(TOLERANCES))


def baseline_of(run: Outcome, target: str | None = None, overrides: Sequence[str] = ()) -> Baseline:
    """Make a baseline of a finished run.

    Parameters
    ----------
    run : Outcome
        With its bracket, if the baseline is to contain it.
    target : str, optional
        How to load the scenario; absent: its name.
    overrides : sequence of str
        `PATH=VALUE` of each value set for this run.

    Returns
    -------
    Baseline
        With the tolerances of `TOLERANCES`.
    """
    return Baseline(
        scenario=run.scenario.name,
        scenario_hash=run.scenario.hash,
        version=__version__,
        seed=run.seed,
        target=target or run.scenario.name,
        overrides=tuple(overrides),
        tables={
            "metrics": metric_table(run),
            "monthly": monthly_table(run.record),
            "stockpiles": stockpile_table(run.record),
            "trade": trade_table(run.record),
        },
    )


# ------------------------------------------------------------------------------------------------------------- the tables


def metric_table(run: Outcome) -> Table:
    """Every metric of consumers and stockpiles, one column per behaviour of the bracket."""
    behaviours = tuple(name for name in REROUTINGS if name in run.bracket_records)
    found: dict[Key, dict[str, Cell]] = {}
    for row in run.bracket_rows:
        key = (str(row["material"]), str(row["region"]), row["metric"], row["unit"])
        found.setdefault(key, {})[row["rerouting"]] = rounded(row["value"])
    rows = {key: tuple(values[name] for name in behaviours) for key, values in found.items()}
    return Table(("material", "region", "metric", "unit"), behaviours, rows)


def monthly_table(record: Record) -> Table:
    """Monthly sums by material and region, and the cover and price at the month's end."""
    network = record.network
    months = _months(record)
    flows = consumers.consumer_flows_t(record)
    cover = consumers.commercial_cover_days(record)
    price = record.consumer[:, :, consumers.PRICE]
    columns: dict[str, FloatArray] = {
        f"{name}_t": _sums(flows[:, :, place], months)
        for name, place in (
            ("demand", consumers.DEMAND),
            ("consumed", consumers.CONSUMED),
            ("shortfall", consumers.SHORTFALL),
            ("destroyed", consumers.DESTROYED),
            ("from_stockpile", consumers.FROM_STOCKPILE),
        )
    }
    columns["month_end_cover_days"] = _closings(cover, months)
    if not np.isnan(price).all():
        columns["month_end_price_usd_per_kg"] = _closings(price, months)
    labels = [(consumer.material, consumer.region) for consumer in network.consumers]
    return _series(("month", "material", "region"), network.months, labels, columns)


def stockpile_table(record: Record) -> Table:
    """Monthly purchases, releases and spending of each stockpile, and its stock at the month's end."""
    months, holdings = _months(record), record.network.holdings
    columns = {
        "month_end_stock_t": _closings(record.holding[:, :, consumers.CLOSING], months),
        "bought_t": _sums(record.holding[:, :, consumers.BOUGHT], months),
        "released_t": _sums(record.holding[:, :, consumers.RELEASED], months),
        "spent_usd": _sums(record.holding[:, :, consumers.SPENT], months),
    }
    labels = [(holding.stockpile, holding.material) for holding in holdings]
    return _series(("month", "stockpile", "material"), record.network.months, labels, columns)


def trade_table(record: Record) -> Table:
    """Yearly shipments by trade route, open and around a curb; routes without flow are left out."""
    network = record.network
    years = np.array([int(month[:4]) for month in network.months])
    names = [str(year) for year in sorted(set(years.tolist()))]
    which = years - years[0]
    labels = [(arc.material, arc.stage, arc.seller, arc.buyer) for arc in network.arcs]
    routes = sorted(set(labels))
    place = {route: index for index, route in enumerate(routes)}
    own = [place[label] for label in labels]  # one seller and buyer may trade for several uses
    columns = {}
    for name, monthly in (("shipped_t", record.trade), ("leaked_t", record.leaked)):
        yearly = np.zeros((len(names), len(routes)))
        np.add.at(yearly, (which[:, None], np.array(own, dtype=np.intp)[None, :]), monthly)
        columns[name] = yearly
    if not columns["leaked_t"].any():
        del columns["leaked_t"]
    carried = np.sum(list(columns.values()), axis=0).max(axis=0, initial=0.0)
    largest: dict[Key, float] = {}
    for route, tonnes in zip(routes, carried.tolist(), strict=True):
        largest[route[:2]] = max(largest.get(route[:2], 0.0), tonnes)
    used = [index for index, route in enumerate(routes) if carried[index] > ROUTE_NOISE * largest[route[:2]]]
    columns = {name: values[:, used] for name, values in columns.items()}
    return _series(("year", "material", "stage", "seller", "buyer"), names, [routes[i] for i in used], columns)


def _series(
    keys: tuple[str, ...], times: Sequence[str], labels: Sequence[Key], columns: dict[str, FloatArray]
) -> Table:
    """A table of columns of shape (times, labels), ordered by subject first, so that a change is in adjacent lines."""
    rows = {
        (time, *label): tuple(rounded(float(values[t, place])) for values in columns.values())
        for place, label in sorted(enumerate(labels), key=lambda entry: entry[1])
        for t, time in enumerate(times)
    }
    return Table(keys, tuple(columns), rows)


def _months(record: Record) -> np.ndarray:
    """Month of each day, counted from the first."""
    network = record.network
    days = np.datetime64(network.start, "D") + np.arange(network.days)
    return np.unique(days.astype("datetime64[M]"), return_inverse=True)[1]


def _sums(daily: FloatArray, months: np.ndarray) -> FloatArray:
    monthly = np.zeros((int(months.max()) + 1, daily.shape[1]))
    np.add.at(monthly, months, daily)
    return monthly


def _closings(daily: FloatArray, months: np.ndarray) -> FloatArray:
    last = np.append(np.flatnonzero(np.diff(months)), len(months) - 1)
    return np.asarray(daily[last])


def rounded(value: Cell) -> Cell:
    """A cell rounded as in the file."""
    if value is None or isinstance(value, str):
        return value
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0 if math.isfinite(value) else None


# ------------------------------------------------------------------------------------------------------------- the scales


def scales(baseline: Baseline) -> Callable[[str, Key], float]:
    """Demand to which a row's tonnes are relative, as a function of table and key; see `Tolerance.of_demand`."""
    of_consumer: dict[Key, float] = {}
    of_month: dict[Key, float] = {}
    monthly = baseline.tables["monthly"]
    for key, row in monthly.rows.items():
        demand = _size(row[monthly.columns.index("demand_t")])
        of_month[key] = demand
        of_consumer[key[1:]] = of_consumer.get(key[1:], 0.0) + demand
    largest = {name: _largest(baseline.tables[name]) for name in ("stockpiles", "trade")}

    def scale(table: str, key: Key) -> float:
        match table:
            case "metrics":
                return of_consumer.get(key[:2], 0.0)
            case "monthly":
                return of_month.get(key, 0.0)
            case _:
                return largest[table].get(key[1:3], 0.0)

    return scale


def _largest(table: Table) -> dict[Key, float]:
    """Largest tonnes of each stockpile and material, or material and stage."""
    places = [place for place, name in enumerate(table.columns) if unit_of(name) == "t"]
    found: dict[Key, float] = {}
    for key, row in table.rows.items():
        found[key[1:3]] = max(found.get(key[1:3], 0.0), *(_size(row[place]) for place in places))
    return found


def _size(cell: Cell) -> float:
    return abs(cell) if isinstance(cell, float) else 0.0


UNIT_ENDINGS = (("_t", "t"), ("_days", "days"), ("_usd", "usd"), ("_usd_per_kg", "usd"))


def unit_of(column: str) -> str:
    """Unit that ends a column's name."""
    return next(unit for ending, unit in UNIT_ENDINGS if column.endswith(ending))


def date_or_none(text: str) -> dt.date | None:
    """A date from `YYYY-MM-DD`, None from anything else; `20260101` is a number here."""
    if text[4:5] + text[7:8] != "--" or len(text) != 10:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
