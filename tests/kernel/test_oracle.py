"""The kernel against `oracle.py`, which was written from the page alone: the same numbers, day by day, to 1e-9."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import ban, closed_form, date, frame, mappings, network, network_or_none
from oracle import Oracle

from minsim.network.network import Network
from minsim.simulation.engine import Record, simulate

WITHIN = 1e-9
MODES = ("none", "reference", "free")
RANDOM = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def recorded(record: Record) -> dict[str, np.ndarray]:
    """What the oracle tells, of a record."""
    return {
        "shortfall": record.sector[:, :, 2],
        "consumed": record.sector[:, :, 1],
        "from_stockpile": record.sector[:, :, 4],
        "stock": record.consumer[:, :, 0],
        "pile_stock": record.holding[:, :, 0],
        "bought": record.holding[:, :, 1],
        "released": record.holding[:, :, 2],
        "spent": record.holding[:, :, 3],
        "trade": record.trade,
    }


def scales(network: Network) -> dict[str, float]:
    """Size against which rounding is measured: world output a day, a month of it for stocks and monthly trade."""
    daily = sum(seller.output_t_per_day for seller in network.sellers)
    price = max([1.0, *(1000.0 * h.price_usd_per_kg for h in network.holdings if h.price_usd_per_kg > 0.0)])
    return {"stock": 30.0 * daily, "pile_stock": 30.0 * daily, "trade": 30.0 * daily, "spent": price * daily}


def compare(network: Network, rerouting: str) -> None:
    """Every recorded number of the kernel is the oracle's."""
    expected = Oracle(network, rerouting).run()
    got = recorded(simulate(network, rerouting))
    sizes = scales(network)
    for name, values in expected.items():
        values = values.reshape(got[name].shape)
        size = sizes.get(name, sizes["stock"] / 30.0)
        np.testing.assert_allclose(got[name], values, rtol=WITHIN, atol=WITHIN * size, err_msg=name)


# ------------------------------------------------------------------------------------------------------------ handcrafted


def two_materials(days: int = 500) -> dict:
    """Magnets from two oxides, mined and processed; old scrap; two regions that use both magnets and oxide."""
    trade = {
        "home_preference": 3.0,
        "lead_time_days": {"default": 35, "home": 5, "pairs": {"China -> United States": 30}},
    }
    consumers = {
        "United States": {
            "demand_t_per_year": 10000,
            "stock_days": 20,
            "sectors": {
                "defence": {"share": 0.05, "priority": 1},
                "vehicles": {"share": 0.55, "priority": 2},
                "other": {"share": 0.4, "priority": 3},
            },
        },
        "Japan": {"demand_t_per_year": 9000, "stock_days": 45},
        "China": {"demand_t_per_year": 60000, "stock_days": 15},
    }
    oxide = {
        "basis": "oxide",
        "price_usd_per_kg": 69,
        "stages": {
            "mine": {
                "utilisation": 0.9,
                "product_stock_days": 7,
                "producers": {"China": {"share": 0.6}, "United States": {"share": 0.1}, "Chile": {"share": 0.3}},
            },
            "process": {
                "yield": 0.9,
                "producers": {
                    "China": {"share": 0.86},
                    "Japan": {"share": 0.05},
                    "United States": {"share": 0.05},
                    "Scrap": {"share": 0.04, "feed": "none", "country": "China"},
                },
            },
        },
        "trade": trade,
    }
    second = copy.deepcopy(oxide)
    second["consumers"] = {"Japan": {"demand_t_per_year": 500, "stock_days": 10}}
    magnets = {
        "basis": "product",
        "price_usd_per_kg": 60,
        "stages": {
            "fabricate": {
                "inputs": {"ndpr": 0.35, "dytb": 0.01},
                "producers": {
                    "China": {"share": 0.9},
                    "Japan": {"share": 0.07},
                    "United States": {"share": 0.03, "utilisation": 0.5},
                },
            }
        },
        "trade": trade,
        "consumers": consumers,
    }
    mapping = frame(days, {"ndpr": oxide, "dytb": second, "magnets": magnets})
    mapping["events"] = {"curb": ban(90, 200, materials=["magnets"], importers=["United States", "Japan"])}
    return mapping


def with_stockpiles(**piles: dict) -> dict:
    mapping = two_materials()
    mapping["stockpiles"] = {
        name: {"owner": "United States", "holds": {"magnets": "fabricate"}, "target_days": 30} | pile
        for name, pile in piles.items()
    }
    return mapping


