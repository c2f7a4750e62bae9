"""Rows: every type x fault x position has its code and pointer; what fits comes through exactly."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rueda.artifacts.rows import RowReader
from rueda.artifacts.signature import Field, Signature
from rueda.artifacts.strict_json import Refused, parse_json

GOOD = {
    "bool": True,
    "int8": -128,
    "uint8": 255,
    "int64": 2**63 - 1,
    "uint64": 2**64 - 1,
    "float": 0.5,
    "double": 1e300,
    "string": "Köln",
    "dictionary<values=string, indices=int32, ordered=0>": "UA",
    "timestamp[us, tz=UTC]": "2013-01-31T05:00:00.123456+02:00",
    "timestamp[ns]": "2013-01-31T05:00:00.123456789",
    "timestamp[s]": "2013-01-31T05:00:00",
    "date32[day]": "2013-01-31",
    "time64[us]": "05:00:00.5",
    "decimal128(6, 2)": "1234.50",
}
BAD = {
    "bool": [("wrong-type", 1), ("wrong-type", 0), ("wrong-type", "true")],
    "int8": [
        ("out-of-range", 128),
        ("out-of-range", -129),
        ("wrong-type", 1.5),
        ("wrong-type", 1.0),
        ("wrong-type", "1"),
        ("wrong-type", True),
        ("non-finite", float("nan")),
    ],
    "uint8": [("out-of-range", -1), ("out-of-range", 256), ("wrong-type", False)],
    "int64": [("out-of-range", 2**63), ("wrong-type", 1e3)],
    "uint64": [("out-of-range", 2**64), ("out-of-range", -1)],
    "float": [("out-of-range", 1e39), ("wrong-type", "0.5"), ("non-finite", float("inf"))],
    "double": [
        ("non-finite", float("nan")),
        ("non-finite", float("inf")),
        ("non-finite", float("-inf")),
        ("wrong-type", "1"),
        ("wrong-type", True),
        ("out-of-range", 2**53 + 1),
        ("out-of-range", 10**400),
    ],
    "string": [("wrong-type", 1), ("wrong-type", True), ("bad-text", "\ud800")],
    "dictionary<values=string, indices=int32, ordered=0>": [("wrong-type", 1)],
    "timestamp[us, tz=UTC]": [
        ("bad-time", "2013-01-31T05:00:00"),
        ("bad-time", "2013-01-31"),
        ("bad-time", "2013-02-31T05:00:00Z"),
        ("bad-time", "2013-01-31T05:00:00.1234567Z"),
        ("bad-time", "2013-01-31T05:00:60Z"),
        ("bad-time", "2013-01-31T25:00:00Z"),
        ("wrong-type", 1359615600),
    ],
    "timestamp[ns]": [
        ("bad-time", "2013-01-31T05:00:00Z"),
        ("bad-time", "9999-01-31T05:00:00"),
    ],
    "timestamp[s]": [("bad-time", "2013-01-31T05:00:00.5")],
    "date32[day]": [
        ("bad-time", "31.01.2013"),
        ("bad-time", "2013-02-30"),
        ("bad-time", "٢٠١٣-٠١-٣١"),
        ("wrong-type", 15736),
    ],
    "time64[us]": [("bad-time", "25:00:00"), ("bad-time", "05:00"), ("wrong-type", 5)],
    "decimal128(6, 2)": [
        ("out-of-range", "12345.00"),
        ("out-of-range", "1.234"),
        ("wrong-type", "1,5"),
        ("wrong-type", True),
        ("non-finite", float("nan")),
    ],
}
ANYWHERE = [("wrong-type", []), ("wrong-type", {}), ("null-not-allowed", None), ("missing", None)]


def reader(kind: str, *, nullable: bool = False, **more) -> RowReader:
    fields = (Field("first", "int64"), Field("a/b~c", kind, nullable), Field("last", "string"))
    return RowReader(Signature(fields, ()), **more)


def row(value) -> dict:
    return {"first": 1, "a/b~c": value, "last": "x"}


def cases():
    for kind, faults in BAD.items():
        for code, value in [*faults, *ANYWHERE]:
            for position in (0, 1, 4):
                yield pytest.param(
                    kind, code, value, position, id=f"{kind}-{value!r:.20}-{position}"
                )


@pytest.mark.parametrize(("kind", "code", "value", "position"), list(cases()))
def test_each_fault_has_its_code_and_pointer(kind, code, value, position) -> None:
    rows = [row(GOOD[kind]) for _ in range(5)]
    if code == "missing":
        del rows[position]["a/b~c"]
        code = "missing-column"
    else:
        rows[position]["a/b~c"] = value
    # Through text, as a client sends it: NaN and infinity are spelled by Python's json.
    content = json.dumps({"instances": rows}).encode()
    with pytest.raises(Refused) as caught:
        reader(kind).batch(parse_json(content)["instances"], where="/instances")
    (fault,) = caught.value.faults
    assert (fault.code, fault.pointer) == (code, f"/instances/{position}/a~1b~0c")
    json.dumps(caught.value.problem(), allow_nan=False).encode()


@pytest.mark.parametrize("kind", GOOD)
def test_what_fits_has_the_signatures_type_and_no_value_changes(kind: str) -> None:
    batch = reader(kind, nullable=True).batch([row(GOOD[kind]), row(None)])
    assert batch.schema.field("a/b~c").type == Field("x", kind).arrow
    assert batch.column(1).null_count == 1
    assert batch.column(1)[1].as_py() is None


def test_values_against_python_and_arrow() -> None:
    moment = dt.datetime(2013, 1, 31, 3, 0, 0, 123456, tzinfo=dt.UTC)
    expected = {
        "timestamp[us, tz=UTC]": pa.array([moment], pa.timestamp("us", "UTC")),
        "timestamp[ns]": pa.array(["2013-01-31T05:00:00.123456789"]).cast(pa.timestamp("ns")),
        "date32[day]": pa.array([dt.date(2013, 1, 31)]),
        "time64[us]": pa.array([dt.time(5, 0, 0, 500_000)], pa.time64("us")),
        "decimal128(6, 2)": pa.array([Decimal("1234.50")], pa.decimal128(6, 2)),
        "uint64": pa.array([2**64 - 1], pa.uint64()),
        "float": pa.array([0.5], pa.float32()),
    }
    for kind, array in expected.items():
        assert reader(kind).batch([row(GOOD[kind])]).column(1).equals(array), kind


@given(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)))
def test_any_moment_reads_as_arrow_reads_it(moment: dt.datetime) -> None:
    text = moment.isoformat(timespec="microseconds")
    batch = reader("timestamp[us]").batch([row(text)])
    assert batch.column(1).equals(pa.array([moment], pa.timestamp("us")))


def test_extra_columns_and_rows_that_are_none() -> None:
    with pytest.raises(Refused) as caught:
        reader("int64").batch([{**row(1), "é": 1, "\ud800": 2}, 5, [row(1)]])
    found = [(fault.code, fault.pointer) for fault in caught.value.faults]
    assert ("extra-column", "/0/é") in found
    assert found[-2:] == [("wrong-type", "/1"), ("wrong-type", "/2")]


@pytest.mark.parametrize(
    ("rows", "code"), [([], "no-rows"), ({}, "wrong-type"), (None, "wrong-type"), (5, "wrong-type")]
)
def test_what_is_no_list_of_rows(rows, code: str) -> None:
    with pytest.raises(Refused) as caught:
        reader("int64").batch(rows, where="/instances")
    assert (caught.value.faults[0].code, caught.value.faults[0].pointer) == (code, "/instances")


def test_too_many_rows() -> None:
    with pytest.raises(Refused) as caught:
        reader("int64").batch([row(1)] * 11, limit=10)
    assert caught.value.status == 413


def test_unknown_values_follow_the_policy() -> None:
    signature = Signature((Field("c", "string", True, ("A", "B")),), ())
    assert RowReader(signature).batch([{"c": "Z"}]).num_rows == 1
    closed = RowReader(signature, unknown="reject")
    assert closed.batch([{"c": "A"}, {"c": None}]).num_rows == 2
    with pytest.raises(Refused) as caught:
        closed.batch([{"c": "A"}, {"c": "Z"}])
    assert caught.value.faults[0].code == "unknown-category"
    assert caught.value.faults[0].pointer == "/1/c"


def test_a_flood_of_faults_gets_an_answer_of_bounded_size() -> None:
    rows = [{f"extra{i}": i for i in range(1000)} for _ in range(1000)]
    with pytest.raises(Refused) as caught:
        reader("int64").batch(rows)
    assert len(json.dumps(caught.value.problem())) < 50_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "malformed-json"),
        (b"{", "malformed-json"),
        (b'{"a":1}x', "malformed-json"),
        (b"{'a':1}", "malformed-json"),
        (b'{"a":01}', "malformed-json"),
        (b"[" + b"9" * 5000 + b"]", "malformed-json"),
        (b'"\xff"', "not-utf-8"),
        (b'"\xed\xa0\x80"', "not-utf-8"),
        (b"\xef\xbb\xbf{}", "byte-order-mark"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 50_000, "too-deep"),
    ],
)
def test_text_that_is_no_json(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_json(content)
    assert (caught.value.faults[0].code, caught.value.status) == (code, 400)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"a":1,"a":1}', "/a"),
        (b'{"a":1,"\\u0061":2}', "/a"),
        (b'{"instances":[{"x":1},{"x":1,"y":2,"x":3}]}', "/instances/1/x"),
    ],
)
def test_a_key_that_stands_twice(content: bytes, where: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_json(content)
    assert (caught.value.faults[0].code, caught.value.faults[0].pointer) == ("duplicate-key", where)


def test_a_cell_nested_too_deeply_is_named() -> None:
    deep: object = 1
    for _ in range(70):
        deep = [deep]
    with pytest.raises(Refused) as caught:
        reader("int64").batch([row(deep)])
    assert (caught.value.faults[0].code, caught.value.status) == ("too-deep", 400)


def test_the_matrix_would_notice_a_reader_that_coerces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rueda.artifacts.rows.check_of", lambda kind: lambda value: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_each_fault_has_its_code_and_pointer("int8", "wrong-type", 1.0, 0)
