"""Sample: golden rows, real ones and the odd ones that production will send."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.dataset import Split
from rueda.artifacts.signature import Field, Signature
from rueda.stages.s5_register.sign import with_value

UNSEEN = "∅ never seen"


def sample(split: Split, signature: Signature, rows: int) -> pa.RecordBatch:
    """``rows`` rows of ``split`` spread evenly, the extremes of each feature, and made-up rows: one
    with null in each column that may be null, one with an unseen category in each text column, and
    one with null wherever it may be.
    """
    names = signature.schema.names
    real = _finite(_spread(split, names, rows))
    first = real.slice(0, 1)
    batches = [real, _extremes(split, signature), *_odd(first, signature)]
    table = pa.Table.from_batches([_typed(batch, signature.schema) for batch in batches])
    (batch,) = table.combine_chunks().to_batches()
    return batch


def _spread(split: Split, names: list[str], rows: int) -> pa.RecordBatch:
    picks = np.unique(np.linspace(0, split.rows - 1, min(rows, split.rows)).round().astype(int))
    taken, start = [], 0
    for batch in split.batches(names):
        inside = picks[(picks >= start) & (picks < start + batch.num_rows)] - start
        taken.append(batch.take(pa.array(inside)))
        start += batch.num_rows
    (found,) = pa.Table.from_batches(taken).combine_chunks().to_batches()
    return found


def _extremes(split: Split, signature: Signature) -> pa.RecordBatch:
    """The rows in which a number, a date or a time is the smallest or the largest."""
    ends = [_ends(_finite(b), signature) for b in split.batches(signature.schema.names)]
    found = pa.Table.from_batches(ends).combine_chunks().to_batches()
    # Texts and flags alone have no extremes, and no batch comes of no rows.
    return _ends(found[0], signature) if found else ends[0]


def _ends(batch: pa.RecordBatch, signature: Signature) -> pa.RecordBatch:
    places: set[int] = set()
    for field, column in zip(signature.inputs, batch.columns, strict=True):
        if _is_ordered(field) and column.null_count < len(column):
            order = _comparable(column)
            ends = pc.min_max(order)
            places |= {pc.index(order, ends[end]).as_py() for end in ("min", "max")}
    return batch.take(pa.array(sorted(places), pa.int64()))


def _comparable(column: pa.Array) -> pa.Array:
    """``column`` in a type that Arrow finds the extremes of, in the same order."""
    if pa.types.is_float16(column.type):
        return column.cast(pa.float32())
    return column.cast(pa.int64()) if pa.types.is_duration(column.type) else column


def _is_ordered(field: Field) -> bool:
    kind = field.arrow
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind)
    )


def _odd(row: pa.RecordBatch, signature: Signature) -> Iterator[pa.RecordBatch]:
    empty = row
    for field in signature.inputs:
        kind = field.arrow
        if field.nullable:
            yield with_value(row, field.name, None)
            empty = with_value(empty, field.name, None)
        if (
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_dictionary(kind)
        ):
            yield with_value(row, field.name, UNSEEN)
    yield empty


def _finite(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Null for NaN and infinity, which JSON cannot send."""
    columns = [
        pc.if_else(pc.fill_null(pc.is_finite(column), False), column, pa.scalar(None, column.type))
        if pa.types.is_floating(column.type)
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
