"""Standard errors against distributions whose answers are known: 95% intervals must hold the truth about 95 times in 100."""

import math

import numpy as np
import pytest

from minsim.studies.monte_carlo import estimates

ROUNDS, SIZE = 400, 500


def coverage(estimate, truth, draw):
    """Share of experiments whose interval of ± 1.96 standard errors holds the truth."""
    generator = np.random.default_rng(20260101)
    held = 0
    for _ in range(ROUNDS):
        value, se = estimate(draw(generator))
        held += abs(value - truth) <= 1.96 * se
    return held / ROUNDS


@pytest.mark.parametrize(
    ("estimate", "truth", "draw"),
    [
        (estimates.mean, 1.0, lambda g: g.exponential(size=SIZE)),
        (lambda x: estimates.probability(x > 1.0), math.exp(-1), lambda g: g.exponential(size=SIZE)),
        (lambda x: estimates.quantile(x, 0.5), math.log(2), lambda g: g.exponential(size=SIZE)),
        (lambda x: estimates.quantile(x, 0.95), math.log(20), lambda g: g.exponential(size=SIZE)),
        (estimates.tail_mean, math.log(20) + 1.0, lambda g: g.exponential(size=2 * SIZE)),
        (estimates.tail_mean, 0.975, lambda g: g.random(size=SIZE)),
    ],
    ids=["mean", "probability", "median", "quantile-95", "cvar-exponential", "cvar-uniform"],
)
def test_intervals_hold_the_truth(estimate, truth, draw):
    assert 0.88 <= coverage(estimate, truth, draw) <= 0.99


def test_the_spread_of_scramblings_is_the_error_of_grouped_replications():
    generator = np.random.default_rng(5)
    groups = np.arange(320) % 16

    def draw():  # replications of one scrambling share an error: only the groups are independent
        return generator.normal(size=16)[groups] + 0.01 * generator.normal(size=320)

    held = 0
    for _ in range(ROUNDS):
        value, se = estimates.mean(draw(), groups)
        held += abs(value) <= 2.131 * se  # Student's t with 15 degrees of freedom
    assert 0.91 <= held / ROUNDS <= 0.98


def test_all_equal_has_no_error():
    values = np.full(50, 3.7)
    assert estimates.mean(values).se == 0.0
    assert estimates.quantile(values, 0.95) == (3.7, 0.0)
    assert estimates.tail_mean(values) == (3.7, 0.0)
    assert estimates.probability(values > 0) == (1.0, 0.0)


def test_nothing_has_no_estimate():
    for estimate in (estimates.mean, estimates.tail_mean):
        assert all(map(math.isnan, estimate(np.empty(0))))


def test_wilson_matches_the_published_example():
    low, high = estimates.wilson(10, 100)
    assert low == pytest.approx(0.0552, abs=1e-4)
    assert high == pytest.approx(0.1744, abs=1e-4)
