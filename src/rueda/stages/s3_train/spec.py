"""Train: what model, with what search, judged by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rueda.kernel.errors import SpecError, UnknownName
from rueda.stages.s3_train.space import Choice, Float, Int, Space

METRICS = ("accuracy", "log_loss", "mae", "r2", "rmse", "roc_auc")
TASKS = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Train:
    """Fit a model.

    Parameters
    ----------
    model
        An unfitted estimator or pipeline of scikit-learn, or a function ``train(matrix, label)``
        that returns a fitted one.
    search
        Spaces by parameter (``"step__parameter"`` inside a pipeline): Optuna looks for
        the best of ``trials`` sets.
    trials
        How many sets to try; 20 by default.
    metric
        What the search improves: ``roc_auc`` (default of a binary task), ``log_loss`` (of a
        multiclass one), ``rmse`` (of a regression), ``accuracy``, ``mae`` or ``r2``.
    seed
        The seed of the model, the search and its splits.
    task
        ``binary``, ``multiclass`` or ``regression``; by default what the label looks like.

    Notes
    -----
    The search judges on rows carved out of the training side, never on the holdout: the latest
    fifth where the dataset has a time column, else a fifth drawn with the classes in proportion;
    with fewer than 2,000 rows, five folds. The model is then fitted on all training rows.
    """

    model: Any
    search: Mapping[str, Space] | None = None
    trials: int | None = None
    metric: str | None = None
    seed: int = 0
    task: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.model, type):
            raise SpecError(
                f"Train got the class {self.model.__name__}, not a model",
                expected=f"{self.model.__name__}(…)",
                got=self.model.__name__,
                do="write the model with its brackets",
            )
        if self.metric is not None and self.metric not in METRICS:
            raise UnknownName.among("metric", self.metric, METRICS)
        if self.task is not None and self.task not in TASKS:
            raise UnknownName.among("task", self.task, TASKS)
        self._check_search()

    def _check_search(self) -> None:
        if self.trials is not None and (self.trials < 1 or not self.search):
            raise SpecError(
                "trials without a search, or none of them",
                expected="search={…} and trials of 1 or more",
                got=f"search={self.search!r}, trials={self.trials}",
            )
        known = self.model.get_params() if hasattr(self.model, "get_params") else None
        for name, space in (self.search or {}).items():
            if known is not None and name not in known:
                raise UnknownName.among("parameter", name, known)
            if not isinstance(space, (Float, Int, Choice)):
                raise SpecError(
                    f"the search space of {name!r} is a {type(space).__name__}",
                    expected="Float(low, high), Int(low, high) or Choice(…)",
                    got=repr(space)[:80],
                )
