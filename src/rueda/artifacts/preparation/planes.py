"""Planes: the columns of one batch while a preparation works on them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rueda.artifacts.preparation.layout import FLAG, NUMBER, TEXT, TIME, Layout


class Levels:
    """A column as codes into its few different values; the last value is always None, so that the
    code -1 is null. Never changed.
    """

    # No dataclass: a frozen one takes three times as long to make, several times a request.
    __slots__ = ("codes", "values")

    def __init__(self, codes: np.ndarray, values: list[Hashable]) -> None:
        self.codes = codes
        self.values = values

    def fill(self, value: Hashable) -> Levels:
        """The same column with ``value`` in the place of null."""
        # The null of a dictionary may hide in the middle of the values too.
        filled = [value if v is None else v for v in self.values]
        return Levels(self.codes % len(filled), [*filled, None])

    def look_up(self, table: Mapping[Any, int], unseen: int) -> np.ndarray:
        """``table[value]`` for each row, and ``unseen`` for a value that it lacks."""
        places = np.array([table.get(v, unseen) for v in self.values], dtype=np.intp)
        return np.asarray(places[self.codes])


class Planes:
    """The working state: float64 ``numbers`` (planes x rows), ``texts`` and ``times`` by name.

    ``times`` are ``datetime64`` in the column's own zone, null is NaT.
    """

    __slots__ = ("numbers", "rows", "texts", "times")

    def __init__(self, size: int, rows: int) -> None:
        self.numbers = np.zeros((size, rows))
        self.rows = np.arange(rows)
        self.texts: dict[str, Levels] = {}
        self.times: dict[str, np.ndarray] = {}

    def levels(self, name: str, plane: int | None) -> Levels:
        """The column ``name`` as levels: a text, or the numbers of ``plane``."""
        if plane is None:
            return self.texts[name]
        return number_levels(self.numbers[plane])


Operation: TypeAlias = Callable[[Planes], None]
"""What a bound step does to the planes of a batch."""


def number_levels(numbers: np.ndarray) -> Levels:
    """``numbers`` as levels; NaN is null."""
    values, codes = np.unique(numbers, return_inverse=True)
    if len(values) and np.isnan(values[-1]):
        values = values[:-1]
        codes = np.where(codes == len(values), -1, codes)
    return Levels(codes, [*values.tolist(), None])


def planes_batch(planes: Planes, layout: Layout) -> pa.RecordBatch:
    """The columns of ``layout`` as a batch: float64, strings and naive timestamps, null for NaN."""
    arrays = []
    names = layout.names(NUMBER, FLAG, TEXT, TIME)
    for name in names:
        kind = layout.kind(name)
        if kind in (NUMBER, FLAG):
            # `from_pandas` reads NaN as null.
            arrays.append(pa.array(planes.numbers[layout.plane(name)], from_pandas=True))
        elif kind == TEXT:
            levels = planes.texts[name]
            codes = pa.array(levels.codes % len(levels.values), pa.int64())
            arrays.append(pa.array(levels.values, pa.string()).take(codes))
        else:
            arrays.append(pa.array(planes.times[name].astype("datetime64[us]")))
    return pa.RecordBatch.from_arrays(arrays, names=list(names))
