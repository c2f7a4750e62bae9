"""Probe: made-up matrix rows where a converted model would give itself away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rueda.kernel.seams import Fitted

ALONE = 20_000
"""Most rows in which a single value is made up."""

TOGETHER = 60_000
"""Most rows in which all values are."""


def neighbors(values: np.ndarray) -> np.ndarray:
    """Each value as float32, and the float32 numbers below and above it."""
    nearest = values.astype(np.float32)
    below, above = (np.nextafter(nearest, np.float32(end)) for end in (-np.inf, np.inf))
    found = np.asarray(np.unique(np.stack([below, nearest, above])))
    return np.asarray(found[np.isfinite(found)])


def probes(
    base: np.ndarray, cuts: dict[int, np.ndarray], holes: np.ndarray
) -> Iterator[np.ndarray]:
    """Matrices of made-up rows.

    Parameters
    ----------
    base
        Real rows to start from; at least one.
    cuts
        What ``thresholds`` found.
    holes
        The columns in which null is to be tried.

    Notes
    -----
    Every threshold and its two float32 neighbors stand in some row, together with those of the
    other columns (thinned evenly beyond ``TOGETHER``), and alone in a real row (beyond ``ALONE``).
    All columns get their extremes, a width beyond them, their quantiles, and zero.
    """
    values = {c: np.unique(np.concatenate([_grid(base[:, c]), _near(cuts, c)])) for c in _all(base)}
    yield _alone(base, values)
    yield _together(base, values)
    if holes.size:
        yield _with_holes(base, holes)


def _all(base: np.ndarray) -> range:
    return range(base.shape[1])


def _near(cuts: dict[int, np.ndarray], column: int) -> np.ndarray:
    return neighbors(cuts[column]) if column in cuts else np.empty(0, np.float32)


def _grid(column: np.ndarray) -> np.ndarray:
    known = column[np.isfinite(column)]
    if not known.size:
        return np.zeros(1, np.float32)
    at = np.quantile(known, np.linspace(0, 1, 17))
    width = at[-1] - at[0]
    return np.array([at[0] - width, *at, at[-1] + width, 0.0], dtype=np.float32)


def _alone(base: np.ndarray, values: dict[int, np.ndarray]) -> np.ndarray:
    columns = np.concatenate([np.full(len(v), c) for c, v in values.items()])
    made = np.concatenate(list(values.values()))
    kept = _thin(len(made), ALONE)
    rows = base[np.arange(len(kept)) % len(base)]
    rows[np.arange(len(kept)), columns[kept]] = made[kept]
    return rows


def _together(base: np.ndarray, values: dict[int, np.ndarray]) -> np.ndarray:
    count = min(max(len(v) for v in values.values()), TOGETHER)
    rows = np.empty((count, base.shape[1]), np.float32)
    # A fixed seed: the proof is part of an artifact.
    random = np.random.default_rng(0)
    for column, made in values.items():
        cycled = np.resize(made[_thin(len(made), count)], count)
        rows[:, column] = random.permutation(cycled)
    return rows


def _with_holes(base: np.ndarray, holes: np.ndarray) -> np.ndarray:
    rows = base[np.arange(4 * len(holes) + 1) % len(base)]
    for number, column in enumerate(holes):
        rows[4 * number : 4 * number + 4, column] = np.nan
    rows[-1, holes] = np.nan
    return rows


def _thin(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def answered(fitted: Fitted, rows: np.ndarray) -> np.ndarray:
    """For each of ``rows``, which may hold NaN, whether ``fitted`` answers it by numbers."""
    try:
        scores = fitted.score(rows)
    except (ValueError, TypeError):
        # What estimators raise for NaN that they were not made for; one row spoils all.
        if len(rows) == 1:
            return np.zeros(1, dtype=bool)
        return np.concatenate([answered(fitted, rows[i : i + 1]) for i in range(len(rows))])
    return np.asarray(np.isfinite(scores.reshape(len(rows), -1)).all(axis=1))
