"""From a source to a dataset: every row lands on exactly one side, and is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from rueda.artifacts.dataset import QUARANTINE, DatasetWriter
from rueda.artifacts.schema import Schema
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import Defect
from rueda.kernel.seams import Rejected, Source
from rueda.kernel.stage import Context
from rueda.stages.s1_extract.conform import conform, conformed_schema
from rueda.stages.s1_extract.roles import chosen_columns
from rueda.stages.s1_extract.sides import (
    ColumnSide,
    KeySide,
    Mask,
    Moments,
    Side,
    TimeSide,
    moment_number,
    moment_text,
)
from rueda.stages.s1_extract.spec import ByColumn, ByKey, Extract
from rueda.stages.s1_extract.spool import Spool


def read_dataset(
    source: Source, spec: Extract, version: Digest, expected: Schema | None, context: Context
) -> Artifact:
    """All rows of ``source`` as a dataset, in the types of ``expected`` where those are wider.

    Raises
    ------
    Defect
        A row was lost, or counted twice.
    """
    intake = _Intake(source, spec, expected, context)
    with Spool(context.scratch) as spool:
        side, split = _side(intake, spec, spool)
        for batch in spool.batches() if spool.used else intake.batches():
            _place(batch, side, intake, spec)
    return intake.finish({"source": version, "split": split})


class _Intake:
    """The rows of a source on their way into a dataset, each counted once as it comes."""

    def __init__(
        self, source: Source, spec: Extract, expected: Schema | None, context: Context
    ) -> None:
        self._rejected: list[Rejected] = []
        self._stream = source.batches(self._rejected.append)
        self._first = next(self._stream)
        self._spec = spec
        self._context = context
        self.schema = conformed_schema(self._first.schema, expected)
        self.columns = chosen_columns(spec, self.schema)
        self.writer = DatasetWriter(
            context.store, pa.schema([self.schema.field(name) for name in self.columns])
        )
        self.read = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What the source yields; what it rejects goes to quarantine."""
        for batch in chain([self._first], self._stream):
            self.read += batch.num_rows + len(self._rejected)
            self.quarantine(self._rejected)
            self._rejected.clear()
            self._context.progress(self.read, None, "rows read")
            yield conform(batch, self.schema)
        self.read += len(self._rejected)
        self.quarantine(self._rejected)
        self._rejected.clear()

    def quarantine(self, rows: list[Rejected]) -> None:
        """Put ``rows`` aside, with their text and the reason."""
        columns = [[getattr(row, name) for row in rows] for name in QUARANTINE.names]
        self.writer.add("quarantine", pa.RecordBatch.from_arrays(
            [pa.array(column, pa.string()) for column in columns], schema=QUARANTINE
        ))  # fmt: skip

    def finish(self, meta: dict[str, Json]) -> Artifact:
        """The dataset; as many rows as were read."""
        counts = self.writer.counts
        if sum(counts.values()) != self.read:
            raise Defect(
                "rows were lost between the source and the dataset",
                expected=f"{self.read} rows",
                got=", ".join(f"{side} {rows}" for side, rows in counts.items()),
                do="report this with the source",
            )
        return self.writer.finish(
            label=self._spec.label, key=self._spec.key, time=self._spec.time, meta=meta
        )


def _side(intake: _Intake, spec: Extract, spool: Spool) -> tuple[Side, dict[str, Json]]:
    """Who is held out, and how that is written down. A share of time needs all moments first."""
    split = spec.splits_by
    if isinstance(split, ByKey):
        return KeySide(split.holdout, spec.key, spec.label), {
            "by": "key",
            "key": spec.key,
            "holdout": split.holdout,
        }
    if isinstance(split, ByColumn):
        return ColumnSide(split), {
            "by": "column",
            "column": split.column,
            "holdout": split.holdout,
        }
    time = spec.time or ""
    kind = intake.schema.field(time).type
    if isinstance(split.holdout, str):
        boundary = moment_number(split.holdout, kind)
    else:
        moments = Moments()
        for batch in intake.batches():
            spool.write(batch)
            moments.see(batch.column(time).filter(pa.array(_labeled(batch, spec.label))))
        boundary = moments.boundary(split.holdout)
    by = {"by": "time", "time": time, "holdout": split.holdout}
    return TimeSide(time, boundary), {**by, "boundary": moment_text(boundary, kind)}


def _place(batch: pa.RecordBatch, side: Side, intake: _Intake, spec: Extract) -> None:
    """Add each row of ``batch`` to its side."""
    kept = batch.select(intake.columns)
    labeled = _labeled(batch, spec.label)
    placed = labeled & side.placed(batch)
    held_out = side.holdout(batch)
    lost = np.flatnonzero(labeled & ~placed)
    if len(lost):
        rows = kept.take(pa.array(lost)).to_pylist()
        reason = f"no value in the time column {spec.time!r}"
        intake.quarantine(
            [Rejected("", json.dumps(row, default=str, ensure_ascii=False), reason) for row in rows]
        )
    masks = {"train": placed & ~held_out, "holdout": placed & held_out, "unlabeled": ~labeled}
    for name, mask in masks.items():
        chosen = kept if mask.all() else kept.filter(pa.array(mask))
        intake.writer.add(name, chosen)


def _labeled(batch: pa.RecordBatch, label: str) -> Mask:
    """The rows with a label; NaN is none."""
    column = batch.column(label)
    valid: Mask = np.asarray(pc.is_valid(column))
    if pt.is_floating(column.type):
        valid = valid & ~np.asarray(pc.fill_null(pc.is_nan(column), False))
    return valid
