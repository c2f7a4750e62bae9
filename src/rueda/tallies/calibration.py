"""Calibration: whether probabilities mean what they say, and the losses that reward it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Measured, Undefined

BINS = 10


def log_loss(answers: Answers) -> Measured:
    """The mean of minus the logarithm of the probability that the true class was given."""
    if not len(answers):
        return Undefined("no rows")
    given = answers.scores[np.arange(len(answers)), answers.truth]
    # scikit-learn's clip: a probability of 0 for what happened is bad, not infinitely so.
    tiny = np.finfo(np.float64).eps
    loss = -np.log(np.clip(given, tiny, 1 - tiny))
    value = float(loss.mean())
    return Estimate(value, loss - value, "positive")


def brier(answers: Answers) -> Measured:
    """The mean squared distance of the probabilities from what happened.

    Two classes: of the positive one's alone; many: summed over the classes (as scikit-learn).
    """
    if not len(answers):
        return Undefined("no rows")
    if answers.task == "binary":
        loss = np.square(answers.scores[:, 1] - (answers.truth == 1))
    else:
        given = answers.scores[np.arange(len(answers)), answers.truth]
        loss = np.square(answers.scores).sum(axis=1) - np.square(given) + np.square(1 - given)
    value = float(loss.mean())
    return Estimate(value, loss - value, "positive")


def ece(
    answers: Answers, *, confidence: float = 0.95, replicates: int = 1000, seed: int = 0
) -> Measured:
    """The expected calibration error: how far the probability that was said lies from the share
    that came true, averaged over ten bins of equal width.

    Two classes: the probability of the positive one; many: that of the class that was decided.

    Notes
    -----
    Noise alone opens a gap in each bin, so the error of a perfect model is not 0. The interval is
    the pivotal one of a bootstrap over the bins' gaps, which takes that bias off; it may lie
    below the value.

    References
    ----------
    Naeini, Cooper, Hauskrecht 2015, doi:10.1609/aaai.v29i1.9602.
    """
    if not len(answers):
        return Undefined("no rows")
    bins = _bins(*said_and_true(answers))
    rows = len(answers)
    value = float(np.abs(bins.gaps).sum() / rows)
    sign = np.sign(bins.gaps)[bins.number]
    influence = sign * bins.gap - value
    drawn = np.random.default_rng(seed).normal(
        bins.gaps, np.sqrt(bins.variances), size=(replicates, BINS)
    )
    again = np.abs(drawn).sum(axis=1) / rows
    low, high = np.quantile(again, [0.5 - confidence / 2, 0.5 + confidence / 2])
    bounds = max(0.0, 2 * value - float(high)), min(1.0, max(0.0, 2 * value - float(low)))
    return Estimate(value, influence, "fixed", bounds=bounds)


def said_and_true(answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The probability that is judged in each row, and whether it came true."""
    if answers.task == "binary":
        return answers.scores[:, 1], answers.truth == 1
    best = answers.scores.max(axis=1)
    return best, answers.decided == answers.truth


@dataclass(frozen=True, slots=True, eq=False)
class _Bins:
    number: np.ndarray
    gap: np.ndarray
    gaps: np.ndarray
    variances: np.ndarray


def _bins(said: np.ndarray, true: np.ndarray) -> _Bins:
    number = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    gap = true - said
    rows = np.bincount(number, minlength=BINS)
    gaps = np.bincount(number, gap, BINS)
    spread = np.bincount(number, gap * gap, BINS)
    variances = np.maximum(spread - np.square(gaps) / np.maximum(rows, 1), 0)
    return _Bins(number, gap, gaps, variances)
