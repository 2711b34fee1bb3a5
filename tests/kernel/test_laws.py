"""Laws that hold for every network: nothing appears or vanishes, order and units never count, more never hurts."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from networks import ban, closed_form, mappings, network, network_or_none, run, shortfall_of
from oracle import Oracle

from minsim.kernel.rows import ArcIndex, BuyerIndex, BuyerRow, ConsumerIndex, HoldingIndex, SellerRow
from minsim.kernel.state import NOTHING
from minsim.network.network import Network
from minsim.simulation.engine import Record, simulate

MODES = ("none", "reference", "free")
RANDOM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def assert_identical(one: Record, other: Record, scale: float = 1.0) -> None:
    """The same record, bit for bit, but for a factor on all tonnes."""
    for name in ("sector", "holding", "trade", "leaked"):
        assert np.array_equal(getattr(one, name) * scale, getattr(other, name)), name
    assert np.array_equal(one.consumer[:, :, 0] * scale, other.consumer[:, :, 0])


# ---------------------------------------------------------------------------------------------------------- conservation


def kept(network: Network, rerouting: str) -> tuple[Record, Any]:
    """A run, and the state it ends in."""
    ends: list[Any] = []

    def keep(world):
        ends.append(world.state)
        yield world.wait(0)

    return simulate(network, rerouting, processes=[keep]), ends[0]


@RANDOM
@given(mappings(), st.sampled_from(MODES))
def test_mass_is_conserved(mapping: dict, rerouting: str) -> None:
    """An audit of the whole run from the record: what came in, less what is there or at sea, is what went out."""
    built = network_or_none(mapping)
    assume(built is not None)
    record, end = kept(built, rerouting)
    arcs, buyers, sellers = len(built.arcs), len(built.buyer_names), len(built.sellers)
    value, index = built.arrays["value"], built.arrays["index"]
    to, of = index[ArcIndex.BUYER, :arcs], index[ArcIndex.SELLER, :arcs]
    shipped = record.trade.sum(axis=0)
    leads = np.array([arc.lead_days for arc in built.arcs])
    at_sea = np.bincount(to, np.array([a.base_flow_t_per_day for a in built.arcs]) * leads, buyers)
    still_at_sea = np.bincount(to, end.ring[:, :arcs].sum(axis=0), buyers)
    opening, closing = value[BuyerRow.STOCK, :buyers], end.value[BuyerRow.STOCK, :buyers]
    used = opening + at_sea + np.bincount(to, shipped, buyers) - closing - still_at_sea
    size = 1e-9 * (opening + at_sea + np.bincount(to, shipped, buyers)).sum()

    assert (record.consumer[:, :, 0] >= 0.0).all()
    assert (record.holding >= 0.0).all()
    assert (record.sector >= 0.0).all()
    assert (closing >= 0.0).all()
    assert (end.value[SellerRow.STOCK, :sellers] >= 0.0).all()

    consumed = record.sector[:, :, 1].sum(axis=0) - record.sector[:, :, 4].sum(axis=0)
    owner = [label.consumer for label in built.sectors]
    of_region = np.bincount(owner, consumed, len(built.consumers))
    for c in range(len(built.consumers)):
        assert abs(used[index[ConsumerIndex.BUYER, c]] - of_region[c]) <= size
    released = record.holding[:, :, 2].sum(axis=0)
    for h in range(len(built.holdings)):
        assert abs(used[index[HoldingIndex.BUYER, h]] - released[h]) <= size
    assert np.all(np.abs(record.sector[:, :, 0] - record.sector[:, :, 1] - record.sector[:, :, 2]) <= size)

    if any(steps for holding in Oracle(built, rerouting).holdings for _, steps in holding.paths):
        return  # what is worked up from a stockpile never enters a producer's input stock
    output = np.bincount(of, shipped, sellers) + end.value[SellerRow.STOCK, :sellers] - value[SellerRow.STOCK, :sellers]
    assert (output >= -size).all()
    for v in range(buyers):
        maker = index[BuyerIndex.PRODUCER, v]
        if maker != NOTHING:
            assert abs(used[v] - output[maker] * value[BuyerRow.COEFFICIENT, v]) <= size


# ------------------------------------------------------------------------------------------------------------- invariance


def shuffled(value: Any, order: random.Random) -> Any:
    """The same mapping with its keys in another order, at every depth."""
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    return {key: shuffled(value[key], order) for key in keys}


@RANDOM
@given(mappings(members=True), st.sampled_from(MODES), st.integers(0, 2**32))
def test_the_order_of_keys_never_counts(mapping: dict, rerouting: str, seed: int) -> None:
    built = network_or_none(mapping)
    assume(built is not None)
    other = network(shuffled(mapping, random.Random(seed)))
    assert other.arcs == built.arcs
    assert_identical(simulate(built, rerouting), simulate(other, rerouting))


@RANDOM
@given(mappings(), st.sampled_from(MODES), st.integers(0, 200), st.integers(1, 100))
def test_zero_magnitude_equals_none(mapping: dict, rerouting: str, start: int, length: int) -> None:
    """A cut of nothing, and a ban of no days, change no bit."""
    built = network_or_none(mapping)
    assume(built is not None)
    nothing = copy.deepcopy(mapping)
    nothing["events"]["a-cut-of-nothing"] = ban(start, length, cut=0.0, exporter="Japan", importers="all")
    nothing["events"]["z-no-days"] = ban(start, 0)
    assert_identical(simulate(built, rerouting), simulate(network(nothing), rerouting))


@RANDOM
@given(mappings(), st.sampled_from(MODES), st.sampled_from([2.0, 0.5, 1024.0]))
def test_scaling_all_tonnes_scales_all_results(mapping: dict, rerouting: str, scale: float) -> None:
    """Exact for powers of two."""
    built = network_or_none(mapping)
    assume(built is not None)
    larger = copy.deepcopy(mapping)
    for material in larger["materials"].values():
        for consumer in material.get("consumers", {}).values():
            consumer["demand_t_per_year"] *= scale
    for pile in larger.get("stockpiles", {}).values():
        if "budget_usd" in pile:
            pile["budget_usd"] *= scale
    assert_identical(simulate(built, rerouting), simulate(network(larger), rerouting), scale)


@RANDOM
@given(mappings(), st.sampled_from(MODES))
def test_runs_repeat(mapping: dict, rerouting: str) -> None:
    """A network can be run again, in any order of modes, and a network built again is the same."""
    built = network_or_none(mapping)
    assume(built is not None)
    first = simulate(built, rerouting)
    simulate(built, "free")
    assert_identical(first, simulate(built, rerouting))
    assert_identical(first, run(mapping, rerouting))


# ----------------------------------------------------------------------------------------------------------- monotonicity


def never_more(mapping: dict, change: Callable[[dict], None]) -> None:
    """Without rerouting and buying, a relief leaves no region shorter."""
    built = network_or_none(mapping)
    assume(built is not None)
    relieved = copy.deepcopy(mapping)
    change(relieved)
    before, after = simulate(built, "none"), run(relieved, "none")
    size = 1e-9 * before.sector[:, :, 0].sum()
    for c in range(len(built.consumers)):
        own = [k for k, label in enumerate(built.sectors) if label.consumer == c]
        assert after.sector[:, own, 2].sum() <= before.sector[:, own, 2].sum() + size


@RANDOM
@given(mappings(buying=False, growth=False), st.sampled_from([1.1, 2.0, 10.0]))
def test_more_commercial_stock_never_hurts(mapping: dict, factor: float) -> None:
    mapping.pop("stockpiles", None)

    def stock_up(mapping: dict) -> None:
        for material in mapping["materials"].values():
            for consumer in material.get("consumers", {}).values():
                consumer["stock_days"] *= factor

    never_more(mapping, stock_up)


@RANDOM
@given(mappings(buying=False, growth=False), st.sampled_from([1.1, 2.0, 10.0]))
def test_a_larger_stockpile_never_hurts(mapping: dict, factor: float) -> None:
    """Of the last product; without a rate cap, which is in days of use all the same."""
    assume("stockpiles" in mapping)
    for pile in mapping["stockpiles"].values():
        pile["holds"] = {name: last_stage(mapping["materials"][name]) for name in pile["holds"]}

    def stock_up(mapping: dict) -> None:
        for pile in mapping["stockpiles"].values():
            pile["target_days"] *= factor

    never_more(mapping, stock_up)


def last_stage(material: dict) -> str:
    return max(material["stages"], key=("mine", "process", "fabricate").index)


ANY_BAN = {
    "phi": st.floats(0.05, 0.95),
    "lead": st.integers(1, 90),
    "stock": st.floats(0.0, 40.0),
    "vault": st.floats(0.0, 40.0),
    "authorisation": st.sampled_from([0, 5, 30]),
    "stages": st.integers(1, 3),
}


@RANDOM
@given(st.integers(0, 400), st.floats(0.0, 1.0), st.fixed_dictionaries(ANY_BAN))
def test_a_shorter_curb_never_hurts(length: int, part: float, given: dict) -> None:
    """Of the last product. Further up, sellers whose unsold product piled up restart late, and it is no law."""
    shorter = closed_form(length=int(length * part), days=1000, **given)
    assert total_shortfall(shorter) <= total_shortfall(closed_form(length=length, days=1000, **given)) + 1e-6


@RANDOM
@given(st.integers(1, 400), st.floats(0.1, 1.0), st.fixed_dictionaries(ANY_BAN))
def test_a_smaller_share_never_hurts(length: int, part: float, given: dict) -> None:
    smaller = closed_form(length=length, **given | {"phi": given["phi"] * part})
    assert total_shortfall(smaller) <= total_shortfall(closed_form(length=length, **given)) + 1e-6


def total_shortfall(mapping: dict) -> float:
    return shortfall_of(run(mapping, "none")).sum()
