"""Waiting for the lock of a SQLite file: how often to ask, when to say so, when to give up."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from rueda.kernel.errors import LedgerBusy
from rueda.ledgers.sql.blocker import lock_owners

_log = logging.getLogger("rueda.ledger")

_SAY_AFTER_S = 1.0
_SAY_EVERY_S = 10.0
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


class Patience:
    """The patience of one call.

    Parameters
    ----------
    path
        The file it waits for.
    limit_s
        After how long it gives up.
    """

    def __init__(self, path: Path, limit_s: float) -> None:
        self._path = path
        self._limit_s = limit_s
        self._started = time.monotonic()
        self._say_at_s = _SAY_AFTER_S

    def pause(self) -> None:
        """Sleep until it is worth asking again.

        Raises
        ------
        LedgerBusy
            The limit is reached; it names the process that holds the lock.
        """
        waited_s = time.monotonic() - self._started
        if waited_s > self._limit_s:
            raise self._exhausted(waited_s)
        if waited_s > self._say_at_s:
            _log.warning("waiting for %s, locked by %s", self._path, lock_owners(self._path))
            self._say_at_s += _SAY_EVERY_S
        time.sleep(_pause_s(waited_s))

    def _exhausted(self, waited_s: float) -> LedgerBusy:
        return LedgerBusy(
            f"the ledger {self._path} stayed locked for {waited_s:.0f} s",
            expected=f"a turn within {self._limit_s:g} s",
            got=f"locked by {lock_owners(self._path)}",
            do="end that process, or wait for it, and try again",
        )


def means_locked(error: BaseException | None) -> bool:
    """Whether SQLite says by ``error`` that another connection is in the way for now."""
    return error_code(error) in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    )


def error_code(error: BaseException | None) -> int:
    """SQLite's primary result code behind ``error``; 0 if there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _pause_s(waited_s: float) -> float:
    """The longer it has waited, the more often it asks: so turns come nearly in order, where
    SQLite's own waiting lets the oldest starve. A lock held for seconds is asked after lazily.
    """
    if waited_s > 2:
        return 0.02
    return max(0.0005, 0.004 / (1 + waited_s / 0.02))
