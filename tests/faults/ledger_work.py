"""What the faults of a ledger happen to: it is made, written to, and closed; and a ledger that is
wrong on purpose.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import digest_json
from rueda.kernel.errors import RuedaError
from rueda.kernel.record import Edge, Event, Execution, Made, Record, Ref, RefMove, Run
from rueda.ledgers.sql import SqlLedger, open_sqlite

Say: TypeAlias = Callable[[str], None]

NAME = "m@champion"
MODEL = digest_json("model")
TIME = "2026-01-01T00:00:00.000000Z"


def making(folder: Path, say: Say) -> None:
    """Make a ledger, and close it."""
    with open_sqlite(folder / "ledger.db"):
        say("made")


def turning(folder: Path, say: Say) -> None:
    """Say each step once it is acknowledged, and ``refused`` when the ledger says it failed.

    The ledger is a copy of ``prepared.db``, three folders up: making it is another matter.
    """
    path = folder / "ledger.db"
    path.write_bytes((folder.parents[2] / "prepared.db").read_bytes())
    try:
        with open_sqlite(path) as ledger:
            turn(ledger)
            say("run")
            ledger.move(NAME, MODEL, expect=None, actor="ana")
            say(MODEL)
    except RuedaError:
        say("refused")


def turn(ledger: SqlLedger) -> None:
    """A run, its stage and what it made, all or nothing."""
    lease = ledger.lease("m", "ana", 60)
    ledger.append(
        Run("run", "m", "succeeded", TIME),
        Execution("run/train", "run", "train", MODEL, "ran", TIME, outputs={"m": MODEL}),
        Made(MODEL, "model", "run/train", TIME),
        actor="ana",
        lease=lease,
    )


def one_by_one(folder: Path, say: Say) -> None:
    """Planted: each record in a transaction of its own."""
    append = SqlLedger.append

    def append_each(ledger: SqlLedger, *records: Record, **how: Any) -> int:
        return [append(ledger, record, **how) for record in records][-1]

    SqlLedger.append = append_each  # type: ignore[method-assign]
    turning(folder, say)


def faults_in(folder: Path, said: list[str]) -> list[str]:
    """What is wrong with the ledger in ``folder``, given what it acknowledged: nothing, or it broke
    a promise.
    """
    with open_sqlite(folder / "ledger.db") as ledger:
        wrong = _lost(ledger, said) + _torn(ledger)
        verify_chain(ledger)
        ledger.lease("another", "ana", 60)
        ledger.append(Run("afterwards", "m", "running", ""), actor="ana")
    with closing(sqlite3.connect(folder / "ledger.db")) as file:
        if (verdict := file.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            wrong.append(verdict)
    return wrong


def _lost(ledger: SqlLedger, said: list[str]) -> list[str]:
    kept = {run.id for run in ledger.find(Run)} | {move.new for move in ledger.find(RefMove)}
    return [f"{line} is lost" for line in said if line not in kept | {"made", "refused"}]


def _torn(ledger: SqlLedger) -> list[str]:
    """The run has its stage, artifact, edge and event, or none of them is there."""
    runs = len(ledger.find(Run))
    parts: dict[str, list[Any]] = {
        "stages": ledger.find(Execution),
        "artifacts": ledger.find(Made),
        "edges": ledger.find(Edge),
        "events": ledger.find(Event, kind="run.succeeded"),
    }
    wrong = [f"{len(found)} {part} of {runs} runs" for part, found in parts.items()]
    wrong = [line for line, found in zip(wrong, parts.values(), strict=True) if len(found) != runs]
    if [ref.digest for ref in ledger.find(Ref)] != [move.new for move in ledger.find(RefMove)]:
        wrong.append("the ref is not where its history left it")
    return wrong
