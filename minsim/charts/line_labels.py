"""Placement of line labels: beside the line, clear of every other line and label.

For each label a few hundred positions along its line are rated by cost, and the cheapest is used. All geometry is in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsim.metrics.consumers import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PADDING_PX = 4.0
STEP_PX = 3.0
"""Spacing of the points that represent a line in the search."""
ANCHORS = 60
"""Positions along a line that are tried."""
LEADER_PX = 12.0
"""Labels farther than this from their line get a leader line."""

FORBIDDEN = 1e9
COST_PER_POINT_HIDDEN = 30.0
COST_AT_ZERO = 80.0
COST_NEAR_OTHERS = 30.0
COST_NEAR_OTHERS_AWAY_FROM_PEAK = 80.0
COST_NEARER_TO_ANOTHER = 25.0
COST_OF_LEADER = 60.0
COST_BELOW_PEAK = 60.0
SHORTLIST = 200


@dataclass(frozen=True)
class Placed:
    """Position of a label [pixels]."""

    centre: tuple[float, float]
    anchor: tuple[float, float]
    leader: bool
    box: FloatArray
    """Left, bottom, right, top."""


def line_points(ax: Axes, days: FloatArray, values: FloatArray) -> FloatArray:
    """Evenly spaced points along a drawn line, shape (n, 2) [pixels]; vertical jumps included."""
    corners = ax.transData.transform(np.column_stack([days, values])[np.isfinite(values)])
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))))
    wanted = np.arange(0.0, along[-1] + STEP_PX, STEP_PX)
    return np.column_stack([np.interp(wanted, along, corners[:, axis]) for axis in (0, 1)])


def place_label(
    ax: Axes,
    size_px: tuple[float, float],
    own: FloatArray,
    others: Sequence[FloatArray],
    taken: Sequence[FloatArray],
    *,
    at_peak: bool,
) -> Placed:
    """Find room for one label.

    Parameters
    ----------
    ax : Axes
        Axes that must contain it.
    size_px : tuple of float
        Width and height of the text [pixels].
    own : ndarray, shape (n, 2)
        Points of its line.
    others : sequence of ndarray
        Points of the other lines.
    taken : sequence of ndarray, shape (4,)
        Boxes of the labels already placed.
    at_peak : bool
        Whether lines are labelled at their peaks; else where they are farthest apart.
    """
    anchors, shifts, distance = _candidates(own, size_px)
    centres = (anchors[:, None] + shifts[None]).reshape(-1, 2)
    half = np.array(size_px) / 2
    boxes = np.hstack([centres - half, centres + half])
    elsewhere = np.vstack(others) if len(others) else np.full((1, 2), np.inf)
    cost = (_anchor_costs(ax, anchors, elsewhere, at_peak=at_peak)[:, None] + distance[None]).ravel()
    cost += FORBIDDEN * (_leaves(ax, boxes) + _overlaps(boxes, taken))
    cost += COST_PER_POINT_HIDDEN * (_points_inside(boxes, own) + 2.0 * _points_inside(boxes, elsewhere))
    shortlist = np.argsort(cost, kind="stable")[:SHORTLIST]
    nearer = _nearest_px(boxes[shortlist], elsewhere) < _nearest_px(boxes[shortlist], own)
    best = int(shortlist[(cost[shortlist] + COST_NEARER_TO_ANOTHER * nearer).argmin()])
    anchor, centre = anchors[best // len(shifts)], centres[best]
    return Placed(
        (float(centre[0]), float(centre[1])),
        (float(anchor[0]), float(anchor[1])),
        bool(distance[best % len(shifts)] >= LEADER_PX),
        boxes[best],
    )


def _anchor_costs(ax: Axes, anchors: FloatArray, elsewhere: FloatArray, *, at_peak: bool) -> FloatArray:
    """Cost of each anchor: lines on the axis cannot be distinguished there, nor where they run close together."""
    room = ax.get_window_extent()
    height = (anchors[:, 1] - room.y0) / room.height
    gap = np.hypot(*(anchors[:, None] - elsewhere[None]).transpose(2, 0, 1)).min(axis=1)
    near = COST_NEAR_OTHERS if at_peak else COST_NEAR_OTHERS_AWAY_FROM_PEAK
    costs: FloatArray = COST_AT_ZERO * (height < 0.02) + near * np.exp(-gap / 20.0)
    if at_peak:
        costs += COST_BELOW_PEAK * (1.0 - height / max(height.max(), 1e-9))
    return costs


def _candidates(own: FloatArray, size_px: tuple[float, float]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Anchors on the line, shifts of a box from its anchor, and the cost of each shift."""
    anchors = own[np.unique(np.linspace(0, len(own) - 1, ANCHORS).astype(int))]
    width, height = size_px
    shifts = [
        (
            side * (width / 2 + PADDING_PX),
            up * (height / 2 + PADDING_PX + away),
            away + 3.0 * abs(side) + 2.0 * (up < 0),
        )
        for side in (-1.0, 0.0, 1.0)
        for up in (1.0, -1.0)
        for away in (0.0, 12.0, 28.0, 50.0)
    ]
    shifts += [(side * (width / 2 + PADDING_PX + 2.0), 0.0, 1.0) for side in (-1.0, 1.0)]
    offsets = np.array(shifts)
    return anchors, offsets[:, :2], offsets[:, 2] + COST_OF_LEADER * (offsets[:, 2] >= LEADER_PX)


def _nearest_px(boxes: FloatArray, points: FloatArray) -> FloatArray:
    """Distance from each box to the nearest of the points [pixels]."""
    outside = np.maximum(boxes[:, None, :2] - points[None], points[None] - boxes[:, None, 2:])
    return np.asarray(np.hypot(*np.maximum(outside, 0.0).transpose(2, 0, 1)).min(axis=1))


def _points_inside(boxes: FloatArray, points: FloatArray) -> FloatArray:
    x, y, room = points[:, 0], points[:, 1], PADDING_PX / 2
    beside = (x > boxes[:, [0]] - room) & (x < boxes[:, [2]] + room)
    level = (y > boxes[:, [1]] - room) & (y < boxes[:, [3]] + room)
    return np.asarray((beside & level).sum(axis=1), dtype=float)


def _leaves(ax: Axes, boxes: FloatArray) -> FloatArray:
    room = ax.get_window_extent()
    inside = (boxes[:, 0] >= room.x0) & (boxes[:, 1] >= room.y0) & (boxes[:, 2] <= room.x1) & (boxes[:, 3] <= room.y1)
    return np.asarray(~inside, dtype=float)


def _overlaps(boxes: FloatArray, taken: Sequence[FloatArray]) -> FloatArray:
    count = np.zeros(len(boxes))
    for left, bottom, right, top in taken:
        apart = (boxes[:, 0] > right + PADDING_PX) | (boxes[:, 2] < left - PADDING_PX)
        apart |= (boxes[:, 1] > top + 1.0) | (boxes[:, 3] < bottom - 1.0)
        count += ~apart
    return count
