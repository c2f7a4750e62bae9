"""Counts: how often each value occurs, exactly, while there are few different ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.kernel.errors import SchemaMismatch
from rueda.kernel.tally import State
from rueda.tallies.column import Array, ColumnTally, kind_of, numbers, own

LIMIT = 4_096
TEXT_LIMIT_BYTES = 1 << 20

Values: TypeAlias = Array | list[str]
"""Different values in their order: an array of numbers, or a list of strings."""


def count_numbers(values: Array) -> tuple[Array, Array]:
    """The different ``values`` (no NaN among them), sorted, and how often each occurs.

    Sorting costs less than hashing here: numpy sorts numbers by vector instructions.
    """
    ordered = np.sort(values + 0.0 if values.dtype.kind == "f" else values)
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    starts = np.concatenate([np.zeros(min(1, len(ordered)), np.int64), starts])
    return ordered[starts], np.diff(starts, append=len(ordered))


def count_text(array: pa.Array, name: str = "") -> tuple[pa.Array, Array]:
    """The different strings in ``array``, nulls aside, in no promised order, and how often.

    Raises
    ------
    SchemaMismatch
        The column holds no strings.
    """
    if not text_like(array):
        raise SchemaMismatch(
            f"column {name!r} holds no strings", expected="strings", got=str(array.type)
        )
    if pa.types.is_dictionary(array.type):
        words = array.dictionary
        if words.null_count == 0 and len(words.unique()) == len(words):
            codes = array.indices.drop_null().to_numpy(zero_copy_only=False)
            counts = np.bincount(codes, minlength=len(words))
            used = np.flatnonzero(counts)
            return words.take(pa.array(used)), counts[used]
        array = array.dictionary_decode()
    counted = array.drop_null().value_counts()
    return counted.field("values"), counted.field("counts").to_numpy()


def sorted_text(values: pa.Array, counts: Array) -> tuple[list[str], Array]:
    """Strings and their counts in the order of their code points."""
    words = values.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    return [words[i] for i in order], counts[np.asarray(order, np.int64)].astype(np.int64)


def fits(values: Values | pa.Array, limit: int = LIMIT) -> bool:
    """Whether so few (and short) different values are counted one by one.

    It looks at the set of values alone, so the order of chunks cannot change the answer.
    """
    if len(values) > limit:
        return False
    if isinstance(values, pa.Array):
        return (pc.sum(pc.binary_length(values)).as_py() or 0) <= TEXT_LIMIT_BYTES
    if isinstance(values, list):
        return sum(len(v.encode()) for v in values) <= TEXT_LIMIT_BYTES
    return True


def join_counts(left: State, right: State) -> State:
    """The sum of two ``{"values", "counts"}``, sorted by value."""
    if not len(left["values"]) or not len(right["values"]):
        return own(right if len(right["values"]) else left)
    if isinstance(left["values"], list):
        sums = dict(zip(left["values"], left["counts"].tolist(), strict=True))
        for value, count in zip(right["values"], right["counts"].tolist(), strict=True):
            sums[value] = sums.get(value, 0) + count
        values = sorted(sums)
        return {"values": values, "counts": np.array([sums[v] for v in values], np.int64)}
    both = np.concatenate([left["values"], right["values"]])
    merged, place = np.unique(both, return_inverse=True)
    counts = np.zeros(len(merged), np.int64)
    np.add.at(counts, place, np.concatenate([left["counts"], right["counts"]]))
    return {"values": merged, "counts": counts}


def no_counts(kind: str) -> State:
    """The counts of a column without values."""
    values: Values = [] if kind == "text" else np.zeros(0, np.float64)
    return {"values": values, "counts": np.zeros(0, np.int64)}


@dataclass(frozen=True)
class Counts(ColumnTally[list[tuple[object, int]] | None]):
    """How often each value of a column occurs, while there are at most ``limit`` different ones.

    Parameters
    ----------
    columns
        Columns of numbers, times, booleans (counted as 0 and 1) or strings.
    limit
        A column with more different values is dropped.

    State
    -----
    For each column ``values`` (sorted) and ``counts``, or None once it was dropped. Strings are
    dropped, too, when the different ones take more than a megabyte.

    Result
    ------
    ``{column: [(value, count), …]}`` by falling count, then by value; None for a dropped column.
    Nulls and NaN are not counted.
    """

    limit: int = LIMIT

    def identity(self) -> State:
        return {"values": None, "counts": np.zeros(0, np.int64)}

    def of(self, array: pa.Array, name: str) -> State:
        if text_like(array):
            strings, often = count_text(array)
            if not fits(strings, self.limit):
                return None
            words, counts = sorted_text(strings, often)
            return {"values": words, "counts": counts} if words else self.identity()
        values = numbers(array, name)
        if values.dtype.kind == "f":
            values = values[~np.isnan(values)]
        different, counts = count_numbers(values)
        if not fits(different, self.limit):
            return None
        return {"values": different, "counts": counts} if len(different) else self.identity()

    def join(self, left: State, right: State) -> State:
        if left is None or right is None:
            return None
        if left["values"] is None or right["values"] is None:
            return own(right if left["values"] is None else left)
        both = join_counts(left, right)
        return both if fits(both["values"], self.limit) else None

    def answer(self, state: State) -> list[tuple[object, int]] | None:
        if state is None or state["values"] is None:
            return None if state is None else []
        return by_count(state["values"], state["counts"])


def text_like(array: pa.Array) -> bool:
    return kind_of(str(array.type)) == "text"


def by_count(values: Values, counts: Array, first: int | None = None) -> list[tuple[object, int]]:
    """Sorted values with their counts, the most frequent first, equal counts by value."""
    order = np.argsort(-counts, kind="stable")[:first]
    plain = values if isinstance(values, list) else values.tolist()
    return [(plain[i], int(counts[i])) for i in order]
