"""Drafts: a dead writer's are reclaimed, a living writer's are not."""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rueda.stores import draft
from rueda.stores.draft import Draft, reclaim
from rueda.stores.local import LocalStore

WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from rueda.stores.draft import Draft
    with Draft(Path(sys.argv[1])) as draft:
        draft.write(b"half")
        print("ready", flush=True)
        sys.stdin.readline()
        draft.publish(Path(sys.argv[2]))
    """
)


@contextmanager
def writer(folder: Path, target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process in the middle of a draft; a line lets it finish."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def test_the_draft_of_a_living_writer_stays(tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    folder.mkdir()
    with writer(folder, tmp_path / "target") as process:
        reclaim(folder)
        assert len(list(folder.iterdir())) == 1
        process.communicate(b"go on\n")
    assert process.returncode == 0
    assert (tmp_path / "target").read_bytes() == b"half"
    assert not list(folder.iterdir())


def test_the_draft_of_a_dead_writer_goes(tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    folder.mkdir()
    with writer(folder, tmp_path / "target") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(list(folder.iterdir())) == 1
    reclaim(folder)
    assert not list(folder.iterdir())


def test_opening_a_store_and_sweeping_it_reclaim(store: LocalStore) -> None:
    drafts = store.folder / "drafts"
    for start in (lambda: LocalStore(store.folder), lambda: list(store.sweep((), dry_run=False))):
        (drafts / "leftover").write_bytes(b"half")
        start()
        assert not list(drafts.iterdir())


def test_a_dry_sweep_leaves_even_leftovers(store: LocalStore) -> None:
    leftover = store.folder / "drafts" / "leftover"
    leftover.write_bytes(b"half")
    list(store.sweep((), dry_run=True))
    assert leftover.exists()


def test_a_reclaimer_between_the_open_and_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer notices that its name is gone, and starts over."""
    lock = fcntl.flock
    calls = []

    def slow_lock(fd: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            reclaim(tmp_path)
            assert not list(tmp_path.iterdir()), "an unlocked draft is a leftover"
        lock(fd, how)

    monkeypatch.setattr(draft.fcntl, "flock", slow_lock)
    with Draft(tmp_path) as made:
        made.write(b"content")
        made.publish(tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"content"


def test_writers_and_reclaimers_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = LocalStore(folder)
    stop = threading.Event()

    def keep_reclaiming() -> None:
        while not stop.is_set():
            reclaim(folder / "drafts")

    reclaimers = [threading.Thread(target=keep_reclaiming) for _ in range(2)]
    for thread in reclaimers:
        thread.start()
    try:
        blobs = [store.put(io.BytesIO(b"%d" % i)) for i in range(200)]
    finally:
        stop.set()
        for thread in reclaimers:
            thread.join()
    assert all(store.has(blob.digest) for blob in blobs)
    assert not list((folder / "drafts").iterdir())


def test_a_draft_that_is_not_published_is_gone(tmp_path: Path) -> None:
    with Draft(tmp_path) as made:
        made.write(b"half")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_may_not_be_written_can_still_be_read(tmp_path: Path) -> None:
    leftover = tmp_path / "leftover"
    leftover.write_bytes(b"half")
    leftover.chmod(0)
    tmp_path.chmod(0o555)
    try:
        reclaim(tmp_path)
    finally:
        tmp_path.chmod(0o755)
    assert os.geteuid() == 0 or leftover.exists()
