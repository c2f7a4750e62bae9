"""Draft: a file that is being written, and that nobody sees before it is whole and durable."""

from __future__ import annotations

import fcntl
import os
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rueda.stores.disk import list_folder, refusing


class Draft:
    """A temporary file in ``folder``; gone when its block ends, unless it was published.

    ``expected_bytes`` is for the message of a full disk: how much will come, where it is known.

    Its writer holds an exclusive ``flock`` on it for as long as it lives. The kernel drops the lock
    with the process, however it dies, so an unlocked draft is a leftover.
    """

    def __init__(self, folder: Path, expected_bytes: int = 0) -> None:
        self._folder = folder
        self._expected_bytes = expected_bytes
        self._written_bytes = 0
        self._published = False
        with refusing(folder):
            self._path, self._fd = _create_locked(folder)

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

    def write(self, content: bytes) -> None:
        """Append ``content``."""
        self._written_bytes += len(content)
        rest = memoryview(content)
        with refusing(self._folder, max(self._expected_bytes, self._written_bytes)):
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def publish(self, path: Path) -> None:
        """Make the content durable, then visible as ``path``. Its folder is not synced yet."""
        with refusing(self._folder, self._written_bytes):
            # Never a second try: after a failed fsync the kernel may have dropped the pages and
            # would call the next one a success.
            os.fsync(self._fd)
            self._path.rename(path)
        self._published = True


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
    for path in list_folder(folder):
        # Gone meanwhile, locked by its writer, or in a folder that we may not write.
        with suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(fd)
