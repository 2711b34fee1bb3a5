"""Processes of the user's own: the same levers, the same numbers, and plain words when they ask for the impossible."""

from __future__ import annotations

import numpy as np
import pytest
from networks import date
from simulation.events.builders import END, START, Probe, chain, curb, event, network, plant, run, same

import minsim
from minsim.errors import SimulationError
from minsim.scenario import scenario_from_mapping
from minsim.simulation.engine import simulate
from minsim.simulation.world import World


def board(world: World, fraction: float = 1.0):
    yield world.until(world.network.date_of(START))
    world.cap("mine", world.arcs(exporter="China", importers=["United States"], materials=["x"]), fraction=fraction)
    yield world.wait(END - START)
    world.uncap("mine")


@pytest.mark.parametrize("rerouting", ["none", "reference", "free"])
@pytest.mark.parametrize("fraction", [1.0, 0.3, 0.0])
def test_a_process_that_caps_arcs_equals_the_curb(rerouting: str, fraction: float) -> None:
    mine = run(chain(), rerouting, [lambda world: board(world, fraction)])
    assert same(mine, run(chain({"curb": curb({"cut": fraction})}), rerouting))


def test_a_process_through_the_front_door() -> None:
    mine = minsim.run(scenario_from_mapping(chain(), name="mine"), processes=[board])
    theirs = minsim.run(scenario_from_mapping(chain({"curb": curb({"ban": True})}), name="theirs"))
    for name in ("none", "reference", "free"):
        assert same(mine.bracket_records[name], theirs.bracket_records[name])


def test_a_process_that_pulls_the_other_levers_equals_the_events() -> None:
    def trouble(world: World):
        yield world.until(START)
        world.availability.put("mine", world.sellers("x", "fabricate", country="Japan"), 0.25)
        world.delay("mine", world.arcs(exporter="China", importers=["United States"]), 9, holds=True)
        yield world.until(END)
        world.availability.drop("mine")
        world.extra_days.drop("mine")

    events = {
        "a": event("outage", producer=plant("Japan"), availability=0.25),
        "b": event("chokepoint", lanes=["China -> United States"], extra_days=9, holds_in_transit=True),
    }
    assert same(run(chain(), "reference", [trouble]), run(chain(events), "reference"))


def test_looking_changes_nothing() -> None:
    """A process that stops the clock every day leaves every number as it was."""
    events = {
        "a": curb({"licence": {"review_days": 11, "decisions_per_day": 1}}),
        "b": event("trade_bloc", bloc="pair"),
    }
    assert same(run(chain(events), "reference", [Probe()]), run(chain(events), "reference"))


def test_what_a_process_sees() -> None:
    seen = {}

    def watcher(world: World):
        while True:
            seen[world.day] = (
                world.date,
                world.cover_days("x", "United States"),
                world.shortfall_t("x", "United States"),
            )
            yield world.wait(1)

    record = run(chain({"ban": curb({"ban": True})}), "none", [watcher])
    assert seen[0][0].isoformat() == date(0)
    assert seen[0][1] == pytest.approx(10.0)
    short = record.sector[:, [s.region == "United States" for s in record.network.sectors], 2].sum(1)
    np.testing.assert_allclose([seen[day + 1][2] for day in range(250)], short[:250])


@pytest.mark.parametrize("days", [0.5, -1, float("nan"), float("inf")])
def test_waiting_for_no_whole_days_is_refused_in_plain_words(days: float) -> None:
    def restless(world: World):
        yield world.wait(days)

    with pytest.raises(SimulationError, match="whole days"):
        simulate(network(chain(days=30)), processes=[restless])


def test_going_round_the_calendar_is_refused_in_plain_words() -> None:
    def restless(world: World):
        yield world.env.timeout(0.5)

    with pytest.raises(SimulationError, match=r"whole days, but one is due on day 0\.5"):
        simulate(network(chain(days=30)), processes=[restless])


def test_errors_of_a_process_keep_their_own_words() -> None:
    def clumsy(world: World):
        yield world.wait(3)
        world.stock_t("y", "United States")

    with pytest.raises(SimulationError, match="nobody uses y in United States; the scenario has x in"):
        simulate(network(chain(days=30)), processes=[clumsy])
