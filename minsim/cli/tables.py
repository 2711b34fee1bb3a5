"""Rich tables and texts for the command line; returns them, prints nothing.

Scenario texts are wrapped in `Text`, never in markup: a title may hold square brackets.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from minsim.scenario.bibliography import inputs_by_note
from minsim.scenario.format.events import AnyEvent
from minsim.scenario.format.materials import Consumer, Material, Stage
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Choice, Given, Lognormal, Normal, Number, Pert, Triangular, Uniform, Window
from minsim.scenario.format.sources import Source
from minsim.scenario.format.stockpiles import Stockpile

if TYPE_CHECKING:
    from minsim.results.answer import Answer
    from minsim.scenario import Input, Scenario

TOP_PRODUCERS = 4
ABSENT = "–"

METRIC_COLUMNS = {
    "onset_date": "short from",
    "duration_days": "short days",
    "shortfall_days": "days of use lost",
    "shortfall_t": "shortfall [t]",
    "peak_shortfall_fraction": "worst day",
    "time_to_recover_days": "days to recover",
    "last_date_to_act": "last date to act",
}
"""Metrics of the table that `minsim run` prints, in this order, with what heads each column."""

COMMON_EVENT_KEYS = {"type", "title", "start", "end", "duration_days", "probability", "source", "note"}


# --------------------------------------------------------------------------------------------------------- small texts


def number_text(number: Number | None) -> str:
    """One number as a reader would write it; a distribution with its bounds.

    >>> number_text(12000.0), number_text(None)
    ('12,000', '–')
    """
    match number:
        case None:
            return ABSENT
        case Given():
            return number_text(number.value)
        case Triangular() | Pert():
            return f"{_digits(number.mode)} ({_digits(number.low)} to {_digits(number.high)})"
        case Uniform():
            return f"{_digits(number.low)} to {_digits(number.high)}"
        case Normal() | Lognormal():
            return f"{_digits(number.mean)} ± {_digits(number.sd)}"
        case Choice():
            return " or ".join(map(_digits, number.values))
        case _:
            return _digits(number)


def _digits(value: float) -> str:
    return f"{value:,.12g}"  # in full: nobody reads 3.6e+09 as money


def share_text(number: Number | None) -> str:
    """A share in per cent, where it is one number.

    >>> share_text(0.92)
    '92%'
    """
    plain = number.value if isinstance(number, Given) else number
    return f"{100 * plain:.3g}%" if isinstance(plain, int | float) else number_text(plain)


def value_text(metric: str, value: object) -> str:
    """One metric as printed: fractions in per cent, tonnes and days to three figures or whole, null as a dash."""
    if value is None:
        return ABSENT
    if isinstance(value, int | float):
        if metric.endswith(("_fraction", "_rate")):
            return f"{100 * value:.3g}%"
        return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
    return str(value)


def table_of(title: str, *columns: str, numeric: Iterable[str] = ()) -> Table:
    """An empty table in the style of all tables here; numbers stand on the right."""
    table = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    return table


# ------------------------------------------------------------------------------------------------------- scenario page


def scenario_page(scenario: Scenario) -> RenderableType:
    """Everything a scenario says, for a reader."""
    model = scenario.model
    parts: list[RenderableType] = [_heading(model)]
    parts += [_material_table(key, material) for key, material in model.materials.items()]
    parts.append(_consumer_table(model))
    if model.stockpiles:
        parts.append(_stockpile_table(model.stockpiles))
    if model.events:
        parts.append(_event_table(model.events))
    return Group(*(part for shown in parts for part in (shown, "")))


def _heading(model: ScenarioModel) -> Text:
    days = (model.end - model.start).days + 1
    return Text("\n").join(
        [
            Text(model.title, style="bold"),
            *([Text(" ".join(model.description.split()))] if model.description else []),
            Text(f"Rests on what was known on {model.as_of}. Simulates {model.start} to {model.end}, {days:,} days."),
        ]
    )


def material_title(key: str, material: Material) -> str:
    """What readers call a material."""
    return material.title or key


def _material_table(key: str, material: Material) -> Table:
    price = f", {number_text(material.price_usd_per_kg)} USD/kg" if material.price_usd_per_kg is not None else ""
    title = f"{material_title(key, material)} ({key}; tonnes of {material.basis}{price})"
    table = table_of(title, "stage", "inputs [t per t]", "producers")
    for name, stage in material.stages.items():
        inputs = ", ".join(f"{number_text(amount)} {source}" for source, amount in stage.inputs.items())
        table.add_row(Text(stage.title or name), Text(inputs or ABSENT), Text(_producers_text(stage)))
    return table


def _producers_text(stage: Stage) -> str:
    ranked = sorted(stage.producers.items(), key=lambda item: (-_plain(item[1].share), item[0]))
    # "1 more" would take as much room as its name.
    count = TOP_PRODUCERS if len(ranked) > TOP_PRODUCERS + 1 else len(ranked)
    shown = [f"{name} {share_text(producer.share)}" for name, producer in ranked[:count]]
    rest = ranked[count:]
    if rest:
        shown.append(f"{len(rest)} more {share_text(sum(_plain(producer.share) for _, producer in rest))}")
    return ", ".join(shown)


def _plain(number: Number) -> float:
    """A single figure to sort by, even for a distribution."""
    match number:
        case Given():
            return number.value
        case Triangular() | Pert():
            return number.mode
        case Uniform():
            return (number.low + number.high) / 2
        case Normal() | Lognormal():
            return number.mean
        case Choice():
            return number.values[0]
        case _:
            return number


def _consumer_table(model: ScenarioModel) -> Table:
    numeric = ("demand [t/year]", "stock [days of use]")
    table = table_of("Consumers", "material", "region", *numeric, "end uses", numeric=numeric)
    for key, material in model.materials.items():
        for region, consumer in material.consumers.items():
            table.add_row(
                Text(material_title(key, material)),
                Text(region),
                number_text(consumer.demand_t_per_year),
                number_text(consumer.stock_days),
                Text(_sectors_text(consumer)),
            )
    return table


def _sectors_text(consumer: Consumer) -> str:
    ranked = sorted(consumer.sectors.items(), key=lambda item: (item[1].priority, item[0]))
    return ", ".join(f"{name} {share_text(sector.share)}" for name, sector in ranked) or "all"


def _stockpile_table(stockpiles: Mapping[str, Stockpile]) -> Table:
    numeric = ("target [days of use]", "full on the first day", "budget [USD]")
    table = table_of("Stockpiles", "stockpile", "owner", "holds", *numeric, "released", numeric=numeric)
    for key, pile in stockpiles.items():
        table.add_row(
            Text(pile.title or key),
            Text(pile.owner),
            Text(", ".join(_held_text(pile, material) for material in pile.holds)),
            number_text(pile.target_days),
            share_text(pile.initial_fill),
            number_text(pile.budget_usd) if pile.budget_usd is not None else "no limit",
            Text(_release_text(pile)),
        )
    return table


def _held_text(pile: Stockpile, material: str) -> str:
    own = pile.target_days_by_material.get(material)
    return f"{material} ({pile.holds[material]}{'' if own is None else f', {number_text(own)} days'})"


def _release_text(pile: Stockpile) -> str:
    trigger = pile.release.trigger
    if isinstance(trigger, str):
        first = "on a shortfall"
    else:
        first = f"when cover falls below {number_text(trigger.cover_below_days)} days"
    return f"{first}, {number_text(pile.release.authorisation_days)} days to authorise"


def _event_table(events: Mapping[str, AnyEvent]) -> Table:
    table = table_of("Events", "event", "what", "when", "how", "chance")
    for key, event in events.items():
        table.add_row(
            Text(f"{event.title} ({key})" if event.title else key),
            event.type.replace("_", " "),
            Text(_when_text(event)),
            Text(_details_text(event)),
            share_text(event.probability),
        )
    return table


def _when_text(event: AnyEvent) -> str:
    start = event.start
    if isinstance(start, Window):
        begins = f"between {start.earliest} and {start.latest}"
    else:
        begins = f"from {start}" if isinstance(start, dt.date) else "from the first day"
    if event.end is not None:
        return f"{begins} until {event.end} (first free day)"
    if event.duration_days is not None:
        return f"{begins}, {number_text(event.duration_days)} days"
    return f"{begins}, for good"


def _details_text(event: AnyEvent) -> str:
    """Every key the author gave that is not in a column of its own; the same words for any type of event."""
    return "; ".join(_flat(event.model_dump(exclude_unset=True, by_alias=True, exclude=COMMON_EVENT_KEYS)))


def _flat(mapping: Mapping[str, Any], above: str = "") -> Iterable[str]:
    for key, value in mapping.items():
        name = f"{above} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping) and not {"dist", "value"} & set(value):
            yield from _flat(value, name)
        elif key not in ("source", "note"):
            yield f"{name} {_leaf_text(value)}"


def _leaf_text(value: Any) -> str:
    if isinstance(value, Mapping):
        if "value" in value:
            return _leaf_text(value["value"])
        return f"{value['dist']}({', '.join(f'{k} {_leaf_text(v)}' for k, v in value.items() if k in _PARAMETERS)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _digits(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


_PARAMETERS = ("low", "mode", "high", "mean", "sd", "values", "weights")


# ------------------------------------------------------------------------------------------------------------ run page


def answer_page(scenario: Scenario, answer: Answer, metrics: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The answer in words, then the figures behind it."""
    lines = Table.grid(padding=(0, 1))
    for line in answer.lines:
        lines.add_row("•", Text(line))
    titles = {key: material_title(key, material) for key, material in scenario.model.materials.items()}
    return Group(Text(answer.headline, style="bold"), lines, "", metrics_table(metrics, titles), "")


