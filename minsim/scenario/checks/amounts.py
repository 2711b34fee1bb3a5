"""Consistent numbers: shares sum to 1, and materials bought with money have a price."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from minsim.scenario.checks.names import Finding, blocks
from minsim.scenario.distributions import central, is_distribution, uncertain_numbers
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Number, Rest, support
from minsim.scenario.schema_tree import Path
from minsim.scenario.shares import SHARES_WITHIN
from minsim.text.messages import did_you_mean


def check_shares_of_stages(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of producers at a stage sum to 1; of uncertain shares, their central values."""
    for path, _, material in blocks(model):
        for name, stage in material.stages.items():
            shares = [producer.share for producer in stage.producers.values()]
            yield from sum_to_one((*path, "stages", name, "producers"), shares)


def check_shares_of_sectors(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of sectors in a region sum to 1."""
    for path, _, material in blocks(model):
        for region, consumer in material.consumers.items():
            shares = [sector.share for sector in consumer.sectors.values()]
            if shares:
                yield from sum_to_one((*path, "consumers", region, "sectors"), shares)


def sum_to_one(path: Path, shares: list[Any]) -> Iterator[Finding]:
    """A finding where shares do not sum to 1, in the central case or when they are drawn."""
    total = sum(sorted(map(central, shares)))
    if abs(total - 1) > SHARES_WITHIN:
        way = "too much" if total > 1 else "missing"
        yield path, f"expected shares that sum to 1, got {total:.8g}: {abs(total - 1):.2g} {way}"
        return
    drawn = [share for share in shares if is_distribution(share) and support(share)[0] < support(share)[1]]
    others = sum(central(share) for share in shares if not is_distribution(share) and not isinstance(share, Rest))
    has_rest = any(isinstance(share, Rest) for share in shares)
    most = sum(support(share)[1] for share in drawn) + (others if has_rest else 0.0)
    if drawn and most > 1 + SHARES_WITHIN:
        fix = "lower an upper end: a drawn share never gives way to another"
        yield path, f"expected shares whose draws sum to 1 at most, got up to {most:.6g}; {fix}"
    elif drawn and not has_rest and others <= 0:
        yield path, "expected a share that gives way to those drawn, got none; say `share: rest` in one of them"


MOST_GROWTH = 1e6
"""Most times demand or capacity can grow to within a run."""


def check_total_growth(model: ScenarioModel) -> Iterator[Finding]:
    """What grows does not overflow by the last day."""
    years = (model.end - model.start).days / 365.25
    for path, rate in _growth_rates(model):
        least, most = support(rate)
        times = math.exp(min(700.0, years * math.log1p(max(most, least))))
        if times > MOST_GROWTH:
            yield path, f"expected growth to at most {MOST_GROWTH:g} times by {model.end}, got {times:.3g}; lower it"


def _growth_rates(model: ScenarioModel) -> Iterator[tuple[Path, Number]]:
    for path, _, material in blocks(model):
        for region, consumer in material.consumers.items():
            yield (*path, "consumers", region, "growth_per_year"), consumer.growth_per_year
        for name, stage in material.stages.items():
            if stage.growth_per_year is not None:
                yield (*path, "stages", name, "growth_per_year"), stage.growth_per_year
            for producer, block in stage.producers.items():
                yield (*path, "stages", name, "producers", producer, "growth_per_year"), block.growth_per_year


DRAWN_AGAIN = (".hazard.repair_days", ".licence.review_days")
"""Numbers drawn anew for each failure or review, which can share no draw."""


def check_shared_draws(model: ScenarioModel) -> Iterator[Finding]:
    """What is drawn again and again shares no draw."""
    for path, number in uncertain_numbers(model):
        if number.shared is not None and path.endswith(DRAWN_AGAIN):
            yield (*path.split("."), "shared"), "expected no `shared` here: this is drawn anew each time; drop it"


def caution_lonely_draws(model: ScenarioModel) -> Iterator[Finding]:
    """A shared draw moves at least two numbers."""
    shared = [(path, number.shared) for path, number in uncertain_numbers(model) if number.shared is not None]
    counts = Counter(name for _, name in shared)
    for path, name in shared:
        if counts[name] == 1:
            near = did_you_mean(name, set(counts) - {name})
            yield (*path.split("."), "shared"), f'no other number shares "{name}"{near}'


def check_stockpile_prices(model: ScenarioModel) -> Iterator[Finding]:
    """A stockpile with a budget or a price ceiling needs a price for every material it holds."""
    for name, stockpile in model.stockpiles.items():
        fill = stockpile.fill
        ceilings = [fill.price_ceiling_usd_per_kg, fill.price_ceiling_ratio] if fill else []
        if [stockpile.budget_usd, *ceilings].count(None) == 1 + len(ceilings):
            continue
        for material in sorted(set(stockpile.holds) & set(model.materials)):
            block = model.materials[material]
            if block.price_usd_per_kg is None and block.prices is None:
                reason = "a budget" if stockpile.budget_usd is not None else "a price ceiling"
                fix = f"give materials.{material} a `price_usd_per_kg`"
                yield (
                    ("stockpiles", name, "holds", material),
                    f'"{material}" has no price, which {reason} needs; {fix}',
                )


def check_targets_of_stockpiles(model: ScenarioModel) -> Iterator[Finding]:
    """A target of its own belongs to a material that the stockpile holds."""
    for name, stockpile in model.stockpiles.items():
        for material in stockpile.target_days_by_material:
            if material not in stockpile.holds:
                path = ("stockpiles", name, "target_days_by_material", material)
                yield path, f"expected a material that {name} holds{did_you_mean(material, stockpile.holds)}"
