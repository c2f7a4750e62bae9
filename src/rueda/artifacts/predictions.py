"""Prediction log: what was answered, by which release, and the labels that came later.

Under ``folder`` stand segments of JSON lines: one for each prediction, one for each answer that a
release failed to give, and the count of those that were never logged. ``folder/labels`` holds the
labels, by the ids of their predictions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa

from rueda.artifacts.segment import SegmentWriter, read_lines, segments
from rueda.artifacts.values import to_array
from rueda.kernel.digest import Digest, Json
from rueda.kernel.record import utc_text

Clock = Literal["event", "wall"]
"""``event``: the value of the time column, where there is one; ``wall``: when it was answered."""

_MOMENT = pa.timestamp("us", tz="UTC")


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a release said of one row: a class (``label``) or a number (``value``), and the scores,
    one a class (regression: the number alone).
    """

    scores: list[float]
    label: Json = None
    value: float | None = None


class Prediction(msgspec.Struct, frozen=True):
    """One row that was answered. Times are RFC 3339 in UTC; ``row`` is the row as it came;
    ``ms`` is what the answer took the release.
    """

    id: str
    at: str
    event_at: str | None
    release: Digest
    row: Mapping[str, Json]
    answer: Answer
    ms: float = 0.0


class Failure(msgspec.Struct, frozen=True):
    """A row that ``release`` failed to answer (another release did): ``exception``, ``non-finite``,
    ``late`` or ``busy``.
    """

    id: str
    at: str
    release: Digest
    failed: str


class Label(msgspec.Struct, frozen=True):
    """What turned out to be true of the prediction ``id``; ``at`` is when we were told."""

    id: str
    value: Json
    at: str


class _Line(msgspec.Struct):
    """Any line of a segment."""

    id: str = ""
    at: str = ""
    event_at: str | None = None
    release: str = ""
    row: msgspec.Raw = msgspec.Raw()
    answer: Answer | None = None
    ms: float = 0.0
    failed: str = ""
    unlogged: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """What a log holds: submitted = ``predictions`` + ``unlogged``; ``torn`` lines were cut off by
    a crash before their answer left.
    """

    predictions: int
    failures: int
    unlogged: int
    torn: int


def read_predictions(
    folder: Path,
    start: datetime | str | None = None,
    end: datetime | str | None = None,
    *,
    schema: pa.Schema | None = None,
    clock: Clock = "event",
) -> pa.Table:
    """The predictions with ``start`` <= time < ``end``, in the order of their segments.

    Parameters
    ----------
    schema
        The inputs of the release (``release.signature.schema``): adds the column ``row``, a struct
        with exactly these fields and types (``rows_of`` gives it as a table). A line that lacks a
        field reads as null there.
    clock
        Which time counts; a prediction without event time counts by the wall clock.

    Returns
    -------
    pa.Table
        ``id``, ``at``, ``event_at``, ``release``, ``label`` (the class, or the value of a
        regression), ``scores`` (list of doubles), ``ms``, and ``row``.
    """
    first, last = _moment(start), _moment(end)
    lines: list[_Line] = []
    for line in _lines(folder, first if clock == "wall" else None):
        if line.answer is None:
            continue
        at = line.event_at if clock == "event" and line.event_at else line.at
        if (first is None or at >= first) and (last is None or at < last):
            lines.append(line)
    table = _table(lines)
    if schema is not None:
        table = table.append_column("row", _rows([line.row for line in lines], schema))
    return table


