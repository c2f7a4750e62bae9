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
    Noise alone opens a gap in each bin, so that of a perfect model is not 0 either, and an interval
    around the value would leave the truth below it. This one holds every truth (the bins' gaps, all
    smaller or larger by one factor) under which the value is nothing special: seen in the middle
    ``confidence`` of ``replicates`` draws. It may lie below the value.

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
    bounds = _plausible(bins, value, rows, confidence, replicates, seed)
    return Estimate(value, influence, "fixed", bounds=bounds)


_FACTORS = np.linspace(0, 2, 41)


def _plausible(
    bins: _Bins, value: float, rows: int, confidence: float, replicates: int, seed: int
) -> tuple[float, float]:
    drawn = np.random.default_rng(seed).normal(size=(replicates, BINS)) * np.sqrt(bins.variances)
    errors = np.abs(_FACTORS[:, None, None] * bins.gaps + drawn).sum(axis=2) / rows
    low, high = np.quantile(errors, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=1)
    fits = np.flatnonzero((low <= value) & (value <= high))
    if not len(fits):
        return 0.0, value
    # One step wider: the truth may lie between two factors.
    first, last = max(0, fits[0] - 1), min(len(_FACTORS) - 1, fits[-1] + 1)
    true = _FACTORS * np.abs(bins.gaps).sum() / rows
    return float(true[first]), min(1.0, float(true[last]))


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
    gaps = np.bincount(number, gap, BINS)
    # Bins also differ in how many rows they happen to get.
    spread = np.bincount(number, gap * gap, BINS) - np.square(gaps) / len(said)
    return _Bins(number, gap, gaps, np.maximum(spread, 0))
