"""The scikit-learn trainer: what it refuses, what it sets, and what may be in a model file."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import Corrupt, NotCanonical, SpecError, UserCodeError
from rueda.testing.trainer import rows_for
from rueda.trainers.sklearn import SklearnTrainer
from rueda.trainers.skops_file import TRUSTED, dump_estimator, load_estimator

MATRIX, LABEL = rows_for("binary")


def fit(model: object, **parameters: object) -> SklearnTrainer:
    return SklearnTrainer().fit(model, parameters, MATRIX, LABEL, task="binary", seed=5)  # type: ignore[return-value]


def test_seeds_are_set_where_there_are_none() -> None:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=2))
    found = fit(model).estimator  # type: ignore[attr-defined]
    assert found[-1].random_state == 5
    assert model[-1].random_state is None
    kept = fit(RandomForestClassifier(n_estimators=2, random_state=9)).estimator  # type: ignore[attr-defined]
    assert kept.random_state == 9


def test_models_without_probabilities_are_refused_with_the_way_out() -> None:
    for model in (LinearSVC(), SGDClassifier(loss="hinge")):
        with pytest.raises(SpecError, match="gives no probabilities") as raised:
            fit(model)
        assert "CalibratedClassifierCV" in raised.value.do


def test_models_of_another_task_are_refused() -> None:
    with pytest.raises(SpecError, match="cannot fit the classes"):
        fit(LinearRegression())
    with pytest.raises(SpecError, match="cannot fit the numbers"):
        SklearnTrainer().fit(
            LogisticRegression(), {}, MATRIX, LABEL.astype(float), task="regression", seed=0
        )


def gives_nothing(matrix: np.ndarray, label: np.ndarray) -> object:
    return None


def test_a_function_must_return_an_estimator() -> None:
    with pytest.raises(UserCodeError, match="gives_nothing did not return"):
        fit(gives_nothing)


def test_descriptions_hold_class_and_parameters() -> None:
    pipeline = make_pipeline(
        ColumnTransformer([("a", SimpleImputer(), slice_of_columns())]),
        LogisticRegression(C=2, class_weight={0: 1, 1: 5}),
    )
    tree = SklearnTrainer().describe(pipeline)
    assert tree["class"] == "sklearn.pipeline.Pipeline"
    name, model = tree["params"]["steps"][1]
    assert (name, model["class"]) == (
        "logisticregression",
        "sklearn.linear_model._logistic.LogisticRegression",
    )
    assert model["params"]["C"] == 2
    assert model["params"]["class_weight"] == {"dict": [["0", 1], ["1", 5]]}
    canonical_json(tree)


def slice_of_columns() -> list[int]:
    return [0, 1]


def test_what_changes_the_model_changes_its_description() -> None:
    trainer = SklearnTrainer()
    models = [
        LogisticRegression(),
        LogisticRegression(C=2),
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(with_mean=False), LogisticRegression()),
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
        make_pipeline(FunctionTransformer(np.sqrt), LogisticRegression()),
        make_pipeline(SimpleImputer(missing_values=np.nan), LogisticRegression()),
        make_pipeline(SimpleImputer(missing_values=0), LogisticRegression()),
        make_pipeline(StandardScaler(), KFold(3)),
        make_pipeline(StandardScaler(), KFold(4)),
        fit,
        gives_nothing,
    ]
    assert len({canonical_json(trainer.describe(model)) for model in models}) == len(models)


def test_what_has_no_canonical_form_is_named() -> None:
    for random_state in (np.random.RandomState(0), np.random.default_rng(0)):
        with pytest.raises(NotCanonical, match=r"RandomForestClassifier\.random_state"):
            SklearnTrainer().describe(RandomForestClassifier(random_state=random_state))
    with pytest.raises(NotCanonical, match=r"FunctionTransformer\.func"):
        SklearnTrainer().describe(FunctionTransformer(lambda x: x))


def doubled(matrix: np.ndarray) -> np.ndarray:
    return matrix * 2


def test_users_code_inside_a_model_is_refused_when_it_is_kept() -> None:
    model = make_pipeline(FunctionTransformer(doubled), LogisticRegression())
    with pytest.raises(UserCodeError, match="cannot be kept without pickle") as raised:
        fit(model).to_files()  # type: ignore[attr-defined]
    assert "doubled" in raised.value.got


def test_the_allow_list_names_no_module_but_the_three() -> None:
    # A partial holds no code: what it calls must be on the list itself.
    names = TRUSTED - {"functools.partial"}
    assert {name.partition(".")[0] for name in names} == {"numpy", "scipy", "sklearn"}
    assert not [name for name in TRUSTED if "." not in name or name.endswith(("*", "."))]


@pytest.mark.parametrize(
    "strange", ["os.system", "builtins.eval", "numpy.load", "subprocess.Popen", "sklearn.x.Y"]
)
def test_a_file_that_asks_for_another_type_is_refused(strange: str) -> None:
    content = dump_estimator(LogisticRegression().fit(MATRIX, LABEL))
    module, _, name = strange.rpartition(".")
    source = zipfile.ZipFile(io.BytesIO(content))
    tree = json.loads(source.read("schema.json"))
    tree["content"]["content"]["C"] = {
        "__class__": name, "__module__": module, "__loader__": "TypeNode",
        "content": {"__class__": name, "__module__": module}, "__id__": 10_000,
    }  # fmt: skip
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w") as archive:
        for member in source.namelist():
            new = json.dumps(tree).encode() if member == "schema.json" else source.read(member)
            archive.writestr(member, new)
    with pytest.raises(Corrupt, match="allow-list") as raised:
        load_estimator(rewritten.getvalue())
    assert strange in raised.value.got


def test_a_file_that_is_none_is_refused() -> None:
    for content in (b"", b"PK", b"x" * 100, skops.io.dumps(LogisticRegression())[:-40]):
        with pytest.raises(Corrupt, match="not what was written"):
            load_estimator(content)


PROGRAM = """
import hashlib, sys
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from rueda.testing.trainer import rows_for
from rueda.trainers.sklearn import SklearnTrainer
matrix, label = rows_for("binary")
for model in (HistGradientBoostingClassifier(max_iter=5), LogisticRegression()):
    fitted = SklearnTrainer().fit(model, {}, matrix, label, task="binary", seed=0)
    print(hashlib.sha256(fitted.to_files()["model.skops"]).hexdigest())
"""


def test_two_processes_with_other_threads_and_hash_seeds_give_the_same_bits() -> None:
    outputs = set()
    for threads, seed in (("1", "1"), ("3", "2")):
        env = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    model = HistGradientBoostingClassifier(max_iter=5)
    fitted = SklearnTrainer().fit(model, {}, MATRIX, LABEL, task="binary", seed=0)
    first = skops.io.loads(fitted.to_files()["model.skops"], trusted=sorted(TRUSTED))
    assert np.array_equal(first.predict_proba(MATRIX), fitted.score(MATRIX))