def short_of_feed(days: int = 400) -> dict:
    """The curb hits an input, so that output falls by what the input allows; two curbs overlap."""
    mapping = two_materials(days)
    mapping["events"] = {
        "dytb": ban(60, 150, materials=["dytb"], importers="all"),
        "ndpr": ban(120, 60, materials=["ndpr"], importers="all", cut=0.6, stage="process"),
        "both": ban(100, 100, materials=["ndpr"], importers=["Japan"], cut=0.3),
    }
    return mapping


def qualified(days: int) -> dict:
    mapping = two_materials()
    mapping["behaviour"] = {"magnets": {"qualification_days": days, "switching_days": 40, "spot_share": 0.6}}
    return mapping


def growing() -> dict:
    mapping = two_materials()
    mapping["materials"]["magnets"]["consumers"]["United States"]["growth_per_year"] = 0.08
    mapping["materials"]["magnets"]["stages"]["fabricate"]["growth_per_year"] = 0.03
    mapping["materials"]["ndpr"]["stages"]["process"]["producers"]["China"]["growth_per_year"] = 0.05
    return mapping


HANDCRAFTED = {
    "one stage": closed_form(),
    "two stages": closed_form(stages=2),
    "three stages, authorised late": closed_form(stages=3, authorisation=14),
    "cut": closed_form(cut=0.5, vault=0),
    "two materials": two_materials(),
    "inputs curbed": short_of_feed(),
    "qualification of 100 days": qualified(100),
    "qualification for ever": qualified(5000),
    "growth": growing(),
    "fill from the surplus": with_stockpiles(
        vault={"initial_fill": 0.1, "fill": {"rule": "surplus_only", "max_days_per_month": 5}, "budget_usd": 4e7}
    ),
    "fill always": with_stockpiles(vault={"initial_fill": 0.1, "fill": {"rule": "always", "max_days_per_month": 5}}),
    "one budget for two materials": with_stockpiles(
        vault={
            "holds": {"magnets": "fabricate", "ndpr": "process"},
            "initial_fill": 0.0,
            "fill": {"rule": "surplus_only"},
            "budget_usd": 2e7,
        }
    ),
    "two stockpiles on one surplus": with_stockpiles(
        first={"initial_fill": 0.2, "fill": {"rule": "surplus_only"}},
        second={"initial_fill": 0.0, "owner": "Japan", "fill": {"rule": "surplus_only"}, "target_days": 90},
    ),
    "oxide held against a magnet shortage": with_stockpiles(
        vault={"holds": {"ndpr": "process"}, "release": {"authorisation_days": 5, "sectors": ["vehicles", "defence"]}}
    ),
    "ore held against a magnet shortage": with_stockpiles(vault={"holds": {"ndpr": "mine"}}),
    "rate cap and cover trigger": with_stockpiles(
        vault={"release": {"trigger": {"cover_below_days": 12}, "authorisation_days": 7, "max_days_per_day": 0.3}}
    ),
    "entitlements": with_stockpiles(vault={"members": {"vehicles": 0.4, "defence": 1.0}}),
}


@pytest.mark.parametrize("rerouting", MODES)
@pytest.mark.parametrize("name", HANDCRAFTED)
def test_handcrafted(name: str, rerouting: str) -> None:
    """Networks that use every rule of the page at least once."""
    compare(network(HANDCRAFTED[name]), rerouting)


# ----------------------------------------------------------------------------------------------------------------- random


@RANDOM
@given(mappings(members=True), st.sampled_from(MODES))
def test_random_networks(mapping: dict, rerouting: str) -> None:
    """Random networks, behaviour, stockpiles and curbs."""
    built = network_or_none(mapping)
    assume(built is not None)
    compare(built, rerouting)


@settings(RANDOM, max_examples=25)
@given(mappings(days=400, buying=False, growth=False), st.sampled_from(MODES[1:]))
def test_random_networks_that_reroute(mapping: dict, rerouting: str) -> None:
    """The market alone, for longer."""
    mapping.pop("stockpiles", None)
    built = network_or_none(mapping)
    assume(built is not None)
    compare(built, rerouting)


# -------------------------------------------------------------------------------------------------- fine print, case by case


