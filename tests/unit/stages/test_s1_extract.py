"""Extract: every row on one side, every count right, the same result for the same content."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from rueda.artifacts.dataset import Dataset
from rueda.artifacts.profile import Profile
from rueda.artifacts.schema import Schema, read_anomalies, write_schema
from rueda.engines.threads import ThreadEngine
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest
from rueda.kernel.errors import BrokenInput, Defect, SchemaMismatch, SpecError, UnfitData
from rueda.kernel.stage import Context
from rueda.stages.s1_extract import EXTRACT, ByColumn, ByKey, ByTime, Extract, open_source, reading
from rueda.stages.s1_extract.sides import hash_rows

ROWS = 1000


@pytest.fixture
def project(context: Context) -> Path:
    rng = np.random.default_rng(0)
    start = dt.datetime(2020, 1, 1)
    rows = pa.table(
        {
            "id": range(ROWS),
            "at": pa.array([start + dt.timedelta(hours=i // 2) for i in range(ROWS)]),
            "größe": rng.normal(size=ROWS),
            "color": pa.array([["red", "green", None][i % 3] for i in range(ROWS)]),
            "side": ["test" if i % 5 == 0 else "train" for i in range(ROWS)],
            "y": pa.array([None if i % 10 == 9 else bool(i % 2) for i in range(ROWS)]),
        }
    )
    pq.write_table(rows, context.project / "rows.parquet")
    pyarrow.csv.write_csv(rows, context.project / "rows.csv")
    return context.project


SPEC = Extract("rows.parquet", label="y")


def run(spec: Extract, context: Context, **given: Artifact) -> Mapping[str, Artifact]:
    version = open_source(spec, context.project, None).version()
    return EXTRACT.run(spec, {"source": Artifact("source", version), **given}, context)


def extract(spec: Extract, context: Context, **given: Artifact) -> Dataset:
    return Dataset.open(context.store, run(spec, context, **given)["dataset"])


def sides(dataset: Dataset) -> dict[str, set[int]]:
    return {
        name: set(dataset.split(name).to_arrow(["id"])["id"].to_pylist())
        for name in ("train", "holdout", "unlabeled")
    }


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
@pytest.mark.parametrize(
    "split", [None, ByKey(0.3), ByTime(0.3), ByColumn("side"), ByTime("2020-01-15")]
)
def test_every_row_is_on_one_side(context: Context, name: str, split: object) -> None:
    spec = replace(SPEC, path=name, split=split, time="at")  # type: ignore[arg-type]
    dataset = extract(spec, context)
    found = sides(dataset)
    assert sorted(i for side in found.values() for i in side) == list(range(ROWS))
    assert found["unlabeled"] == set(range(9, ROWS, 10))
    assert dataset.counts == {
        **{k: len(v) for k, v in found.items()},
        "quarantine": 0,
        "read": ROWS,
    }
    assert (dataset.label, dataset.time, dataset.key) == ("y", "at", None)


@pytest.mark.usefixtures("project")
def test_by_time_holds_out_what_came_last(context: Context) -> None:
    dataset = extract(replace(SPEC, time="at"), context)
    train, holdout = (dataset.split(side).to_arrow()["at"] for side in ("train", "holdout"))
    boundary = dataset.manifest.meta["split"]["boundary"]
    assert max(train.to_pylist()) < min(holdout.to_pylist())
    assert min(holdout.to_pylist()).isoformat() == boundary
    assert len(holdout) == 180  # a fifth of 900 labeled rows; moments stay together


@pytest.mark.usefixtures("project")
def test_by_time_from_a_moment_on(context: Context) -> None:
    dataset = extract(replace(SPEC, time="at", split=ByTime("2020-01-10")), context)
    assert min(dataset.split("holdout").to_arrow()["at"].to_pylist()) == dt.datetime(2020, 1, 10)
    assert dataset.manifest.meta["split"]["boundary"] == "2020-01-10T00:00:00"


@pytest.mark.usefixtures("project")
def test_by_column_holds_out_its_value_and_drops_it(context: Context) -> None:
    dataset = extract(replace(SPEC, split=ByColumn("side")), context)
    assert sides(dataset)["holdout"] == {i for i in range(0, ROWS, 5) if i % 10 != 9}
    assert "side" not in dataset.schema.names


@pytest.mark.usefixtures("project")
def test_by_key_is_about_the_share_and_is_fixed(context: Context) -> None:
    dataset = extract(replace(SPEC, key="id", split=ByKey(0.5)), context)
    held_out = sides(dataset)["holdout"]
    assert 400 < len(held_out) < 500
    # The hash is ours: these members never change, or models would be judged on what they saw.
    assert sorted(held_out)[:8] == FIXED


FIXED = [1, 2, 8, 10, 15, 16, 17, 22]


def test_equal_rows_are_on_one_side(context: Context) -> None:
    rng = np.random.default_rng(1)
    once = pa.table({"id": range(300), "x": rng.normal(size=300), "y": rng.integers(0, 2, 300)})
    pq.write_table(pa.concat_tables([once, once, once]), context.project / "rows.parquet")
    found = sides(extract(SPEC, context))
    assert not found["train"] & found["holdout"]


def test_few_kinds_of_rows_are_split_fairly(context: Context) -> None:
    rng = np.random.default_rng(2)
    flag, color = rng.random(4000) < 0.5, rng.choice(["red", "green", "blue"], 4000)
    label = rng.random(4000) < np.where(flag, 0.8, 0.3)
    table = pa.table({"flag": flag, "color": color, "y": label})
    pq.write_table(table, context.project / "rows.parquet")
    dataset = extract(SPEC, context)
    assert 0.15 < dataset.counts["holdout"] / 4000 < 0.25
    rates = {}
    for side in ("train", "holdout"):
        rows = dataset.split(side).to_arrow()
        kinds = rows.group_by(["flag", "color"]).aggregate([("y", "mean")])
        assert kinds.num_rows == 6, "every kind is on both sides"
        rates[side] = dict(zip(kinds["flag"].to_pylist(), kinds["y_mean"].to_pylist(), strict=True))
    for flag_value in (True, False):
        assert abs(rates["train"][flag_value] - rates["holdout"][flag_value]) < 0.15


def test_the_side_does_not_hang_on_the_label(context: Context) -> None:
    x = np.random.default_rng(3).normal(size=500)
    table = pa.table({"x": np.repeat(x, 2), "y": [False, True] * 500})
    pq.write_table(table, context.project / "rows.parquet")
    held_out = extract(SPEC, context).split("holdout").to_arrow()
    assert sum(held_out["y"].to_pylist()) * 2 == held_out.num_rows, "pairs stay together"


def test_a_key_hashes_alike_in_every_format() -> None:
    ints = [pa.array([1, None, 70_000], kind) for kind in (pa.int32(), pa.int64(), pa.uint32())]
    words = [pa.array(["a", None, "ü"], pa.string()), pa.array(["a", None, "ü"], pa.large_string())]
    words.append(words[0].dictionary_encode())
    for columns in (ints, words):
        hashes = [hash_rows([column], 3).tolist() for column in columns]
        assert all(found == hashes[0] for found in hashes)
        assert len(set(hashes[0])) == 3


@pytest.mark.usefixtures("project")
def test_extraction_under_the_schema_that_it_inferred_changes_nothing(context: Context) -> None:
    """The law that the wheel rests on: the first run's result is reused once the file exists."""
    for spec in (
        SPEC,
        replace(SPEC, path="rows.csv", time="at", key="id", drop=("side",)),
        Extract(sql="SELECT *, id * 2.5 AS more FROM 'rows.csv'", label="y", key="id"),
    ):
        inferred = run(spec, context)
        text = Schema.open(context.store, inferred["schema"]).to_yaml()
        reviewed = write_schema(context.store, Schema.from_yaml(text))
        assert run(spec, context, schema=reviewed) == inferred
        assert read_anomalies(context.store, inferred["anomalies"])["anomalies"] == []


