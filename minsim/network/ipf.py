"""Baseline trade: a flow matrix between sellers' outputs and buyers' needs, by iterative proportional fitting (RAS)."""

from __future__ import annotations

import numpy as np

from minsim.kernel.compiling import Floats, compiled

FITTED = 1e-13
"""Relative error of row and column sums at which fitting stops."""
ACCEPTED = 1e-9
"""Relative error above which there is no balance."""
MOST_ROUNDS = 50_000
"""Rounds after which fitting stops without convergence."""


@compiled
def _scale_rows(flows: Floats, wanted: Floats) -> float:
    """Scale each row to its wanted sum; returns the largest relative error found before scaling."""
    worst = 0.0
    for i in range(flows.shape[0]):
        total = 0.0
        for j in range(flows.shape[1]):
            total += flows[i, j]
        if wanted[i] > 0.0 and total > 0.0:
            worst = max(worst, abs(total / wanted[i] - 1.0))
            factor = wanted[i] / total
        else:
            factor = 0.0
        for j in range(flows.shape[1]):
            flows[i, j] *= factor
    return worst


@compiled
def fit(flows: Floats, outputs: Floats, needs: Floats) -> int:
    """Fit `flows` to row sums `outputs` and column sums `needs` in place, alternating, the columns last.

    Iterative proportional fitting (Deming and Stephan 1940; RAS in input-output analysis) keeps the zeros of the prior
    and finds, among all matrices with these sums, the one closest to it in relative entropy.

    Parameters
    ----------
    flows : array of shape (sellers, buyers)
        The prior; changed in place [t/day].
    outputs, needs : arrays of shape (sellers,), (buyers,)
        Wanted sums [t/day].

    Returns
    -------
    int
        Rounds taken.
    """
    columns = flows.T
    for rounds in range(MOST_ROUNDS):
        off = _scale_rows(flows, outputs)
        _scale_rows(columns, needs)
        if off <= FITTED:
            return rounds + 1
    return MOST_ROUNDS


def residual(flows: Floats, outputs: Floats, needs: Floats) -> tuple[float, int, int]:
    """Largest error of a row or column sum relative to world output, and the seller and buyer where it is largest."""
    world = max(float(outputs.sum()), float(needs.sum()), np.finfo(float).tiny)
    rows = np.abs(flows.sum(axis=1) - outputs)
    columns = np.abs(flows.sum(axis=0) - needs)
    return (
        float(max(rows.max(initial=0.0), columns.max(initial=0.0)) / world),
        int(rows.argmax()),
        int(columns.argmax()),
    )
