"""Every chart of minsim: one module per kind, on one `page`, in one style.

`draw` makes those of a run by name. Charts of studies (ensembles, comparisons, sweeps, sizes, sensitivities) are in
`studies`, others in the module of the study's name; charts of a regression are in `drifts`, of the reference tables in
`screening`. A table of numbers by any two names becomes a heat map with `heatmap.plot_heat_map`.
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
class ChartKind:
    """One kind of chart of a run: what it shows, the function that draws it, and the selections it accepts."""

    shows: str
    drawn_by: str
    choices: tuple[str, ...]


KINDS = {
    "shortfall": ChartKind("who runs short, and the stocks that delay it", "shortfall.plot_shortfall", ("material",)),
    "cover": ChartKind("commercial stocks and stockpiles, in days of use", "cover.plot_cover", ("material", "region")),
    "supply": ChartKind(
        "what is shipped to a region, by origin and month", "supply.plot_supply", ("material", "region")
    ),
    "flows": ChartKind(
        "what a region buys at each stage, before and during an event",
        "flows.plot_flows",
        ("material", "region", "event"),
    ),
    "days-lost": ChartKind("days of use lost, by region and material", "heatmap.plot_days_lost", ()),
    "waterfall": ChartKind("what rerouting, leakage and stockpiles change", "waterfall.plot_waterfall", ("material",)),
    "attribution": ChartKind("which event costs whom how much", "attribution.plot_attribution_of", ("material",)),
    "licences": ChartKind("the queue for licences, week by week", "licences.plot_licences", ("event",)),
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
        `material`, `region`, `event`: selections, where the kind accepts them.

    Raises
    ------
    NotInRunError
        There is no such kind, it does not accept a selection, or the selection is not in the run.
    """
    if kind not in KINDS:
        raise NotInRunError(f"no picture of kind {kind!r}; expected one of {', '.join(KINDS)}")
    chosen = {name: value for name, value in choices.items() if value is not None}
    unused = [name for name in chosen if name not in KINDS[kind].choices]
    if unused:
        takes = " and ".join(KINDS[kind].choices) or "nothing"
        raise NotInRunError(f"a picture of kind {kind!r} leaves {takes} to choose, got {' and '.join(unused)}")
    module, function = KINDS[kind].drawn_by.split(".")
    figure: Figure = getattr(import_module(f"{__name__}.{module}"), function)(run, **chosen)
    return figure
