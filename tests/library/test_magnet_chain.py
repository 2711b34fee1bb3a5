"""The headline chain against the published figures it is built from, read from the network's baseline."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable

import pytest

from minsim.network.network import build_network
from minsim.scenario import Scenario, load_scenario
from minsim.scenario.distributions import Draws

Flow = tuple[str, str, str, str, str, str, float]
"""Material, stage, seller, seller's country, buyer, buyer's region, t/year."""

OUTSIDE_CHINA = ("United States", "European Union", "Japan", "South Korea", "Rest of world")


@pytest.fixture(scope="module")
def chain() -> Scenario:
    return load_scenario("rare-earth-magnets-2026")


@pytest.fixture(scope="module")
def ban() -> Scenario:
    return load_scenario("magnet-ban")


@pytest.fixture(scope="module")
def flows(chain: Scenario) -> list[Flow]:
    return build_network(chain, Draws.central(seed=chain.model.seed)).baseline_trade()


def total(flows: Iterable[Flow], wanted: Callable[[Flow], bool]) -> float:
    return math.fsum(flow[-1] for flow in flows if wanted(flow))


def of(flows: Iterable[Flow], material: str, stage: str) -> list[Flow]:
    return [flow for flow in flows if flow[:2] == (material, stage)]


def lane(flows: Iterable[Flow], country: str, region: str) -> float:
    return total(flows, lambda f: f[3] == country and f[5] == region)


def output_shares(flows: list[Flow]) -> dict[str, float]:
    made = total(flows, lambda _: True)
    return {seller: math.fsum(f[-1] for f in flows if f[2] == seller) / made for seller in {f[2] for f in flows}}


# ---------------------------------------------------------------------------------------------------------------- magnets


def test_the_world_makes_240_kt_of_magnets(flows: list[Flow]) -> None:
    assert total(of(flows, "magnets", "fabricate"), lambda _: True) == pytest.approx(240_000, rel=1e-9)


def test_china_makes_94_per_cent_japan_4_5_and_the_united_states_1000_t(flows: list[Flow]) -> None:
    shares = output_shares(of(flows, "magnets", "fabricate"))
    assert shares["China"] == pytest.approx(0.94, rel=1e-6)
    assert shares["Japan"] == pytest.approx(0.045, rel=1e-6)
    assert 240_000 * shares["United States"] == pytest.approx(1_000, rel=1e-4)
    assert 1 - shares["China"] - shares["Japan"] == pytest.approx(0.015, rel=1e-6)


@pytest.mark.parametrize("published_t", [58_000, 58_152, 57_392])  # as rounded; Adamas 2024; Chinese customs 2025
def test_china_exports_what_was_published_within_5_per_cent(flows: list[Flow], published_t: float) -> None:
    magnets = of(flows, "magnets", "fabricate")
    exports = total(magnets, lambda f: f[3] == "China" and f[5] != "China")
    assert exports == pytest.approx(published_t, rel=0.05)


def test_the_united_states_buy_72_per_cent_from_china(flows: list[Flow]) -> None:
    magnets = of(flows, "magnets", "fabricate")
    use = total(magnets, lambda f: f[5] == "United States")
    assert use == pytest.approx(10_000, rel=1e-9)
    assert lane(magnets, "China", "United States") / use == pytest.approx(0.72, rel=1e-9)


def test_the_european_union_buys_17_000_of_20_000_t_from_china(flows: list[Flow]) -> None:
    magnets = of(flows, "magnets", "fabricate")
    assert total(magnets, lambda f: f[5] == "European Union") == pytest.approx(20_000, rel=1e-9)
    assert lane(magnets, "China", "European Union") == pytest.approx(17_000, rel=1e-9)


def test_china_uses_the_remainder_and_buys_no_magnets_abroad(flows: list[Flow]) -> None:
    magnets = of(flows, "magnets", "fabricate")
    use = {region: math.fsum(f[-1] for f in magnets if f[5] == region) for region in (*OUTSIDE_CHINA, "China")}
    assert use["Japan"] == pytest.approx(13_000, rel=1e-9)
    assert use["South Korea"] == pytest.approx(7_500, rel=1e-9)
    assert use["China"] == pytest.approx(240_000 - sum(use[region] for region in OUTSIDE_CHINA), rel=1e-9)
    assert lane(magnets, "China", "China") == pytest.approx(use["China"], rel=1e-9)


def test_american_makers_sell_nearly_all_at_home(flows: list[Flow]) -> None:
    magnets = of(flows, "magnets", "fabricate")
    assert lane(magnets, "United States", "United States") > 0.9 * 1_000


def test_south_korea_buys_about_as_much_from_china_as_trade_statistics_say(flows: list[Flow]) -> None:
    magnets = of(flows, "magnets", "fabricate")
    assert lane(magnets, "China", "South Korea") / 7_500 == pytest.approx(0.90, abs=0.08)  # BACI 2024: 0.9006


# ------------------------------------------------------------------------------------------------------------------ oxide


def test_a_tonne_of_magnets_takes_0_35_t_of_ndpr_and_0_01_t_of_dytb_oxide(flows: list[Flow]) -> None:
    assert total(of(flows, "ndpr-oxide", "process"), lambda _: True) == pytest.approx(0.35 * 240_000, rel=1e-9)
    assert total(of(flows, "dytb-oxide", "process"), lambda _: True) == pytest.approx(0.01 * 240_000, rel=1e-9)


def test_separation_from_ore_has_the_shares_assumed_for_2026(flows: list[Flow]) -> None:
    shares = output_shares(of(flows, "ndpr-oxide", "process"))
    from_ore = 1 - shares.pop("Scrap")
    assert {place: share / from_ore for place, share in shares.items()} == pytest.approx(
        {"China": 0.88, "Malaysia": 0.075, "United States": 0.035, "Rest of world": 0.01}, rel=1e-6
    )


def test_scrap_closes_the_gap_between_refined_and_used(flows: list[Flow]) -> None:
    scrap = output_shares(of(flows, "ndpr-oxide", "process"))["Scrap"]
    assert scrap == pytest.approx((90.922 - 80.805) / 90.922, rel=0.02)  # IEA 2024, kt


def test_china_separates_about_90_per_cent_with_scrap(flows: list[Flow]) -> None:
    oxide = of(flows, "ndpr-oxide", "process")
    share = total(oxide, lambda f: f[3] == "China") / total(oxide, lambda _: True)
    assert share == pytest.approx(0.90, abs=0.01)


@pytest.mark.parametrize("material", ["ndpr-oxide", "dytb-oxide"])
def test_what_is_mined_is_what_is_separated_less_scrap(flows: list[Flow], material: str) -> None:
    separated = total(of(flows, material, "process"), lambda f: f[2] != "Scrap")
    assert total(of(flows, material, "mine"), lambda _: True) == pytest.approx(separated, rel=1e-9)


# ------------------------------------------------------------------------------------------------------------------- mine


def test_china_and_myanmar_mine_what_the_iea_says(flows: list[Flow]) -> None:
    shares = output_shares(of(flows, "ndpr-oxide", "mine"))
    assert shares["China"] == pytest.approx(0.61, rel=1e-6)
    assert shares["Myanmar"] == pytest.approx(0.161, rel=1e-6)


def test_the_american_mine_keeps_the_capacity_the_iea_says(chain: Scenario) -> None:
    mine = chain.model.materials["ndpr-oxide"].stages["mine"].producers["United States"]
    assert isinstance(mine.share, float)
    assert isinstance(mine.utilisation, float)
    assert mine.share / mine.utilisation == pytest.approx(0.091, rel=0.01)


@pytest.mark.parametrize("material", ["ndpr-oxide", "dytb-oxide"])
def test_myanmar_sells_to_china_only(flows: list[Flow], material: str) -> None:
    assert {f[5] for f in of(flows, material, "mine") if f[3] == "Myanmar"} == {"China"}


@pytest.mark.parametrize("stage", ["mine", "process"])
def test_the_united_states_sell_neither_concentrate_nor_oxide_to_china(flows: list[Flow], stage: str) -> None:
    assert lane(of(flows, "ndpr-oxide", stage), "United States", "China") == 0.0


def test_malaysia_lives_on_australian_ore(flows: list[Flow]) -> None:
    ore = of(flows, "ndpr-oxide", "mine")
    assert lane(ore, "Australia", "Malaysia") == pytest.approx(0.9 * total(ore, lambda f: f[5] == "Malaysia"), rel=1e-9)


# --------------------------------------------------------------------------------------------------------------- any draw


@pytest.mark.parametrize("replication", range(20))
def test_every_replication_finds_its_balance(chain: Scenario, replication: int) -> None:
    network = build_network(chain, Draws(chain.model.seed, replication))
    magnets = of(network.baseline_trade(), "magnets", "fabricate")
    use = total(magnets, lambda f: f[5] == "United States")
    assert 8_500 <= use <= 11_500
    assert 0.65 <= lane(magnets, "China", "United States") / use <= 0.78
    assert 205_000 <= total(magnets, lambda _: True) <= 285_000


# ---------------------------------------------------------------------------------------------------------------- the ban


def central(ban: Scenario) -> tuple[dt.date, int, float, float, int]:
    """Start of the ban and its length, American stock, China's share and the lead time, at their central values."""
    draws = Draws.central()
    magnets = ban.model.materials["magnets"]
    curb = ban.model.events["ban"]
    assert curb.duration_days is not None
    assert magnets.trade is not None
    assert isinstance(curb.start, dt.date)
    key = "China -> United States"
    return (
        curb.start,
        draws.whole(curb.duration_days, "duration"),
        draws.number(magnets.consumers["United States"].stock_days, "stock"),
        draws.number(magnets.trade.shares[key], "share"),
        draws.whole(magnets.trade.lead_time_days.pairs[key], "lead"),
    )


