"""Buffers: what an Arrow array holds, as numpy sees it.

``pyarrow.Array.to_numpy`` imports pandas wherever it is installed: half a second of the first
request, and the memory of another server.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def values_with(column: pa.Array, dtype: str, null: object) -> np.ndarray:
    """The values of the fixed-width ``column``, ``null`` in the place of nulls; a copy."""
    rows, start = len(column), column.offset
    valid, content = column.buffers()
    if content is None or not rows:
        return np.full(rows, null, dtype=dtype)
    values = np.frombuffer(content, dtype=dtype, count=start + rows)[start:].copy()
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        values[bits[start : start + rows] == 0] = null
    return values
