"""Risk as a distribution: ensembles of replications, and what is asked of them.

Every question is answered from replications, each a pure function of scenario, seed and number, so that the answer is the
same, bit for bit, for any number of workers, chunk size, order or executor.

>>> from minsim import studies
>>> studies.ensemble("magnet-ban", 1000, jobs=2).answer().headline  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minsim.studies.comparison import Comparison, compare
    from minsim.studies.ensembles import Ensemble, ensemble
    from minsim.studies.producer_outages import ProducerOutages, stop_each_producer
    from minsim.studies.sensitivities import Sensitivity, sensitivity
    from minsim.studies.sizing import Sizing, size
    from minsim.studies.spending import Spending, spend
    from minsim.studies.sweeps import Sweep, sweep

_MODULE_OF = {
    "Comparison": "comparison",
    "Ensemble": "ensembles",
    "ProducerOutages": "producer_outages",
    "Sensitivity": "sensitivities",
    "Sizing": "sizing",
    "Spending": "spending",
    "Sweep": "sweeps",
    "compare": "comparison",
    "ensemble": "ensembles",
    "stop_each_producer": "producer_outages",
    "sensitivity": "sensitivities",
    "size": "sizing",
    "spend": "spending",
    "sweep": "sweeps",
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

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name on first use, so that a worker process loads only what it needs."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"minsim.studies.{_MODULE_OF[name]}"), name)
