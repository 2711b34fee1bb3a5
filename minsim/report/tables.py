"""Tables below the first screen: events, all outcomes, sources, and how to reproduce the page."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

from minsim.metrics.consumers import REROUTINGS, BoolArray, consumer_flows_t, is_short
from minsim.network.network import Network
from minsim.report.contents import PageContents
from minsim.report.formats import ABSENT, NO_INPUTS, date_range, days_text, short_date, tonnes_text
from minsim.report.svg_curves import month_ticks
from minsim.results.files import manifest
from minsim.results.log_texts import to_whom, what_happened
from minsim.studies.answers import material_title
from minsim.text.formatting import count, day_count, listing, long_date
from minsim.text.links import web_address

KINDS = {
    "found": "found in the source",
    "derived": "derived from it",
    "memory": "recalled from memory",
    "assumption": "assumed",
}
"""Kinds of evidence for a number, and their names on the page."""


def timeline(contents: PageContents) -> dict[str, Any]:
    """Events, shortages and the log, with the days of each."""
    network = contents.run.record.network
    log = [
        {"date": network.date_of(entry.day).isoformat(), "event": _event_title(contents, entry.event),
         "what": what_happened(entry), "whom": to_whom(entry, network)}
        for entry in contents.run.record.log
    ]  # fmt: skip
    return {
        "title": timeline_title(contents),
        "rows": [*_event_rows(network), *_shortage_rows(contents)],
        "log": log,
        "days": network.days,
        "ticks": month_ticks(network.start, network.days),
    }


def _event_rows(network: Network) -> Iterator[dict[str, Any]]:
    """Bars of the events that act within the run, by their first day."""
    for event in sorted(network.events, key=lambda event: (event.start_day, event.event)):
        if event.acts_within(network.days):
            last = network.days if event.end_day is None else min(event.end_day, network.days)
            begins, first = network.date_of(event.start_day), max(0, event.start_day)
            text = f"from {short_date(begins)}"
            if event.end_day is not None:
                text = date_range(begins, network.date_of(event.end_day - 1))
            yield {"title": event.title, "text": text, "left": first, "width": last - first, "style": "event"}


def _shortage_rows(contents: PageContents) -> Iterator[dict[str, Any]]:
    """Bars from the first to the last short day of every consumer."""
    network, own = contents.run.record.network, contents.run.measures["reference"]
    short = is_short(consumer_flows_t(contents.run.record))
    for summary in contents.short:
        for i in summary.short:
            first = int(own["onset_date"][i])
            yield {
                "title": f"{network.consumers[i].region} short of {summary.name}",
                "text": f"first on {short_date(network.date_of(first))}, {count(own['duration_days'][i], 'day')} in all",
                "left": first,
                "width": _last_short(short[:, i]) - first,
                "style": "short",
            }


def _event_title(contents: PageContents, event: str) -> str:
    model = contents.run.scenario.model
    block = model.events.get(event) or model.stockpiles.get(event)
    return getattr(block, "title", None) or event.replace("-", " ")


def _last_short(short: BoolArray) -> int:
    """The day after the last short one."""
    return int(len(short) - short[::-1].argmax())


def timeline_title(contents: PageContents) -> str:
    """Time from the first event to the first shortage, as text."""
    network, summary = contents.run.record.network, contents.summaries[0]
    events = summary.disturbances()
    if not events:
        return "Nothing disturbs the chain"
    first = min(events, key=lambda event: event.start_day)
    begins = long_date(network.date_of(first.start_day))
    if not summary.short:
        return f"{count(len(events), 'event')} from {begins} on, and no shortage"
    onset = min(int(contents.run.measures["reference"]["onset_date"][i]) for i in summary.short)
    who = listing([summary.region(i) for i in summary.short if int(summary.measures["onset_date"][i]) == onset])
    if onset == first.start_day:
        return f"The first shortage, in {who}, comes on the first day of the events, {begins}"
    return (
        f"The first shortage, in {who}, comes {day_count(onset - first.start_day)} after the events begin on {begins}"
    )


# ------------------------------------------------------------------------------------------------------------ all figures


def outcomes(contents: PageContents) -> list[dict[str, str]]:
    """Days lost under each rerouting, tonnes and ranges of every consumer."""
    return [_outcome(contents, i) for i in range(len(contents.run.record.network.consumers))]


def _outcome(contents: PageContents, i: int) -> dict[str, str]:
    run, network = contents.run, contents.run.record.network
    consumer, own, spread = network.consumers[i], run.measures["reference"], contents.range_of(i)
    onset = own["onset_date"][i]
    return {
        "material": material_title(run.scenario, consumer.material),
        "region": consumer.region,
        "from": ABSENT if math.isnan(onset) else short_date(network.start + dt.timedelta(days=int(onset))),
        **{
            name: days_text(float(run.measures[name]["shortfall_days"][i]))
            for name in REROUTINGS
            if name in run.measures
        },
        "tonnes": tonnes_text(float(own["shortfall_t"][i])),
        "lowest": days_text(float(own["min_commercial_cover_days"][i])),
        "draws": "" if spread is None else f"{spread.short} of {spread.draws}",
        "range": "" if spread is None else "–".join(days_text(days) for days in spread.days),
    }


def waterfalls(contents: PageContents) -> list[dict[str, Any]]:
    """Days lost after each step, for every consumer that loses any."""
    run = contents.run
    return [
        {
            "material": material_title(run.scenario, consumer.material),
            "region": consumer.region,
            "days": [days_text(float(run.days_lost[step][i])) for step in run.days_lost],
        }
        for i, consumer in enumerate(run.record.network.consumers)
        if any(run.days_lost[step][i] > 0 for step in run.days_lost)
    ]


# ---------------------------------------------------------------------------------------------------------------- sources


def sources(contents: PageContents) -> dict[str, Any]:
    """Sources with the number of inputs that cite them, all inputs, and counts by kind of evidence."""
    scenario = contents.run.scenario
    inputs = scenario.inputs()
    counts = {kind: sum(entry.kind == kind for entry in inputs) for kind in KINDS}
    tally = [f"{counts[kind]} {words}" for kind, words in KINDS.items() if counts[kind]]
    cited = {
        key: sum(entry.source == key and entry.kind != "assumption" for entry in inputs)
        for key in scenario.model.sources
    }
    by_use = sorted(cited, key=lambda key: (-cited[key], key))
    return {
        "title": f"Of {count(len(inputs), 'input')}, {listing(tally)}" if tally else NO_INPUTS,
        "rows": [_source(key, scenario.model.sources[key], cited[key]) for key in by_use],
        "inputs": [
            {"path": e.path, "value": f"{e.text} {e.unit}".rstrip(), "source": e.source or "note", "kind": e.kind,
             "note": " ".join((e.note or "").split())}
            for e in inputs
        ],
    }  # fmt: skip


def _source(key: str, source: Any, cited: int) -> dict[str, Any]:
    return {
        "key": key,
        "title": source.title,
        "publisher": source.publisher or ABSENT,
        "date": source.date or ABSENT,
        "licence": source.licence or ABSENT,
        "confidence": source.confidence or "found",
        "inputs": cited,
        "where": source.url or (f"document {source.document}" if source.document else ""),
        "url": web_address(source.url),
    }


# --------------------------------------------------------------------------------------------------------- reproducibility


def colophon(contents: PageContents, command: str | None, made_by: str | None) -> dict[str, Any]:
    """Everything needed to reproduce the page."""
    run = contents.run
    record = manifest(run.scenario, run.seed, run.replication, command)
    versions = dict(record["versions"])
    return {
        "scenario": record["scenario"],
        "hash": record["scenario_hash"],
        "seed": record["seed"],
        "replication": "none: central values" if record["replication"] is None else record["replication"],
        "command": " && ".join(line for line in (made_by, record["command"]) if line),
        "minsim": versions.pop("minsim"),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "draws": 0 if contents.ensemble is None else len(contents.ensemble.replications),
        "failed": 0 if contents.ensemble is None else len(contents.ensemble.failures),
    }
