"""Proof: a packaged model gives the answers of the trained one, or it does not count as equal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rueda.artifacts.release import difference


class Scores(Protocol):
    """What can be compared: a matrix in, scores out."""

    def score(self, matrix: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Proof:
    """How two models compare.

    Attributes
    ----------
    rows
        How many rows both answered.
    max_difference
        The largest difference of a score, in units of ``scale``.
    labels_differ
        Rows that got another class.
    ties
        Rows among them whose two best classes are equal to within the tolerance: which one wins is
        decided by the last bit alone.
    scale
        1 for probabilities; for a regression the range of the trained model's answers.
    """

    rows: int
    max_difference: float
    labels_differ: int
    ties: int
    scale: float

    def equal(self, tolerance: float) -> bool:
        """Whether both give the same scores to within ``tolerance``, and the same labels."""
        return self.max_difference <= tolerance and self.labels_differ == self.ties


def prove(
    trained: Scores, packaged: Scores, matrices: Iterable[np.ndarray], tolerance: float
) -> Proof:
    """Compare both models over all rows of ``matrices``."""
    wanted, got = [], []
    for matrix in matrices:
        wanted.append(trained.score(matrix))
        got.append(packaged.score(matrix))
    expected, answered = np.concatenate(wanted), np.concatenate(got)
    scale = answer_range(wanted[0])
    apart = difference(expected, answered, scale)
    if expected.ndim == 1 or expected.shape != answered.shape:
        return Proof(len(expected), apart, 0, 0, scale)
    differ = _decided(expected) != _decided(answered)
    first, second = np.sort(expected[differ], axis=1)[:, :-3:-1].T
    ties = int(np.count_nonzero(first - second <= 2 * tolerance))
    return Proof(len(expected), apart, int(np.count_nonzero(differ)), ties, scale)


def answer_range(scores: np.ndarray) -> float:
    """The unit of differences: how far answers can be apart."""
    if scores.ndim == 2 or not scores.size:
        return 1.0
    return float(scores.max() - scores.min()) or 1.0


def _decided(scores: np.ndarray) -> np.ndarray:
    if scores.shape[1] == 2:
        return np.asarray(scores[:, 1] >= 0.5, dtype=np.int64)
    return np.asarray(scores.argmax(axis=1))
