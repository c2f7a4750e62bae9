"""LocalStore: bytes by digest in a folder, durable before they are visible."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

from rueda.kernel.digest import Digest, digest_bytes
from rueda.kernel.errors import NotFound, StoreError
from rueda.kernel.seams import Blob
from rueda.stores.disk import list_folder, make_folder, remove, sync_folder
from rueda.stores.draft import Draft, reclaim
from rueda.stores.verified import VerifiedReader

SPOOL_BYTES = 16 * 2**20
"""Content up to this size is hashed in memory before anything is written."""

BLOCK_BYTES = 2**20

_DIGEST = re.compile(r"[0-9a-f]{64}")


class LocalStore:
    """A folder of blobs, ``ab/cdef…``, read-only files named by their sha-256.

    Parameters
    ----------
    folder
        Where they live; made if it is not there. All writers of one folder must see one file
        system, with ``flock``.

    Notes
    -----
    A put writes a draft under ``drafts/``, syncs it, renames it, and syncs the folders, so that a
    crash leaves a blob absent or complete. A draft whose writer died is removed when the folder is
    opened next. Whoever sweeps must see to it that no run is alive: blobs that it has put and not
    yet recorded are in nobody's ``keep``.

    When the last sync of the folder fails, ``put`` raises, yet the whole blob may stay visible:
    removing it could take away what another writer has been promised meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._drafts = self.folder / "drafts"
        if not self._drafts.is_dir():
            make_folder(self._drafts)
        reclaim(self._drafts)

    def put(self, source: BinaryIO) -> Blob:
        """Keep the bytes of ``source``, from where it stands to its end.

        Raises
        ------
        DiskFull, WriteRefused
            Nothing was kept.
        """
        head = _read_up_to(source, SPOOL_BYTES)
        if len(head) < SPOOL_BYTES:
            return self._put_whole(head)
        size_bytes = 0
        if source.seekable():
            # Looked at before it is written: a large file that is put twice costs one reading and
            # needs no room for a second copy. Two passes of hashlib cost less than one sha256sum.
            start = source.tell()
            blob = _copy(head, source, _discard)
            if self._keeps(blob):
                return blob
            source.seek(start)
            size_bytes = blob.size_bytes
        with Draft(self._drafts, size_bytes) as draft:
            # Hashed as it is written, whatever it was before: a file may change between readings.
            blob = _copy(head, source, draft.write)
            self._publish(draft, blob)
        return blob

    def open(self, digest: Digest) -> BinaryIO:
        """A stream that raises Corrupt instead of giving out the end of other bytes.

        Raises
        ------
        NotFound
            The store has no such blob.
        """
        try:
            raw = io.FileIO(self._path(digest))
        except FileNotFoundError:
            raise NotFound(
                "the store has no such blob", expected=digest, do="run again: it is made anew"
            ) from None
        except OSError as error:
            raise StoreError(
                "a blob in the store cannot be opened",
                expected=digest,
                got=str(error),
                do="check the permissions of the store, and the device under it",
            ) from error
        return cast(BinaryIO, io.BufferedReader(VerifiedReader(raw, digest), BLOCK_BYTES))

    def has(self, digest: Digest) -> bool:
        return bool(_DIGEST.fullmatch(digest)) and self._path(digest).is_file()

    def sweep(self, keep: Container[Digest], *, dry_run: bool) -> Iterator[Blob]:
        """Remove what is not in ``keep``, blob by blob, as the iterator advances.

        Raises
        ------
        WriteRefused
            A blob could not be removed; those before it are gone.
        """
        if not dry_run:
            reclaim(self._drafts)
        for shard in list_folder(self.folder):
            for path in list_folder(shard) if len(shard.name) == 2 else ():
                digest = Digest(shard.name + path.name)
                if digest in keep or not _DIGEST.fullmatch(digest):
                    continue
                blob = Blob(digest, path.stat().st_size)
                if not dry_run:
                    remove(path)
                yield blob

    def _put_whole(self, content: bytes) -> Blob:
        blob = Blob(digest_bytes(content), len(content))
        if not self._keeps(blob):
            with Draft(self._drafts, len(content)) as draft:
                draft.write(content)
                self._publish(draft, blob)
        return blob

    def _keeps(self, blob: Blob) -> bool:
        """Whether ``blob`` is here, with its size, and durable once this returns."""
        path = self._path(blob.digest)
        try:
            if path.stat().st_size != blob.size_bytes:
                return False
        except FileNotFoundError:
            return False
        # Its writer may have renamed it an instant ago, and not yet synced the folder.
        self._sync(path)
        return True

    def _publish(self, draft: Draft, blob: Blob) -> None:
        path = self._path(blob.digest)
        if not path.parent.is_dir():
            make_folder(path.parent)
        draft.publish(path)
        self._sync(path)

    def _sync(self, path: Path) -> None:
        sync_folder(path.parent)
        # Another writer may have made the shard and not synced it yet.
        sync_folder(self.folder)

    def _path(self, digest: Digest) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise NotFound(
                "this is not a digest", expected="64 lowercase hexadecimal digits", got=digest
            )
        return self.folder / digest[:2] / digest[2:]


def _read_up_to(source: BinaryIO, size: int) -> bytes:
    """The next ``size`` bytes, fewer only at the end: a raw stream may give out less at a time."""
    head = source.read(size)
    while len(head) < size and (more := source.read(size - len(head))):
        head += more
    return head


def _copy(head: bytes, source: BinaryIO, write: Callable[[bytes], None]) -> Blob:
    """Pass ``head`` and the rest of ``source`` to ``write``, and hash them on another thread."""
    hashing = hashlib.sha256()
    size = 0
    block = head
    with ThreadPoolExecutor(1) as beside:
        pending: Future[None] | None = None
        while block:
            if pending:
                pending.result()
            pending = beside.submit(hashing.update, block)
            write(block)
            size += len(block)
            block = source.read(BLOCK_BYTES)
    return Blob(Digest(hashing.hexdigest()), size)


def _discard(_: bytes) -> None:
    """Where the bytes go that are only hashed."""