def test_two_stockpiles_share_what_policy_leaves_of_a_lane() -> None:
    """Section 11: purchases travel the seller-owner lane and obey policy caps, all stockpiles together."""
    mapping = closed_form(vault=200, cut=0.05, start=50, length=200, days=300)
    material = mapping["materials"]["x"]
    material["price_usd_per_kg"] = 1
    material["consumers"]["United States"]["growth_per_year"] = -0.5  # leaves room under the cap
    first = mapping["stockpiles"]["vault"]
    first |= {"initial_fill": 0.0, "fill": {"rule": "surplus_only"}}
    mapping["stockpiles"]["second"] = copy.deepcopy(first)
    built = network(mapping)
    lane = [(a.seller, a.buyer_region) == ("China", "United States") for a in built.arcs]
    april = simulate(built, "none").trade[3, lane].sum()  # all of April is curbed: days 90 to 119
    cap = 0.95 * sum(a.base_flow_t_per_day for a, on in zip(built.arcs, lane, strict=True) if on)
    assert april <= 30 * cap * (1.0 + WITHIN)
    compare(built, "none")


def test_what_cannot_be_worked_up_triggers_nothing() -> None:
    """An owner without a fabricator holds oxide in vain; the magnets it lacks must not stop it from filling."""
    mapping = with_stockpiles(vault={"holds": {"dytb": "process"}, "owner": "Japan", "initial_fill": 0.5})
    fabricate = mapping["materials"]["magnets"]["stages"]["fabricate"]
    fabricate["producers"] = {"China": {"share": 0.9}, "United States": {"share": 0.1}}
    mapping["stockpiles"]["vault"]["fill"] = {"rule": "surplus_only", "max_days_per_month": 1}
    mapping["materials"]["magnets"]["consumers"]["Japan"]["stock_days"] = 0
    mapping["events"] = {"curb": ban(5, 300, materials=["magnets"], importers=["Japan"])}
    built = network(mapping)
    assert Oracle(built, "none").dead_ends()
    compare(built, "none")


def test_sectors_are_served_in_order_across_products() -> None:
    """A scarce oxide goes to defence's magnets before it goes to the oxide of others."""
    mapping = two_materials()
    order = {"defence": {"share": 0.5, "priority": 1}, "other": {"share": 0.5, "priority": 2}}
    for name in ("dytb", "magnets"):
        mapping["materials"][name]["consumers"]["Japan"] |= {"sectors": order, "stock_days": 0}
    mapping["events"]["oxide"] = ban(90, 200, materials=["dytb"], importers=["Japan"])
    mapping["stockpiles"] = {
        "vault": {
            "owner": "Japan",
            "holds": {"dytb": "process"},
            "target_days": 90,
            "release": {"max_days_per_day": 0.3},
        }
    }
    compare(network(mapping), "none")


def test_entitlements_of_two_stockpiles_add_up() -> None:
    """Two stockpiles entitled to half of a gap each cover it together, whatever their order."""
    piles = {name: {"members": {"vehicles": 0.5}} for name in ("first", "second")}
    compare(network(with_stockpiles(**piles)), "none")


def test_entitlements_hold_for_all_a_stockpile_holds() -> None:
    """Half of a gap stays half when oxide and magnets are held for it."""
    vault = {"holds": {"ndpr": "process", "magnets": "fabricate"}, "members": {"vehicles": 0.5}}
    record = simulate(network(with_stockpiles(vault=vault)), "none")
    vehicles = next(
        k for k, s in enumerate(record.network.sectors) if (s.region, s.sector) == ("United States", "vehicles")
    )
    short, released = record.sector[:, vehicles, 2], record.sector[:, vehicles, 4]
    assert released.any()
    assert (released <= 0.5 * (short + released) * (1.0 + WITHIN)).all()


def test_a_gap_of_sectors_not_served_does_not_prolong_authority() -> None:
    """A stockpile with members in one region looks at that region alone."""
    mapping = with_stockpiles(
        vault={"owner": "allies", "members": {"Japan": 1.0}, "fill": {"rule": "surplus_only", "max_days_per_month": 5}}
    )
    mapping["regions"] = {"blocs": {"allies": ["Japan", "United States"]}}
    mapping["materials"]["magnets"]["consumers"]["Japan"]["stock_days"] = 2
    mapping["events"] = {
        "short": ban(60, 30, materials=["magnets"], importers=["Japan"]),
        "long": ban(60, 300, materials=["magnets"], importers=["United States"]),
    }
    compare(network(mapping), "reference")


def test_a_bloc_may_curb() -> None:
    mapping = closed_form(vault=0)
    mapping["regions"] = {"blocs": {"east": ["China"]}}
    mapping["events"]["curb"]["exporter"] = "east"
    compare(network(mapping), "none")


def test_dates_of_the_handcrafted() -> None:
    """The record is as long as the file says."""
    assert network(closed_form(days=100)).days == 100
    assert date(99) == "2026-04-10"
