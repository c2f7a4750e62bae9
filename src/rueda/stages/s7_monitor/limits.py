"""Limits: the thresholds of all features and of the predictions for a window of some size."""

from __future__ import annotations

from collections.abc import Sequence

from rueda.artifacts.reference import Slotted
from rueda.stages.s7_monitor.answers import PREDICTIONS
from rueda.stages.s7_monitor.measure import BOUNDED
from rueda.stages.s7_monitor.spec import Monitor
from rueda.stages.s7_monitor.threshold import block_length, thresholds, usual_distances


def limits(
    spec: Monitor,
    features: Slotted,
    answers: Slotted,
    clock: Sequence[str],
    rows: int,
    window_s: float,
    seed: int,
) -> dict[str, float | None]:
    """The threshold of each feature that is no clock, and of ``answers``' column.

    None where the reference is too small or too varied to ever say that a window is unusual.
    """
    distances = {}
    for part in (features, answers):
        length = block_length(window_s, part.tally.slot_s, part.tally.slots)
        for bins in part.tally.bins:
            name = PREDICTIONS if part is answers else bins.name
            if name in clock:
                continue
            distances[name] = usual_distances(
                bins.name,
                part.state[bins.name],
                spec.measure,
                length=length,
                rows=rows,
                seed=seed,
            )
    # Half of what a window may cost goes to quality.
    found = thresholds(distances, rows, spec.error_rate(window_s) / 2)
    return {name: _possible(spec, found.get(name)) for name in distances}


def _possible(spec: Monitor, threshold: float | None) -> float | None:
    if threshold is None or (spec.measure in BOUNDED and threshold >= 1):
        return None
    return max(threshold, spec.smallest)
