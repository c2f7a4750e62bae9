"""RowSample: a few rows from everywhere in a stream, the same ones for the same stream."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

KEPT = 2_048


class RowSample:
    """Every n-th row; n doubles whenever more than ``2 * KEPT`` have come together."""

    def __init__(self) -> None:
        self._step = 1
        self._seen = 0
        self._parts: list[pa.RecordBatch] = []

    def see(self, batch: pa.RecordBatch) -> None:
        """Take what belongs to the sample from ``batch``, the next of the stream."""
        first = -self._seen % self._step
        self._seen += batch.num_rows
        places = np.arange(first, batch.num_rows, self._step)
        if not len(places) and self._parts:
            return
        self._parts.append(batch.take(pa.array(places)))
        while sum(part.num_rows for part in self._parts) > 2 * KEPT:
            rows = pa.concat_batches(self._parts)
            self._parts = [rows.take(pa.array(np.arange(0, rows.num_rows, 2)))]
            self._step *= 2

    @property
    def rows(self) -> pa.RecordBatch | None:
        """The sample, in the order of the stream; None before the first batch."""
        return pa.concat_batches(self._parts) if self._parts else None
