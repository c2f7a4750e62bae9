"""What SQLite does to its users is kept from ours."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt, DiskFull, LedgerBusy, WriteRefused
from rueda.kernel.record import Note, utc_text
from rueda.ledgers.sql import SqlLedger, open_sqlite
from rueda.ledgers.sql import sqlite as adapter


def note(name: str, **body: object) -> Note:
    return Note(name, "k", "s", utc_text(), body)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqlLedger]:
    with open_sqlite(path) as ledger:
        yield ledger


@pytest.mark.parametrize("table", ["events", "ref_moves"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET actor = 'eve'"])
def test_the_file_refuses_to_rewrite_history(
    ledger: SqlLedger, path: Path, table: str, statement: str
) -> None:
    ledger.move("m@live", Digest("d" * 64), expect=None, actor="ana")
    refused = pytest.raises(sqlite3.IntegrityError, match="append-only")
    with closing(sqlite3.connect(path)) as other, refused:
        other.execute(statement.format(table))


def test_history_rewritten_past_the_triggers_is_found(ledger: SqlLedger, path: Path) -> None:
    ledger.append(*(note(f"n{i}") for i in range(9)), actor="ana")
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TRIGGER events_no_update")
        other.execute("UPDATE events SET actor = 'eve' WHERE seq = 4")
        other.commit()
    with pytest.raises(Corrupt, match="event 4"):
        verify_chain(ledger)


def test_every_commit_is_flushed(path: Path, ledger: SqlLedger) -> None:
    ledger.append(note("n"), actor="ana")
    with ledger._database._engine.connect() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_closed_ledger_leaves_one_file_and_opens_again(path: Path) -> None:
    ledger = open_sqlite(path)
    ledger.append(note("n"), actor="ana")
    ledger.close()
    assert [p.name for p in path.parent.iterdir()] == ["ledger.db"]
    assert [n.id for n in ledger.find(Note)] == ["n"]
    ledger.close()


def test_a_copied_file_is_a_ledger(path: Path, tmp_path: Path, ledger: SqlLedger) -> None:
    ledger.append(note("n"), actor="ana")
    ledger.close()
    copy = tmp_path / "copy é 'q' %20?.db"
    copy.write_bytes(path.read_bytes())
    with open_sqlite(copy) as other:
        assert [n.id for n in other.find(Note)] == ["n"]
        assert verify_chain(other) == 1


def test_forked_children_open_their_own_connections(ledger: SqlLedger) -> None:
    ledger.append(note("parent"), actor="ana")
    context = multiprocessing.get_context("fork")

    def child(i: int) -> None:
        for j in range(5):
            ledger.append(note(f"{i}-{j}"), actor=f"child {i}")

    children = [context.Process(target=child, args=(i,)) for i in range(4)]
    for process in children:
        process.start()
    for j in range(5):
        ledger.append(note(f"parent-{j}"), actor="ana")
    for process in children:
        process.join()
    assert [process.exitcode for process in children] == [0] * 4
    assert len(ledger.find(Note)) == 26
    assert verify_chain(ledger) == 26


def test_a_fork_amid_writes_takes_nothing_with_it(ledger: SqlLedger) -> None:
    stop = threading.Event()

    def write(thread: int) -> None:
        for i in itertools.count():
            if stop.is_set():
                return
            ledger.append(note(f"t{thread}-{i}"), actor="thread")

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    codes = []
    for i in range(20):
        pid = os.fork()
        if pid == 0:
            ledger.append(note(f"child{i}"), actor="child")
            os._exit(0)
        codes.append(os.waitpid(pid, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * 20
    assert verify_chain(ledger) == len(ledger.find(Note, limit=100_000))
    assert {f"child{i}" for i in range(20)} <= {n.id for n in ledger.find(Note, limit=100_000)}


def test_a_child_that_outlives_its_parents_connections_loses_nothing(ledger: SqlLedger) -> None:
    ledger.append(note("parent"), actor="ana")
    go, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        ledger.append(note("before"), actor="child")
        os.read(go, 1)
        ledger.append(note("after"), actor="child")
        os.kill(os.getpid(), signal.SIGKILL)
    while len(ledger.find(Note)) < 2:
        time.sleep(0.01)
    ledger.close()
    os.write(said, b"x")
    os.waitpid(pid, 0)
    os.close(go)
    os.close(said)
    assert [n.id for n in ledger.find(Note)] == ["after", "before", "parent"]


def test_a_process_that_ends_without_close_says_nothing(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from rueda.ledgers.sql import open_sqlite\n"
        "from rueda.kernel.record import Note\n"
        "ledger = open_sqlite(Path(sys.argv[1])); ledger.find(Note)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program, str(path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_log_is_emptied_once_it_is_large(
    path: Path, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_WAL_LIMIT_BYTES", 200_000)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        for i in range(30):
            ledger.append(note(f"n{i}", text="x" * 10_000), actor="ana")
        wal = path.with_name("ledger.db-wal")
        assert wal.stat().st_size > 200_000, "a reader that never ends keeps it"
        reader.execute("COMMIT")
    ledger.append(note("last"), actor="ana")
    assert wal.stat().st_size < 200_000


def test_what_holds_the_lock_is_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_sqlite(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_sqlite(path, wait_s=1.2) as ledger, caplog.at_level(logging.WARNING, "rueda"):
            with pytest.raises(LedgerBusy) as caught:
                ledger.append(note("n"), actor="ana")
            assert f"pid {os.getpid()}" in caught.value.got
            assert any(f"pid {os.getpid()}" in message for message in caplog.messages)
            assert ledger.find(Note) == [], "reading goes on"
            other.execute("ROLLBACK")
            ledger.append(note("n"), actor="ana")


def test_a_full_disk_is_named(ledger: SqlLedger) -> None:
    ledger.append(note("n"), actor="ana")
    with ledger._database._engine.connect() as connection:  # type: ignore[attr-defined]
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull) as caught:
        ledger.append(note("large", text="x" * 1_000_000), actor="ana")
    assert caught.value.expected
    assert caught.value.do
    assert [n.id for n in ledger.find(Note)] == ["n"], "nothing was written"


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_ledger_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Corrupt, match="ledger"):
        open_sqlite(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteRefused, match="nowhere"):
        open_sqlite(tmp_path / "nowhere" / "ledger.db")
