"""Reader: the raw columns of a batch, as planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.preparation.buffers import values_with
from rueda.artifacts.preparation.layout import (
    FLAG,
    NUMBER,
    OTHER,
    TEXT,
    TIME,
    Layout,
    span,
)
from rueda.artifacts.preparation.planes import Levels, Planes
from rueda.artifacts.signature import Field
from rueda.kernel.errors import SchemaMismatch
from rueda.tallies.column import kind_of

_FEW = 32
"""Up to so many rows a Python list of strings is cheaper than a dictionary of Arrow."""

_LARGEST = float(np.finfo(np.float32).max)
"""A number beyond float32, infinity included, cannot reach a model: it is read as null."""

_UNIT_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


_KINDS = {"number": NUMBER, "boolean": FLAG, "text": TEXT, "binary": OTHER, "other": OTHER}


def raw_kind(type_text: str) -> str:
    """The kind of a raw column whose Arrow type prints as ``type_text``: what steps may do with it.

    Times of day and durations are numbers of seconds; a column that is null throughout has none.
    """
    if type_text == "null":
        return NUMBER
    kind = kind_of(type_text)
    if kind == "time":
        return TIME if "timestamp" in type_text or "date" in type_text else NUMBER
    return _KINDS[kind]


class Reader:
    """Reads the inputs of a preparation out of batches of one schema.

    Raises
    ------
    SchemaMismatch
        The schema lacks an input, or has it as another kind.
    """

    def __init__(self, inputs: Sequence[Field], layout: Layout, schema: pa.Schema) -> None:
        self.schema = schema
        self._size = layout.size
        _check(inputs, schema)
        plain: list[tuple[int, int]] = []
        self._numbers: list[tuple[int, int]] = []
        self._texts: list[tuple[int, str]] = []
        self._times: list[tuple[int, str]] = []
        for field in inputs:
            position = schema.get_field_index(field.name)
            kind = raw_kind(field.type)
            if kind == OTHER:
                continue
            if kind == TEXT:
                self._texts.append((position, field.name))
            elif kind == TIME:
                self._times.append((position, field.name))
            elif _is_plain(schema.field(position).type):
                plain.append((position, layout.plane(field.name)))
            else:
                self._numbers.append((position, layout.plane(field.name)))
        self._plain = [position for position, _ in plain]
        self._plain_span = span([plane for _, plane in plain])

    def read(self, batch: pa.RecordBatch) -> Planes:
        """The inputs in ``batch``; the batch is not changed."""
        planes = Planes(self._size, batch.num_rows)
        if self._plain:
            # One call for all plain columns; it widens each pair of types without loss.
            tensor = batch.select(self._plain).to_tensor(null_to_nan=True)
            block = tensor.to_numpy().T.astype(np.float64)
            block[~(np.abs(block) <= _LARGEST)] = np.nan
            planes.numbers[self._plain_span] = block
        for position, plane in self._numbers:
            planes.numbers[plane] = _numbers(batch.column(position))
        for position, name in self._texts:
            planes.texts[name] = _levels(batch.column(position))
        for position, name in self._times:
            planes.times[name] = _times(batch.column(position))
        return planes


def _check(inputs: Sequence[Field], schema: pa.Schema) -> None:
    missing = [f.name for f in inputs if schema.get_field_index(f.name) < 0]
    if missing:
        raise SchemaMismatch(
            "a batch lacks columns that the preparation was fitted on",
            expected=", ".join(f.name for f in inputs),
            got=", ".join(schema.names),
            do=f"add {', '.join(missing)} (null where unknown), or fit again without",
        )
    for field in inputs:
        found = schema.field(field.name).type
        if not _fits(raw_kind(field.type), found):
            raise SchemaMismatch(
                f"the column {field.name!r} is not of the type that the preparation was fitted on",
                expected=field.type,
                got=str(found),
                do=f"cast {field.name!r} to {field.type}",
            )


def _fits(kind: str, found: pa.DataType) -> bool:
    got = raw_kind(str(found))
    return pa.types.is_null(found) or got == kind or {got, kind} == {NUMBER, FLAG}


def _is_plain(column_type: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(column_type)
        or pa.types.is_float32(column_type)
        or pa.types.is_float64(column_type)
    )


def _numbers(column: pa.Array) -> np.ndarray:
    column_type = column.type
    if pa.types.is_dictionary(column_type):
        return _numbers(column.dictionary_decode())
    factor = 1.0
    if pa.types.is_time(column_type) or pa.types.is_duration(column_type):
        factor = _UNIT_S[column_type.unit]
        column = column.view(pa.int32() if pa.types.is_time32(column_type) else pa.int64())
    elif pa.types.is_boolean(column_type):
        column = column.cast(pa.uint8())
    numbers = values_with(column.cast(pa.float64(), safe=False), "float64", np.nan) * factor
    numbers[~(np.abs(numbers) <= _LARGEST)] = np.nan
    return numbers


def _levels(column: pa.Array) -> Levels:
    rows = len(column)
    if rows <= _FEW:
        return Levels(np.arange(rows), [*column.to_pylist(), None])
    if pa.types.is_null(column.type):
        return Levels(np.full(rows, -1), [None])
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = values_with(column.indices.cast(pa.int64()), "int64", -1)
    return Levels(codes, [*column.dictionary.to_pylist(), None])


def _times(column: pa.Array) -> np.ndarray:
    if pa.types.is_null(column.type):
        return np.full(len(column), np.datetime64("NaT"), dtype="datetime64[us]")
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        # The parts of a moment are those of the clock on its own wall.
        column = pc.local_timestamp(column)
    unit = "D" if pa.types.is_date32(column.type) else getattr(column.type, "unit", "ms")
    plain = column.view(pa.int32() if unit == "D" else pa.int64()).cast(pa.int64())
    return values_with(plain, f"datetime64[{unit}]", np.datetime64("NaT"))