def rows_of(table: pa.Table) -> pa.Table:
    """The input columns of ``read_predictions(…, schema=…)``, flat, with their own names."""
    kind = table.schema.field("row").type
    fields = [kind.field(i) for i in range(kind.num_fields)]
    rows = table.column("row").combine_chunks()
    columns = [rows.field(i) for i in range(len(fields))]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def read_failures(folder: Path, start: datetime | str | None = None) -> pa.Table:
    """The answers that releases failed to give since ``start``: ``id``, ``at``, ``release``,
    ``reason``.
    """
    first = _moment(start)
    lines = [x for x in _lines(folder, first) if x.failed and (first is None or x.at >= first)]
    return pa.table(
        {
            "id": pa.array([x.id for x in lines], pa.string()),
            "at": _times([x.at for x in lines]),
            "release": pa.array([x.release for x in lines], pa.string()),
            "reason": pa.array([x.failed for x in lines], pa.string()),
        }
    )


def account(folder: Path) -> Account:
    """Count every line of the log in ``folder``."""
    predictions = failures = unlogged = torn = 0
    for path in segments(folder):
        lines, cut = read_lines(path)
        torn += cut
        for line in _decoded(lines):
            if line is None:
                torn += 1
            elif line.unlogged:
                unlogged += line.unlogged
            elif line.failed:
                failures += 1
            else:
                predictions += 1
    return Account(predictions, failures, unlogged, torn)


def write_labels(folder: Path, labels: Iterable[Label]) -> int:
    """Keep ``labels`` durably beside the log in ``folder``; returns their number. A label may come
    twice or before its prediction: all of them are kept, in the order in which they came.
    """
    entries = list(labels)
    if entries:
        with SegmentWriter(folder / "labels") as log:
            log.append(entries)
    return len(entries)


def read_labels(folder: Path) -> pa.Table:
    """All labels: ``id``, ``value``, ``at``, in the order in which they were told."""
    decoder = msgspec.json.Decoder(Label)
    found: list[Label] = []
    for path in segments(folder / "labels"):
        for content in read_lines(path)[0]:
            try:
                found.append(decoder.decode(content))
            except msgspec.DecodeError:
                continue  # Torn by a crash: it was never acknowledged.
    found.sort(key=lambda label: label.at)
    return pa.table(
        {
            "id": pa.array([x.id for x in found], pa.string()),
            "value": pa.array([x.value for x in found]),
            "at": _times([x.at for x in found]),
        }
    )


def _lines(folder: Path, since: str | None) -> Iterator[_Line]:
    since_s = datetime.fromisoformat(since).timestamp() - 1 if since else 0.0
    for path in segments(folder, since_s=since_s):
        for line in _decoded(read_lines(path)[0]):
            if line is not None:
                yield line


def _decoded(lines: Sequence[bytes]) -> Iterator[_Line | None]:
    decode = msgspec.json.Decoder(_Line).decode
    for content in lines:
        try:
            yield decode(content)
        except msgspec.DecodeError:
            yield None


def _table(lines: Sequence[_Line]) -> pa.Table:
    answers = [line.answer for line in lines if line.answer]
    labels = [a.value if a.label is None else a.label for a in answers]
    return pa.table(
        {
            "id": pa.array([x.id for x in lines], pa.string()),
            "at": _times([x.at for x in lines]),
            "event_at": _times([x.event_at for x in lines]),
            "release": pa.array([x.release for x in lines], pa.string()),
            "label": pa.array(labels),
            "scores": pa.array([a.scores for a in answers], pa.list_(pa.float64())),
            "ms": pa.array([x.ms for x in lines], pa.float64()),
        }
    )


def _rows(rows: Sequence[msgspec.Raw], schema: pa.Schema) -> pa.StructArray:
    decode = msgspec.json.Decoder(dict[str, Json]).decode
    trees = [decode(row) for row in rows]
    columns = [to_array([tree.get(f.name) for tree in trees], f.type) for f in schema]
    return pa.StructArray.from_arrays(columns, fields=list(schema))


def _times(texts: Sequence[str | None]) -> pa.Array:
    return pa.array(texts, pa.string()).cast(_MOMENT)


def _moment(moment: datetime | str | None) -> str | None:
    """``moment`` as fixed-width text, so that text order is time order; without zone means UTC."""
    if moment is None:
        return None
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return utc_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
