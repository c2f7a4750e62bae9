"""Windows: predictions joined with labels that come late, twice, corrected, unknown, in any order
(FAULTS F40)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from rueda.artifacts.window import Window, build_window
from rueda.kernel.seams import Store

START = datetime(2013, 5, 1, tzinfo=UTC)
END = datetime(2013, 6, 1, tzinfo=UTC)
MOMENT = pa.timestamp("us", tz="UTC")


def predictions(n: int = 50, *, events: bool = True) -> pa.Table:
    at = [START + timedelta(hours=i) for i in range(n)]
    return pa.table(
        {
            "id": [f"p{i}" for i in range(n)],
            "at": pa.array([t + timedelta(days=40) for t in at] if events else at, MOMENT),
            "event_at": pa.array(at if events else [None] * n, MOMENT),
            "release": ["aa" if i % 3 else "bb" for i in range(n)],
            "label": [i % 2 == 0 for i in range(n)],
            "scores": pa.array([[0.25, 0.75]] * n, pa.list_(pa.float64())),
            "ms": [0.1] * n,
            "row": pa.array([{"x": float(i), "c": "ab"[i % 2]} for i in range(n)]),
        }
    )


def labels(*told: tuple[str, object, int]) -> pa.Table:
    """``(id, value, hour)``."""
    return pa.table(
        {
            "id": pa.array([i for i, _, _ in told], pa.string()),
            "value": pa.array([v for _, v, _ in told], pa.bool_()),
            "at": pa.array([START + timedelta(hours=h) for _, _, h in told], MOMENT),
        }
    )


def opened(store: Store, told: pa.Table, rows: pa.Table | None = None, **more: object) -> Window:
    rows = predictions() if rows is None else rows
    artifact = build_window(store, rows, told, name="test", start=START, end=END, **more)  # type: ignore[arg-type]
    return Window.open(store, artifact)


def test_what_a_window_holds(store: Store) -> None:
    window = opened(store, labels(("p1", True, 5), ("p2", False, 6)))
    assert (window.name, window.predictions, window.labeled) == ("test", 50, 2)
    assert (window.start, window.end) == (
        "2013-05-01T00:00:00.000000Z",
        "2013-06-01T00:00:00.000000Z",
    )
    assert window.releases == {"aa": 33, "bb": 17}
    assert window.seconds == 31 * 86_400
    by_id = {row["id"]: row for row in window.rows.to_pylist()}
    assert (by_id["p1"]["label"], by_id["p2"]["label"], by_id["p3"]["label"]) == (True, False, None)
    assert by_id["p1"]["answer"] is False
    assert window.inputs.column_names == ["x", "c"]
    assert window.tally.result(window.state)["columns"]["x"]["max"] == 49


def test_a_row_belongs_by_its_event_and_else_by_its_answer(store: Store) -> None:
    assert opened(store, labels()).predictions == 50
    assert opened(store, labels(), predictions(events=False)).predictions == 50
    later = timedelta(days=40)
    late = build_window(
        store, predictions(), labels(), name="test", start=START + later, end=END + later
    )
    assert Window.open(store, late).predictions == 0


def test_the_end_belongs_to_the_next_window(store: Store) -> None:
    halves = [
        Window.open(store, build_window(store, predictions(), labels(), name="t", start=a, end=b))
        for a, b in ((START, START + timedelta(hours=25)), (START + timedelta(hours=25), END))
    ]
    assert [half.predictions for half in halves] == [25, 25]


def test_labels_twice_corrected_and_unknown(store: Store) -> None:
    told = labels(
        ("p1", True, 5), ("p1", True, 5), ("p1", True, 9),  # the same, again
        ("p2", True, 7), ("p2", False, 8),  # corrected: the last one by time counts
        ("p3", False, 9), ("p3", True, 3),  # corrected, told in another order
        ("ghost", True, 1), ("ghost", True, 2),
    )  # fmt: skip
    window = opened(store, told, logged=predictions().column("id"))
    by_id = {row["id"]: row["label"] for row in window.rows.to_pylist()}
    assert (by_id["p1"], by_id["p2"], by_id["p3"]) == (True, False, False)
    assert (window.labeled, window.conflicts, window.orphans) == (3, 2, 1)
    assert opened(store, told).orphans is None


def test_a_repeated_prediction_counts_once(store: Store) -> None:
    twice = pa.concat_tables([predictions(), predictions().slice(0, 7)])
    window = opened(store, labels(), twice)
    assert (window.predictions, window.repeated) == (50, 7)


def test_any_order_gives_the_same_artifact(store: Store) -> None:
    rng = np.random.default_rng(0)
    rows = pa.concat_tables([predictions(), predictions().slice(3, 5)])
    told = [
        (f"p{i}", bool(rng.integers(2)), int(rng.integers(100))) for i in rng.integers(0, 50, 200)
    ]
    first = opened(store, labels(*told), rows, logged=rows.column("id")).artifact
    for _ in range(30):
        shuffled = rows.take(pa.array(rng.permutation(rows.num_rows)))
        mixed = labels(*[told[i] for i in rng.permutation(len(told))])
        again = opened(store, mixed, shuffled, logged=rows.column("id")).artifact
        assert again == first


def test_labels_of_other_windows_change_nothing(store: Store) -> None:
    before = opened(store, labels(("p1", True, 5)))
    after = opened(store, labels(("p1", True, 5), ("of another month", True, 5)))
    assert before.artifact == after.artifact


@pytest.mark.parametrize("n", [0, 1])
def test_tiny_windows(store: Store, n: int) -> None:
    window = opened(store, labels(), predictions(3).slice(0, n))
    assert (window.predictions, window.labeled, window.conflicts) == (n, 0, 0)
    assert window.rows.num_rows == n


def test_no_labels_of_unknown_type(store: Store) -> None:
    empty = pa.table(
        {"id": pa.array([], pa.string()), "value": pa.nulls(0), "at": pa.array([], MOMENT)}
    )
    assert opened(store, empty).labeled == 0


def test_numbers_and_words_are_labels_too(store: Store) -> None:
    for value in (1.5, 3, "late"):
        told = labels(("p1", None, 5)).set_column(1, "value", pa.array([value]))
        assert opened(store, told).rows.column("label").drop_null().to_pylist() == [value]


def test_many_labels_are_joined_in_seconds(store: Store) -> None:
    n = 200_000
    rng = np.random.default_rng(1)
    at = pa.array(np.full(n, np.datetime64("2013-05-02", "us")), MOMENT)
    rows = pa.table(
        {
            "id": pa.array(np.arange(n)).cast(pa.string()), "at": at, "event_at": at,
            "release": pa.array(["aa"] * n), "label": pa.array(np.zeros(n, bool)),
            "scores": pa.array(np.full((n, 2), 0.5).tolist(), pa.list_(pa.float64())),
        }
    )  # fmt: skip
    ids = rng.permutation(np.concatenate([np.arange(n), rng.integers(0, n, n // 10)]))
    told = pa.table(
        {
            "id": pa.array(ids).cast(pa.string()),
            "value": pa.array(ids % 2 == 0),
            "at": pa.array(np.full(len(ids), np.datetime64("2013-06-02", "us")), MOMENT),
        }
    )
    window = opened(store, told, rows)
    assert (window.labeled, window.conflicts) == (n, 0)
    kept = window.rows
    truth = np.array(kept.column("id").to_pylist(), int) % 2 == 0
    assert np.array_equal(truth, np.array(kept.column("label").to_pylist()))
