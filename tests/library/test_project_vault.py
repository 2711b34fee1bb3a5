"""Project Vault: what its money buys, what binds, and what its placing is worth; checked against sums made by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import minsim
from minsim.metrics.consumers import measure_consumers, reference_price_usd_per_kg
from minsim.metrics.stockpiles import LIMITS, bound_by, spent_usd
from minsim.network.network import build_network
from minsim.scenario import load_scenario
from minsim.scenario.distributions import Draws
from minsim.simulation.engine import Record, simulate

ENTITLED = 0.4
"""Share of any gap that the Vault may serve."""


@cache
def record(name: str, stockpiles: bool = True) -> Record:
    scenario = load_scenario(name, {} if stockpiles else {"stockpiles": None})
    return simulate(build_network(scenario, Draws.central(scenario.model.seed)))


def lost(found: Record, material: str = "magnets", region: str = "United States") -> float:
    places = [(c.material, c.region) for c in found.network.consumers]
    return float(measure_consumers(found)["shortfall_days"][places.index((material, region))])


def reference_cost_usd(found: Record) -> float:
    """What the targets cost at reference prices [USD]."""
    network = found.network
    return sum(1000.0 * h.target_t * reference_price_usd_per_kg(network, h.material) for h in network.holdings)


def test_sixty_days_of_eight_materials_take_a_twentieth_of_the_money() -> None:
    """USD m a day at the prices of 2025: antimony 4.316, cobalt 1.217 and so on; 18 days of magnets, 42 of the oxides."""
    vault = record("project-vault")
    by_hand = 60 * (4.316 + 1.217 + 0.030 + 0.337 + 0.393 + 0.194 + 1.574) + 18 * 1.342 + 42 * (0.661 + 0.097)
    assert reference_cost_usd(vault) / 1e6 == pytest.approx(by_hand, rel=1e-3)
    assert 0.95 * by_hand < spent_usd(vault, "project-vault")[-1] / 1e6 < 1.2 * by_hand
    for h in range(len(vault.network.holdings)):
        assert not bound_by(vault, h)["money"].any()


def test_the_metal_binds_before_the_money_even_if_all_of_it_is_to_be_spent() -> None:
    """Told to hold 1,334 days of everything, at any pace, it finds sellers for a quarter of USD 12bn by the ban."""
    changes = {
        "stockpiles.project-vault.target_days": 1334,
        "stockpiles.project-vault.target_days_by_material": None,
        "stockpiles.project-vault.fill.max_days_per_month": None,
    }
    scenario = load_scenario("project-vault", changes)
    found = simulate(build_network(scenario, Draws.central(scenario.model.seed)))
    eve = found.network.day_of(scenario.model.events["ban"].start) - 1
    assert spent_usd(found, "project-vault")[eve] / 1e9 == pytest.approx(3.0, abs=0.1)
    for h in range(len(found.network.holdings)):
        days = {limit: int(bound[:eve].sum()) for limit, bound in bound_by(found, h).items()}
        assert days["money"] == days["rate"] == 0
        assert set(days) == set(LIMITS)
        assert days["metal"] > 0


def test_the_same_money_saves_more_by_risk() -> None:
    """Sixty days of magnets are all used; by risk it serves its members' 40% of every gap from the day it is authorised."""
    even, by_risk, bare = record("project-vault-even"), record("project-vault-by-risk"), record("project-vault", False)
    assert reference_cost_usd(by_risk) == pytest.approx(reference_cost_usd(even), rel=1e-3)
    assert lost(bare) - lost(even) == pytest.approx(60.0, abs=1.0)
    assert lost(by_risk) < lost(even) - 15.0
    us = [k for k, s in enumerate(by_risk.network.sectors) if (s.material, s.region) == ("magnets", "United States")]
    short, served = by_risk.sector[:, us, 2].sum(axis=1), by_risk.sector[:, us, 4].sum(axis=1)
    days = served > 0.0
    assert days.sum() > 250
    np.testing.assert_allclose(served[days] / (served + short)[days], ENTITLED, rtol=1e-9)


def test_the_australian_reserve_makes_magnets_of_its_heavy_oxide() -> None:
    """Ten kilograms of Dy/Tb oxide make a tonne of magnets: what is released comes back as magnets used, to the tonne."""
    with_it, bare = record("australian-reserve"), record("australian-reserve", False)
    names = [h.material for h in with_it.network.holdings]
    released_t = with_it.holding[:, names.index("dytb-oxide"), 2].sum()
    saved_t = sum(
        (lost(bare, "magnets", c.region) - lost(with_it, "magnets", c.region)) * c.daily_use_t
        for c in with_it.network.consumers
        if c.material == "magnets"
    )
    assert saved_t == pytest.approx(released_t / 0.01, rel=0.01)
    assert lost(bare, "magnets", "South Korea") - lost(with_it, "magnets", "South Korea") == pytest.approx(
        75.0, abs=1.0
    )


def test_a_picture_of_one_material_names_what_else_the_purse_holds():
    run = minsim.run("project-vault", bracket=False)
    texts = {text.get_text() for ax in run.plot(material="magnets").figure.axes for text in ax.texts}
    assert {text for text in texts if text.startswith("Project Vault")} == {
        "Project Vault",
        "Project Vault, dysprosium-terbium oxide",
        "Project Vault, neodymium-praseodymium oxide",
    }
