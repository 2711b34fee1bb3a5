"""Replication k is a pure function of scenario, seed and k; a network that can be redrawn gives the same bits."""

import numpy as np
import pytest

from minsim.metrics.consumers import SHORTFALL, consumer_flows_t, measure_consumers
from minsim.network.network import build_network, is_redrawable
from minsim.scenario.distributions import Draws, UnitDraws, dimensions
from minsim.simulation.engine import simulate
from minsim.studies.monte_carlo.replications import METRICS, Experiment, Replicator, compute, weekly_shortfall


def test_a_network_redrawn_gives_the_bits_of_one_built_anew(uncertain_events):
    assert is_redrawable(uncertain_events)
    kept = build_network(uncertain_events, Draws(7, 0))
    for k in range(1, 12):
        anew, redrawn = (simulate(n) for n in (build_network(uncertain_events, Draws(7, k)), kept.redrawn(Draws(7, k))))
        for name in ("sector", "consumer", "holding", "trade", "leaked"):
            np.testing.assert_array_equal(getattr(anew, name), getattr(redrawn, name))
        assert anew.log == redrawn.log


def test_running_leaves_a_network_as_it_was(uncertain_events):
    network = build_network(uncertain_events, Draws(7, 0))
    before = {name: array.copy() for name, array in network.arrays.items()}
    simulate(network)
    for name, array in before.items():
        np.testing.assert_array_equal(network.arrays[name], array)


def test_uncertain_numbers_outside_events_forbid_redrawing(uncertain_use):
    assert not is_redrawable(uncertain_use)


def test_a_replication_is_that_of_minsim_run(uncertain_use):
    from minsim import run

    chunk = compute(Experiment.of(uncertain_use, None), 3, 5)
    alone = run(uncertain_use, replication=4, bracket=False)
    measured = measure_consumers(alone.record)
    np.testing.assert_array_equal(chunk.values[1, :2, METRICS.index("shortfall_days")], measured["shortfall_days"])
    np.testing.assert_array_equal(chunk.values[1, :2, METRICS.index("onset_date")], measured["onset_date"])


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_replication_does_not_depend_on_its_chunk(uncertain_use, sampler):
    experiment = Experiment.of(uncertain_use, 3, sampler)
    whole = compute(experiment, 0, 19)
    for first, last in ((0, 0), (17, 19), (5, 12)):
        part = compute(experiment, first, last)
        np.testing.assert_array_equal(part.values, whole.values[first : last + 1])
        np.testing.assert_array_equal(part.weekly, whole.weekly[first : last + 1])


def test_weeks_add_up_to_the_daily_shortfall(uncertain_events):
    replicator = Replicator(Experiment.of(uncertain_events, None))
    record = replicator.record(Draws(7, 1))
    flows = consumer_flows_t(record)
    weekly = weekly_shortfall(record)
    assert weekly.dtype == np.float32
    assert weekly.shape == (2, 53)
    lost = flows[:, :, SHORTFALL].sum(axis=0)
    assert lost.max() > 0
    demand = flows[:, :, 0]
    by_week = np.add.reduceat(demand, np.arange(0, len(demand), 7), axis=0).T
    np.testing.assert_allclose((weekly * by_week).sum(axis=1), lost, rtol=1e-5)


def test_every_distribution_that_is_read_is_a_dimension():
    """Otherwise Sobol points, and sensitivity, would leave it to a random stream in silence."""
    from minsim.scenario import load_scenario

    for name in ("magnet-ban", "magnet-licences-2025", "defence-denied"):
        scenario = load_scenario(name)
        missed = []

        class Spying(UnitDraws):
            def stream(self, entity, purpose):
                if purpose in ("value", "start", "happens"):
                    missed.append((entity, purpose))  # noqa: B023
                return super().stream(entity, purpose)

        units = dict.fromkeys(dimensions(scenario.model), 0.4)
        assert units
        simulate(build_network(scenario, Spying(1, 0, units)))
        assert missed == []


def test_points_decide_what_is_drawn(uncertain_events):
    names = dimensions(uncertain_events.model)
    assert names == [
        ("events.ban.duration_days", "value"),
        ("events.ban.measure.cut", "value"),
        ("events.ban.probability", "happens"),
        ("events.ban.start", "start"),
    ]
    low, high = (UnitDraws(7, 0, dict.fromkeys(names, u)) for u in (1e-12, 1 - 1e-12))
    early = build_network(uncertain_events, low).events
    assert [span.event for span in early] == ["ban", "flood"]
    assert (early[0].start_day, early[0].end_day) == (31, 31 + 60)
    assert [span.event for span in build_network(uncertain_events, high).events] == ["flood"]
