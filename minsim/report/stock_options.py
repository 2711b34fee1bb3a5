"""Stock options: one additional stock, of each form the material passes through, and the days of use it saves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minsim.metrics import consumers
from minsim.metrics.consumers import KG_PER_TONNE
from minsim.metrics.disturbances import made_from
from minsim.report.progress import PageProgress
from minsim.results.outcome import Outcome
from minsim.scenario import Scenario
from minsim.scenario.stages import chain

SIZES_DAYS = (10.0, 30.0, 60.0)
"""Sizes simulated, in days of the region's use."""
STOCKPILE = "zz-bought"
"""Key of the added stock: stockpiles serve in the order of their keys, existing ones first."""


@dataclass(frozen=True)
class StockOption:
    """One stock bought before the first day, and the days of use it saves.

    Attributes
    ----------
    material, stage : str
        Material held: the short material itself, or a material it is made from.
    days : float
        Size, in days of the region's use, direct or embodied [days].
    tonnes_t : float
    cost_usd : float
        At reference prices; `nan`: the scenario gives no price.
    saved_days : float
        Days of use lost without it, minus those lost with it.
    """

    material: str
    stage: str
    days: float
    tonnes_t: float
    cost_usd: float
    saved_days: float

    @property
    def saved_days_per_million_usd(self) -> float:
        """Days saved per million dollars; `nan` without a price."""
        return self.saved_days / self.cost_usd * 1e6 if self.cost_usd > 0 else math.nan


def stock_options(
    run: Outcome, consumer: int, sizes_days: Sequence[float], progress: PageProgress
) -> list[StockOption]:
    """Simulate a scenario again with one additional stock at a time, owned by a region and open to all its users.

    Each stock is full on the first day. It is released at the rate of the region's shortfall, after the authorisation time
    of the slowest stockpile that serves the region; at once if there is none.

    Parameters
    ----------
    run : Outcome
        The finished run.
    consumer : int
        Index of the consumer in the network.
    sizes_days : sequence of float
        Sizes of each form [days of use].
    progress : callable
        Called with the number of stocks simulated and requested.

    Returns
    -------
    list of StockOption
        By form, the material itself first, then by size; without forms that the region does not use.
    """
    options = []
    forms = forms_of(run.scenario, run.record.network.consumers[consumer].material)
    requested = [(material, stage, days) for material, stage in forms for days in sizes_days]
    for done, (material, stage, days) in enumerate(requested, start=1):
        options.append(stock_option(run, consumer, material, stage, days))
        progress("stocks to buy", done, len(requested))
    return [option for option in options if option.tonnes_t > 0]


def forms_of(scenario: Scenario, material: str) -> list[tuple[str, str]]:
    """Forms that have a price: the last product of the material, then of each material it is made from."""
    names = [material, *sorted(made_from(scenario, material) - {material})]
    return [(name, chain(scenario.model.materials[name])[-1]) for name in names]


def stock_option(run: Outcome, consumer: int, material: str, stage: str, days: float) -> StockOption:
    """Simulate one additional stock, and measure the days of use it saves a region."""
    from minsim.results.run import run as simulate

    added = {f"stockpiles.{STOCKPILE}": _stockpile(run, consumer, material, stage, days)}
    scenario = run.scenario.with_overrides(added)
    with_it = simulate(scenario, seed=run.seed, replication=run.replication, bracket=False)
    held = next(h for h in with_it.record.network.holdings if h.stockpile == STOCKPILE)
    lost = [outcome.measures["reference"]["shortfall_days"][consumer] for outcome in (run, with_it)]
    cost_usd = held.target_t * KG_PER_TONNE * held.price_usd_per_kg
    return StockOption(material, stage, days, held.target_t, cost_usd, float(lost[0] - lost[1]))


def _stockpile(run: Outcome, consumer: int, material: str, stage: str, days: float) -> dict[str, Any]:
    """The added stock in the scenario format."""
    network = run.record.network
    return {
        "owner": network.consumers[consumer].place,
        "holds": {material: stage},
        "target_days": days,
        "initial_fill": 1.0,
        "release": {"authorisation_days": consumers.authorisation_days(network, consumer)},
        "source": "assumption",
        "note": "what one more stock would save",
    }
