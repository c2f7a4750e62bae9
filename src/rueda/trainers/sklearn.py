"""SklearnTrainer: any scikit-learn estimator or pipeline, and functions that give a fitted one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any, cast

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from threadpoolctl import ThreadpoolController

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName, UserCodeError
from rueda.trainers.describe import describe_estimator, describe_function
from rueda.trainers.skops_file import dump_estimator, load_estimator

FILE = "model.skops"
SMALL_VALUES = 2_000_000


@dataclass(frozen=True)
class FittedSklearn:
    """A fitted estimator.

    Parameters
    ----------
    estimator
        What scikit-learn fitted.
    """

    estimator: Any

    def score(self, matrix: np.ndarray) -> np.ndarray:
        with _few_threads(matrix):
            return self._score(matrix)

    def _score(self, matrix: np.ndarray) -> np.ndarray:
        if not is_classifier(self.estimator):
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64)
        found = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        numbers = np.asarray(self.estimator.classes_, dtype=np.int64)
        classes = max(int(numbers[-1]) + 1, 2)
        if found.shape[1] == classes:
            return found
        # A part of the rows may lack a class that the whole has: its probability is zero.
        scores = np.zeros((len(found), classes))
        scores[:, numbers] = found
        return scores

    def to_files(self) -> Mapping[str, bytes]:
        return {FILE: dump_estimator(self.estimator)}


class SklearnTrainer:
    """Fits scikit-learn's estimators, and whatever follows its conventions.

    Also takes a function ``train(matrix, label, **parameters)`` that returns a fitted estimator;
    where it has a parameter ``seed``, it gets the seed.

    Notes
    -----
    Each ``random_state`` that is None is set to the seed. A classifier must answer probabilities
    (``predict_proba``). The number of threads changes no bit of what is fitted; linear algebra gets
    one for that.
    """

    def accepts(self, model: object) -> bool:
        return isinstance(model, (BaseEstimator, FunctionType))

    def describe(self, model: object) -> Json:
        if isinstance(model, FunctionType):
            return describe_function(model)
        return describe_estimator(model)

    def fit(
        self,
        model: object,
        parameters: Mapping[str, Json],
        matrix: np.ndarray,
        label: np.ndarray,
        *,
        task: str,
        seed: int,
    ) -> FittedSklearn:
        with _few_threads(matrix):
            if isinstance(model, FunctionType):
                estimator = _call(model, parameters, matrix, label, seed)
                _check(estimator, task)
            else:
                estimator = _ready(cast(BaseEstimator, model), parameters, seed)
                _check(estimator, task)
                estimator.fit(matrix, label)
        # A search of scikit-learn's own carries the clock of its folds: the winner is the model.
        estimator = getattr(estimator, "best_estimator_", estimator)
        if task != "regression" and not hasattr(estimator, "predict_proba"):
            raise _no_probabilities(estimator)
        return FittedSklearn(estimator)

    def load(self, files: Mapping[str, bytes]) -> FittedSklearn:
        return FittedSklearn(load_estimator(files[FILE]))


def _few_threads(matrix: np.ndarray) -> AbstractContextManager[object]:
    """Limits on the threads beneath scikit-learn, while it works on ``matrix``."""
    # Linear algebra sums in another order with more threads, and gives other bits. The threads of
    # tree boosting change none (measured with 1, 2 and 3), but on a small matrix, and when others
    # use the cores too, they wait for one another forty times longer than they work.
    limits = {"blas": 1} | ({"openmp": 1} if matrix.size < SMALL_VALUES else {})
    limiter: AbstractContextManager[object] = _controller().limit(limits=limits)
    return limiter


@cache
def _controller() -> ThreadpoolController:
    # Finding the libraries takes 10 ms, a limit 10 µs.
    return ThreadpoolController()


def _ready(model: BaseEstimator, parameters: Mapping[str, Json], seed: int) -> Any:
    """A copy of ``model`` with ``parameters`` and seeds set."""
    estimator = clone(model)
    known = estimator.get_params()
    for name in parameters:
        if name not in known:
            raise UnknownName.among(f"parameter of {type(model).__name__}", name, known)
    estimator.set_params(**parameters)
    seeds = {
        name: seed
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return estimator.set_params(**seeds)


def _call(
    function: Callable[..., object],
    parameters: Mapping[str, Json],
    matrix: np.ndarray,
    label: np.ndarray,
    seed: int,
) -> Any:
    known = inspect.signature(function).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for name in parameters:
        if name not in known and not open_ended:
            raise UnknownName.among(f"parameter of {function.__name__}", name, known)
    seeded = {"seed": seed} if "seed" in known else {}
    fitted = function(matrix, label, **{**seeded, **parameters})
    if not isinstance(fitted, BaseEstimator):
        raise UserCodeError(
            f"{function.__name__} did not return a fitted estimator",
            expected="an estimator of scikit-learn",
            got=f"a {type(fitted).__name__}",
            do="return the estimator after its fit",
        )
    return fitted


def _check(estimator: Any, task: str) -> None:
    name = type(estimator).__name__
    if task == "regression":
        if not is_regressor(estimator):
            raise SpecError(
                f"{name} cannot fit the numbers of this label",
                expected="a regressor, for the task regression",
                got=f"{name}, which is none",
                do='use a regressor, or say task="binary" or task="multiclass" in Train',
            )
        return
    if not is_classifier(estimator):
        raise SpecError(
            f"{name} cannot fit the classes of this label",
            expected=f"a classifier, for the task {task}",
            got=f"{name}, which is none",
            do='use a classifier, or say task="regression" in Train',
        )
    # Where it hangs on a parameter, only the fitted estimator knows.
    if not hasattr(type(estimator), "predict_proba"):
        raise _no_probabilities(estimator)


def _no_probabilities(estimator: object) -> SpecError:
    # Hard 0/1 answers would pass for probabilities in every metric and threshold after this.
    name = type(estimator).__name__
    return SpecError(
        f"{name} gives no probabilities as it is set",
        expected="a classifier with predict_proba",
        got=f"{name} without it",
        do=f"wrap it: sklearn.calibration.CalibratedClassifierCV({name}(…))",
    )
