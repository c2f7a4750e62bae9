"""JSON lines: types from every value, broken lines counted."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from rueda.kernel.errors import BrokenInput, UnfitData
from rueda.kernel.seams import Rejected
from rueda.sources import json_lines
from rueda.sources.files import FileSource


def read(folder: Path, *lines: str | bytes) -> tuple[pa.Table, list[Rejected]]:
    content = b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines)
    (folder / "x.jsonl").write_bytes(content)
    rejected: list[Rejected] = []
    batches = list(FileSource("x.jsonl", folder).batches(rejected.append))
    return pa.Table.from_batches(batches), rejected


def test_types_and_absent_members(tmp_path: Path) -> None:
    rows = [
        {"i": 1, "f": 1, "s": "2", "b": True, "d": "2020-01-02", "n": None},
        {"i": -5, "f": 2.5, "b": False, "t": "2020-01-02T03:04:05Z", "o": {"x": [1]}},
    ]
    table, rejected = read(tmp_path, *map(json.dumps, rows))
    assert not rejected
    assert {f.name: str(f.type) for f in table.schema} == {
        "i": "int64", "f": "double", "s": "string", "b": "bool", "d": "date32[day]",
        "n": "string", "t": "timestamp[us, tz=UTC]", "o": "string",
    }  # fmt: skip
    assert table["f"].to_pylist() == [1.0, 2.5]
    assert table["o"].to_pylist() == [None, '{"x":[1]}']


@pytest.mark.parametrize("size", [50, 8 << 20])
def test_the_values_of_json(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", size)
    rows = [{"a": i, "b": f"ü {i}", "c": i / 3 if i % 5 else None} for i in range(300)]
    table, _ = read(tmp_path, *map(json.dumps, rows))
    assert table.to_pylist() == rows


def test_what_does_not_fit_is_rejected(tmp_path: Path) -> None:
    good = ['{"a": 1, "d": "2020-01-02"}'] * 200
    table, rejected = read(
        tmp_path,
        *good,
        '{"a": 1',
        b'{"a": "\xff"}',
        '{"a": "x"}',
        '{"a": 1, "d": "2020-02-31"}',
        "[1]",
        '{"a": 99999999999999999999}',
        "",
    )
    assert len(table) == 200
    assert [r.source.rpartition(":")[2] for r in rejected] == [
        "201",
        "202",
        "205",
        "203",
        "204",
        "206",
    ]
    assert "'x' in 'a' is no int64" in [r.reason for r in rejected]


def test_mixed_members_are_text(tmp_path: Path) -> None:
    table, rejected = read(tmp_path, *['{"a": 1}', '{"a": "x"}', '{"a": [1]}'] * 20)
    assert not rejected
    assert table["a"].to_pylist() == ["1", "x", "[1]"] * 20


def test_files_that_are_no_json_lines(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="does not parse as JSON lines"):
        read(tmp_path, "[", '{"a": 1},', '{"a": 2}', "]")
    with pytest.raises(UnfitData, match="empty"):
        read(tmp_path, "")
