"""The source over SQL: one SELECT over files, answered by DuckDB.

The same content gives the same rows in the same order: rows are sorted by all columns, since
DuckDB's threads promise no order; a query that aggregates runs on one thread, since a float sum
depends on its order; and functions that answer otherwise each time are refused.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import BrokenInput, SpecError
from rueda.kernel.seams import Rejected
from rueda.sources.content import ContentDigests
from rueda.sources.files import FileSource
from rueda.sources.header import refuse_duplicates
from rueda.sources.listing import format_of, list_files
from rueda.sources.query import Query, bind_files, parse_query
from rueda.sources.types import kept_schema, kept_types

if TYPE_CHECKING:
    import duckdb

_VERSION = 1
_BATCH_ROWS = 65_536


class SqlSource:
    """The rows of one SELECT over files.

    Parameters
    ----------
    sql
        The text of the query; paths in it start at ``project``.
    project
        The folder of the lifecycle.
    cache
        Where digests of unchanged files are remembered; None remembers nothing between processes.
    """

    def __init__(self, sql: str, project: Path, *, cache: Path | None = None) -> None:
        self._sql = sql
        self._project = project
        self._digests = ContentDigests(cache)

    def version(self) -> Digest:
        """The digest of the query's meaning (layout and comments aside) and of the files read."""
        files = [file for name in self._query.files for file in self._list(name)]
        digests = self._digests.digests(files)
        return digest_json(
            {"files": digests, "query": digest_json(self._query.meaning), "version": _VERSION}
        )

    def batches(self, reject: Callable[[Rejected], None] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, sorted by all columns.

        A table that is called by the name of its file (``FROM 'a.csv'``) is read as ``FileSource``
        reads it: types from every cell, broken rows to ``reject``. In ``read_csv('a.csv', …)``
        DuckDB reads, as it is told; what it cannot read is an error.
        """
        import duckdb

        with tempfile.TemporaryDirectory(prefix="rueda-") as folder, self._connect() as connection:
            connection.execute("SET temp_directory = ?", [folder])
            if self._query.aggregates:
                connection.execute("SET threads = 1")
            try:
                yield from self._rows(connection, Path(folder), reject)
            except duckdb.Error as error:
                raise _refusal(error) from error

    def _rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        reject: Callable[[Rejected], None] | None,
    ) -> Iterator[pa.RecordBatch]:
        written: dict[str, list[Path]] = {}

        def table(name: str) -> list[Path]:
            if name not in written:
                written[name] = self._table(name, folder / f"{len(written)}.parquet", reject)
            return written[name]

        query = bind_files(connection, self._query, tables=table, files=self._list)
        refuse_duplicates("the query", connection.sql(query).columns)
        # Nothing but the one SELECT that was parsed.
        relation = connection.sql(f"SELECT * FROM ({query}) ORDER BY ALL")  # noqa: S608
        reader = relation.to_arrow_reader(_BATCH_ROWS)
        schema = kept_schema(reader.schema, "the query")
        empty = True
        for batch in reader:
            empty = False
            yield kept_types(batch, schema)
        if empty:
            yield pa.RecordBatch.from_pylist([], schema=schema)

    def _table(
        self, name: str, file: Path, reject: Callable[[Rejected], None] | None
    ) -> list[Path]:
        """Parquet files with the rows of the files that ``name`` stands for."""
        found = self._list(name)
        if format_of(found[0]) == "parquet":
            return found
        batches = FileSource(name, self._project).batches(reject)
        first = next(batches)
        # Uncompressed: it is read once, and soon.
        with pq.ParquetWriter(file, first.schema, compression="none") as writer:
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)
        return [file]

    def _list(self, name: str) -> list[Path]:
        return list_files(name, self._project)

    @cached_property
    def _query(self) -> Query:
        with self._connect() as connection:
            return parse_query(connection, self._sql)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(":memory:")
        # Nothing is downloaded, no Python variable is read as a table, and the time zone of the
        # machine changes no value.
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET TimeZone = 'UTC'")
        return connection


def _refusal(error: duckdb.Error) -> Exception:
    import duckdb

    # Names that do not exist are the query's fault; all else is the files'.
    spec = isinstance(error, duckdb.BinderException | duckdb.CatalogException)
    first, *rest = [line for line in str(error).splitlines() if line.strip()] or ["no message"]
    return (SpecError if spec else BrokenInput)(
        "the SQL cannot be answered",
        expected="a query that DuckDB answers over the files",
        got=first,
        do="\n".join(rest) or "mend the query or the file that is named",
    )
