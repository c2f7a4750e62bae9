"""Refer: a release and its dataset to the reference that windows are held to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from rueda.artifacts.dataset import Dataset, Split
from rueda.artifacts.profile import Profile
from rueda.artifacts.reference import Slotted, write_reference
from rueda.artifacts.release import Release
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json
from rueda.kernel.stage import Context
from rueda.kernel.tally import reduce_pairwise
from rueda.stages.s7_monitor.answers import ANSWER, answer_column
from rueda.stages.s7_monitor.clock import clock_features
from rueda.stages.s7_monitor.limits import limits
from rueda.stages.s7_monitor.spec import Monitor
from rueda.tallies.answers import answers_of
from rueda.tallies.bins import Bins, as_numbers, fit_bins
from rueda.tallies.estimate import Undefined, measurement
from rueda.tallies.metric import BY_TASK, check_task, measure
from rueda.tallies.slots import SlotCounts

SAMPLE = 50_000
SLOTS_A_WINDOW = 8
FEWEST_SLOTS, MOST_SLOTS = 60, 1024
CONFIDENCE = 0.95
USUAL_ROWS = 4000
"""The size of a window for which ``Reference.thresholds`` are computed ahead."""


def refer(spec: Monitor, inputs: Mapping[str, Artifact], context: Context) -> Artifact:
    """The reference of a release: its training rows and its answers to the holdout, binned by
    time, its quality, and the features that are the clock.

    Raises
    ------
    SpecError
        The metric to follow is not for this task.
    """
    store = context.store
    release = Release.open(store, inputs["release"])
    dataset = Dataset.open(store, inputs["dataset"])
    profile = Profile.open(store, inputs["profile"])
    metric = spec.quality or BY_TASK[release.task][0]
    check_task(metric, release.task)
    train = dataset.split("train")
    names = [f.name for f in release.signature.inputs if f.name in dataset.schema.names]
    context.progress(0, 3, "reading training rows")
    sample = _sample(train, [*names, *([dataset.time] if dataset.time else [])])
    tally = _slotted(_bins(sample, names), sample, dataset.time, spec.window_s)
    features = Slotted(tally, context.engine.tally(tally, train.chunks))
    context.progress(1, 3, "scoring the holdout")
    answers, quality = _holdout(release, dataset, metric, spec.window_s)
    context.progress(2, 3, "learning what is usual")
    clock = clock_features(features, sample, spec.window_s)
    usual = limits(spec, features, answers, clock, USUAL_ROWS, spec.window_s, context.seed)
    tree = {
        "release": release.artifact.digest,
        "task": release.task,
        "classes": list(release.classes),
        "clock": clock,
        "thresholds": {
            name: {
                "measure": spec.measure,
                "threshold": limit,
                "rows": USUAL_ROWS,
                "seconds": spec.window_s,
            }
            for name, limit in usual.items()
        },
        "quality": {metric: quality},
        "facts": {name: _facts(profile, name) for name in names},
    }
    return write_reference(store, tree, features, answers)


def _sample(train: Split, columns: Sequence[str]) -> pa.Table:
    """Up to about 50,000 rows, evenly spread, always the same ones."""
    wanted = list(dict.fromkeys(columns))
    step = max(1, train.rows // SAMPLE)
    start, parts = 0, []
    for batch in train.batches(wanted):
        parts.append(batch.take(pa.array(np.arange(-start % step, batch.num_rows, step))))
        start += batch.num_rows
    schema = pa.schema([train.schema.field(name) for name in wanted])
    return pa.Table.from_batches(parts, schema=schema)


def _bins(sample: pa.Table, names: Sequence[str]) -> list[Bins]:
    fitted = (fit_bins(name, sample.column(name).combine_chunks()) for name in names)
    return [bins for bins in fitted if bins is not None]


def _slotted(
    bins: Sequence[Bins], sample: pa.Table, time: str | None, window_s: float
) -> SlotCounts:
    """The tally of ``bins`` with enough slots of time to make blocks of a window's length."""
    seconds = as_numbers(sample.column(time).combine_chunks()) if time else np.array([])
    seconds = seconds[np.isfinite(seconds)]
    if not len(seconds) or np.ptp(seconds) == 0:
        return SlotCounts(tuple(bins))
    span = float(np.ptp(seconds)) * (1 + 1e-9)
    slots = math.ceil(SLOTS_A_WINDOW * span / window_s)
    slots = max(FEWEST_SLOTS, min(slots, MOST_SLOTS))
    return SlotCounts(tuple(bins), time, float(seconds.min()), span / slots, slots)


def _holdout(
    release: Release, dataset: Dataset, metric: str, window_s: float
) -> tuple[Slotted, dict[str, Json]]:
    """The release's answers to the holdout, binned by time, and how good they are."""
    batches, scores = [], []
    for batch in _nonempty(dataset.split("holdout")):
        scores.append(release.score(batch))
        column = answer_column(release.task, release.classes, scores[-1])
        kept = [column, batch.column(dataset.label)]
        names = [ANSWER, "label"]
        if dataset.time:
            kept, names = [*kept, batch.column(dataset.time)], [*names, "time"]
        batches.append(pa.RecordBatch.from_arrays(kept, names=names))
    if not batches:
        return Slotted(SlotCounts(()), {}), measurement(Undefined("no rows"), CONFIDENCE)
    table = pa.Table.from_batches(batches)
    bins = fit_bins(ANSWER, table.column(ANSWER).combine_chunks())
    assert bins is not None
    tally = _slotted([bins], table, "time" if dataset.time else None, window_s)
    state = reduce_pairwise(tally, [tally.add(tally.empty(), batch) for batch in batches])
    judged, _ = answers_of(
        release.task, release.classes, table.column("label"), np.concatenate(scores)
    )
    measured = measure(metric, judged)
    quality = measurement(measured, CONFIDENCE)
    if not isinstance(measured, Undefined):
        quality["error"] = measured.error
    return Slotted(tally, state), quality


def _nonempty(split: Split) -> Iterator[pa.RecordBatch]:
    return (batch for batch in split.batches() if batch.num_rows)


def _facts(profile: Profile, name: str) -> dict[str, Json]:
    column = profile.columns.get(name, {})
    missing = (column.get("nulls") or 0) + (column.get("nan") or 0)
    return {"mean": column.get("mean"), "nulls": missing / max(1, profile.rows)}
