"""Confusion: what was decided against what was true, and the metrics that follow."""

from __future__ import annotations

import numpy as np

from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Measured, Undefined, mean


def confusion(answers: Answers) -> np.ndarray:
    """How many rows of each class (first axis) were decided to be each class (second axis)."""
    size = answers.classes
    cells = np.bincount(answers.truth * size + answers.decided, minlength=size * size)
    return cells.reshape(size, size)


def accuracy(answers: Answers) -> Measured:
    """The share of rows that were decided rightly."""
    if not len(answers):
        return Undefined("no rows")
    right = (answers.truth == answers.decided).astype(np.float64)
    value = float(right.mean())
    return Estimate(value, right - value, "proportion", len(right))


def balanced_accuracy(answers: Answers) -> Measured:
    """The recall averaged over the classes that occur."""
    parts = [_rate(answers.decided == k, answers.truth == k) for k in range(answers.classes)]
    occurring = [part for part in parts if part.trials]
    if not occurring:
        return Undefined("no rows")
    return mean(occurring, "unit", min(part.trials for part in occurring))


def precision(answers: Answers) -> Measured:
    """The share of rows decided positive that are. Many classes: the average over the classes."""
    if answers.task == "binary":
        called = answers.decided == 1
        if not called.any():
            return Undefined("no row was decided positive")
        return _rate(answers.truth == 1, called)
    return _macro(
        [_rate(answers.truth == k, answers.decided == k) for k in _present(answers)], answers
    )


def recall(answers: Answers) -> Measured:
    """The share of positive rows that were decided so. Many classes: the average over them."""
    if answers.task == "binary":
        positive = answers.truth == 1
        if not positive.any():
            return Undefined("no row is positive")
        return _rate(answers.decided == 1, positive)
    return _macro(
        [_rate(answers.decided == k, answers.truth == k) for k in _present(answers)], answers
    )


def f1(answers: Answers) -> Measured:
    """The harmonic mean of precision and recall. Many classes: the average over the classes."""
    if answers.task == "binary":
        if not (answers.truth == 1).any() and not (answers.decided == 1).any():
            return Undefined("no row is positive, nor was decided so")
        return _f1(answers.truth == 1, answers.decided == 1)
    return _macro(
        [_f1(answers.truth == k, answers.decided == k) for k in _present(answers)], answers
    )


def _present(answers: Answers) -> list[int]:
    """The classes that occur, or were decided: scikit-learn averages over these."""
    found: list[int] = np.union1d(answers.truth, answers.decided).tolist()
    return found


def _macro(parts: list[Estimate], answers: Answers) -> Measured:
    if not parts:
        return Undefined("no rows")
    return mean(parts, "unit", max(1, len(answers) // len(parts)))


def _rate(hit: np.ndarray, among: np.ndarray) -> Estimate:
    """The share of ``hit`` among the rows of ``among``; 0 where there is none, as scikit-learn."""
    trials = int(among.sum())
    if not trials:
        return Estimate(0.0, np.zeros(len(among)), "proportion", 0)
    value = int((hit & among).sum()) / trials
    influence = np.where(among, (hit - value) * (len(among) / trials), 0.0)
    return Estimate(value, influence, "proportion", trials)


def _f1(positive: np.ndarray, called: np.ndarray) -> Estimate:
    total = int(positive.sum()) + int(called.sum())
    if not total:
        return Estimate(0.0, np.zeros(len(positive)), "unit", 0)
    both = positive & called
    value = 2 * int(both.sum()) / total
    influence = (
        (2.0 * both - value * (positive.astype(np.float64) + called)) * len(positive) / total
    )
    return Estimate(value, influence, "unit", int((positive | called).sum()))
