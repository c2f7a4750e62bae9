"""F10: sixteen writers and a long reader share one SQLite file, and nobody hears of a lock.

``RUEDA_F10_WRITES`` sets the writes of each process (the full figure is 1,000).
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from rueda.kernel.chain import verify_chain
from rueda.kernel.record import Event, Note, utc_text
from rueda.ledgers.sql import open_sqlite

WRITERS = 16
WRITES = int(os.environ.get("RUEDA_F10_WRITES", "60"))
FORK = multiprocessing.get_context("fork")


def write(path: Path, writer: int, results: Any, wait_s: float = 60.0) -> None:
    """Append one by one; report the seconds of each, or the error."""
    seconds = []
    try:
        with open_sqlite(path, wait_s=wait_s) as ledger:
            for i in range(WRITES):
                started = time.perf_counter()
                ledger.append(Note(f"{writer}-{i}", "k", "s", utc_text()), actor=f"w{writer}")
                seconds.append(time.perf_counter() - started)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must say it
        results.put(repr(error))
    else:
        results.put(seconds)


def read(path: Path, stop: Any) -> None:
    """Hold one snapshot after another for half a second, past Rueda."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as reader:
        while not stop.is_set():
            reader.execute("BEGIN")
            for _ in reader.execute("SELECT * FROM events"):
                pass
            time.sleep(0.5)
            reader.execute("COMMIT")


@contextmanager
def long_reader(path: Path) -> Iterator[None]:
    stop = FORK.Event()
    process = FORK.Process(target=read, args=(path, stop))
    process.start()
    yield
    stop.set()
    process.join()
    assert process.exitcode == 0


def test_sixteen_writers_and_a_long_reader(
    tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    path = tmp_path / "ledger.db"
    open_sqlite(path).close()
    results = FORK.Queue()
    writers = [FORK.Process(target=write, args=(path, i, results)) for i in range(WRITERS)]
    wal, largest = path.with_name("ledger.db-wal"), 0
    with long_reader(path):
        started = time.monotonic()
        for writer in writers:
            writer.start()
        outcomes: list[Any] = []
        while len(outcomes) < WRITERS:
            time.sleep(0.05)
            largest = max(largest, wal.stat().st_size if wal.exists() else 0)
            while not results.empty():
                outcomes.append(results.get())
        for writer in writers:
            writer.join()
        took_s = time.monotonic() - started
    assert [o for o in outcomes if isinstance(o, str)] == [], "no error reaches a caller"
    seconds = sorted(s for outcome in outcomes for s in outcome)
    assert len(seconds) == WRITERS * WRITES
    assert largest <= 64 * 2**20
    with open_sqlite(path) as ledger:
        assert verify_chain(ledger) == WRITERS * WRITES
        for writer in range(WRITERS):
            mine = ledger.find(Event, actor=f"w{writer}", limit=WRITES + 1)
            subjects = [event.subject for event in reversed(mine)]
            assert subjects == [f"{writer}-{i}" for i in range(WRITES)], "in the order of the calls"
    p99_ms = 1000 * seconds[len(seconds) * 99 // 100]
    record_property("p99_ms", p99_ms)
    print(
        f"\n{len(seconds):,} writes, {len(seconds) / took_s:.0f}/s, p99 {p99_ms:.0f} ms,"
        f" longest {1000 * seconds[-1]:.0f} ms, log at most {largest / 2**20:.1f} MB"
    )


def test_writers_without_patience_are_noticed(tmp_path: Path) -> None:
    """Planted: a ledger that gives up at once. What the writers report shows it."""
    path = tmp_path / "ledger.db"
    open_sqlite(path).close()
    results = FORK.Queue()
    writers = [FORK.Process(target=write, args=(path, i, results, 0.0)) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    outcomes = [results.get(timeout=60) for _ in writers]
    for writer in writers:
        writer.join()
    assert any(isinstance(outcome, str) and "LedgerBusy" in outcome for outcome in outcomes)
