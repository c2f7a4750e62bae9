"""A run, opened: its pieces as ordinary objects that show themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.linear_model import LogisticRegression

import rueda as rd
from rueda.kernel.errors import SchemaMismatch
from rueda.kernel.record import Execution, Run, utc_text
from rueda.lifecycle import STAGE_NAMES
from rueda.wheel.opened import TurnedRun


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TurnedRun:
    folder = tmp_path_factory.mktemp("opened")
    rng = np.random.default_rng(3)
    x, kind = rng.normal(size=900), rng.choice(["a", "b"], 900)
    y = np.where(x + (kind == "b") + rng.normal(size=900) > 0.5, "yes", "no")
    pa.csv.write_csv(pa.table({"x": x, "kind": kind, "y": y}), folder / "x.csv")
    lifecycle = rd.Lifecycle(
        "opened",
        extract=rd.Extract("x.csv", label="y"),
        train=rd.Train(LogisticRegression()),
        evaluate=rd.Evaluate(slices=("kind",)),
        project=folder,
    )
    return lifecycle.run()


def test_the_model_takes_any_frame_and_says_the_same(run):
    table = run.dataset.to_arrow()
    said = run.model.predict(table)
    assert set(said) <= {"no", "yes"}
    frames = [
        table.to_pandas(),
        pl.from_arrow(table),
        table.to_pylist(),
        table.combine_chunks().to_batches()[0],
    ]
    for frame in frames:
        assert (run.model.predict(frame) == said).all()
    scores = run.model.predict_proba(table)
    assert scores.shape == (table.num_rows, 2)
    assert (run.model.classes[1] == said)[scores[:, 1] > 0.5].all()


def test_a_frame_that_lacks_a_column_is_refused(run):
    with pytest.raises(SchemaMismatch, match="lacks columns"):
        run.model.predict(pd.DataFrame({"x": [1.0]}))
    with pytest.raises(SchemaMismatch, match="takes a frame"):
        run.model.predict(7)


@pytest.mark.parametrize(("state", "unreached"), [("running", "waiting"), ("cancelled", "skipped")])
def test_an_unfinished_run_has_seven_stages_too(home, state, unreached):
    run = Run("20130101-000000-aaaaaa", "m", state, utc_text())
    stage = Execution(f"{run.id}/extract", run.id, "extract", "0" * 64, state, run.started_at)
    home.ledger.append(run, stage, actor="tester")
    told = TurnedRun.open(home, run.id).to_json()["stages"]
    assert [(s["stage"], s["state"]) for s in told] == [
        ("extract", state),
        *[(name, unreached) for name in STAGE_NAMES[1:]],
    ]


def test_a_column_of_another_type_is_named(run):
    wrong = pl.DataFrame({"x": ["far"], "kind": ["a"]})
    with pytest.raises(SchemaMismatch, match="'x' does not hold") as caught:
        run.model.predict(wrong)
    assert caught.value.expected == "double"
    assert run.model.predict(wrong.head(0)).shape == (0,)


def test_a_run_reads_well_at_the_prompt(run):
    lines = repr(run).splitlines()
    assert lines[0] == f"opened, run {run.id}: succeeded"
    assert [line.split()[:2] for line in lines[1:]] == [[e.stage, "ran"] for e in run.executions]
    assert repr(run.model) == "opened: x, kind"


def test_the_pieces_are_frames_and_show_themselves(run):
    assert isinstance(run.dataset.to_pandas(), pd.DataFrame)
    assert isinstance(run.dataset.to_polars(), pl.DataFrame)
    assert run.dataset.to_polars().shape == run.dataset.to_arrow().shape
    for piece in (run, run.scorecard, run.profile):
        assert "<table" in piece._repr_html_()
    assert run.anomalies["anomalies"] == []


def test_pictures_draw_themselves_and_are_data(run, tmp_path: Path):
    assert set(run.pictures) == {"roc", "calibration", "confusion", "slices"}
    picture = run.pictures["roc"]
    assert "<svg" in picture._repr_mimebundle_()["image/svg+xml"]
    assert picture.save(tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in picture.save(tmp_path / "roc.svg").read_text()
    assert "opened" in run.report(tmp_path / "report.html").read_text()
