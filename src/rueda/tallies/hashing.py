"""Hashing: one fixed 64-bit hash, vectorized, whose values may be kept for ever.

Polars and pyarrow promise theirs within a version only, so a state that is merged with one of last
year needs its own.
"""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from rueda.tallies.column import Array

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BASE = 0x5851F42D4C957F2D
_BASE_INVERSE = pow(_BASE, -1, 2**64)
_SEGMENT_BYTES = 1 << 20
"""Strings are hashed a megabyte at a time: the powers of the base then stay in the cache."""


def mix(numbers: Array) -> Array:
    """The finalizer of splitmix64 over 64-bit integers: a bijection that spreads every bit."""
    x = numbers.view(np.uint64) + _WEYL
    x ^= x >> np.uint64(30)
    x *= _MIX_1
    x ^= x >> np.uint64(27)
    x *= _MIX_2
    x ^= x >> np.uint64(31)
    return x


def hash_numbers(values: Array) -> Array:
    """The hashes of int64, uint64 or float64 ``values``; both zeros are one value."""
    if values.dtype.kind == "f":
        values = values.astype(np.float64) + 0.0
    return mix(np.ascontiguousarray(values))


def hash_bytes(array: pa.Array) -> Array:
    """The hashes of the strings or bytes in ``array``, which holds no null.

    Each is the polynomial of its bytes in a fixed odd base, modulo 2^64, mixed with its length.
    """
    large = array.cast(pa.large_binary())
    offsets = np.frombuffer(large.buffers()[1], np.int64)[large.offset :][: len(large) + 1]
    content = large.buffers()[2]
    flat = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    parts = [_polynomials(flat, offsets[a : b + 1]) for a, b in _segments(offsets)]
    sums = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
    return mix(sums ^ mix(np.diff(offsets)))


def _segments(offsets: Array) -> list[tuple[int, int]]:
    """Runs of whole strings of about ``_SEGMENT_BYTES`` each."""
    cuts = [0]
    last = len(offsets) - 1
    while cuts[-1] < last:
        end = int(np.searchsorted(offsets, offsets[cuts[-1]] + _SEGMENT_BYTES, side="right")) - 1
        cuts.append(min(max(end, cuts[-1] + 1), last))
    return list(itertools.pairwise(cuts))


def _polynomials(flat: Array, offsets: Array) -> Array:
    """Sum of byte x base^position in each string: a difference of running sums, shifted to 0."""
    start = int(offsets[0])
    taken = flat[start : int(offsets[-1])].astype(np.uint64) + np.uint64(1)
    running = np.zeros(len(taken) + 1, np.uint64)
    np.cumsum(taken * _powers(_BASE, len(taken)), out=running[1:])
    within = offsets - start
    shift = _powers(_BASE_INVERSE, len(taken) + 1)[within[:-1]]
    sums: Array = (running[within[1:]] - running[within[:-1]]) * shift
    return sums


_POWERS: dict[int, Array] = {}


def _powers(base: int, count: int) -> Array:
    """base^0 … base^(count - 1) modulo 2^64; those of a segment are kept."""
    if base not in _POWERS:
        _POWERS[base] = _grown(base, _SEGMENT_BYTES + 1)
    kept = _POWERS[base] if count <= len(_POWERS[base]) else _grown(base, count)
    return kept[:count]


def _grown(base: int, count: int) -> Array:
    powers: Array = np.full(count, base, np.uint64)
    powers[0] = 1
    np.cumprod(powers, out=powers)
    return powers
