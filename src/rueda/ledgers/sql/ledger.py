"""The ledger seam over a SQL database: four methods, each one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection

from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import MissingExtra, RefMoved
from rueda.kernel.record import Lease, Record, RefMove
from rueda.ledgers.sql.database import Database
from rueda.ledgers.sql.events import Chain, has_event
from rueda.ledgers.sql.leasing import Request, check_fence, grant_lease
from rueda.ledgers.sql.migration import prepare_schema
from rueda.ledgers.sql.moving import move_ref
from rueda.ledgers.sql.rows import find_rows
from rueda.ledgers.sql.writing import check_writable, write_records

T = TypeVar("T")
RecordT = TypeVar("RecordT", bound=Record)


class SqlLedger:
    """A ledger in a SQL database; see ``rueda.kernel.seams.Ledger`` for what it promises.

    Beyond the seam: appending what already stands changes nothing and adds no event; a refused move
    leaves an event ``ref.refused``; ``close`` (or a ``with`` block) closes the connections, which
    open again when needed.

    Parameters
    ----------
    database
        Where its tables are; they are made or migrated at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        prepare_schema(database)

    def append(
        self, *records: Record, actor: str, why: str = "", lease: Lease | None = None
    ) -> int:
        check_writable(records)

        def work(connection: Connection, chain: Chain) -> int:
            if lease is not None:
                check_fence(connection, lease)
            return write_records(connection, chain, records)

        return self._write(actor, why, work)

    def find(
        self, record: type[RecordT], *, limit: int = 100, before: str | None = None, **equal: Json
    ) -> list[RecordT]:
        return self._database.read(lambda c: find_rows(c, record, limit, before, equal))

    def move(
        self, name: str, to: Digest | None, *, expect: Digest | None, actor: str, why: str = ""
    ) -> RefMove:
        outcome = self._write(actor, why, lambda c, chain: move_ref(c, chain, name, to, expect))
        if isinstance(outcome, RefMoved):
            raise outcome
        return outcome

    def lease(self, name: str, owner: str, ttl_s: float, *, token: int | None = None) -> Lease:
        request = Request(name, owner, ttl_s, token)

        def work(connection: Connection, chain: Chain) -> Lease:
            return grant_lease(connection, request, self._database.clock(connection), chain.seq)

        return self._write(owner, "", work)

    def close(self) -> None:
        """Close every connection of this process."""
        self._database.close()

    def __enter__(self) -> SqlLedger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, actor: str, why: str, work: Callable[[Connection, Chain], T]) -> T:
        """``work`` in one transaction, with the chain that it may add to."""
        linked: list[tuple[int, Digest, T]] = []

        def attempt(connection: Connection) -> T:
            now = self._database.clock(connection).now
            chain = Chain(connection, now, actor, why)
            head = chain.seq
            result = work(connection, chain)
            if chain.seq > head:
                linked.append((chain.seq, chain.digest, result))
            return result

        def settled(connection: Connection) -> T | None:
            return next(
                (r for seq, digest, r in linked if has_event(connection, seq, digest)), None
            )

        return self._database.write(attempt, settled)


def open_sqlite(path: Path, *, wait_s: float = 60.0) -> SqlLedger:
    """The ledger in the SQLite file ``path``, made if it is not there.

    Parameters
    ----------
    path
        The file. Two more stand beside it while it is open: ``-wal`` and ``-shm``.
    wait_s
        How long a call waits for another process's lock before ``LedgerBusy``.
    """
    from rueda.ledgers.sql.sqlite import SqliteDatabase

    return SqlLedger(SqliteDatabase(path, wait_s))


def open_postgres(url: str, *, wait_s: float = 60.0) -> SqlLedger:
    """The ledger in the PostgreSQL database ``url`` (``postgresql://…``).

    Parameters
    ----------
    url
        Where the database is; it must exist.
    wait_s
        How long a call waits for another client's lock, or for a server that is away.

    Raises
    ------
    MissingExtra
        psycopg is not installed.
    """
    try:
        from rueda.ledgers.sql.postgres import PostgresDatabase
    except ImportError as error:
        raise MissingExtra(
            f"ledger 'postgres' needs the package {error.name}", do="pip install 'rueda[postgres]'"
        ) from error
    return SqlLedger(PostgresDatabase(url, wait_s))
