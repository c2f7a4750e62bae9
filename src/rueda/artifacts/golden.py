"""Golden: rows with the scores that a release must give them, kept inside the release."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from rueda.kernel.digest import Json


@dataclass(frozen=True)
class Golden:
    """Rows as a client would send them, and the scores of the training path.

    Attributes
    ----------
    rows
        One JSON object a row.
    scores
        One list a row (probabilities), or one number a row (regression).
    """

    rows: Sequence[Mapping[str, Json]]
    scores: np.ndarray

    def to_bytes(self) -> bytes:
        # Not canonical JSON: 64-bit integers stand here in full.
        tree = {"rows": list(self.rows), "scores": self.scores.tolist()}
        return json.dumps(tree, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Golden:
        tree = json.loads(content)
        return cls(tree["rows"], np.asarray(tree["scores"], dtype=np.float64))


def wire_rows(batch: pa.RecordBatch) -> list[dict[str, Json]]:
    """``batch`` as the rows that a client sends; ``rueda.artifacts.rows`` reads them back as they
    were. Numbers that are not finite, which JSON lacks, become null.
    """
    columns = [_wire(column) for column in batch.columns]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _wire(column: pa.Array) -> list[Json]:
    kind = column.type
    if kinds.is_dictionary(kind):
        return _wire(column.dictionary_decode())
    if kinds.is_floating(kind):
        return [v if v is not None and np.isfinite(v) else None for v in column.to_pylist()]
    if kinds.is_timestamp(kind) and kind.tz is not None:
        plain = column.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.timestamp(kind.unit))
        return [None if v is None else f"{v}Z" for v in plain.cast(pa.string()).to_pylist()]
    if kinds.is_temporal(kind) or kinds.is_decimal(kind):
        return list(column.cast(pa.string()).to_pylist())
    return list(column.to_pylist())
