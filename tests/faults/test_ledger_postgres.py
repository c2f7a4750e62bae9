"""F12 and F13: a PostgreSQL server that crashes, and one that commits but cannot say so.

``RUEDA_F12_RESTARTS`` and ``RUEDA_F13_COMMITS`` set how often (the full figures are 20 and 1,000).
"""

from __future__ import annotations

import itertools
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import LedgerBusy, RefMoved
from rueda.kernel.record import Event, Note, RefMove, utc_text
from rueda.ledgers.sql import SqlLedger, open_postgres
from rueda.ledgers.sql import ledger as module
from rueda.testing.postgres import ScratchPostgres, postgres_programs

RESTARTS = int(os.environ.get("RUEDA_F12_RESTARTS", "3"))
COMMITS = int(os.environ.get("RUEDA_F13_COMMITS", "60"))


@pytest.fixture(scope="module")
def postgres() -> Iterator[ScratchPostgres]:
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    with ScratchPostgres() as server:
        yield server


def note(name: str) -> Note:
    return Note(name, "k", "s", utc_text())


def test_f12_nothing_is_lost_or_doubled_over_crashes(postgres: ScratchPostgres) -> None:
    url = postgres.new_database()
    acknowledged: list[str] = []
    slowest = [0.0]
    stop = threading.Event()

    def write(writer: int) -> None:
        with open_postgres(url) as ledger:
            for i in itertools.count():
                if stop.is_set():
                    return
                started = time.monotonic()
                ledger.append(note(f"{writer}-{i}"), actor="ana")
                acknowledged.append(f"{writer}-{i}")
                slowest.append(time.monotonic() - started)

    open_postgres(url).close()
    writers = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(RESTARTS):
        time.sleep(0.4)
        postgres.stop("immediate")
        postgres.start()
    time.sleep(0.4)
    stop.set()
    for writer in writers:
        writer.join()
    with open_postgres(url) as ledger:
        subjects = [e.subject for e in ledger.find(Event, limit=1_000_000)]
        assert sorted(subjects) == sorted(acknowledged), "each once, and no other"
        assert verify_chain(ledger) == len(acknowledged)
    print(
        f"\nF12: {len(acknowledged)} writes over {RESTARTS} crashes, longest {max(slowest):.1f} s"
    )


class Cutter:
    """A way to a server that breaks off at every third COMMIT: before it, or before the answer."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._commits = 0

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server)
            while True:
                for side in select.select([client, server], [], [])[0]:
                    content = side.recv(65536)
                    if not content or (side is client and self._cuts_at(content, server)):
                        return
                    (server if side is client else client).sendall(content)

    def _cuts_at(self, content: bytes, server: socket.socket) -> bool:
        if b"COMMIT" not in content:
            return False
        self._commits += 1
        if self._commits % 3:
            return False
        self.cuts += 1
        if self.cuts % 2:
            server.sendall(content)
            server.recv(65536)
        return True


@contextmanager
def cutting(url: str) -> Iterator[tuple[str, Cutter]]:
    address, _, folder = url.partition("?host=")
    cutter = Cutter(f"{folder}/.s.PGSQL.5432")
    thread = threading.Thread(target=cutter.serve)
    thread.start()
    yield address.replace("@/", f"@127.0.0.1:{cutter.port}/"), cutter
    cutter.close()
    thread.join()


def test_f13_an_ambiguous_commit_is_applied_once(postgres: ScratchPostgres) -> None:
    url = postgres.new_database()
    open_postgres(url).close()
    here: Digest | None = None
    calls = 0
    with cutting(url) as (cut, cutter), open_postgres(cut) as ledger:
        while cutter.cuts < COMMITS:
            calls += 1
            last = ledger.append(note(f"n{calls}"), actor="ana")
            to = digest_json(calls)
            move = ledger.move("m@live", to, expect=here, actor="ana")
            assert (move.old, move.new, move.seq) == (here, to, last + 1)
            lease = ledger.lease("turn", "ana", 60)
            ledger.lease("turn", "ana", 0, token=lease.token)
            here = to
    with open_postgres(url) as ledger:
        events = ledger.find(Event, limit=10 * calls)
        assert len([e for e in events if e.kind == "note.k"]) == calls
        assert len(ledger.find(RefMove, limit=10 * calls)) == calls
        assert verify_chain(ledger) == 2 * calls
    print(f"\nF13: {cutter.cuts} ambiguous commits in {4 * calls} calls, each applied once")


def test_f13_finds_a_ledger_that_just_tries_again(
    postgres: ScratchPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "has_event", lambda *_: False)
    url = postgres.new_database()
    open_postgres(url).close()
    with cutting(url) as (cut, _), open_postgres(cut) as ledger, pytest.raises(RefMoved):
        move_on(ledger, 20)


def move_on(ledger: SqlLedger, times: int) -> None:
    steps = [None, *(digest_json(i) for i in range(times))]
    for here, to in itertools.pairwise(steps):
        ledger.move("m@live", to, expect=here, actor="ana")


def test_a_server_that_stays_away_is_said(postgres: ScratchPostgres) -> None:
    url = postgres.new_database()
    with open_postgres(url, wait_s=0.5) as ledger:
        postgres.stop("immediate")
        with pytest.raises(LedgerBusy, match="cannot be reached"):
            ledger.append(note("n"), actor="ana")
        postgres.start()
        assert ledger.append(note("n"), actor="ana") == 1


def test_f11_the_session_that_holds_the_lock_is_named(postgres: ScratchPostgres) -> None:
    import psycopg

    url = postgres.new_database()
    with open_postgres(url, wait_s=0.5) as ledger, psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (0x72756564,))
        with pytest.raises(LedgerBusy) as caught:
            ledger.append(note("n"), actor="ana")
        assert f"pid {other.info.backend_pid}" in caught.value.got
        assert ledger.find(Note) == [], "reading goes on"
        other.rollback()
        assert ledger.append(note("n"), actor="ana") == 1


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET actor = ''", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["events", "ref_moves"])
def test_the_database_refuses_to_rewrite_history(
    postgres: ScratchPostgres, table: str, statement: str
) -> None:
    import psycopg

    url = postgres.new_database()
    open_postgres(url).close()
    with psycopg.connect(url) as other, pytest.raises(psycopg.Error, match="append-only"):
        other.execute(statement.format(table))
