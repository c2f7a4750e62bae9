"""What one SQL text means and reads, from DuckDB's own parse tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rueda.kernel.errors import SpecError

if TYPE_CHECKING:
    import duckdb

_LAYOUT = ("query_location", "query_location_length")
_READERS = ("read_", "parquet_", "sniff_", "glob")
_CLOCKS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}


@dataclass(frozen=True)
class Query:
    """One SELECT.

    Attributes
    ----------
    text
        As it was written, without a semicolon at its end.
    tree
        Its parse tree without layout and comments.
    files
        The paths and globs that it reads, as written.
    aggregates
        Whether it sums, averages or ranks anything.
    """

    text: str
    tree: Any
    files: tuple[str, ...]
    aggregates: bool


def parse_query(connection: duckdb.DuckDBPyConnection, text: str) -> Query:
    """The meaning of ``text``.

    Raises
    ------
    SpecError
        It is no single SELECT, names its files by an expression, or calls a function whose answer
        changes from call to call.
    """
    ((answer,),) = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    parsed = json.loads(answer)
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise SpecError(
            "the SQL is not one SELECT statement",
            expected="SELECT … FROM 'file.csv' …",
            got=parsed.get("error_message") or f"{len(parsed['statements'])} statements",
            do="mend the query",
        )
    tree = _without_layout(parsed["statements"][0])
    nodes = list(_nodes(tree))
    called = {node["function_name"] for node in nodes if node.get("class") == "FUNCTION"}
    called |= {n["column_names"][-1] for n in nodes if n.get("class") == "COLUMN_REF"} & _CLOCKS
    _refuse_volatile(connection, called)
    aggregates = bool(called & _functions(connection, "function_type = 'aggregate'")) or any(
        node.get("class") == "WINDOW" for node in nodes
    )
    return Query(text.strip().rstrip(";"), tree, tuple(_files(nodes)), aggregates)


def _files(nodes: list[dict[str, Any]]) -> Iterator[str]:
    local = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for node in nodes:
        if node.get("type") == "BASE_TABLE" and node["table_name"] not in local:
            yield node["table_name"]
        elif node.get("type") == "TABLE_FUNCTION":
            function = node["function"]
            if function["function_name"].startswith(_READERS):
                yield from _constants(function["arguments"][0]["expression"])


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


def _refuse_volatile(connection: duckdb.DuckDBPyConnection, called: set[str]) -> None:
    volatile = called & (_functions(connection, "stability <> 'CONSISTENT'") | _CLOCKS)
    if volatile:
        raise SpecError(
            f"the SQL calls {', '.join(sorted(volatile))}, whose answer changes from run to run",
            expected="functions of the files alone",
            got=", ".join(sorted(volatile)),
            do="write the value out, such as DATE '2024-01-01'",
        )


def _functions(connection: duckdb.DuckDBPyConnection, condition: str) -> set[str]:
    rows = connection.execute(
        f"SELECT DISTINCT function_name FROM duckdb_functions() WHERE {condition}"  # noqa: S608
    )
    return {name for (name,) in rows.fetchall()}


def _without_layout(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_layout(v) for k, v in node.items() if k not in _LAYOUT}
    if isinstance(node, list):
        return [_without_layout(value) for value in node]
    # Canonical JSON has no number beyond 2^53.
    return str(node) if isinstance(node, int | float) and not isinstance(node, bool) else node


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)