@pytest.mark.usefixtures("project")
def test_the_same_bits_with_any_number_of_workers(context: Context) -> None:
    expected = run(replace(SPEC, path="rows.csv"), context)
    for workers in (1, 5):
        other = replace(context, engine=ThreadEngine(workers=workers))
        assert run(replace(SPEC, path="rows.csv"), other) == expected


@pytest.mark.usefixtures("project")
def test_values_are_those_of_the_file(context: Context) -> None:
    dataset = extract(replace(SPEC, path="rows.csv", drop=("side",)), context)
    ours = pa.concat_tables([dataset.to_arrow(), dataset.split("unlabeled").to_arrow()])
    theirs = duckdb.sql(
        f"SELECT * EXCLUDE side FROM read_csv('{context.project}/rows.csv') ORDER BY id"
    )
    assert [tuple(row.values()) for row in ours.sort_by("id").to_pylist()] == theirs.fetchall()


@pytest.mark.usefixtures("project")
def test_the_profile_is_of_the_training_side(context: Context) -> None:
    made = run(SPEC, context)
    profile = Profile.open(context.store, made["profile"])
    assert profile.rows == Dataset.open(context.store, made["dataset"]).counts["train"]


def test_broken_rows_are_in_quarantine_and_counted(context: Context) -> None:
    lines = [f"{i},{i % 2}" for i in range(500)]
    lines[100] = "100"
    lines[200] = "x,1"
    (context.project / "rows.csv").write_text("\n".join(["id,y", *lines]))
    made = run(replace(SPEC, path="rows.csv"), context)
    dataset = Dataset.open(context.store, made["dataset"])
    assert (dataset.counts["read"], dataset.counts["quarantine"]) == (500, 2)
    assert dataset.split("quarantine").to_arrow().to_pylist() == [
        {"source": "rows.csv:102", "row": "100", "reason": "1 fields where the header has 2"},
        {"source": "rows.csv:202", "row": "x,1", "reason": "'x' in column 'id' is no int64"},
    ]
    anomalies = read_anomalies(context.store, made["anomalies"])
    assert (anomalies["rows"], anomalies["quarantined"]) == (500, 2)


