"""Leases run out by the clock, whatever is done to the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from rueda.kernel.chain import verify_chain
from rueda.kernel.errors import LeaseHeld
from rueda.kernel.record import Event, Note
from rueda.ledgers.sql import SqlLedger
from rueda.ledgers.sql.database import Moment
from rueda.ledgers.sql.sqlite import SqliteDatabase

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clocked(SqliteDatabase):
    """A SQLite ledger whose clock the test sets."""

    moment = Moment(NOON, "this boot", 1000.0)

    def clock(self, connection: Connection) -> Moment:
        return self.moment

    def pass_s(self, awake_s: float, wall_s: float | None = None, boot: str = "") -> None:
        """Let time pass; the wall clock may be set, and the machine restarted."""
        wall = timedelta(seconds=awake_s if wall_s is None else wall_s)
        awake = awake_s if boot else self.moment.boot_s + awake_s
        self.moment = Moment(self.moment.now + wall, boot or self.moment.boot, awake)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Clocked]:
    database = Clocked(tmp_path / "ledger.db", wait_s=5)
    yield database
    database.close()


def test_a_lease_lives_as_long_as_it_was_granted(database: Clocked) -> None:
    ledger = SqlLedger(database)
    assert ledger.lease("turn", "ana", 30).expires_at == "2026-06-01T12:00:30.000000Z"
    database.pass_s(29.9)
    with pytest.raises(LeaseHeld):
        ledger.lease("turn", "ben", 30)
    database.pass_s(0.2)
    assert ledger.lease("turn", "ben", 30).token == 2


@pytest.mark.parametrize("jump_s", [-86_400.0 * 365, -3600.0, 3600.0, 86_400.0 * 365])
def test_a_wall_clock_that_jumps_neither_ends_nor_lengthens_it(
    database: Clocked, jump_s: float
) -> None:
    ledger = SqlLedger(database)
    ledger.lease("turn", "ana", 30)
    database.pass_s(10, wall_s=10 + jump_s)
    with pytest.raises(LeaseHeld):
        ledger.lease("turn", "ben", 30)
    database.pass_s(21)
    assert ledger.lease("turn", "ben", 30).token == 2


def test_a_restarted_machine_goes_by_the_wall_clock(database: Clocked) -> None:
    ledger = SqlLedger(database)
    ledger.lease("turn", "ana", 30)
    database.pass_s(5, boot="next boot")
    with pytest.raises(LeaseHeld):
        ledger.lease("turn", "ben", 30)
    database.pass_s(30)
    assert ledger.lease("turn", "ben", 30).token == 2


def test_a_restarted_machine_whose_clock_was_set_back_keeps_nobody_out(database: Clocked) -> None:
    ledger = SqlLedger(database)
    ledger.lease("turn", "ana", 30)
    database.pass_s(5, wall_s=-86_400, boot="next boot")
    assert ledger.lease("turn", "ben", 30).token == 2


def test_without_a_boot_clock_the_wall_clock_decides(database: Clocked) -> None:
    ledger = SqlLedger(database)
    database.moment = Moment(NOON)
    ledger.lease("turn", "ana", 30)
    database.moment = Moment(NOON + timedelta(seconds=29))
    with pytest.raises(LeaseHeld):
        ledger.lease("turn", "ben", 30)
    database.moment = Moment(NOON + timedelta(seconds=31))
    assert ledger.lease("turn", "ben", 30).token == 2


def test_times_of_events_grow_though_the_clock_goes_back(database: Clocked) -> None:
    ledger = SqlLedger(database)
    for i in range(5):
        ledger.append(Note(f"n{i}", "k", "s", "t"), actor="ana")
        database.pass_s(1, wall_s=-3600)
    times = [e.at for e in ledger.find(Event)]
    assert times == sorted(set(times), reverse=True)
    assert [n.id for n in ledger.find(Note, before=times[2])] == ["n1", "n0"]
    assert verify_chain(ledger) == 5
