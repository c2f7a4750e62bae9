"""Transform: one batch to one batch, row for row."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import pyarrow as pa

Batch = pa.RecordBatch
"""A ``pyarrow.RecordBatch``; no wrapper around it."""


@runtime_checkable
class Transform(Protocol):
    """A map over batches that keeps the number and order of rows and changes no argument."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The transformed batch: as many rows, in the same order."""
        ...