def metrics_table(metrics: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> RenderableType:
    """Rows of `summary.json`, one line for each material and region that runs short; the others are only named.

    Parameters
    ----------
    metrics : sequence of mappings
        Rows with material, region, metric and value.
    titles : mapping of str to str
        What to call each material.
    """
    places: dict[tuple[str, str], dict[str, Any]] = {}
    for row in metrics:
        places.setdefault((row["material"], row["region"]), {})[row["metric"]] = row["value"]
    # A stock of an intermediate has an owner and metrics but no use, hence no shortfall of its own.
    users = {(titles[place[0]], place[1]): values for place, values in places.items() if "shortfall_t" in values}
    short = {place: values for place, values in users.items() if values["shortfall_t"]}
    parts: list[RenderableType] = [_short_table(short)] if short else []
    for material in dict.fromkeys(material for material, _ in users):
        whole = [region for (name, region) in users if name == material and (name, region) not in short]
        if whole:
            parts.append(Text(f"Never short of {material}: {', '.join(whole)}.", style="dim"))
    return Group(*parts)


def _short_table(places: Mapping[tuple[str, str], Mapping[str, Any]]) -> Table:
    shown = {metric: label for metric, label in METRIC_COLUMNS.items() if any(metric in v for v in places.values())}
    table = table_of("Who runs short", "material", "region", *shown.values(), numeric=shown.values())
    for (material, region), values in places.items():
        table.add_row(Text(material), Text(region), *(value_text(metric, values.get(metric)) for metric in shown))
    return table


def files_written(folder: Path) -> Text:
    """Which files a run left in its folder."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return Text(f"Written to {folder}: {', '.join(names)}")


# -------------------------------------------------------------------------------------------------------- bibliography


def sources_page(scenario: Scenario) -> RenderableType:
    """Every source with the inputs that rest on it, the assumptions with their reasons, and how many there are of each."""
    inputs = scenario.inputs()
    assumed = [entry for entry in inputs if entry.kind == "assumption"]
    parts: list[RenderableType] = [Text("Sources", style="bold underline")]
    for key, source in scenario.model.sources.items():
        rest_on_it = [entry for entry in inputs if entry.source == key and entry.kind != "assumption"]
        parts += [_source_text(key, source, len(rest_on_it)), *_grouped_by_note(rest_on_it), ""]
    if assumed:
        parts += [Text("Assumptions", style="bold underline"), *_grouped_by_note(assumed), ""]
    return Group(*parts, Text(f"{len(assumed)} of {len(inputs)} inputs are assumptions.", style="bold"))


def _source_text(key: str, source: Source, count: int) -> Text:
    told = [source.publisher, source.date, source.url or source.document, source.licence]
    confidence = f"{source.confidence}; " if source.confidence else ""
    inputs = f"{confidence}{count or 'no'} input{'' if count == 1 else 's'}"
    return Text.assemble((key, "bold"), f": {source.title}. {', '.join(part for part in told if part)} ", f"({inputs})")


def _grouped_by_note(entries: Sequence[Input]) -> list[RenderableType]:
    """Inputs below the note they share."""
    parts: list[RenderableType] = []
    for note, members in inputs_by_note(entries).items():
        if note:
            parts.append(Padding(Text(note, style="italic"), (0, 0, 0, 2)))
        parts += [
            Padding(Text(f"{entry.path} = {entry.text} {entry.unit}".rstrip()), (0, 0, 0, 4)) for entry in members
        ]
    return parts
