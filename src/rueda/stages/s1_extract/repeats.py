"""Repeats: which of its equals a row is, in a table of few kinds of rows.

A table of words and flags alone may hold the same row a thousand times. Those are a thousand
observations: on one side together they would leave the other without any of their kind. A row that
stands twice among many different ones is rather a copy, and copies must not be on both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

COPIES = 16
"""So many equal rows stay together; each one after them is an observation of its own."""

KINDS = 1 << 16
"""The kinds of rows that are counted: those that came first. More make a table of many kinds."""


class Repeats:
    """Counts equal rows as they come, in constant memory; batches of any size give the same."""

    def __init__(self) -> None:
        self._kinds = np.zeros(0, np.uint64)
        self._counts = np.zeros(0, np.int64)

    def number(self, hashes: Hashes) -> Counts:
        """0 for a row among the first ``COPIES`` of its kind, else how many came before it."""
        kinds, first, place, counts = np.unique(
            hashes, return_index=True, return_inverse=True, return_counts=True
        )
        self._admit(kinds, first)
        known = np.searchsorted(self._kinds, kinds)
        known[known == len(self._kinds)] = 0
        counted = self._kinds[known] == kinds
        before = np.where(counted, self._counts[known], 0)
        self._counts[known[counted]] += counts[counted]
        numbers = before[place] + _ranks(place, counts)
        numbers[(numbers < COPIES) | ~counted[place]] = 0
        return numbers

    def _admit(self, kinds: Hashes, first: Counts) -> None:
        """Count ``kinds`` from now on, in the order in which they came, while there is room."""
        room = KINDS - len(self._kinds)
        if room == 0:
            return
        fresh = kinds[np.argsort(first)]
        fresh = fresh[~np.isin(fresh, self._kinds)][:room]
        both = np.concatenate([self._kinds, fresh])
        order = np.argsort(both)
        self._kinds = both[order]
        self._counts = np.concatenate([self._counts, np.zeros(len(fresh), np.int64)])[order]


def _ranks(place: Counts, counts: Counts) -> Counts:
    """Which of its equals in the batch each row is, from 0 on."""
    order = np.argsort(place, kind="stable")
    starts = np.cumsum(counts) - counts
    ranks = np.empty(len(place), np.int64)
    ranks[order] = np.arange(len(place)) - np.repeat(starts, counts)
    return ranks
