"""What may follow the truce: three branches of one question, and the refusal of military end users."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import minsim
from minsim import Run
from minsim.scenario import Scenario, load_scenario

BRANCHES = ("truce-lapses-legal", "truce-lapses", "magnet-ban")
"""By how much they hold back from the United States: little, nearly all for some weeks, all for a year."""

TRUCE_ENDS = dt.date(2026, 11, 10)


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    return {name: minsim.run(name) for name in BRANCHES}


@pytest.fixture(scope="module")
def denied() -> Run:
    return minsim.run("defence-denied")


def found(
    run: Run, metric: str, region: str, rerouting: str = "reference", material: str = "magnets", column: str = "value"
) -> Any:
    rows = run.bracket
    wanted = (
        (rows.material == material) & (rows.region == region) & (rows.metric == metric) & (rows.rerouting == rerouting)
    )
    return rows[wanted][column].item()


def onset(run: Run, region: str, **given: str) -> dt.date:
    return found(run, "onset_date", region, column="date", **given).date()


# ------------------------------------------------------------------------------------------------------------ one question


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_differ_in_their_events_alone(name: str) -> None:
    branch, ban = load_scenario(name).model, load_scenario("magnet-ban").model
    for part in ("as_of", "start", "end", "seed", "materials", "behaviour", "stockpiles", "regions"):
        assert getattr(branch, part) == getattr(ban, part)


@pytest.mark.parametrize("name", BRANCHES)
def test_every_event_of_a_branch_starts_on_the_day_the_truce_ends(name: str) -> None:
    assert {event.start for event in load_scenario(name).model.events.values()} == {TRUCE_ENDS}


@pytest.mark.parametrize("name", [*BRANCHES, "defence-denied", "magnet-licences-2025"])
def test_scenarios_load_without_a_warning(name: str) -> None:
    loaded: Scenario = load_scenario(name)
    assert not loaded.warnings
    assert loaded.model.description.rstrip().endswith("?")


def test_the_squeeze_is_as_tight_as_may_2025() -> None:
    events = load_scenario("truce-lapses").model.events
    shares = {
        name: events[name].measure.licence.controlled_share.value  # type: ignore[union-attr]
        for name in ("licences-united-states", "licences-others")
    }
    assert 1 - shares["licences-united-states"] == pytest.approx(46 / 585, abs=0.005)
    world_t = (1 - shares["licences-united-states"]) * 689 + (1 - shares["licences-others"]) * (4_762 - 689)
    assert world_t / 4_762 == pytest.approx(0.26, abs=0.01)


# --------------------------------------------------------------------------------------------------------------- ordering


def test_the_letter_of_the_suspended_measures_leaves_nobody_short(runs: dict[str, Run]) -> None:
    for rerouting in ("none", "reference", "free"):
        for region in ("United States", "European Union", "Japan", "South Korea", "Rest of world", "China"):
            assert found(runs["truce-lapses-legal"], "shortfall_days", region, rerouting) == 0.0


@pytest.mark.parametrize("rerouting", ["none", "reference"])
def test_american_users_lose_more_the_more_is_held_back(runs: dict[str, Run], rerouting: str) -> None:
    # Not with free rerouting: a ban on one buyer it can get round, a squeeze on all of them it only moves about.
    lost = [found(runs[name], "shortfall_days", "United States", rerouting) for name in BRANCHES]
    assert lost == sorted(lost)
    assert lost[0] == 0.0
    assert 0.0 < lost[1] < lost[2]


def test_without_rerouting_the_ban_costs_what_the_closed_form_says_less_what_the_vault_serves(
    runs: dict[str, Run],
) -> None:
    ban = runs["magnet-ban"]
    assert onset(ban, "United States", rerouting="none") == dt.date(2027, 1, 31)
    lost = found(ban, "shortfall_days", "United States", "none")
    assert 224.8 - 60 < lost < 224.8  # 0.72 x 365 - 38, and at most 60 days in the Vault


def test_nobody_runs_short_before_stocks_and_goods_at_sea_are_used_up(runs: dict[str, Run]) -> None:
    for name in ("truce-lapses", "magnet-ban"):
        assert onset(runs[name], "United States") >= TRUCE_ENDS + dt.timedelta(days=30 + 38)


def test_a_squeeze_on_all_hits_others_a_ban_on_one_does_not(runs: dict[str, Run]) -> None:
    for region in ("European Union", "South Korea", "Rest of world"):
        assert found(runs["truce-lapses"], "shortfall_days", region) > 0.0
        assert found(runs["magnet-ban"], "shortfall_days", region) == 0.0


def test_the_squeeze_bites_hardest_where_goods_arrive_first_for_users_of_like_stocks(runs: dict[str, Run]) -> None:
    lapses = runs["truce-lapses"]
    first = onset(lapses, "South Korea")  # five days from China
    assert all(first < onset(lapses, region) for region in ("United States", "European Union", "Rest of world"))


def test_licences_come_through_after_the_review(runs: dict[str, Run]) -> None:
    applications = runs["truce-lapses"].record.applications
    decided = [a.decided_day - a.applied_day for a in applications if a.decided_day is not None]
    assert decided
    assert min(decided) == 63
    trade = runs["truce-lapses"].trade
    lane = trade[(trade.material == "magnets") & (trade.seller == "China") & (trade.buyer == "United States")]
    shipped = lane.set_index("month").shipped_t
    assert shipped["2026-12"].item() < 0.1 * shipped["2027-03"].item()


def test_members_of_the_vault_are_served_and_nobody_else() -> None:
    for pile in load_scenario("magnet-ban").model.stockpiles.values():
        assert pile.members is not None
        assert set(pile.members) == {"United States"}


def test_the_vault_covers_at_most_its_members_share_of_any_days_gap(runs: dict[str, Run]) -> None:
    daily = runs["magnet-ban"].daily
    states = daily[(daily.material == "magnets") & (daily.region == "United States")]
    gap = states.from_stockpile_t + states.shortfall_t
    assert states.from_stockpile_t.max() > 0.0
    # Two piles, served one after the other, 0.4 of what is missing each: 0.64 at the very most.
    assert (states.from_stockpile_t <= (1 - 0.6**2) * gap + 1e-9).all()


# ---------------------------------------------------------------------------------------------------------------- defence


def test_denied_defence_runs_short_and_civil_users_do_not(denied: Run) -> None:
    assert found(denied, "shortfall_days", "United States", material="defence-magnets") > 0.0
    for region in ("United States", "European Union", "Japan", "South Korea", "Rest of world"):
        assert found(denied, "shortfall_days", region) == 0.0


def test_defence_first_runs_short_when_its_own_stock_is_used_up(denied: Run) -> None:
    # 30 days at sea, then 38 days of stock against 0.36 of supply gone.
    expected = TRUCE_ENDS + dt.timedelta(days=30 + int(38 / 0.36))
    assert onset(denied, "United States", rerouting="none", material="defence-magnets") == expected


def test_with_every_supplier_approved_at_once_the_denial_costs_nothing(denied: Run) -> None:
    assert found(denied, "shortfall_days", "United States", "free", "defence-magnets") == 0.0


def test_the_defence_stockpile_serves_defence_alone(denied: Run) -> None:
    daily = denied.daily
    served = daily[daily.from_stockpile_t > 0]
    assert len(served)
    assert set(served.material) == {"defence-magnets"}
    assert set(served.sector) == {"defence"}


def test_defence_and_the_rest_add_up_to_american_use() -> None:
    denied, chain = (load_scenario(name).model for name in ("defence-denied", "rare-earth-magnets-2026"))
    parts = [
        denied.materials[name].consumers["United States"].demand_t_per_year.mode  # type: ignore[union-attr]
        for name in ("magnets", "defence-magnets")
    ]
    whole = chain.materials["magnets"].consumers["United States"].demand_t_per_year
    assert sum(parts) == pytest.approx(whole.mode)  # type: ignore[union-attr]
