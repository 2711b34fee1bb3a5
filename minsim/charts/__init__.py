"""Every picture of minsim: one module a kind, on one `page`, in one style.

`draw` makes those of a run by name. Results that hold many runs (ensembles, comparisons, sweeps, sizes, sensitivities,
drifts of a regression, the screening) draw themselves; their pictures are in `risk`, `drifts` and `screen`. A table of
numbers by any two names becomes a heat map with `heatmap.plot_heat_map`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from minsim.errors import NotInRunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minsim.results.outcome import Outcome


@dataclass(frozen=True)
class Kind:
    """One kind of picture of a run: what it shows, who draws it, and what of the run may be chosen."""

    shows: str
    drawn_by: str
    choices: tuple[str, ...]


KINDS = {
    "shortfall": Kind("who runs short, and the stocks that delay it", "shortfall.plot_shortfall", ("material",)),
    "cover": Kind("commercial stocks and stockpiles, in days of use", "cover.plot_cover", ("material", "region")),
    "supply": Kind("what is shipped to a region, by origin and month", "supply.plot_supply", ("material", "region")),
    "flows": Kind(
        "what a region buys at each stage, before and during an event",
        "flows.plot_flows",
        ("material", "region", "event"),
    ),
    "days-lost": Kind("days of use lost, by region and material", "heatmap.plot_days_lost", ()),
    "waterfall": Kind("what rerouting, leakage and stockpiles change", "waterfall.plot_waterfall", ("material",)),
    "attribution": Kind("which event costs whom how much", "attribution.plot_attribution_of", ("material",)),
    "licences": Kind("the queue for licences, week by week", "licences.plot_licences", ("event",)),
}
"""Pictures of one run, by name."""


def draw(run: Outcome, kind: str = "shortfall", **choices: str | None) -> Figure:
    """Draw a picture of a run.

    Parameters
    ----------
    run : Outcome
        The finished run.
    kind : str
        A key of `KINDS`.
    **choices : str, optional
        `material`, `region`, `event`: what of the run to draw, where the kind leaves a choice.

    Raises
    ------
    NotInRunError
        There is no such kind, it leaves no such choice, or the run does not hold what was chosen.
    """
    if kind not in KINDS:
        raise NotInRunError(f"no picture of kind {kind!r}; expected one of {', '.join(KINDS)}")
    chosen = {name: value for name, value in choices.items() if value is not None}
    idle = [name for name in chosen if name not in KINDS[kind].choices]
    if idle:
        takes = " and ".join(KINDS[kind].choices) or "nothing"
        raise NotInRunError(f"a picture of kind {kind!r} leaves {takes} to choose, got {' and '.join(idle)}")
    module, function = KINDS[kind].drawn_by.split(".")
    figure: Figure = getattr(import_module(f"{__name__}.{module}"), function)(run, **chosen)
    return figure
