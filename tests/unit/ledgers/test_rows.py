"""Tables follow the records, and what is asked often is asked of an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite

from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.record import (
    Edge,
    Event,
    Execution,
    Made,
    Note,
    Record,
    Ref,
    RefMove,
    Run,
    utc_text,
)
from rueda.ledgers.sql import SqlLedger, open_sqlite
from rueda.ledgers.sql.rows import find_query
from rueda.ledgers.sql.tables import TABLES

QUERIES: list[tuple[type[Record], dict[str, Any]]] = [
    (Run, {"id": "r"}),
    (Run, {"lifecycle": "f"}),
    (Run, {"state": "running"}),
    (Run, {"lifecycle": "f", "state": "failed"}),
    (Execution, {"id": "r/train"}),
    (Execution, {"run": "r"}),
    (Execution, {"key": "k"}),
    (Execution, {"key": "k", "state": "ran"}),
    (Execution, {"state": "running"}),
    (Execution, {"stage": "train"}),
    (Execution, {"stage": "train", "state": "failed"}),
    (Made, {"id": "d"}),
    (Made, {"kind": "release"}),
    (Made, {"execution": "r/train"}),
    (Note, {"kind": "waiver"}),
    (Note, {"subject": "s"}),
    (Note, {"kind": "waiver", "subject": "s"}),
    (Edge, {"artifact": "d"}),
    (Edge, {"artifact": "d", "direction": "in"}),
    (Edge, {"execution": "r/train"}),
    (Ref, {"name": "m@live"}),
    (Ref, {"digest": "d"}),
    (RefMove, {"name": "m@live"}),
    (RefMove, {"new": "d"}),
    (Event, {"kind": "ref.refused"}),
    (Event, {"subject": "m@live"}),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows") / "ledger.db"


@pytest.fixture(scope="module")
def ledger(path: Path) -> Iterator[SqlLedger]:
    with open_sqlite(path) as ledger:
        yield ledger


@pytest.mark.parametrize("record", TABLES, ids=lambda r: r.__name__)
def test_a_table_has_a_column_for_each_field(record: type[Record]) -> None:
    columns = [c.name for c in TABLES[record].columns]
    names = [f.name for f in fields(record)]
    assert [c for c in columns if c in names] == names
    assert record.table == TABLES[record].name


@pytest.mark.parametrize("before", [None, "2026-01-01T00:00:00.000000Z"])
@pytest.mark.parametrize(("record", "equal"), QUERIES, ids=str)
def test_an_index_answers(
    path: Path, ledger: SqlLedger, record: type[Record], equal: dict[str, Any], before: str | None
) -> None:
    query = find_query(record, 100, before, equal)
    text = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    engine.dispose()
    assert plan[0].startswith("SEARCH"), plan
    sorts = any("TEMP B-TREE" in step for step in plan)
    assert not sorts or record is Edge, f"the index gives the order too: {plan}"


def test_an_unknown_record_is_named(ledger: SqlLedger) -> None:
    class Other(Record):
        table = "other"

    with pytest.raises(UnknownName, match="Other"):
        ledger.find(Other)


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01T00:00:00", ""])
def test_a_time_needs_its_zone(ledger: SqlLedger, time: str) -> None:
    with pytest.raises(SpecError, match="not a time"):
        ledger.find(Run, before=time)


def test_a_time_may_be_written_in_any_zone_and_precision(ledger: SqlLedger) -> None:
    ledger.append(Note("zoned", "k", "s", utc_text()), actor="ana")
    assert ledger.find(Note, before="2999-01-01T00:00:00Z")
    assert ledger.find(Note, before="2999-01-01T00:00:00+14:00")
    assert not ledger.find(Note, before="1999-01-01T00:00:00.5-02:00")


def test_text_that_one_database_would_refuse_is_refused_by_all(ledger: SqlLedger) -> None:
    long = "x" * 10_000
    ledger.append(Note("long", "k", "s", utc_text(), {"text": long}), actor="ana", why=long)
    with pytest.raises(SpecError, match="subject"):
        ledger.append(Note("n", "k", long, utc_text()), actor="ana")
    with pytest.raises(SpecError, match="NUL"):
        ledger.append(Note("n\0", "k", "s", utc_text()), actor="ana")
