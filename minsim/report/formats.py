"""Formats of the page: names of scenario numbers, and amounts, money, days and dates in tables."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any

from minsim.report.decisive_inputs import ENDS
from minsim.scenario import Input, Scenario
from minsim.scenario.distributions import dimension_of, quantile, uncertain_numbers
from minsim.scenario.format.numbers import Choice, Window
from minsim.studies.factors import Factor
from minsim.text.formatting import MONTHS, capital, dollars, percent, three_figures

ABSENT = "–"
NOT_GIVEN = "not given in the scenario"
NO_INPUTS = "The scenario gives no empirical number"

_STRUCTURE = (
    "materials", "events", "stockpiles", "behaviour", "stages", "producers", "consumers", "trade", "sectors", "pairs",
    "costs", "prices", "measure", "licence", "fill", "release", "quota", "regions", "hazard", "incentive",
    "leakage", "announcement",
)  # fmt: skip
"""Keys of a path that only group other keys."""
_UNIT_ENDING = re.compile(r"_(days_per_month|days_per_day|t_per_year|usd_per_kg|usd_per_t|usd|days|per_day|per_year)$")
_TABLES = ("shares", "pairs", "tonnes_per_year", "approval_rates", "members", "inputs")
"""Keys whose entries are named by the author; the number is named after the table instead."""
_KEYS = {
    "shares": "share of purchases",
    "pairs": "lead time",
    "stock_days": "commercial stock",
    "inputs": "input a tonne",
    "cash_usd_per_kg": "cash cost",
    "restart_usd_per_kg": "restart price",
    "restart_days": "time to restart",
    "qualification_days": "time to qualify a supplier",
    "switching_days": "time to switch supplier",
    "leakage": "share that leaks",
}
"""Names of keys that are unclear outside the file."""
_IN_PER_CENT = re.compile(r"(share|shares|fill|availability|utilisation|rates?|members|probability|discount)$")


@dataclass(frozen=True)
class Bar:
    """A bar in a table: start and length [% of the width], and style class."""

    left: float
    width: float
    style: str


def short_date(date: dt.date) -> str:
    """A date for a table.

    >>> short_date(dt.date(2027, 1, 31))
    '31 Jan 2027'
    """
    return f"{date.day} {MONTHS[date.month - 1][:3]} {date.year}"


def date_range(first: dt.date, last: dt.date) -> str:
    """A range of two dates; a common year is written once.

    >>> date_range(dt.date(2027, 1, 19), dt.date(2027, 2, 28)), date_range(dt.date(2027, 1, 9), dt.date(2027, 1, 9))
    ('19 Jan – 28 Feb 2027', '9 Jan 2027')
    """
    if first == last:
        return short_date(first)
    begin = short_date(first)
    return f"{begin.rsplit(' ', 1)[0] if first.year == last.year else begin} – {short_date(last)}"


def days_text(days: float) -> str:
    """Days for a table: whole from 10 on, one decimal below.

    >>> days_text(199.15), days_text(6.25), days_text(0.0), days_text(float("nan"))
    ('199', '6.2', '0', '–')
    """
    if not math.isfinite(days):
        return ABSENT
    if abs(days) < 0.05:
        return "0"
    return f"{days:,.0f}" if abs(days) >= 9.95 else f"{days:.1f}"


def tonnes_text(amount_t: float) -> str:
    """Tonnes for a table, to three figures."""
    return three_figures(amount_t) if math.isfinite(amount_t) else ABSENT


def money_text(amount_usd: float) -> str:
    """Dollars for a table; a dash without a price.

    >>> money_text(13.4e6), money_text(2.5e9), money_text(950.0), money_text(float("nan"))
    ('$13.4m', '$2.5bn', '$950', '–')
    """
    if not math.isfinite(amount_usd):
        return ABSENT
    return dollars(amount_usd).replace(" million", "m").replace(" billion", "bn")


def per_million_text(days: float) -> str:
    """Days saved per million dollars, for a table.

    >>> per_million_text(0.745), per_million_text(0.0), per_million_text(float("nan"))
    ('0.745', '0', '–')
    """
    return three_figures(days) if math.isfinite(days) else ABSENT


def number_name(scenario: Scenario, path: str) -> str:
    """Name of a scenario number for readers who do not know the format: first the quantity, then its owner."""
    kind, owner, *rest = path.split(".")
    key = rest[-1] if rest else owner
    above = [part for part in rest[:-1] if part not in _STRUCTURE and part not in (*_TABLES, "lead_time_days")]
    tables = [part for part in rest[:-1] if part in _TABLES]
    if tables:
        what = f"{_key_words(tables[-1])}, {key.replace('->', '→')}"
    else:
        what = _key_words("leakage" if rest[-2:] == ["leakage", "share"] else key)
    parts = [part.replace("_", " ") for part in above]
    if not parts or not _is_only_one_used(scenario, kind, owner):
        parts.insert(0, _owner_title(scenario, kind, owner))
    whose = ", ".join(parts)
    return f"{capital(what)}: {whose}"


def _is_only_one_used(scenario: Scenario, kind: str, owner: str) -> bool:
    """Whether the page is about this material alone, so that it need not be named."""
    return kind == "materials" and [name for name, m in scenario.model.materials.items() if m.consumers] == [owner]


def _key_words(key: str) -> str:
    return _KEYS.get(key, _UNIT_ENDING.sub("", key).replace("_", " "))


def _owner_title(scenario: Scenario, kind: str, owner: str) -> str:
    block: Any = getattr(scenario.model, {"behaviour": "materials"}.get(kind, kind), {})
    title = getattr(block.get(owner), "title", None) if isinstance(block, dict) else None
    return title or owner.replace("-", " ")


def range_text(scenario: Scenario, factor: Factor, inputs: dict[str, Input]) -> str:
    """The range over which a number was varied."""
    path, purpose = factor.name
    if purpose == "happens":
        return "happens or not"
    number = next(
        value for name, value in uncertain_numbers(scenario.model) if dimension_of(value, name) == factor.name
    )
    if isinstance(number, Window):
        width = (number.latest - number.earliest).days + 1
        first, last = (number.earliest + dt.timedelta(days=math.floor(u * width)) for u in ENDS)
        return date_range(first, last)
    low, high = (quantile(number, u) for u in ENDS)
    joined = " or " if isinstance(number, Choice) else "–"
    key = path.split(".")[-1] if ".shares." not in path else "shares"
    if _IN_PER_CENT.search(key) or any(f".{table}." in path for table in ("approval_rates", "members")):
        return joined.join((percent(low), percent(high)))
    unit = inputs[path].unit if path in inputs else ""
    return f"{joined.join((three_figures(low), three_figures(high)))} {unit}".rstrip()