def test_rows_without_a_moment_cannot_be_placed(context: Context) -> None:
    lines = [f"{i},2020-01-{1 + i % 28:02d},{i % 2}" for i in range(100)]
    lines[3], lines[4] = "3,,1", "4,,"
    (context.project / "rows.csv").write_text("\n".join(["id,at,y", *lines]))
    dataset = extract(replace(SPEC, path="rows.csv", time="at"), context)
    (row,) = dataset.split("quarantine").to_arrow().to_pylist()
    assert json.loads(row["row"]) == {"id": 3, "at": None, "y": 1}
    assert row["reason"] == "no value in the time column 'at'"
    assert sides(dataset)["unlabeled"] == {4}


def test_nan_is_no_label(context: Context) -> None:
    y = [float("nan") if i % 4 == 0 else float(i) for i in range(100)]
    pq.write_table(pa.table({"id": range(100), "y": y}), context.project / "rows.parquet")
    assert sides(extract(SPEC, context))["unlabeled"] == set(range(0, 100, 4))


def test_a_later_month_reads_in_the_types_of_the_schema(context: Context) -> None:
    """Whole numbers where there were fractions, codes that look like numbers, no value at all."""
    header = "x,code,gap,day,y\n"
    first = [f"{i}.5,A{i % 3},{i},2020-01-02 03:04:05,{i % 2}\n" for i in range(100)]
    later = [f"{i},{i % 3},,2020-02-03,{i % 2}\n" for i in range(100)]
    spec = replace(SPEC, path="rows.csv")
    (context.project / "rows.csv").write_text(header + "".join(first))
    schema = Schema.open(context.store, run(spec, context)["schema"])
    free = [replace(c, present=0.0, values=None, max=None) for c in schema.columns]
    relaxed = write_schema(context.store, Schema(tuple(free)))
    (context.project / "rows.csv").write_text(header + "".join(later))
    dataset = extract(spec, context, schema=relaxed)
    assert [str(kind) for kind in dataset.schema.types] == [c.type for c in schema.columns]
    assert set(dataset.split("train").to_arrow()["code"].to_pylist()) == {"0", "1", "2"}


@pytest.mark.usefixtures("project")
def test_rows_that_break_their_schema_stop_the_stage(context: Context) -> None:
    made = run(SPEC, context)
    schema = Schema.open(context.store, made["schema"])
    narrow = [replace(c, values=("red",)) if c.name == "color" else c for c in schema.columns]
    reviewed = write_schema(context.store, replace(schema, columns=tuple(narrow)))
    with pytest.raises(SchemaMismatch) as caught:
        run(SPEC, context, schema=reviewed)
    assert "ENUM_TYPE_UNEXPECTED_STRING_VALUES: color holds 'green'" in caught.value.got


@pytest.mark.usefixtures("project")
def test_a_source_that_changes_meanwhile_is_refused(context: Context) -> None:
    with pytest.raises(BrokenInput, match="changed while it was read"):
        EXTRACT.run(SPEC, {"source": Artifact("source", Digest("0" * 64))}, context)


