"""What the faults of a store happen to: puts of many sizes, one twice, then a sweep; and stores
that are wrong on purpose.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from rueda.kernel.digest import Digest, digest_bytes
from rueda.kernel.errors import StoreError
from rueda.stores import draft, local
from rueda.stores.draft import Draft
from rueda.stores.local import LocalStore

Say: TypeAlias = Callable[[str], None]

PUTS = 30
KEPT = 20


def content(number: int) -> bytes:
    """The same bytes in every process: most small, some large; 0 and 1 are the same."""
    size = 150_000 if number % 10 == 5 else 1 + 997 * number % 5000
    return (b"%d " % max(number, 1) * size)[:size]


DIGESTS = [digest_bytes(content(number)) for number in range(PUTS)]


def sound(folder: Path, say: Say) -> None:
    """Say each digest once it is kept, ``sweep`` before what is not kept goes, and ``refused``
    when the store says that it could not.
    """
    # So that a hundred kilobytes take the way of a large file.
    local.SPOOL_BYTES, local.BLOCK_BYTES = 65_536, 16_384
    try:
        store = LocalStore(folder)
    except StoreError:
        say("refused")
        store = LocalStore(folder)
    for number in range(PUTS):
        try:
            say(store.put(io.BytesIO(content(number))).digest)
        except StoreError:
            say("refused")
    say("sweep")
    try:
        list(store.sweep(set(DIGESTS[:KEPT]), dry_run=False))
    except StoreError:
        say("refused")


def in_place(folder: Path, say: Say) -> None:
    """Planted: visible before it is whole."""

    class InPlace(Draft):
        def publish(self, path: Path) -> None:
            content = self._path.read_bytes()
            self._path.unlink()
            with path.open("wb", buffering=0) as target:
                for start in range(0, len(content), 16_384):
                    target.write(content[start : start + 16_384])
                os.fsync(target.fileno())
            self._published = True

    local.Draft = InPlace  # type: ignore[misc]
    sound(folder, say)


def unsynced(folder: Path, say: Say) -> None:
    """Planted: renamed and acknowledged, but never made durable."""
    draft.os = _Without("fsync")  # type: ignore[attr-defined]
    sound(folder, say)


def stubborn(folder: Path, say: Say) -> None:
    """Planted: tries a failed fsync again, and takes the second answer for the truth."""
    draft.os = _Stubborn("fsync")  # type: ignore[attr-defined]
    sound(folder, say)


class _Without:
    """``os``, with one call that does nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        return (lambda *args: None) if name == self._name else getattr(os, name)


class _Stubborn(_Without):
    def __getattr__(self, name: str) -> object:
        call = getattr(os, name)
        if name != self._name:
            return call

        def twice(*args: object) -> object:
            try:
                return call(*args)
            except OSError:
                return call(*args)

        return twice


def faults_in(folder: Path, said: list[str]) -> list[str]:
    """What is wrong with the store in ``folder``, given what its writers acknowledged: nothing, or
    a promise is broken.
    """
    store = LocalStore(folder)
    wrong = []
    if any((folder / "drafts").iterdir()):
        wrong.append("a leftover was not reclaimed")
    there = {blob.digest for blob in store.sweep((), dry_run=True)}
    for digest in sorted(there):
        try:
            with store.open(digest) as stream:
                stream.read()
        except StoreError:
            wrong.append(f"{digest} is visible and torn")
    if unknown := there - set(DIGESTS):
        wrong.append(f"{len(unknown)} blobs that nobody put")
    swept = set(DIGESTS[KEPT:]) if "sweep" in said else set()
    acknowledged = {Digest(line) for line in said if line in DIGESTS}
    if lost := acknowledged - there - swept:
        wrong.append(f"{len(lost)} acknowledged blobs are lost")
    return wrong
