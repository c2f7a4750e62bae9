"""Window: what was predicted between two moments, with the labels that came for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rueda.artifacts.alarms import Alarms
from rueda.artifacts.dataset import parquet_bytes
from rueda.artifacts.predictions import rows_of
from rueda.artifacts.reference import Reference
from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.record import utc_text
from rueda.kernel.seams import Store
from rueda.kernel.tally import State, dump_state, load_state
from rueda.tallies.profile import ProfileTally

__all__ = ["Alarms", "Reference", "Window", "build_window"]

KIND = "window"
ROWS = "rows.parquet"
STATE = "state.msgpack"


@dataclass(frozen=True)
class Window:
    """A window artifact, opened.

    Attributes
    ----------
    name
        The model.
    start, end
        RFC 3339; ``start`` <= time < ``end``.
    predictions, labeled
        How many rows, and how many of them have a label.
    releases
        Rows by the digest of the release that answered.
    conflicts
        Predictions that were told different labels; the last one counts.
    orphans
        How many ids have a label and no prediction in the whole log; None when nobody counted.
    repeated
        Predictions whose id came again; the first one counts.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest
    name: str
    start: str
    end: str
    predictions: int
    labeled: int
    releases: Mapping[str, int]
    conflicts: int
    orphans: int | None
    repeated: int

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Window:
        manifest = read_manifest(store, artifact)
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        meta = {key: value for key, value in manifest.meta.items() if key != "columns"}
        return cls(Artifact(KIND, digest), store, manifest, **meta)

    @cached_property
    def rows(self) -> pa.Table:
        """One row a prediction, by time: ``id``, ``at``, ``event_at``, ``release``, ``answer``,
        ``scores``, ``label`` and ``label_at`` (null until it comes), and ``row`` (the inputs).
        """
        return pq.read_table(pa.BufferReader(read_file(self.store, self.manifest, ROWS)))

    @property
    def inputs(self) -> pa.Table:
        """The input columns alone, row for row; empty where the log kept no rows."""
        if "row" not in self.rows.column_names:
            return pa.table({})
        return rows_of(self.rows)

    @property
    def tally(self) -> ProfileTally:
        """The tally of ``state``, over ``inputs``."""
        return ProfileTally(tuple((name, kind) for name, kind in self.manifest.meta["columns"]))

    @property
    def state(self) -> State:
        """The profile of the inputs as a state, to merge with other windows' and to compare."""
        return load_state(read_file(self.store, self.manifest, STATE))

    @property
    def seconds(self) -> float:
        """How long the window is."""
        span = datetime.fromisoformat(self.end) - datetime.fromisoformat(self.start)
        return span.total_seconds()


def build_window(
    store: Store,
    predictions: pa.Table,
    labels: pa.Table,
    *,
    name: str,
    start: datetime | str,
    end: datetime | str,
    logged: pa.Array | pa.ChunkedArray | None = None,
) -> Artifact:
    """Join the predictions of a window with their labels, and keep it.

    Parameters
    ----------
    predictions
        As ``read_predictions`` gives them: the whole log, or the part that holds the window. A row
        belongs to the window by ``event_at``, or by ``at`` where there is none.
    labels
        As ``read_labels`` gives them: late, repeated, of other windows, in any order. The last one
        by time counts.
    name
        The model.
    start, end
        ``start`` <= time < ``end``; without a zone, UTC.
    logged
        The ids of all predictions that were ever logged, to count labels that belong to none.

    Notes
    -----
    The same rows and labels in any order give the same artifact.
    """
    first, last = _moment(start), _moment(end)
    orphans = None if logged is None else _orphans(labels, logged)
    kept, repeated = _first_of_each(_inside(predictions, first, last))
    final, conflicts = _final_labels(labels, kept)
    rows = _joined(kept, final)
    inputs = rows_of(rows) if "row" in rows.column_names else pa.table({})
    tally = ProfileTally.of_schema(inputs.schema)
    state = tally.empty()
    for batch in inputs.combine_chunks().to_batches():
        state = tally.add(state, batch)
    releases = dict(sorted(_counts(rows.column("release")).items()))
    meta: dict[str, Json] = {
        "name": name,
        "start": utc_text(first),
        "end": utc_text(last),
        "predictions": rows.num_rows,
        "labeled": rows.num_rows - rows.column("label").null_count,
        "releases": releases,
        "conflicts": conflicts,
        "orphans": orphans,
        "repeated": repeated,
        "columns": [list(pair) for pair in tally.columns],
    }
    files = {ROWS: parquet_bytes(rows), STATE: dump_state(state)}
    return write_artifact(store, KIND, files, meta)


def _moment(moment: datetime | str) -> datetime:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _inside(predictions: pa.Table, start: datetime, end: datetime) -> pa.Table:
    kind = pa.timestamp("us", tz="UTC")
    time = pc.coalesce(predictions.column("event_at"), predictions.column("at")).cast(kind)
    after = pc.greater_equal(time, pa.scalar(start, kind))
    before = pc.less(time, pa.scalar(end, kind))
    inside = predictions.append_column("time", time).filter(pc.and_(after, before))
    # Told apart by id first: equal times then have one order.
    return inside.sort_by([(key, "ascending") for key in ("time", "id", "at", "release")])


def _first_of_each(predictions: pa.Table) -> tuple[pa.Table, int]:
    """The first row of each id, in order; and how many others there were."""
    codes = predictions.column("id").combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    kept = predictions.take(pa.array(np.sort(first)))
    return kept, predictions.num_rows - kept.num_rows


def _orphans(labels: pa.Table, logged: pa.Array | pa.ChunkedArray) -> int:
    ids = logged.combine_chunks() if isinstance(logged, pa.ChunkedArray) else logged
    known = pc.is_in(labels.column("id"), value_set=ids)
    return len(pc.unique(labels.column("id").filter(pc.invert(known))))


def _final_labels(labels: pa.Table, predictions: pa.Table) -> tuple[pa.Table, int]:
    """The last label of each prediction, and how many of them were told different ones."""
    wanted = pc.is_in(labels.column("id"), value_set=predictions.column("id").combine_chunks())
    mine = labels.select(["id", "value", "at"]).filter(wanted)
    mine = mine.append_column("text", mine.column("value").cast(pa.string()))
    mine = mine.sort_by([(key, "ascending") for key in ("id", "at", "text")])
    ids = mine.column("id").combine_chunks().dictionary_encode().indices.to_numpy()
    last = np.append(np.flatnonzero(np.diff(ids)), len(ids) - 1)[: len(ids)]
    told = mine.group_by("id").aggregate([("text", "count_distinct")])
    conflicts = pc.sum(pc.greater(told.column("text_count_distinct"), 1)).as_py()
    return mine.take(pa.array(last)), conflicts or 0


def _joined(predictions: pa.Table, labels: pa.Table) -> pa.Table:
    place = pc.index_in(predictions.column("id"), value_set=labels.column("id").combine_chunks())
    columns = {key: predictions.column(key) for key in ("id", "at", "event_at", "release")}
    columns["answer"] = predictions.column("label")
    columns["scores"] = predictions.column("scores")
    columns["label"] = labels.column("value").take(place)
    columns["label_at"] = labels.column("at").take(place)
    if "row" in predictions.column_names:
        columns["row"] = predictions.column("row")
    return pa.table(columns)


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(column).to_pylist()}
