"""Ordinal gives scikit-learn's answers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from sklearn.preprocessing import OrdinalEncoder
from tests.unit.artifacts.preparation.fitting import exact, fitted

from rueda.artifacts.preparation import Ordinal


def test_categories_are_numbered_as_scikit_learn_numbers_them() -> None:
    drawn = np.random.default_rng(0)
    values = drawn.choice(["b", "a", "zürich", "", "Z"], 500).astype(object)
    size = drawn.integers(0, 30, 500)
    holes = pa.array(values, mask=drawn.random(500) < 0.1)
    batch = pa.RecordBatch.from_pydict({"city": holes, "size": size})
    expected = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    expected.fit(np.column_stack([values, size.astype(object)]))
    preparation = fitted(batch, Ordinal("city", "size"))
    new = np.array([["a", 3], ["never", 99], ["Z", 0]], dtype=object)
    sent = pa.RecordBatch.from_pydict({"city": new[:, 0].tolist(), "size": new[:, 1].tolist()})
    found = exact(preparation, sent)
    matrix = np.column_stack([found["city"], found["size"]])
    assert np.array_equal(matrix, expected.transform(new))


def test_by_frequency_the_most_frequent_is_zero() -> None:
    batch = pa.RecordBatch.from_pydict({"city": ["c", "b", "a", "b", "a", "b"]})
    found = exact(fitted(batch, Ordinal(order="frequency")), batch)["city"]
    assert found.tolist() == [2, 0, 1, 0, 1, 0]


def test_unseen_is_a_choice() -> None:
    batch = pa.RecordBatch.from_pydict({"city": ["a", "b"]})
    new = pa.RecordBatch.from_pydict({"city": ["c", None]})
    assert exact(fitted(batch, Ordinal(unseen=7)), new)["city"][0] == 7
    assert np.isnan(exact(fitted(batch, Ordinal(unseen=None)), new)["city"]).all()
