"""What one finished run leaves behind, however it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minsim._version import __version__

if TYPE_CHECKING:
    from minsim.scenario import Scenario
    from minsim.simulation.engine import Record

from minsim.metrics.consumers import REROUTINGS, FloatArray, measure_consumers
from minsim.metrics.rows import BracketRow, MetricRow, assumption_row, metric_rows, waterfall_rows


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """A scenario and what each behaviour left behind; metrics are computed when first asked for, and kept.

    Parameters
    ----------
    scenario : Scenario
        What was asked.
    bracket_records : mapping of str to Record
        By behaviour: always `"reference"`, with the bracket also `"none"` and `"free"`.
    seed : int
        Seed of the draws.
    replication : int or None
        Which draw of the uncertain numbers; None for their central values.
    days_lost : mapping of str to ndarray, shape (n_consumers,)
        Days of use lost after each step of the waterfall; empty where it was not computed.
    processes : tuple of callables
        Processes of the user's own that took part.
    """

    scenario: Scenario
    bracket_records: Mapping[str, Record]
    seed: int
    replication: int | None = None
    days_lost: Mapping[str, FloatArray] = field(default_factory=dict)
    processes: tuple[Callable[..., Any], ...] = ()

    @property
    def record(self) -> Record:
        """What the reference behaviour left behind."""
        return self.bracket_records["reference"]

    @cached_property
    def measures(self) -> dict[str, dict[str, FloatArray]]:
        """Metrics of every consumer as arrays, by rerouting and name; see `measure_consumers`."""
        return {name: measure_consumers(record) for name, record in self.bracket_records.items()}

    @cached_property
    def metric_rows(self) -> list[MetricRow]:
        """Every metric of the reference behaviour, and the share of inputs that are assumptions."""
        lost = waterfall_rows(self.record, self.days_lost)
        return [*metric_rows(self.record), *lost, assumption_row(self.scenario)]

    @cached_property
    def bracket_rows(self) -> list[BracketRow]:
        """The metrics of every behaviour, from the least rerouting to the most."""
        return [
            BracketRow(**row, rerouting=name)
            for name in REROUTINGS
            if name in self.bracket_records
            for row in metric_rows(self.bracket_records[name])
        ]

    def summary(self) -> dict[str, Any]:
        """Content of `summary.json`.

        Returns
        -------
        dict
            `scenario`, `as_of` (ISO date), `version`; `metrics` and `bracket`, a list of rows with `material`, `region`,
            `metric`, `value` (number, ISO date, or None where not applicable) and `unit`.
        """
        return {
            "scenario": self.scenario.name,
            "as_of": self.scenario.model.as_of.isoformat(),
            "version": __version__,
            "metrics": self.metric_rows,
            "bracket": self.bracket_rows,
        }
