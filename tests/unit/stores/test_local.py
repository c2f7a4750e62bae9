"""LocalStore: its layout, and what the laws of the seam leave to it."""

from __future__ import annotations

import errno
import io
import os
import resource
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from rueda.kernel.digest import digest_bytes
from rueda.kernel.errors import Corrupt, DiskFull, NotFound, StoreError, WriteRefused
from rueda.kernel.seams import Blob, Store
from rueda.stores import draft, local
from rueda.stores.local import LocalStore

LARGE = local.SPOOL_BYTES + 5


def files(store: LocalStore) -> list[str]:
    return sorted(str(p.relative_to(store.folder)) for p in store.folder.rglob("*") if p.is_file())


def test_it_is_a_store(store: LocalStore) -> None:
    assert isinstance(store, Store)


@pytest.mark.parametrize("size", [0, 10, LARGE])
def test_a_blob_is_one_read_only_file_named_by_its_digest(store: LocalStore, size: int) -> None:
    digest = store.put(io.BytesIO(bytes(size))).digest
    assert files(store) == [f"{digest[:2]}/{digest[2:]}"]
    assert stat.S_IMODE((store.folder / digest[:2] / digest[2:]).stat().st_mode) & 0o222 == 0


def test_another_store_of_the_folder_sees_the_same(store: LocalStore) -> None:
    blob = store.put(io.BytesIO(b"x"))
    assert LocalStore(store.folder).open(blob.digest).read() == b"x"


