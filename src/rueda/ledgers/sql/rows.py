"""Records to rows and back, and how rows are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, desc, select

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.record import Edge, Lease, Record
from rueda.ledgers.sql.tables import TABLES, events

RecordT = TypeVar("RecordT", bound=Record)


FIELDS: dict[type[Record], tuple[str, ...]] = {
    record: tuple(f.name for f in fields(record)) for record in TABLES
}
"""The fields of each class of record, in order."""


def to_row(record: Record) -> dict[str, Any]:
    """The fields of ``record``, as its table takes them."""
    row = {name: getattr(record, name) for name in FIELDS[type(record)]}
    for name, value in row.items():
        # PostgreSQL's text has no NUL; what one database refuses, the other must.
        if isinstance(value, str) and "\0" in value:
            raise SpecError(
                f"the field {name!r} of a {type(record).__name__} has a NUL character",
                expected="text without NUL",
                got=repr(value[:80]),
                do="remove or replace the character",
            )
    return row


def find_rows(
    connection: Connection,
    record: type[RecordT],
    limit: int,
    before: str | None,
    equal: Mapping[str, Json],
) -> list[RecordT]:
    """The records whose fields equal ``equal``, newest first."""
    rows = connection.execute(_query(record, limit, before, equal))
    return [record(*row) for row in rows]


def _query(
    record: type[Record], limit: int, before: str | None, equal: Mapping[str, Json]
) -> Select[Any]:
    if record not in TABLES:
        raise UnknownName.among("record", record.__name__, [r.__name__ for r in TABLES])
    table = TABLES[record]
    position = table.c.get("position", table.c.get("seq"))
    assert position is not None
    query = select(*(table.c[name] for name in FIELDS[record]))
    for name, value in equal.items():
        if name not in FIELDS[record]:
            raise UnknownName.among(f"field of {record.__name__}", name, FIELDS[record])
        query = query.where(table.c[name].is_(None) if value is None else table.c[name] == value)
    if before is not None:
        # Times of events strictly grow, so a time is a position.
        newest = select(events.c.seq).where(events.c.at < before).order_by(desc(events.c.at))
        query = query.where(position <= newest.limit(1).scalar_subquery())
    if record is Lease:
        query = query.where(table.c.owner != "")
    order = [desc(position)]
    if record is Edge:
        order += [table.c.direction, table.c.name]
    if record is Lease:
        order += [table.c.name]
    return query.order_by(*order).limit(limit)


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
