"""Differences between two baselines, exact for structure and with tolerances for numbers, and their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from minsim.regression.tables import Baseline, Cell, Key, Table, Tolerance, date_or_none, scales, unit_of

DriftKind = Literal["value", "gone", "new"]

REROUTING_WORDS = {"none": "without rerouting", "reference": "", "free": "with free rerouting"}
METRIC_WORDS = {
    "onset_date": "onset",
    "shortfall_days": "days of use lost",
    "duration_days": "days short",
    "peak_shortfall_fraction": "worst day's shortfall",
    "last_date_to_act": "last date to act",
    "shortfall_t": "shortfall",
    "min_commercial_cover_days": "lowest commercial cover",
    "time_to_survive_days": "days to the first shortage",
    "time_to_recover_days": "days to recovery",
    "destroyed_t": "demand destroyed by the price",
    "from_stockpile_t": "taken from stockpiles",
    "value_of_shortfall_usd": "value of the shortfall",
    "demand_t": "demand",
    "consumed_t": "consumed",
    "month_end_cover_days": "cover at the month's end",
    "month_end_stock_t": "stock at the month's end",
    "month_end_price_usd_per_kg": "price of a kg at the month's end",
    "shipped_t": "shipped",
    "leaked_t": "leaked round a curb",
    "spent_usd": "spent",
}
"""Columns and metrics in words; others keep their names."""


@dataclass(frozen=True)
class Drift:
    """One difference between two baselines.

    Attributes
    ----------
    table : str
        `metrics`, `monthly`, `stockpiles`, `trade`; or `structure`.
    subject : tuple of str
        What it belongs to, such as material and region.
    column : str
        Name of the metric or column.
    unit : str
    old, new : float, str or None
        Of a series, where it differs most.
    rerouting : str
        Behaviour of the bracket; `reference` outside of it.
    at : str
        Month or year of `old` and `new` in a series.
    cells, of : int
        Months or years that differ, and their total.
    kind : {"value", "gone", "new"}
        `gone` and `new`: a row or column that only one side has.
    """

    table: str
    subject: Key
    column: str
    unit: str
    old: Cell
    new: Cell
    rerouting: str = "reference"
    at: str = ""
    cells: int = 1
    of: int = 1
    kind: DriftKind = "value"

    def __str__(self) -> str:
        if self.kind != "value":
            state = "is no longer there" if self.kind == "gone" else "is new"
            return f"{self.whose}: {self.what} {state}"
        at = f" in {self.at}" if self.at else ""
        change = change_text(self.old, self.new, self.unit)
        tail = f"; {self.cells} of {self.of} {'years' if len(self.at) == 4 else 'months'} differ" if self.at else ""
        return f"{self.whose}: {self.what}{at} {pair_text(self.old, self.new, self.unit)}{change}{tail}"

    @property
    def whose(self) -> str:
        """The subject of the number, in words."""
        match self.table, self.subject:
            case "trade", (material, stage, seller, buyer):
                name = f"{material}/{stage} from {seller} to {buyer}"
            case "stockpiles", (stockpile, material):
                name = f"{material} in {stockpile}"
            case (("metrics" | "monthly"), (material, region, *_)):
                name = f"{region} {material}"
            case _:
                name = " ".join(self.subject) or self.table
        words = REROUTING_WORDS.get(self.rerouting, self.rerouting)
        return f"{name}, {words}" if words else name

    @property
    def what(self) -> str:
        """The number's name, in words."""
        return METRIC_WORDS.get(self.column, self.column.removesuffix(f"_{self.unit}").replace("_", " "))


def find_drifts(old: Baseline, new: Baseline) -> list[Drift]:
    """Every difference between `new` and `old` beyond the tolerances of `old`.

    A trade route that one side lacks carried nothing; any other row or column that only one side has is a drift of its
    own. Metrics come first, then the monthly series.

    Parameters
    ----------
    old, new : Baseline
        What was kept, with its tolerances, and what is held against it.

    Returns
    -------
    list of Drift
        Empty where nothing differs by more than is allowed.
    """
    scale = scales(old)
    found: list[Drift] = []
    for name, table in old.tables.items():
        other = new.tables[name]
        if name == "trade":
            table, other = _filled(table, other), _filled(other, table)
        found += _structure(name, table, other)
        cells = list(_cells(old, name, table, other, scale))
        found += _by_series(table, cells) if table.is_series else sorted(cells, key=_urgency)
    return found


