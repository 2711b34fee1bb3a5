"""A network and its records made by hand: a closed-form ban, without the engine.

One material, `magnets`. `United States` buys the share PHI from a seller that is banned on [FROM, UNTIL); lead LEAD,
commercial stock STOCK days, nothing refills unless a behaviour reroutes. `Japan` buys half as large a share.
`European Union` is not hit.
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from minsim.network.agents import Reader
from minsim.simulation.log import LogEntry, LogKind

START = dt.date(2026, 2, 1)
DAYS = 1065
FROM, UNTIL, LEAD, STOCK = 282, 647, 30, 38.0
PHI = 0.72
USE_T = 10.0
GIVEN_UP = {"none": 1.0, "reference": 0.8, "free": 0.45}
"""Share of the loss that each rerouting leaves."""


@dataclass
class ConsumerInfo:
    material: str
    region: str
    daily_use_t: float
    stock_target_t: float
    import_lead_days: int = LEAD
    growth_per_year: float = 0.0
    within: str | None = None

    @property
    def place(self) -> str:
        return self.within or self.region


@dataclass
class SectorInfo:
    consumer: int
    material: str
    region: str
    sector: str
    daily_use_t: float
    priority: int


@dataclass
class HoldingInfo:
    stockpile: str
    material: str
    stage: str
    owner: str
    owner_regions: tuple[str, ...]
    serves: tuple[int, ...]
    use_t_per_day: float
    target_t: float
    authorisation_days: int
    price_usd_per_kg: float
    rate_t_per_day: float = float("inf")
    ceiling_usd_per_kg: float = float("inf")


@dataclass
class ArcInfo:
    material: str
    stage: str
    seller: str
    seller_country: str
    buyer: str
    buyer_region: str
    kind: str
    lead_days: int
    base_flow_t_per_day: float

    @property
    def user(self) -> str:
        return self.buyer if self.kind == "consumer" else self.buyer_region


@dataclass
class ScheduledEvent:
    event: str
    title: str
    type: str
    start_day: int
    end_day: int | None
    exporter: str | None = "China"
    importers: tuple[str, ...] = ("United States",)
    model: Any = field(default_factory=lambda: SimpleNamespace(materials=("magnets",)))

    def acts_within(self, days: int) -> bool:
        return self.start_day < days and (self.end_day is None or self.end_day > max(0, self.start_day))


@dataclass
class Network:
    scenario: Any
    start: dt.date
    days: int
    consumers: list[ConsumerInfo]
    sectors: list[SectorInfo]
    holdings: list[HoldingInfo]
    arcs: list[ArcInfo]
    events: list[ScheduledEvent]
    draws: Any = field(default_factory=lambda: SimpleNamespace(number=lambda value, path: float(value)))
    moved_t_per_year: dict[str, float] = field(default_factory=dict)
    products: tuple[tuple[str, str], ...] = (("magnets", "fabricate"),)

    @property
    def reader(self) -> Reader:
        reader = object.__new__(Reader)  # the real one reads regions too, which these scenarios lack
        reader.model, reader.draws = self.scenario.model, self.draws
        return reader

    def date_of(self, day: int) -> dt.date:
        return self.start + dt.timedelta(days=day)


@dataclass(frozen=True)
class Record:
    network: Network
    sector: np.ndarray
    consumer: np.ndarray
    holding: np.ndarray
    trade: np.ndarray
    log: tuple[LogEntry, ...] = field(default=())
    applications: tuple[Any, ...] = field(default=())
    leaks: np.ndarray | None = None

    @property
    def purchase_price_usd_per_kg(self) -> np.ndarray:
        return np.full(self.holding.shape[:2], 60.0)

    @property
    def leaked(self) -> np.ndarray:
        return np.zeros_like(self.trade) if self.leaks is None else self.leaks


def scenario(**changes: Any) -> Any:
    """What the readers of a scenario touch: a name, a model, the inputs."""
    stage = SimpleNamespace(inputs={}, after=None)
    sources = {
        "usgs-mcs-2026": SimpleNamespace(title="Mineral Commodity Summaries 2026", publisher="USGS"),
        "iea-2025": SimpleNamespace(title="Global Critical Minerals Outlook", publisher="International Energy Agency"),
        "reuters-2026-02-04": SimpleNamespace(title="US seeks minerals trade zone", publisher="Reuters/AFP"),
        "unused": SimpleNamespace(title="Never cited", publisher="Nobody"),
    }
    model = SimpleNamespace(
        title="A year without Chinese magnets for the United States",
        as_of=dt.date(2026, 2, 5),
        seed=7,
        sources=sources,
        materials={
            "magnets": SimpleNamespace(
                title="NdFeB magnets", price_usd_per_kg=60.0, prices=None, stages={"fabricate": stage}
            )
        },
        stockpiles={
            "vault": SimpleNamespace(
                title="Project Vault", fill=None, budget_usd=None, carrying_cost_share_per_year=0.0
            )
        },
        events={
            "ban": SimpleNamespace(title="Ban on magnets to the United States"),
            "flood": SimpleNamespace(title="Flood at the port"),
            "relief": SimpleNamespace(title=None),
        },
    )
    cited = ["iea-2025"] * 3 + ["usgs-mcs-2026"] * 2 + ["reuters-2026-02-04"]
    inputs = [SimpleNamespace(path="x", source=source, note=None, kind="found") for source in cited]
    inputs += [SimpleNamespace(path="y", source="assumption", note="why", kind="assumption")] * 2
    found = SimpleNamespace(
        name="magnet-ban",
        model=model,
        resolved={"format": 1, "title": model.title},
        hash="abc123",
        warnings=(),
        inputs=lambda: tuple(inputs),
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def network(made_for: Any = None, *, vault_t: float = 0.0) -> Network:
    use = {"United States": USE_T, "Japan": 4.0, "European Union": 20.0}
    consumers = [ConsumerInfo("magnets", region, t, STOCK * t) for region, t in use.items()]
    shares = {"defence": 0.1, "vehicles": 0.5, "other": 0.4}
    sectors = [
        SectorInfo(index, "magnets", label.region, name, share * label.daily_use_t, priority)
        for index, label in enumerate(consumers)
        for priority, (name, share) in enumerate(shares.items(), start=1)
    ]
    holdings = [
        HoldingInfo(
            "vault", "magnets", "fabricate", "United States", ("United States",), (0,), USE_T, 60 * USE_T, 14, 60.0
        )
    ]
    arcs = [
        ArcInfo("magnets", "fabricate", "China", "China", region, region, "consumer", LEAD, 1.0) for region in use
    ] + [ArcInfo("magnets", "fabricate", "Iceland", "Iceland", "Japan", "Japan", "consumer", LEAD, 0.0)]
    events = [ScheduledEvent("ban", "Ban on magnets to the United States", "export_curb", FROM, UNTIL)]
    return Network(made_for or scenario(), START, DAYS, consumers, sectors, holdings if vault_t else [], arcs, events)


def record(
    behaviour: str = "reference", *, vault_t: float = 0.0, losses: tuple[float, ...] = (PHI, PHI / 2, 0.0)
) -> Record:
    """Consume from stock what does not arrive; refill after the ban unless nothing reroutes."""
    made = network(vault_t=vault_t)
    result = Record(
        made,
        np.zeros((DAYS, len(made.sectors), 5)),
        np.full((DAYS, len(made.consumers), 2), np.nan),
        np.zeros((DAYS, len(made.holdings), 4)),
        np.ones((36, len(made.arcs))) * np.array([30.0, 20.0, 60.0, 0.0]),
        (
            LogEntry(FROM, "ban", LogKind.LICENSING_BEGINS, actor="China", whom=("United States",)),
            LogEntry(UNTIL, "ban", LogKind.CURB_ENDS, whom=("United States",)),
        ),
    )
    vault = vault_t
    for index, label in enumerate(made.consumers):
        stock, first_short = label.stock_target_t, None
        for day in range(DAYS):
            lost = losses[index] * GIVEN_UP[behaviour] if FROM + LEAD <= day < UNTIL + LEAD else 0.0
            need = label.daily_use_t
            stock += (1.0 - lost) * need
            if behaviour != "none" and day >= UNTIL + LEAD:
                stock += min(0.2 * need, label.stock_target_t + need - stock)
            taken = min(stock, need)
            stock, gap = stock - taken, need - taken
            gap = gap if gap > 1e-9 * need else 0.0
            if gap and first_short is None:
                first_short = day
            released = 0.0
            if index == 0 and vault_t and first_short is not None and day >= first_short + 14:
                released = min(gap, vault)
                vault -= released
            _serve(result, index, day, taken + released, gap - released, released)
            result.consumer[day, index, 0] = stock
            if index == 0 and vault_t:
                result.holding[day, 0] = vault, 0.0, released, 0.0
    return result


def _serve(result: Record, index: int, day: int, consumed_t: float, shortfall_t: float, released_t: float) -> None:
    """Serve the sectors of one consumer in their order; the last ones go short."""
    left = consumed_t
    for position, label in enumerate(result.network.sectors):
        if label.consumer != index:
            continue
        served = min(left, label.daily_use_t)
        left -= served
        short = label.daily_use_t - served if shortfall_t > 0 else 0.0
        short = short if short > 1e-12 else 0.0
        result.sector[day, position] = label.daily_use_t, label.daily_use_t - short, short, 0.0, 0.0
        if label.priority == 1:
            result.sector[day, position, 4] = released_t


def changed(base: Record, **arrays: np.ndarray) -> Record:
    """The same record with other arrays, the network copied."""
    return replace(base, network=copy.copy(base.network), **arrays)


def finished(*, vault_t: float = 0.0, losses: tuple[float, ...] = (PHI, PHI / 2, 0.0), bracket: bool = True) -> Any:
    """A run of the closed-form ban."""
    from minsim.results.run import Run

    names = ("none", "reference", "free") if bracket else ("reference",)
    records = {name: record(name, vault_t=vault_t, losses=losses) for name in names}
    return Run(records["reference"].network.scenario, records, seed=7)
