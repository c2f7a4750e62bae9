"""The scikit-learn trainer keeps the laws with every family; one that breaks a law is found out."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, gaussian_process, linear_model, naive_bayes, neighbors, svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from rueda.kernel.digest import Json
from rueda.kernel.errors import UnknownName
from rueda.kernel.seams import Fitted
from rueda.testing import trainer as laws
from rueda.testing.trainer import TRAINER_LAWS, Make, Sample, check_trainer
from rueda.trainers.sklearn import SklearnTrainer


def by_hand(matrix: np.ndarray, label: np.ndarray, seed: int, C: float = 1.0) -> object:
    """A user's training function."""
    return linear_model.LogisticRegression(C=C, random_state=seed).fit(matrix, label)


def _boosting() -> object:
    return ensemble.HistGradientBoostingClassifier(max_iter=8)


def _boosting_categories() -> object:
    binned = KBinsDiscretizer(5, encode="ordinal", strategy="uniform")
    categories = ensemble.HistGradientBoostingClassifier(max_iter=8, categorical_features=[0, 1])
    return make_pipeline(binned, categories)


def _pipeline() -> object:
    return make_pipeline(StandardScaler(), PCA(3), linear_model.LogisticRegression())


def _stack() -> object:
    parts = [("tree", DecisionTreeClassifier(max_depth=3)), ("bayes", naive_bayes.GaussianNB())]
    return ensemble.StackingClassifier(parts, cv=3)


def _bins() -> object:
    return make_pipeline(
        SplineTransformer(n_knots=4),
        QuantileTransformer(n_quantiles=20),
        PowerTransformer(),
        KBinsDiscretizer(4, strategy="uniform"),
        linear_model.LogisticRegression(),
    )


def _grid() -> object:
    return GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1.0]}, cv=3)


SAMPLES: dict[str, Sample] = {
    "logistic": Sample(linear_model.LogisticRegression, "binary", {"C": 0.1}),
    "logistic multiclass": Sample(linear_model.LogisticRegression, "multiclass", {"C": 0.1}),
    "sgd": Sample(lambda: linear_model.SGDClassifier(loss="log_loss"), "binary", {"alpha": 0.01}),
    "boosting": Sample(_boosting, "binary", {"learning_rate": 0.3}),
    "boosting multiclass": Sample(_boosting, "multiclass", {"max_leaf_nodes": 5}),
    "boosting categories": Sample(_boosting_categories, "binary"),
    "boosting regression": Sample(
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=8), "regression", {"max_iter": 5}
    ),
    "old boosting": Sample(
        lambda: ensemble.GradientBoostingClassifier(n_estimators=6), "multiclass", {"max_depth": 2}
    ),
    "forest": Sample(
        lambda: ensemble.RandomForestClassifier(n_estimators=6), "multiclass", {"max_depth": 3}
    ),
    "forest regression": Sample(
        lambda: ensemble.RandomForestRegressor(n_estimators=6), "regression", {"max_depth": 3}
    ),
    "extra trees": Sample(
        lambda: ensemble.ExtraTreesClassifier(n_estimators=6), "binary", {"max_depth": 3}
    ),
    "tree": Sample(DecisionTreeClassifier, "multiclass", {"max_depth": 3}),
    "bagging": Sample(lambda: ensemble.BaggingClassifier(n_estimators=4), "binary"),
    "ada": Sample(lambda: ensemble.AdaBoostClassifier(n_estimators=4), "binary"),
    "stacking": Sample(_stack, "binary", {"tree__max_depth": 2}),
    "voting": Sample(
        lambda: ensemble.VotingClassifier([("b", naive_bayes.GaussianNB())], voting="soft"),
        "multiclass",
    ),
    "calibrated": Sample(lambda: CalibratedClassifierCV(svm.LinearSVC(), cv=3), "binary"),
    "isotonic": Sample(
        lambda: CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=3), "binary"
    ),
    "bayes": Sample(naive_bayes.GaussianNB, "multiclass", {"var_smoothing": 0.1}),
    "discriminant": Sample(LinearDiscriminantAnalysis, "multiclass"),
    "neighbors": Sample(neighbors.KNeighborsClassifier, "multiclass", {"n_neighbors": 9}),
    "neighbors ball": Sample(
        lambda: neighbors.KNeighborsRegressor(algorithm="ball_tree"), "regression"
    ),
    "network": Sample(
        lambda: MLPClassifier((6,), max_iter=30, tol=1.0, n_iter_no_change=1), "binary"
    ),
    "network regression": Sample(
        lambda: MLPRegressor(hidden_layer_sizes=(6,), solver="lbfgs", max_iter=900), "regression"
    ),
    "gaussian process": Sample(
        lambda: gaussian_process.GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=None),
        "regression",
    ),
    "svm": Sample(svm.SVR, "regression", {"C": 0.1}),
    "ridge": Sample(linear_model.Ridge, "regression", {"alpha": 9.0}),
    "lasso": Sample(linear_model.LassoCV, "regression"),
    "huber": Sample(linear_model.HuberRegressor, "regression"),
    "poisson": Sample(
        lambda: ensemble.HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=5),
        "regression",
    ),
    "pipeline": Sample(
        _pipeline, "binary", {"logisticregression__C": 0.01, "pca__n_components": 2}
    ),
    "bins": Sample(_bins, "binary"),
    "grid": Sample(_grid, "regression", {"estimator__fit_intercept": False}),
    "function": Sample(lambda: by_hand, "binary", {"C": 0.1}),
}


