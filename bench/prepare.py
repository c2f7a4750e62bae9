"""What a preparation costs: one row online, and fitting and applying beside scikit-learn.

    python bench/prepare.py [--rows 500000] [--workers 2]

Impute, dates, one-hot, ordinal and scale over 14 columns. Prints CPU seconds of the process and
microseconds a row. Ratios mean something, single times little.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from rueda.artifacts.dataset import Dataset, Split, write_dataset
from rueda.artifacts.preparation import (
    Dates,
    Impute,
    OneHot,
    Ordinal,
    Preparation,
    Scale,
    fit_preparation,
)
from rueda.artifacts.preparation.step import Step
from rueda.kernel.plugins import load_plugin

BATCH_ROWS = 100_000
ONE_ROW_COLUMNS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    one_row()
    with tempfile.TemporaryDirectory() as folder:
        store = load_plugin("store", "local")(Path(folder))
        schema = next(batches(1)).schema
        dataset = write_dataset(store, schema, {"train": batches(arguments.rows)})
        compare(Dataset.open(store, dataset).split("train"), arguments.workers)


def one_row() -> None:
    drawn = np.random.default_rng(0)
    rows = 2_000
    columns = {f"n{i}": drawn.normal(size=rows) for i in range(ONE_ROW_COLUMNS - 6)}
    columns |= {f"s{i}": drawn.choice(["a", "b", "c"], rows) for i in range(5)}
    moments = pa.array(drawn.integers(0, 2**50, rows), pa.timestamp("us", "America/New_York"))
    batch = pa.RecordBatch.from_pydict({**columns, "when": moments})
    preparation = fitted(batch, Dates(), Impute(), OneHot(), Scale())
    row = pa.RecordBatch.from_pylist(batch.slice(7, 1).to_pylist(), schema=batch.schema)
    calls = 2_000
    best = min(timeit.repeat(lambda: preparation.matrix(row), number=calls, repeat=15)) / calls
    print(f"one row, {ONE_ROW_COLUMNS} columns, {len(preparation.outputs)} features: ", end="")
    print(f"{best * 1e6:.1f} µs")


def fitted(batch: pa.RecordBatch, *steps: Step) -> Preparation:
    with tempfile.TemporaryDirectory() as folder:
        store = load_plugin("store", "local")(Path(folder))
        rows = Dataset.open(store, write_dataset(store, batch.schema, {"train": [batch]}))
        engine = load_plugin("engine", "threads")(1)
        return fit_preparation(steps, batch.schema, rows.split("train").chunks, engine)


def compare(rows: Split, workers: int) -> None:
    engine = load_plugin("engine", "threads")(workers)
    steps = (Dates(), Impute(), OneHot("c0"), Ordinal(), Scale())
    print(f"{rows.rows:,} rows, {len(rows.schema)} columns, {workers} workers")
    made: list[Preparation] = []
    ways: dict[str, Callable[[], Any]] = {
        "reading the chunks": lambda: [batch.num_rows for batch in rows.batches()],
        "Rueda fit": lambda: made.append(fit_preparation(steps, rows.schema, rows.chunks, engine)),
        "Rueda matrix": lambda: [made[0].matrix(batch) for batch in rows.batches()],
        "scikit-learn fit_transform": lambda: by_scikit_learn(rows),
    }
    for name, way in ways.items():
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        way()
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        print(f"  {name:<28} {cpu_s:7.2f} CPU s  {wall_s:6.2f} s")


def by_scikit_learn(rows: Split) -> Any:
    """The same without the dates, on pandas."""
    frame = rows.to_pandas()
    numbers = [name for name in frame if name[0] in "fi"]
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return make_column_transformer(
        (scaled, numbers),
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["c0"]),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["c1", "c2"]),
    ).fit_transform(frame)


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    """Six float columns with nulls, four whole ones, three of text, one of moments."""
    drawn = np.random.default_rng(0)
    for start in range(0, rows, BATCH_ROWS):
        part = min(BATCH_ROWS, rows - start)
        columns: dict[str, pa.Array] = {}
        for i in range(6):
            columns[f"f{i}"] = pa.array(drawn.normal(size=part), mask=drawn.random(part) < 0.05)
        for i in range(4):
            columns[f"i{i}"] = pa.array(drawn.integers(0, 1_000, part))
        for i in range(3):
            words = np.char.add("c", drawn.integers(0, 20 * 10**i, part).astype(str))
            columns[f"c{i}"] = pa.array(words)
        columns["when"] = pa.array(drawn.integers(0, 2**50, part), pa.timestamp("us"))
        yield pa.RecordBatch.from_pydict(columns)


if __name__ == "__main__":
    main()
