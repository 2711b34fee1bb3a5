"""Studies of many simulated runs: ensembles, comparisons, sweeps, sizing, sensitivity, spending, producer outages.

A replication is a pure function of scenario, seed and number, so that every result is the same, bit for bit, for any number
of workers, chunk size, order or executor.

>>> from minsim import studies
>>> studies.ensemble("magnet-ban", 1000, jobs=2).answer().headline  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minsim._lazy import lazy_names

if TYPE_CHECKING:
    from minsim.studies.comparison import Comparison, compare
    from minsim.studies.ensembles import Ensemble, ensemble
    from minsim.studies.producer_outages import ProducerOutages, stop_each_producer
    from minsim.studies.sensitivities import Sensitivity, sensitivity
    from minsim.studies.sizing import Sizing, size
    from minsim.studies.spending import Spending, spend
    from minsim.studies.sweeps import Sweep, sweep

_MODULE_OF = {
    "Comparison": "minsim.studies.comparison",
    "Ensemble": "minsim.studies.ensembles",
    "ProducerOutages": "minsim.studies.producer_outages",
    "Sensitivity": "minsim.studies.sensitivities",
    "Sizing": "minsim.studies.sizing",
    "Spending": "minsim.studies.spending",
    "Sweep": "minsim.studies.sweeps",
    "compare": "minsim.studies.comparison",
    "ensemble": "minsim.studies.ensembles",
    "stop_each_producer": "minsim.studies.producer_outages",
    "sensitivity": "minsim.studies.sensitivities",
    "size": "minsim.studies.sizing",
    "spend": "minsim.studies.spending",
    "sweep": "minsim.studies.sweeps",
}

__all__ = [
    "Comparison",
    "Ensemble",
    "ProducerOutages",
    "Sensitivity",
    "Sizing",
    "Spending",
    "Sweep",
    "compare",
    "ensemble",
    "sensitivity",
    "size",
    "spend",
    "stop_each_producer",
    "sweep",
]

if not TYPE_CHECKING:  # so that a worker process loads only what it needs
    __getattr__ = lazy_names(__name__, _MODULE_OF)
