"""Columns: what a tally sees of one column of a batch, by the kind of its Arrow type."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.kernel.errors import SchemaMismatch
from rueda.kernel.tally import State, Tally

R = TypeVar("R")
Array = np.ndarray[Any, np.dtype[Any]]

Kind = Literal["number", "boolean", "text", "time", "binary", "other"]

_DICTIONARY = re.compile(r"dictionary<values=(.+?), indices=.*>")
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("number", re.compile(r"u?int(8|16|32|64)|halffloat|float(16|32|64)?|double|decimal.*")),
    ("boolean", re.compile(r"bool")),
    ("text", re.compile(r"(large_)?(string|utf8)|string_view")),
    ("time", re.compile(r"(date|time|timestamp|duration)\d*\[.*\]")),
    ("binary", re.compile(r"(large_)?binary|binary_view|fixed_size_binary.*")),
)


def kind_of(type_text: str) -> Kind:
    """The kind of a column whose Arrow type prints as ``type_text``."""
    if match := _DICTIONARY.fullmatch(type_text):
        return kind_of(match[1])
    for kind, pattern in _KINDS:
        if pattern.fullmatch(type_text):
            return kind
    return "other"


def column_of(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The column ``name`` of ``batch``.

    Raises
    ------
    SchemaMismatch
        There is none.
    """
    index = batch.schema.get_field_index(name)
    if index < 0:
        raise SchemaMismatch(
            f"a batch has no column {name!r}", expected=name, got=", ".join(batch.schema.names)
        )
    array = batch.column(index)
    if isinstance(array, (pa.StringViewArray, pa.BinaryViewArray)):
        # Arrow has few kernels for views.
        return array.cast(
            pa.large_string() if array.type == pa.string_view() else pa.large_binary()
        )
    return array


def numbers(array: pa.Array, name: str = "") -> Array:
    """The values of ``array`` that are not null: int64, uint64 or float64.

    Decimals become float64; times become int64 counts of their unit; booleans 0 and 1; binary
    values their lengths.

    Raises
    ------
    SchemaMismatch
        The column holds no numbers.
    """
    kind = kind_of(str(array.type))
    if kind == "binary":
        array = pc.binary_length(array)
    elif kind not in ("number", "time", "boolean"):
        raise SchemaMismatch(
            f"column {name!r} holds no numbers", expected="a number, time or boolean",
            got=str(array.type),
        )  # fmt: skip
    valid = array.drop_null() if array.null_count else array
    if pa.types.is_dictionary(valid.type):
        valid = valid.dictionary_decode()
    return _plain(valid)


def _plain(valid: pa.Array) -> Array:
    if pa.types.is_decimal(valid.type):
        valid = valid.cast(pa.float64())
    elif pa.types.is_temporal(valid.type):
        # 32-bit times have no cast to int64, only one to the int32 beneath.
        valid = valid.cast(pa.int32() if valid.type.bit_width == 32 else pa.int64())
    values: Array = valid.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        return values.astype(np.float64, copy=False)
    return values.astype(np.uint64 if values.dtype == np.uint64 else np.int64, copy=False)


def own(state: State) -> State:
    """A copy of ``state`` that shares no array with it: states are values."""
    if isinstance(state, dict):
        return {key: own(part) for key, part in state.items()}
    if isinstance(state, list):
        return list(state)
    return state.copy() if isinstance(state, np.ndarray) else state


@dataclass(frozen=True)
class ColumnTally(Tally[dict[str, R]]):
    """A tally that treats each of its columns alike: subclasses say how with one column.

    Parameters
    ----------
    columns
        The columns to summarize.
    """

    columns: tuple[str, ...]

    @abstractmethod
    def identity(self) -> State:
        """The state of a column without rows."""

    @abstractmethod
    def of(self, array: pa.Array, name: str) -> State:
        """The state of one chunk of a column."""

    @abstractmethod
    def join(self, left: State, right: State) -> State:
        """The state of two chunks."""

    @abstractmethod
    def answer(self, state: State) -> R:
        """The value for one column."""

    def empty(self) -> State:
        return {name: self.identity() for name in self.columns}

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return {
            name: self.join(state[name], self.of(column_of(batch, name), name))
            for name in self.columns
        }

    def merge(self, left: State, right: State) -> State:
        return {name: self.join(left[name], right[name]) for name in self.columns}

    def result(self, state: State) -> dict[str, R]:
        return {name: self.answer(state[name]) for name in self.columns}
