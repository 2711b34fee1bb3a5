"""How well the reference chains reproduce what is published: net import reliance and known trade.

The baseline is fitted to some figures exactly, so that these agree by construction. The others are results of the model;
their error says how far the tables can be trusted. Both kinds are shown, and marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from minsim.data.reference import REST_OF_WORLD, Fact, chain_values, european_union, facts, materials
from minsim.network.network import Network, build_network
from minsim.reference.new_scenario import scenario_mapping
from minsim.scenario import Scenario, load_scenario, scenario_from_mapping
from minsim.scenario.distributions import Draws
from minsim.scenario.format.numbers import LANE_ARROW

UNITED_STATES = "United States"

Flows = Mapping[tuple[str, str], float]
"""Baseline flows of a material's last product: seller's country, buyer → t/year."""


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """One published figure and its value in the baseline.

    Parameters
    ----------
    material, figure : str
        What is compared.
    published, simulated : float
        Shares.
    lower_bound : bool
        Whether the published figure is only a lower bound; it is then met by any larger one.
    held : bool
        Whether the baseline is fitted to it, so that it agrees by construction.
    partial : bool
        Whether it counts only some forms of the material, or others too: indicative only, no measure of the error.
    source, note : str
        Key of the publication; a caveat on the comparison.
    """

    material: str
    figure: str
    published: float
    simulated: float
    lower_bound: bool
    held: bool
    partial: bool
    source: str
    note: str

    @property
    def error(self) -> float:
        """Simulated less published [share]; zero where a lower bound is kept."""
        error = self.simulated - self.published
        return 0.0 if self.lower_bound and error >= 0.0 else error


def compare_with_published(material: str) -> list[PublishedComparison]:
    """Compare the baseline of one material with the published figures.

    Parameters
    ----------
    material : str
        A material with a deep chain.

    Returns
    -------
    list of PublishedComparison
        Net import reliance of the United States first, then its suppliers, then China's part elsewhere.
    """
    flows = baseline_flows(material)
    return [
        *_reliance(material, flows),
        *_suppliers(material, flows),
        *_chinese_exports(material, flows),
        *_from_china(material, flows),
    ]


def checkable() -> list[str]:
    """Materials with a chain."""
    return [entry.key for entry in materials().values() if entry.tier == "deep"]


@cache
def chain_scenario(material: str) -> Scenario:
    """The scenario of one deep chain, undisturbed: made from the tables, or the library's."""
    entry = materials()[material]
    if entry.scenario:
        return load_scenario(entry.scenario)
    return scenario_from_mapping(scenario_mapping(material, [material]), name=material)


@cache
def chain_network(material: str) -> Network:
    """The balanced baseline of one deep chain, at central values."""
    return build_network(chain_scenario(material), Draws.central())


def baseline_flows(material: str) -> Flows:
    """Baseline flows of the last product by country of the seller and region of the buyer [t/year]."""
    last = materials()[material].stages[-1]
    flows: dict[tuple[str, str], float] = {}
    for made_of, stage, _, seller, _, buyer, tonnes in chain_network(material).baseline_trade():
        if (made_of, stage) == (material, last):
            flows[seller, buyer] = flows.get((seller, buyer), 0.0) + tonnes
    return flows


def bought(flows: Flows, buyer: str, *, abroad: bool = False) -> float:
    """What a region buys, or buys abroad [t/year]."""
    return sum(t for (seller, to), t in flows.items() if to == buyer and not (abroad and seller == buyer))


def import_share(flows: Flows, seller: str, buyer: str) -> float:
    """Part of a region's imports that comes from one country."""
    total = bought(flows, buyer, abroad=True)
    return flows.get((seller, buyer), 0.0) / total if total else 0.0


def net_import_reliance(flows: Flows, region: str) -> float:
    """(Imports − exports) / use, as USGS defines it."""
    out = sum(t for (seller, to), t in flows.items() if seller == region != to)
    return (bought(flows, region, abroad=True) - out) / bought(flows, region)


