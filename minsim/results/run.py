"""A finished run: tidy tables, metrics, the answer, a chart; and `run`, which makes one.

Tables are built as plain numpy columns. pandas takes longer to import than a run takes to compute, so a frame is made only
when somebody asks for one; files are written from the columns.
"""

from __future__ import annotations

import datetime as dt
import functools
import html
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from minsim.errors import NotInRunError
from minsim.metrics.consumers import REROUTINGS
from minsim.metrics.licences import licence_columns
from minsim.results import plotting
from minsim.results.answer import Answer, compose_answer
from minsim.results.outcome import Outcome
from minsim.results.saving import run_files
from minsim.results.tables import Columns, daily_columns, event_columns, stockpile_columns, trade_columns
from minsim.results.waterfall import Waterfall, lost_by_step

if TYPE_CHECKING:
    import pandas as pd
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


class Run(Outcome):
    """One scenario, simulated: tables, metrics, the answer and the chart; each is made when first asked for, and kept.

    Made by `run`; the parameters are those of `Outcome`.
    """

    # ------------------------------------------------------------------------------------------------------------ tables

    @cached_property
    def daily(self) -> pd.DataFrame:
        """Daily demand and supply by material, region and sector."""
        return _frame(daily_columns(self.record))

    @cached_property
    def stockpiles(self) -> pd.DataFrame:
        """Daily strategic stocks."""
        return _frame(stockpile_columns(self.record))

    @cached_property
    def trade(self) -> pd.DataFrame:
        """Monthly shipments by lane."""
        return _frame(trade_columns(self.record))

    @cached_property
    def licences(self) -> pd.DataFrame:
        """Weekly licence queue by event and importer; without rows where nobody applied."""
        return _frame(licence_columns(self.record))

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened, day by day."""
        return _frame(event_columns(self.record))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """Named numbers with units, by material and region."""
        return _metric_frame(self.metric_rows)

    @cached_property
    def bracket(self) -> pd.DataFrame:
        """The same metrics for each behaviour of the bracket, in column `rerouting`."""
        return _metric_frame(self.bracket_rows)

    # ----------------------------------------------------------------------------------------------------------- reading

    def answer(self, material: str | None = None) -> Answer:
        """What was found, in plain words; of one material, or of all."""
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
        """Days of use lost naively, and after each of rerouting, leakage, stockpiles and prices."""
        return Waterfall(self)

    def why(self, region: str, date: dt.date | str, material: str | None = None) -> Explanation:
        """Explain one region on one day; see `causes.tracing.why`."""
        return plotting.why(self, region, date, material)

    def save(
        self,
        out: str | Path,
        format: Literal["csv", "parquet"] = "csv",
        plot: bool = True,
        command: str | None = None,
    ) -> Path:
        """Write every result file into a folder.

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


def _frame(columns: Columns) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(columns)
    texts = {name: "str" for name, column in columns.items() if column.dtype == object}
    return frame.astype(texts)


def _metric_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    # Dates and numbers share a column; as objects, None stays None and does not turn into nan.
    return pd.DataFrame({key: pd.Series([row[key] for row in rows], dtype=object) for key in rows[0]})


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
