"""F4 and F5 for the store: a full disk and a read-only one are said, and nothing is lost."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rueda.kernel.digest import Digest
from rueda.kernel.errors import DiskFull, WriteRefused
from rueda.kernel.home import open_home
from rueda.stores import local
from rueda.stores.local import LocalStore
from rueda.testing.streams import Trickle, Zeros

Mount = Callable[[str], AbstractContextManager[Path]]

MEBIBYTE = 2**20

pytestmark = pytest.mark.root


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def verify(store: LocalStore, digests: list[Digest]) -> None:
    for digest in digests:
        with store.open(digest) as stream:
            stream.read()


def fill(store: LocalStore) -> list[Digest]:
    """Put blobs, smaller and smaller, until not even the smallest has room."""
    kept = []
    size = MEBIBYTE
    while size > 1000:
        try:
            kept.append(store.put(io.BytesIO(os.urandom(size))).digest)
        except DiskFull:
            size //= 4
    return kept


def test_f4_a_full_disk_is_said_in_figures(mount: Mount) -> None:
    with mount("size=8m") as disk:
        store = LocalStore(disk / "store")
        before = store.put(io.BytesIO(b"before")).digest
        there = files(disk)
        with pytest.raises(DiskFull) as caught:
            store.put(io.BytesIO(bytes(10 * MEBIBYTE)))
        assert f"{10 * MEBIBYTE:,} bytes" in caught.value.expected
        assert str(disk) in caught.value.got
        assert "bytes free" in caught.value.got
        assert isinstance(caught.value.__cause__, OSError)
        assert files(disk) == there, "no half of it is left"
        verify(store, [before])


@pytest.mark.parametrize("rewindable", [True, False])
def test_f4_a_large_stream_that_does_not_fit(mount: Mount, rewindable: bool) -> None:
    content = bytes(local.SPOOL_BYTES + 4 * MEBIBYTE)
    with mount("size=18m") as disk:
        store = LocalStore(disk / "store")
        with pytest.raises(DiskFull) as caught:
            store.put(Trickle(content, rewindable=rewindable))  # type: ignore[arg-type]
        assert (f"{len(content):,} bytes" in caught.value.expected) == rewindable
        assert not files(disk)


def test_f4_after_space_is_made_the_next_put_succeeds(mount: Mount) -> None:
    with mount("size=6m") as disk:
        store = LocalStore(disk / "store")
        kept = fill(store)
        verify(store, kept)
        assert {blob.digest for blob in store.sweep((), dry_run=True)} == set(kept)
        assert not list((disk / "store" / "drafts").iterdir())
        list(store.sweep(set(kept[1:]), dry_run=False))
        again = store.put(io.BytesIO(bytes(MEBIBYTE // 2))).digest
        verify(store, [*kept[1:], again])


def test_f4_on_a_full_disk_a_store_still_opens_reads_and_finds_twins(mount: Mount) -> None:
    with mount("size=4m") as disk:
        twin = LocalStore(disk / "store").put(io.BytesIO(b"twin"))
        kept = fill(LocalStore(disk / "store"))
        store = LocalStore(disk / "store")
        verify(store, [*kept, twin.digest])
        assert store.put(io.BytesIO(b"twin")) == twin, "what is there needs no room"


def test_f4_no_more_files_is_a_full_disk_too(mount: Mount) -> None:
    with mount("size=8m,nr_inodes=20") as disk:
        store = LocalStore(disk / "store")
        kept = []
        with pytest.raises(DiskFull):
            kept.extend(store.put(io.BytesIO(b"%d" % i)).digest for i in range(30))
        shown = [blob.digest for blob in store.sweep((), dry_run=True)]
        assert len(shown) >= 5
        verify(store, shown)


def test_f5_a_read_only_disk_refuses_writes_and_serves_reads(mount: Mount) -> None:
    large = bytes(local.SPOOL_BYTES + 1)
    with mount("size=24m") as disk:
        twin = LocalStore(disk / "store").put(io.BytesIO(b"twin"))
        LocalStore(disk / "store").put(io.BytesIO(large))
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        store = LocalStore(disk / "store")
        verify(store, [twin.digest])
        assert store.put(io.BytesIO(b"twin")) == twin
        assert store.put(io.BytesIO(large)).size_bytes == len(large)
        with pytest.raises(WriteRefused) as caught:
            store.put(io.BytesIO(b"new"))
        assert "Read-only" in caught.value.got
        with pytest.raises(WriteRefused):
            list(store.sweep((), dry_run=False))
        with pytest.raises(WriteRefused):
            LocalStore(disk / "another")
        with pytest.raises(WriteRefused):
            open_home(disk / "home")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert store.has(store.put(io.BytesIO(b"new")).digest)


def test_these_checks_find_a_store_that_leaves_its_halves(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: None)
    with mount("size=4m") as disk:
        store = LocalStore(disk / "store")
        with pytest.raises(DiskFull):
            store.put(Zeros(40 * MEBIBYTE))  # type: ignore[arg-type]
        assert files(disk), "the half that the checks above would see"
        monkeypatch.undo()
        shutil.rmtree(disk / "store")
