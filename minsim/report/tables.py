"""What stands below the first screen: events, every figure, sources, and how to make the page again."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

from minsim.metrics.consumers import REROUTINGS, BoolArray, consumer_flows_t, is_short
from minsim.report.contents import PageContents
from minsim.report.formats import ABSENT, date_range, days_text, short_date, tonnes_text
from minsim.report.svg_curves import month_ticks
from minsim.results.files import manifest
from minsim.results.log_texts import to_whom, what_happened
from minsim.text.formatting import count, day_count, listing, long_date

KINDS = {
    "found": "found in the source",
    "derived": "derived from it",
    "memory": "recalled from memory",
    "assumption": "assumed",
}
"""How well a number is known, and how a reader says so."""


def timeline(found: PageContents) -> dict[str, Any]:
    """Events with their spans, first shortages, and the log."""
    network = found.run.record.network
    rows = []
    for event in sorted(network.events, key=lambda event: (event.start_day, event.event)):
        if event.acts_within(network.days):
            last = network.days if event.end_day is None else min(event.end_day, network.days)
            begins, first = network.date_of(event.start_day), max(0, event.start_day)
            text = f"from {short_date(begins)}"
            if event.end_day is not None:
                text = date_range(begins, network.date_of(event.end_day - 1))
            rows.append({"title": event.title, "text": text, "left": first, "width": last - first, "style": "event"})
    own, short = found.run.measures["reference"], is_short(consumer_flows_t(found.run.record))
    for story in found.short:
        for i in story.short:
            first = int(own["onset_date"][i])
            name = f"{network.consumers[i].region} short of {story.name}"
            text = f"first on {short_date(network.date_of(first))}, {count(own['duration_days'][i], 'day')} in all"
            rows.append(
                {
                    "title": name,
                    "text": text,
                    "left": first,
                    "width": _last_short(short[:, i]) - first,
                    "style": "short",
                }
            )
    log = [
        {"date": network.date_of(entry.day).isoformat(), "event": _event_title(found, entry.event),
         "what": what_happened(entry), "whom": to_whom(entry, network)}
        for entry in found.run.record.log
    ]  # fmt: skip
    return {
        "title": timeline_title(found),
        "rows": rows,
        "log": log,
        "days": network.days,
        "ticks": month_ticks(network.start, network.days),
    }


def _event_title(found: PageContents, event: str) -> str:
    model = found.run.scenario.model
    block = model.events.get(event) or model.stockpiles.get(event)
    return getattr(block, "title", None) or event.replace("-", " ")


def _last_short(short: BoolArray) -> int:
    """The day after the last short one."""
    return int(len(short) - short[::-1].argmax())


def timeline_title(found: PageContents) -> str:
    """How long after the first event somebody is short."""
    network, story = found.run.record.network, found.stories[0]
    events = story.disturbances()
    if not events:
        return "Nothing disturbs the chain"
    first = min(events, key=lambda event: event.start_day)
    begins = long_date(network.date_of(first.start_day))
    if not story.short:
        return f"{count(len(events), 'event')} from {begins} on, and no shortage"
    onset = min(int(found.run.measures["reference"]["onset_date"][i]) for i in story.short)
    who = listing([story.region(i) for i in story.short if int(story.measures["onset_date"][i]) == onset])
    if onset == first.start_day:
        return f"The first shortage, in {who}, comes on the first day of the events, {begins}"
    return (
        f"The first shortage, in {who}, comes {day_count(onset - first.start_day)} after the events begin on {begins}"
    )


# ------------------------------------------------------------------------------------------------------------ all figures


def outcomes(found: PageContents) -> list[dict[str, str]]:
    """Every region and material: days lost under each rerouting, tonnes, the draws."""
    return list(_outcomes(found))


def _outcomes(found: PageContents) -> Iterator[dict[str, str]]:
    run, network = found.run, found.run.record.network
    own = run.measures["reference"]
    for i, consumer in enumerate(network.consumers):
        spread = found.range_of(i)
        onset = own["onset_date"][i]
        yield {
            "material": run.scenario.model.materials[consumer.material].title or consumer.material,
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


def waterfalls(found: PageContents) -> list[dict[str, Any]]:
    """Days lost after each step, by region that loses any."""
    run = found.run
    return [
        {
            "material": run.scenario.model.materials[consumer.material].title or consumer.material,
            "region": consumer.region,
            "days": [days_text(float(run.days_lost[step][i])) for step in run.days_lost],
        }
        for i, consumer in enumerate(run.record.network.consumers)
        if any(run.days_lost[step][i] > 0 for step in run.days_lost)
    ]


# ---------------------------------------------------------------------------------------------------------------- sources


def sources(found: PageContents) -> dict[str, Any]:
    """Sources with how well they are known and how many inputs rest on them; every input; the counts."""
    scenario = found.run.scenario
    inputs = scenario.inputs()
    counts = {kind: sum(entry.kind == kind for entry in inputs) for kind in KINDS}
    told = [f"{counts[kind]} {words}" for kind, words in KINDS.items() if counts[kind]]
    cited = {
        key: sum(entry.source == key and entry.kind != "assumption" for entry in inputs)
        for key in scenario.model.sources
    }
    by_use = sorted(cited, key=lambda key: (-cited[key], key))
    return {
        "title": f"Of {count(len(inputs), 'input')}, {listing(told)}" if told else "The scenario gives no empirical number",
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


def web_address(url: str | None) -> str:
    """An address that is safe to link to; empty for anything but the web (a scenario may say `javascript:`).

    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)"), web_address(None)
    ('https://example.org/a', '', '')
    """
    return url if url and url.lower().startswith(("https://", "http://")) else ""


# --------------------------------------------------------------------------------------------------------- reproducibility


def colophon(found: PageContents, command: str | None, made_by: str | None) -> dict[str, Any]:
    """What it takes to make the page again."""
    told = manifest(found.run, command)
    versions = dict(told["versions"])
    return {
        "scenario": told["scenario"],
        "hash": told["scenario_hash"],
        "seed": told["seed"],
        "replication": "none: central values" if told["replication"] is None else told["replication"],
        "command": " && ".join(line for line in (made_by, told["command"]) if line),
        "minsim": versions.pop("minsim"),
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "draws": 0 if found.draws is None else len(found.draws.replications),
        "failed": 0 if found.draws is None else len(found.draws.failures),
    }
