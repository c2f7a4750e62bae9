"""Clock: features that the time alone decides, such as the month; every window differs in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.reference import Slotted
from rueda.stages.s7_monitor.measure import apart
from rueda.tallies.bins import as_numbers
from rueda.tallies.column import Array

DAY_S = 86_400.0
DETERMINED = 0.1
DISJOINT = 0.3

_CYCLES = (
    (pc.year, np.inf),
    (pc.quarter, 365 * DAY_S),
    (pc.month, 365 * DAY_S),
    (pc.iso_week, 365 * DAY_S),
    (pc.day_of_year, 365 * DAY_S),
    (pc.day, 31 * DAY_S),
    (pc.day_of_week, 7 * DAY_S),
    (pc.hour, DAY_S),
)
"""Parts of a date, and after how long each comes round again."""


def clock_features(slotted: Slotted, sample: pa.Table, window_s: float) -> list[str]:
    """The columns that a window of this length fixes by construction.

    The time column itself; columns that equal a part of it which does not come round within a
    window; and columns that are nearly known once the time is, and nearly disjoint between windows.
    """
    time = slotted.tally.time
    if time is None:
        return []
    found = []
    for bins in slotted.tally.bins:
        counts = slotted.state[bins.name]
        if (
            bins.name == time
            or _is_part(sample, bins.name, time, window_s)
            or _follows_time(counts, window_s / slotted.tally.slot_s)
        ):
            found.append(bins.name)
    return found


def _is_part(sample: pa.Table, name: str, time: str, window_s: float) -> bool:
    moments = sample.column(time)
    if not pa.types.is_temporal(moments.type) or not pa.types.is_integer(sample.column(name).type):
        return False
    if pa.types.is_date(moments.type):
        moments = moments.cast(pa.timestamp("s"))
    values = as_numbers(sample.column(name).combine_chunks())
    for part, cycle_s in _CYCLES:
        # A month of 31 days counts as one window of 30: its days come round.
        if cycle_s > 1.1 * window_s:
            expected = as_numbers(part(moments).combine_chunks())
            known = np.isfinite(values) & np.isfinite(expected)
            # Counted from 0 or from 1: a constant shift is the same clock.
            if known.any() and np.ptp((values - expected)[known]) == 0:
                return True
    return False


def _follows_time(counts: Array, window_slots: float) -> bool:
    total = counts.sum(axis=0)
    whole = _entropy(total)
    if not total.sum() or whole < 1e-9:
        return False
    weights = counts.sum(axis=1) / total.sum()
    within = float(sum(w * _entropy(slot) for w, slot in zip(weights, counts, strict=True) if w))
    if within > DETERMINED * whole:
        return False
    length = max(1, min(round(window_slots), len(counts) // 2))
    blocks = [
        counts[i : i + length].sum(axis=0) for i in range(0, len(counts) - length + 1, length)
    ]
    distances = [apart("js", b, total - b) for b in blocks if b.sum() and (total - b).sum()]
    return bool(distances) and float(np.mean(distances)) >= DISJOINT


def _entropy(counts: Array) -> float:
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())
