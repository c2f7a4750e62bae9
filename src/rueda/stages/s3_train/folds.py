"""Folds: training rows on which a search fits, and training rows on which it judges."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Fold: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, row numbers to judge on; both sorted."""

SMALL_ROWS = 2_000
FOLDS = 5
VALIDATION_FRACTION = 0.2


def carve(
    numbers: np.ndarray, *, classes: bool, moments: np.ndarray | None, seed: int
) -> list[Fold]:
    """The folds for training rows whose label is ``numbers``.

    With ``moments``: the latest fifth judges, as the future will. Else with fewer than
    ``SMALL_ROWS`` rows: five folds, each of which judges once. Else a fifth, drawn. Where the label
    is ``classes``, drawn folds hold them in proportion.
    """
    rows = len(numbers)
    if moments is not None:
        order = np.argsort(moments, kind="stable")
        last = rows - max(1, round(rows * VALIDATION_FRACTION))
        return [(np.sort(order[:last]), np.sort(order[last:]))]
    part = _parts(numbers if classes else np.zeros(rows, np.int64), seed)
    folds = FOLDS if rows < SMALL_ROWS else 1
    return [(np.flatnonzero(part != fold), np.flatnonzero(part == fold)) for fold in range(folds)]


def _parts(classes: np.ndarray, seed: int) -> np.ndarray:
    """A number below ``FOLDS`` for each row: each class is dealt out in turn, in a drawn order."""
    drawn = np.random.default_rng(seed).permutation(len(classes))
    # Dealt class after class without starting over, so that rare classes do not all meet in part 0.
    dealt = drawn[np.argsort(classes[drawn], kind="stable")]
    part = np.empty(len(classes), np.int64)
    part[dealt] = np.arange(len(classes)) % FOLDS
    return part
