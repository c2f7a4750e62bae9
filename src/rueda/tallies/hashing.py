"""Hashing: one fixed 64-bit hash, vectorized, whose values may be kept for ever.

Polars and pyarrow promise theirs within a version only, so a state that is merged with one of last
year needs its own.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from rueda.tallies.column import Array

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_WORD = 8
_LONG_BYTES = 256
"""Longer strings are hashed one by one: word by word they would take as many passes as words."""

_SEGMENT = 16_384
"""Strings that are hashed together: their words stay in the cache, and memory is not asked for
anew.
"""

_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], np.uint64)
"""The first ``n`` bytes of a little-endian word."""


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

    The length, then word after word of eight bytes, mixed into what came before; of a long string
    the BLAKE2b digest.
    """
    large = array.cast(pa.large_binary())
    offsets = np.frombuffer(large.buffers()[1], np.int64)[large.offset :][: len(large) + 1]
    content = large.buffers()[2]
    flat = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    hashes = np.empty(len(large), np.uint64)
    for start in range(0, len(large), _SEGMENT):
        hashes[start : start + _SEGMENT] = _hash_segment(flat, offsets[start:][: _SEGMENT + 1])
    return hashes


def _hash_segment(flat: Array, offsets: Array) -> Array:
    # A last word may reach beyond the last string.
    padded = np.concatenate([flat[offsets[0] : offsets[-1]], np.zeros(_WORD, np.uint8)])
    starts, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    hashes = mix(lengths)
    for place in range(0, min(int(lengths.max()), _LONG_BYTES), _WORD):
        _mix_words(hashes, padded, starts, lengths, place)
    for number in np.flatnonzero(lengths > _LONG_BYTES).tolist():
        whole = padded[starts[number] : starts[number] + lengths[number]]
        digest = hashlib.blake2b(whole.tobytes(), digest_size=_WORD).digest()
        hashes[number] = int.from_bytes(digest, "little")
    return hashes


def _mix_words(hashes: Array, padded: Array, starts: Array, lengths: Array, place: int) -> None:
    """Mix the word at ``place`` of each string that is as long into its hash."""
    words = np.ndarray(len(padded) - _WORD + 1, "<u8", padded.data, strides=(1,))
    rest = lengths - place
    here = slice(None) if rest.min() > 0 else np.flatnonzero(rest > 0)
    taken = words[starts[here] + place] & _MASKS[np.minimum(rest[here], _WORD)]
    hashes[here] = mix(hashes[here] ^ taken)
