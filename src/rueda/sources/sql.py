"""The source over SQL: one SELECT over files, answered by DuckDB.

The same content gives the same rows in the same order: rows are sorted by all columns, since
DuckDB's threads promise no order; a query that aggregates runs on one thread, since a float sum
depends on its order; and functions that answer otherwise each time are refused.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import BrokenInput, SpecError
from rueda.kernel.seams import Rejected
from rueda.sources.content import ContentDigests
from rueda.sources.listing import list_files
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
        files = [f for name in self._query.files for f in list_files(name, self._project)]
        digests = self._digests.digests(files)
        return digest_json(
            {"files": digests, "query": digest_json(self._query.meaning), "version": _VERSION}
        )

    def batches(
        self,
        reject: Callable[[Rejected], None] | None = None,  # noqa: ARG002
    ) -> Iterator[pa.RecordBatch]:
        """The rows, sorted by all columns. What DuckDB cannot read is an error."""
        import duckdb

        connection = self._connect()
        if self._query.aggregates:
            connection.execute("SET threads = 1")
        try:
            query = bind_files(connection, self._query, self._project)
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
        except duckdb.Error as error:
            raise _refusal(error) from error
        finally:
            connection.close()

    @cached_property
    def _query(self) -> Query:
        connection = self._connect()
        try:
            return parse_query(connection, self._sql)
        finally:
            connection.close()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(":memory:")
        # Nothing is downloaded, no Python variable is read as a table, and the time zone of the
        # machine changes no value.
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET TimeZone = 'UTC'")
        # What does not fit into memory would go to the working folder.
        spill = Path(tempfile.gettempdir()) / f"rueda-{os.getpid()}-{id(connection)}"
        connection.execute("SET temp_directory = ?", [str(spill)])
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
