"""Profile: what every column of a table holds, in one mergeable pass.

A column with few different values is counted value by value, and that answers everything exactly.
Beyond ``LIMIT`` values its counts turn into sketches: moments, buckets, registers, the most
frequent. Each sketch is a function of the counted values, so a column is exact if, and only if, it
holds few different ones, whatever the chunks were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.kernel.digest import Json
from rueda.kernel.tally import State, Tally
from rueda.tallies.column import Array, Kind, column_of, kind_of, numbers, own
from rueda.tallies.counts import (
    count_numbers,
    count_text,
    fits,
    join_counts,
    no_counts,
    sorted_text,
)
from rueda.tallies.describe import describe_column
from rueda.tallies.distinct import registers_of
from rueda.tallies.frequent import clip, frequent_join, frequent_of
from rueda.tallies.grid import grid_join, grid_of
from rueda.tallies.hashing import hash_bytes, hash_numbers
from rueda.tallies.moments import moments_join, moments_of
from rueda.tallies.quantiles import buckets_join, buckets_of


@dataclass(frozen=True)
class ProfileTally(Tally[dict[str, Json]]):
    """Counts, nulls, distinct, extremes, moments, quantiles, top values and histogram of columns.

    Parameters
    ----------
    columns
        The name and the Arrow type (as Arrow prints it) of each column.

    State
    -----
    ``{"rows", "columns": {name: {"nulls", "nan", "exact", "sketch"}}}``: ``exact`` is the values
    and their counts while there are at most 4,096 different ones, ``sketch`` what replaces them.

    Result
    ------
    ``{"rows", "columns": {name: …}}``, see ``rueda.tallies.describe``; canonical JSON.

    Raises
    ------
    SchemaMismatch
        A batch lacks a column, or holds one of another kind.

    Notes
    -----
    Binary columns are described by their lengths; of nested ones only nulls are counted.
    The state is a function of the rows alone, but for the last bits of moments, and ``frequent``,
    which sums what was frequent in each chunk and states its error.
    """

    columns: tuple[tuple[str, str], ...]

    @classmethod
    def of_schema(cls, schema: pa.Schema) -> Self:
        """The profile of every column of ``schema``."""
        return cls(tuple((field.name, str(field.type)) for field in schema))

    def empty(self) -> State:
        return {
            "rows": 0,
            "columns": {name: column_identity(kind_of(type_)) for name, type_ in self.columns},
        }

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return self.merge(state, self._of(batch))

    def merge(self, left: State, right: State) -> State:
        joined = {
            name: column_join(kind_of(type_), left["columns"][name], right["columns"][name])
            for name, type_ in self.columns
        }
        return {"rows": left["rows"] + right["rows"], "columns": joined}

    def result(self, state: State) -> dict[str, Json]:
        described = {
            name: describe_column(type_, state["rows"], state["columns"][name])
            for name, type_ in self.columns
        }
        return {"rows": state["rows"], "columns": described}

    def _of(self, batch: pa.RecordBatch) -> State:
        columns = {
            name: column_state(kind_of(type_), column_of(batch, name), name)
            for name, type_ in self.columns
        }
        return {"rows": batch.num_rows, "columns": columns}


def column_identity(kind: Kind) -> State:
    """The state of a column without rows."""
    return {"nulls": 0, "nan": 0, "exact": no_counts(kind), "sketch": None}


def column_state(kind: Kind, array: pa.Array, name: str = "") -> State:
    """The state of one chunk of a column."""
    state = {**column_identity(kind), "nulls": array.null_count}
    if kind == "other" or array.null_count == len(array):
        return state
    if kind == "text":
        return {**state, **_text_state(array, name)}
    values = numbers(array, name)
    if values.dtype.kind == "f":
        known = values[~np.isnan(values)]
        state["nan"] = len(values) - len(known)
        values = known
    different, counts = count_numbers(values)
    if fits(different):
        return {**state, "exact": {"values": different, "counts": counts}}
    return {**state, "exact": None, "sketch": _number_sketch(kind, different, counts)}


def column_join(kind: Kind, left: State, right: State) -> State:
    """The state of two chunks of a column."""
    state = {
        "nulls": left["nulls"] + right["nulls"],
        "nan": left["nan"] + right["nan"],
        "exact": None,
        "sketch": None,
    }
    if left["exact"] is not None and right["exact"] is not None:
        both = join_counts(left["exact"], right["exact"])
        if fits(both["values"]):
            return {**state, "exact": both}
        return {**state, "sketch": _sketch(kind, both)}
    parts = [
        part["sketch"] if part["exact"] is None else _sketch(kind, part["exact"])
        for part in (left, right)
        if part["exact"] is None or len(part["exact"]["values"])
    ]
    return {**state, "sketch": _sketch_join(kind, *parts) if len(parts) > 1 else own(parts[0])}


def _text_state(array: pa.Array, name: str) -> State:
    words, often = count_text(array, name)
    if fits(words):
        values, counts = sorted_text(words, often)
        return {"exact": {"values": values, "counts": counts}}
    return {"exact": None, "sketch": _text_sketch(words, often)}


def _sketch(kind: Kind, counted: State) -> State:
    """What the counted values look like as a sketch."""
    if kind == "text":
        return _text_sketch(pa.array(counted["values"], pa.large_string()), counted["counts"])
    return _number_sketch(kind, counted["values"], counted["counts"])


def _text_sketch(words: pa.Array, counts: Array) -> State:
    bounds = pc.min_max(words).as_py()
    return {
        "values": int(counts.sum()),
        "registers": registers_of(hash_bytes(words)),
        "frequent": frequent_of(words, counts, "text"),
        "min": clip(bounds["min"]),
        "max": clip(bounds["max"]),
    }


def _number_sketch(kind: Kind, values: Array, counts: Array) -> State:
    sketch = {
        "registers": registers_of(hash_numbers(values)),
        "frequent": frequent_of(values, counts, kind),
        "infinite": [0, 0],
    }
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        sketch["infinite"] = [int(counts[values == end].sum()) for end in (-np.inf, np.inf)]
        values, counts = values[finite], counts[finite]
    sketch["moments"] = moments_of(values, counts)
    if kind == "time":
        return {**sketch, "grid": grid_of(values, counts)}
    return {**sketch, "buckets": buckets_of(values, counts)}


def _sketch_join(kind: Kind, left: State, right: State) -> State:
    both = {
        "registers": np.maximum(left["registers"], right["registers"]),
        "frequent": frequent_join(left["frequent"], right["frequent"]),
    }
    if kind == "text":
        low, high = min(left["min"], right["min"]), max(left["max"], right["max"])
        values = left["values"] + right["values"]
        return {**both, "values": values, "min": low, "max": high}
    both["infinite"] = [a + b for a, b in zip(left["infinite"], right["infinite"], strict=True)]
    both["moments"] = moments_join(left["moments"], right["moments"])
    if kind == "time":
        return {**both, "grid": grid_join(left["grid"], right["grid"])}
    return {**both, "buckets": buckets_join(left["buckets"], right["buckets"])}
