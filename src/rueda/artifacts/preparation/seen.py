"""Seen: every value of a column, with its count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.preparation.categories import Value
from rueda.kernel.tally import State
from rueda.tallies.column import ColumnTally


@dataclass(frozen=True)
class Seen(ColumnTally[dict[Value, int]]):
    """The distinct values of text or number columns with their counts, exactly.

    State
    -----
    For each column ``values`` (a list, sorted) and their ``counts`` (int64), and the count of
    ``nulls``.

    Result
    ------
    ``{column: {value: count}}``: sorted values, null last and only where there is one.

    Notes
    -----
    O(distinct values) memory: for columns whose categories are wanted, all of them.
    """

    def identity(self) -> State:
        return {"values": [], "counts": np.zeros(0, np.int64), "nulls": 0}

    def of(self, array: pa.Array, name: str) -> State:  # noqa: ARG002 - part of the contract
        valid = array.drop_null()
        if pa.types.is_dictionary(valid.type):
            valid = valid.dictionary_decode()
        found = pc.value_counts(valid)
        values, counts = (found.field(name).to_pylist() for name in ("values", "counts"))
        return _added(zip(values, counts, strict=True)) | {"nulls": array.null_count}

    def join(self, left: State, right: State) -> State:
        parts = (zip(p["values"], p["counts"].tolist(), strict=True) for p in (left, right))
        return _added(chain(*parts)) | {"nulls": left["nulls"] + right["nulls"]}

    def answer(self, state: State) -> dict[Value, int]:
        counts = dict(zip(state["values"], state["counts"].tolist(), strict=True))
        return counts | ({None: state["nulls"]} if state["nulls"] else {})


def _added(pairs: Iterable[tuple[Value, int]]) -> State:
    counts: dict[Value, int] = {}
    for value, count in pairs:
        # -0.0 and 0.0 are one value, written 0.0: JSON has one zero.
        plain = value + 0.0 if isinstance(value, float) else value
        counts[plain] = counts.get(plain, 0) + count
    values = sorted(counts)  # type: ignore[type-var]
    return {"values": values, "counts": np.array([counts[v] for v in values], np.int64)}
