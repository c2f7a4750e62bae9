"""Records to rows and back, and how rows are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, Text, desc, select

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.record import Edge, Lease, Record, utc_text
from rueda.ledgers.sql.tables import TABLES, events

RecordT = TypeVar("RecordT", bound=Record)

FIELDS: dict[type[Record], tuple[str, ...]] = {
    record: tuple(f.name for f in fields(record)) for record in TABLES
}
"""The fields of each class of record, in order."""

# PostgreSQL keeps 2,704 bytes of a row in an index, and two such texts may stand in one.
_INDEXED_CHARACTERS = 300


def _indexed(table: Table) -> set[str]:
    indexed = {c.name for index in table.indexes for c in index.columns}
    indexed |= {c.name for c in table.columns if c.unique or c.primary_key}
    return {name for name in indexed if isinstance(table.c[name].type, Text)}


_INDEXED = {record: _indexed(table) for record, table in TABLES.items()}


def to_row(record: Record) -> dict[str, Any]:
    """The fields of ``record``, as its table takes them.

    Raises
    ------
    SpecError
        A text that one of the databases would refuse: so all do.
    """
    row = {name: getattr(record, name) for name in FIELDS[type(record)]}
    for name, value in row.items():
        if not isinstance(value, str):
            continue
        if "\0" in value:
            raise _refusal(record, name, value, "text without NUL characters")
        if len(value) > _INDEXED_CHARACTERS and name in _INDEXED[type(record)]:
            raise _refusal(record, name, value, f"at most {_INDEXED_CHARACTERS} characters")
    return row


def find_rows(
    connection: Connection,
    record: type[RecordT],
    limit: int,
    before: str | None,
    equal: Mapping[str, Json],
) -> list[RecordT]:
    """The records whose fields equal ``equal``, newest first."""
    rows = connection.execute(find_query(record, limit, before, equal))
    return [record(*row) for row in rows]


def find_query(
    record: type[Record], limit: int, before: str | None, equal: Mapping[str, Json]
) -> Select[Any]:
    """The query of ``find_rows``."""
    if record not in TABLES:
        raise UnknownName.among("record", record.__name__, [r.__name__ for r in TABLES])
    table = TABLES[record]
    position = table.c["position"] if "position" in table.c else table.c["seq"]
    query = select(*(table.c[name] for name in FIELDS[record]))
    query = query.where(*(_equals(record, name, value) for name, value in equal.items()))
    if before is not None:
        # Times of events strictly grow, so a time is a position.
        earlier = select(events.c.seq).where(events.c.at < _exact(before))
        newest = earlier.order_by(desc(events.c.at)).limit(1)
        query = query.where(position <= newest.scalar_subquery())
    order = [desc(position)]
    if record is Lease:
        query = query.where(table.c.owner != "")
        order += [table.c["name"]]
    if record is Edge:
        order += [table.c.direction, table.c["name"]]
    return query.order_by(*order).limit(max(limit, 0))


def _equals(record: type[Record], name: str, value: Json) -> ColumnElement[bool]:
    if name not in FIELDS[record]:
        raise UnknownName.among(f"field of {record.__name__}", name, FIELDS[record])
    column = TABLES[record].c[name]
    return column.is_(None) if value is None else column == value


def _exact(time: str) -> str:
    """``time``, in whatever zone and precision, as the ledger writes times."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SpecError(
            f"{time!r} is not a time",
            expected="an RFC 3339 time with its zone",
            got=time,
            do="write it as 2026-01-31T12:00:00Z",
        )
    return utc_text(moment)


def edges_of(execution: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the edges that follow from the row of an execution."""
    return [
        {
            "position": execution["position"],
            "execution": execution["id"],
            "artifact": artifact,
            "name": name,
            "direction": direction,
        }
        for direction, side in (("in", "inputs"), ("out", "outputs"))
        for name, artifact in execution[side].items()
    ]


def _refusal(record: Record, name: str, value: str, expected: str) -> SpecError:
    return SpecError(
        f"the {name} of a {type(record).__name__} cannot be kept",
        expected=expected,
        got=f"{len(value)} characters: {value[:60]!r}",
        do="shorten or clean it; long text belongs in a body, a note or a reason",
    )
