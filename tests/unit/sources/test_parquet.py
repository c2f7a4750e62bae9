"""Parquet: types are kept exactly."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rueda.kernel.errors import BrokenInput, SchemaMismatch
from rueda.sources.files import FileSource

KEPT = {
    "i8": pa.array([1, None, -3], pa.int8()),
    "u64": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "f32": pa.array([0.1, None, 2], pa.float32()),
    "truth": pa.array([True, None, False]),
    "text": pa.array(["ä", None, ""]),
    "day": pa.array([dt.date(2020, 1, 2), None, dt.date(1, 1, 1)]),
    "at": pa.array([1, None, 3], pa.timestamp("ns")),
    "zoned": pa.array([1, None, 3], pa.timestamp("us", "America/New_York")),
    "money": pa.array([Decimal("1.20"), None, Decimal("-3.45")], pa.decimal128(9, 2)),
    "kind": pa.array(["x", None, "y"]).dictionary_encode(),
    "clock": pa.array([1, None, 3], pa.time64("us")),
}


def table_of(folder: Path, *tables: pa.Table) -> pa.Table:
    for number, table in enumerate(tables):
        pq.write_table(table, folder / f"{number}.parquet")
    return pa.Table.from_batches(FileSource("*.parquet", folder).batches())


def test_types_and_values_are_kept(tmp_path: Path) -> None:
    table = pa.table(KEPT)
    assert table_of(tmp_path, table).equals(table)


def test_other_spellings_of_the_same(tmp_path: Path) -> None:
    table = pa.table(
        {
            "large": pa.array(["a", None], pa.large_string()),
            "small": pa.array(["a", "b"])
            .dictionary_encode()
            .cast(pa.dictionary(pa.int8(), "string")),
            "numbers": pa.array([7, 8]).dictionary_encode(),
            "nothing": pa.nulls(2),
        }
    )
    found = table_of(tmp_path, table)
    assert [str(kind) for kind in found.schema.types] == [
        "string", "dictionary<values=string, indices=int32, ordered=0>", "int64", "string",
    ]  # fmt: skip
    assert found.to_pylist() == table.to_pylist()


def test_dictionaries_differ_from_file_to_file(tmp_path: Path) -> None:
    first = pa.table({"kind": pa.array(["x", "y"]).dictionary_encode()})
    other = pa.table({"kind": pa.array(["z", "x"]).dictionary_encode()})
    assert table_of(tmp_path, first, other)["kind"].to_pylist() == ["x", "y", "z", "x"]


def test_files_of_other_columns(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match=r"1\.parquet has other columns"):
        table_of(tmp_path, pa.table({"a": [1]}), pa.table({"a": [1.5]}))


def test_nested_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="nested"):
        table_of(tmp_path, pa.table({"a": [[1, 2]]}))


def test_torn_files(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(1000)}), tmp_path / "x.parquet")
    content = (tmp_path / "x.parquet").read_bytes()
    for torn in (content[:-100], content[: len(content) // 2], b"no parquet", b""):
        (tmp_path / "x.parquet").write_bytes(torn)
        with pytest.raises(BrokenInput, match="whole Parquet file"):
            list(FileSource("x.parquet", tmp_path).batches())


def test_no_rows_are_one_empty_batch(tmp_path: Path) -> None:
    found = table_of(tmp_path, pa.table({"a": pa.array([], pa.int64())}))
    assert (found.num_rows, found.schema.field("a").type) == (0, pa.int64())
