"""Scenario → Network: the balanced chain as column metadata and arrays, with the numbers of one replication."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minsim.data import BehaviourSet, bracket_behaviour, reference_behaviour
from minsim.kernel.rows import BuyerRow
from minsim.kernel.rules import holding_column
from minsim.kernel.state import State
from minsim.network.agents import Reader
from minsim.network.baseline import build_products
from minsim.network.layout import Layout
from minsim.network.node_index import ArcInfo, ConsumerInfo, HoldingInfo, SectorInfo, SellerInfo
from minsim.network.price_zones import Market
from minsim.network.stockpile_plans import plan_holdings
from minsim.network.trade import DAYS_PER_YEAR
from minsim.scenario import Scenario
from minsim.scenario.distributions import Draws, uncertain_numbers
from minsim.scenario.event_dates import ScheduledEvent, day_of, months_of, scheduled_events


@dataclass(frozen=True)
class Network:
    """One replication's network, ready to run.

    Attributes
    ----------
    scenario : Scenario
    reader : Reader
        The scenario's numbers in this replication.
    days : int
        Days simulated, the last included.
    sellers, consumers, sectors, arcs, holdings, events : sequences
        Labels, in the order of the arrays' columns.
    arrays : dict of str to array
        Fields of `State` at the start of day 0.
    residual : float
        Largest error of baseline trade, relative to world output.
    moved_t_per_year : dict of str to float
        Material → baseline trade of other buyers moved because of users within a region [t/year]; only if not zero.
    """

    scenario: Scenario
    reader: Reader
    days: int
    products: tuple[tuple[str, str], ...]
    sellers: tuple[SellerInfo, ...]
    consumers: tuple[ConsumerInfo, ...]
    sectors: tuple[SectorInfo, ...]
    arcs: tuple[ArcInfo, ...]
    holdings: tuple[HoldingInfo, ...]
    markets: tuple[Market, ...]
    events: tuple[ScheduledEvent, ...]
    buyer_names: tuple[str, ...]
    buyer_materials: tuple[str, ...]
    arrays: dict[str, Any]
    residual: float
    moved_t_per_year: dict[str, float] = field(default_factory=dict)

    @property
    def start(self) -> dt.date:
        """Day 0."""
        return self.scenario.model.start

    @property
    def draws(self) -> Draws:
        """The replication's draws, for processes."""
        return self.reader.draws

    def day_of(self, date: dt.date) -> int:
        """Days from day 0 to a date."""
        return day_of(date, self.start)

    def date_of(self, day: int) -> dt.date:
        """The date of a day."""
        return self.start + dt.timedelta(days=day)

    @property
    def months(self) -> tuple[str, ...]:
        """Months of the run, as YYYY-MM."""
        return months_of(self.start, self.scenario.model.end)[0]

    def baseline_trade(self) -> list[tuple[str, str, str, str, str, str, float]]:
        """Baseline flows: material, stage, seller, its country, buyer, its region, t/year."""
        return [
            (
                a.material,
                a.stage,
                a.seller,
                a.seller_country,
                a.buyer,
                a.buyer_region,
                a.base_flow_t_per_day * DAYS_PER_YEAR,
            )
            for a in self.arcs
            if a.base_flow_t_per_day > 0.0
        ]

    def behaviour(self, material: str, rerouting: str) -> BehaviourSet:
        """Behaviour of a material's buyers: reference set, the scenario's overrides, then one end of the bracket."""
        given = self.scenario.model.behaviour.get(material)
        overrides = {
            name: self.reader.number(getattr(given, name), f"behaviour.{material}.{name}")
            for name in BehaviourSet._fields
            if getattr(given, name, None) is not None
        }
        return bracket_behaviour(reference_behaviour(material)._replace(**overrides), rerouting)

    def redrawn(self, draws: Draws) -> Network:
        """The same network with the events of another replication, bit-identical to one built from the start.

        Only where `is_redrawable(scenario)`: the arrays are shared with this network, which no run changes.
        """
        events = tuple(scheduled_events(self.scenario.model, draws))
        return replace(self, reader=Reader(self.scenario, draws), events=events)

    def fresh_state(self, rerouting: str = "reference") -> State:
        """A separate state for one run, with empty records and the given behaviour.

        Parameters
        ----------
        rerouting : {"none", "reference", "free"}
            End of the bracket.
        """
        own = {name: array.copy() for name, array in self.arrays.items()}
        columns_a_day = holding_column(len(self.holdings), len(self.sectors), len(self.consumers))
        state = State(
            **own,
            daily=np.zeros((self.days, columns_a_day)),
            monthly=np.zeros((2, len(self.months), len(self.arcs))),
        )
        columns = {
            BuyerRow.FLEX: "contract_flex",
            BuyerRow.SPOT_SHARE: "spot_share",
            BuyerRow.SWITCHING_DAYS: "switching_days",
            BuyerRow.ADJUSTMENT_DAYS: "adjustment_days",
            BuyerRow.QUALIFICATION_DAYS: "qualification_days",
        }
        sets = {material: self.behaviour(material, rerouting) for material in sorted(set(self.buyer_materials))}
        for row, name in columns.items():
            state.value[row, : len(self.buyer_materials)] = [
                getattr(sets[material], name) for material in self.buyer_materials
            ]
        return state


def is_redrawable(scenario: Scenario) -> bool:
    """Whether replications differ in their events alone, since no number outside `events` is a distribution."""
    return all(path.startswith("events.") for path, _ in uncertain_numbers(scenario.model))


def build_network(scenario: Scenario, draws: Draws) -> Network:
    """Build the network of one replication, balanced and in its steady state.

    Raises
    ------
    BalanceError
        If no baseline trade satisfies the scenario.
    """
    reader = Reader(scenario, draws)
    products = build_products(reader)
    layout = Layout(reader, products, plan_holdings(reader, products))
    model = scenario.model
    return Network(
        scenario=scenario,
        reader=reader,
        days=day_of(model.end, model.start) + 1,
        products=tuple(product.key for product in products),
        sellers=layout.seller_labels(),
        consumers=layout.consumer_labels(),
        sectors=layout.sectors,
        arcs=layout.arc_labels(),
        holdings=layout.holding_labels(),
        markets=layout.markets,
        events=tuple(scheduled_events(model, draws)),
        buyer_names=tuple(f"{'/'.join(buyer.key)} of {buyer.place.name}" for buyer in layout.buyers),
        buyer_materials=tuple(buyer.key[0] for buyer in layout.buyers),
        arrays=layout.arrays(),
        residual=max(product.trade.residual for product in products if product.trade),
        moved_t_per_year={
            p.key[0]: p.trade.moved * DAYS_PER_YEAR for p in products if p.trade is not None and p.trade.moved > 0.0
        },
    )
