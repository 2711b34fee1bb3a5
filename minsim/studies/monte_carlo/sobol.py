"""Scrambled Sobol points in the place of single uniform draws.

Replication k takes point k // 16 of scrambling k % 16: it does not depend on how many replications there are, and the
sixteen scramblings, which are independent, tell the standard error (Owen 1997; L'Ecuyer and Lemieux 2002).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.scenario.distributions import Dimension, Draws, UnitDraws, stream

SCRAMBLINGS = 16
"""Independent scramblings; their spread tells the standard error."""
POINTS_AT_ONCE = 256


def sobol_draws(names: Sequence[Dimension], seed: int, k: int) -> Draws:
    """Draws of replication k; hazards, which draw ever again, go on drawing from its named streams.

    Parameters
    ----------
    names : sequence of Dimension
        What the coordinates stand for; see `uncertainty.dimensions`.
    seed, k : int
    """
    if not names:
        return Draws(seed, k)
    point, scrambling = divmod(k, SCRAMBLINGS)
    block, row = divmod(point, POINTS_AT_ONCE)
    return UnitDraws(seed, k, dict(zip(names, _points(len(names), seed, scrambling, block)[row].tolist(), strict=True)))


@functools.lru_cache(maxsize=2 * SCRAMBLINGS)
def _points(count: int, seed: int, scrambling: int, block: int) -> FloatArray:
    from scipy.stats import qmc

    # scipy spawns children of its generator, which the fixed key of a named stream cannot.
    key = int(stream(seed, scrambling, "sobol", "scrambling").integers(2**63))
    sobol = qmc.Sobol(count, scramble=True, seed=np.random.default_rng(key))
    if block:  # scipy does not forward by nothing
        sobol.fast_forward(block * POINTS_AT_ONCE)
    return np.asarray(sobol.random(POINTS_AT_ONCE), dtype=np.float64)
