"""The schema of a ledger: made once, carried forward by itself, refused when it is newer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, insert, inspect, select, update

from rueda.kernel.errors import LedgerNewer
from rueda.ledgers.sql.database import Database
from rueda.ledgers.sql.tables import events, metadata, ref_moves, version

VERSION = 1
"""The schema that this code reads and writes."""

MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {}
"""By the version that they start from; each brings a ledger to the next one."""


def prepare_schema(
    database: Database,
    target: int = VERSION,
    migrations: Mapping[int, Callable[[Connection], None]] = MIGRATIONS,
) -> None:
    """Bring ``database`` to the schema ``target``, in one transaction.

    Raises
    ------
    LedgerNewer
        Its schema is later than ``target``.
    """
    if database.read(_version) == target:
        return

    def work(connection: Connection) -> None:
        found = _version(connection)
        if found is None:
            _create(connection, target)
            return
        if found > target:
            raise _newer(found, target)
        for step in range(found, target):
            migrations[step](connection)
        connection.execute(update(version).values(version=target))

    database.write(work, lambda _: None)


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version)).scalar()


def _create(connection: Connection, target: int) -> None:
    metadata.create_all(connection, checkfirst=False)
    for table in (events.name, ref_moves.name):
        for statement in _APPEND_ONLY[connection.dialect.name]:
            connection.exec_driver_sql(statement.replace("{table}", table))
    connection.execute(insert(version).values(version=target))


_APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
        " BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    ],
}


def _newer(found: int, target: int) -> LedgerNewer:
    return LedgerNewer(
        "this ledger was written by a newer Rueda",
        expected=f"schema {target} or earlier",
        got=f"schema {found}",
        do="upgrade Rueda here: pip install --upgrade rueda",
    )
