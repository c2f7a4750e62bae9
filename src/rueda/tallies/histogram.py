"""Histogram: a few even bins over counted values, for pictures and for people."""

from __future__ import annotations

import math

import numpy as np

from rueda.tallies.column import Array

BINS = 20


def bin_edges(low: float, high: float, *, whole: bool, bins: int = BINS) -> Array:
    """Edges of at most ``bins`` even bins over [low, high].

    ``whole`` numbers get bins of a whole width around them, so that no bin holds one number more
    than its neighbor.
    """
    if whole and high - low < 2**52:
        width = max(1, math.ceil((high - low + 1) / bins))
        number = math.ceil((high - low + 1) / width)
        return low - 0.5 + width * np.arange(number + 1, dtype=np.float64)
    if low == high:
        return np.array([low, high], np.float64)
    share = np.linspace(0.0, 1.0, bins + 1)
    edges = low * (1 - share) + high * share  # high - low may overflow
    edges[0], edges[-1] = low, high
    return edges


def bin_counts(values: Array, counts: Array, edges: Array) -> Array:
    """How many of ``values``, each there ``counts`` times, lie in each bin; the last is closed."""
    places = np.searchsorted(edges, values.astype(np.float64), side="right") - 1
    binned = np.zeros(len(edges) - 1, np.int64)
    np.add.at(binned, np.clip(places, 0, len(edges) - 2), counts)
    return binned
