"""A ledger in one SQLite file: many processes at once, without a server."""

from __future__ import annotations

import shutil
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError

from rueda.kernel.errors import Corrupt, DiskFull, RuedaError, WriteRefused
from rueda.ledgers.sql.database import Moment
from rueda.ledgers.sql.fork import close_before_fork, no_fork
from rueda.ledgers.sql.patience import Patience, error_code, means_locked

T = TypeVar("T")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# An append touches about ten pages: small ones halve what each commit must flush.
_PAGE_BYTES = 2048
_WAL_LIMIT_BYTES = 16 * 2**20
_WAL_STEP_BYTES = 4 * 2**20
_WAL_OUTWAIT_BYTES = 32 * 2**20
_WAL_HOPELESS_BYTES = 64 * 2**20
_OUTWAIT_MS = 2500
# How long one call may hold back a fork of its process while it waits for the lock.
_SLICE_S = 0.05


class SqliteDatabase:
    """One SQLite file in WAL mode, every commit flushed to the disk before it is acknowledged.

    Parameters
    ----------
    path
        The file; made on the first use.
    wait_s
        How long to wait for a lock before ``LedgerBusy``.
    """

    def __init__(self, path: Path, wait_s: float) -> None:
        self._path = path
        self._wait_s = wait_s
        self._outwait_at = _WAL_OUTWAIT_BYTES
        # Without a limit, so that no thread waits for another thread's connection.
        self._engine: Engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=QueuePool, max_overflow=-1
        )
        self._finalizer = weakref.finalize(self, self._engine.dispose)
        close_before_fork(self._engine)
        self.read(lambda connection: connection.exec_driver_sql("PRAGMA journal_mode = WAL"))

    def read(self, work: Callable[[Connection], T]) -> T:
        def attempt(patience: Patience) -> T:  # noqa: ARG001 - readers do not queue
            with no_fork(), self._engine.connect() as connection:
                return work(connection)

        return self._patiently(attempt)

    def write(
        self,
        work: Callable[[Connection], T],
        settled: Callable[[Connection], T | None],  # noqa: ARG002 - a file never hangs up
    ) -> T:
        def attempt(patience: Patience) -> T:
            with no_fork(), self._engine.connect() as connection:
                driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
                _begin(driver, patience)
                result = work(connection)
                connection.commit()
                self._trim(driver)
                return result

        return self._patiently(attempt)

    def clock(self, connection: Connection) -> Moment:  # noqa: ARG002 - this machine's
        return Moment(datetime.now(UTC), _boot_id(), _boot_seconds())

    def close(self) -> None:
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: no transaction begins behind our back. timeout 0: waiting is ours.
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        return connection

    def _trim(self, driver: sqlite3.Connection) -> None:
        """Empty the write-ahead log once it is large.

        SQLite by itself does so only when it happens to meet no reader. One that begins again and
        again is outwaited; one that never ends lets the log grow, and is tried ever more rarely.
        """
        with suppress(OSError, sqlite3.OperationalError):
            size = self._path.with_name(self._path.name + "-wal").stat().st_size
            if size < _WAL_LIMIT_BYTES:
                self._outwait_at = _WAL_OUTWAIT_BYTES
            elif size < self._outwait_at:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                self._outwait_at = max(size + _WAL_STEP_BYTES, 2 * size - _WAL_HOPELESS_BYTES)
                driver.execute(f"PRAGMA busy_timeout = {_OUTWAIT_MS}")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                driver.execute("PRAGMA busy_timeout = 0")

    def _patiently(self, attempt: Callable[[Patience], T]) -> T:
        """The result of ``attempt``, called again while the file is locked."""
        patience = Patience(self._path, self._wait_s)
        while True:
            try:
                return attempt(patience)
            except (DBAPIError, sqlite3.Error) as error:
                cause = error.orig if isinstance(error, DBAPIError) else error
                if not means_locked(cause):
                    raise _translated(cause, self._path) or error from cause
            patience.pause()


def _begin(driver: sqlite3.Connection, patience: Patience) -> None:
    # Past SQLAlchemy: under contention most attempts fail, and its errors cost many times as much
    # as the attempt.
    until = time.monotonic() + _SLICE_S
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not means_locked(error) or time.monotonic() > until:
                raise
        patience.pause()


_MEANINGS: dict[int, tuple[type[RuedaError], str, str]] = {
    sqlite3.SQLITE_FULL: (DiskFull, "room to write", "free some space; nothing was written"),
    sqlite3.SQLITE_IOERR: (
        WriteRefused,
        "a disk that takes and keeps what is written",
        "look at the disk: it reported an error",
    ),
    sqlite3.SQLITE_READONLY: (
        WriteRefused,
        "a file that this user may write",
        "make the file and its folder writable",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        WriteRefused,
        "a folder that this user may write",
        "make its folder exist and writable",
    ),
    sqlite3.SQLITE_CORRUPT: (Corrupt, "a ledger that is whole", "put a backup in its place"),
    sqlite3.SQLITE_NOTADB: (
        Corrupt,
        "a ledger of Rueda",
        "name another file, or put a backup in its place",
    ),
}
_ROOM_BYTES = 2**16
"""What SQLite needs beside the file before it reads or writes anything: its shared memory."""


def _translated(error: BaseException | None, path: Path) -> RuedaError | None:
    """The error of ours that says what SQLite's means for the reader, if it is one of theirs."""
    code = error_code(error)
    if code == sqlite3.SQLITE_IOERR and _is_full(path):
        # Where it cannot grow its shared memory, SQLite speaks of the device.
        code = sqlite3.SQLITE_FULL
    if code not in _MEANINGS:
        return None
    kind, expected, advice = _MEANINGS[code]
    what = f"the ledger {path} could not be used"
    return kind(what, expected=expected, got=str(error), do=advice)


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _ROOM_BYTES
    except OSError:
        return False


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _boot_seconds() -> float:
    # Counts the time that a laptop slept, which the monotonic clock does not.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock)
