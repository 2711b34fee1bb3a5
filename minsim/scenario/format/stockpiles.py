"""Stockpiles of the scenario format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
)

from minsim.scenario.format.numbers import (
    Days,
    Frozen,
    NonNegative,
    Positive,
    Share,
    Usd,
    UsdPerKg,
    WholeDays,
    _bounded,
    _Number,
)


class Fill(Frozen):
    """How a stockpile buys."""

    rule: Literal["surplus_only", "always"] = "surplus_only"
    """`surplus_only` takes what buyers leave; `always` competes with them."""
    max_days_per_month: Days | None = None
    """Rate cap, in days of use a month."""
    price_ceiling_usd_per_kg: UsdPerKg | None = None
    """No buying above this price [USD/kg]."""
    price_ceiling_ratio: Positive | None = None
    """No buying above this multiple of a material's reference price: one ceiling for a pile of many materials."""


class CoverTrigger(Frozen):
    """Authorisation starts when commercial cover falls below a number of days."""

    cover_below_days: Days
    """Commercial cover that starts authorisation [days]."""


def _trigger_kind(value: Any) -> str:
    return "cover" if isinstance(value, Mapping | CoverTrigger) else "shortfall"


class Release(Frozen):
    """How a stockpile is released."""

    trigger: Annotated[
        Annotated[Literal["shortfall"], Tag("shortfall")] | Annotated[CoverTrigger, Tag("cover")],
        Discriminator(_trigger_kind),
    ] = "shortfall"
    """What starts authorisation."""
    authorisation_days: WholeDays = 0.0
    """Days from the trigger to the first release; 0: the same day."""
    max_days_per_day: Days | None = None
    """Rate cap, in days of use a day."""
    sectors: tuple[str, ...] | None = None
    """Sectors served, in this order; absent: all, by their priority."""
    drawdown: Literal["replenish", "declared_disruption"] = "replenish"
    """`declared_disruption`: only while an event of the scenario is declared against a member."""


class Stockpile(Frozen):
    """A strategic stockpile."""

    title: str | None = None
    """Name in plots and tables; absent: the key."""
    owner: str
    """A region or a bloc."""
    holds: Annotated[dict[str, str], Field(min_length=1)]
    """Material: the stage whose product is held."""
    target_days: Days
    """Target, in days of the owner's baseline use."""
    target_days_by_material: dict[str, Days] = {}
    """Other targets for some of the materials held [days]."""
    initial_fill: Annotated[_Number, _bounded(0, 1, unit="a fraction of the target")] = 1.0
    """Fraction of the target held on the first day."""
    budget_usd: Usd | None = None
    """Money for purchases during the run, over all materials together [USD]; absent: no limit."""
    members: dict[str, Share] | None = None
    """Entitlements by region or sector: the share of a gap that may be served; absent: everyone, fully."""
    fill: Fill | None = None
    """How it buys; absent: it never buys."""
    release: Release = Release()
    """How it is released."""
    carrying_cost_share_per_year: NonNegative = 0.0
    """Cost of holding, as a share of the stock's value a year."""
