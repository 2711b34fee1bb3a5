"""A finished run: tidy tables, metrics, the answer, a chart; and `run`, which makes one.

Tables are built as plain numpy columns. pandas takes longer to import than a run takes to compute, so a frame is made only
when somebody asks for one; files are written from the columns.
"""

from __future__ import annotations

import datetime as dt
import functools
import html
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from minsim.errors import NotInRunError
from minsim.metrics.consumers import REROUTINGS
from minsim.metrics.licences import licence_columns
from minsim.results import plotting
from minsim.results.answer import Answer, compose_answer
from minsim.results.frames import dataset, frame, metric_frame
from minsim.results.outcome import Outcome
from minsim.results.saving import run_files
from minsim.results.tables import daily_columns, event_columns, stockpile_columns, trade_columns
from minsim.results.waterfall import Waterfall, lost_by_step

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from minsim.results.plotting import Explanation
    from minsim.scenario import Scenario


def run(
    scenario: Scenario | str | Path,
    *,
    seed: int | None = None,
    replication: int | None = None,
    processes: Sequence[Callable[..., Any]] = (),
    bracket: bool = True,
) -> Run:
    """Simulate a scenario.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    seed : int, optional
        Seed of the draws; absent: the scenario's own.
    replication : int, optional
        Which draw of the uncertain numbers; absent: their central values.
    processes : sequence of callables, optional
        SimPy processes of your own, run beside the scenario's events.
    bracket : bool
        Also simulate without rerouting and with free rerouting, and the steps of the waterfall of days lost.

    Returns
    -------
    Run
        Tables, metrics, the answer and the pictures.

    Raises
    ------
    ScenarioError
        The scenario cannot be run.
    SimulationError
        The run could not go on.
    """
    # Imported here: a Run is read, plotted and saved without the compiled engine, which is slow to import.
    from minsim.network.network import Network, build_network
    from minsim.scenario import load_scenario
    from minsim.scenario.distributions import Draws
    from minsim.simulation.engine import simulate

    loaded = load_scenario(scenario) if isinstance(scenario, str | Path) else scenario
    seed = loaded.model.seed if seed is None else seed
    draws = Draws.central(seed) if replication is None else Draws(seed, replication)
    network = build_network(loaded, draws)
    behaviours = REROUTINGS if bracket else ("reference",)
    records = {behaviour: simulate(network, behaviour, processes) for behaviour in behaviours}

    @functools.cache
    def network_of(asked: Scenario) -> Network:
        return build_network(asked, draws)

    days = lost_by_step(loaded, records, lambda s, r: simulate(network_of(s), r, processes)) if bracket else {}
    return Run(loaded, records, seed, replication, days, tuple(processes))


INTERNALS = frozenset({"bracket_records", "bracket_rows", "days_lost", "measures", "metric_rows", "record"})
"""Attributes of a run that are no results: what tables and answers are made from."""


