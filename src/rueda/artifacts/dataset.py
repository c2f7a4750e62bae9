"""Dataset: rows in Parquet chunks of bounded size, each on one side of the split."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.parquet as pq

from rueda.kernel.artifact import (
    Artifact,
    Manifest,
    read_bytes,
    read_file,
    read_manifest,
    write_artifact,
)
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import NotFound
from rueda.kernel.seams import Blob, Store

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

KIND = "dataset"
CHUNK_ROWS = 131_072
SPLITS = ("train", "holdout", "unlabeled", "quarantine")
"""Sides of the split. ``unlabeled`` rows have no label (a cancelled flight); ``quarantine`` rows
could not be used.
"""

QUARANTINE = pa.schema([("source", pa.string()), ("row", pa.string()), ("reason", pa.string())])
"""Quarantined rows keep their source's text, so that nothing is lost."""


@dataclass(frozen=True, slots=True)
class ParquetChunk:
    """One chunk: a Parquet blob in a store."""

    store: Store
    digest: Digest
    rows: int

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        content = pa.py_buffer(read_bytes(self.store, self.digest))
        # One thread a chunk: the engine runs chunks side by side.
        table = pq.read_table(
            pa.BufferReader(content), columns=list(columns) if columns else None, use_threads=False
        )
        return _one_batch(table)


@dataclass(frozen=True, slots=True)
class Split:
    """The rows on one side, in their stored order."""

    name: str
    schema: pa.Schema
    chunks: tuple[ParquetChunk, ...]

    @property
    def rows(self) -> int:
        return sum(chunk.rows for chunk in self.chunks)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """One batch a chunk."""
        for chunk in self.chunks:
            yield chunk.batch(columns)

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        schema = self.schema
        if columns is not None:
            schema = pa.schema([self.schema.field(name) for name in columns])
        return pa.Table.from_batches(self.batches(columns), schema=schema)

    def to_polars(self) -> pl.DataFrame:
        import polars

        frame = polars.from_arrow(self.to_arrow())
        return cast("pl.DataFrame", frame)

    def to_pandas(self) -> pd.DataFrame:
        return cast("pd.DataFrame", self.to_arrow().to_pandas())


@dataclass(frozen=True)
class Dataset:
    """A dataset artifact, opened.

    Attributes
    ----------
    label, key, time
        The columns with these roles; None where there is none.
    counts
        Rows by side, and ``read``: rows in = rows out + rows quarantined.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest
    schema: pa.Schema
    label: str | None
    key: str | None
    time: str | None
    counts: Mapping[str, int]

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Dataset:
        manifest = read_manifest(store, artifact)
        meta = manifest.meta
        schema = pa.ipc.read_schema(pa.py_buffer(read_file(store, manifest, "schema.arrow")))
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        return cls(
            artifact=Artifact(KIND, digest),
            store=store,
            manifest=manifest,
            schema=schema,
            label=meta["label"],
            key=meta["key"],
            time=meta["time"],
            counts=meta["counts"],
        )

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that a model may see: all but label and key (the time column stays, for
        ``Dates``).
        """
        return tuple(n for n in self.schema.names if n not in (self.label, self.key))

    def split(self, name: str) -> Split:
        """The side ``name``: one of ``SPLITS``."""
        if name not in SPLITS:
            raise NotFound(f"a dataset has no split {name!r}", expected=", ".join(SPLITS), got=name)
        rows = self.manifest.meta["chunks"]
        chunks = tuple(
            ParquetChunk(self.store, f.digest, rows[f.name])
            for f in self.manifest.files
            if f.name.startswith(name + "/")
        )
        return Split(name, QUARANTINE if name == "quarantine" else self.schema, chunks)

    def to_arrow(self) -> pa.Table:
        """The labeled rows: training side, then holdout."""
        return pa.concat_tables([self.split("train").to_arrow(), self.split("holdout").to_arrow()])

    def to_polars(self) -> pl.DataFrame:
        import polars

        frame = polars.from_arrow(self.to_arrow())
        return cast("pl.DataFrame", frame)

    def to_pandas(self) -> pd.DataFrame:
        return cast("pd.DataFrame", self.to_arrow().to_pandas())


