"""VerifiedReader: a stream that checks bytes against their digest as it gives them out."""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING

from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt, StoreError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class VerifiedReader(io.RawIOBase):
    """The bytes of ``raw``; their last ones come only if all of them make ``digest``.

    The check happens on the read that reaches the end, not on the one after it: a reader that
    takes exactly as many bytes as there are would never ask again.
    """

    def __init__(self, raw: io.FileIO, digest: Digest) -> None:
        self._raw = raw
        self._digest = digest
        self._hashing = hashlib.sha256()
        self._left = os.fstat(raw.fileno()).st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            count = self._raw.readinto(view) or 0
        except OSError as error:
            raise self._unreadable(error) from error
        self._took(view[:count], ended=not count and len(view) > 0)
        return count

    def readall(self) -> bytes:
        try:
            content = self._raw.readall() or b""
        except OSError as error:
            raise self._unreadable(error) from error
        self._took(memoryview(content), ended=True)
        return content

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _took(self, content: memoryview, *, ended: bool) -> None:
        self._hashing.update(content)
        self._left -= len(content)
        if (ended or self._left <= 0) and self._hashing.hexdigest() != self._digest:
            raise Corrupt(
                "a blob in the store is corrupt; it was not used",
                expected=f"sha256 {self._digest}",
                got=f"sha256 {self._hashing.hexdigest()}",
                do=f"restore {self._raw.name} from a backup, or remove it and run again: what is"
                " missing is made anew",
            )

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(
            "a blob in the store cannot be read",
            expected=f"sha256 {self._digest}",
            got=os.strerror(error.errno) if error.errno else str(error),
            do=f"check the device under {self._raw.name}, and restore the file from a backup",
        )
