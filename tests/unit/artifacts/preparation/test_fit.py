"""Fitting: order, leftovers, what serving must send, and one result for any number of workers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.artifacts.preparation.fitting import fitted, numbers

from rueda.artifacts.preparation import Dates, Drop, Impute, OneHot, Ordinal, Scale
from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import SpecError, UnfitData, UnknownName


def words() -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {"x": [1.0, 2.0, None], "color": ["red", None, "blue"], "street": ["a", "b", "c"]}
    )


def test_leftover_texts_are_refused_with_the_ways_out() -> None:
    with pytest.raises(SpecError) as raised:
        fitted(words(), OneHot("street"))
    assert "color" in raised.value.what
    assert 'OneHot("color"), Ordinal("color") or Drop("color")' in raised.value.do


def test_leftover_lists_are_refused() -> None:
    batch = pa.RecordBatch.from_pydict({"x": [1.0], "tags": [["a", "b"]], "raw": [b"bytes"]})
    with pytest.raises(SpecError, match="tags, raw"):
        fitted(batch)
    assert fitted(batch, Drop("tags", "raw")).outputs == ("x",)


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'street'"):
        fitted(words(), Drop("stret"))
    with pytest.raises(UnknownName, match="color"):
        fitted(words(), OneHot("color"), Scale("color"), Drop("street"))


def test_nothing_left_is_refused() -> None:
    with pytest.raises(UnfitData, match="no feature is left") as raised:
        fitted(words(), Drop("x", "color", "street"))
    assert raised.value.got == "all dropped: x, color, street"
    assert 'rd.Ordinal("x")' in raised.value.do


def test_dropped_columns_need_not_be_sent() -> None:
    preparation = fitted(words(), Impute(), Ordinal("color", "street"), Drop("street"))
    assert [field.name for field in preparation.inputs] == ["x", "color"]
    sent = words().drop_columns(["street"])
    assert np.array_equal(preparation.matrix(sent), preparation.matrix(words()))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_changes_no_bit(workers: int) -> None:
    batch = numbers()
    steps = (Impute(indicator=True), Scale("normal"), Scale("wide", by="robust"))
    expected = fitted(batch, *steps, pieces=11, workers=1).to_json()
    found = fitted(batch, *steps, pieces=11, workers=workers).to_json()
    assert canonical_json(found) == canonical_json(expected)


def test_no_training_rows_still_fit() -> None:
    batch = pa.RecordBatch.from_pydict({"x": pa.array([], pa.float64())})
    assert fitted(batch, Impute(), Scale()).matrix(batch).shape == (0, 1)


def test_steps_describe_themselves() -> None:
    times = pa.array([0, 1, 2], pa.timestamp("us"))
    batch = words().append_column("when", times)
    steps = (Drop("street"), Dates("when"), Impute(indicator=True), OneHot(), Scale("x"))
    lines = fitted(batch, *steps).describe()
    assert lines == [
        "drop street",
        "month, day, weekday, hour of when",
        "fill nulls: x = 1.5, when.month = 1, when.day = 1, when.weekday = 3, when.hour = 0, "
        "color = 'blue'; marked: x, color",
        "one-hot color (2 categories)",
        "scale x",
    ]
