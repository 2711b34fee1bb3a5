"""The one way from results on to the packages that come after them: which chart draws which result.

Charts import the classes of the results they draw. A result that imported its chart in turn would tie the two packages
into a circle; so results ask here, by class, and the chart is imported when it is drawn. Explaining a day of a run is
reached the same way.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from minsim.explain.tracing import Explanation as Explanation
    from minsim.results.run import Run

FIGURES: Final = {
    "Attribution": "attribution.plot_attribution",
    "Comparison": "studies.plot_comparison",
    "Ensemble": "studies.plot_fan",
    "Entry": "library_runs.plot_catalogue",
    "Outcome": "draw",
    "ProducerOutages": "producer_outages.plot_producer_outages",
    "Sensitivity": "studies.plot_tornado",
    "Sizing": "studies.plot_sizing",
    "Spending": "spending.plot_spending",
    "Sweep": "studies.plot_sweep",
}
"""Class of a result → function of `minsim.charts` that draws it as a figure; a list is drawn as the class of its items."""

AXES: Final = {
    "Attribution": "attribution.attribution_axes",
    "Ensemble": "studies.fan_axes",
    "Outcome": "shortfall.shortfall_axes",
    "Waterfall": "waterfall.waterfall_axes",
}
"""Class of a result → function of `minsim.charts` that draws it into axes of the user's own."""


def figure(result: object, *arguments: Any, **choices: Any) -> Figure:
    """Draw a result.

    Parameters
    ----------
    result : object
        An object of a class in `FIGURES`, or a list of them.
    *arguments, **choices
        What its chart takes besides.

    Returns
    -------
    Figure
    """
    drawn: Figure = _chart_of(result, FIGURES)(result, *arguments, **choices)
    return drawn


def draw_into(ax: Axes, result: object, *arguments: Any) -> Axes:
    """Draw a result into axes of the user's own; parameters are those of `figure`.

    Returns
    -------
    Axes
        The same axes.
    """
    drawn: Axes = _chart_of(result, AXES)(ax, result, *arguments)
    return drawn


def save(drawn: Figure, *paths: Path) -> None:
    """Save a figure to files, in the format each name ends with; the same figure gives the same bytes."""
    from minsim.charts.style import save_figure

    save_figure(drawn, *paths)


def why(run: Run, region: str, date: dt.date | str, material: str | None = None) -> Explanation:
    """Explain one region on one day; see `explain.tracing.why`."""
    from minsim.explain import tracing

    return tracing.why(run, region, date, material)


def _chart_of(result: object, charts: dict[str, str]) -> Callable[..., Any]:
    shown = result[0] if isinstance(result, list) else result
    name = next(charts[kind.__name__] for kind in type(shown).__mro__ if kind.__name__ in charts)
    module, _, function = f"minsim.charts.{name}".rpartition(".")
    chart: Callable[..., Any] = getattr(import_module(module), function)
    return chart
