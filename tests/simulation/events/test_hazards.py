"""Failures at random: their times against theory, and streams that no neighbour disturbs."""

from __future__ import annotations

import numpy as np
import pytest
from networks import DAYS_PER_YEAR
from simulation.events.builders import Mapping, chain, curb, event, plant, run, same, shortfall

from minsim.simulation.engine import Record
from minsim.simulation.log import LogKind

RATE, MEAN_REPAIR, SD_REPAIR = 6.0, 40.0, 20.0
YEARS = 120


def failing(country: str, rate: float = RATE, **given: float) -> Mapping:
    repair = {"dist": "lognormal", "mean": MEAN_REPAIR, "sd": SD_REPAIR} | given
    hazard = {"rate_per_year": rate, "repair_days": repair}
    return event("outage", 0, None, producer=plant(country), availability=0.2, hazard=hazard)


def spells(record: Record, name: str, plant_name: str) -> tuple[np.ndarray, np.ndarray]:
    """First days of a plant's failures, and of its repairs, from the log."""
    mine = [entry for entry in record.log if (entry.event, entry.whom) == (name, (plant_name,))]
    down = np.array([entry.day for entry in mine if entry.kind is LogKind.OUTAGE_BEGINS])
    up = np.array([entry.day for entry in mine if entry.kind is LogKind.OUTAGE_ENDS])
    return down, up


@pytest.fixture(scope="module")
def long_run() -> tuple[np.ndarray, np.ndarray, int]:
    days = int(YEARS * DAYS_PER_YEAR)
    mapping = {**chain({"event": failing("China")}, days=days), "long_horizon": True}
    down, up = spells(run(mapping, "none", seed=7), "event", "China")
    return down[: len(up)], up, days


def test_up_times_are_exponential(long_run: tuple[np.ndarray, np.ndarray, int]) -> None:
    """Mean 365.25 / 6 = 60.9 days; quartiles mean x ln(4/3), ln 2, ln 4; whole days shift them by less than one."""
    down, up, _ = long_run
    times = down - np.concatenate([[0], up[:-1]])
    mean = DAYS_PER_YEAR / RATE
    error = mean / np.sqrt(len(times))
    assert len(times) > 300
    assert times.mean() == pytest.approx(mean, abs=3 * error)
    for part, quantile in ((0.25, np.log(4 / 3)), (0.5, np.log(2)), (0.75, np.log(4))):
        density = (1 - part) / mean
        allowed = 1 + 3.5 * np.sqrt(part * (1 - part) / len(times)) / density
        assert np.quantile(times, part) == pytest.approx(mean * quantile, abs=allowed)


def test_repair_times_are_as_given(long_run: tuple[np.ndarray, np.ndarray, int]) -> None:
    """A lognormal of mean 40 and standard deviation 20 has its median at 40 / sqrt(1.25) = 35.8."""
    down, up, _ = long_run
    times = up - down
    spread = np.sqrt(np.log(1 + (SD_REPAIR / MEAN_REPAIR) ** 2))
    assert times.mean() == pytest.approx(MEAN_REPAIR, abs=3 * SD_REPAIR / np.sqrt(len(times)))
    assert times.std() == pytest.approx(SD_REPAIR, rel=0.2)
    median = MEAN_REPAIR / np.sqrt(1 + (SD_REPAIR / MEAN_REPAIR) ** 2)
    for part, normal in ((0.1587, -1.0), (0.5, 0.0), (0.8413, 1.0)):
        assert np.quantile(times, part) == pytest.approx(median * np.exp(spread * normal), rel=0.15)


def test_availability_in_the_long_run(long_run: tuple[np.ndarray, np.ndarray, int]) -> None:
    """Up for MTTF / (MTTF + MTTR) = 60.9 / 100.9 of the time, within three standard errors of a renewal process."""
    down, up, days = long_run
    mttf, mttr = DAYS_PER_YEAR / RATE, MEAN_REPAIR
    available = 1 - (up - down).sum() / days
    cycles = days / (mttf + mttr)
    error = np.sqrt((mttr**2 * mttf**2 + mttf**2 * SD_REPAIR**2) / cycles) / (mttf + mttr) ** 2
    assert available == pytest.approx(mttf / (mttf + mttr), abs=3 * error)


def test_certain_repair_times_need_no_distribution() -> None:
    certain = failing("China")
    certain["hazard"]["repair_days"] = {"value": 12, "note": "as given"}
    down, up = spells(run(chain({"event": certain}, days=3000), "none"), "event", "China")
    assert set((up - down[: len(up)]).tolist()) <= {12}
    assert len(up) > 20


def test_neighbours_disturb_nobody() -> None:
    """Another event, another plant, another failing plant: China's failures stay on their days."""
    alone = spells(run(chain({"event": failing("China")}), "none"), "event", "China")
    assert len(alone[0]) >= 2
    more = {"a": failing("Japan"), "b": curb({"ban": True}), "event": failing("China"), "z": failing("China")}
    mapping = chain(more)
    mapping["materials"]["x"]["stages"]["fabricate"]["producers"]["China works"] = {"share": 0.0, "country": "China"}
    together = spells(run(mapping, "none"), "event", "China")
    assert [days.tolist() for days in together] == [days.tolist() for days in alone]


def test_plants_of_one_event_fail_one_by_one() -> None:
    mapping = chain({"event": failing("China")})
    producers = mapping["materials"]["x"]["stages"]["fabricate"]["producers"]
    producers["China"] = {"share": 0.36}
    producers["Second works"] = {"share": 0.36, "country": "China"}
    record = run(mapping, "none")
    first, second = (spells(record, "event", name)[0].tolist() for name in ("China", "Second works"))
    assert first
    assert second
    assert first != second


def test_replications_and_seeds_differ_and_repeat() -> None:
    mapping = chain({"event": failing("China")})
    runs = [run(mapping, seed=seed, replication=k) for seed, k in ((1, 0), (1, 1), (2, 0), (1, 0))]
    logs = [spells(record, "event", "China")[0].tolist() for record in runs]
    assert logs[0] == logs[3]
    assert len({tuple(log) for log in logs[:3]}) == 3
    assert same(runs[0], runs[3])


def test_failures_end_with_their_event() -> None:
    """After the last day of the event the plant is whole, even when its repair would have taken longer."""
    block = failing("China", rate=300, mean=5000.0, sd=1.0) | {"duration_days": 50}
    record = run(chain({"event": block}), "none")
    down, up = spells(record, "event", "China")
    assert len(down) == 1
    assert up.tolist() == [50]
    assert shortfall(record)[:20].sum() == 0.0
