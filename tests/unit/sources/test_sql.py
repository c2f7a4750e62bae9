"""SQL: what a query reads, what it means, and rows that come the same each time."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rueda.kernel.errors import BrokenInput, MissingInput, SpecError
from rueda.kernel.seams import Rejected
from rueda.sources.sql import SqlSource


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a, 'project'"
    (folder / "part").mkdir(parents=True)
    (folder / "a.csv").write_text("k,x\n1,10\n2,20\n3,30\n")
    (folder / "part" / "1.csv").write_text("k,y\n1,a\n")
    (folder / "part" / "2.csv").write_text("k,y\n3,c\n")
    pq.write_table(pa.table({"k": [1, 2], "z": [0.5, 1.5]}), folder / "z.parquet")
    return folder


def rows(sql: str, project: Path) -> list[dict[str, object]]:
    return pa.Table.from_batches(SqlSource(sql, project).batches()).to_pylist()


def version(sql: str, project: Path) -> str:
    return SqlSource(sql, project).version()


JOIN = (
    "SELECT a.k, y, z FROM 'a.csv' AS a LEFT JOIN 'part/*.csv' USING (k) "
    "LEFT JOIN 'z.parquet' AS z USING (k)"
)


def test_a_join_of_files(project: Path) -> None:
    assert rows(JOIN, project) == [
        {"k": 1, "y": "a", "z": 0.5},
        {"k": 2, "y": None, "z": 1.5},
        {"k": 3, "y": "c", "z": None},
    ]


def test_the_project_comes_before_the_working_folder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("k,x\n9,90\n")
    monkeypatch.chdir(tmp_path)
    for sql in (
        "FROM 'a.csv'",
        "FROM read_csv('a.csv')",
        "FROM read_csv(['a.csv'], header = true)",
    ):
        assert [row["k"] for row in rows(sql, project)] == [1, 2, 3]


@pytest.mark.parametrize(
    "same",
    [
        JOIN.replace(" ", "\n  "),
        "-- what it does\n" + JOIN + " /* end */",
        JOIN.lower().replace("select", "Select") + ";",
    ],
)
def test_layout_and_comments_do_not_matter(project: Path, same: str) -> None:
    assert version(same, project) == version(JOIN, project)
    assert rows(same, project) == rows(JOIN, project)


def test_what_matters(project: Path) -> None:
    first = version(JOIN, project)
    assert version(JOIN.replace("LEFT JOIN 'z", "JOIN 'z"), project) != first
    os.utime(project / "a.csv")
    assert version(JOIN, project) == first
    (project / "part" / "3.csv").write_text("k,y\n2,b\n")
    grown = version(JOIN, project)
    assert grown != first
    (project / "part" / "3.csv").write_text("k,y\n2,B\n")
    assert version(JOIN, project) not in (first, grown)
    (project / "other.csv").write_text("k,y\n2,B\n")
    (project / "part" / "3.csv").unlink()
    assert version(JOIN, project) == first


@pytest.mark.parametrize(
    ("sql", "files"),
    [
        ("WITH t AS (FROM 'a.csv') SELECT t.k FROM t, t AS u", ["a.csv"]),
        ("SELECT * FROM 'a.csv' WHERE k IN (SELECT k FROM 'z.parquet')", ["a.csv", "z.parquet"]),
        ("SELECT (SELECT max(z) FROM read_parquet('z.parquet'))", ["z.parquet"]),
        ("FROM 'a.csv' UNION ALL FROM 'a.csv'", ["a.csv", "a.csv"]),
        ("SELECT * FROM range(3)", []),
    ],
)  # fmt: skip
def test_every_file_is_found(project: Path, sql: str, files: list[str]) -> None:
    assert sorted(SqlSource(sql, project)._query.files) == files
    assert rows(sql, project)


def test_an_odd_value_after_a_sample(project: Path) -> None:
    lines = ["k", *map(str, range(30_000)), "odd"]
    (project / "a.csv").write_text("\n".join(lines))
    rejected: list[Rejected] = []
    batches = list(SqlSource("FROM 'a.csv'", project).batches(rejected.append))
    assert sum(batch.num_rows for batch in batches) == 30_000
    assert [row.source for row in rejected] == ["a.csv:30002"]


def test_the_same_rows_in_the_same_order(project: Path) -> None:
    pq.write_table(
        pa.table({"k": [i % 997 for i in range(200_000)], "v": [i / 7 for i in range(200_000)]}),
        project / "many.parquet",
        row_group_size=5000,
    )
    for sql in (
        "SELECT m.* FROM 'many.parquet' m JOIN 'a.csv' a ON m.k % 3 + 1 = a.k",
        "SELECT k, sum(v) AS total, avg(v) AS mean FROM 'many.parquet' GROUP BY k",
        "SELECT k, sum(v) OVER (PARTITION BY k % 5 ORDER BY v) AS running FROM 'many.parquet'",
    ):
        first = pa.Table.from_batches(SqlSource(sql, project).batches())
        for _ in range(2):
            assert pa.Table.from_batches(SqlSource(sql, project).batches()).equals(first)


def test_zones_do_not_depend_on_the_machine(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = """SELECT TIMESTAMPTZ '2020-07-01 00:00:00+02' AS zoned,
                    CAST(TIMESTAMP '2020-07-01 00:00:00' AS TIMESTAMPTZ) AS plain"""
    for zone in ("UTC", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        table = pa.Table.from_batches(SqlSource(sql, project).batches())
        assert [str(kind) for kind in table.schema.types] == ["timestamp[us, tz=UTC]"] * 2
        assert table.to_pylist() == [
            {
                "zoned": dt.datetime(2020, 6, 30, 22, tzinfo=dt.UTC),
                "plain": dt.datetime(2020, 7, 1, tzinfo=dt.UTC),
            }
        ]


@pytest.mark.parametrize(
    ("sql", "error", "what"),
    [
        ("SELEC 1 FROM x", SpecError, "not one SELECT"),
        ("SELECT 1; SELECT 2", SpecError, "not one SELECT"),
        ("DROP TABLE x", SpecError, "not one SELECT"),
        ("COPY (SELECT 1) TO 'x.csv'", SpecError, "not one SELECT"),
        ("SELECT now() AS t", SpecError, "now"),
        ("SELECT random() AS t", SpecError, "random"),
        ("SELECT current_date AS t", SpecError, "current_date"),
        ("FROM read_csv('a' || '.csv')", SpecError, "names a file by an expression"),
        ("FROM 'b.csv'", MissingInput, "no files to read at 'b.csv'"),
        ("FROM flights", MissingInput, "no files to read at 'flights'"),
        ("SELECT nothing FROM 'a.csv'", SpecError, "cannot be answered"),
        ("SELECT k, k FROM 'a.csv'", ValueError, "more than one column"),
        ("SELECT [1, 2] AS k", ValueError, "nested"),
        ("SELECT CAST('x' AS INT) AS k FROM 'a.csv'", BrokenInput, "cannot be answered"),
    ],
)
def test_queries_that_cannot_be_meant(
    project: Path, sql: str, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        rows(sql, project)


def test_a_broken_row_of_a_named_file_is_set_aside(project: Path) -> None:
    lines = ["k,x", *(f"{i},{i}" for i in range(100)), "1,2,3", "5,5"]
    (project / "a.csv").write_text("\n".join(lines) + "\n")
    rejected: list[Rejected] = []
    sql = "SELECT l.k FROM 'a.csv' AS l JOIN 'a.csv' AS r USING (x)"
    batches = list(SqlSource(sql, project).batches(rejected.append))
    assert sum(batch.num_rows for batch in batches) == 103
    assert rejected == [Rejected("a.csv:102", "1,2,3", "3 fields where the header has 2")]


def test_what_duckdb_is_told_to_read_is_right_or_an_error(project: Path) -> None:
    lines = ["k,x", *(f"{i},{i}" for i in range(100)), "oops,2", "5,5"]
    (project / "a.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(BrokenInput) as caught:
        rows("FROM read_csv('a.csv', columns = {k: 'INT', x: 'INT'})", project)
    assert "102" in str(caught.value)


def test_python_variables_are_no_tables(project: Path) -> None:
    frame = pa.table({"a": [1]})
    with pytest.raises(MissingInput):
        rows("FROM frame", project)
    assert frame.num_rows == 1
