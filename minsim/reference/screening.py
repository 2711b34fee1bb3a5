"""Screening: concentration of each material's supply, import reliance of the United States, and time to survive.

Everything here is arithmetic on the reference tables, except for the time to survive of deep chains, which is simulated:
every producer in the largest supplier's country stops for good on one day, nobody finds another supplier.

References
----------
Herfindahl–Hirschman index: the sum of squared shares, on a scale to 10,000. The United States Department of Justice calls a
market above 1,800 highly concentrated (Merger Guidelines, 2023). N−1 is the rule of the International Energy Agency's
Critical Minerals Outlook: what remains when the largest supplier is gone.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minsim.data.reference import ANY, REST_OF_WORLD, chain_values, facts, materials, stage_shares
from minsim.reference.check import (
    UNITED_STATES,
    baseline_flows,
    bought,
    chain_scenario,
    net_import_reliance,
    published_reliance,
)

if TYPE_CHECKING:
    from minsim.scenario import Scenario

STOP_DAY = 1
"""Day of the stop, after one undisturbed day."""
SURVIVAL_DAYS = 2 * 365
"""Days simulated after the stop; a longer time to survive is given as more than this."""
HIGHLY_CONCENTRATED = 1800.0


@dataclass(frozen=True, slots=True)
class StageScreen:
    """Concentration of one stage.

    Parameters
    ----------
    stage : str
    hhi : float
        Herfindahl–Hirschman index, 0 to 10,000; a lower bound, since the rest of the world counts as many small ones.
    largest_supplier : str
    largest_share : float
        Its share of world output.
    n_minus_1 : float
        Output left without it / demand, with demand at world output.
    """

    stage: str
    hhi: float
    largest_supplier: str
    largest_share: float
    n_minus_1: float


@dataclass(frozen=True, slots=True)
class Screen:
    """One material, screened for the United States.

    Parameters
    ----------
    material, title, tier : str
    stages : tuple of StageScreen
        First to last.
    reliance : float or None
        Net import reliance, latest published [share].
    reliance_is_bound : bool
        Whether it is a lower bound.
    cover_days : float
        Commercial stock [days of use].
    cover_is_assumed : bool
    supplier : str
        Largest supplier of the last stage.
    exposure : float
        Share of use that comes from it directly.
    exposure_basis : {"baseline", "imports", "at most"}
        From the fitted baseline; from published shares of imports × net import reliance; or an upper bound, the smallest
        share published, where USGS does not name the supplier among those the United States buys from.
    survive_days : float
        Days from its full stop to the first short day; infinity: beyond what was simulated.
    survive_basis : {"simulated", "closed form"}
    """

    material: str
    title: str
    tier: str
    stages: tuple[StageScreen, ...]
    reliance: float | None
    reliance_is_bound: bool
    cover_days: float
    cover_is_assumed: bool
    supplier: str
    exposure: float
    exposure_basis: str
    survive_days: float
    survive_basis: str

    @property
    def worst(self) -> StageScreen:
        """The stage with the least output left without its largest supplier."""
        return min(self.stages, key=lambda stage: (stage.n_minus_1, stage.stage))


def hhi(shares: Mapping[str, float]) -> float:
    """Herfindahl–Hirschman index of producers' shares; the rest of the world counts as many small producers.

    Examples
    --------
    >>> hhi({"A": 0.6, "B": 0.3, "Rest of world": 0.1})
    4500.0
    """
    return 1e4 * math.fsum(share * share for place, share in sorted(shares.items()) if place != REST_OF_WORLD)


def n_minus_1(shares: Mapping[str, float]) -> float:
    """Output left without the largest supplier / demand, where demand is world output.

    Examples
    --------
    >>> round(n_minus_1({"A": 0.6, "B": 0.3, "Rest of world": 0.1}), 12)
    0.4
    """
    return math.fsum(shares.values()) - largest(shares)[1]


def largest(shares: Mapping[str, float]) -> tuple[str, float]:
    """The largest supplier and its share; the rest of the world does not count as a supplier."""
    named = {place: share for place, share in shares.items() if place != REST_OF_WORLD}
    place = min(named, key=lambda name: (-named[name], name))
    return place, named[place]


def screen_material(material: str, *, simulate: bool = True) -> Screen:
    """Screen one material.

    Parameters
    ----------
    material : str
        Key of any material of the tables.
    simulate : bool
        Simulate the time to survive of deep chains; otherwise the closed form counts for all.

    Returns
    -------
    Screen
    """
    entry = materials()[material]
    stages = tuple(_stage(material, stage) for stage in _stages(material))
    supplier = next(s for s in reversed(stages) if s.stage == entry.stages[-1]).largest_supplier
    direct, basis = exposure(material, supplier)
    cover, assumed = cover_days(material)
    reliance, is_bound = _reliance(material)
    deep = simulate and entry.tier == "deep"
    return Screen(
        material=material,
        title=entry.title,
        tier=entry.tier,
        stages=stages,
        reliance=reliance,
        reliance_is_bound=is_bound,
        cover_days=cover,
        cover_is_assumed=assumed,
        supplier=supplier,
        exposure=direct,
        exposure_basis=basis,
        survive_days=simulated_survival(material, supplier) if deep else survival(cover, direct, lead_days(supplier)),
        survive_basis="simulated" if deep else "closed form",
    )


def _reliance(material: str) -> tuple[float | None, bool]:
    """Net import reliance, published or of the baseline [share], and whether it is a lower bound."""
    published = published_reliance(material)
    reliance = published.value if published else None
    if reliance is None and materials()[material].tier == "deep":
        reliance = net_import_reliance(baseline_flows(material), UNITED_STATES)
    return reliance, published is not None and published.note.startswith("at least")


def screen_materials(*, simulate: bool = True) -> list[Screen]:
    """Screen every material; those with the least output left without the largest supplier come first."""
    screens = [screen_material(material, simulate=simulate) for material in materials()]
    return sorted(screens, key=lambda s: (s.worst.n_minus_1, s.material))


def survival(cover: float, exposure: float, lead: float) -> float:
    """Days from a full stop to the first short day: lead time + ⌊cover / exposure⌋; nobody reroutes (model.md, section 9).

    Examples
    --------
    >>> survival(60.0, 0.5, 30.0), survival(60.0, 0.0, 30.0)
    (150.0, inf)
    """
    return lead + math.floor(cover / exposure + 1e-9) if exposure > 0.0 else math.inf


def survival_text(s: Screen) -> str:
    """Days to survive, as printed; `~` marks the closed form."""
    if s.survive_days > SURVIVAL_DAYS:
        return f"> {SURVIVAL_DAYS} d"
    sign = "~ " if s.survive_basis == "closed form" else ""
    return f"{'≥ ' if s.exposure_basis == 'at most' else ''}{sign}{s.survive_days:.0f} d"


def cover_days(material: str) -> tuple[float, bool]:
    """Commercial stock in the United States [days of use], and whether that is an assumption."""
    if materials()[material].scenario:
        value = chain_scenario(material).model.materials[material].consumers[UNITED_STATES].stock_days
        from minsim.scenario.distributions import central

        return central(value), True
    published = max(facts(material, "cover"), key=lambda fact: fact.year, default=None)
    if published is not None and published.value is not None:
        return published.value, False
    return chain_values(ANY, "stock_days")[0].value, True


def lead_days(supplier: str) -> float:
    """Lead time of a supplier's trade route to the United States [days]."""
    routes = {(v.country, v.partner): v.value for v in chain_values(ANY, "lead_days")}
    return routes.get((supplier, UNITED_STATES), routes["", ""])


