"""What the tests of the steps share: a table, and fitting on it in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.artifacts.preparation import Preparation, fit_preparation
from rueda.artifacts.preparation.step import Step
from rueda.engines.threads import ThreadEngine
from rueda.kernel.digest import Digest, digest_json


@dataclass(frozen=True)
class Piece:
    """A chunk in memory."""

    whole: pa.RecordBatch

    @property
    def digest(self) -> Digest:
        return digest_json(self.rows)

    @property
    def rows(self) -> int:
        return int(self.whole.num_rows)

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.whole.select(list(columns)) if columns else self.whole


def fitted(batch: pa.RecordBatch, *steps: Step, pieces: int = 3, workers: int = 2) -> Preparation:
    size = max(1, -(-batch.num_rows // pieces))
    chunks = [Piece(batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
    return fit_preparation(steps, batch.schema, chunks, ThreadEngine(workers=workers))


def exact(preparation: Preparation, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
    """The columns before the rounding to float32; null is NaN."""
    columns = preparation.columns(batch)
    return {
        name: columns[name].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in preparation.outputs
    }


def numbers(rows: int = 5_000, seed: int = 0) -> pa.RecordBatch:
    """Number columns of several shapes, with nulls."""
    drawn = np.random.default_rng(seed)
    holes = [drawn.random(rows) < share for share in (0.1, 0.3, 0.0, 0.02, 0.5, 0.1)]
    columns = {
        "normal": drawn.normal(100, 15, rows),
        "wide": drawn.lognormal(0, 6, rows),
        "whole": drawn.integers(-50, 50, rows),
        "far": 1e9 + drawn.random(rows),
        "zeros": np.where(drawn.random(rows) < 0.7, 0.0, drawn.normal(size=rows)),
        "constant": np.full(rows, 3.25),
    }
    arrays = [pa.array(v, mask=h) for v, h in zip(columns.values(), holes, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def as_matrix(batch: pa.RecordBatch) -> np.ndarray:
    columns = [c.to_numpy(zero_copy_only=False).astype(np.float64) for c in batch.columns]
    return np.column_stack(columns)
