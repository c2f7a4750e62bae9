"""CSV: the same values as other readers find, and exact accounts of what does not fit."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from rueda.kernel.errors import BrokenInput, RuedaError, SchemaMismatch, UnfitData
from rueda.kernel.seams import Rejected
from rueda.sources import records
from rueda.sources.files import FileSource


def read(path: Path, **options: object) -> tuple[pa.Table, list[Rejected]]:
    rejected: list[Rejected] = []
    source = FileSource(path.name, path.parent, **options)  # type: ignore[arg-type]
    batches = list(source.batches(rejected.append))
    for batch in batches:
        batch.validate(full=True)
    return pa.Table.from_batches(batches), rejected


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    n = 5000
    frame = pd.DataFrame(
        {
            "whole": rng.integers(-(10**12), 10**12, n),
            "real": rng.normal(size=n),
            "größe": rng.choice(["ä,b", 'say "hi"', "two\nlines", "城市", "x"], n),
            "day": pd.date_range("2020-01-01", periods=n).astype(str),
            "at": pd.date_range("2020-01-01", periods=n, freq="1h").astype(str),
            "truth": rng.choice([True, False], n),
            "gaps": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
        }
    )
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    return tmp_path / "mixed.csv"


def test_the_values_of_pandas(mixed: Path) -> None:
    table, rejected = read(mixed)
    expected = pd.read_csv(mixed, parse_dates=["at"])
    assert not rejected
    assert [str(kind) for kind in table.schema.types] == [
        "int64", "double", "string", "date32[day]", "timestamp[us]", "bool", "double",
    ]  # fmt: skip
    assert table["day"].cast(pa.string()).to_pylist() == expected["day"].tolist()
    ours = table.drop(["day"]).to_pandas()
    pd.testing.assert_frame_equal(ours, expected.drop(columns="day"), check_dtype=False)


def test_the_values_of_duckdb(mixed: Path) -> None:
    table, _ = read(mixed)
    theirs = duckdb.sql(f"SELECT * FROM read_csv('{mixed}', sample_size = -1)").fetchall()
    assert [tuple(row.values()) for row in table.to_pylist()] == theirs


@pytest.mark.parametrize("block_bytes", [90, 1000, 65_536])
def test_blocks_change_nothing(
    mixed: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed.write_bytes(b"\n".join(mixed.read_bytes().split(b"\n")[:600]))
    whole = read(mixed)
    monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
    assert read(mixed) == whole


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_dialects(tmp_path: Path, delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(row) for row in (["a", "b"], ["1", "x y"], ["2", '"q"'], ["3", ""])]
    table, rejected = read(write(tmp_path / "x.csv", line_end.join(lines)))
    assert table.to_pydict() == {"a": [1, 2, 3], "b": ["x y", "q", None]}
    assert not rejected


def test_a_byte_order_mark_and_odd_names(tmp_path: Path) -> None:
    text = '\ufeffgröße in m²,"a,b", c ,,select\n1,2,3,4,5\n'
    table, _ = read(write(tmp_path / "x.csv", text))
    assert table.column_names == ["größe in m²", "a,b", "c", "column_4", "select"]


def test_compressed_files(tmp_path: Path) -> None:
    plain = b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(10_000))
    expected, _ = read(write(tmp_path / "x.csv", plain))
    assert read(write(tmp_path / "x.csv.gz", gzip.compress(plain)))[0].equals(expected)
    with pa.CompressedOutputStream(str(tmp_path / "x.csv.zst"), "zstd") as stream:
        stream.write(plain)
    assert read(tmp_path / "x.csv.zst")[0].equals(expected)
    with pytest.raises(BrokenInput, match="cannot be read"):
        read(write(tmp_path / "torn.csv.gz", gzip.compress(plain)[:-2000]))


def test_texts_that_stand_for_null(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "a,b\n1,x\n-9,MISSING\n,\n")
    table, _ = read(file, nulls=("-9", "MISSING"))
    assert table.to_pydict() == {"a": [1, None, None], "b": ["x", None, None]}


def test_one_percent_of_broken_rows_is_accounted_for_exactly(tmp_path: Path) -> None:
    rng = random.Random(3)
    breaks = {
        "short": lambda i: f"{i},1.5",
        "long": lambda i: f"{i},1.5,x,y,z",
        "cell": lambda i: f"{i},oops,x,2020-01-01",
        "date": lambda i: f"{i},1.5,x,2020-02-31",
        "quote": lambda i: f'{i},1.5,"x,2020-01-01',
        "bytes": lambda i: f"{i},1.5,\udcff,2020-01-01",
    }
    lines, expected = [], {}
    for i in range(20_000):
        if rng.random() < 0.01:
            fault = rng.choice(list(breaks))
            lines.append(breaks[fault](i))
            expected[i + 2] = lines[-1]
        else:
            lines.append(f'{i},{i / 8},"name ""{i}"" ü",2020-01-{1 + i % 28:02d}')
    text = "\n".join(["a,b,c,d", *lines]) + "\n"
    file = write(tmp_path / "x.csv", text.encode("utf-8", "surrogateescape"))
    table, rejected = read(file)
    found = {int(r.source.rpartition(":")[2]): r.row for r in rejected}
    shown = {n: x.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
             for n, x in expected.items()}  # fmt: skip
    assert found == shown
    assert len(table) + len(rejected) == 20_000
    assert set(table["a"].to_pylist()).isdisjoint(n - 2 for n in expected)


def test_the_reason_names_cell_and_column(tmp_path: Path) -> None:
    text = "a,b\n" + "1,2\n" * 50 + "x,y\n"
    _, rejected = read(write(tmp_path / "x.csv", text))
    assert rejected == [Rejected("x.csv:52", "x,y", "'x' in column 'a' is no int64")]


def test_without_anyone_to_take_it_a_broken_row_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", "a,b\n" + "1,2\n" * 50 + "1\n")
    with pytest.raises(BrokenInput, match=r"x\.csv:52"):
        list(FileSource("x.csv", tmp_path).batches())


def test_columns_that_are_mixed_are_text(tmp_path: Path) -> None:
    table, rejected = read(write(tmp_path / "x.csv", "a,b\n" + "1,2\nx,2\n" * 50))
    assert table["a"].to_pylist() == ["1", "x"] * 50
    assert not rejected


def test_several_files_are_one_table(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", "a,b\n3,4.5\n")
    write(tmp_path / "a.csv", "a,b\n1,2\n")
    source = FileSource("*.csv", tmp_path)
    assert pa.Table.from_batches(source.batches()).to_pydict() == {"a": [1, 3], "b": [2.0, 4.5]}
    write(tmp_path / "c.csv", "a,c\n1,2\n")
    with pytest.raises(SchemaMismatch, match=r"c\.csv has other columns than a\.csv"):
        list(FileSource("*.csv", tmp_path).batches())


@pytest.mark.parametrize(
    ("content", "error", "what"),
    [
        (b"", UnfitData, "is empty"),
        (b"\xef\xbb\xbf\n\n", UnfitData, "is empty"),
        (b"a,b,a\n1,2,3\n", SchemaMismatch, "more than one column named 'a'"),
        ("a,b\n1,2\n".encode("utf-16"), BrokenInput, "UTF-16"),
        (b"a,\xff\n1,2\n", BrokenInput, "names of x.csv are not UTF-8"),
        (b"a,b\n" + b"1,2,3\n" * 50, BrokenInput, "does not parse"),
        (b"a,b\n" + b"1,\xff\n" * 50, BrokenInput, "does not parse"),
        (b'"a,b\n1,2\n', BrokenInput, "first line"),
        (bytes(range(256)) * 8, BrokenInput, "binary"),
    ],
)
def test_files_that_are_no_csv(
    tmp_path: Path, content: bytes, error: type[RuedaError], what: str
) -> None:
    with pytest.raises(error) as caught:
        read(write(tmp_path / "x.csv", content))
    assert what in caught.value.what
    assert caught.value.expected
    assert caught.value.got
    assert caught.value.do


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table, rejected = read(write(tmp_path / "x.csv", "a,b"))
    assert (table.column_names, len(table), rejected) == (["a", "b"], 0, [])
