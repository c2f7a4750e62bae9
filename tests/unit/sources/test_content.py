"""Content digests: what is remembered is never wrong."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from rueda.kernel.errors import BrokenInput, MissingInput
from rueda.sources import content
from rueda.sources.content import ContentDigests

OLD_NS = time.time_ns() - 3_600_000_000_000


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read in full."""
    seen: list[Path] = []
    read = ContentDigests._read

    def counting(self: ContentDigests, path: Path, before: list[int]) -> object:
        seen.append(path)
        return read(self, path, before)

    monkeypatch.setattr(ContentDigests, "_read", counting)
    return seen


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is an hour ahead: what was just written counts as old."""
    now = time.time_ns
    monkeypatch.setattr(content.time, "time_ns", lambda: now() + 3_600_000_000_000)


def test_the_digest_is_the_sha_256_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows" * 1000)
    assert ContentDigests(None).digests([file]) == [hashlib.sha256(b"rows" * 1000).hexdigest()]


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_read_once(tmp_path: Path, reads: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    first = ContentDigests(tmp_path / "cache").digests([file])
    assert ContentDigests(tmp_path / "cache").digests([file]) == first
    assert reads == [file]


def test_a_file_that_just_changed_is_not_remembered(tmp_path: Path, reads: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    cache = tmp_path / "cache"
    ContentDigests(cache).digests([file])
    ContentDigests(cache).digests([file])
    assert reads == [file, file]


@pytest.mark.usefixtures("settled")
def test_a_change_that_keeps_size_and_time_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    os.utime(file, ns=(OLD_NS, OLD_NS))
    cache = tmp_path / "cache"
    before = ContentDigests(cache).digests([file])
    file.write_bytes(b"ROWS")
    os.utime(file, ns=(OLD_NS, OLD_NS))
    assert ContentDigests(cache).digests([file]) == [hashlib.sha256(b"ROWS").hexdigest()] != before


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b"\xff"])
def test_a_torn_memory_costs_a_reading(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    cache = tmp_path / "cache"
    first = ContentDigests(cache).digests([file])
    (cache / "files.json").write_bytes(torn)
    assert ContentDigests(cache).digests([file]) == first


@pytest.mark.usefixtures("settled")
def test_what_is_remembered_is_small_and_plain(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    ContentDigests(tmp_path / "cache").digests([file])
    known = json.loads((tmp_path / "cache" / "files.json").read_text())
    assert known[str(file)][0] == 4
    assert [f.name for f in (tmp_path / "cache").iterdir()] == ["files.json"]


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"rows")
    assert ContentDigests(file / "below a file").digests([file])


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        ContentDigests(None).digests([tmp_path / "none"])
    with pytest.raises(BrokenInput):
        ContentDigests(None).digests([tmp_path])
