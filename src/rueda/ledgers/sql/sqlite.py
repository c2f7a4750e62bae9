"""A ledger in one SQLite file: many processes at once, without a server."""

from __future__ import annotations

import logging
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError

from rueda.kernel.errors import Corrupt, DiskFull, LedgerBusy, RuedaError, WriteRefused
from rueda.ledgers.sql.blocker import lock_owners
from rueda.ledgers.sql.database import Moment
from rueda.ledgers.sql.fork import leave_to_parent

T = TypeVar("T")

_log = logging.getLogger("rueda.ledger")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_WAITING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_WAL_LIMIT_BYTES = 16 * 2**20


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
        # Without a limit, so that no thread waits for another thread's connection.
        self._engine: Engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=QueuePool, max_overflow=-1
        )
        self._finalizer = weakref.finalize(self, self._engine.dispose)
        leave_to_parent(self._engine)
        self._patiently(self._use_wal)

    def read(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self._engine.connect() as connection:
                return work(connection)

        return self._patiently(attempt)

    def write(
        self,
        work: Callable[[Connection], T],
        settled: Callable[[Connection], T | None],  # noqa: ARG002 - a file never hangs up
    ) -> T:
        def attempt() -> T:
            with self._engine.connect() as connection:
                driver: Any = connection.connection.dbapi_connection
                # Past SQLAlchemy: under contention most attempts fail, and its errors cost twenty
                # times as much as the attempt.
                self._patiently(lambda: driver.execute("BEGIN IMMEDIATE"))
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
        # isolation_level None: no transaction begins behind our back. timeout 0: SQLite's own
        # waiting sleeps longer the longer it has waited, so the oldest starve.
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        return connection

    def _use_wal(self) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")

    def _trim(self, driver: Any) -> None:
        """Empty the write-ahead log once it is large: SQLite by itself only does so when it happens
        to meet no reader.
        """
        with suppress(OSError, sqlite3.OperationalError):
            if self._wal.stat().st_size > _WAL_LIMIT_BYTES:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def _wal(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """The result of ``attempt``, called again while the file is locked."""
        started = time.monotonic()
        warn_s = 1.0
        while True:
            try:
                return attempt()
            except (DBAPIError, sqlite3.Error) as error:
                cause = error.orig if isinstance(error, DBAPIError) else error
                if _code(cause) not in _WAITING:
                    raise _translated(cause, self._path) from error
            waited_s = time.monotonic() - started
            if waited_s > self._wait_s:
                raise self._busy(waited_s)
            if waited_s > warn_s:
                _log.warning("waiting for %s, locked by %s", self._path, lock_owners(self._path))
                warn_s += 10
            time.sleep(_pause_s(waited_s))

    def _busy(self, waited_s: float) -> LedgerBusy:
        return LedgerBusy(
            f"the ledger {self._path} stayed locked for {waited_s:.0f} s",
            expected=f"a turn within {self._wait_s:g} s",
            got=f"locked by {lock_owners(self._path)}",
            do="end that process, or wait for it, and try again",
        )


def _pause_s(waited_s: float) -> float:
    """How long to sleep before asking again: the longer one has waited, the more often it asks, so
    turns come nearly in order. A lock held for seconds is asked after lazily.
    """
    if waited_s > 2:
        return 0.02
    return max(0.0005, 0.004 / (1 + waited_s / 0.02))


def _code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _translated(error: BaseException | None, path: Path) -> BaseException:
    """The error of ours that says what SQLite's means for the reader, or itself."""
    kinds: dict[int, tuple[type[RuedaError], str]] = {
        sqlite3.SQLITE_FULL: (DiskFull, "free some space; nothing was written"),
        sqlite3.SQLITE_IOERR: (WriteRefused, "look at the disk: it reported an error"),
        sqlite3.SQLITE_READONLY: (WriteRefused, "make the file and its folder writable"),
        sqlite3.SQLITE_CANTOPEN: (WriteRefused, "make its folder exist and writable"),
        sqlite3.SQLITE_CORRUPT: (Corrupt, "put a backup in its place"),
        sqlite3.SQLITE_NOTADB: (Corrupt, "name another file, or put a backup in its place"),
    }
    kind, advice = kinds.get(_code(error), (None, ""))
    if kind is None:
        return error or LedgerBusy("the ledger failed without a reason")
    return kind(f"the ledger {path} could not be used", got=str(error), do=advice)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _boot_seconds() -> float:
    # Counts the time that a laptop slept, which the monotonic clock does not.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return 0.0 if clock is None else time.clock_gettime(clock)
