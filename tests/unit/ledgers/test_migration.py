"""A ledger is made whole or not at all, carried forward by itself, and refused when it is newer."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from rueda.kernel.chain import verify_chain
from rueda.kernel.errors import LedgerNewer
from rueda.kernel.record import Note, utc_text
from rueda.ledgers.sql import open_sqlite
from rueda.ledgers.sql.migration import VERSION, prepare_schema
from rueda.ledgers.sql.sqlite import SqliteDatabase

NEXT = VERSION + 1


def add_color(connection: Connection) -> None:
    """A planted migration: two statements and one for each row."""
    connection.exec_driver_sql("ALTER TABLE notes ADD COLUMN color TEXT")
    connection.exec_driver_sql("CREATE INDEX notes_color ON notes (color)")
    for (identity,) in connection.exec_driver_sql("SELECT id FROM notes").all():
        connection.exec_driver_sql(f"UPDATE notes SET color = 'red' WHERE id = '{identity}'")


def migrate(path: Path) -> None:
    database = SqliteDatabase(path, wait_s=5)
    prepare_schema(database, NEXT, {VERSION: add_color})
    database.close()


def schema(path: Path) -> tuple[int, list[str], list[str]]:
    """The version, the columns of notes, and their colors."""
    with closing(sqlite3.connect(path)) as file:
        columns = [row[1] for row in file.execute("PRAGMA table_info(notes)")]
        colors = (
            [row[0] for row in file.execute("SELECT color FROM notes")]
            if "color" in columns
            else []
        )
        return file.execute("SELECT version FROM rueda_version").fetchone()[0], columns, colors


def killed_at(number: int, work: Callable[[], None]) -> bool:
    """Whether a child that does ``work`` came to statement ``number``, and was killed there."""
    pid = os.fork()
    if not pid:
        left = number

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        with suppress(BaseException):
            work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "ledger.db"
    with open_sqlite(path) as ledger:
        ledger.append(*(Note(f"n{i}", "k", "s", utc_text()) for i in range(3)), actor="ana")
    return path


def test_a_migration_runs_by_itself_and_once(path: Path) -> None:
    assert schema(path)[0] == VERSION
    migrate(path)
    migrate(path)
    version, columns, colors = schema(path)
    assert (version, "color" in columns, colors) == (NEXT, True, ["red"] * 3)


def test_an_older_program_refuses_a_newer_ledger(path: Path) -> None:
    migrate(path)
    before = path.read_bytes()
    with pytest.raises(LedgerNewer) as caught:
        open_sqlite(path)
    assert f"schema {NEXT}" in caught.value.got
    assert "upgrade" in caught.value.do
    assert path.read_bytes() == before


def test_f14_a_migration_killed_at_every_statement_recovers(path: Path, tmp_path: Path) -> None:
    points = 0
    for number in range(1, 100):
        copy = tmp_path / f"{number}.db"
        copy.write_bytes(path.read_bytes())
        if not killed_at(number, lambda copy=copy: migrate(copy)):
            break
        points += 1
        version, columns, colors = schema(copy)
        assert (version, "color" in columns, colors) in [
            (VERSION, False, []),
            (NEXT, True, ["red"] * 3),
        ], f"half a migration after statement {number}"
        migrate(copy)
        assert schema(copy)[0] == NEXT
    assert 7 < points < 99


def test_f14_a_ledger_killed_in_the_making_opens(tmp_path: Path) -> None:
    points = 0
    for number in range(1, 200):
        path = tmp_path / f"{number}.db"
        if not killed_at(number, lambda path=path: open_sqlite(path).close()):
            break
        points += 1
        with open_sqlite(path) as ledger:
            ledger.append(Note("n", "k", "s", utc_text()), actor="ana")
            assert verify_chain(ledger) == 1
    assert 30 < points < 199


def test_ledgers_made_at_once_are_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    children = []
    for i in range(8):
        pid = os.fork()
        if not pid:
            with suppress(Exception), open_sqlite(path) as ledger:
                ledger.append(Note(f"n{i}", "k", "s", utc_text()), actor="ana")
                os._exit(0)
            os._exit(1)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
    with open_sqlite(path) as ledger:
        assert verify_chain(ledger) == 8


def test_a_schema_is_left_alone_when_it_fits(path: Path) -> None:
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    open_sqlite(path).close()
    event.remove(Engine, "before_cursor_execute", note)
    assert statements
    assert not [s for s in statements if not s.lstrip().startswith(("SELECT", "PRAGMA"))]