def published_reliance(material: str) -> Fact | None:
    """Latest published net import reliance of the United States."""
    return max(facts(material, "net_import_reliance"), key=lambda fact: fact.year, default=None)


def _reliance(material: str, flows: Flows) -> Iterator[PublishedComparison]:
    fact = published_reliance(material)
    if fact is not None and fact.value is not None:
        simulated = net_import_reliance(flows, UNITED_STATES)
        figure = f"net import reliance, {UNITED_STATES}, {fact.year}"
        bound = fact.note.startswith("at least")
        yield PublishedComparison(
            material, figure, fact.value, simulated, bound, False, False, fact.source, _baseline_year(material)
        )


def _baseline_year(material: str) -> str:
    """The use on which the baseline is based, which may be of another year."""
    demand = next(v for v in chain_values(material, "demand") if v.country == UNITED_STATES)
    return f"use of {demand.value:,.0f} t: {demand.note.split(';')[0].split('.')[0]}"


def _suppliers(material: str, flows: Flows) -> Iterator[PublishedComparison]:
    """Shares of American imports; members of the European Union together, as in the chain."""
    published: dict[str, float] = {}
    last = None
    for last in facts(material, "import_source_share"):
        region = european_union(last.partner)
        published[region] = published.get(region, 0.0) + (last.value or 0.0)
    sellers = {seller for seller, _ in flows}
    for region, share in published.items():
        if region == REST_OF_WORLD or last is None:
            continue
        note = "" if region in sellers else "no producer of its own in the chain: re-exports, or too small"
        yield PublishedComparison(
            material, f"{region} in imports of the {UNITED_STATES}, {last.year}", share,
            import_share(flows, region, UNITED_STATES), False, _is_held(material, region, UNITED_STATES), False,
            last.source, note,
        )  # fmt: skip


def _chinese_exports(material: str, flows: Flows) -> Iterator[PublishedComparison]:
    """Exports of China, which the baseline reproduces by construction [fraction of the published tonnes]."""
    exported = sum(t for (seller, to), t in flows.items() if seller == "China" != to)
    for fact in facts(material, "exports"):
        if fact.partner == "China" and fact.value:
            figure = f"exports of China, of {fact.value:,.0f} t in {fact.year}"
            yield PublishedComparison(
                material, figure, 1.0, exported / fact.value, False, True, False, fact.source,
                "the use of the rest of the world is entered as what makes them so",
            )  # fmt: skip


def _from_china(material: str, flows: Flows) -> Iterator[PublishedComparison]:
    """China's share of other regions' imports, and of the supply of the European Union."""
    buyers = {buyer for _, buyer in flows}
    for fact in facts(material, "supply_share"):
        total = bought(flows, fact.country)
        simulated = flows.get((fact.partner, fact.country), 0.0) / total
        figure = f"{fact.partner} in the supply of the {fact.country}, {fact.year}"
        held = _is_held(material, fact.partner, fact.country)
        yield PublishedComparison(
            material, figure, fact.value or 0.0, simulated, False, held, False, fact.source, fact.note
        )
    for fact in facts(material, "imports"):
        if fact.partner != "China" or fact.country not in buyers - {REST_OF_WORLD} or fact.share is None:
            continue
        simulated = import_share(flows, "China", fact.country)
        if fact.country == UNITED_STATES and facts(material, "import_source_share"):
            continue  # the same trade, by USGS over four years
        held = _is_held(material, "China", fact.country)
        figure = f"China in imports of {fact.country}, {fact.year}"
        partial = bool(re.search(r"(is|are) (not )?in it", fact.note))
        yield PublishedComparison(
            material, figure, fact.share, simulated, False, held and not partial, partial, fact.source, fact.note
        )


def _is_held(material: str, seller: str, buyer: str) -> bool:
    """Whether a trade route's share is given: in the tables, or in the scenario that holds the chain."""
    if materials()[material].scenario:
        trade = chain_scenario(material).model.materials[material].trade
        return trade is not None and f"{seller}{LANE_ARROW}{buyer}" in trade.shares
    return any((v.country, v.partner) == (seller, buyer) for v in chain_values(material, "trade_share"))
