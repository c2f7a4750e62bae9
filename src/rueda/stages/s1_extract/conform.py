"""Bring rows to the types of a reviewed schema, where nothing can be lost by it.

A month without a decimal point reads as whole numbers, and a column without a value as text; the
schema knows better.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt

from rueda.artifacts.schema import Schema
from rueda.kernel.errors import SchemaMismatch


def conformed_schema(schema: pa.Schema, expected: Schema | None) -> pa.Schema:
    """``schema`` with the expected types, where they are wider."""
    if expected is None:
        return schema
    kinds = {column.name: column.arrow for column in expected.columns}
    return pa.schema([f.with_type(_wider(f.type, kinds.get(f.name, f.type))) for f in schema])


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """``batch`` in the types of ``schema``.

    Raises
    ------
    SchemaMismatch
        A column of text holds something where the schema has another type.
    """
    if batch.schema.equals(schema):
        return batch
    arrays = [_cast(a, f) for a, f in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _wider(kind: pa.DataType, expected: pa.DataType) -> pa.DataType:
    integer_up = pt.is_integer(kind) and (pt.is_floating(expected) or pt.is_string(expected))
    date_up = pt.is_date(kind) and pt.is_timestamp(expected) and expected.tz is None
    dictionary = pt.is_dictionary(kind) and pt.is_string(expected)
    empty = pt.is_string(kind)
    return expected if integer_up or date_up or dictionary or empty else kind


def _cast(column: pa.Array, field: pa.Field) -> pa.Array:
    if column.type == field.type:
        return column
    if pt.is_string(column.type) and column.null_count < len(column):
        raise SchemaMismatch(
            f"column {field.name!r} holds text where the schema has {field.type}",
            expected=f"values of type {field.type}",
            got=repr(column.drop_null()[0].as_py()),
            do="mend the column, or change its type in the schema file",
        )
    if pt.is_string(column.type):
        return pa.nulls(len(column), field.type)
    return column.cast(field.type)
