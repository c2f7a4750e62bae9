"""Answers: what is compared of a release's answers, on the holdout and in production alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.reference import Reference
from rueda.artifacts.window import Window
from rueda.kernel.digest import Json

ANSWER = "answer"
PREDICTIONS = "(predictions)"
"""The place of the predictions among the features; no column is called so by accident."""


@dataclass(frozen=True, eq=False)
class Answered:
    """Rows of a window with scores that fit the task: the label is null until it comes."""

    scores: np.ndarray
    label: pa.ChunkedArray


def own_rows(window: Window, reference: Reference) -> Answered:
    """The rows that the reference's own release answered."""
    own = pc.equal(window.rows.column("release"), pa.scalar(reference.release, pa.string()))
    return answered(window.rows.filter(own), reference)


def answered(rows: pa.Table, reference: Reference) -> Answered:
    """Those of ``rows`` that have a score for each class (one for a regression)."""
    width = max(1, len(reference.classes))
    fits = pc.fill_null(pc.equal(pc.list_value_length(rows.column("scores")), width), False)
    rows = rows.filter(fits)
    scores = pc.list_flatten(rows.column("scores")).cast(pa.float64()).to_numpy()
    shape = (len(scores),) if reference.task == "regression" else (-1, width)
    return Answered(np.asarray(scores).reshape(shape), rows.column("label"))


def answer_column(task: str, classes: Sequence[Json], scores: np.ndarray) -> pa.Array:
    """The probability of the positive class, the class decided, or the number."""
    if task == "regression":
        return pa.array(scores, pa.float64())
    if task == "binary":
        return pa.array(scores[:, 1], pa.float64())
    return pa.array([str(classes[k]) for k in scores.argmax(axis=1)], pa.string())