class DatasetWriter:
    """Collects rows side by side into chunks, and puts them into a store as they fill.

    ``add`` may be called with batches of any size: the chunks depend on the rows and their order
    alone.
    """

    def __init__(self, store: Store, schema: pa.Schema) -> None:
        self._store = store
        self._schema = schema
        self._pending: dict[str, list[pa.RecordBatch]] = {}
        self._pending_rows: dict[str, int] = {}
        self._blobs: dict[str, Blob] = {}
        self._chunk_rows: dict[str, int] = {}
        self._numbers: dict[str, Iterator[int]] = {}
        self.counts: dict[str, int] = dict.fromkeys(SPLITS, 0)

    def add(self, split: str, batch: pa.RecordBatch) -> None:
        """Append ``batch`` to the side ``split``."""
        if not batch.num_rows:
            return
        self.counts[split] += batch.num_rows
        self._pending.setdefault(split, []).append(batch)
        self._pending_rows[split] = self._pending_rows.get(split, 0) + batch.num_rows
        if self._pending_rows[split] >= CHUNK_ROWS:
            self._flush(split, whole=False)

    def finish(
        self,
        *,
        label: str | None,
        key: str | None,
        time: str | None,
        meta: Mapping[str, Json] | None = None,
    ) -> Artifact:
        """Write what is pending and the manifest. ``meta`` is kept beside the roles."""
        for split in SPLITS:
            self._flush(split, whole=True)
        files: dict[str, bytes | Path | Blob] = dict(self._blobs)
        files["schema.arrow"] = self._schema.serialize().to_pybytes()
        everything: dict[str, Json] = {
            **(meta or {}),
            "label": label,
            "key": key,
            "time": time,
            "counts": {**self.counts, "read": sum(self.counts.values())},
            "chunks": self._chunk_rows,
        }
        return write_artifact(self._store, KIND, files, everything)

    def _flush(self, split: str, *, whole: bool) -> None:
        pending = self._pending.pop(split, [])
        self._pending_rows[split] = 0
        if not pending:
            return
        table = pa.Table.from_batches(pending)
        full = table.num_rows if whole else table.num_rows - table.num_rows % CHUNK_ROWS
        for start in range(0, full, CHUNK_ROWS):
            self._write(split, table.slice(start, min(CHUNK_ROWS, full - start)))
        if full < table.num_rows:
            rest = table.slice(full).combine_chunks()
            self._pending[split] = rest.to_batches()
            self._pending_rows[split] = rest.num_rows

    def _write(self, split: str, table: pa.Table) -> None:
        number = next(self._numbers.setdefault(split, itertools.count()))
        name = f"{split}/{number:06d}.parquet"
        self._blobs[name] = self._store.put(io.BytesIO(parquet_bytes(table)))
        self._chunk_rows[name] = table.num_rows


def parquet_bytes(table: pa.Table) -> bytes:
    """``table`` as one Parquet file: the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=CHUNK_ROWS)
    return cast(bytes, sink.getvalue().to_pybytes())


def write_dataset(
    store: Store,
    schema: pa.Schema,
    splits: Mapping[str, Iterable[pa.RecordBatch]],
    *,
    label: str | None = None,
    key: str | None = None,
    time: str | None = None,
) -> Artifact:
    """A dataset of ``splits``, for small data and tests."""
    writer = DatasetWriter(store, schema)
    for split, batches in splits.items():
        for batch in batches:
            writer.add(split, batch)
    return writer.finish(label=label, key=key, time=time)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    if not table.num_rows:
        return pa.RecordBatch.from_pylist([], schema=table.schema)
    (batch,) = table.combine_chunks().to_batches()
    return batch