@pytest.mark.usefixtures("project")
def test_a_lost_row_is_noticed(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    place = reading._place

    def lossy(batch: pa.RecordBatch, *rest: object) -> None:
        place(batch.slice(1), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_place", lossy)
    with pytest.raises(Defect, match="rows were lost"):
        run(SPEC, context)


@pytest.mark.usefixtures("project")
def test_nothing_is_left_in_scratch_or_project(context: Context) -> None:
    before = sorted(context.project.rglob("*"))
    run(replace(SPEC, time="at"), context)
    run(Extract(sql="FROM 'rows.csv'", label="y"), context)
    assert sorted(context.project.rglob("*")) == before
    assert not list(context.scratch.iterdir())


@pytest.mark.parametrize(
    ("make", "error", "what"),
    [
        (lambda: Extract("x.csv"), SpecError, "the label"),
        (lambda: Extract(label="y"), SpecError, "path or sql"),
        (lambda: Extract("x.csv", sql="SELECT 1", label="y"), SpecError, "path or sql"),
        (lambda: Extract("x.csv", label="y", key="y"), SpecError, "two roles"),
        (lambda: Extract("x.csv", label="y", drop=("y",)), SpecError, "two roles"),
        (lambda: Extract("x.csv", label="y", split=ByTime()), SpecError, "time column"),
        (lambda: ByKey(1.5), SpecError, "cannot hold out 1.5"),
        (lambda: ByTime(0), SpecError, "cannot hold out 0"),
        (lambda: ByTime("soon"), SpecError, "cannot hold out from 'soon' on"),
    ],
)
def test_specs_that_cannot_be_meant(
    make: Callable[[], object], error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        make()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"label": "Y"}, "did you mean 'y'"),
        ({"label": "target"}, "name one of the columns"),
        ({"time": "when"}, "no column 'when' for the time"),
        ({"key": "ids"}, "did you mean 'id'"),
        ({"drop": ("sides",)}, "did you mean 'side'"),
        ({"time": "color"}, "holds no times"),
        ({"split": ByColumn("Side")}, "did you mean 'side'"),
        ({"split": ByColumn("id", "x")}, "cannot hold 'x'"),
    ],
)
def test_columns_that_are_not_there(context: Context, change: dict[str, object], what: str) -> None:
    with pytest.raises(SchemaMismatch, match=what):
        run(replace(SPEC, **change), context)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "spec", "what"),
    [
        ({"id": range(5), "y": [0, 1, 0, 1, 0]}, SPEC, "too few rows"),
        ({"id": range(100), "y": [1] * 100}, SPEC, "one value"),
        ({"id": range(100), "y": pa.nulls(100, pa.int64())}, SPEC, "too few rows"),
        (
            {"id": range(100), "y": [0, 1] * 50, "side": ["train"] * 100},
            replace(SPEC, split=ByColumn("side")),
            "no row is held out",
        ),
        (
            {"id": range(100), "y": [0, 1] * 50, "at": [dt.date(2020, 1, 1)] * 100},
            replace(SPEC, time="at"),
            "one moment",
        ),
    ],
)
def test_rows_that_no_model_can_come_of(
    context: Context, rows: dict[str, object], spec: Extract, what: str
) -> None:
    pq.write_table(pa.table(rows), context.project / "rows.parquet")
    with pytest.raises(UnfitData, match=what):
        run(spec, context)


@pytest.mark.usefixtures("project")
def test_the_chunks_are_those_of_the_types(context: Context) -> None:
    """Dictionaries, decimals and zones survive the way through the store."""
    rows = pa.table(
        {
            "kind": pa.array(["x", "y", None, "x"] * 50).dictionary_encode(),
            "money": pa.array(["1.25"] * 200).cast(pa.decimal128(9, 2)),
            "at": pa.array(range(200), pa.timestamp("ns", "America/New_York")),
            "small": pa.array([1, None] * 100, pa.int8()),
            "y": [0, 1] * 100,
        }
    )
    pq.write_table(rows, context.project / "rows.parquet", row_group_size=7)
    dataset = extract(SPEC, context)
    assert dataset.schema.equals(rows.schema)
    assert dataset.to_arrow().sort_by("at").equals(rows.sort_by("at").combine_chunks()) or (
        dataset.to_arrow().sort_by("at").to_pylist() == rows.to_pylist()
    )


def test_the_spec_costs_no_import() -> None:
    import subprocess
    import sys

    code = (
        "import sys, rueda.stages.s1_extract as s; s.Extract('x', label='y'); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pyarrow", "duckdb", "numpy", "polars"} & set(done.stdout.split())
