"""Who holds the lock of a SQLite file, as far as the system tells."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_LOCKS = Path("/proc/locks")
_WAL_WRITE_BYTE = 120


def lock_owners(path: Path) -> str:
    """The processes that keep writers out of ``path``, for a message."""
    found: list[str] = []
    with suppress(OSError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            pid = _writer(line, path)
            if pid is not None and pid > 0:
                found.append(f"pid {pid}{_command(pid)}")
    return ", ".join(dict.fromkeys(found)) or "another process"


def _writer(line: str, path: Path) -> int | None:
    """The process of a line of ``/proc/locks``, if it says that it may write to the ledger.

    The file itself is locked for writing only by one that excludes everybody; in WAL mode the turn
    to write is one byte of the ``-shm`` file. (Asking with ``F_GETLK`` needs the file open, and
    closing it again would drop every lock that this process has on it.)
    """
    fields = line.replace("-> ", "").split()
    if len(fields) < 8 or fields[3] != "WRITE":
        return None
    inode, first, last = fields[5].rsplit(":", 1)[-1], fields[6], fields[7]
    if inode == _inode(path):
        return int(fields[4])
    shared = path.with_name(path.name + "-shm")
    if inode == _inode(shared) and _covers(first, last):
        return int(fields[4])
    return None


def _covers(first: str, last: str) -> bool:
    return int(first) <= _WAL_WRITE_BYTE and (last == "EOF" or int(last) >= _WAL_WRITE_BYTE)


def _inode(path: Path) -> str:
    try:
        return str(path.stat().st_ino)
    except OSError:
        return ""


def _command(pid: int) -> str:
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f" ({name})"
