"""What one SQL text means and reads, from DuckDB's own parse tree."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rueda.kernel.errors import SpecError
from rueda.sources.listing import format_of, list_files

if TYPE_CHECKING:
    import duckdb

_LAYOUT = ("query_location", "query_location_length")
_READERS = ("read_", "parquet_", "sniff_", "glob")
_BY_FORMAT = {
    # DuckDB guesses types from the first 20,480 rows unless it is told to look at all of them.
    "csv": "read_csv({files}, sample_size = -1)",
    "json": "read_json({files}, sample_size = -1)",
    "parquet": "read_parquet({files})",
}
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
    _refuse_volatile(connection, called)
    aggregates = bool(called & _functions(connection, "function_type = 'aggregate'")) or any(
        node.get("class") == "WINDOW" for node in nodes
    )
    files = [name for node in _readers(nodes) for name in _names(node)]
    return Query(parsed["statements"][0], tuple(files), aggregates)


def bind_files(connection: duckdb.DuckDBPyConnection, query: Query, project: Path) -> str:
    """``query`` as SQL over exactly the files that its names stand for in ``project``.

    DuckDB's own search path will not do: it looks in the working folder first.
    """
    statement = copy.deepcopy(query.statement)
    for node in _readers(list(_nodes(statement))):
        files = [file for name in _names(node) for file in list_files(name, project)]
        quoted = "[" + ", ".join("'" + str(f).replace("'", "''") + "'" for f in files) + "]"
        if node["type"] == "BASE_TABLE":
            alias = node["alias"] or Path(node["table_name"]).name.split(".")[0]
            call = _BY_FORMAT[format_of(files[0])].format(files=quoted)
            reader = _from(connection, call)
            reader |= {"alias": alias, "column_name_alias": node["column_name_alias"]}
            node.clear()
            node.update(reader)
        else:
            files_only = _from(connection, f"read_csv({quoted})")["function"]["arguments"][0]
            node["function"]["arguments"][0]["expression"] = files_only["expression"]
    whole = json.dumps({"error": False, "statements": [statement]})
    ((text,),) = connection.execute("SELECT json_deserialize_sql(?)", [whole]).fetchall()
    return str(text)


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
        if node.get("type") == "BASE_TABLE" and node["table_name"] not in local:
            yield node
        elif node.get("type") == "TABLE_FUNCTION":
            if node["function"]["function_name"].startswith(_READERS):
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