def question_changed(old: Baseline, new: Baseline) -> bool:
    """Whether the scenario itself differs: a drift may then have another cause than the model.

    Parameters
    ----------
    old, new : Baseline
        What was kept, and what is held against it.

    Returns
    -------
    bool
        True where the scenario's hash or the seed differs.
    """
    return old.scenario_hash != new.scenario_hash or old.seed != new.seed


def settled(old: Baseline, new: Baseline) -> Baseline:
    """`new` as an update of `old`: with the old tolerances, and the old numbers wherever the new ones are within them.

    An update on another machine then changes only the lines that drifted.
    """
    scale = scales(old)
    tables = {}
    for name, table in new.tables.items():
        before = old.tables[name]
        rows = dict(table.rows)
        for key in rows.keys() & before.rows.keys():
            known = dict(zip(before.columns, before.rows[key], strict=True))
            rows[key] = tuple(
                known[column] if column in known and _same(old, name, key, column, known[column], cell, scale) else cell
                for column, cell in zip(table.columns, rows[key], strict=True)
            )
        tables[name] = replace(table, rows=rows)
    return replace(new, tolerances=old.tolerances, tables=tables)


def sentences(drifts: Sequence[Drift]) -> list[str]:
    """Drifts in words, the trade routes of one product in one line."""
    folded: dict[Key, list[Drift]] = {}
    lines = []
    for drift in drifts:
        if drift.table == "trade":
            folded.setdefault((*drift.subject[:2], drift.column), []).append(drift)
        else:
            lines.append(str(drift))
    for routes in folded.values():
        others = f"; {len(routes)} lanes differ" if len(routes) > 1 else ""
        lines.append(f"{max(routes, key=_severity)}{others}")
    return lines


# -------------------------------------------------------------------------------------------------------------- comparing


def _filled(table: Table, other: Table) -> Table:
    """A table extended by the rows and columns of another that it lacks, all zero."""
    columns = table.columns + tuple(name for name in other.columns if name not in table.columns)
    nothing = (0.0,) * len(columns)
    rows = {key: row + nothing[len(row) :] for key, row in table.rows.items()}
    return replace(table, columns=columns, rows=rows | {key: nothing for key in other.rows if key not in rows})


def _structure(name: str, old: Table, new: Table) -> list[Drift]:
    """Columns and rows that only one side has; a series is named once."""
    drifts: list[Drift] = []
    sides: tuple[tuple[DriftKind, Table, Table], ...] = (("gone", old, new), ("new", new, old))
    for kind, here, there in sides:
        lacking = [column for column in here.columns if column not in there.columns]
        subjects = dict.fromkeys(_named(name, here, key) for key in here.rows if key not in there.rows)
        drifts += [Drift("structure", (name,), column, "", None, None, kind=kind) for column in lacking]
        drifts += [Drift(name, *subject, "", None, None, kind=kind) for subject in subjects]
    return drifts


def _named(name: str, table: Table, key: Key) -> tuple[Key, str]:
    return (key[:2], key[2]) if name == "metrics" else (table.subject(key), f"the {table.keys[0]}s of {name}")


Scale = Callable[[str, Key], float]


def _cells(old: Baseline, name: str, table: Table, other: Table, scale: Scale) -> Iterator[Drift]:
    """Cells that differ by more than the tolerance."""
    shared = [
        (column, table.columns.index(column), other.columns.index(column))
        for column in table.columns
        if column in other.columns
    ]
    for key, row in table.rows.items():
        if key not in other.rows:
            continue
        for column, here, there in shared:
            before, after = row[here], other.rows[key][there]
            if not _same(old, name, key, column, before, after, scale):
                yield _drift(name, table, key, column, before, after)


