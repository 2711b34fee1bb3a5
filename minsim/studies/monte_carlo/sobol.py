"""Scrambled Sobol points in place of independent uniform draws.

Replication k takes point k // 16 of scrambling k % 16: the point does not depend on the number of replications, and the
spread between the sixteen independent scramblings gives the standard error (Owen 1997; L'Ecuyer and Lemieux 2002).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from minsim.metrics.consumers import FloatArray
from minsim.scenario.distributions import Dimension, Draws, UnitDraws, stream

SCRAMBLINGS = 16
"""Independent scramblings; their spread gives the standard error."""
POINTS_AT_ONCE = 256


def sobol_draws(names: Sequence[Dimension], seed: int, k: int) -> Draws:
    """Draws of replication k; hazards, which draw repeatedly, use the named streams of that replication.

    Parameters
    ----------
    names : sequence of Dimension
        The draw of each coordinate; see `distributions.dimensions`.
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
    if block:  # scipy refuses to fast-forward by 0
        sobol.fast_forward(block * POINTS_AT_ONCE)
    return np.asarray(sobol.random(POINTS_AT_ONCE), dtype=np.float64)
