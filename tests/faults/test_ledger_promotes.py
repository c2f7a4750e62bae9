"""F17: eight clients promote at once, round after round; one wins each, and all of it is kept."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import RefMoved
from rueda.kernel.record import Event, Ref, RefMove
from rueda.ledgers.sql import open_sqlite

CLIENTS = 8
ROUNDS = int(os.environ.get("RUEDA_F17_ROUNDS", "200"))
NAME = "flights@champion"
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Attempt:
    """One call of ``move`` as its client saw it."""

    client: int
    started: float
    ended: float
    expect: Digest | None
    to: Digest
    won: bool


def release(client: int, turn: int) -> Digest:
    return digest_json([client, turn])


def promote(path: Path, client: int, barrier: Any, results: Any) -> None:
    """Each round: see who is champion, and when all have seen it, promote one's own."""
    attempts, winners = [], []
    with open_sqlite(path) as ledger:
        for turn in range(ROUNDS):
            champion = ledger.find(Ref, name=NAME)
            expect = champion[0].digest if champion else None
            barrier.wait(60)
            to, won, started = release(client, turn), True, time.monotonic()
            try:
                ledger.move(NAME, to, expect=expect, actor=f"client {client}")
            except RefMoved as error:
                won = False
                winners.append(error.got)
            attempts.append(Attempt(client, started, time.monotonic(), expect, to, won))
            barrier.wait(60)
    assert all("moved by client" in got for got in winners), "the winner is named"
    results.put(attempts)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Attempt]]:
    path = tmp_path_factory.mktemp("promotes") / "ledger.db"
    open_sqlite(path).close()
    barrier, results = FORK.Barrier(CLIENTS), FORK.Queue()
    clients = [
        FORK.Process(target=promote, args=(path, i, barrier, results)) for i in range(CLIENTS)
    ]
    for process in clients:
        process.start()
    attempts = [attempt for _ in clients for attempt in results.get(timeout=240)]
    for process in clients:
        process.join()
    return path, attempts


def test_one_wins_each_round(played: tuple[Path, list[Attempt]]) -> None:
    _, attempts = played
    assert len(attempts) == CLIENTS * ROUNDS
    winners: dict[Digest | None, int] = {}
    for attempt in attempts:
        winners[attempt.expect] = winners.get(attempt.expect, 0) + attempt.won
    assert len(winners) == ROUNDS, "all clients of a round expected the same champion"
    assert set(winners.values()) == {1}


def test_every_attempt_is_kept(played: tuple[Path, list[Attempt]]) -> None:
    path, attempts = played
    with open_sqlite(path) as ledger:
        assert verify_chain(ledger) == CLIENTS * ROUNDS
        moved = ledger.find(Event, kind="ref.moved", limit=CLIENTS * ROUNDS)
        refused = ledger.find(Event, kind="ref.refused", limit=CLIENTS * ROUNDS)
        history = ledger.find(RefMove, name=NAME, limit=CLIENTS * ROUNDS)
    assert (len(moved), len(refused)) == (ROUNDS, (CLIENTS - 1) * ROUNDS)
    assert {m.new for m in history} == {a.to for a in attempts if a.won}


def test_the_history_is_linearizable(played: tuple[Path, list[Attempt]]) -> None:
    """The order of events explains every answer by one register, and agrees with real time."""
    path, attempts = played
    with open_sqlite(path) as ledger:
        events = ledger.find(Event, subject=NAME, limit=CLIENTS * ROUNDS)[::-1]
    called = {attempt.to: attempt for attempt in attempts}
    order = [called[e.body["new"] if e.kind == "ref.moved" else e.body["to"]] for e in events]
    champion: Digest | None = None
    for attempt in order:
        assert attempt.won == (attempt.expect == champion)
        champion = attempt.to if attempt.won else champion
    latest_start = 0.0
    for attempt in order:
        assert attempt.ended >= latest_start, "it was answered before an earlier one was asked"
        latest_start = max(latest_start, attempt.started)
