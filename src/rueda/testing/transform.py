"""The laws of a Transform: one function each, named by what it holds a transform to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa

from rueda.kernel.transform import Transform

Make: TypeAlias = Callable[[], Transform]

SINGLE_ROWS = 40
"""So many rows of a batch are also sent alone."""


def check_transform(make: Make, batch: pa.RecordBatch) -> None:
    """Hold the transform that ``make`` gives to every law, over the rows of ``batch``.

    Parameters
    ----------
    make
        Gives the transform; called anew for each law.
    batch
        Ten rows or more that the transform takes, nulls among them where it takes nulls.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for law in TRANSFORM_LAWS:
        law(make, batch)


def keeps_the_number_of_rows(make: Make, batch: pa.RecordBatch) -> None:
    transform = make()
    for rows in (batch.num_rows, 3, 1, 0):
        assert transform.apply(batch.slice(0, rows)).num_rows == rows, f"{rows} rows in"


def gives_the_same_columns_always(make: Make, batch: pa.RecordBatch) -> None:
    """Names and types are those of the transform, not of the rows that happen to come."""
    transform = make()
    expected = transform.apply(batch).schema
    for part in (batch.slice(0, 0), batch.slice(1, 1), all_null(batch)):
        assert transform.apply(part).schema.equals(expected)


def gives_the_same_bits_twice(make: Make, batch: pa.RecordBatch) -> None:
    transform = make()
    first = bits(transform.apply(batch))
    assert bits(transform.apply(batch)) == first, "one transform, twice"
    assert bits(make().apply(batch)) == first, "two transforms"


def treats_each_row_alone(make: Make, batch: pa.RecordBatch) -> None:
    """Split anywhere, in any order, row by row: an answer does not depend on its company."""
    transform = make()
    whole = transform.apply(batch)
    for cut in (1, batch.num_rows // 3, batch.num_rows - 1):
        parts = [transform.apply(batch.slice(0, cut)), transform.apply(batch.slice(cut))]
        assert bits(_joined(parts)) == bits(whole), f"split after row {cut}"
    order = pa.array(np.random.default_rng(0).permutation(batch.num_rows))
    assert bits(transform.apply(batch.take(order))) == bits(whole.take(order)), "in another order"
    for row in range(min(SINGLE_ROWS, batch.num_rows)):
        alone = transform.apply(copied(batch.slice(row, 1)))
        assert bits(alone) == bits(whole.slice(row, 1)), f"row {row} alone"


def changes_no_input(make: Make, batch: pa.RecordBatch) -> None:
    sent = copied(batch)
    make().apply(sent)
    assert bits(sent) == bits(batch)


def takes_nulls_throughout(make: Make, batch: pa.RecordBatch) -> None:
    nulls = all_null(batch)
    transform = make()
    whole = transform.apply(nulls)
    assert whole.num_rows == nulls.num_rows
    assert bits(transform.apply(nulls.slice(2, 1))) == bits(whole.slice(2, 1))


def ignores_other_columns(make: Make, batch: pa.RecordBatch) -> None:
    """Neither the order of the columns nor one more changes a bit."""
    more = batch.append_column("no column of the transform", pa.array(range(batch.num_rows)))
    mixed = more.select(list(reversed(more.schema.names)))
    transform = make()
    assert bits(transform.apply(mixed)) == bits(transform.apply(batch))


def comes_back_from_json(make: Make, batch: pa.RecordBatch) -> None:
    """For a transform with ``to_json`` and ``from_json``: the same bits after a round trip."""
    transform: Any = make()
    if not hasattr(transform, "to_json"):
        return
    tree = json.loads(json.dumps(transform.to_json()))
    again = type(transform).from_json(tree)
    assert bits(again.apply(batch)) == bits(transform.apply(batch))
    assert again.to_json() == tree


TRANSFORM_LAWS = (
    keeps_the_number_of_rows,
    gives_the_same_columns_always,
    gives_the_same_bits_twice,
    treats_each_row_alone,
    changes_no_input,
    takes_nulls_throughout,
    ignores_other_columns,
    comes_back_from_json,
)


def bits(batch: pa.RecordBatch) -> bytes:
    """The bytes of ``batch``, wherever its buffers lie: equal NaNs are equal."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(copied(batch))
    return cast(bytes, sink.getvalue().to_pybytes())


def copied(batch: pa.RecordBatch) -> pa.RecordBatch:
    """``batch`` in buffers of its own."""
    return batch.take(pa.array(range(batch.num_rows), pa.int64()))


def all_null(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Five rows of null in the columns of ``batch``."""
    return pa.RecordBatch.from_arrays(
        [pa.nulls(5, field.type) for field in batch.schema], names=batch.schema.names
    )


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    (batch,) = pa.Table.from_batches(parts).combine_chunks().to_batches()
    return batch
