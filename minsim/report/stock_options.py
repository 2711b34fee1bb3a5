"""What to buy: one more stock, of each form the material passes through, and the days of use it saves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minsim.metrics import consumers
from minsim.metrics.consumers import KG_PER_TONNE
from minsim.metrics.disturbances import made_from
from minsim.results.outcome import Outcome
from minsim.scenario.stages import chain

if TYPE_CHECKING:
    from minsim.report.progress import PageProgress
    from minsim.scenario import Scenario

SIZES_DAYS = (10.0, 30.0, 60.0)
"""Sizes looked at, in days of the region's use."""
STOCKPILE = "zz-bought"
"""Key of the added stock: stockpiles serve in the order of their keys, and what exists goes first."""


@dataclass(frozen=True)
class StockOption:
    """One stock bought before the first day, and what it changes.

    Attributes
    ----------
    material, stage : str
        What is held: the short material itself, or what it is made from.
    days : float
        Its size, in days of the region's use, as it is or embodied [days].
    tonnes_t : float
    cost_usd : float
        At reference prices; `nan` where the scenario gives none.
    saved_days : float
        Days of use lost without it, less those lost with it.
    """

    material: str
    stage: str
    days: float
    tonnes_t: float
    cost_usd: float
    saved_days: float

    @property
    def saved_days_per_million_usd(self) -> float:
        """Days saved for a million dollars; `nan` without a price."""
        return self.saved_days / self.cost_usd * 1e6 if self.cost_usd > 0 else math.nan


def purchases(run: Outcome, consumer: int, sizes_days: Sequence[float], progress: PageProgress) -> list[StockOption]:
    """Simulate a run's scenario again with one more stock at a time, owned by a region and open to all its users.

    Each is full on the first day, and released as fast as its region's users are short, as soon as the slowest of the
    stockpiles that serve the region is; at once where none does.

    Parameters
    ----------
    run : Outcome
        The finished run.
    consumer : int
        The region's use of a material, by its place in the network.
    sizes_days : sequence of float
        Sizes of each form [days of use].
    progress : callable
        Told the stocks simulated and wanted.

    Returns
    -------
    list of StockOption
        By form, the material itself first, then size; without forms of which the region can use nothing.
    """
    found = []
    forms = forms_of(run.scenario, run.record.network.consumers[consumer].material)
    asked = [(material, stage, days) for material, stage in forms for days in sizes_days]
    for done, (material, stage, days) in enumerate(asked, start=1):
        found.append(bought(run, consumer, material, stage, days))
        progress("stocks to buy", done, len(asked))
    return [purchase for purchase in found if purchase.tonnes_t > 0]


def forms_of(scenario: Scenario, material: str) -> list[tuple[str, str]]:
    """What may be held: the last product of the material, then of all it is made from; the scenario prices no other."""
    names = [material, *sorted(made_from(scenario, material) - {material})]
    return [(name, chain(scenario.model.materials[name])[-1]) for name in names]


def bought(run: Outcome, consumer: int, material: str, stage: str, days: float) -> StockOption:
    """One more stock, and the days of use it saves a region."""
    from minsim.results.run import run as simulate

    pile = f"stockpiles.{STOCKPILE}"
    scenario = run.scenario.with_overrides({pile: stock(run, consumer, material, stage, days)})
    with_it = simulate(scenario, seed=run.seed, replication=run.replication, bracket=False)
    held = next(h for h in with_it.record.network.holdings if h.stockpile == STOCKPILE)
    lost = [outcome.measures["reference"]["shortfall_days"][consumer] for outcome in (run, with_it)]
    cost_usd = held.target_t * KG_PER_TONNE * held.price_usd_per_kg
    return StockOption(material, stage, days, held.target_t, cost_usd, float(lost[0] - lost[1]))


def stock(run: Outcome, consumer: int, material: str, stage: str, days: float) -> dict[str, Any]:
    """The added stock, as a scenario writes it."""
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
