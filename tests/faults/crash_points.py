"""Meets one fault at each call of one kind that a workload makes. Runs under strace.

``crash_points.py WHEN LIMIT WORKLOAD VARIANT FOLDER SYSCALL``: the first child meets the fault at
its first call of SYSCALL, the second at its second, until one has finished without meeting it, or
LIMIT have met it. strace counts the calls of each process by itself and injects at the same number,
WHEN, in all; so child N first makes ``WHEN - N`` calls that do nothing. One strace serves all
points, which makes hundreds of them a matter of seconds.

Child N works in ``FOLDER/N/home``; what it acknowledged stands in ``FOLDER/N/said``. The fault is a
kill, or EIO.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path

_CLOSED = 999_999  # a file descriptor that is not open
_MET_NOTHING = 7

_BURN: dict[str, Callable[[], object]] = {
    "write": lambda: os.write(_CLOSED, b""),
    "fsync": lambda: os.fsync(_CLOSED),
    "pwrite64": lambda: os.pwrite(_CLOSED, b"", 0),
    "fdatasync": lambda: os.fdatasync(_CLOSED),
    "ftruncate": lambda: os.ftruncate(_CLOSED, 0),
    "flock": lambda: fcntl.flock(_CLOSED, fcntl.LOCK_EX),
    "openat": lambda: os.open("", os.O_RDONLY),
    "rename": lambda: os.rename("", ""),
    "unlink": lambda: os.unlink(""),
    "mkdir": lambda: os.mkdir(""),
}


def burn(syscall: str, times: int) -> bool:
    """Make calls that do nothing; whether one of them met the fault."""
    met = False
    for _ in range(times):
        try:
            _BURN[syscall]()
        except OSError as error:
            met |= error.errno == errno.EIO
    return met


def main(when: int, limit: int, workload: str, variant: str, folder: Path, syscall: str) -> None:
    work = getattr(importlib.import_module(workload), variant)
    # Shared memory: the parent is traced too, and must not come to call number WHEN itself.
    finished = mmap.mmap(-1, 1)
    for number in range(1, min(when, limit + 1)):
        point = folder / str(number)
        (point / "home").mkdir(parents=True)
        say = acknowledging(point / "said")
        finished[0] = 0
        pid = os.fork()
        if not pid:
            burn(syscall, when - number)
            work(point / "home", say)
            finished[0] = 1
            # The workload made fewer than N calls if the fault is still to come.
            os._exit(_MET_NOTHING if burn(syscall, number) else 0)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status)
        if (killed and finished[0]) or os.waitstatus_to_exitcode(status) == _MET_NOTHING:
            point.rename(folder / "met nothing")
            return
        if not killed and status:
            raise SystemExit(f"child {number} failed")
    if limit >= when:
        raise SystemExit(f"more than {when} points")


def acknowledging(path: Path) -> Callable[[str], None]:
    """A function that appends a line to ``path``, by no call that a workload is traced for."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(line: str) -> None:
        os.writev(fd, [line.encode() + b"\n"])

    return say


if __name__ == "__main__":
    _, when, limit, workload, variant, folder, syscall = sys.argv
    main(int(when), int(limit), workload, variant, Path(folder), syscall)
