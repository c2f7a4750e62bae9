"""F11: another program locks the ledger; writers wait, say for whom, and go on afterwards.

``RUEDA_F11_SECONDS`` sets how long it is locked (the full figure is 30).
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rueda.kernel.errors import LedgerBusy
from rueda.kernel.record import Note, utc_text
from rueda.ledgers.sql import open_sqlite

SECONDS = float(os.environ.get("RUEDA_F11_SECONDS", "2"))

LOCKER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN " + sys.argv[2])
print("locked", flush=True)
time.sleep(float(sys.argv[3]))
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(path: Path, how: str, seconds: float) -> Iterator[int]:
    """Another process has ``path`` locked; its number."""
    command = [sys.executable, "-c", LOCKER, str(path), how, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield process.pid
        process.kill()


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_writer_waits_and_says_for_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    path = tmp_path / "ledger.db"
    with open_sqlite(path) as ledger:
        started = time.monotonic()
        with locked(path, how, SECONDS) as pid, caplog.at_level(logging.WARNING, "rueda"):
            ledger.append(Note("n", "k", "s", utc_text()), actor="ana")
            assert time.monotonic() - started >= SECONDS * 0.9
        assert any(re.search(rf"locked by pid {pid} ", message) for message in caplog.messages)
        assert [note.id for note in ledger.find(Note)] == ["n"]


def test_a_server_that_cannot_wait_is_told_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with open_sqlite(path, wait_s=0.3) as ledger:
        with locked(path, "IMMEDIATE", 60) as pid:
            assert ledger.find(Note) == [], "reading goes on"
            with pytest.raises(LedgerBusy) as caught:
                ledger.append(Note("n", "k", "s", utc_text()), actor="ana")
            assert f"pid {pid}" in caught.value.got
            assert caught.value.http_status == 503
        assert ledger.append(Note("n", "k", "s", utc_text()), actor="ana") == 1


def test_a_ledger_opens_while_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_sqlite(path).close()
    with locked(path, "EXCLUSIVE", 60), open_sqlite(path, wait_s=0.3) as ledger:
        assert ledger.find(Note) == []
