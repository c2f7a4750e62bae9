"""OneHot gives scikit-learn's answers, rare and unseen categories included."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import OneHotEncoder
from tests.unit.artifacts.preparation.fitting import exact, fitted

from rueda.artifacts.preparation import Impute, OneHot
from rueda.kernel.errors import SpecError

WORDS = ["red"] * 40 + ["green"] * 30 + ["blue"] * 20 + ["grün"] * 7 + ["🚂"] * 2 + [""]


def words(values: list[str | None] = WORDS) -> pa.RecordBatch:
    order = np.random.default_rng(0).permutation(len(values))
    return pa.RecordBatch.from_pydict({"color": pa.array([values[i] for i in order], pa.string())})


@pytest.mark.parametrize("max_categories", [None, 2, 3, 7])
@pytest.mark.parametrize("min_fraction", [None, 0.05, 0.25])
def test_flags_are_those_of_scikit_learn(
    max_categories: int | None, min_fraction: float | None
) -> None:
    batch = words()
    step = OneHot("color", max_categories=max_categories, min_fraction=min_fraction)
    found = exact(fitted(batch, step), batch)
    data = np.array(batch["color"].to_pylist(), dtype=object).reshape(-1, 1)
    expected = OneHotEncoder(
        max_categories=max_categories, min_frequency=min_fraction, sparse_output=False,
        handle_unknown="ignore",
    ).fit_transform(data)  # fmt: skip
    assert np.array_equal(np.column_stack(list(found.values())), expected)


def test_unseen_sets_no_flag_or_that_of_the_rest() -> None:
    new = pa.RecordBatch.from_pydict({"color": ["violet", "red"]})
    zero = exact(fitted(words(), OneHot()), new)
    assert {name: flags[0] for name, flags in zero.items() if flags[0]} == {}
    other = exact(fitted(words(), OneHot(unseen="other")), new)
    assert {name for name, flags in other.items() if flags[0]} == {"color is other"}
    assert {name for name, flags in other.items() if flags[1]} == {"color=red"}


def test_rare_categories_share_a_flag_but_not_with_unseen_ones() -> None:
    preparation = fitted(words(), OneHot(max_categories=3))
    found = exact(preparation, pa.RecordBatch.from_pydict({"color": ["grün", "violet"]}))
    assert list(found) == ["color=green", "color=red", "color is other"]
    assert found["color is other"].tolist() == [1.0, 0.0]


def test_null_is_a_category_where_training_has_nulls() -> None:
    found = exact(fitted(words([*WORDS, None]), OneHot()), words([None]))
    assert found["color is null"].tolist() == [1.0]
    without = exact(fitted(words(), OneHot()), words([None]))
    assert sum(flags[0] for flags in without.values()) == 0
    filled = exact(fitted(words([*WORDS, None]), Impute(), OneHot()), words([None]))
    assert filled["color=red"].tolist() == [1.0]


def test_numbers_and_flags_become_flags_where_named() -> None:
    batch = pa.RecordBatch.from_pydict({"n": [1, 2, None], "open": [True, False, None]})
    found = exact(fitted(batch, OneHot("n", "open")), batch)
    assert {name: flags.tolist() for name, flags in found.items()} == {
        "n=1": [1, 0, 0],
        "n=2": [0, 1, 0],
        "n is null": [0, 0, 1],
        "open=0": [0, 1, 0],
        "open=1": [1, 0, 0],
        "open is null": [0, 0, 1],
    }


def test_wrong_specs_are_refused() -> None:
    with pytest.raises(SpecError, match="max_categories"):
        OneHot(max_categories=0)
    with pytest.raises(SpecError, match="min_fraction"):
        OneHot(min_fraction=1.5)
    with pytest.raises(SpecError, match="takes names of columns"):
        OneHot(["color"])  # type: ignore[arg-type]


def test_two_columns_of_one_name_are_refused() -> None:
    batch = pa.RecordBatch.from_pydict({"a": ["x", "y"], "a=x": [1.0, 2.0]})
    with pytest.raises(SpecError, match="'a=x'"):
        fitted(batch, OneHot("a"))
