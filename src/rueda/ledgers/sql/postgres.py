"""A ledger in a PostgreSQL database: one for a team."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, func, make_url, select, text
from sqlalchemy.exc import DBAPIError

from rueda.kernel.errors import LedgerBusy
from rueda.ledgers.sql.database import Moment
from rueda.ledgers.sql.fork import close_before_fork, no_fork

T = TypeVar("T")

# One writer at a time, because each event links to the one before it. The number is arbitrary, and
# must never change: it is how all versions of Rueda agree on the lock.
_WRITER = 0x72756564
_LOCK_TIMEOUT = "55P03"
# The server shuts down, starts, or has no slot left; otherwise it hung up without a word.
_AWAY = {"57P01", "57P02", "57P03", "53300", None}


class PostgresDatabase:
    """One PostgreSQL database; times are its own.

    Parameters
    ----------
    url
        ``postgresql://…``.
    wait_s
        How long to wait for a lock, or for a server that is away, before ``LedgerBusy``.
    """

    def __init__(self, url: str, wait_s: float) -> None:
        self._wait_s = wait_s
        address = make_url(url).set(drivername="postgresql+psycopg")
        self._name = address.render_as_string(hide_password=True)
        options = f"-c synchronous_commit=on -c lock_timeout={int(wait_s * 1000)}"
        self._engine: Engine = create_engine(
            address,
            max_overflow=-1,
            connect_args={"application_name": "rueda", "options": options, "connect_timeout": 10},
        )
        self._finalizer = weakref.finalize(self, self._engine.dispose)
        close_before_fork(self._engine)

    def read(self, work: Callable[[Connection], T]) -> T:
        def attempt(again: bool) -> T:  # noqa: ARG001 - reading twice does no harm
            with no_fork(), self._engine.connect() as connection:
                return work(connection)

        return self._patiently(attempt)

    def write(
        self, work: Callable[[Connection], T], settled: Callable[[Connection], T | None]
    ) -> T:
        def attempt(again: bool) -> T:
            with no_fork(), self._engine.begin() as connection:
                # With the lock in hand, a commit of ours that was under way has ended.
                connection.execute(select(func.pg_advisory_xact_lock(_WRITER)))
                if again and (result := settled(connection)) is not None:
                    return result
                return work(connection)

        return self._patiently(attempt)

    def clock(self, connection: Connection) -> Moment:
        return Moment(connection.execute(select(func.clock_timestamp())).scalar_one())

    def close(self) -> None:
        self._engine.dispose()

    def _patiently(self, attempt: Callable[[bool], T]) -> T:
        """The result of ``attempt``, called again (and told so) when the server hung up."""
        started = time.monotonic()
        tries = 0
        while True:
            try:
                return attempt(tries > 0)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state == _LOCK_TIMEOUT:
                    raise self._locked() from error
                if not isinstance(error.orig, psycopg.OperationalError) or state not in _AWAY:
                    raise
                if time.monotonic() - started > self._wait_s:
                    raise self._away(error) from error
            # At once after a hiccup, then at most every fifth of a second.
            time.sleep(min(0.005 * 2 ** min(tries, 6), 0.2))
            tries += 1

    def _locked(self) -> LedgerBusy:
        return LedgerBusy(
            f"the ledger {self._name} stayed locked",
            expected=f"a turn within {self._wait_s:g} s",
            got=f"locked by {self._lock_owner()}",
            do="end that session, or wait for it, and try again",
        )

    def _lock_owner(self) -> str:
        query = text(
            "SELECT 'pid ' || a.pid || ' (' || a.application_name || ') from '"
            " || coalesce(host(a.client_addr), 'this machine')"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.objid = :key AND l.granted"
        )
        with self._engine.connect() as connection:
            return connection.execute(query, {"key": _WRITER}).scalar() or "another session"

    def _away(self, error: DBAPIError) -> LedgerBusy:
        return LedgerBusy(
            f"the ledger {self._name} cannot be reached",
            expected=f"an answer within {self._wait_s:g} s",
            got=str(error.orig).strip(),
            do="start the server, or mend the address; then look whether the last change was made",
        )
