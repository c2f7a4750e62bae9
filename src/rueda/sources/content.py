"""Content digests of files, remembered by what ``stat`` says, so that nothing is read twice."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path

from rueda.kernel.digest import Digest
from rueda.sources.listing import reading

_RACY_NS = 2_000_000_000
"""A file that changed less than this before it was hashed may change again within the same tick
of its clock (git's racy-timestamp problem; FAT has ticks of 2 s), so its digest is not
remembered."""

_MEMORY = "files.json"


class ContentDigests:
    """Digests of files, remembered in ``cache`` (None: for as long as this object lives).

    A remembered digest is believed while path, size, times of content and of inode, and inode
    number stay as they were. The time of the inode is among them because ``touch -d`` and
    ``cp -p`` can set the time of the content back, never that one.
    """

    def __init__(self, cache: Path | None) -> None:
        self._file = cache / _MEMORY if cache else None
        self._known: dict[str, list[object]] = _load(self._file)

    def digests(self, files: Sequence[Path]) -> list[Digest]:
        """The digest of each of ``files``; changed ones are read, two at a time."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            found = list(pool.map(self._digest, files))
        learned = {
            str(path): [*stamp, digest]
            for path, (digest, stamp) in zip(files, found, strict=True)
            if stamp is not None
        }
        if any(self._known.get(path) != entry for path, entry in learned.items()):
            self._known.update(learned)
            _save(self._file, self._known)
        return [digest for digest, _ in found]

    def _digest(self, path: Path) -> tuple[Digest, list[int] | None]:
        entry = self._known.get(str(path))
        with reading(path):
            before = _stamp(path)
        if entry is not None and entry[:-1] == before:
            return Digest(str(entry[-1])), before
        with reading(path):
            return self._read(path, before)

    def _read(self, path: Path, before: list[int]) -> tuple[Digest, list[int] | None]:
        began_ns = time.time_ns()
        with path.open("rb") as content:
            digest = Digest(file_digest(content, "sha256").hexdigest())
        settled = began_ns - max(before[1], before[2]) > _RACY_NS
        return digest, before if settled and _stamp(path) == before else None


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _load(file: Path | None) -> dict[str, list[object]]:
    if file is None:
        return {}
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Lost or torn: only time is lost, the files are read again.
        return {}
    return known if isinstance(known, dict) else {}


def _save(file: Path | None, known: dict[str, list[object]]) -> None:
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, delete=False
        ) as draft:
            json.dump(known, draft)
        os.replace(draft.name, file)
    except OSError:
        # A cache that cannot be written costs a reading; it must not stop the work.
        return
