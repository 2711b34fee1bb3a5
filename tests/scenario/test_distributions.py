"""Samplers against their distributions; streams independent, stable and never shifted by one another."""

import datetime as dt
import math
import pickle
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minsim.scenario.distributions import Draws, central, quantile, sample, stream
from minsim.scenario.format.numbers import Choice, Given, Lognormal, Normal, Pert, Triangular, Uniform, Window

TRIANGULAR = Triangular(dist="triangular", low=0, mode=180, high=900)
PERT = Pert(dist="pert", low=10, mode=20, high=60)
UNIFORM = Uniform(dist="uniform", low=-2, high=6)
NORMAL = Normal(dist="normal", mean=10, sd=3)
TRUNCATED = Normal(dist="normal", mean=10, sd=8, low=2, high=14)
LOGNORMAL = Lognormal(dist="lognormal", mean=63, sd=30)

_log_sd = math.sqrt(math.log(1 + (30 / 63) ** 2))
CONTINUOUS = [
    (TRIANGULAR, stats.triang(0.2, 0, 900)),
    (PERT, stats.beta(1.8, 4.2, 10, 50)),
    (UNIFORM, stats.uniform(-2, 8)),
    (NORMAL, stats.norm(10, 3)),
    (TRUNCATED, stats.truncnorm(-1, 0.5, 10, 8)),
    (LOGNORMAL, stats.lognorm(_log_sd, scale=63 * math.exp(-(_log_sd**2) / 2))),
]
NAMES = ["triangular", "pert", "uniform", "normal", "truncated", "lognormal"]


def draws_of(distribution, count=20_000):
    generator = stream(20260201, 0, "test", "value")
    return np.array([sample(distribution, generator) for _ in range(count)])


@pytest.mark.parametrize(("distribution", "reference"), CONTINUOUS, ids=NAMES)
def test_samples_follow_their_distribution(distribution, reference):
    drawn = draws_of(distribution)
    error = reference.std() / math.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(reference.mean(), abs=4 * error)
    assert drawn.std() == pytest.approx(reference.std(), rel=0.03)
    assert stats.ks_1samp(drawn, reference.cdf).statistic < 1.63 / math.sqrt(len(drawn))  # the 1% level


@pytest.mark.parametrize(("distribution", "reference"), CONTINUOUS, ids=NAMES)
def test_quantiles_are_exact(distribution, reference):
    for u in (1e-9, 0.01, 0.2, 0.5, 0.75, 0.99, 1 - 1e-9):
        assert quantile(distribution, u) == pytest.approx(reference.ppf(u), rel=1e-6, abs=1e-6)


def test_means_are_the_ones_the_format_promises():
    assert draws_of(PERT).mean() == pytest.approx((10 + 4 * 20 + 60) / 6, rel=0.01)
    assert draws_of(LOGNORMAL).mean() == pytest.approx(63, rel=0.02)
    assert draws_of(LOGNORMAL).std() == pytest.approx(30, rel=0.03)


def test_choice_follows_its_weights():
    choice = Choice(dist="choice", values=(3, 1, 2), weights=(0.5, 0.25, 0.25))
    drawn = draws_of(choice)
    assert set(drawn) == {1, 2, 3}
    assert (drawn == 3).mean() == pytest.approx(0.5, abs=0.015)
    assert (drawn == 1).mean() == pytest.approx(0.25, abs=0.015)


def test_choice_without_weights_is_even():
    drawn = draws_of(Choice(dist="choice", values=(1, 2)))
    assert drawn.mean() == pytest.approx(1.5, abs=0.02)


def test_choice_of_weight_zero_never_comes():
    choice = Choice(dist="choice", values=(1, 2, 3), weights=(0, 1, 0))
    assert {quantile(choice, u) for u in (1e-12, 0.5, 1 - 1e-12)} == {2}


def test_choice_does_not_depend_on_the_order_written():
    one, other = Choice(dist="choice", values=(5, 1)), Choice(dist="choice", values=(1, 5))
    assert [quantile(one, u) for u in (0.2, 0.8)] == [quantile(other, u) for u in (0.2, 0.8)] == [1, 5]


@pytest.mark.parametrize(
    "point",
    [
        Triangular(dist="triangular", low=4, mode=4, high=4),
        Pert(dist="pert", low=4, mode=4, high=4),
        Uniform(dist="uniform", low=4, high=4),
        Normal(dist="normal", mean=4, sd=0),
        Normal(dist="normal", mean=4, sd=1, low=4, high=4),
        Lognormal(dist="lognormal", mean=4, sd=0),
        Choice(dist="choice", values=(4,)),
    ],
)
def test_without_spread_every_quantile_is_the_value(point):
    assert [quantile(point, u) for u in (1e-12, 0.3, 1 - 1e-12)] == pytest.approx([4, 4, 4])
    assert central(point) == 4


@pytest.mark.parametrize("distribution", [pair[0] for pair in CONTINUOUS], ids=NAMES)
@given(u=st.floats(0, 1, exclude_min=True, exclude_max=True), v=st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_quantiles_rise_and_stay_in_bounds(distribution, u, v):
    low, high = sorted((u, v))
    lower, upper = quantile(distribution, low), quantile(distribution, high)
    assert lower <= upper or lower == pytest.approx(upper, rel=1e-9, abs=1e-9)
    if hasattr(distribution, "low"):
        assert distribution.low <= quantile(distribution, low) <= distribution.high
    assert math.isfinite(quantile(distribution, low))


@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_quantile_refuses_what_is_no_probability(u):
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(UNIFORM, u)


def test_a_uniform_draw_of_zero_has_a_finite_sample():
    class Zero:
        def random(self):
            return 0.0

    assert math.isfinite(sample(NORMAL, Zero()))
    assert sample(LOGNORMAL, Zero()) > 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (7, 7.0),
        (Given(value=60), 60.0),
        (TRIANGULAR, 180),
        (PERT, 20),
        (UNIFORM, 2),
        (TRUNCATED, 10),
        (LOGNORMAL, 63),
        (Choice(dist="choice", values=(9, 2, 5)), 2),
        (Choice(dist="choice", values=(9, 2, 9), weights=(1, 1.5, 1)), 9),
    ],
)
def test_central_value(number, expected):
    assert central(number) == expected
    assert Draws.central().number(number, "a.b") == expected


