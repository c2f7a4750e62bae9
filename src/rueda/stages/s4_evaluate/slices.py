"""Slices: everything measured again where a column has one value, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from rueda.kernel.digest import Json
from rueda.tallies.answers import Answers

MIN_ROWS = 50
MOST_VALUES = 20
PARTS = 4

Measure = Callable[[Answers], dict[str, dict[str, Json]]]


def slice_metrics(
    answers: Answers, columns: pa.Table, measure: Measure, primary: str, *, higher_is_better: bool
) -> list[dict[str, Json]]:
    """``[{"slice", "column", "rows", "metrics"}]`` for each value of each column of ``columns``.

    Values with fewer than 50 rows, and all but the 20 most frequent ones of a column, are left out.
    """
    # Sorted once here, every slice is sorted already.
    order = answers.ascending if answers.task == "binary" else np.arange(len(answers))
    ordered = answers.take(order)
    found = []
    for name in columns.column_names:
        for value, places in parts(columns.column(name), order):
            found.append(
                {
                    "slice": f"{name} = {value}",
                    "column": name,
                    "rows": len(places),
                    "metrics": measure(ordered.take(places)),
                }
            )
    return sorted(found, key=lambda one: _badness(one, primary, higher_is_better))


def parts(column: pa.ChunkedArray, order: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The places in ``order`` of each value of ``column``; ranges of a number with many values."""
    labels, codes = _values(column)
    codes = codes[order]
    counts = np.bincount(codes, minlength=len(labels))
    by_code = np.argsort(codes, kind="stable")
    starts = np.cumsum(counts) - counts
    for code in np.argsort(-counts, kind="stable")[:MOST_VALUES]:
        if counts[code] >= MIN_ROWS:
            yield labels[code], by_code[starts[code] : starts[code] + counts[code]]


def _values(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    if kinds.is_temporal(column.type) and not kinds.is_time(column.type):
        column = pc.strftime(column, format="%Y-%m")
    number = kinds.is_integer(column.type) or kinds.is_floating(column.type)
    if number or kinds.is_decimal(column.type):
        values = column.cast(pa.float64()).to_numpy()
        distinct = np.unique(values[np.isfinite(values)])
        if len(distinct) > MOST_VALUES:
            return _ranges(values)
    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    labels = [_text(value) for value in encoded.dictionary.to_pylist()]
    return labels, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _ranges(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Four ranges with as many rows each, and the rows without a number."""
    finite = np.isfinite(values)
    edges = np.unique(np.quantile(values[finite], np.linspace(0, 1, PARTS + 1)))
    codes = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
    codes = np.where(finite, codes, len(edges) - 1).astype(np.int64)
    labels = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return [*labels, "null"], codes


def _text(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _badness(one: dict[str, Json], primary: str, higher_is_better: bool) -> tuple[bool, float, str]:
    value = one["metrics"][primary]["value"]
    if value is None:
        return True, 0.0, one["slice"]
    return False, value if higher_is_better else -value, one["slice"]


def slice_columns(wanted: Sequence[str], positions: np.ndarray, table: pa.Table) -> pa.Table:
    """The columns ``wanted`` of the judged rows."""
    return table.select(list(wanted)).take(pa.array(positions))
