"""Drift: how far each feature, and the predictions, lie from training, beside what is usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.artifacts.reference import Reference, Slotted
from rueda.artifacts.signature import arrow_type
from rueda.artifacts.window import Window
from rueda.kernel.digest import Json
from rueda.stages.s7_monitor.answers import PREDICTIONS, answer_column, own_rows
from rueda.stages.s7_monitor.limits import limits
from rueda.stages.s7_monitor.measure import apart
from rueda.stages.s7_monitor.spec import Monitor
from rueda.tallies.bins import Bins
from rueda.tallies.column import Array


@dataclass(frozen=True, eq=False)
class Moved:
    """One feature (or the predictions) of a window beside the reference.

    Attributes
    ----------
    usual, now
        Rows by bin, of the reference and of the window.
    value, threshold
        The distance, and what it must pass; None where it cannot be told.
    verdict
        ``yes`` (it drifted), ``no`` or ``cannot tell``, with the ``reason``.
    """

    name: str
    bins: Bins
    usual: Array
    now: Array
    measure: str
    value: float | None
    threshold: float | None
    verdict: str
    reason: str = ""

    def to_json(self) -> dict[str, Json]:
        """``{"measure", "value", "threshold", "verdict"}``, and a ``reason`` if there is one."""
        tree: dict[str, Json] = {
            "measure": self.measure,
            "value": self.value,
            "threshold": self.threshold,
            "verdict": self.verdict,
        }
        return {**tree, "reason": self.reason} if self.reason else tree


def drifted(spec: Monitor, reference: Reference, window: Window, seed: int) -> Iterator[Moved]:
    """Every feature that is no clock, then the predictions."""
    inputs = window.inputs
    rows = window.predictions
    at_most: dict[int, dict[str, float | None]] = {}

    def limit(name: str, rows: int) -> float | None:
        if rows not in at_most:
            at_most[rows] = limits(
                spec, reference.features, reference.answers, reference.clock, rows,
                window.seconds or spec.window_s, seed,
            )  # fmt: skip
        return at_most[rows].get(name)

    for bins in reference.features.tally.bins:
        if bins.name not in reference.clock:
            usual = _total(reference.features, bins)
            column, reason = _column(inputs, bins)
            one = _Case(spec, bins.name, bins, usual, column, reason)
            yield one.judged(limit(bins.name, rows) if one.enough else None)
    for bins in reference.answers.tally.bins:
        usual = _total(reference.answers, bins)
        mine = own_rows(window, reference)
        column = answer_column(reference.task, reference.classes, mine.scores)
        reason = "" if len(column) else "this release answered none of the window's rows"
        one = _Case(spec, PREDICTIONS, bins, usual, column, reason)
        yield one.judged(limit(PREDICTIONS, len(column)) if one.enough else None)


@dataclass(frozen=True, eq=False)
class _Case:
    """One column of a window, before its distance is known."""

    spec: Monitor
    name: str
    bins: Bins
    usual: Array
    column: pa.Array
    reason: str

    @property
    def enough(self) -> bool:
        """Whether there is anything to judge."""
        known = bool(self.usual.any())
        return not self.reason and known and len(self.column) >= self.spec.min_rows

    def judged(self, threshold: float | None) -> Moved:
        now = np.bincount(self.bins.places(self.column), minlength=self.bins.size)
        value, verdict, reason = None, "cannot tell", self.reason
        if not self.enough:
            few = f"not enough: {len(self.column):,} of at least {self.spec.min_rows:,} rows"
            reason = reason or (few if self.usual.any() else "the reference has no rows")
        else:
            value = apart(self.spec.measure, now, self.usual)
            if threshold is None:
                reason = "the reference is too small, or varies too much, to say what is unusual"
            else:
                verdict = "yes" if value > threshold else "no"
        return Moved(
            self.name, self.bins, self.usual, now, self.spec.measure,
            value, threshold, verdict, reason,
        )  # fmt: skip


def _total(slotted: Slotted, bins: Bins) -> Array:
    total: Array = slotted.state[bins.name].sum(axis=0)
    return total


def _column(inputs: pa.Table, bins: Bins) -> tuple[pa.Array, str]:
    """The window's column as the type that the bins are for; or why there is none."""
    kind = pa.string() if bins.values is not None else arrow_type(bins.type)
    if bins.name not in inputs.column_names:
        return pa.array([], kind), "the log does not hold it"
    column = inputs.column(bins.name).combine_chunks()
    try:
        return column.cast(kind), ""
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([], kind), f"its values are {column.type}, not {bins.type}"
