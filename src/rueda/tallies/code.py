"""Code: a column as small numbers, one for each kind of value, for counting what meets what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.tallies.column import Array, kind_of, numbers
from rueda.tallies.counts import text_like

MOST = 1_024
"""A text with more different values is only known or unknown."""

CLASSES = 20
"""A label of numbers with more different values is a quantity."""

_BITS = np.arange(1 << 16)
_ORDER = np.where(_BITS >> 15, 0xFFFF - _BITS, _BITS + 0x8000)
"""The first 16 bits of a float64 as a number that grows with it."""

_NAN = 0x7FF8


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as codes: 0 for no value, ``n`` for ``values[n - 1]``; None for just any value."""

    codes: Array
    values: Array | list[str] | None
    amounts: Array | None = None


def code_feature(array: pa.Array) -> Coded:
    """A feature: texts as they are, numbers by their first bits, of others only whether there is
    a value.
    """
    known = array.is_valid().to_numpy(zero_copy_only=False)
    kind = kind_of(str(array.type))
    if text_like(array):
        return _coded_text(array, known)
    if kind not in ("number", "boolean"):
        return Coded(known.astype(np.int64), None if known.any() else [])
    leading = _leading(_floats(array))
    used = np.flatnonzero(np.bincount(leading, minlength=_NAN + 1))
    used = used[used != _NAN]
    values = np.sort(_ORDER[used])
    place = np.zeros(len(_ORDER), np.int64)
    place[used] = 1 + np.searchsorted(values, _ORDER[used])
    return Coded(place[leading], values if len(values) else [])


def code_label(array: pa.Array) -> Coded:
    """The label: as a class by its exact value, and as a quantity if it is a number."""
    if kind_of(str(array.type)) not in ("number", "boolean"):
        return code_feature(array)
    floats = _floats(array)
    known = ~np.isnan(floats)
    different, place = np.unique(floats[known], return_inverse=True)
    codes = known.astype(np.int64)
    if len(different) > CLASSES:
        return Coded(codes, None, floats)
    codes[known] = place + 1
    amounts = None if pa.types.is_boolean(array.type) else floats
    return Coded(codes, different if len(different) else [], amounts)


def _floats(array: pa.Array) -> Array:
    """A column of numbers as float64, NaN where there is none."""
    floats = np.full(len(array), np.nan)
    floats[array.is_valid().to_numpy(zero_copy_only=False)] = numbers(array) + 0.0
    floats[np.isnan(floats)] = np.nan  # one of the many
    return floats


def _coded_text(array: pa.Array, known: Array) -> Coded:
    plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    words = plain.dictionary_encode()
    if len(words.dictionary) > MOST:
        return Coded(known.astype(np.int64), None)
    texts = words.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.zeros(max(len(texts), 1), np.int64)
    place[np.array(order, np.int64)] = np.arange(1, len(texts) + 1)
    indices = words.indices.fill_null(0).to_numpy(zero_copy_only=False)
    codes = np.where(plain.is_valid().to_numpy(zero_copy_only=False), place[indices], 0)
    return Coded(codes, [texts[i] for i in order])


def _leading(floats: Array) -> Array:
    """The first 16 bits of each number: sign, exponent, four bits of fraction."""
    return floats.astype("<f8", copy=False).view("<u2")[3::4]
