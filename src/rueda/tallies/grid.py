"""Grid: times counted in even buckets that widen as the range grows, and merge exactly.

A relative error means nothing for times (0.2 % of the years since 1970 is a month), so they get
buckets of one width: the smallest power of two of their unit that covers the range with fewer than
``CELLS``.
"""

from __future__ import annotations

import numpy as np

from rueda.kernel.tally import State
from rueda.tallies.column import Array, own
from rueda.tallies.quantiles import weighted_quantiles

CELLS = 4_096


def grid_identity() -> State:
    return {"shift": 0, "first": 0, "counts": np.zeros(0, np.int64)}


def grid_of(values: Array, counts: Array | None = None) -> State:
    """The grid of int64 ``values``, each taken ``counts`` times (once by default)."""
    if not len(values):
        return grid_identity()
    shift = _shift_for(int(values.min()), int(values.max()))
    cells = values >> np.int64(shift)
    first = int(cells.min())
    dense = np.zeros(int(cells.max()) - first + 1, np.int64)
    np.add.at(dense, cells - np.int64(first), 1 if counts is None else counts)
    return {"shift": shift, "first": first, "counts": dense}


def _shift_for(low: int, high: int, shift: int = 0) -> int:
    while (high >> shift) - (low >> shift) >= CELLS:
        shift += 1
    return shift


def grid_join(left: State, right: State) -> State:
    """The grid of two parts: a function of their values alone, whatever the order of chunks."""
    parts = [p for p in (left, right) if len(p["counts"])]
    if len(parts) < 2:
        return own(parts[0]) if parts else grid_identity()
    shift = max(p["shift"] for p in parts)
    ends = [
        (first, first + len(counts) - 1) for first, counts in (_coarse(p, shift) for p in parts)
    ]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    shift += (wider := _shift_for(low, high))
    low, high = low >> wider, high >> wider
    dense = np.zeros(high - low + 1, np.int64)
    for part in parts:
        first, counts = _coarse(part, shift)
        dense[first - low : first - low + len(counts)] += counts
    return {"shift": shift, "first": low, "counts": dense}


def _coarse(state: State, shift: int) -> tuple[int, Array]:
    """The first cell and the counts of ``state`` in cells of 2^shift."""
    wider = shift - state["shift"]
    if not wider:
        return state["first"], state["counts"]
    first = state["first"] >> wider
    last = (state["first"] + len(state["counts"]) - 1) >> wider
    counts = np.zeros(last - first + 1, np.int64)
    places = (np.arange(len(state["counts"])) + (state["first"] - (first << wider))) >> wider
    np.add.at(counts, places, state["counts"])
    return first, counts


def grid_pair(left: State, right: State) -> tuple[Array, Array, Array]:
    """The middles of the cells that either side fills, and both sides' counts in them."""
    both = grid_join(left, right)
    values, _ = grid_values(both)
    sides = []
    for part in (left, right):
        dense = np.zeros(len(both["counts"]), np.int64)
        if len(part["counts"]):
            first, counts = _coarse(part, both["shift"])
            dense[first - both["first"] : first - both["first"] + len(counts)] = counts
        sides.append(dense[both["counts"] > 0])
    return values, sides[0], sides[1]


def grid_values(state: State) -> tuple[Array, Array]:
    """The middle of each filled cell, and its count."""
    filled = np.flatnonzero(state["counts"])
    half = (1 << state["shift"]) // 2
    return ((filled + state["first"]) << np.int64(state["shift"])) + half, state["counts"][filled]


def grid_quantiles(state: State, at: tuple[float, ...], low: int, high: int) -> list[float | None]:
    """Quantiles, each at most half a cell off; ``low`` and ``high`` are the known extremes."""
    if not len(state["counts"]):
        return [None] * len(at)
    middles, counts = grid_values(state)
    return list(weighted_quantiles(np.clip(middles, low, high), counts, at))
