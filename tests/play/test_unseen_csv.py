"""Files that nobody prepared for: the minimal lifecycle goes through all seven stages."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import rueda as rd

RNG = np.random.default_rng


def numbers(rows: int) -> pa.Table:
    rng = RNG(1)
    x, z = rng.normal(size=rows), rng.normal(size=rows)
    return pa.table({"x": x, "z": z, "y": (x + rng.normal(size=rows) > 0).astype(int)})


def strings_nulls_dates(rows: int) -> pa.Table:
    rng = RNG(2)
    kind = rng.choice(["ash", "birch", "cedar"], rows)
    seen = np.datetime64("2024-01-01T00:00:00") + rng.integers(0, 30_000_000, rows)
    size = np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows))
    y = np.where((kind == "birch") | (rng.random(rows) < 0.2), "yes", "no")
    return pa.table({"kind": kind, "seen": seen, "size": pa.array(size, from_pandas=True), "y": y})


def unicode_names(rows: int) -> pa.Table:
    rng = RNG(3)
    x = rng.normal(size=rows)
    return pa.table({"größe in m²": x, "城市": rng.choice(["北京", "上海"], rows), "y": x > 0.3})


def one_constant_column(rows: int) -> pa.Table:
    return numbers(rows).append_column("always", pa.array(["same"] * rows))


def rare_class(rows: int) -> pa.Table:
    rng = RNG(4)
    x = rng.normal(size=rows)
    return pa.table({"x": x, "y": (x > 2.2).astype(int)})


def fifty_columns(rows: int) -> pa.Table:
    rng = RNG(5)
    columns = {f"c{number:02d}": rng.normal(size=rows) for number in range(49)}
    return pa.table({**columns, "y": columns["c07"] + columns["c11"] > 0})


def three_classes(rows: int) -> pa.Table:
    rng = RNG(6)
    x = rng.normal(size=rows)
    return pa.table({"x": x, "y": np.array(["low", "mid", "high"])[np.digitize(x, [-0.5, 0.5])]})


def only_words(rows: int) -> pa.Table:
    rng = RNG(8)
    color, size = rng.choice(["red", "green"], rows), rng.choice(["s", "m", "l"], rows)
    y = rng.random(rows) < np.where(color == "red", 0.8, 0.3)
    return pa.table({"color": color, "size": size, "y": np.where(y, "sold", "kept")})


def only_flags(rows: int) -> pa.Table:
    rng = RNG(9)
    flags = rng.random((3, rows)) < 0.5
    return pa.table({"a": flags[0], "b": flags[1], "y": rng.random(rows) < 0.2 + 0.6 * flags[0]})


def huge_numbers(rows: int) -> pa.Table:
    return pa.table(
        {"id of it": RNG(10).integers(2**60, 2**62, rows), "y": RNG(11).random(rows) < 0.5}
    )


CASES = [
    (numbers, 100),
    (numbers, 2000),
    (strings_nulls_dates, 1500),
    (unicode_names, 1000),
    (one_constant_column, 800),
    (rare_class, 3000),
    (fifty_columns, 600),
    (three_classes, 900),
    (only_words, 1000),
    (only_flags, 1000),
    (huge_numbers, 500),
]


@pytest.mark.parametrize(("make", "rows"), CASES, ids=[f"{m.__name__}-{n}" for m, n in CASES])
def test_the_minimal_lifecycle_goes_through(
    folder: Path, make: Callable[[int], pa.Table], rows: int
) -> None:
    table = make(rows)
    pa.csv.write_csv(table, folder / "x.csv")
    lifecycle = rd.Lifecycle(
        "unseen",
        extract=rd.Extract("x.csv", label="y"),
        train=rd.Train(HistGradientBoostingClassifier(max_iter=20)),
        project=folder,
    )
    run = lifecycle.run()
    assert [e.state for e in run.executions] == ["ran"] * 7
    counts = run.dataset.counts
    assert counts["read"] == rows
    assert counts["train"] + counts["holdout"] == rows
    assert run.dataset.to_arrow().num_rows == rows
    frame = run.dataset.to_pandas().drop(columns="y")
    assert len(run.model.predict(frame)) == rows
    assert set(run.model.predict(frame)) <= set(run.model.classes)
    assert [e.state for e in lifecycle.run().executions] == ["reused"] * 7


MODELS = [
    RandomForestClassifier(10),
    LogisticRegression(),
    KNeighborsClassifier(),
    make_pipeline(StandardScaler(), PCA(2), LogisticRegression()),
    HistGradientBoostingClassifier(max_iter=10, categorical_features=[8]),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_any_model_goes_through(folder: Path, model: object) -> None:
    pa.csv.write_csv(strings_nulls_dates(800), folder / "x.csv")
    run = rd.Lifecycle(
        "unseen", extract=rd.Extract("x.csv", label="y"), train=rd.Train(model), project=folder
    ).run()
    assert [e.state for e in run.executions] == ["ran"] * 7
    assert run.scorecard.metrics["roc_auc"]["value"] > 0.6


def write_semicolons(path: Path) -> None:
    rows = [f"{i % 7};w{i % 3};{i / 8};{'ja' if i % 7 > 3 else 'nein'}\n" for i in range(800)]
    path.write_text("a;b;preis;ist es wahr?\n" + "".join(rows), encoding="utf-8")


def write_lines(path: Path) -> None:
    rows = (
        {"a": i % 7, "rare": None if i % 9 else i, "ist es wahr?": i % 7 > 3} for i in range(800)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path) -> None:
    table = pa.table(
        {
            "price": pa.array([Decimal(i % 90) / 100 for i in range(800)], pa.decimal128(9, 2)),
            "kind": pa.array(["a", "b", None, "c"] * 200).dictionary_encode(),
            "at": pa.array(range(800), pa.timestamp("s", "Europe/Berlin")),
            "half": pa.array(np.arange(800) % 50, pa.float16()),
            "ist es wahr?": [i % 90 > 40 for i in range(800)],
        }
    )
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("name", "write"),
    [("x.csv", write_semicolons), ("x.jsonl", write_lines), ("x.parquet", write_parquet)],
)
def test_other_files_go_through(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    write(folder / name)
    run = rd.Lifecycle(
        "unseen",
        extract=rd.Extract(name, label="ist es wahr?"),
        train=rd.Train(HistGradientBoostingClassifier(max_iter=10)),
        project=folder,
    ).run()
    assert run.dataset.counts["read"] == 800
    assert run.scorecard.metrics["roc_auc"]["value"] > 0.9


def test_a_number_as_label_makes_a_regression(folder: Path) -> None:
    rng = RNG(7)
    x = rng.normal(size=1200)
    table = pa.table(
        {"x": x, "kind": rng.choice(["a", "b"], 1200), "y": 3 * x + rng.normal(size=1200)}
    )
    pa.csv.write_csv(table, folder / "x.csv")
    run = rd.Lifecycle(
        "unseen",
        extract=rd.Extract("x.csv", label="y"),
        train=rd.Train(HistGradientBoostingRegressor(max_iter=50)),
        project=folder,
    ).run()
    assert run.scorecard.task == "regression"
    assert run.scorecard.metrics["rmse"]["value"] < run.scorecard.baseline["rmse"]["value"] / 2
    truth = run.dataset.to_polars()["y"].to_numpy()
    assert np.corrcoef(run.model.predict(run.dataset.to_polars()), truth)[0, 1] > 0.9


def test_a_linear_model_takes_nulls_and_words(folder: Path) -> None:
    pa.csv.write_csv(strings_nulls_dates(1500), folder / "x.csv")
    run = rd.Lifecycle(
        "unseen",
        extract=rd.Extract("x.csv", label="y"),
        train=rd.Train(LogisticRegression()),
        project=folder,
    ).run()
    assert run.scorecard.metrics["roc_auc"]["value"] > 0.7
