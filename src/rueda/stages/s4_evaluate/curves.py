"""Curves: the numbers behind a scorecard's pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rueda.kernel.digest import Json
from rueda.tallies.answers import Answers
from rueda.tallies.calibration import BINS, said_and_true
from rueda.tallies.confusion import confusion
from rueda.tallies.estimate import wilson
from rueda.tallies.ranking import roc_curve

MOST_CLASSES = 20
HISTOGRAM_BINS = 50


def curves(answers: Answers, classes: Sequence[Json], confidence: float) -> dict[str, Json]:
    """ROC, calibration, confusion and score histogram; residuals and means for regression.

    Classification: ``roc`` (``[{"class", "false_positive_rate", "true_positive_rate",
    "threshold"}]``), ``calibration`` (``[{"said", "true", "low", "high", "rows"}]``),
    ``confusion`` (``{"classes", "counts"}``, true classes by row), ``scores`` (``{"edges",
    "counts": [{"class", "counts"}]}``). Regression: ``residuals`` (``{"edges", "counts"}``),
    ``calibration`` (``[{"said", "true", "rows"}]``).
    """
    if not len(answers):
        return {}
    if answers.task == "regression":
        return {"residuals": _residuals(answers), "calibration": _means(answers)}
    shown = [1] if answers.task == "binary" else list(range(min(len(classes), MOST_CLASSES)))
    return {
        "roc": [
            {"class": classes[k], **roc_curve(answers.truth == k, answers.scores[:, k])}
            for k in shown
        ],
        "calibration": _calibration(answers, confidence),
        "confusion": {"classes": list(classes), "counts": confusion(answers).tolist()},
        "scores": _scores(answers, classes),
    }


def _calibration(answers: Answers, confidence: float) -> list[dict[str, Json]]:
    said, true = said_and_true(answers)
    number = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    found = []
    for place in np.unique(number):
        mine = number == place
        rows = int(mine.sum())
        share = float(true[mine].mean())
        low, high = wilson(share, rows, confidence)
        mean = float(said[mine].mean())
        found.append({"said": mean, "true": share, "low": low, "high": high, "rows": rows})
    return found


def _scores(answers: Answers, classes: Sequence[Json]) -> dict[str, Json]:
    said, _ = said_and_true(answers)
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    counts = [
        {"class": value, "counts": np.histogram(said[answers.truth == k], edges)[0].tolist()}
        for k, value in enumerate(classes[:MOST_CLASSES])
    ]
    return {"edges": edges.tolist(), "counts": counts}


def _residuals(answers: Answers) -> dict[str, Json]:
    counts, edges = np.histogram(answers.truth - answers.scores, HISTOGRAM_BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _means(answers: Answers) -> list[dict[str, Json]]:
    """The mean truth where the model said about the same, in parts with as many rows each."""
    order = np.argsort(answers.scores, kind="stable")
    return [
        {
            "said": float(answers.scores[part].mean()),
            "true": float(answers.truth[part].mean()),
            "rows": len(part),
        }
        for part in np.array_split(order, BINS)
        if len(part)
    ]
