"""Impute gives scikit-learn's answers."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.impute import SimpleImputer
from tests.unit.artifacts.preparation.fitting import as_matrix, exact, fitted, numbers

from rueda.artifacts.preparation import Drop, Impute, Preparation
from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import SpecError, UnknownName


@pytest.mark.parametrize("strategy", ["median", "mean", "constant"])
def test_numbers_are_filled_as_scikit_learn_fills_them(strategy: str) -> None:
    batch = numbers()
    expected = SimpleImputer(strategy=strategy, add_indicator=True, fill_value=0)
    matrix = expected.fit_transform(as_matrix(batch))
    found = exact(fitted(batch, Impute(numeric=strategy, indicator=True)), batch)
    assert np.allclose(np.column_stack(list(found.values())), matrix, rtol=1e-9, atol=1e-12)
    assert "normal is null" in found
    assert "whole is null" not in found


def test_texts_take_the_most_frequent_value() -> None:
    words = ["b", "a", None, "b", "a", "c", None]
    batch = pa.RecordBatch.from_pydict({"word": words, "x": [1.0] * 7})
    imputed = fitted(batch, Impute(), Drop("word")).steps[0]
    data = np.array(words, dtype=object).reshape(-1, 1)
    expected = SimpleImputer(strategy="most_frequent", missing_values=None).fit(data)
    assert imputed.texts == {"word": expected.statistics_[0]}  # type: ignore[attr-defined]


def test_text_nulls_can_be_a_word_and_marked() -> None:
    batch = pa.RecordBatch.from_pydict({"word": ["a", None, "b"]})
    steps = (Impute(categorical="constant", fill="none", indicator=True),)
    preparation = fitted(batch, *steps, Drop("word"))
    assert exact(preparation, batch)["word is null"].tolist() == [0.0, 1.0, 0.0]
    assert preparation.steps[0].texts == {"word": "none"}  # type: ignore[attr-defined]


def test_flags_take_their_most_frequent_value() -> None:
    batch = pa.RecordBatch.from_pydict({"open": [True, None, True, False]})
    assert exact(fitted(batch, Impute()), batch)["open"].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_what_float32_cannot_hold_is_null() -> None:
    values = [1.0, np.nan, np.inf, -np.inf, 1e300, 3.0, None]
    batch = pa.RecordBatch.from_pydict({"x": values})
    assert exact(fitted(batch, Impute()), batch)["x"].tolist() == [1, 2, 2, 2, 2, 3, 2]


def test_a_column_without_any_value_is_filled_with_zero() -> None:
    batch = pa.RecordBatch.from_pydict({"x": pa.nulls(4, pa.float64()), "n": pa.nulls(4)})
    for numeric in ("median", "mean"):
        found = exact(fitted(batch, Impute(numeric=numeric)), batch)
        assert found["x"].tolist() == found["n"].tolist() == [0.0] * 4


def test_wrong_specs_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'median'"):
        Impute(numeric="medain")
    with pytest.raises(SpecError, match="nothing uses"):
        Impute(fill=3)
    with pytest.raises(UnknownName, match="did you mean 'normal'"):
        fitted(numbers(), Impute("normel"))


def test_the_median_of_huge_whole_numbers_can_be_kept() -> None:
    batch = pa.RecordBatch.from_pydict({"n": [2**60, 2**61, None, 2**62]})
    preparation = fitted(batch, Impute())
    content = canonical_json(preparation.to_json())
    again = Preparation.from_json(json.loads(content))
    assert canonical_json(again.to_json()) == content
    assert exact(again, batch)["n"].tolist() == [2.0**60, 2.0**61, 2.0**61, 2.0**62]
