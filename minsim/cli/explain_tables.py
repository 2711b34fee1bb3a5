"""Rich tables and texts of what a shortage comes from, for the command line; returns them, prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from minsim.cli.tables import material_title, table_of, value_text

if TYPE_CHECKING:
    from minsim.explain.attribution import Attribution
    from minsim.explain.tracing import Explanation


def attribution_page(attribution: Attribution) -> RenderableType:
    """Tonnes of each shortfall by event, then the waterfall of days lost."""
    titles = {key: material_title(key, m) for key, m in attribution.run.scenario.model.materials.items()}
    how = "every subset of the events" if attribution.orders is None else f"{attribution.orders} orders of the events"
    note = Text(f"Shapley values over {how}, from {attribution.runs} runs; negative where an event saves.", style="dim")
    waterfall = _waterfall_table(attribution.waterfall.rows, titles)
    return Group(_attribution_table(attribution, titles), note, "", waterfall, "")


def _attribution_table(attribution: Attribution, titles: Mapping[str, str]) -> RenderableType:
    """One line for each material and region that any event touches, one column for each event."""
    parts: dict[tuple[str, str], dict[str, float]] = {}
    errors: dict[tuple[str, str, str], float] = {}
    for row in attribution.rows:
        parts.setdefault((row["material"], row["region"]), {})[row["event"]] = row["shortfall_t"]
        errors[row["material"], row["region"], row["event"]] = row["standard_error_t"]
    size = max((abs(part) for own in parts.values() for part in own.values()), default=0.0)
    felt = {place: own for place, own in parts.items() if any(abs(part) > 1e-9 * size for part in own.values())}
    if not felt:
        return Text("No event leaves anybody short.")
    numeric = ("shortfall [t]", "standard error [t]") if attribution.orders else ("shortfall [t]",)
    table = table_of("Which event costs whom how much", "material", "region", "event", *numeric, numeric=numeric)
    for (material, region), own in felt.items():
        first = (Text(titles[material]), Text(region))
        for event, part in sorted(own.items(), key=lambda item: (-item[1], item[0])):
            error = [value_text("t", errors[material, region, event])] if attribution.orders else []
            table.add_row(*first, Text(f"{attribution.title_of(event)} ({event})"), _signed(part, size), *error)
            first = (Text(""), Text(""))
        table.add_row("", "", Text("all events together", style="bold"), _signed(sum(own.values()), size))
    return table


def _signed(part: float, size: float) -> str:
    """Tonnes of a part; what is rounding noise against the largest part is 0."""
    return value_text("t", part) if abs(part) > 1e-9 * size else "0"


def _waterfall_table(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> RenderableType:
    steps = dict.fromkeys(row["step"] for row in rows)
    places: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        places.setdefault((row["material"], row["region"]), {})[row["step"]] = row["shortfall_days"]
    hit = {place: own for place, own in places.items() if any(days > 0 for days in own.values())}
    if not hit:
        return Text("Nobody loses a day of use at any step of the waterfall.")
    heads = [step if step == "naive" else f"after {step}" for step in steps]
    table = table_of("Waterfall of days of use lost", "material", "region", *heads, numeric=heads)
    for (material, region), own in hit.items():
        table.add_row(Text(titles[material]), Text(region), *(value_text("days", own[step]) for step in steps))
    return table


def explanation_page(explanation: Explanation) -> RenderableType:
    """The headline, then each sentence as far to the right as it is up the chain."""
    lines = [Padding(Text(text), (0, 0, 0, 2 * level)) for level, text in explanation.lines]
    return Group(Text(explanation.headline, style="bold"), *lines)
