"""The source over files: CSV, JSON lines and Parquet; one file, a glob or a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import BrokenInput, SpecError
from rueda.kernel.seams import Rejected
from rueda.sources.content import ContentDigests
from rueda.sources.listing import format_of, list_files

_VERSION = 1
"""Grows when the same bytes would be read as other rows."""


class Table(Protocol):
    """Files of one format, read as one table."""

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self, reject: Callable[[Rejected], None]) -> Iterator[pa.RecordBatch]: ...


class FileSource:
    """Rows of the files that a path, a glob or a folder stands for, in the order of their names.

    Parameters
    ----------
    path
        Relative to ``project``.
    project
        The folder of the lifecycle.
    cache
        Where digests of unchanged files are remembered; None remembers nothing between processes.
    nulls
        Texts that stand for a missing value, beside the empty cell (CSV only).
    """

    def __init__(
        self, path: str, project: Path, *, cache: Path | None = None, nulls: tuple[str, ...] = ()
    ) -> None:
        self._path = path
        self._project = project
        self._nulls = nulls
        self._digests = ContentDigests(cache)

    def version(self) -> Digest:
        """The digest of the bytes of all files in order, and of how they are read."""
        digests = self._digests.digests(self._files)
        reading = {"format": self._format, "nulls": list(self._nulls), "version": _VERSION}
        return digest_json({"files": digests, "reading": reading})

    def batches(self, reject: Callable[[Rejected], None] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows; each file after the other."""
        yield from self._table.batches(reject or refuse)

    @property
    def _files(self) -> list[Path]:
        return list_files(self._path, self._project)

    @property
    def _format(self) -> str:
        formats = sorted({format_of(file) for file in self._files})
        if len(formats) > 1:
            raise SpecError(
                f"{self._path!r} holds files of more than one format",
                expected="one format",
                got=", ".join(formats),
                do=f"name one of them, such as {self._path.rstrip('/')}/*.{formats[0]}",
            )
        return formats[0]

    @cached_property
    def _table(self) -> Table:
        files = tuple(self._files)
        if self._format == "csv":
            from rueda.sources.delimited import DelimitedFiles

            return DelimitedFiles(files, self._nulls)
        if self._format == "json":
            from rueda.sources.json_lines import JsonLines

            return JsonLines(files)
        from rueda.sources.parquet import ParquetFiles

        return ParquetFiles(files)


def refuse(row: Rejected) -> None:
    """What happens to a row that cannot be used where nobody takes it."""
    raise BrokenInput(
        f"a row of {row.source} cannot be used",
        expected="rows that fit their header",
        got=f"{row.reason}: {row.row[:80]}",
        do="mend the row, or extract it: rd.Extract puts such rows into quarantine",
    )
