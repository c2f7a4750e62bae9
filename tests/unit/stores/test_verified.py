"""VerifiedReader: the last bytes come only if all bytes are right, however they are read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rueda.kernel.digest import digest_bytes
from rueda.kernel.errors import Corrupt, StoreError
from rueda.stores.verified import VerifiedReader

CONTENT = bytes(range(256)) * 40


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=20),
    bit=st.none() | st.integers(0, len(CONTENT) * 8 - 1),
    ending=st.sampled_from(["read", "exactly", "readall"]),
)
def test_any_sequence_of_reads(
    tmp_path: Path, sizes: list[int], bit: int | None, ending: str
) -> None:
    stored = bytearray(CONTENT)
    if bit is not None:
        stored[bit // 8] ^= 1 << bit % 8
    path = tmp_path / "blob"
    path.write_bytes(stored)
    got = b""
    with VerifiedReader(io.FileIO(path), digest_bytes(CONTENT)) as reader:
        try:
            for size in sizes:
                got += reader.read(size) or b""
            got += _end(reader, ending, len(CONTENT) - len(got))
        except Corrupt:
            assert bit is not None
            assert len(got) < len(CONTENT), "never all of the bytes"
        else:
            assert bit is None
            assert got == CONTENT


def _end(reader: VerifiedReader, ending: str, left: int) -> bytes:
    if ending == "readall":
        return reader.readall()
    if ending == "exactly":
        return reader.read(left) or b"" if left else b""
    return b"".join(iter(lambda: reader.read(1000) or b"", b""))


def test_an_empty_blob(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.touch()
    assert VerifiedReader(io.FileIO(path), digest_bytes(b"")).readall() == b""
    with pytest.raises(Corrupt):
        VerifiedReader(io.FileIO(path), digest_bytes(b"x")).read(1)


def test_a_device_that_fails_is_an_error_of_the_store(tmp_path: Path) -> None:
    class Failing(io.FileIO):
        def readinto(self, buffer: object, /) -> int:
            raise OSError(5, "Input/output error")

        def readall(self) -> bytes:
            raise OSError(5, "Input/output error")

    path = tmp_path / "blob"
    path.write_bytes(CONTENT)
    for read in (VerifiedReader.readall, lambda reader: reader.read(10)):
        with VerifiedReader(Failing(path), digest_bytes(CONTENT)) as reader:
            with pytest.raises(StoreError) as caught:
                read(reader)
            assert caught.value.got == "Input/output error"


def test_closing_the_reader_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"x")
    raw = io.FileIO(path)
    VerifiedReader(raw, digest_bytes(b"x")).close()
    assert raw.closed
