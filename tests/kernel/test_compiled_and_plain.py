"""The kernel compiled, and the same source as plain Python: the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import ban, closed_form, frame, run

CHAIN = {
    "utilisation": 0.8,
    "feed_stock_days": 4,
    "product_stock_days": 3,
    "trade": {"lead_time_days": {"default": 12, "home": 2}, "home_preference": 2.0},
}


def scenarios() -> dict[str, tuple[dict, str]]:
    """Short runs that between them pass through every phase: name, mapping and rerouting."""
    sectors = {name: {"share": share, "priority": k} for k, (name, share) in enumerate([("a", 0.3), ("b", 0.7)], 1)}
    makers = {"China": {"share": 0.7}, "Japan": {"share": 0.2}, "United States": {"share": 0.1}}
    consumers = {
        "United States": {"demand_t_per_year": 9000, "stock_days": 3, "sectors": sectors, "growth_per_year": 0.1},
        "China": {"demand_t_per_year": 20000, "stock_days": 5},
    }
    stages = {
        "mine": CHAIN | {"producers": makers},
        "process": CHAIN
        | {"yield": 0.7, "producers": makers | {"Scrap": {"share": 0.0, "feed": "none", "country": "China"}}},
        "fabricate": CHAIN | {"inputs": {"y": 0.3}, "producers": makers},
    }
    materials = {
        "x": {"basis": "metal", "price_usd_per_kg": 5, "stages": stages, "consumers": consumers},
        "y": {"basis": "metal", "price_usd_per_kg": 5, "stages": {"mine": CHAIN | {"producers": makers}}},
    }
    whole = frame(130, materials)
    whole["events"] = {
        "ban": ban(20, 60, stage="fabricate"),
        "cut": ban(40, 60, cut=0.4, importers="all", exporter="Japan"),
    }
    whole["behaviour"] = {"x": {"qualification_days": 10, "switching_days": 20, "spot_share": 0.4}}
    whole["stockpiles"] = {
        "ready": {
            "owner": "United States",
            "holds": {"x": "fabricate", "y": "mine"},
            "target_days": 6,
            "initial_fill": 0.4,
            "fill": {"rule": "surplus_only", "max_days_per_month": 5},
            "budget_usd": 2e6,
            "release": {"authorisation_days": 3, "sectors": ["b", "a"], "max_days_per_day": 0.4},
        },
        "raw": {"owner": "United States", "holds": {"x": "process"}, "target_days": 9, "fill": {"rule": "always"}},
    }
    return {
        "whole, reference": (whole, "reference"),
        "whole, free": (whole, "free"),
        "closed form": (closed_form(lead=10, stock=5, vault=8, start=10, length=40, stages=3), "none"),
    }


def arrays() -> dict[str, np.ndarray]:
    """All numbers of these runs."""
    found = {}
    for name, (mapping, rerouting) in scenarios().items():
        record = run(mapping, rerouting)
        for field in ("sector", "consumer", "holding", "trade", "leaked"):
            found[f"{name}: {field}"] = getattr(record, field)
    return found


WRITE = """
import os, sys
sys.path[:0] = {paths!r}
import numpy as np
from minsim.kernel import advance as kernel
assert not hasattr(kernel.advance, "signatures"), "compiled after all"
import test_compiled_and_plain
np.savez({out!r}, **test_compiled_and_plain.arrays())
"""


@pytest.mark.slow
def test_compiled_equals_uncompiled(tmp_path: Path) -> None:
    """A run with NUMBA_DISABLE_JIT=1, in a process of its own, leaves the same record bit for bit."""
    out = tmp_path / "plain.npz"
    here = Path(__file__).parent
    paths = [str(here), str(here.parent), *(path for path in sys.path if path)]
    code = WRITE.format(paths=paths, out=str(out))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, cwd=tmp_path)
    compiled = arrays()
    with np.load(out) as plain:
        assert sorted(plain.files) == sorted(compiled)
        for name, values in compiled.items():
            assert np.array_equal(plain[name], values, equal_nan=True), name
    assert all(compiled[f"{name}: sector"][:, :, 2].any() for name in scenarios())  # somebody ran short in each
