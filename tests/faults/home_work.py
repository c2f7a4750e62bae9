"""What power cuts happen to: a home whose writer puts blobs, registers them, and moves a ref; and
homes that are wrong on purpose.
"""

from __future__ import annotations

import io
import itertools
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest, digest_bytes
from rueda.kernel.home import Home, open_home
from rueda.kernel.record import Made, Ref, RefMove, utc_text
from rueda.stores import disk, draft

Say: TypeAlias = Callable[[str], None]

REF = "power@live"


def content(number: int) -> bytes:
    size = 150_000 if number % 10 == 5 else 1 + 997 * number % 5000
    return (b"%d " % number * size)[:size]


def sound(folder: Path, say: Say) -> None:
    """Until the power fails: put a blob, record it, and move the ref to it; say each as it is
    acknowledged.
    """
    home = open_home(folder)
    live = _live(home)
    for number in itertools.count(len(home.ledger.find(Made, limit=1_000_000))):
        blob = home.store.put(io.BytesIO(content(number)))
        say(f"put {blob.digest}")
        made = Made(blob.digest, "thing", f"run/{number}", utc_text())
        home.ledger.append(made, actor="power")
        say(f"made {blob.digest}")
        home.ledger.move(REF, blob.digest, expect=live, actor="power")
        say(f"moved {blob.digest}")
        live = blob.digest


def unsynced_store(folder: Path, say: Say) -> None:
    """Planted: the store renames and acknowledges what was never made durable."""
    draft.os = disk.os = _Unsynced()  # type: ignore[attr-defined]
    sound(folder, say)


def unsynced_ledger(folder: Path, say: Say) -> None:
    """Planted: the ledger commits with ``synchronous=NORMAL``, as is SQLite's advice for WAL."""
    connect = sqlite3.connect

    def lax(*args: object, **kwargs: object) -> sqlite3.Connection:
        return connect(*args, **{**kwargs, "factory": _Lax})  # type: ignore[arg-type]

    sqlite3.connect = lax  # type: ignore[assignment]
    sound(folder, say)


class _Lax(sqlite3.Connection):
    def execute(self, sql: str, *args: object) -> sqlite3.Cursor:  # type: ignore[override]
        return super().execute(sql.replace("synchronous = FULL", "synchronous = NORMAL"), *args)


class _Unsynced:
    def __getattr__(self, name: str) -> object:
        return (lambda fd: None) if name == "fsync" else getattr(os, name)


def look(folder: Path, said: list[str]) -> None:
    """Raise AssertionError unless all that was acknowledged is there, and nothing is torn."""
    home = open_home(folder)
    verify_chain(home.ledger)
    there = {blob.digest for blob in home.store.sweep((), dry_run=True)}
    for digest in there:
        with home.store.open(digest) as stream:
            assert digest_bytes(stream.read()) == digest
    made = {record.id for record in home.ledger.find(Made, limit=1_000_000)}
    moved = [move.new for move in home.ledger.find(RefMove, name=REF, limit=1_000_000)]
    acknowledged: dict[str, set[Digest]] = {"put": set(), "made": set(), "moved": set()}
    for line in said:
        what, _, digest = line.partition(" ")
        acknowledged[what].add(Digest(digest))
    assert acknowledged["put"] <= there, "an acknowledged blob is lost"
    assert acknowledged["made"] <= made, "an acknowledged record is lost"
    assert acknowledged["moved"] <= set(moved), "an acknowledged move is lost"
    assert made <= there, "a record names a blob that is not there"
    assert set(moved) <= made, "a ref moved to what was not recorded"
    assert _live(home) == (moved[0] if moved else None), "the ref stands where its history ends"


def _live(home: Home) -> Digest | None:
    found = home.ledger.find(Ref, name=REF)
    return found[0].digest if found else None
