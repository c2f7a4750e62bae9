"""Residuals: metrics of how far predicted numbers lie from the true ones."""

from __future__ import annotations

import math

import numpy as np

from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Measured, Undefined


def rmse(answers: Answers) -> Measured:
    """The root of the mean squared residual."""
    if not len(answers):
        return Undefined("no rows")
    squared = np.square(answers.truth - answers.scores)
    value = math.sqrt(float(squared.mean()))
    slope = 1 / (2 * value) if value else 0.0
    return Estimate(value, (squared - squared.mean()) * slope, "positive")


def mae(answers: Answers) -> Measured:
    """The mean absolute residual."""
    if not len(answers):
        return Undefined("no rows")
    absolute = np.abs(answers.truth - answers.scores)
    value = float(absolute.mean())
    return Estimate(value, absolute - value, "positive")


def r2(answers: Answers) -> Measured:
    """The share of the label's variance that the predictions explain."""
    if len(answers) < 2:
        return Undefined("fewer than two rows")
    squared = np.square(answers.truth - answers.scores)
    spread = np.square(answers.truth - answers.truth.mean())
    total = float(spread.sum())
    if not total:
        return Undefined("all rows have the same label")
    lost = float(squared.sum()) / total
    return Estimate(1 - lost, (lost * spread - squared) * (len(answers) / total))
