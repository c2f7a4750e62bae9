"""The PostgreSQL ledger without a server: what it says when it cannot be had."""

from __future__ import annotations

import sys

import pytest

from rueda.kernel.errors import LedgerBusy, MissingExtra
from rueda.ledgers.sql import open_postgres


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rueda.ledgers.sql.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match="psycopg") as caught:
        open_postgres("postgresql://nowhere/ledger")
    assert "rueda[postgres]" in caught.value.do


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(LedgerBusy) as caught:
        open_postgres("postgresql://ana:secret@127.0.0.1:1/ledger", wait_s=0.1)
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
