"""Schema: inferred, written, read back, and held against rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
import yaml

from rueda.artifacts.profile import Profile, write_profile
from rueda.artifacts.schema import (
    Anomaly,
    Column,
    Schema,
    read_anomalies,
    write_anomalies,
    write_schema,
)
from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.seams import Store
from rueda.tallies.profile import ProfileTally

ROWS = 1000
MOMENT = pa.timestamp("us", "UTC")
ROLES = {"label": "late", "key": "id", "time": "at"}

Profiled = Callable[[pa.Table], Profile]


def table() -> pa.Table:
    rng = np.random.default_rng(0)
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return pa.table(
        {
            "id": [f"k{i}" for i in range(ROWS)],
            "at": pa.array([start + dt.timedelta(hours=i) for i in range(ROWS)], MOMENT),
            "count": rng.integers(0, 100, ROWS),
            "größe: [x]": rng.normal(size=ROWS),
            "gaps": pa.array([i / 2 if i % 10 else None for i in range(ROWS)]),
            "color": pa.array(["red", "no", "1.5", None, "2020-01-01"] * (ROWS // 5)),
            "kind": pa.array(["x", "y"] * (ROWS // 2)).dictionary_encode(),
            "word": [f"w{i % 500}" for i in range(ROWS)],
            "born": pa.array([dt.date(1990, 1, 1 + i % 28) for i in range(ROWS)]),
            "odd": [float("nan"), float("inf")] * (ROWS // 2),
            "nothing": pa.nulls(ROWS, pa.string()),
            "same": [7] * ROWS,
            "money": pa.array([f"{i}.25" for i in range(ROWS)]).cast(pa.decimal128(9, 2)),
            "late": [i % 3 == 0 for i in range(ROWS)],
        }
    )  # fmt: skip


@pytest.fixture
def profiled(store: Store) -> Profiled:
    def profile(rows: pa.Table) -> Profile:
        tally = ProfileTally.of_schema(rows.schema)
        state = tally.empty()
        for batch in rows.combine_chunks().to_batches():
            state = tally.add(state, batch)
        return Profile.open(store, write_profile(store, tally, state))

    return profile


@pytest.fixture
def schema(profiled: Profiled) -> Schema:
    return Schema.infer(table().schema, profiled(table()), **ROLES)


def changed(name: str, values: pa.Array | list[object]) -> pa.Table:
    rows = table()
    place = rows.schema.names.index(name)
    if isinstance(values, list):
        values = pa.array(values, rows.schema.field(name).type)
    return rows.set_column(place, name, values)


def test_what_is_inferred(schema: Schema) -> None:
    column = {c.name: c for c in schema.columns}
    assert column["id"] == Column("id", "string", present=1.0, unique=True)
    assert column["at"] == Column("at", "timestamp[us, tz=UTC]", present=1.0)
    assert column["count"] == Column("count", "int64", present=1.0, min=0, max=200)
    assert column["gaps"].present == 0.85
    assert column["color"].values == ("1.5", "2020-01-01", "no", "red")
    assert column["kind"].values == ("x", "y")
    assert column["word"].values is None
    assert (column["born"].min, column["born"].max) == ("1989-12-05", "1990-02-24")
    assert not column["odd"].finite
    assert column["größe: [x]"].finite
    assert column["nothing"] == Column("nothing", "string")
    assert (column["same"].min, column["same"].max) == (0, 14)
    assert column["late"] == Column("late", "bool", present=1.0, serving=False)
    assert schema.min_rows == 100
    assert [c.name for c in schema.serving] == [n for n in table().schema.names if n != "late"]


def test_rows_fit_the_schema_that_was_inferred_from_them(
    schema: Schema, profiled: Profiled
) -> None:
    assert schema.check(table().schema, profiled(table())) == ()


def test_yaml_and_json_give_the_schema_back(schema: Schema, store: Store) -> None:
    assert Schema.from_yaml(schema.to_yaml()) == schema
    assert Schema.open(store, write_schema(store, schema)) == schema
    again = write_schema(store, Schema.from_yaml(schema.to_yaml()))
    assert again == write_schema(store, schema)


def test_the_file_is_plain_yaml_that_people_read(schema: Schema) -> None:
    text = schema.to_yaml()
    assert text.startswith("# What Rueda expects of the data.")
    tree = yaml.safe_load(text)
    assert tree["training_rows"] == {"min": 100}
    assert list(tree["columns"]) == table().schema.names
    assert tree["columns"]["color"] == {
        "type": "string", "present": 0.75, "values": ["1.5", "2020-01-01", "no", "red"],
    }  # fmt: skip
    assert "\n  count:\n    type: int64\n    present: 1.0\n    min: 0\n    max: 200\n\n" in text


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (table().drop(["count"]), ("count", "SCHEMA_MISSING_COLUMN", "ERROR")),
        (table().append_column("new", pa.array([1] * ROWS)), ("new", "SCHEMA_NEW_COLUMN", "ERROR")),
        (changed("count", pa.array(["x"] * ROWS)), ("count", "UNEXPECTED_DATA_TYPE", "ERROR")),
        (changed("count", [None] * ROWS), ("count", "FEATURE_TYPE_NOT_PRESENT", "ERROR")),
        (
            changed("count", [None] * 5 + [1] * 995),
            ("count", "FEATURE_TYPE_LOW_FRACTION_PRESENT", "WARNING"),
        ),
        (
            changed("count", [None] * 50 + [1] * 950),
            ("count", "FEATURE_TYPE_LOW_FRACTION_PRESENT", "ERROR"),
        ),
        (
            changed("kind", pa.array(["x", "z"] * 500).dictionary_encode()),
            ("kind", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", "ERROR"),
        ),
        (
            changed("color", ["blue"] * 10 + ["red"] * 990),
            ("color", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", "WARNING"),
        ),
        (
            changed("color", [str(i) for i in range(ROWS)]),
            ("color", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", "ERROR"),
        ),
        (changed("count", [201] * 500 + [0] * 500), ("count", "INT_TYPE_BIG_INT", "ERROR")),
        (changed("count", [201] + [0] * 999), ("count", "INT_TYPE_BIG_INT", "WARNING")),
        (changed("count", [-1] * 500 + [0] * 500), ("count", "INT_TYPE_SMALL_INT", "ERROR")),
        (changed("gaps", [1e6] * ROWS), ("gaps", "FLOAT_TYPE_BIG_FLOAT", "ERROR")),
        (changed("gaps", [-1.0] * ROWS), ("gaps", "FLOAT_TYPE_SMALL_FLOAT", "ERROR")),
        (
            changed("gaps", [float("nan")] * 100 + [1.0] * 900),
            ("gaps", "FLOAT_TYPE_HAS_NAN", "ERROR"),
        ),
        (changed("gaps", [float("inf")] + [1.0] * 999), ("gaps", "FLOAT_TYPE_HAS_INF", "WARNING")),
        (changed("born", [dt.date(2090, 1, 1)] * ROWS), ("born", "FLOAT_TYPE_BIG_FLOAT", "ERROR")),
        (changed("id", ["k"] * ROWS), ("id", "FEATURE_TYPE_LOW_UNIQUE", "ERROR")),
        (table().slice(0, 90), (None, "DATASET_LOW_NUM_EXAMPLES", "ERROR")),
    ],
)  # fmt: skip
def test_anomalies(
    schema: Schema, profiled: Profiled, rows: pa.Table, expected: tuple[str, str, str]
) -> None:
    found = schema.check(rows.schema, profiled(rows))
    assert expected in [(a.column, a.type, a.severity) for a in found]
    assert {a.column for a in found} == {expected[0]}
    assert all(a.sentence.endswith(".") for a in found)


def test_anomalies_say_how_many_rows(schema: Schema, profiled: Profiled, store: Store) -> None:
    rows = changed("color", ["blue"] * 30 + ["green"] * 5 + ["red"] * 965)
    (anomaly,) = schema.check(rows.schema, profiled(rows))
    assert anomaly.rows == 35
    assert anomaly.sentence == "color holds 'blue', 'green' in 35 rows."
    artifact = write_anomalies(store, [anomaly], rows=1010, quarantined=10)
    assert read_anomalies(store, artifact) == {
        "rows": 1010,
        "quarantined": 10,
        "anomalies": [
            {
                "column": "color",
                "type": "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
                "severity": "ERROR",
                "sentence": anomaly.sentence,
                "rows": 35,
            }
        ],
    }


def test_a_row_bound_from_above(profiled: Profiled) -> None:
    schema = Schema((), max_rows=10)
    (anomaly,) = schema.check(pa.schema([]), profiled(table()))
    assert anomaly == Anomaly(
        None, "DATASET_HIGH_NUM_EXAMPLES", "ERROR",
        "There are 1,000 training rows, more than 10.", ROWS,
    )  # fmt: skip


def test_an_optional_column_may_be_absent(profiled: Profiled) -> None:
    schema = Schema((Column("extra", "int64"),))
    assert schema.check(pa.schema([]), profiled(pa.table({"a": [1]}).drop(["a"]))) == ()


GOOD = "columns:\n  a:\n    type: int64\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no columns"),
        ("columns: [a]", "no columns"),
        ("columns:\n  a: {", "does not parse as YAML"),
        (GOOD + "    presence: 1.0\n", "unknown word in the schema of column 'a': 'presence'"),
        (GOOD + "rows: 5\n", "unknown word in the schema 'rows'"),
        (GOOD + "    present: 2\n", "column 'a' in the schema has a wrong present"),
        (GOOD + "    values: [1]\n", "has a wrong values"),
        (GOOD + "    unique: 1\n", "has a wrong unique"),
        (GOOD + "    min: [1]\n", "has a wrong min"),
        (GOOD + "  a:\n    type: string\n", "does not parse as YAML"),
        ("columns:\n  a:\n    present: 1\n", "has no type"),
        ("columns:\n  a: int64\n", "is no block"),
        (GOOD.replace("int64", "integer"), "has an unknown type"),
        (GOOD + "training_rows: {least: 1}\n", "wrong training_rows"),
    ],
)
def test_files_that_are_no_schema(text: str, what: str) -> None:
    with pytest.raises(SpecError) as caught:
        Schema.from_yaml(text)
    assert what in caught.value.what
    assert caught.value.expected
    assert caught.value.got


def test_did_you_mean() -> None:
    with pytest.raises(UnknownName, match="did you mean 'present'"):
        Schema.from_yaml(GOOD + "    presnt: 1.0\n")


def test_people_write_whole_numbers_for_any() -> None:
    schema = Schema.from_yaml("columns:\n  a:\n    type: double\n    min: 0\n    present: 1\n")
    assert schema.columns == (Column("a", "double", present=1.0, min=0.0),)
