"""Heat map of producer outages (N-1 analysis): one row a material, one column the country that stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minsim._version import __version__
from minsim.charts.heatmap import draw_maps
from minsim.charts.page import write_page
from minsim.charts.screening import row_title
from minsim.charts.style import drawing_style
from minsim.data.reference import AS_OF
from minsim.text.formatting import long_date, with_article

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minsim.studies.producer_outages import ProducerOutages

MOST_COUNTRIES = 14
VISIBLE_DAYS = 0.5
"""Days of use lost from which on the stop of a country has a column of its own."""


def plot_producer_outages(found: ProducerOutages) -> Figure:
    """Draw the heat map: one row a material, one column a country, the days of use lost in the cells.

    Parameters
    ----------
    found : ProducerOutages

    Returns
    -------
    Figure
    """
    worst: dict[str, float] = {}
    for cell in found.cells:
        worst[cell.country] = max(worst.get(cell.country, 0.0), cell.lost.value)
    harmful = sorted((name for name in worst if worst[name] >= VISIBLE_DAYS), key=lambda name: (-worst[name], name))
    countries = (harmful or sorted(worst))[:MOST_COUNTRIES]
    stops = {(cell.material, cell.country): (cell.lost.value / found.stop_days, cell.text) for cell in found.cells}
    deepest_first = sorted(found.cells, key=lambda cell: cell.tier != "deep")
    titles = {cell.material: row_title(cell.title, cell.tier) for cell in deepest_first}
    with drawing_style():
        return draw_maps(
            [("", [[stops.get((material, country)) for country in countries] for material in titles])],
            list(titles.values()),
            countries,
            lambda height_in: write_page(
                found.answer().headline, _stopped(found), _stops_foot(len(worst) - len(countries)), height_in
            ),
        )


def _stopped(found: ProducerOutages) -> str:
    return (
        f"Mean days of use lost by {with_article(found.region)} if all producers in a country, at every stage, stop for "
        f"{found.stop_days} days; {found.replications} replications, buyers reroute. As of {long_date(AS_OF)}."
    )


def _stops_foot(hidden: int) -> str:
    more = f"{hidden} more countries, with fewer days lost or none, are in the table. " if hidden > 0 else ""
    return (
        f"–: no producer. ~ and ≤: for screening only, closed form on direct purchases, nobody rerouting. {more}"
        f"Sources: US Geological Survey; International Energy Agency; CEPII BACI. minsim {__version__}"
    )
