"""Byte streams that behave as files, sockets and failing disks do, for the laws of a Store."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SourceFailed(RuntimeError):
    """What a ``Trickle`` raises where it was told to fail."""


class Trickle(io.RawIOBase):
    """``content`` in pieces smaller than asked for, as a socket gives it.

    Parameters
    ----------
    fail_at
        Raise SourceFailed after that many bytes.
    watch
        Called before each piece that is not the end.
    rewindable
        Whether it can be sought, as a file can.
    """

    def __init__(
        self,
        content: bytes,
        *,
        fail_at: int | None = None,
        watch: Callable[[], object] = lambda: None,
        rewindable: bool = False,
    ) -> None:
        self._source = io.BytesIO(content)
        self._piece = len(content) // 7 + 1
        self._fail_at = fail_at
        self._watch = watch
        self._rewindable = rewindable

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._rewindable

    def tell(self) -> int:
        self._refuse_to_seek()
        return self._source.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._refuse_to_seek()
        return self._source.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")[: self._piece]
        if self._fail_at is not None and self._source.tell() >= self._fail_at:
            raise SourceFailed
        piece = self._source.read(len(view))
        if piece:
            self._watch()
        view[: len(piece)] = piece
        return len(piece)

    def _refuse_to_seek(self) -> None:
        if not self._rewindable:
            raise io.UnsupportedOperation("seek")


class Zeros(io.RawIOBase):
    """``size`` zero bytes that take no memory."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        count = min(len(view), self._left)
        view[:count] = bytes(count)
        self._left -= count
        return count