@pytest.mark.parametrize("size", [10, LARGE])
def test_the_same_bytes_again_write_nothing(
    store: LocalStore, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = store.put(io.BytesIO(bytes(size)))
    monkeypatch.setattr(draft.os, "write", _refuse_to_write)
    assert store.put(io.BytesIO(bytes(size))) == blob


def _refuse_to_write(*args: object) -> int:
    raise AssertionError("something is written")


def test_a_blob_that_was_cut_is_put_anew(store: LocalStore) -> None:
    blob = store.put(io.BytesIO(b"whole"))
    path = store.folder / blob.digest[:2] / blob.digest[2:]
    path.chmod(0o644)
    path.write_bytes(b"who")
    assert store.put(io.BytesIO(b"whole")) == blob
    assert store.open(blob.digest).read() == b"whole"


def test_a_file_that_changes_while_it_is_put_is_named_by_what_was_kept(store: LocalStore) -> None:
    class Changing(io.BytesIO):
        """Other bytes on the second pass than on the first."""

        def seek(self, offset: int, whence: int = 0, /) -> int:
            self.getbuffer()[-1] = 1
            return super().seek(offset, whence)

    changed = bytes(LARGE - 1) + b"\1"
    blob = store.put(Changing(bytes(LARGE)))
    assert blob == Blob(digest_bytes(changed), LARGE)
    assert store.open(blob.digest).read() == changed


def test_what_is_not_a_blob_is_left_alone(store: LocalStore) -> None:
    (store.folder / "ab").mkdir()
    (store.folder / "ab" / "notes.txt").write_text("mine")
    (store.folder / "readme").write_text("mine")
    assert not list(store.sweep((), dry_run=False))
    assert files(store) == ["ab/notes.txt", "readme"]


def test_a_corrupt_blob_names_its_file(store: LocalStore) -> None:
    blob = store.put(io.BytesIO(b"content"))
    path = store.folder / blob.digest[:2] / blob.digest[2:]
    path.chmod(0o644)
    path.write_bytes(b"CONTENT")
    with store.open(blob.digest) as stream, pytest.raises(Corrupt) as caught:
        stream.read()
    assert caught.value.expected == f"sha256 {blob.digest}"
    assert caught.value.got == f"sha256 {digest_bytes(b'CONTENT')}"
    assert str(path) in caught.value.do


def test_reading_a_corrupt_blob_again_fails_again(store: LocalStore) -> None:
    blob = store.put(io.BytesIO(b"content"))
    path = store.folder / blob.digest[:2] / blob.digest[2:]
    path.chmod(0o644)
    path.write_bytes(b"")
    with store.open(blob.digest) as stream:
        for _ in range(3):
            with pytest.raises(Corrupt):
                stream.read()
            with pytest.raises(Corrupt):
                stream.read(10)


def test_a_text_reader_may_sit_on_the_stream(store: LocalStore) -> None:
    blob = store.put(io.BytesIO(b"one\ntwo\n"))
    with io.TextIOWrapper(store.open(blob.digest), encoding="utf-8") as text:
        assert list(text) == ["one\n", "two\n"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EIO, WriteRefused),
        (errno.EROFS, WriteRefused),
        (errno.EACCES, WriteRefused),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("size", [10, LARGE])
def test_what_the_system_refuses_is_said(
    store: LocalStore,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    expected: type[StoreError],
    call: str,
    size: int,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(draft.os, call, _raising(code))
        with pytest.raises(expected) as caught:
            store.put(io.BytesIO(bytes(size)))
    assert str(store.folder) in caught.value.expected + caught.value.got
    assert caught.value.do
    assert not files(store), "nothing is left"
    assert store.put(io.BytesIO(bytes(size))).size_bytes == size, "and the next one works"


def _raising(code: int) -> Callable[..., int]:
    def call(*args: object) -> int:
        raise OSError(code, os.strerror(code))

    return call


def test_a_full_disk_is_told_in_figures(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft.os, "write", _raising(errno.ENOSPC))
    with pytest.raises(DiskFull) as caught:
        store.put(io.BytesIO(bytes(12_345)))
    assert "12,345 bytes" in caught.value.expected
    assert "bytes free at" in caught.value.got


def test_a_short_write_is_continued(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(draft.os, "write", lambda fd, content: write(fd, content[:7]))
    blob = store.put(io.BytesIO(bytes(range(100))))
    assert store.open(blob.digest).read() == bytes(range(100))


def test_a_folder_in_the_place_of_a_blob(store: LocalStore) -> None:
    digest = digest_bytes(b"x")
    (store.folder / digest[:2] / digest[2:]).mkdir(parents=True)
    assert not store.has(digest)
    with pytest.raises(StoreError):
        store.open(digest)
    with pytest.raises(WriteRefused):
        store.put(io.BytesIO(b"x"))


def test_an_absent_blob_is_missed_at_once(store: LocalStore) -> None:
    with pytest.raises(NotFound) as caught:
        store.open(digest_bytes(b"absent"))
    assert caught.value.expected == digest_bytes(b"absent")


def test_a_large_file_takes_constant_memory(tmp_path: Path) -> None:
    """The resident set of a whole process, which tracemalloc does not see."""
    program = textwrap.dedent(
        f"""
        import resource, sys
        from pathlib import Path
        from rueda.stores.local import LocalStore
        store = LocalStore(Path({str(tmp_path / "store")!r}))
        store.put(open({str(tmp_path / "small")!r}, "rb"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open({str(tmp_path / "large")!r}, "rb") as source:
            blob = store.put(source)
        with store.open(blob.digest) as stream:
            while stream.read(2**20):
                pass
        print(blob.size_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    for name, size in (("small", LARGE), ("large", 20 * LARGE)):
        with (tmp_path / name).open("wb") as sparse:
            sparse.truncate(size)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    size, grown_kib = map(int, done.stdout.split())
    assert size == 20 * LARGE
    assert grown_kib < 8 * 1024, "twenty times the bytes, hardly more memory"


def test_open_files_do_not_pile_up(store: LocalStore) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = len(os.listdir("/proc/self/fd"))
    for i in range(50):
        blob = store.put(io.BytesIO(b"%d" % i))
        with store.open(blob.digest) as stream:
            stream.read()
    assert len(os.listdir("/proc/self/fd")) == before < soft