def stop_events(
    scenario: Scenario, country: str, start: dt.date, duration_days: int | None = None
) -> dict[str, dict[str, Any]]:
    """Overrides that stop every producer in a country, at every stage of every material; for good without a duration."""
    lasting = {} if duration_days is None else {"duration_days": duration_days}
    return {
        f"events.stop-{key}-{stage}": {
            "type": "outage",
            "producer": {"material": key, "stage": stage, "country": country},
            "availability": 0,
            "start": start,
            **lasting,
            "source": "assumption",
            "note": "screening: a supplier stops",
        }
        for key, model in scenario.model.materials.items()
        for stage, block in model.stages.items()
        if any((producer.country or name) == country for name, producer in block.producers.items())
    }


def simulated_survival(material: str, supplier: str) -> float:
    """Days until the United States run short of a deep chain's last product, once a country's producers all stop.

    Every stage of every material of the chain stops there; without rerouting.
    """
    from minsim.metrics.consumers import consumer_flows_t, first_day, is_short
    from minsim.network.network import build_network
    from minsim.scenario.distributions import Draws
    from minsim.simulation.engine import simulate

    base = chain_scenario(material)
    stop = base.model.start + dt.timedelta(days=STOP_DAY)
    end = stop + dt.timedelta(days=SURVIVAL_DAYS)
    stopped = base.with_overrides({"end": end, **stop_events(base, supplier, stop)})
    network = build_network(stopped, Draws.central())
    record = simulate(network, "none")
    short = first_day(is_short(consumer_flows_t(record)))
    wanted = [i for i, c in enumerate(network.consumers) if (c.material, c.region) == (material, UNITED_STATES)]
    day = float(short[wanted[0]])
    return math.inf if math.isnan(day) else day - STOP_DAY


def _stages(material: str) -> list[str]:
    """Stages that can be screened: those of the chain, and others of which shares are published."""
    known = dict.fromkeys(materials()[material].stages)
    published = dict.fromkeys(fact.stage for fact in facts(material, "production"))
    return [stage for stage in known | published if stage_shares(material, stage)]


def _stage(material: str, stage: str) -> StageScreen:
    shares = stage_shares(material, stage)
    supplier, share = largest(shares)
    return StageScreen(stage, hhi(shares), supplier, share, n_minus_1(shares))


def exposure(material: str, supplier: str) -> tuple[float, str]:
    """Share of American use that comes directly from a supplier, and its basis; see `Screen`."""
    if materials()[material].tier == "deep":
        flows = baseline_flows(material)
        return flows.get((supplier, UNITED_STATES), 0.0) / bought(flows, UNITED_STATES), "baseline"
    published = published_reliance(material)
    reliance = 1.0  # also where only a lower bound is published
    if published and published.value is not None and not published.note.startswith("at least"):
        reliance = published.value
    origins = {fact.partner: fact.value or 0.0 for fact in facts(material, "import_source_share")}
    if supplier in origins:
        return origins[supplier] * reliance, "imports"
    return reliance * min(origins.values()), "at most"  # unnamed: among the others, and below the least named
