"""The prediction log: exact accounting, torn lines, event time, typed rows."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from rueda.artifacts.predictions import (
    Account,
    Answer,
    Failure,
    Label,
    Prediction,
    account,
    read_failures,
    read_labels,
    read_predictions,
    rows_of,
    write_labels,
)
from rueda.artifacts.segment import SegmentWriter
from rueda.kernel.digest import Digest
from rueda.kernel.errors import WriteRefused

SCHEMA = pa.schema(
    [("t", pa.timestamp("us", "UTC")), ("c", pa.dictionary(pa.int32(), pa.string())),
     ("n", pa.int16()), ("x", pa.float32())]
)  # fmt: skip


def prediction(number: int, *, release: str = "r1", event: str | None = None) -> Prediction:
    row = {"t": "2013-07-01T05:00:00+02:00", "c": "UA", "n": number, "x": None}
    answer = Answer([0.25, 0.75], label=True)
    return Prediction(
        f"p{number}", "2026-01-01T00:00:00.000000Z", event, Digest(release), row, answer, 0.1
    )


def test_what_was_written_is_read_with_the_types_of_the_inputs(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path) as log:
        log.append([prediction(1), prediction(2)])
    table = read_predictions(tmp_path, schema=SCHEMA)
    assert table["id"].to_pylist() == ["p1", "p2"]
    assert table["label"].to_pylist() == [True, True]
    assert table["scores"].to_pylist() == [[0.25, 0.75]] * 2
    rows = rows_of(table)
    assert rows.schema.equals(SCHEMA)
    assert rows.to_pylist()[1] == {
        "t": datetime(2013, 7, 1, 3, tzinfo=UTC), "c": "UA", "n": 2, "x": None
    }  # fmt: skip


def test_an_empty_log_has_the_same_columns(tmp_path: Path) -> None:
    table = read_predictions(tmp_path / "nowhere", schema=SCHEMA)
    assert table.num_rows == 0
    assert rows_of(table).schema.equals(SCHEMA)
    assert read_failures(tmp_path / "nowhere").num_rows == 0
    assert read_labels(tmp_path / "nowhere").num_rows == 0


def test_a_window_counts_by_event_time_and_falls_back_to_the_wall_clock(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path) as log:
        log.append([prediction(1, event="2013-07-31T23:59:59.999999Z")])
        log.append([prediction(2, event="2013-08-01T00:00:00.000000Z"), prediction(3)])
    july = read_predictions(tmp_path, "2013-07-01", "2013-08-01")
    august = read_predictions(tmp_path, datetime(2013, 8, 1), datetime(2013, 9, 1, tzinfo=UTC))
    now = read_predictions(tmp_path, "2025-01-01")
    assert [t["id"].to_pylist() for t in (july, august, now)] == [["p1"], ["p2"], ["p3"]]
    assert read_predictions(tmp_path, "2025-01-01", clock="wall").num_rows == 3


def test_a_torn_line_is_skipped_and_counted(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path) as log:
        log.append([prediction(1), prediction(2)])
        log.append([Failure("p9", "2026-01-01T00:00:00.000000Z", Digest("r2"), "late")])
    (segment,) = tmp_path.glob("*.jsonl")
    segment.write_bytes(segment.read_bytes() + b'{"id":"p3","at":"20')
    assert read_predictions(tmp_path)["id"].to_pylist() == ["p1", "p2"]
    assert account(tmp_path) == Account(predictions=2, failures=1, unlogged=0, torn=1)
    assert read_failures(tmp_path)["reason"].to_pylist() == ["late"]


def test_many_writers_never_mix(tmp_path: Path) -> None:
    logs = [SegmentWriter(tmp_path) for _ in range(4)]
    for number in range(100):
        logs[number % 4].append([prediction(number)])
    for log in logs:
        log.close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 4
    assert account(tmp_path) == Account(100, 0, 0, 0)


def test_a_full_disk_is_counted_to_the_line_and_said_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SegmentWriter(tmp_path)
    log.append([prediction(1)])
    real = os.write

    def half(file: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, bytes(content)[: len(content) // 2])

    monkeypatch.setattr(os, "write", half)
    for _ in range(3):
        with pytest.raises(WriteRefused):
            log.append([prediction(2), prediction(3)])
    monkeypatch.setattr(os, "write", real)
    log.append([prediction(4)])
    log.close()
    counts = log.counts
    assert (counts.submitted, counts.logged, counts.unlogged) == (8, 2, 6)
    assert account(tmp_path) == Account(predictions=2, failures=0, unlogged=6, torn=0)


def test_a_device_that_fails_to_sync_is_reported_and_its_segment_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SegmentWriter(tmp_path)
    log.append([prediction(1)])

    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(WriteRefused, match="durable"):
            log.sync()
    log.append([prediction(2)])
    log.close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_labels_come_twice_and_in_any_order(tmp_path: Path) -> None:
    at = "2026-01-01T00:00:0{}.000000Z"
    write_labels(tmp_path, [Label("p1", True, at.format(2))])
    write_labels(tmp_path, [Label("p1", False, at.format(1)), Label("p2", True, at.format(1))])
    labels = read_labels(tmp_path)
    assert labels["id"].to_pylist() == ["p1", "p2", "p1"]
    assert labels["value"].to_pylist() == [False, True, True]
    assert write_labels(tmp_path, []) == 0


def test_the_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with SegmentWriter(tmp_path / "log") as log:
            log.append([prediction(1)])
    finally:
        os.umask(before)
    (segment,) = (tmp_path / "log").glob("*.jsonl")
    assert segment.stat().st_mode & 0o777 == 0o600
    assert segment.parent.stat().st_mode & 0o777 == 0o700
