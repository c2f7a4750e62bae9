"""Slots: how often each bin of each column occurs in each stretch of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.kernel.tally import State, Tally
from rueda.tallies.bins import Bins, as_numbers
from rueda.tallies.column import Array, column_of


@dataclass(frozen=True)
class SlotCounts(Tally[dict[str, Array]]):
    """Rows by slot of time and by bin, for each of some columns.

    Parameters
    ----------
    bins
        How each column is cut.
    time
        The column that says when a row happened; None puts all rows into one slot.
    start_s, slot_s, slots
        Seconds since 1970 of the first slot, how long a slot is, and how many there are. Earlier
        rows count in the first, later ones in the last, rows without time nowhere.

    State
    -----
    ``{column: int64 array of shape (slots, bins)}``.

    Result
    ------
    The state.

    Raises
    ------
    SchemaMismatch
        A batch lacks a column.
    """

    bins: tuple[Bins, ...]
    time: str | None = None
    start_s: float = 0.0
    slot_s: float = 1.0
    slots: int = 1

    def empty(self) -> State:
        return {bins.name: np.zeros((self.slots, bins.size), np.int64) for bins in self.bins}

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        slot, known = self._slots(batch)
        added = {}
        for bins in self.bins:
            cell = slot * bins.size + bins.places(column_of(batch, bins.name))[known]
            counts = np.bincount(cell, minlength=self.slots * bins.size)
            added[bins.name] = state[bins.name] + counts.reshape(self.slots, bins.size)
        return added

    def merge(self, left: State, right: State) -> State:
        return {bins.name: left[bins.name] + right[bins.name] for bins in self.bins}

    def result(self, state: State) -> dict[str, Array]:
        return {bins.name: state[bins.name] for bins in self.bins}

    def _slots(self, batch: pa.RecordBatch) -> tuple[Array, Array]:
        if self.time is None:
            every = np.ones(batch.num_rows, bool)
            return np.zeros(batch.num_rows, np.int64), every
        seconds = as_numbers(column_of(batch, self.time))
        known = np.isfinite(seconds)
        slot = np.floor((seconds[known] - self.start_s) / self.slot_s)
        return np.clip(slot, 0, self.slots - 1).astype(np.int64), known
