"""The waterfall of days lost: what rerouting, leakage, stockpiles and prices each take off a naive count, or add to it.

One replication a step, all with the same draws: buyers that never reroute, without leakage and stockpiles, at prices that
never move; then one of these after the other comes in. The last is the run itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from minsim.metrics import consumers as metrics
from minsim.metrics.consumers import FloatArray
from minsim.results import plotting
from minsim.results.outcome import Outcome
from minsim.scenario.format.events import MarketFlood, PriceFloor, Tariff
from minsim.text.formatting import day_count, listing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record


STEPS: Mapping[str, str] = {
    "naive": "no rerouting, no leakage, no stockpiles, prices that never move",
    "rerouting": "after rerouting",
    "leakage": "after leakage",
    "stockpiles": "after stockpiles",
    "prices": "after prices",
}
"""Steps of the waterfall, in order, and what each is; the last only where the scenario has prices."""
FIXED_PRICES: Mapping[str, Any] = {"bounds": [1, 1], "supply_elasticity": 0, "costs": None}
"""Keys of a price block with which its price stays at the reference."""
NO_CHANGE_DAYS = 1e-6
"""Below this a step counts as changing nothing [days]."""


@dataclass(frozen=True, eq=False)
class Waterfall:
    """Days of use lost, step by step; made by `waterfall`.

    Parameters
    ----------
    run : Outcome
        A finished run with its bracket.
    """

    COLUMNS: ClassVar = ("material", "region", "step", "shortfall_days")

    run: Outcome = field(repr=False)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Material, region, step and days of use lost after it [days], by region in the order of the steps."""
        consumers = self.run.record.network.consumers
        return [
            {"material": c.material, "region": c.region, "step": step, "shortfall_days": float(days[index])}
            for index, c in enumerate(consumers)
            for step, days in self.run.days_lost.items()
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.COLUMNS))

    def plot(self, ax: Axes | None = None, material: str | None = None) -> Axes:
        """Draw the steps of the hardest hit regions.

        Parameters
        ----------
        ax : Axes, optional
            Draw the hardest hit region into these axes alone; absent: a whole figure.
        material : str, optional
            Absent: the material of which most days of use are lost.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.

        Raises
        ------
        NotInRunError
            The run has no such material.
        """
        if ax is None:
            return plotting.figure(self.run, "waterfall", material=material).axes[0]
        return plotting.draw_into(ax, self, material)


def lost_by_step(
    scenario: Scenario,
    records: Mapping[str, Record],
    simulated: Callable[[Scenario, str], Record],
) -> dict[str, FloatArray]:
    """Days of use lost after each step, by consumer.

    Parameters
    ----------
    scenario : Scenario
        What was run.
    records : mapping of str to Record
        The scenario's own records by rerouting, `"none"` and `"reference"` among them.
    simulated : callable
        Runs a scenario with one rerouting, with the same draws.

    Returns
    -------
    dict of str to ndarray, shape (n_consumers,)
        By step; `nan` where nothing is used on day 0 [days].
    """
    still = without_prices(scenario)
    leaking = without_stockpiles(still)
    open_sea = without_leakage(leaking)

    @cache
    def lost(asked: Scenario, rerouting: str) -> FloatArray:
        found = records[rerouting] if asked is scenario else simulated(asked, rerouting)
        return metrics.measure_consumers(found)["shortfall_days"]

    steps = {
        "naive": lost(open_sea, "none"),
        "rerouting": lost(open_sea, "reference"),
        "leakage": lost(leaking, "reference"),
        "stockpiles": lost(still, "reference"),
    }
    return steps if still is scenario else {**steps, "prices": lost(scenario, "reference")}


def without_prices(scenario: Scenario) -> Scenario:
    """The scenario in which prices stay at their reference and nobody answers them; itself where it has none.

    Stockpiles pay the reference, floors, duties and floods are gone, and a project that waits for more than the reference
    is never decided.
    """
    model = scenario.model
    acting = (MarketFlood, PriceFloor, Tariff)
    still: dict[str, Any] = {f"events.{name}": None for name, e in model.events.items() if isinstance(e, acting)}
    for name, material in model.materials.items():
        if material.prices is None:
            continue
        path = f"materials.{name}"
        still |= {f"{path}.prices.{key}": value for key, value in FIXED_PRICES.items()}
        for region, consumer in material.consumers.items():
            for sector in consumer.sectors:
                still[f"{path}.consumers.{region}.sectors.{sector}.demand_elasticity"] = 0
    return scenario.with_overrides(still) if still else scenario


def without_stockpiles(scenario: Scenario) -> Scenario:
    """The scenario without strategic stockpiles; itself where it has none."""
    return scenario.with_overrides({"stockpiles": None}) if scenario.model.stockpiles else scenario


def without_leakage(scenario: Scenario) -> Scenario:
    """The scenario in which no curb leaks; itself where none does."""
    leaks = [name for name, event in scenario.model.events.items() if getattr(event, "leakage", None) is not None]
    return scenario.with_overrides({f"events.{name}.leakage": None for name in leaks}) if leaks else scenario


def describe_waterfall(days: Mapping[str, float]) -> str:
    """Days lost after each step, in words; steps that change nothing, or too little to show, are only named.

    >>> describe_waterfall({"naive": 220.0, "rerouting": 200.0, "leakage": 200.0, "stockpiles": 185.0})
    '220 days naively, 200 days after rerouting and 185 days after stockpiles (leakage changes nothing)'
    >>> describe_waterfall({"naive": 220.0, "rerouting": 220.2, "leakage": 220.2, "stockpiles": 185.0})
    '220 days naively and 185 days after stockpiles (leakage changes nothing, rerouting changes less than a day)'
    """
    names = list(days)
    idle = [name for before, name in pairwise(names) if abs(days[name] - days[before]) < NO_CHANGE_DAYS]
    told, hardly, shown = [f"{day_count(days[names[0]])} naively"], [], day_count(days[names[0]])
    for name in names[1:]:
        if day_count(days[name]) != shown:
            shown = day_count(days[name])
            told.append(f"{shown} after {name}")
        elif name not in idle:
            hardly.append(name)
    notes = [_changing(idle, "nothing"), _changing(hardly, "less than a day")]
    return listing(told) + (f" ({', '.join(filter(None, notes))})" if any(notes) else "")


def _changing(steps: list[str], amount: str) -> str:
    """That some steps change an amount; empty without a step."""
    verb = "changes" if steps in (["rerouting"], ["leakage"]) else "change"
    return f"{listing(steps)} {verb} {amount}" if steps else ""
