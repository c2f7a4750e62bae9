"""Measure: how far two binned distributions lie apart."""

from __future__ import annotations

import numpy as np

from rueda.tallies.column import Array

BOUNDED = ("js", "linf")
"""Measures of at most 1: a threshold of 1 or more is never passed."""

_FLOOR = 1e-4
"""What the index takes for the share of an empty bin, which would make it infinite."""


def apart(measure: str, left: Array, right: Array) -> float:
    """The distance of the counts ``left`` from ``right``: ``js``, ``linf`` or ``psi``."""
    p, q = left / left.sum(), right / right.sum()
    if measure == "linf":
        return float(np.abs(p - q).max())
    if measure == "psi":
        p, q = np.maximum(p, _FLOOR), np.maximum(q, _FLOOR)
        return float(((p - q) * np.log(p / q)).sum())
    middle = (p + q) / 2
    return min(max((_bits(p, middle) + _bits(q, middle)) / 2, 0.0), 1.0)


def _bits(p: Array, q: Array) -> float:
    """The Kullback-Leibler divergence, base 2; empty bins of ``p`` add nothing."""
    full = p > 0
    return float((p[full] * np.log2(p[full] / q[full])).sum())
