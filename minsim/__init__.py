"""Simulation of supply-chain risk in critical minerals.

>>> import minsim
>>> scenario = minsim.load_scenario("magnet-ban")  # doctest: +SKIP
>>> print(minsim.run(scenario).answer().headline)  # doctest: +SKIP

Importing the package loads nothing heavy: each public name is fetched from its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from minsim.errors import MassBalanceError, MinsimError, ScenarioError

if TYPE_CHECKING:
    from minsim.causes.attribution import Attribution, attribute
    from minsim.causes.tracing import Explanation, why
    from minsim.days_lost import Waterfall, waterfall
    from minsim.loading import Scenario, library, load_scenario
    from minsim.loading.company import Company, load_company
    from minsim.results import Run, run
    from minsim.risk import compare, ensemble, sensitivity, size, spend, sweep

__version__ = "0.1.0"

__all__ = [
    "Attribution",
    "Company",
    "Explanation",
    "MassBalanceError",
    "MinsimError",
    "Run",
    "Scenario",
    "ScenarioError",
    "Waterfall",
    "__version__",
    "attribute",
    "compare",
    "ensemble",
    "library",
    "load_company",
    "load_scenario",
    "run",
    "sensitivity",
    "size",
    "spend",
    "sweep",
    "waterfall",
    "why",
]

_MODULE_OF = {
    "Attribution": "minsim.causes.attribution",
    "Company": "minsim.loading.company",
    "Explanation": "minsim.causes.tracing",
    "Run": "minsim.results",
    "Scenario": "minsim.loading",
    "Waterfall": "minsim.days_lost",
    "attribute": "minsim.causes.attribution",
    "compare": "minsim.risk.comparison",
    "ensemble": "minsim.risk.ensembles",
    "library": "minsim.loading",
    "load_company": "minsim.loading.company",
    "load_scenario": "minsim.loading",
    "run": "minsim.results",
    "sensitivity": "minsim.risk.sensitivities",
    "size": "minsim.risk.sizing",
    "spend": "minsim.risk.spending",
    "sweep": "minsim.risk.sweeps",
    "waterfall": "minsim.days_lost",
    "why": "minsim.causes.tracing",
}


if not TYPE_CHECKING:  # a type checker would take any misspelt name for an object

    def __getattr__(name: str) -> object:
        """Fetch a public name from its module on first use (PEP 562), so that `import minsim` stays fast."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
