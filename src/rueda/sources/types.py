"""The column types that a dataset keeps; other spellings of the same values are brought to them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt

from rueda.kernel.errors import SchemaMismatch
from rueda.sources.header import refuse_duplicates

DICTIONARY = pa.dictionary(pa.int32(), pa.string())


def kept_schema(schema: pa.Schema, source: str) -> pa.Schema:
    """``schema`` in the types that a dataset keeps.

    Raises
    ------
    SchemaMismatch
        A column is nested, or two have one name.
    """
    refuse_duplicates(source, schema.names)
    return pa.schema([pa.field(f.name, _kept(f, source), f.nullable) for f in schema])


def kept_types(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """``batch`` in the types of ``schema``, which ``kept_schema`` made."""
    arrays = [
        column if column.type == field.type else _changed(column, field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _kept(field: pa.Field, source: str) -> pa.DataType:
    kind = field.type
    if pt.is_dictionary(kind):
        text = pt.is_string(kind.value_type) or pt.is_large_string(kind.value_type)
        return DICTIONARY if text else kind.value_type
    if pt.is_large_string(kind) or pt.is_string_view(kind) or pt.is_null(kind):
        return pa.string()
    if pt.is_large_binary(kind) or pt.is_binary_view(kind) or pt.is_fixed_size_binary(kind):
        return pa.binary()
    # DuckDB's names for UTC.
    if pt.is_timestamp(kind) and kind.tz in ("Etc/UTC", "GMT", "+00:00", "Etc/GMT", "Zulu"):
        return pa.timestamp(kind.unit, "UTC")
    if pt.is_nested(kind) or pt.is_interval(kind):
        raise SchemaMismatch(
            f"column {field.name!r} of {source} is nested or an interval",
            expected="columns of single values",
            got=str(kind),
            do=f"take its parts in SQL, such as {field.name}.part, or leave it out there",
        )
    return kind


def _changed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pt.is_dictionary(column.type) and pt.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(
            column.indices.cast(pa.int32()), column.dictionary.cast(pa.string())
        )
    return column.cast(kind)