# ---------------------------------------------------------------------------------------------------------------- streams


PINNED = [0.32788017690195737, 0.5837805610269806, 0.6665466783996549]
PINNED_WHOLE = 3118852251055491386


def test_streams_are_pinned():
    """Published results rest on these numbers: a change here changes every ensemble."""
    assert stream(1, 0, "events.curb", "value").random(3).tolist() == PINNED
    assert stream(2**63 - 1, 9_999, "materials.é", "x").integers(2**62) == PINNED_WHOLE


def test_a_stream_starts_afresh_each_time():
    assert stream(1, 2, "a", "b").random() == stream(1, 2, "a", "b").random()


def test_numpy_integers_name_the_same_stream():
    assert stream(np.int64(1), np.int32(2), np.str_("a"), "b").random() == stream(1, 2, "a", "b").random()


def test_every_part_of_the_name_counts():
    names = [(1, 0, "a", "b"), (2, 0, "a", "b"), (1, 1, "a", "b"), (1, 0, "c", "b"), (1, 0, "a", "c"), (1, 0, "ab", "")]
    assert len({stream(*name).random() for name in names}) == len(names)


def test_streams_are_independent():
    first = np.array([stream(7, k, "a", "value").random() for k in range(4000)])
    second = np.array([stream(7, k, "b", "value").random() for k in range(4000)])
    assert stats.ks_1samp(first, stats.uniform.cdf).statistic < 1.63 / math.sqrt(4000)
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / math.sqrt(4000)
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 4 / math.sqrt(4000)


def test_a_stream_survives_pickling():
    generator = stream(1, 0, "a", "b")
    generator.random()
    copy = pickle.loads(pickle.dumps(generator))
    assert copy.random() == generator.random()


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002  (it is what must not move)
    Draws(1, 1).number(UNIFORM, "a")
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


# ------------------------------------------------------------------------------------------------------------------ draws


@given(others=st.lists(st.text(max_size=12), max_size=6))
def test_other_paths_never_shift_a_draw(others):
    alone = Draws(5, 3).number(TRIANGULAR, "events.curb.duration_days")
    draws = Draws(5, 3)
    for path in others:
        draws.number(TRIANGULAR, path)
        draws.happens(0.5, path)
    assert draws.number(TRIANGULAR, "events.curb.duration_days") == alone


def test_plain_numbers_are_themselves():
    assert Draws(1, 1).number(3, "a") == 3.0
    assert Draws(1, 1).number(Given(value=4), "a") == 4.0
    assert Draws(1, 1).number(math.inf, "a") == math.inf


@pytest.mark.parametrize(("value", "expected"), [(2.5, 3), (2.4999, 2), (3.5, 4), (0, 0), (30, 30)])
def test_whole_rounds_halves_up(value, expected):
    found = Draws(1, 1).whole(value, "a")
    assert (found, type(found)) == (expected, int)


def test_happens_with_its_probability():
    happened = [Draws(11, k).happens(0.3, "events.x.probability") for k in range(4000)]
    assert statistics.fmean(happened) == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 4000))


def test_certainty_draws_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a draw was consumed")

    monkeypatch.setattr("minsim.scenario.distributions.stream", refuse)
    assert not Draws(1, 1).happens(0, "p")
    assert Draws(1, 1).happens(1, "p")
    assert Draws(1, 1).happens(Given(value=1), "p")


@pytest.mark.parametrize(("probability", "expected"), [(0, False), (0.49, False), (0.5, True), (1, True)])
def test_central_case_takes_what_is_likelier(probability, expected):
    assert Draws.central().happens(probability, "p") is expected


def test_an_uncertain_probability_is_drawn_apart_from_the_event():
    coin = Choice(dist="choice", values=(0, 1))
    happened = [Draws(3, k).happens(coin, "p") for k in range(2000)]
    assert statistics.fmean(happened) == pytest.approx(0.5, abs=0.05)


def test_starts_are_uniform_over_whole_days():
    window = Window(earliest=dt.date(2026, 2, 27), latest=dt.date(2026, 3, 2))
    found = [Draws(1, k).start(window, "events.x.start") for k in range(4000)]
    assert sorted(set(found)) == [dt.date(2026, 2, 27), dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
    assert min(found.count(day) for day in set(found)) > 900


def test_central_start_is_the_middle_day():
    window = Window(earliest=dt.date(2026, 1, 1), latest=dt.date(2026, 1, 4))
    assert Draws.central().start(window, "s") == dt.date(2026, 1, 2)
    assert Draws.central().start(dt.date(2026, 5, 5), "s") == Draws(1, 1).start(dt.date(2026, 5, 5), "s")


def test_processes_of_the_central_case_use_replication_zero():
    assert Draws.central(9).stream("a", "b").random() == stream(9, 0, "a", "b").random()
    assert repr(Draws.central(9)) == "Draws.central(seed=9)"
    assert repr(Draws(9, 2)) == "Draws(seed=9, replication=2)"