def _drift(name: str, table: Table, key: Key, column: str, old: Cell, new: Cell) -> Drift:
    if name == "metrics":
        material, region, metric, unit = key
        return Drift(name, (material, region), metric, unit, old, new, rerouting=column)
    return Drift(name, key[1:], column, unit_of(column), old, new, at=key[0])


def _same(baseline: Baseline, table: str, key: Key, column: str, old: Cell, new: Cell, scale: Scale) -> bool:
    """Whether a new cell is within tolerance of the old one."""
    if old is None or new is None:
        return old is new
    metric, unit = (key[2], key[3]) if table == "metrics" else (column, unit_of(column))
    rules = baseline.tolerances
    rule = rules.get(metric) or rules.get(unit) or Tolerance()
    if isinstance(old, str) or isinstance(new, str):
        days = _days_between(old, new)
        return old == new if days is None else abs(days) <= rule.absolute
    return rule.allows(old, new, scale(table, key))


def _urgency(drift: Drift) -> tuple[bool, int]:
    """Reference behaviour first, and the metrics in the order of `METRIC_WORDS`."""
    known = list(METRIC_WORDS)
    return drift.rerouting != "reference", known.index(drift.column) if drift.column in known else len(known)


def _by_series(table: Table, cells: list[Drift]) -> list[Drift]:
    """One drift per series: its worst month, and how many differ."""
    lengths: dict[Key, int] = {}
    for key in table.rows:
        lengths[key[1:]] = lengths.get(key[1:], 0) + 1
    groups: dict[tuple[Key, str], list[Drift]] = {}
    for drift in cells:
        groups.setdefault((drift.subject, drift.column), []).append(drift)
    return [
        replace(max(drifts, key=_severity), cells=len(drifts), of=lengths[subject])
        for (subject, _), drifts in groups.items()
    ]


def _severity(drift: Drift) -> float:
    if isinstance(drift.old, float) and isinstance(drift.new, float):
        return abs(drift.new - drift.old)
    return float("inf")


def _days_between(old: Cell, new: Cell) -> int | None:
    first, second = (date_or_none(cell) if isinstance(cell, str) else None for cell in (old, new))
    return (second - first).days if first and second else None


# ------------------------------------------------------------------------------------------------------------------ words


def pair_text(old: Cell, new: Cell, unit: str) -> str:
    """Old → new, with enough digits to distinguish them."""
    for digits in (3, 6, 9):
        texts = [cell_text(cell, unit, digits) for cell in (old, new)]
        if texts[0] != texts[1]:
            break
    return " → ".join(texts)


def cell_text(cell: Cell, unit: str, digits: int = 3) -> str:
    """A cell for readers."""
    if cell is None:
        return "never" if unit == "date" else "none"
    if isinstance(cell, str):
        return cell
    match unit:
        case "usd":
            return f"${significant_text(cell, digits)}"
        case "fraction":
            return f"{significant_text(100.0 * cell, digits)}%"
        case "days" if cell == 1.0:
            return "1 day"
        case "t" | "days":
            return f"{significant_text(cell, digits)} {unit}"
        case _:
            return significant_text(cell, digits)


def significant_text(value: float, digits: int) -> str:
    """A number with at least `digits` significant digits, and every digit before the point."""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def change_text(old: Cell, new: Cell, unit: str) -> str:
    """Size of the change; empty if it is undefined."""
    days = _days_between(old, new)
    if days is not None:
        return f", {_signed(days, str(abs(days)))} day{'' if abs(days) == 1 else 's'}"
    if not isinstance(old, float) or not isinstance(new, float):
        return ""
    change = new - old
    text = cell_text(abs(change), unit).replace("%", " points")
    percent = 100 * change / abs(old) if old and unit != "fraction" else 0.0
    share = f" ({_signed(percent, significant_text(abs(percent), 2))}%)" if percent else ""
    return f", {_signed(change, text)}{share}"


def _signed(change: float, size: str) -> str:
    return f"{'+' if change > 0 else '−'}{size}"
