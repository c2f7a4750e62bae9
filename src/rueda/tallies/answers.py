"""Answers: what was true and what a model said of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Answers:
    """The labels of some rows beside a model's scores for them.

    Parameters
    ----------
    task
        ``binary``, ``multiclass`` or ``regression``.
    truth
        Class numbers (int64), or the values themselves (float64) for regression.
    scores
        Probabilities of shape (rows, classes), or predictions of shape (rows,) for regression.
    """

    task: str
    truth: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: np.ndarray) -> Answers:
        """The answers of ``rows`` (numbers or a mask), in that order."""
        return Answers(self.task, self.truth[rows], self.scores[rows])

    @property
    def classes(self) -> int:
        """How many classes the scores tell apart."""
        return int(self.scores.shape[1])

    @cached_property
    def decided(self) -> np.ndarray:
        """The class with the highest score; the first of equals, as scikit-learn decides."""
        if self.task == "binary":
            return (self.scores[:, 1] > self.scores[:, 0]).astype(np.int64)
        return np.asarray(self.scores.argmax(axis=1))

    @cached_property
    def ascending(self) -> np.ndarray:
        """The rows by rising score of the positive class. Cheap where they already rise."""
        return np.argsort(self.scores[:, 1], kind="stable")


def class_numbers(column: pa.ChunkedArray | pa.Array, classes: Sequence[object]) -> np.ndarray:
    """The number of each label of ``column`` in ``classes``; -1 for null and for unknown ones."""
    places = {value: place for place, value in enumerate(classes)}
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    # Only distinct labels pass through Python, whatever their type.
    meaning = [places.get(value, -1) for value in column.dictionary.to_pylist()]
    codes = column.indices.fill_null(len(meaning)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*meaning, -1], dtype=np.int64)[codes])


def numbers(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """The labels of a regression as float64; NaN for null."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def answers_of(
    task: str, classes: Sequence[object], label: pa.ChunkedArray | pa.Array, scores: np.ndarray
) -> tuple[Answers, np.ndarray]:
    """The answers of the rows whose label is known to the model, and which rows those are."""
    if task == "regression":
        truth = numbers(label)
        known = np.isfinite(truth)
    else:
        truth = class_numbers(label, classes)
        known = truth >= 0
    return Answers(task, truth[known], scores[known]), np.flatnonzero(known)
