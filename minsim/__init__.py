"""Simulation of supply-chain risk in critical minerals.

>>> import minsim
>>> scenario = minsim.load_scenario("magnet-ban")  # doctest: +SKIP
>>> print(minsim.run(scenario).answer().headline)  # doctest: +SKIP

Importing the package loads nothing heavy: each public name is fetched from its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from minsim._lazy import lazy_names
from minsim._version import __version__
from minsim.errors import MassBalanceError, MinsimError, ScenarioError

if TYPE_CHECKING:
    from minsim.explain.attribution import Attribution, attribute
    from minsim.explain.tracing import Explanation, why
    from minsim.results.run import Run, run, waterfall
    from minsim.results.waterfall import Waterfall
    from minsim.scenario import Scenario, library, load_scenario
    from minsim.scenario.company import Company, load_company
    from minsim.studies import compare, ensemble, sensitivity, size, spend, sweep

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
    "Attribution": "minsim.explain.attribution",
    "Company": "minsim.scenario.company",
    "Explanation": "minsim.explain.tracing",
    "Run": "minsim.results.run",
    "Scenario": "minsim.scenario",
    "Waterfall": "minsim.results.waterfall",
    "attribute": "minsim.explain.attribution",
    "compare": "minsim.studies.comparison",
    "ensemble": "minsim.studies.ensembles",
    "library": "minsim.scenario",
    "load_company": "minsim.scenario.company",
    "load_scenario": "minsim.scenario",
    "run": "minsim.results.run",
    "sensitivity": "minsim.studies.sensitivities",
    "size": "minsim.studies.sizing",
    "spend": "minsim.studies.spending",
    "sweep": "minsim.studies.sweeps",
    "waterfall": "minsim.results.run",
    "why": "minsim.explain.tracing",
}


_FORMER_NAMES = {
    "data_check": "minsim.reference.check",
    "risk": "minsim.studies",
    "validation": "minsim.studies.hindcast",
}
"""Modules that notebooks written for earlier versions import from here."""


if not TYPE_CHECKING:  # a type checker would take any misspelt name for an object
    _public_name = lazy_names(__name__, _MODULE_OF)

    def __getattr__(name: str) -> object:
        """Fetch a public name on first use."""
        return importlib.import_module(_FORMER_NAMES[name]) if name in _FORMER_NAMES else _public_name(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
