"""Rows set aside on disk, for splits that must see all rows before they can place one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pyarrow as pa


class Spool:
    """Batches of one schema in a temporary Arrow file, compressed."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._path: Path | None = None
        self._sink: pa.OSFile | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None

    @property
    def used(self) -> bool:
        """Whether anything was written."""
        return self._writer is not None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append ``batch``."""
        if self._writer is None:
            self._scratch.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._scratch, suffix=".arrow")
            self._path = Path(name)
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            os.close(handle)
            self._sink = pa.OSFile(name, "wb")
            self._writer = pa.ipc.new_stream(self._sink, batch.schema, options=options)
        self._writer.write_batch(batch)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What was written, in order."""
        assert self._writer is not None
        assert self._path is not None
        assert self._sink is not None
        self._writer.close()
        self._sink.close()
        with pa.OSFile(str(self._path), "rb") as stored:
            yield from pa.ipc.open_stream(stored)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