@pytest.mark.parametrize("law", TRAINER_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_trainer_keeps_the_law(law: Callable[[Make, Sample], None], name: str) -> None:
    law(SklearnTrainer, SAMPLES[name])


class Line:
    """A fitted line: what the planted trainers give."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def score(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, 0].astype(np.float64) * self.slope

    def to_files(self) -> Mapping[str, bytes]:
        return {"line.txt": repr(self.slope).encode()}


class LineSpec:
    """The planted trainers' model."""

    fitted = False


class Sound:
    """A trainer of a few lines that keeps the laws: what is planted below is the only fault."""

    def accepts(self, model: object) -> bool:
        return isinstance(model, LineSpec)

    def describe(self, model: object) -> Json:
        return {"line": True, "fitted": model.fitted}  # type: ignore[attr-defined]

    def fit(
        self,
        model: object,
        parameters: Mapping[str, Json],
        matrix: np.ndarray,
        label: np.ndarray,
        *,
        task: str,
        seed: int,
    ) -> Fitted:
        for name in parameters:
            if name != "factor":
                raise UnknownName.among("parameter", name, ["factor"])
        return Line(float(parameters.get("factor", 1.0)) * float(matrix[:, 0].std()))

    def load(self, files: Mapping[str, bytes]) -> Fitted:
        return Line(float(files["line.txt"].decode()))


class TakesAll(Sound):
    def accepts(self, model: object) -> bool:
        return True


class DescribesByAddress(Sound):
    numbers = itertools.count()

    def describe(self, model: object) -> Json:
        return next(self.numbers)


class Narrow(Line):
    def score(self, matrix: np.ndarray) -> np.ndarray:
        return super().score(matrix).astype(np.float32)


class AnswersNarrow(Sound):
    def fit(self, *given: Any, **more: Any) -> Fitted:
        return Narrow(super().fit(*given, **more).slope)  # type: ignore[attr-defined]


class MarksTheModel(Sound):
    def fit(self, model: Any, *given: Any, **more: Any) -> Fitted:
        model.fitted = True
        return super().fit(model, *given, **more)


class Drifts(Sound):
    numbers = itertools.count()

    def fit(self, *given: Any, **more: Any) -> Fitted:
        return Line(float(next(self.numbers)))


class Rounds(Sound):
    def load(self, files: Mapping[str, bytes]) -> Fitted:
        return Line(round(float(files["line.txt"].decode()), 3))


class TakesAnyParameter(Sound):
    def fit(self, model: object, parameters: Any, *given: Any, **more: Any) -> Fitted:
        return super().fit(model, {}, *given, **more)


class Unpickles(Sound):
    def load(self, files: Mapping[str, bytes]) -> Fitted:
        try:
            return super().load(files)
        except ValueError:
            pickle.loads(files["line.txt"])
            raise


FAULTS: dict[str, type[Sound]] = {
    "knows_its_models": TakesAll,
    "describes_canonically": DescribesByAddress,
    "answers_in_shape": AnswersNarrow,
    "changes_no_argument": MarksTheModel,
    "fits_the_same_bits": Drifts,
    "comes_back_from_its_files": Rounds,
    "sets_parameters": TakesAnyParameter,
    "runs_no_code_on_load": Unpickles,
}
LINE = Sample(LineSpec, "regression", {"factor": 2.0})


def test_a_sound_trainer_passes() -> None:
    check_trainer(Sound, {"line": LINE})


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_breaks_its_law(name: str) -> None:
    with pytest.raises(AssertionError):
        getattr(laws, name)(FAULTS[name], LINE)


def test_every_law_has_its_planted_fault() -> None:
    assert set(FAULTS) == {law.__name__ for law in TRAINER_LAWS}
