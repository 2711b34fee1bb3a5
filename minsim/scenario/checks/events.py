"""Events: they end after they start, and have an effect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from minsim.scenario.checks.names import Finding, countries_of, places
from minsim.scenario.distributions import central
from minsim.scenario.format.events import ExportCurb
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Window


def check_event_days(model: ScenarioModel) -> Iterator[Finding]:
    """An event with an end acts on at least one day."""
    for key, event in model.events.items():
        if event.end is None or event.start is None:
            continue
        first = event.start.latest if isinstance(event.start, Window) else event.start
        if event.end <= first:
            yield (
                ("events", key, "end"),
                f"expected an end after the start, {first}, got {event.end}: `end` is the first free day",
            )


LONGEST_YEARS = 100
"""Most years simulated without `long_horizon`: more is most often a mistyped `end`."""


def check_horizon(model: ScenarioModel) -> Iterator[Finding]:
    """A horizon beyond a hundred years is simulated only if it is said to be meant."""
    years = (model.end - model.start).days / 365.25
    if years > LONGEST_YEARS and not model.long_horizon:
        fix = "correct it, or say `long_horizon: true` if it is meant"
        yield ("end",), f"expected at most {LONGEST_YEARS} years from the start, {model.start}, got {years:.0f}; {fix}"


def caution_event_days(model: ScenarioModel) -> Iterator[Finding]:
    """An event outside the simulated days has no effect."""
    for key, event in model.events.items():
        earliest = event.start.earliest if isinstance(event.start, Window) else event.start or model.start
        latest = event.start.latest if isinstance(event.start, Window) else earliest
        end = event.end
        if end is None and event.duration_days is not None:
            end = latest + dt.timedelta(days=min(central(event.duration_days), 1e6))
        if earliest > model.end:
            yield (
                ("events", key),
                f"begins on {earliest}, after the last day simulated, {model.end}: it changes nothing",
            )
        elif end is not None and end <= model.start:
            yield (
                ("events", key),
                f"is over by {end}, before the first day simulated, {model.start}: it changes nothing",
            )


def caution_idle_curbs(model: ScenarioModel) -> Iterator[Finding]:
    """A curb on products that its exporter does not make has no effect."""
    for key, event in model.events.items():
        if isinstance(event, ExportCurb) and event.exporter in places(model) - _sellers(model, event):
            yield (
                ("events", key, "exporter"),
                f"{event.exporter} makes none of what is curbed: the curb changes nothing",
            )


def caution_curbs_at_home(model: ScenarioModel) -> Iterator[Finding]:
    """A curb that names its own exporter among the importers also restricts the exporter's own users."""
    for key, event in model.events.items():
        if isinstance(event, ExportCurb) and event.importers != "all" and event.exporter in event.importers:
            yield (
                ("events", key, "importers"),
                f"{event.exporter} is both exporter and importer: the curb holds back what it sells to its own users, too",
            )


def _sellers(model: ScenarioModel, event: ExportCurb) -> set[str]:
    names = model.materials if event.materials == "all" else event.materials
    found = set()
    for name in set(names) & set(model.materials):
        for stage_name, stage in model.materials[name].stages.items():
            if event.stage in (None, stage_name):
                found |= countries_of(stage)
    blocs = {bloc for bloc, members in model.regions.members.items() if found & set(members)}
    return found | blocs
