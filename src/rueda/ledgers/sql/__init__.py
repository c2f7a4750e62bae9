"""The ledger in a SQL database: SQLite for one machine, PostgreSQL for a team."""

from rueda.ledgers.sql.ledger import SqlLedger, open_postgres, open_sqlite

__all__ = ["SqlLedger", "open_postgres", "open_sqlite"]