class Run(Outcome):
    """One scenario, simulated: tables, metrics, the answer and the chart; each is made when first asked for, and kept.

    Made by `run`; the parameters are those of `Outcome`. `dir` and completion show results only: what else an `Outcome`
    has, tables, charts and studies read.
    """

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__()} - INTERNALS)

    # ------------------------------------------------------------------------------------------------------------ tables

    @cached_property
    def daily(self) -> pd.DataFrame:
        """Demand and supply, one row a day, material, region and sector (end use).

        Columns `date` (datetime64), `material`, `region`, `sector` (str); `demand_t`, `consumed_t`, `shortfall_t`,
        `destroyed_t` (given up to price) and `from_stockpile_t` [t] of the day; `commercial_cover_days` [days],
        `price_usd_per_kg` and `spot_price_usd_per_kg` [USD/kg] of the region, nan without a price model.
        """
        return frame(daily_columns(self.record))

    @cached_property
    def stockpiles(self) -> pd.DataFrame:
        """Strategic stocks, one row a day, stockpile and material held; without rows where there is no stockpile.

        Columns `date` (datetime64), `stockpile`, `material` (str); `stock_t` at the day's end [t], `cover_days` in days of
        the owner's use [days]; `bought_t` and `released_t` [t], `spent_usd` [USD] of the day.
        """
        return frame(stockpile_columns(self.record))

    @cached_property
    def trade(self) -> pd.DataFrame:
        """Shipments, one row a month and trade route, of routes that carry something in the run or in baseline trade.

        Columns `month` (datetime64, its first day), `material`, `stage`, `seller`, `buyer` (str); `shipped_t` openly and
        `leaked_t` round a curb [t], by month of shipment.
        """
        return frame(trade_columns(self.record))

    @cached_property
    def licences(self) -> pd.DataFrame:
        """Licence queue, one row a week, curb and importer; without rows where nobody applied.

        Columns `week` (datetime64, its first day), `event`, `importer` (str); `applied_t`, `approved_t` and `refused_t` in
        the week, `waiting_t` at its end [t]; `mean_wait_days` from application to decision [days], nan without a decision.
        """
        return frame(licence_columns(self.record))

    @cached_property
    def events(self) -> pd.DataFrame:
        """Log of what happened: columns `date` (datetime64), `event`, `what`, `whom` (str)."""
        return frame(event_columns(self.record))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Named numbers and dates, one row a material, region and metric.

        Columns `material`, `region`, `metric` (str); `value` (float64) in the unit of column `unit` (str); `date`
        (datetime64) where the unit is `"date"`. Either is nan or NaT where it does not apply, as is the onset of a region
        that never runs short. A stockpile's owner stands in column `region`; the scenario as a whole has neither material
        nor region.

        Examples
        --------
        >>> run.metrics.query("metric == 'shortfall_days'").set_index("region").value  # doctest: +SKIP
        >>> run.metrics.pivot(index=["material", "region"], columns="metric", values="value")  # doctest: +SKIP
        """
        return metric_frame(self.metric_rows)

    @cached_property
    def bracket(self) -> pd.DataFrame:
        """The same metrics for each behaviour of buyers, in column `rerouting` (str): `none`, `reference`, `free`."""
        return metric_frame(self.bracket_rows)

    def to_xarray(self) -> xr.Dataset:
        """Daily table as a labelled array, for xarray; needs the extra `minsim[xarray]`.

        Returns
        -------
        xarray.Dataset
            Named as the columns of `daily`, with `units` and `long_name`: `demand_t`, `consumed_t`, `shortfall_t`,
            `destroyed_t`, `from_stockpile_t` [t] of shape (date, material, region, sector); `commercial_cover_days`
            [days], `price_usd_per_kg` and `spot_price_usd_per_kg` [USD/kg] of shape (date, material, region). Dense: nan
            where a region does not use a material, or has no such sector. Attributes name scenario and seed.

        Raises
        ------
        MinsimError
            xarray is not installed.

        Examples
        --------
        >>> ds = run.to_xarray()  # doctest: +SKIP
        >>> ds.shortfall_t.sel(region="United States").sum("sector").resample(date="MS").sum()  # doctest: +SKIP
        """
        return dataset(self)

    # ----------------------------------------------------------------------------------------------------------- reading

    def answer(self, material: str | None = None) -> Answer:
        """What was found, in plain words.

        Parameters
        ----------
        material : str, optional
            Key of the material to speak of; absent: of all.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.

        Raises
        ------
        NotInRunError
            The run has no such material.
        """
        return compose_answer(self, material)

    def plot(
        self,
        ax: Axes | None = None,
        material: str | None = None,
        *,
        kind: str = "shortfall",
        region: str | None = None,
        event: str | None = None,
    ) -> Axes:
        """Draw a picture of the run.

        Parameters
        ----------
        ax : Axes, optional
            Draw the shortfall alone into these axes; absent: a whole figure, with title and sources.
        material : str, optional
            Absent: the material of which most days of use are lost.
        kind : str
            What to draw, a key of `charts.KINDS`: shortfall, cover, supply, flows, days-lost, waterfall, attribution,
            licences.
        region : str, optional
            For cover, supply and flows: of which region. Absent: the hardest hit, for cover all of them.
        event : str, optional
            For flows and licences: under which event. Absent: the one that bears most on the region, or the curb under
            which most was applied for.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.

        Raises
        ------
        NotInRunError
            The run does not hold what was asked for.
        """
        if ax is None:
            return plotting.figure(self, kind, material=material, region=region, event=event).axes[0]
        if kind != "shortfall":
            raise NotInRunError(f"only the shortfall is drawn into axes of one's own, got kind {kind!r}")
        return plotting.draw_into(ax, self, material)

    def plot_licences(self, event: str | None = None) -> Axes:
        """Draw the licence queue: what waits, and what was approved, by importer.

        Parameters
        ----------
        event : str, optional
            Absent: the curb under which most was applied for.

        Returns
        -------
        Axes
            Those of the queue; the figure is its `.figure`.

        Raises
        ------
        NotInRunError
            Nobody applied for licences.
        """
        return self.plot(kind="licences", event=event)

    def waterfall(self) -> Waterfall:
        """Days of use lost naively, and after each of rerouting, leakage, stockpiles and prices.

        Returns
        -------
        Waterfall
            Its `table` [days] and `plot`; without rows where the run was made with `bracket=False`.
        """
        return Waterfall(self)

    def why(self, region: str, date: dt.date | str, material: str | None = None) -> Explanation:
        """Explain one region on one day: what was missing, and which events, routes and stocks made it so.

        Parameters
        ----------
        region : str
            Who runs short.
        date : date or str
            The day, as a date or in ISO form.
        material : str, optional
            Absent: the material that the region lacks most that day.

        Returns
        -------
        Explanation
            Prints as text; `as_dict` gives the same as data.

        Raises
        ------
        ValueError
            Nobody there uses the material, or the day is not simulated.
        """
        return plotting.why(self, region, date, material)

    def save(
        self,
        out: str | Path,
        format: Literal["csv", "parquet"] = "csv",
        plot: bool = True,
        command: str | None = None,
    ) -> Path:
        """Write every result file into a folder: tables, `summary.json`, pictures and the manifest.

        Parameters
        ----------
        out : str or Path
            The folder; made with its parents if absent.
        format : {"csv", "parquet"}
            Format of the daily table; the small tables are CSV either way.
        plot : bool
            Also draw `shortfall.png` and `shortfall.svg`, and `licences.png` where licences were applied for.
        command : str, optional
            What the user typed, kept in the manifest without folders.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        ValueError
            The format is not known.
        """
        return run_files(self, format, command).save(Path(out), plot=plot)

    def __repr__(self) -> str:
        return f"<Run of {self.scenario.name}: {self.answer().headline}>"

    def _repr_html_(self) -> str:
        return f"{self.answer()._repr_html_()}{self._html_table()}"

    def _html_table(self) -> str:
        names = ("onset_date", "shortfall_days", "duration_days", "peak_shortfall_fraction", "last_date_to_act")
        cells: dict[tuple[str | None, str | None], dict[str, str]] = {}
        for row in self.metric_rows:
            if row["metric"] in names:
                value = f"{row['value']:,.3g}" if isinstance(row["value"], float) else row["value"] or "–"
                cells.setdefault((row["material"], row["region"]), {})[row["metric"]] = value
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in ("material", "region", *names))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in (*place, *values.values())) + "</tr>"
            for place, values in cells.items()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def waterfall(scenario: Scenario | str | Path, *, seed: int | None = None, replication: int | None = None) -> Waterfall:
    """Count the days of use lost naively, and after each of rerouting, leakage, stockpiles and prices.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    seed : int, optional
        Seed of the draws; absent: the scenario's own.
    replication : int, optional
        Which draw of the uncertain numbers; absent: their central values.

    Returns
    -------
    Waterfall
        Its `table` [days] and `plot`.

    Raises
    ------
    ScenarioError
        The scenario cannot be run.

    Examples
    --------
    >>> waterfall("magnet-ban").table  # doctest: +SKIP
    """
    from minsim.results.run import run

    return Waterfall(run(scenario, seed=seed, replication=replication))
