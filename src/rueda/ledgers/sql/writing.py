"""Appending: records are inserted or replaced by id, each change with its event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import SpecError
from rueda.kernel.record import Execution, Made, Note, Record, Run
from rueda.ledgers.sql.events import Chain
from rueda.ledgers.sql.rows import FIELDS, edges_of, to_row
from rueda.ledgers.sql.tables import TABLES, edges

Row = dict[str, Any]

WRITABLE: tuple[type[Record], ...] = (Run, Execution, Made, Note)

# Variables of one statement: both databases take many more.
_AT_ONCE = 500


def check_writable(records: Iterable[Record]) -> None:
    """Refuse records that only the ledger itself writes."""
    for record in records:
        if type(record) not in WRITABLE:
            raise SpecError(
                f"a {type(record).__name__} cannot be appended",
                expected=", ".join(r.__name__ for r in WRITABLE),
                got=type(record).__name__,
                do="move a ref with Ledger.move; edges and events follow by themselves",
            )


def write_records(connection: Connection, chain: Chain, records: Sequence[Record]) -> int:
    """Write ``records`` and link their events; the number of the event behind the last of them.

    What already stands as given is left alone, and so is an artifact that was made before: a call
    repeated because its answer was lost changes nothing.
    """
    standing = {kind: _standing(connection, kind, records) for kind in WRITABLE}
    changed: dict[tuple[type[Record], str], Row] = {}
    last = chain.seq
    for record in records:
        kind, row = type(record), to_row(record)
        old = standing[kind].get(row["id"])
        if old is not None and (kind is Made or _same(old, row)):
            last = old["event"]
            continue
        event = chain.add(_event_kind(record), row["id"], row)
        last = event.seq
        own = {
            "event": event.seq,
            "position": event.seq if old is None else old["position"],
            "is_new": old is None or old.get("is_new", False),
        }
        standing[kind][row["id"]] = changed[kind, row["id"]] = row | own
    for kind in WRITABLE:
        _write(connection, kind, [row for (of, _), row in changed.items() if of is kind])
    chain.flush()
    return last


def _standing(
    connection: Connection, kind: type[Record], records: Sequence[Record]
) -> dict[str, Row]:
    """The rows that stand under the ids of those ``records`` that are of ``kind``."""
    table = TABLES[kind]
    ids = sorted({to_row(record)["id"] for record in records if type(record) is kind})
    found: dict[str, Row] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = select(table).where(table.c.id.in_(ids[start : start + _AT_ONCE]))
        found |= {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    return found


def _same(old: Row, row: Row) -> bool:
    # By canonical JSON: 1 and 1.0, a tuple and a list, are the same once they are kept.
    return canonical_json([old[name] for name in row]) == canonical_json(list(row.values()))


def _event_kind(record: Record) -> str:
    if isinstance(record, (Run, Execution)):
        return f"{type(record).__name__.lower()}.{record.state}"
    if isinstance(record, Note):
        return f"note.{record.kind}"
    return "artifact.made"


def _write(connection: Connection, kind: type[Record], rows: list[Row]) -> None:
    table = TABLES[kind]
    new = [row for row in rows if row["is_new"]]
    replaced = [row for row in rows if not row["is_new"]]
    if new:
        connection.execute(insert(table), new)
    if replaced:
        columns: Row = {name: bindparam(name) for name in (*FIELDS[kind], "event")}
        statement = update(table).where(table.c.position == bindparam("at_position"))
        connection.execute(
            statement.values(columns), [row | {"at_position": row["position"]} for row in replaced]
        )
    if kind is Execution:
        _write_edges(connection, rows)


def _write_edges(connection: Connection, rows: list[Row]) -> None:
    replaced = [row["id"] for row in rows if not row["is_new"]]
    for start in range(0, len(replaced), _AT_ONCE):
        chosen = edges.c.execution.in_(replaced[start : start + _AT_ONCE])
        connection.execute(delete(edges).where(chosen))
    if follow := [edge for row in rows for edge in edges_of(row)]:
        connection.execute(insert(edges), follow)
