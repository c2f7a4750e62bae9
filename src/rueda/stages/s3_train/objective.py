"""Objective: the number that a search improves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rueda.kernel.errors import SpecError

DEFAULT = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


@dataclass(frozen=True)
class Objective:
    """A metric with its direction.

    Attributes
    ----------
    measure
        ``(label numbers, scores) -> float``.
    """

    name: str
    maximize: bool
    measure: Callable[[np.ndarray, np.ndarray], float]


def objective_for(task: str, name: str | None) -> Objective:
    """The objective called ``name``, or the task's own.

    Raises
    ------
    SpecError
        The metric is of another task.
    """
    name = name or DEFAULT[task]
    fitting = _REGRESSION if task == "regression" else _CLASSIFICATION
    if name not in fitting:
        raise SpecError(
            f"the metric {name!r} cannot judge a {task} model",
            expected=", ".join(sorted(fitting)),
            got=name,
            do=f"use metric={DEFAULT[task]!r}, or leave it out",
        )
    maximize, measure = fitting[name]
    return Objective(name, maximize, measure)


def _roc_auc(label: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    if scores.shape[1] == 2:
        return float(roc_auc_score(label, scores[:, 1]))
    # One class against the rest, averaged over the classes that the rows hold.
    present = [c for c in range(scores.shape[1]) if 0 < int((label == c).sum()) < len(label)]
    return float(np.mean([roc_auc_score(label == c, scores[:, c]) for c in present]))


def _log_loss(label: np.ndarray, scores: np.ndarray) -> float:
    # A class that the fit never saw has probability zero: a large loss, not an infinite one.
    chosen = np.clip(scores[np.arange(len(label)), label], 1e-15, 1.0)
    return float(-np.mean(np.log(chosen)))


def _accuracy(label: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean(scores.argmax(axis=1) == label))


def _rmse(label: np.ndarray, scores: np.ndarray) -> float:
    return float(np.sqrt(np.mean((label - scores) ** 2)))


def _mae(label: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean(np.abs(label - scores)))


def _r2(label: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(label, scores))


_Row = tuple[bool, Callable[[np.ndarray, np.ndarray], float]]
_CLASSIFICATION: dict[str, _Row] = {
    "roc_auc": (True, _roc_auc),
    "log_loss": (False, _log_loss),
    "accuracy": (True, _accuracy),
}
_REGRESSION: dict[str, _Row] = {"rmse": (False, _rmse), "mae": (False, _mae), "r2": (True, _r2)}
