"""Seen: every value of a column, with its count."""

from __future__ import annotations

from dataclasses import dataclass

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
        values = found.field("values").to_pylist()
        return _ordered(dict(zip(values, found.field("counts").to_pylist(), strict=True))) | {
            "nulls": array.null_count
        }

    def join(self, left: State, right: State) -> State:
        nulls = left["nulls"] + right["nulls"]
        if not left["values"] or not right["values"]:
            kept = left if left["values"] else right
            return {**kept, "nulls": nulls}
        counts = dict(zip(left["values"], left["counts"].tolist(), strict=True))
        for value, count in zip(right["values"], right["counts"].tolist(), strict=True):
            counts[value] = counts.get(value, 0) + count
        return _ordered(counts) | {"nulls": nulls}

    def answer(self, state: State) -> dict[Value, int]:
        counts = dict(zip(state["values"], state["counts"].tolist(), strict=True))
        return counts | ({None: state["nulls"]} if state["nulls"] else {})


def _ordered(counts: dict[Value, int]) -> State:
    # -0.0 and 0.0 are one value, written 0.0: JSON has one zero.
    values = sorted((v + 0.0 if isinstance(v, float) else v) for v in counts)  # type: ignore[type-var]
    return {"values": values, "counts": np.array([counts[v] for v in values], np.int64)}
