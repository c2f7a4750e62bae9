"""Fit: what knowing nothing would score, and how much of the training score was memory."""

from __future__ import annotations

import math

import numpy as np

from rueda.artifacts.scorecard import number_text as text
from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Measured, Undefined, normal
from rueda.tallies.metric import METRICS

KEPT = 0.5
"""A model that keeps less than this share of its gain over the baseline has learned by heart."""


def baseline(train: Answers, judged: Answers) -> Answers:
    """``judged`` as answered by one who knows the training labels only: their shares, or mean."""
    if judged.task == "regression":
        mean = float(train.truth.mean()) if len(train) else 0.0
        return Answers(judged.task, judged.truth, np.full(len(judged), mean))
    counts = np.bincount(train.truth, minlength=judged.classes) + 1e-9
    shares = counts / counts.sum()
    return Answers(judged.task, judged.truth, np.tile(shares, (len(judged), 1)))


def fit_verdict(
    primary: str, train: Measured, holdout: Measured, nothing: Measured, confidence: float
) -> dict[str, str]:
    """``{"verdict": "sound" | "over-fit" | "under-fit" | "cannot tell", "sentence"}``.

    Under-fit: the training rows themselves are not answered better than by the baseline. Over-fit:
    on the holdout less than half of the gain over the baseline is left, beyond the error.
    """
    for measured in (train, holdout, nothing):
        if isinstance(measured, Undefined):
            return {
                "verdict": "cannot tell",
                "sentence": f"{primary} cannot be measured: {measured.reason}",
            }
    assert not isinstance(train, Undefined)
    assert not isinstance(holdout, Undefined)
    assert not isinstance(nothing, Undefined)
    sign = 1 if METRICS[primary].higher_is_better else -1
    seen, new = sign * (train.value - nothing.value), sign * (holdout.value - nothing.value)
    reach = normal(confidence)
    said = (
        f"{primary} is {text(train.value)} on training rows and {text(holdout.value)} on holdout"
        f" rows; knowing nothing gives {text(nothing.value)}"
    )
    if seen <= reach * train.error:
        return {"verdict": "under-fit", "sentence": f"under-fit: {said}"}
    if KEPT * seen - new > reach * math.hypot(KEPT * train.error, holdout.error):
        return {"verdict": "over-fit", "sentence": f"over-fit: {said}"}
    return {"verdict": "sound", "sentence": f"sound: {said}"}
