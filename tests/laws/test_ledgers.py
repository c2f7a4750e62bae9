"""Every ledger of the tree keeps every law, and the laws notice ledgers that do not."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rueda.kernel.errors import RefMoved, RuedaError
from rueda.kernel.record import Event, Lease, Ref
from rueda.kernel.seams import Ledger
from rueda.ledgers.sql import SqlLedger, open_postgres, open_sqlite
from rueda.testing import ledger as laws
from rueda.testing.ledger import LEDGER_LAWS, Make, check_ledger
from rueda.testing.postgres import ScratchPostgres, postgres_programs


@pytest.fixture
def make_sqlite(tmp_path: Path) -> Iterator[Make]:
    opened: list[SqlLedger] = []

    def make() -> SqlLedger:
        opened.append(open_sqlite(tmp_path / f"{len(opened)}.db"))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[ScratchPostgres]:
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with ScratchPostgres() as server:
        yield server


@pytest.fixture
def make_postgres(postgres: ScratchPostgres) -> Iterator[Make]:
    opened: list[SqlLedger] = []

    def make() -> SqlLedger:
        opened.append(open_postgres(postgres.new_database()))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


@pytest.mark.parametrize("law", LEDGER_LAWS, ids=lambda law: law.__name__)
def test_sqlite(law: Callable[[Make], None], make_sqlite: Make) -> None:
    law(make_sqlite)


@pytest.mark.parametrize("law", LEDGER_LAWS, ids=lambda law: law.__name__)
def test_postgres(law: Callable[[Make], None], make_postgres: Make) -> None:
    law(make_postgres)


class Faulty:
    """A ledger that breaks a law somewhere, around one that keeps them."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def append(self, *records: Any, **how: Any) -> int:
        return self.ledger.append(*records, **how)

    def find(self, record: Any, **how: Any) -> Any:
        return self.ledger.find(record, **how)

    def move(self, name: str, to: Any, **how: Any) -> Any:
        return self.ledger.move(name, to, **how)

    def lease(self, name: str, owner: str, ttl_s: float, **how: Any) -> Lease:
        return self.ledger.lease(name, owner, ttl_s, **how)


class LooksThenMoves(Faulty):
    """Compares and swaps in two steps."""

    def move(self, name: str, to: Any, **how: Any) -> Any:
        found = self.ledger.find(Ref, name=name)
        if (found[0].digest if found else None) != how["expect"]:
            return super().move(name, to, **how)
        time.sleep(0.005)
        while True:
            found = self.ledger.find(Ref, name=name)
            how["expect"] = found[0].digest if found else None
            try:
                return super().move(name, to, **how)
            except RefMoved:
                continue


class ReusesTokens(Faulty):
    """Starts counting again after a lease was given back."""

    def lease(self, name: str, owner: str, ttl_s: float, **how: Any) -> Lease:
        how.pop("token", None)
        return replace(super().lease(name, owner, ttl_s, **how), token=1)


class DropsEvents(Faulty):
    """Forgets every fifth event."""

    def find(self, record: Any, **how: Any) -> Any:
        found = super().find(record, **how)
        return [e for e in found if e.seq % 5] if record is Event else found


class ForgetsRefusals(Faulty):
    """Keeps no trace of a refused move."""

    def find(self, record: Any, **how: Any) -> Any:
        found = super().find(record, **how)
        return [e for e in found if e.kind != "ref.refused"] if record is Event else found


class AppendsOneByOne(Faulty):
    """Appends each record by itself."""

    def append(self, *records: Any, **how: Any) -> int:
        return [self.ledger.append(record, **how) for record in records][-1]


class IgnoresTheFence(Faulty):
    """Lets everybody write."""

    def append(self, *records: Any, lease: Any = None, **how: Any) -> int:
        return super().append(*records, **how)


class LeasesToAnybody(Faulty):
    """Lets the second taker have the lease too."""

    def lease(self, name: str, owner: str, ttl_s: float, **how: Any) -> Lease:
        return replace(super().lease(name, "everybody", ttl_s, **how), owner=owner)


class ListsTheOldestFirst(Faulty):
    def find(self, record: Any, **how: Any) -> Any:
        return super().find(record, **how)[::-1]


class CountsRepeatedCalls(Faulty):
    """Makes each call different from the one before."""

    numbers = itertools.count()

    def append(self, *records: Any, **how: Any) -> int:
        changed = [replace(r, id=f"{r.id}{next(self.numbers)}") for r in records]
        return super().append(*changed, **how)


class IgnoresBefore(Faulty):
    def find(self, record: Any, before: Any = None, **how: Any) -> Any:
        return super().find(record, **how)


FAULTS = {
    LooksThenMoves: laws.lets_one_of_many_moves_win,
    ReusesTokens: laws.grows_the_tokens_of_leases,
    DropsEvents: laws.chains_events,
    ForgetsRefusals: laws.moves_refs_by_compare_and_swap,
    AppendsOneByOne: laws.appends_all_or_nothing,
    IgnoresTheFence: laws.fences_writers_that_lost_their_lease,
    LeasesToAnybody: laws.leases_to_one_of_many,
    ListsTheOldestFirst: laws.lists_the_newest_first,
    CountsRepeatedCalls: laws.takes_repeated_calls,
    IgnoresBefore: laws.keeps_the_history_of_refs,
}


@pytest.mark.parametrize(("fault", "law"), FAULTS.items(), ids=lambda x: x.__name__)
def test_the_law_notices(
    fault: type[Faulty], law: Callable[[Make], None], make_sqlite: Make
) -> None:
    with pytest.raises((AssertionError, RuedaError)):
        law(lambda: fault(make_sqlite()))


def test_the_laws_pass_without_a_fault(make_sqlite: Make) -> None:
    check_ledger(lambda: Faulty(make_sqlite()))
