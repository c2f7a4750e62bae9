"""Cells: a column is what nearly all of its cells are, and nothing becomes null in silence."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest

from rueda.sources.cells import KINDS, ColumnEvidence, convert, look


def kind_of(*blocks: list[str | None]) -> str:
    evidence = ColumnEvidence()
    for block in blocks:
        evidence.see(look(pa.array(block, pa.string())))
    return evidence.kind()


def values_of(texts: list[str | None], kind: str) -> list[object]:
    values, misfit = convert(pa.array(texts, pa.string()), kind)
    assert misfit is None
    return values.to_pylist()


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", None], "int64"),
        (["9223372036854775807", "-9223372036854775808"], "int64"),
        (["1", "2.5"], "double"),
        (["1e5", "-.5", "+3.", "inf"], "double"),
        (["true", "False", "TRUE"], "bool"),
        (["0", "1"], "int64"),
        (["2013-01-31", "2012-02-29"], "date32[day]"),
        (["2013-01-31", "2013-01-31 10:00"], "timestamp[us]"),
        (["2013-01-31T10:00:00.25"], "timestamp[us]"),
        (["2013-01-31T10:00:00Z", "2013-01-31 10:00:00+02:00"], "timestamp[us, tz=UTC]"),
        (["2013-01-31T10:00:00Z", "2013-01-31T10:00:00"], "string"),
        (["2013-02-30"], "string"),
        (["31.01.2013"], "string"),
        (["00501", "10001"], "string"),
        (["0x1F"], "string"),
        (["9223372036854775808"], "string"),
        (["123456789012345678901.5e3"], "double"),
        (["1e999"], "string"),
        (["1,234"], "string"),
        (["+49301234"], "double"),
        (["a", "1"], "string"),
        ([None, None], "string"),
        (["NA", "NA"], "string"),
        (["NA", " 3 ", "4"], "int64"),
        (["nan", "4.5"], "double"),
        (["１"], "string"),
        (["-"], "string"),
    ],
)
def test_the_type_of_a_column(texts: list[str | None], kind: str) -> None:
    assert kind_of(texts) == kind


def test_row_one_million_counts_as_much_as_row_one() -> None:
    assert kind_of(["1"] * 1000, ["2"] * 1000, ["3.5"]) == "double"
    assert kind_of(["1"] * 1000, ["x"] * 21) == "string"
    assert kind_of(["1"] * 1000, ["x"] * 20) == "int64"


def test_few_cells_that_do_not_fit_are_not_many() -> None:
    assert kind_of(["1"] * 19 + ["x"]) == "int64"
    assert kind_of(["1"] * 18 + ["x"]) == "string"
    assert kind_of(["1"] * 98 + ["x"] * 2) == "int64"
    assert kind_of(["1"] * 97 + ["x"] * 3) == "string"


def test_a_column_of_text_stays_text() -> None:
    evidence = ColumnEvidence()
    evidence.see(look(pa.array(["word"] * 1001)))
    assert evidence.is_text


def test_values() -> None:
    assert values_of([" 1", "NA", None], "int64") == [1, None, None]
    assert values_of(["nan", "2", "?"], "double") == [None, 2.0, None]
    assert values_of(["inf", "-Infinity"], "double") == [math.inf, -math.inf]
    assert values_of(["TRUE", "false", "N/A"], "bool") == [True, False, None]
    assert values_of(["NA", "x"], "string") == ["NA", "x"]
    assert values_of(["2013-01-31T10:00:00+02:00"], "timestamp[us, tz=UTC]") == [
        dt.datetime(2013, 1, 31, 8, tzinfo=dt.UTC)
    ]


@pytest.mark.parametrize(
    ("texts", "kind", "misfits"),
    [
        (["1", "x", "2.0", "0x1F", "9" * 19, None], "int64", [1, 2, 3, 4]),
        (["1", "x", "1e999", "9" * 20, "NaN"], "double", [1, 2, 3]),
        (["true", "yes"], "bool", [1]),
        (["2013-02-28", "2013-02-30", "x"], "date32[day]", [1, 2]),
        (["2013-02-28", "2013-02-28T25:00", "2013-02-28Z"], "timestamp[us]", [1, 2]),
        (["2013-02-28T10:00Z", "2013-02-28T10:00"], "timestamp[us, tz=UTC]", [1]),
    ],
)
def test_misfits_are_named(texts: list[str | None], kind: str, misfits: list[int]) -> None:
    values, misfit = convert(pa.array(texts, pa.string()), kind)
    assert misfit is not None
    assert [i for i, bad in enumerate(misfit.to_pylist()) if bad] == misfits
    assert all(values[i].as_py() is None for i in misfits)


def test_what_looks_right_converts_right() -> None:
    """A cell that counts for a type converts to it, and one that does not is a misfit."""
    cells = ["1", "-0", "007", "1.", ".5", "1e3", "1e", "e1", "+1", "--1", "1 2", "", "0x", "NaN"]
    cells += ["true", "T", "2013-01-01", "2013-1-1", "2013-01-01T", "2013-01-01T10", "inf", "-inf"]
    cells += ["2013-01-01T10:00Z", "2013-01-01 10:00:00.123456", "2013-01-01 10:00:00.1234567"]
    for cell in cells:
        found = look(pa.array([cell], pa.string()))
        for kind in KINDS:
            values, misfit = convert(pa.array([cell], pa.string()), kind)
            fits = misfit is None and values.null_count == 0
            if found[kind]:
                assert fits, (cell, kind)
