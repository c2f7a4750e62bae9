"""Draft: a file that is being written, and that nobody sees before it is whole and durable."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rueda.kernel.errors import DiskFull, WriteRefused

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Draft:
    """A temporary file in ``folder``; gone when its block ends, unless it was published.

    Its writer holds an exclusive ``flock`` on it for as long as it lives. The kernel drops the lock
    with the process, however it dies, so an unlocked draft is a leftover.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._expected_bytes = 0
        self._written_bytes = 0
        with self._refusing():
            self._path, self._fd = _create_locked(folder)
        self._published = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._published:
            # What is left here is reclaimed later; the error that brought us here matters more.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        os.close(self._fd)

    def expect(self, size_bytes: int) -> None:
        """Say how much will come, for the message of a full disk."""
        self._expected_bytes = size_bytes

    def write(self, content: bytes) -> None:
        """Append ``content``."""
        rest = memoryview(content)
        with self._refusing():
            while rest:
                written = os.write(self._fd, rest)
                self._written_bytes += written
                rest = rest[written:]

    def publish(self, path: Path) -> None:
        """Make the content durable, then visible as ``path``. Its folder is not synced yet."""
        with self._refusing():
            # Never a second try: after a failed fsync the kernel may have dropped the pages and
            # would call the next one a success.
            os.fsync(self._fd)
            self._path.rename(path)
        self._published = True

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            needed = max(self._expected_bytes, self._written_bytes)
            raise refusal(error, self._folder, needed) from error


def _create_locked(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / uuid.uuid4().hex
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return path, fd
        except OSError:
            path.unlink(missing_ok=True)
            os.close(fd)
            raise
        # A reclaimer came between the open and the lock, and removed it: start over.
        os.close(fd)


def reclaim(folder: Path) -> None:
    """Remove the drafts in ``folder`` whose writers died; those of living writers stay."""
    for path in folder.iterdir():
        # Gone meanwhile, locked by its writer, or in a folder that we may not write.
        with suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(fd)


def make_folder(folder: Path) -> None:
    """Make ``folder``, and make its name durable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, folder, 0) from error
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise refusal(error, folder, 0) from error


def refusal(error: OSError, path: Path, needed_bytes: int) -> DiskFull | WriteRefused:
    """The error that tells the user why nothing was written at ``path``."""
    got = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return DiskFull(
            "disk full: nothing was kept",
            expected=f"room for {needed_bytes:,} bytes",
            got=f"{_free_bytes(path):,} bytes free at {path}",
            do="free some space there, then run again",
        )
    return WriteRefused(
        "the store could not write: nothing was kept",
        expected=f"a file system that takes writes at {path}",
        got=got,
        do="check its permissions, its mount options and the kernel's log for a failing device",
    )


def _free_bytes(path: Path) -> int:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return 0
