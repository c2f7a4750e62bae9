"""Quantiles: numbers counted in buckets of bounded relative width, which merge by addition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.kernel.tally import State
from rueda.tallies.column import Array, ColumnTally, numbers, own

RELATIVE_ERROR = 1 / 512
"""Half the widest bucket: each octave is cut into 256 equal parts."""

_DROP = np.int64(44)
"""A float64 has 52 bits of fraction; its exponent and the first 8 of them number the bucket."""


def bucket_keys(values: Array) -> Array:
    """The bucket of each finite value: an integer that grows with it, 0 around zero.

    The number is read off the bits of the float, so it is exact and the same on every machine; a
    logarithm would be neither.
    """
    bits = np.abs(values.astype(np.float64)).view(np.int64) >> _DROP
    return np.where(values < 0, -bits, bits)


def bucket_edges(keys: Array) -> tuple[Array, Array]:
    """The lower and upper edge of each bucket."""
    size = np.abs(keys)
    near = (size << _DROP).view(np.float64)
    # The topmost bucket ends at infinity; its largest float stands for that edge.
    far = np.minimum(((size + 1) << _DROP).view(np.float64), np.finfo(np.float64).max)
    low = np.where(keys < 0, -far, np.where(keys == 0, -far, near))
    return low, np.where(keys < 0, -near, far)


def bucket_middles(keys: Array) -> Array:
    """What stands for the values of each bucket: within ``RELATIVE_ERROR`` of all of them."""
    low, high = bucket_edges(keys)
    return np.where(keys == 0, 0.0, low + (high - low) / 2)


def buckets_identity() -> State:
    return {"keys": np.zeros(0, np.int32), "counts": np.zeros(0, np.int64)}


def buckets_of(values: Array, counts: Array | None = None) -> State:
    """The buckets of finite ``values``; with ``counts``, of sorted ones, each that many times."""
    if not len(values):
        return buckets_identity()
    keys = bucket_keys(values)
    if counts is not None:
        starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
        return {"keys": keys[starts].astype(np.int32), "counts": np.add.reduceat(counts, starts)}
    first = int(keys.min())
    dense = np.bincount(keys - first)
    filled = np.flatnonzero(dense)
    return {"keys": (filled + first).astype(np.int32), "counts": dense[filled].astype(np.int64)}


def buckets_join(left: State, right: State) -> State:
    """The buckets of two parts."""
    keys = np.union1d(left["keys"], right["keys"])
    counts = np.zeros(len(keys), np.int64)
    for part in (left, right):
        counts[np.searchsorted(keys, part["keys"])] += part["counts"]
    return {"keys": keys, "counts": counts}


def weighted_quantiles(values: Array, counts: Array, at: tuple[float, ...]) -> list[float]:
    """Quantiles of sorted ``values``, each there ``counts`` times, as ``numpy.quantile`` defines
    them: linear between neighboring ranks.
    """
    upto = np.cumsum(counts)
    ranks = np.asarray(at, np.float64) * (int(upto[-1]) - 1)
    below = np.floor(ranks)
    share = ranks - below
    last = len(values) - 1
    left = values[np.minimum(np.searchsorted(upto, below, side="right"), last)].astype(np.float64)
    next_ = values[np.minimum(np.searchsorted(upto, below + 1, side="right"), last)]
    right = np.where(share > 0, next_.astype(np.float64), left)
    # Not left + share * (right - left): the difference of two large values may overflow.
    return [float(v) for v in left * (1 - share) + right * share]


def buckets_quantiles(
    state: State, at: tuple[float, ...], low: float, high: float
) -> list[float | None]:
    """Quantiles within ``RELATIVE_ERROR``; ``low`` and ``high`` are the known extremes."""
    if not len(state["keys"]):
        return [None] * len(at)
    middles = np.clip(bucket_middles(state["keys"].astype(np.int64)), low, high)
    return list(weighted_quantiles(middles, state["counts"], at))


@dataclass(frozen=True)
class Quantiles(ColumnTally[list[float | None]]):
    """Quantiles of numeric columns, each within 0.2 % of the true value.

    Parameters
    ----------
    columns
        Columns of numbers.
    at
        Which quantiles, from 0 to 1.

    State
    -----
    For each column the filled buckets (``keys`` sorted, ``counts``) and the extremes.

    Result
    ------
    ``{column: [quantile, …]}`` in the order of ``at``; None for a column without finite values.

    Raises
    ------
    SchemaMismatch
        A batch lacks one of ``columns``, or it is not numeric.

    Notes
    -----
    Nulls, NaN and infinities are skipped. Values closer to zero than 2^-1022 lose the relative
    bound. Order and grouping of chunks change no bit. Linear between ranks, as in numpy.

    References
    ----------
    Masson, Rim, Lee 2019, doi:10.14778/3352063.3352135 (relative error); Tene's HdrHistogram
    (buckets read off the bits).
    """

    at: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

    def identity(self) -> State:
        return {**buckets_identity(), "min": None, "max": None}

    def of(self, array: pa.Array, name: str) -> State:
        values = numbers(array, name)
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if not len(finite):
            return self.identity()
        return {
            **buckets_of(finite),
            "min": float(finite.min()),
            "max": float(finite.max()),
        }

    def join(self, left: State, right: State) -> State:
        if left["min"] is None or right["min"] is None:
            return own(right if left["min"] is None else left)
        low, high = min(left["min"], right["min"]), max(left["max"], right["max"])
        return {**buckets_join(left, right), "min": low, "max": high}

    def answer(self, state: State) -> list[float | None]:
        return buckets_quantiles(state, self.at, state["min"], state["max"])
