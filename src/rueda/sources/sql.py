"""The source over SQL: one SELECT over files, answered by DuckDB.

The same content gives the same rows in the same order: rows are sorted by all columns, since
DuckDB's threads promise no order; a query that aggregates runs on one thread, since a float sum
depends on its order; and functions that answer otherwise each time are refused.
"""

from __future__ import annotations

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
from rueda.sources.query import Query, parse_query
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
            {"files": digests, "query": digest_json(self._query.tree), "version": _VERSION}
        )

    def batches(
        self,
        reject: Callable[[Rejected], None] | None = None,  # noqa: ARG002
    ) -> Iterator[pa.RecordBatch]:
        """The rows, sorted by all columns. What DuckDB cannot read is an error: it rejects no row."""
        import duckdb

        connection = self._connect()
        if self._query.aggregates:
            connection.execute("SET threads = 1")
        try:
            # The query is one SELECT: it was parsed.
            rows = f"SELECT * FROM ({self._query.text}\n) ORDER BY ALL"  # noqa: S608
            relation = connection.sql(rows)
            reader = relation.to_arrow_reader(_BATCH_ROWS)
            schema = kept_schema(reader.schema, "the query")
            yield pa.RecordBatch.from_pylist([], schema=schema)
            for batch in reader:
                yield kept_types(batch, schema)
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
        connection.execute("SET file_search_path = ?", [str(self._project)])
        return connection


def _refusal(error: duckdb.Error) -> Exception:
    lines = str(error).splitlines()
    import duckdb

    kind = (
        SpecError
        if isinstance(error, duckdb.BinderException | duckdb.CatalogException)
        else BrokenInput
    )
    return kind(
        "the SQL cannot be answered",
        expected="a query that DuckDB runs on the files",
        got=lines[0],
        do="\n".join(lines[1:]) or "try the query in DuckDB",
    )
