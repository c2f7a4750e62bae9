"""Metric: the names that users write, what they are for, and where they are computed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from rueda.kernel.errors import SpecError, UnknownName

if TYPE_CHECKING:
    from rueda.tallies.answers import Answers
    from rueda.tallies.estimate import Measured

_CLASSES = ("binary", "multiclass")
_NUMBER = ("regression",)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: the function ``name`` of the module ``rueda.tallies.<family>``."""

    name: str
    family: str
    tasks: tuple[str, ...]
    higher_is_better: bool


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", "ranking", _CLASSES, True),
        Metric("average_precision", "ranking", _CLASSES, True),
        Metric("log_loss", "calibration", _CLASSES, False),
        Metric("brier", "calibration", _CLASSES, False),
        Metric("ece", "calibration", _CLASSES, False),
        Metric("accuracy", "confusion", _CLASSES, True),
        Metric("balanced_accuracy", "confusion", _CLASSES, True),
        Metric("f1", "confusion", _CLASSES, True),
        Metric("precision", "confusion", _CLASSES, True),
        Metric("recall", "confusion", _CLASSES, True),
        Metric("r2", "residuals", _NUMBER, True),
        Metric("rmse", "residuals", _NUMBER, False),
        Metric("mae", "residuals", _NUMBER, False),
    )
}

BY_TASK = {
    "binary": ("roc_auc", "average_precision", "log_loss", "brier", "accuracy", "f1", "ece"),
    "multiclass": ("log_loss", "roc_auc", "accuracy", "balanced_accuracy", "f1"),
    "regression": ("rmse", "mae", "r2"),
}
"""What is measured when nothing is said; the first is the primary metric."""


def known_metric(name: str) -> Metric:
    """The metric called ``name``.

    Raises
    ------
    UnknownName
        There is none.
    """
    if name not in METRICS:
        raise UnknownName.among("metric", name, METRICS)
    return METRICS[name]


def check_task(name: str, task: str) -> None:
    """Refuse a metric that ``task`` does not have.

    Raises
    ------
    UnknownName, SpecError
        There is no such metric, or it is for another task.
    """
    metric = known_metric(name)
    if task not in metric.tasks:
        raise SpecError(
            f"the metric {name} is not for a {task} task",
            expected=", ".join(m.name for m in METRICS.values() if task in m.tasks),
            got=f"{name}, which is for {' and '.join(metric.tasks)}",
            do="name one of the expected metrics",
        )


def measure(name: str, answers: Answers, **options: float) -> Measured:
    """The metric ``name`` of ``answers``; ``options`` go to metrics that draw random numbers."""
    metric = known_metric(name)
    function = getattr(import_module(f"rueda.tallies.{metric.family}"), metric.name)
    measured: Measured = function(answers, **(options if name == "ece" else {}))
    return measured
