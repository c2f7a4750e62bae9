"""What one SQL text means and reads, from DuckDB's own parse tree."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rueda.kernel.errors import SpecError

if TYPE_CHECKING:
    import duckdb

_LAYOUT = ("query_location", "query_location_length")
_READERS = ("read_", "parquet_", "sniff_", "glob")
_CLOCKS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}

Tree = Any


@dataclass(frozen=True)
class Query:
    """One SELECT.

    Attributes
    ----------
    statement
        Its parse tree as DuckDB gives it.
    files
        The paths and globs that it reads, as written.
    aggregates
        Whether it sums, averages or ranks anything.
    """

    statement: Tree
    files: tuple[str, ...]
    aggregates: bool

    @property
    def meaning(self) -> Tree:
        """The parse tree without layout and comments."""
        return _without_layout(self.statement)


def parse_query(connection: duckdb.DuckDBPyConnection, text: str) -> Query:
    """The meaning of ``text``.

    Raises
    ------
    SpecError
        It is no single SELECT, names its files by an expression, or calls a function whose answer
        changes from call to call.
    """
    parsed = _parse(connection, text)
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise SpecError(
            "the SQL is not one SELECT statement",
            expected="SELECT … FROM 'file.csv' …",
            got=parsed.get("error_message") or f"{len(parsed['statements'])} statements",
            do="mend the query",
        )
    nodes = list(_nodes(parsed["statements"][0]))
    called = {node["function_name"] for node in nodes if node.get("class") == "FUNCTION"}
    called |= {n["column_names"][-1] for n in nodes if n.get("class") == "COLUMN_REF"} & _CLOCKS
    volatile, aggregate = _functions(connection, called)
    _refuse_volatile(volatile | (called & _CLOCKS))
    aggregates = bool(aggregate) or any(node.get("class") == "WINDOW" for node in nodes)
    files = [name for node in _readers(nodes) for name in _names(node)]
    return Query(parsed["statements"][0], tuple(files), aggregates)


def bind_files(
    connection: duckdb.DuckDBPyConnection,
    query: Query,
    *,
    tables: Callable[[str], list[Path]],
    files: Callable[[str], list[Path]],
) -> str:
    """``query`` as SQL over files with absolute names.

    DuckDB's own search path will not do: it looks in the working folder first.

    Parameters
    ----------
    tables
        The Parquet files with the rows of a table that the query calls by the name of a file.
    files
        The files that a name in a call such as ``read_csv('…')`` stands for.
    """
    statement = copy.deepcopy(query.statement)
    for node in _readers(list(_nodes(statement))):
        if node["type"] == "BASE_TABLE":
            name = node["table_name"]
            reader = _from(connection, f"read_parquet({_quoted(tables(name))})")
            alias = node["alias"] or Path(name).name.split(".")[0]
            reader |= {"alias": alias, "column_name_alias": node["column_name_alias"]}
            node.clear()
            node.update(reader)
        else:
            found = [file for name in _names(node) for file in files(name)]
            called = _from(connection, f"read_csv({_quoted(found)})")["function"]["arguments"][0]
            node["function"]["arguments"][0]["expression"] = called["expression"]
    whole = json.dumps({"error": False, "statements": [statement]})
    ((text,),) = connection.execute("SELECT json_deserialize_sql(?)", [whole]).fetchall()
    return str(text)


def _quoted(files: list[Path]) -> str:
    return "[" + ", ".join("'" + str(f).replace("'", "''") + "'" for f in files) + "]"


def _parse(connection: duckdb.DuckDBPyConnection, text: str) -> Tree:
    ((answer,),) = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    return json.loads(answer)


def _from(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    parsed = _parse(connection, f"FROM {table}")
    found: dict[str, Any] = parsed["statements"][0]["node"]["from_table"]
    return found


def _readers(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The nodes of ``nodes`` that read files."""
    local = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for node in nodes:
        table = node.get("type") == "BASE_TABLE" and node["table_name"] not in local
        function = node["function"]["function_name"] if node.get("type") == "TABLE_FUNCTION" else ""
        if table or function.startswith(_READERS):
            yield node


def _names(node: dict[str, Any]) -> list[str]:
    """The paths and globs that a reading node names."""
    if node["type"] == "BASE_TABLE":
        return [node["table_name"]]
    return list(_constants(node["function"]["arguments"][0]["expression"]))


def _constants(expression: dict[str, Any]) -> Iterator[str]:
    if expression.get("class") == "CONSTANT":
        yield expression["literal"]["text"]
    elif expression.get("function_name") == "list_value":
        for argument in expression["arguments"]:
            yield from _constants(argument["expression"])
    else:
        raise SpecError(
            "the SQL names a file by an expression",
            expected="a file's name in quotes, or a list of such names",
            got=str(expression.get("function_name") or expression.get("class")),
            do="write the name out: what a query reads must be known before it runs",
        )


def _refuse_volatile(volatile: set[str]) -> None:
    if volatile:
        raise SpecError(
            f"the SQL calls {', '.join(sorted(volatile))}, whose answer changes from run to run",
            expected="functions of the files alone",
            got=", ".join(sorted(volatile)),
            do="write the value out, such as DATE '2024-01-01'",
        )


def _functions(
    connection: duckdb.DuckDBPyConnection, called: set[str]
) -> tuple[set[str], set[str]]:
    """Which of ``called`` answer otherwise each time, and which aggregate."""
    rows = connection.execute(
        "SELECT DISTINCT function_name, stability, function_type FROM duckdb_functions() "
        "WHERE list_contains(?, function_name)",
        [sorted(called)],
    ).fetchall()
    volatile = {name for name, stability, _ in rows if stability not in (None, "CONSISTENT")}
    return volatile, {name for name, _, kind in rows if kind == "aggregate"}


def _without_layout(node: Tree) -> Tree:
    if isinstance(node, dict):
        return {k: _without_layout(v) for k, v in node.items() if k not in _LAYOUT}
    if isinstance(node, list):
        return [_without_layout(value) for value in node]
    # Canonical JSON has no number beyond 2^53.
    return str(node) if isinstance(node, int | float) and not isinstance(node, bool) else node


def _nodes(node: Tree) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)
