"""Batch prediction: the same verdicts as online, every row accounted for, atomic output."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rueda.kernel.errors import BrokenInput, MissingInput, SchemaMismatch
from rueda.kernel.home import Home
from rueda.kernel.record import Note
from rueda.testing.marked import MarkedRelease
from rueda.wheel.batch_predict import predict_file
from rueda.wheel.promotion import promote, register_version

GOOD = [
    {"id": "a", "x": 1.5, "k": "Köln", "t": "2013-07-01T05:00:00Z"},
    {"id": "b", "x": None, "k": None, "t": None},
]
BAD = [
    ({"id": "c", "x": "one", "k": "q", "t": None}, "wrong-type", "/x"),
    ({"id": "d", "x": 2.5, "k": "q", "t": "yesterday"}, "bad-time", "/t"),
]


@pytest.fixture
def ready(home: Home) -> Home:
    release = MarkedRelease.write(home.store, "m", 0.75)
    register_version(home, release, actor="test", why="")
    promote(home, "m", "1", actor="test")
    return home


def predict(home: Home, source: Path, output: Path, **more):
    opener = lambda digest: MarkedRelease.open(home.store, digest)  # noqa: E731
    return predict_file(home, "m", source, output, opener=opener, **more)


def write(path: Path, rows: list[dict]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", ["in.csv", "in.jsonl"])
@pytest.mark.parametrize("output", ["out.csv", "out.parquet", "out.jsonl"])
def test_rows_are_predicted_or_quarantined_with_the_reason(
    ready: Home, tmp_path: Path, source: str, output: str
) -> None:
    rows = [GOOD[0], BAD[0][0], GOOD[1], BAD[1][0]]
    done = predict(ready, write(tmp_path / source, rows), tmp_path / output, keep=["id"])
    assert (done.rows, done.predicted, done.quarantined) == (4, 2, 2)
    answers = read(done.output)
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert [int(answer["row"]) for answer in answers] == [1, 3]
    assert {float(answer["score_true"]) for answer in answers} == {0.75}
    assert {answer["release"] for answer in answers} == {"m@1"}
    reasons = read(done.quarantine.rename(tmp_path / "reasons.jsonl"))
    assert [reason["row"] for reason in reasons] == [2, 4]
    found = [(r["errors"][0]["code"], r["errors"][0]["pointer"]) for r in reasons]
    assert found == [(code, pointer) for _, code, pointer in BAD]
    (note,) = ready.ledger.find(Note, kind="batch-prediction")
    assert note.body["quarantined"] == 2


def test_parquet_of_more_than_one_batch(ready: Home, tmp_path: Path) -> None:
    rows = 10_000
    table = pa.table(
        {
            "late": pa.array([True] * rows),
            "t": pa.array([0] * rows, pa.timestamp("us", "UTC")),
            "k": pa.array(["a", "b"] * (rows // 2)).dictionary_encode(),
            "x": pa.array(range(rows), pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=3000)
    done = predict(ready, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert (done.predicted, done.quarantine) == (rows, None)
    assert [row["row"] for row in read(done.output)] == list(range(1, rows + 1))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "in.parquet",
        "out.parquet",
    ]


def test_a_file_of_nothing_but_faults_gives_an_output_without_rows(
    ready: Home, tmp_path: Path
) -> None:
    for suffix in ("csv", "parquet", "jsonl"):
        source = write(tmp_path / "in.csv", [BAD[0][0]])
        done = predict(ready, source, tmp_path / f"out.{suffix}")
        assert (done.predicted, done.quarantined) == (0, 1)
        assert read(done.output) == []


def test_ragged_and_doubled_csv(ready: Home, tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("x,k,t\n1,a,\n1,a\n")
    done = predict(ready, tmp_path / "ragged.csv", tmp_path / "out.csv")
    assert (done.predicted, done.quarantined) == (1, 1)
    (tmp_path / "doubled.csv").write_text("x,x,k,t\n1,1,a,\n")
    with pytest.raises(SchemaMismatch, match="twice"):
        predict(ready, tmp_path / "doubled.csv", tmp_path / "out.csv")


def test_what_cannot_be_read_or_written(ready: Home, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", GOOD)
    with pytest.raises(MissingInput):
        predict(ready, tmp_path / "nowhere.csv", tmp_path / "out.csv")
    with pytest.raises(BrokenInput, match="cannot write"):
        predict(ready, source, tmp_path / "out.xlsx")
    (tmp_path / "in.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(BrokenInput, match="Parquet"):
        predict(ready, tmp_path / "in.parquet", tmp_path / "out.csv")
    (tmp_path / "lacking.csv").write_text("x,k\n1,a\n")
    with pytest.raises(SchemaMismatch, match="lacks t"):
        predict(ready, tmp_path / "lacking.csv", tmp_path / "out.csv")
    (tmp_path / "latin.csv").write_bytes("x,k,t\n1,K\xf6ln,\n".encode("latin-1"))
    with pytest.raises(BrokenInput, match="UTF-8"):
        predict(ready, tmp_path / "latin.csv", tmp_path / "out.csv")
    assert not list(tmp_path.glob("*out*")), "nothing half-written stays"


def test_an_interrupted_prediction_leaves_the_old_output(
    ready: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.csv", GOOD)
    predict(ready, source, tmp_path / "out.csv")
    before = (tmp_path / "out.csv").read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MarkedRelease, "score", interrupt)
    with pytest.raises(KeyboardInterrupt):
        predict(ready, source, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == before
    assert len(list(tmp_path.glob(".out*"))) == 0
