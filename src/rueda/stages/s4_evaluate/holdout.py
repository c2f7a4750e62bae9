"""Holdout: rows that training never saw, scored by the candidate and by the champion alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.artifacts.dataset import Split
from rueda.kernel.errors import UnfitData
from rueda.tallies.answers import Answers, answers_of

Score = Callable[[pa.RecordBatch], np.ndarray]
"""Raw rows to scores: probabilities (rows, classes), or numbers (rows,)."""


@dataclass(frozen=True, eq=False)
class Scored:
    """One side of a split with a model's scores: the rows whose label the model knows.

    Attributes
    ----------
    answers
        Labels and scores.
    rows
        The position of each of ``answers`` on the side.
    strange
        Rows whose label the model has never seen; they are not judged, only counted.
    """

    answers: Answers
    rows: np.ndarray
    strange: int


def score_rows(
    batches: Iterable[pa.RecordBatch],
    label: str,
    score: Score,
    task: str,
    classes: Sequence[object],
) -> Scored:
    """The rows of ``batches`` scored, batch by batch.

    Raises
    ------
    UnfitData
        The model gives something that is no number.
    """
    labels, scores = [], []
    for batch in batches:
        if not batch.num_rows:
            continue
        scores.append(score(batch))
        labels.append(batch.column(label))
    width = () if task == "regression" else (len(classes),)
    every = np.concatenate(scores) if scores else np.empty((0, *width))
    finite = np.isfinite(every)
    broken = int(np.count_nonzero(~(finite if every.ndim == 1 else finite.all(axis=1))))
    if broken:
        raise UnfitData(
            f"the model's scores of {broken} rows are not finite",
            expected="a finite number for each row",
            got="NaN or infinity",
            do="impute nulls in prepare, or choose a model that takes them",
        )
    column = pa.chunked_array(labels) if labels else pa.array([], pa.null())
    answers, rows = answers_of(task, classes, column, every)
    return Scored(answers, rows, len(every) - len(rows))


def sample(split: Split, rows: int) -> Iterator[pa.RecordBatch]:
    """About ``rows`` rows of ``split``, evenly spread, always the same ones."""
    step = max(1, split.rows // rows)
    start = 0
    for batch in split.batches():
        yield batch.take(pa.array(np.arange(-start % step, batch.num_rows, step)))
        start += batch.num_rows


def align(scores: np.ndarray, have: Sequence[object], want: Sequence[object]) -> np.ndarray:
    """Probabilities over ``have`` as probabilities over ``want``: 0 for what it does not know."""
    if list(have) == list(want):
        return scores
    aligned = np.zeros((len(scores), len(want)))
    for place, value in enumerate(want):
        if value in have:
            aligned[:, place] = scores[:, list(have).index(value)]
    return aligned
