"""The automatic steps: what they drop, fill and turn, and that any model can take the matrix."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from tests.unit.artifacts.preparation.fitting import fitted

from rueda.artifacts.preparation import Preparation
from rueda.artifacts.preparation.auto import automatic_steps
from rueda.tallies.profile import ProfileTally

ROWS = 400


def batch() -> pa.RecordBatch:
    drawn = np.random.default_rng(0)
    start = dt.datetime(2013, 1, 1)
    return pa.RecordBatch.from_pydict(
        {
            "größe": pa.array(drawn.normal(size=ROWS), mask=drawn.random(ROWS) < 0.1),
            "n": drawn.integers(0, 9, ROWS),
            "open": drawn.random(ROWS) < 0.5,
            "one": [7] * ROWS,
            "none": pa.nulls(ROWS, pa.float64()),
            "typeless": pa.nulls(ROWS),
            "only": ["x"] * ROWS,
            "id": [f"row-{i}" for i in range(ROWS)],
            "color": drawn.choice(["red", "blue", None], ROWS).tolist(),
            "street": [f"s{v}" for v in drawn.integers(0, 80, ROWS)],
            "when": [start + dt.timedelta(hours=int(h)) for h in drawn.integers(0, 9_000, ROWS)],
            "day": [
                (start + dt.timedelta(days=int(d))).date() for d in drawn.integers(0, 99, ROWS)
            ],
            "tags": [["a"]] * ROWS,
        }
    )


def automatic() -> Preparation:
    tally = ProfileTally.of_schema(batch().schema)
    profile = tally.result(tally.add(tally.empty(), batch()))
    steps = automatic_steps(batch().schema, profile["columns"], profile["rows"])
    return fitted(batch(), *steps)


def test_what_says_nothing_is_dropped() -> None:
    read = {field.name for field in automatic().inputs}
    assert read == {"größe", "n", "open", "color", "street", "when", "day"}
    assert automatic().describe()[0] == "drop one, none, typeless, only, id, tags"


def test_what_says_something_becomes_numbers() -> None:
    outputs = automatic().outputs
    assert {"größe", "größe is null", "n", "open", "street"} < set(outputs)
    assert {"color=red", "color=blue", "color=missing", "color is null"} < set(outputs)
    assert {"when.hour", "day.month"} < set(outputs)
    assert "day.hour" not in outputs


def test_no_null_is_left() -> None:
    nulls = pa.RecordBatch.from_arrays(
        [pa.nulls(3, field.type) for field in batch().schema], schema=batch().schema
    )
    for rows in (batch(), nulls):
        assert np.isfinite(automatic().matrix(rows)).all()


def test_few_rows_name_nothing() -> None:
    few = batch().slice(0, 20).select(["id", "n"])
    tally = ProfileTally.of_schema(few.schema)
    profile = tally.result(tally.add(tally.empty(), few))
    steps = automatic_steps(few.schema, profile["columns"], profile["rows"])
    assert "id=row-3" in fitted(few, *steps).outputs
