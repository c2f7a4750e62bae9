"""Scale gives scikit-learn's answers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from tests.unit.artifacts.preparation.fitting import as_matrix, exact, fitted, numbers

from rueda.artifacts.preparation import Impute, Scale
from rueda.kernel.errors import SpecError

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


@pytest.mark.parametrize("by", SCALERS)
@pytest.mark.parametrize("pieces", [1, 7])
def test_numbers_are_scaled_as_scikit_learn_scales_them(by: str, pieces: int) -> None:
    # scikit-learn itself is off by 1e-6 where the mean is far and the spread is small.
    batch = numbers().drop_columns(["far"])
    expected = SCALERS[by]().fit_transform(as_matrix(batch))
    found = exact(fitted(batch, Scale(by=by), pieces=pieces), batch)
    matrix = np.column_stack(list(found.values()))
    assert np.allclose(matrix, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_a_small_spread_far_from_zero_is_kept() -> None:
    batch = numbers().select(["far"])
    values = [Fraction(v) for v in batch["far"].to_pylist() if v is not None]
    mean = sum(values) / len(values)
    std = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
    step = fitted(batch, Scale(), pieces=7).steps[0]
    assert step.center == [pytest.approx(float(mean), rel=1e-15)]  # type: ignore[attr-defined]
    assert step.width == [pytest.approx(std, rel=1e-8)]  # type: ignore[attr-defined]


def test_statistics_are_those_of_imputed_values() -> None:
    batch = pa.RecordBatch.from_pydict({"x": [0.0, None, None, None, 8.0]})
    filled = np.array([0.0, 4.0, 4.0, 4.0, 8.0]).reshape(-1, 1)
    found = exact(fitted(batch, Impute(), Scale()), batch)["x"]
    assert np.allclose(found, StandardScaler().fit_transform(filled)[:, 0], rtol=1e-12)


def test_flags_are_scaled_only_where_named() -> None:
    batch = pa.RecordBatch.from_pydict({"open": [True, False, True, True], "x": [1.0, 2, 3, 4]})
    assert exact(fitted(batch, Scale()), batch)["open"].tolist() == [1, 0, 1, 1]
    assert exact(fitted(batch, Scale("open")), batch)["open"].min() < 0


def test_a_column_without_any_value_stays_null() -> None:
    batch = pa.RecordBatch.from_pydict({"x": pa.nulls(4, pa.float64())})
    for by in SCALERS:
        assert np.isnan(exact(fitted(batch, Scale(by=by)), batch)["x"]).all()


def test_texts_cannot_be_scaled() -> None:
    batch = pa.RecordBatch.from_pydict({"word": ["a", "b"]})
    with pytest.raises(SpecError, match="Scale cannot work on the column 'word'"):
        fitted(batch, Scale("word"))
