"""Strategic stockpiles: the authority that opens them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minsim import flows as fl
from minsim.world import World


def release_authority(world: World, holding: int, rank: int) -> Generator[Any, Any, None]:
    """For ever: notice the trigger, decide for the authorisation days, release until stocks are restored, then refill.

    The kernel notices triggers and does the releasing; a pile that needs no authorisation it opens itself, the same day.
    """
    label = world.network.holdings[holding]
    whom = f"{label.owner}: {label.material}/{label.stage}"
    while True:
        restored = world.restored[holding]  # taken now: both notices may come on one day
        triggered_on = yield world.triggered[holding]
        world.log(label.stockpile, f"release is triggered (on {world.network.date_of(triggered_on)})", whom)
        yield world.until(triggered_on + label.authorisation_days, rank)
        if world.state.value[fl.HOLDING_STATE, holding] == 1.0:
            world.state.value[fl.HOLDING_STATE, holding] = 2.0
        world.log(label.stockpile, "release is authorised", whom)
        yield restored
        world.log(label.stockpile, "commercial stocks are restored; release ends", whom)
