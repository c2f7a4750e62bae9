"""Explained: how much of a label its values beside those of a feature take away."""

from __future__ import annotations

import math

import numpy as np

from rueda.tallies.column import Array


def pooled(left: Array, right: Array) -> Array:
    """The amounts of two parts (Chan, Golub, LeVeque 1983)."""
    (n_a, mean_a, m2_a), (n_b, mean_b, m2_b) = left, right
    n = n_a + n_b
    with np.errstate(over="ignore", invalid="ignore"):
        share = n_b / np.maximum(n, 1)
        delta = mean_b - mean_a
        mean = mean_a + delta * share
        m2 = m2_a + m2_b + delta * delta * n_a * share
    both = np.stack([n, mean, m2])
    return np.where(n_b == 0, left, np.where(n_a == 0, right, both))


def entropy_explained(met: Array) -> float | None:
    """The share of the classes' entropy that the values take away, less what chance would; None
    for one class.
    """
    total = met.sum()
    whole = _entropy(met.sum(axis=0))
    if not whole:
        return None
    information = whole + _entropy(met.sum(axis=1)) - _entropy(met.ravel())
    rows = np.count_nonzero(met.sum(axis=1)) - 1
    columns = np.count_nonzero(met.sum(axis=0)) - 1
    chance = rows * columns / (2.0 * total)
    return min(max(float((information - chance) / whole), 0.0), 1.0)


def _entropy(counts: Array) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def variance_explained(amounts: Array) -> float | None:
    """The correlation ratio, adjusted as R² is; None for a label of texts."""
    groups = amounts[:, amounts[0] > 0]
    whole = np.zeros((3, 1))
    for one in range(groups.shape[1]):
        whole = pooled(whole, groups[:, one : one + 1])
    n, _, spread = whole[:, 0].tolist()
    within = float(groups[2].sum())
    if not math.isfinite(spread) or spread <= 0 or n <= groups.shape[1]:
        return None
    unexplained = (within / (n - groups.shape[1])) / (spread / (n - 1))
    return float(min(max(1.0 - unexplained, 0.0), 1.0))


def order_auc(met: Array) -> float | None:
    """How well the order of the values tells the second class from the first, ties halved."""
    first, second = met[:, 0], met[:, 1]
    if not first.sum() or not second.sum():
        return None
    below = np.cumsum(first) - first
    area = float((second * (below + first / 2)).sum() / (first.sum() * second.sum()))
    return round(max(area, 1 - area), 12) if math.isfinite(area) else None
