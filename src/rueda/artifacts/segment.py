"""Segment: an append-only file of JSON lines that one process writes and anybody may read.

A line is written before its request is answered, so a killed process loses none; ``sync`` makes
what was written survive a power cut. What could not be written is counted, and the count goes into
the file as soon as the disk takes it.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from rueda.kernel.errors import WriteRefused
from rueda.kernel.record import utc_text


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines submitted = lines logged + lines declared unlogged."""

    submitted: int
    logged: int
    unlogged: int


class SegmentWriter:
    """Appends lines to a segment of its own in ``folder``. Safe for many threads.

    Parameters
    ----------
    folder
        Where the segments are; made with mode 0700 if absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._written = 0
        self._synced = 0
        self._logged = 0
        self._unlogged = 0
        self._undeclared = 0
        self._encoder = msgspec.json.Encoder()

    def append(self, entries: Sequence[object]) -> int:
        """Write one line for each entry, all or none; returns the ticket that ``synced`` reaches.

        Raises
        ------
        WriteRefused
            The disk did not take them; they were counted as unlogged.
        """
        lines = b"".join([self._encoder.encode(entry) + b"\n" for entry in entries])
        with self._lock:
            try:
                self._write(lines)
            except OSError as error:
                self._unlogged += len(entries)
                self._undeclared += len(entries)
                raise WriteRefused(
                    "the log could not be written",
                    got=os.strerror(error.errno or 0),
                    do=f"free space on the disk of {self._folder}",
                ) from error
            self._logged += len(entries)
            self._written += 1
            self._declare()
            return self._written

    def sync(self) -> int:
        """Make all written lines durable; returns the ticket up to which they are.

        Raises
        ------
        WriteRefused
            The device failed. Its lines may be lost; the next ones go to a new segment.
        """
        with self._lock:
            file, ticket = self._file, self._written
            if file is None or ticket == self._synced:
                return self._synced
            file = os.dup(file)
        # Outside the lock: appends go on while the disk works.
        try:
            os.fdatasync(file)
        except OSError as error:
            self._abandon()
            raise WriteRefused(
                "the log could not be made durable", got=os.strerror(error.errno or 0)
            ) from error
        finally:
            os.close(file)
        with self._lock:
            self._synced = max(self._synced, ticket)
            return self._synced

    @property
    def counts(self) -> Counts:
        with self._lock:
            return Counts(self._logged + self._unlogged, self._logged, self._unlogged)

    def close(self) -> None:
        """Make everything durable and close the segment."""
        try:
            self.sync()
        finally:
            self._abandon()

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, lines: bytes) -> None:
        if self._file is None:
            self._file, self._size = self._start(), 0
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            # A disk that fills up takes a part: cut it off, or leave the torn segment behind.
            try:
                os.ftruncate(self._file, self._size)
            except OSError:
                os.close(self._file)
                self._file = None
            raise
        self._size += len(lines)

    def _declare(self) -> None:
        """Write the number of lines that were lost before, once the disk takes lines again."""
        if not self._undeclared:
            return
        line = self._encoder.encode({"at": utc_text(), "unlogged": self._undeclared}) + b"\n"
        try:
            self._write(line)
        except OSError:
            return  # The count stays, and is tried again with the next line.
        self._undeclared = 0

    def _abandon(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None

    def _start(self) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp = utc_text().translate(str.maketrans("", "", "-:."))
        name = f"{stamp}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        file = os.open(
            self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600
        )
        # The name must survive a power cut, or the lines in it do not.
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file


def segments(folder: Path, *, since_s: float = 0.0) -> Iterator[Path]:
    """The segments of ``folder`` that were written to at or after ``since_s`` (seconds since 1970),
    oldest first.
    """
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.jsonl")):
        if path.stat().st_mtime >= since_s:
            yield path


def read_lines(path: Path) -> tuple[list[bytes], int]:
    """The whole lines of a segment, and the number of torn ones at its end (0 or 1)."""
    *lines, rest = path.read_bytes().split(b"\n")
    return lines, 1 if rest else 0
