"""Consistent numbers: shares sum to 1, and materials bought with money have a price."""

from __future__ import annotations

import math
from collections.abc import Iterator

from minsim.scenario.checks.names import Finding, blocks
from minsim.scenario.distributions import central
from minsim.scenario.format.model import ScenarioModel
from minsim.scenario.format.numbers import Number, support
from minsim.scenario.schema_tree import Path
from minsim.text.messages import did_you_mean

SHARES_WITHIN = 1e-6
"""How far the shares of a stage or a region may sum from 1."""


def check_shares_of_stages(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of producers at a stage sum to 1; of uncertain shares, their central values."""
    for path, _, material in blocks(model):
        for name, stage in material.stages.items():
            shares = [central(producer.share) for producer in stage.producers.values()]
            yield from sum_to_one((*path, "stages", name, "producers"), shares)


def check_shares_of_sectors(model: ScenarioModel) -> Iterator[Finding]:
    """Shares of sectors in a region sum to 1."""
    for path, _, material in blocks(model):
        for region, consumer in material.consumers.items():
            shares = [central(sector.share) for sector in consumer.sectors.values()]
            if shares:
                yield from sum_to_one((*path, "consumers", region, "sectors"), shares)


def sum_to_one(path: Path, shares: list[float]) -> Iterator[Finding]:
    """A finding where shares do not sum to 1."""
    total = sum(sorted(shares))
    if abs(total - 1) > SHARES_WITHIN:
        way = "too much" if total > 1 else "missing"
        yield path, f"expected shares that sum to 1, got {total:.8g}: {abs(total - 1):.2g} {way}"


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
