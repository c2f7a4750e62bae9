"""Model: opened from a store, loaded on first use, its label numbered as it was trained."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from rueda.artifacts.model import Model, label_numbers, write_model
from rueda.kernel.errors import Corrupt, UnknownName
from rueda.stores.local import LocalStore
from rueda.trainers.sklearn import FittedSklearn

MATRIX = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
LABEL = np.array([0, 0, 1, 1])
TRIAL = {"number": 0, "params": {"C": 0.5}, "score": 0.75, "state": "complete"}


def written(store: LocalStore, **changed: object) -> Model:
    fitted = FittedSklearn(LogisticRegression().fit(MATRIX, LABEL))
    meta = {
        "trainer": "sklearn",
        "task": "binary",
        "classes": ["no", "yes"],
        "features": ["x"],
        "params": {"C": 0.5},
        "trials": [TRIAL],
        **changed,
    }
    return Model.open(store, write_model(store, fitted, **meta))  # type: ignore[arg-type]


def test_it_opens_as_it_was_written(store: LocalStore) -> None:
    model = written(store, rows=4)
    assert (model.task, model.classes, model.features) == ("binary", ("no", "yes"), ("x",))
    assert (model.trainer, model.params, list(model.trials)) == ("sklearn", {"C": 0.5}, [TRIAL])
    assert model.manifest.meta["rows"] == 4
    assert set(model.files) == {"model.skops"}


def test_it_answers_as_the_fitted_one(store: LocalStore) -> None:
    expected = LogisticRegression().fit(MATRIX, LABEL).predict_proba(MATRIX)
    assert np.array_equal(written(store).score(MATRIX), expected)


def test_nothing_is_loaded_before_it_is_asked_for(store: LocalStore) -> None:
    model = written(store, trainer="nobody")
    assert model.task == "binary"
    with pytest.raises(UnknownName, match="unknown trainer 'nobody'"):
        model.score(MATRIX)


def test_the_same_model_is_the_same_artifact(store: LocalStore) -> None:
    assert written(store).artifact == written(store).artifact


def test_bytes_that_changed_are_not_loaded(store: LocalStore) -> None:
    model = written(store)
    digest = model.manifest.file("model.skops").digest
    path = store.folder / digest[:2] / digest[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(Corrupt):
        model.score(MATRIX)


@pytest.mark.parametrize(
    ("label", "classes", "expected"),
    [
        (pa.array([True, False, None]), [False, True], [1, 0, -1]),
        (pa.array(["b", "z", "a"]), ["a", "b"], [1, -1, 0]),
        (pa.array(["b", "a"]).dictionary_encode(), ["a", "b"], [1, 0]),
        (pa.array([3, 1], pa.int8()), [1, 3], [1, 0]),
        (pa.array([1.0, 0.0]), [0, 1], [1, 0]),
        (pa.array([2, None]), None, [2.0, np.nan]),
    ],
)
def test_labels_become_numbers(label: pa.Array, classes: list[object], expected: object) -> None:
    assert np.array_equal(label_numbers(label, classes), expected, equal_nan=True)  # type: ignore[arg-type]


def test_a_regression_has_no_classes(store: LocalStore) -> None:
    fitted = FittedSklearn(LinearRegression().fit(MATRIX, LABEL))
    artifact = write_model(
        store, fitted, trainer="sklearn", task="regression", classes=[], features=["x"],
        params={}, trials=[],
    )  # fmt: skip
    model = Model.open(store, artifact.digest)
    assert model.classes == ()
    assert model.score(MATRIX).shape == (4,)
    assert model.label_numbers(pa.array([1, 2])).dtype == np.float64