@pytest.mark.parametrize(
    ("held_days", "first_bite", "lost_days"), [(0, dt.date(2027, 1, 31), 225), (60, dt.date(2027, 4, 25), 165)]
)
def test_the_closed_form_gives_the_expected_bite(
    ban: Scenario, held_days: int, first_bite: dt.date, lost_days: float
) -> None:
    start, duration, stock, share, lead = central(ban)
    cover = stock + held_days
    assert start + dt.timedelta(days=lead + math.floor(cover / share)) == first_bite
    assert share * duration - cover == pytest.approx(lost_days, abs=0.5)


def test_the_vault_is_60_days_under_12_billion_dollars_that_do_not_bind(ban: Scenario) -> None:
    draws = Draws.central()
    piles = ban.model.stockpiles
    assert set(piles) == {"project-vault", "project-vault-oxide"}
    days = {name: draws.number(pile.target_days, name) for name, pile in piles.items()}
    assert days["project-vault"] == pytest.approx(0.3 * 60)
    assert sum(days.values()) == pytest.approx(60)
    budgets = [draws.number(pile.budget_usd or 0.0, name) for name, pile in piles.items()]
    assert sum(budgets) == pytest.approx(12e9)
    daily_use_t = 10_000 / 365.25
    cost = daily_use_t * 1_000 * (days["project-vault"] * 49 + days["project-vault-oxide"] * 0.35 * 69)
    assert cost < 0.01 * 12e9


def test_the_vault_opens_a_tenth_full(ban: Scenario) -> None:
    for name, pile in ban.model.stockpiles.items():
        assert Draws.central().number(pile.initial_fill, name) == 0.1


def test_the_ban_leaves_the_chain_of_its_parent(ban: Scenario, chain: Scenario) -> None:
    assert ban.model.materials == chain.model.materials
    assert ban.model.start == dt.date(2026, 11, 1)
