"""What a store asks of the file system, with every refusal told to the user."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rueda.kernel.errors import DiskFull, WriteRefused

_FULL = (errno.ENOSPC, errno.EDQUOT)


def make_folder(folder: Path) -> None:
    """Make ``folder``, and make its name durable."""
    with refusing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    with refusing(folder):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def list_folder(folder: Path) -> list[Path]:
    """What is in ``folder``, by name."""
    with refusing(folder):
        return sorted(folder.iterdir())


def remove(path: Path) -> None:
    """Remove ``path``, unless somebody else did."""
    with refusing(path):
        path.unlink(missing_ok=True)


@contextmanager
def refusing(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turn what the system refuses at ``path`` into an error that tells the user why.

    Raises
    ------
    DiskFull, WriteRefused
    """
    try:
        yield
    except OSError as error:
        raise _refusal(error, path, needed_bytes) from error


def _refusal(error: OSError, path: Path, needed_bytes: int) -> DiskFull | WriteRefused:
    if error.errno in _FULL:
        return DiskFull(
            "disk full: nothing was kept",
            expected=f"room for {needed_bytes:,} bytes",
            got=f"{_free_bytes(path):,} bytes free at {path}",
            do="free some space there, then run again",
        )
    return WriteRefused(
        "the file system refused what the store must do",
        expected=f"a folder to read and write at {path}",
        got=os.strerror(error.errno) if error.errno else str(error),
        do="check its permissions, its mount options and the kernel's log for a failing device",
    )


def _free_bytes(path: Path) -> int:
    try:
        return shutil.disk_usage(path if path.exists() else path.parent).free
    except OSError:
        return 0
