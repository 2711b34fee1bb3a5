"""Places: those a scenario declares are spelt like known ones, and those it refers to exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from minsim.scenario.checks.chains import ring_of
from minsim.scenario.checks.names import Finding, blocks, countries_of, declared_places, known_countries, listed, places
from minsim.scenario.format.events import AnyEvent, ExportCurb
from minsim.scenario.format.materials import Material, Trade
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import LANE_ARROW
from minsim.scenario.schema_tree import Path
from minsim.text.messages import closest, suggestion


def check_declared_places(model: ScenarioModel) -> Iterator[Finding]:
    """No producer or consumer is in a place whose name looks like a misspelling of another."""
    likeness = _misspelt(model)
    for path, name in declared_places(model):
        if name in likeness:
            yield path, f'unknown country "{name}"{suggestion(likeness[name])}'


def check_blocs(model: ScenarioModel) -> Iterator[Finding]:
    """Blocs may hold blocs, but none, through others, itself."""
    blocs = model.regions.blocs
    if ring := ring_of({name: [member for member in members if member in blocs] for name, members in blocs.items()}):
        yield ("regions", "blocs", ring[0]), f"blocs hold each other in a ring: {' -> '.join(ring)}; take one out"


def caution_invented_places(model: ScenarioModel) -> Iterator[Finding]:
    """Places minsim does not know are allowed, with a warning."""
    ordinary = known_countries() | set(model.regions.blocs) | set(_misspelt(model))
    seen: set[str] = set()
    for path, name in declared_places(model):
        if name not in ordinary | seen:
            seen.add(name)
            yield path, f'"{name}" is no country minsim knows; taken as an invented one'


def _misspelt(model: ScenarioModel) -> dict[str, str]:
    """Unknown names that look like a known or a more frequent one → that name."""
    counts = Counter(name for _, name in declared_places(model))
    accepted = set(known_countries()) | set(model.regions.blocs)
    likeness = {}
    for name in sorted(set(counts) - accepted, key=lambda name: (-counts[name], name)):
        near = _place_like(name, accepted)
        if near is None:
            accepted.add(name)
        else:
            likeness[name] = near
    return likeness


def check_places_named(model: ScenarioModel) -> Iterator[Finding]:
    """Places that events, lanes, stockpiles, zones and blocs refer to exist."""
    known = places(model)
    for path, name in _place_references(model):
        if name not in known:
            near = _place_like(name, known)
            yield path, f'unknown place "{name}"{suggestion(near) or "; no country, region or bloc is called so"}'


def _place_references(model: ScenarioModel) -> Iterator[tuple[Path, str]]:
    for bloc, members in model.regions.blocs.items():
        yield from ((("regions", "blocs", bloc, index), name) for index, name in enumerate(members))
    for path, _, material in blocks(model):
        yield from _places_of_material(path, material)
    for name, stockpile in model.stockpiles.items():
        yield ("stockpiles", name, "owner"), stockpile.owner
    for name, event in model.events.items():
        for end, place in _places_of_event(event):
            yield ("events", name, *end), place


def _places_of_material(path: Path, material: Material) -> Iterator[tuple[Path, str]]:
    if material.trade is not None:
        yield from _places_of_trade((*path, "trade"), material.trade)
    for name, stage in material.stages.items():
        if stage.trade is not None:
            yield from _places_of_trade((*path, "stages", name, "trade"), stage.trade)
    if material.prices is not None:
        for zone in material.prices.zones:
            members = material.prices.zones[zone]
            if members != "rest":
                yield from (((*path, "prices", "zones", zone, index), name) for index, name in enumerate(members))
        yield from (((*path, "prices", "costs", name), name) for name in material.prices.costs)


def _places_of_trade(path: Path, trade: Trade) -> Iterator[tuple[Path, str]]:
    lanes: list[tuple[Path, str]] = [((*path, "forbidden", index), lane) for index, lane in enumerate(trade.forbidden)]
    lanes += [((*path, "shares", lane), lane) for lane in trade.shares]
    lanes += [((*path, "tonnes_per_year", lane), lane) for lane in trade.tonnes_per_year]
    lanes += [((*path, "lead_time_days", "pairs", lane), lane) for lane in trade.lead_time_days.pairs]
    yield from _ends(lanes)


def _ends(lanes: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    for path, lane in lanes:
        yield from ((path, end) for end in lane.split(LANE_ARROW))


def _places_of_event(event: AnyEvent) -> Iterator[tuple[Path, str]]:
    for field in ("exporter", "exporters", "importer", "importers", "regions", "countries", "bloc"):
        yield from listed(event, field)
    yield from _ends(listed(event, "lanes"))
    if isinstance(event, ExportCurb):
        if event.measure.licence is not None:
            rates = event.measure.licence.approval_rates
            yield from ((("measure", "licence", "approval_rates", name), name) for name in rates)
        if event.leakage is not None:
            yield from ((("leakage", *end), name) for end, name in listed(event.leakage, "via"))


def check_zones(model: ScenarioModel) -> Iterator[Finding]:
    """Price zones do not overlap, at most one is `rest`, and without one every place that trades has a zone."""
    for path, _, material in blocks(model):
        zones = material.prices.zones if material.prices is not None else {}
        rest = sorted(name for name, members in zones.items() if members == "rest")
        if len(rest) > 1:
            yield (*path, "prices", "zones"), f"expected one zone at most to take the rest, got {' and '.join(rest)}"
        counts = Counter(name for members in zones.values() if members != "rest" for name in members)
        for name in sorted(name for name, count in counts.items() if count > 1):
            yield (*path, "prices", "zones"), f'"{name}" stands in more than one zone'
        if zones and not rest:
            makers = [country for stage in material.stages.values() for country in countries_of(stage)]
            members = {place for name in counts for place in model.regions.members.get(name, (name,))}
            if lacking := sorted({*makers, *material.consumers} - members):
                where = f"expected a zone for {', '.join(lacking)}, got none; name a zone, or let one be `rest`"
                yield (*path, "prices", "zones"), where


def _place_like(name: str, known: Iterable[str]) -> str | None:
    """Known place that a name probably means: an alias such as `USA`, or a typing error."""
    from minsim.data import country_aliases

    known = set(known)
    other_spellings = {alias.casefold(): country for alias, country in country_aliases().items()}
    if (country := other_spellings.get(name.casefold())) in known:
        return country
    return closest(name, (other for other in known if not _numbered_apart(name, other)), cutoff=0.8)


def _numbered_apart(one: str, other: str) -> bool:
    """Whether two names differ only in a letter or a number, as `Mine A` and `Mine B` do on purpose."""

    def stem(name: str) -> list[str]:
        return [word for word in re.findall(r"[^\W\d_]+|\d+", name.casefold()) if len(word) > 1 and not word.isdigit()]

    return one.casefold() != other.casefold() and stem(one) == stem(other)
