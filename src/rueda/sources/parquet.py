"""Parquet files as batches, their types kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rueda.kernel.errors import BrokenInput, SchemaMismatch
from rueda.kernel.seams import Rejected
from rueda.sources.types import kept_schema, kept_types

_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class ParquetFiles:
    """Parquet files of one schema, read as one table."""

    files: tuple[Path, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of the first file, which the others must share."""
        first = self._schema_of(self.files[0])
        for file in self.files[1:]:
            schema = self._schema_of(file)
            if not schema.equals(first):
                raise SchemaMismatch(
                    f"{file.name} has other columns than {self.files[0].name}",
                    expected=", ".join(f"{f.name}: {f.type}" for f in first),
                    got=", ".join(f"{f.name}: {f.type}" for f in schema),
                    do="read files of one kind, or join them in SQL",
                )
        return first

    def batches(self, reject: Callable[[Rejected], None]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        """The rows in the order of the files. Parquet has no broken rows, only broken files."""
        schema = self.schema
        empty = True
        for file in self.files:
            try:
                # What is buffered ahead is kept to the end: memory would grow with the file.
                table = pq.ParquetFile(file, pre_buffer=False)
                for batch in table.iter_batches(_BATCH_ROWS):
                    empty = False
                    yield kept_types(batch, schema)
            except (pa.ArrowException, OSError) as error:
                raise _broken(file, error) from error
        if empty:
            yield pa.RecordBatch.from_pylist([], schema=schema)

    def _schema_of(self, file: Path) -> pa.Schema:
        try:
            return kept_schema(pq.read_schema(file), file.name)
        except (pa.ArrowException, OSError) as error:
            raise _broken(file, error) from error


def _broken(file: Path, error: Exception) -> BrokenInput:
    return BrokenInput(
        f"{file.name} is not a whole Parquet file",
        expected="a file that begins and ends with PAR1",
        got=str(error).splitlines()[0],
        do="get it again: it is torn, or not Parquet",
    )
