"""Register: what becomes of a trained model, whichever it is."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from rueda.artifacts.dataset import write_dataset
from rueda.artifacts.preparation import Dates, Drop, Impute, OneHot
from rueda.artifacts.profile import write_profile
from rueda.artifacts.release import Release
from rueda.artifacts.scorer import OnnxScorer
from rueda.kernel.artifact import Artifact, read_manifest
from rueda.kernel.errors import Defect, SpecError, UnfitData, UnknownName
from rueda.kernel.stage import Context
from rueda.stages.s2_prepare import PREPARE, Prepare
from rueda.stages.s3_train import TRAIN, Train
from rueda.stages.s4_evaluate import EVALUATE, Evaluate
from rueda.stages.s5_register import REGISTER, Register
from rueda.stages.s5_register.proof import prove
from rueda.tallies.profile import ProfileTally
from rueda.trainers.sklearn import FittedSklearn

ROWS = 900
LABELS = {
    "binary": lambda x: x > 0,
    "multiclass": lambda x: np.where(x < -0.6, "low", np.where(x < 0.6, "middle", "top")),
    "regression": lambda x: 1000 + 200 * x,
}


def rows(task: str) -> pa.Table:
    """A table of every kind of column: nulls, unicode names, categories, times."""
    random = np.random.default_rng(5)
    a, b = random.normal(size=ROWS), random.normal(size=ROWS).astype(np.float32)
    c = random.integers(0, 9, ROWS)
    start = datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC)
    times = [start + datetime.timedelta(hours=int(h)) for h in random.integers(0, 9000, ROWS)]
    x = a + b - 0.2 * (c - 4) + random.normal(scale=0.4, size=ROWS)
    return pa.table(
        {
            "a": pa.array(a, mask=random.random(ROWS) < 0.1),
            "größe": pa.array(b, pa.float32()),
            "count": pa.array(c, pa.int16()),
            "flag": pa.array(random.random(ROWS) < 0.5),
            "carrier": pa.array(random.choice(["AA", "UA", "WN"], ROWS)).dictionary_encode(),
            "at": pa.array(times, pa.timestamp("us", "America/New_York")),
            "y": pa.array(LABELS[task](x)),
        }
    )


STEPS = (Impute(), Dates("at"), OneHot("carrier"))


def inputs(
    context: Context, task: str, model: Any, steps: Any = STEPS, table: pa.Table | None = None
) -> dict[str, Artifact]:
    """All that register needs, made by the stages before it."""
    table = rows(task) if table is None else table
    train, holdout = table.slice(0, 600), table.slice(600)
    sides = {"train": train.to_batches(), "holdout": holdout.to_batches()}
    made = {"dataset": write_dataset(context.store, table.schema, sides, label="y", time="at")}
    tally = ProfileTally.of_schema(table.schema)
    state = tally.empty()
    for batch in train.to_batches():
        state = tally.add(state, batch)
    made["profile"] = write_profile(context.store, tally, state)
    made |= PREPARE.run(Prepare(*steps), made, context)
    made |= TRAIN.run(Train(model), made, context)
    made |= EVALUATE.run(Evaluate(gates=[]), made, context)
    return {name: made[name] for name in REGISTER.needs}


def register(
    context: Context, given: Mapping[str, Artifact], **spec: Any
) -> tuple[Release, dict[str, Any]]:
    made = REGISTER.run(Register(name="late", **spec), given, context)
    release = Release.open(context.store, made["release"])
    return release, release.meta["packaging"]


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("binary", HistGradientBoostingClassifier(max_iter=20)),
        ("multiclass", HistGradientBoostingClassifier(max_iter=10)),
        ("regression", HistGradientBoostingRegressor(max_iter=20)),
        ("binary", RandomForestClassifier(12)),
        ("multiclass", RandomForestClassifier(7)),
        ("regression", RandomForestRegressor(8)),
        ("binary", ExtraTreesClassifier(9)),
        ("binary", DecisionTreeClassifier(max_depth=4)),
        ("binary", BaggingClassifier(n_estimators=4)),
        ("binary", AdaBoostClassifier(n_estimators=5)),
        ("binary", LogisticRegression(max_iter=2000)),
        ("multiclass", LogisticRegression(max_iter=2000)),
        ("regression", LinearRegression()),
        ("binary", GradientBoostingClassifier(n_estimators=12)),
        ("regression", GradientBoostingRegressor(n_estimators=12)),
        ("binary", make_pipeline(StandardScaler(), LogisticRegression())),
        ("binary", make_pipeline(StandardScaler(), MLPClassifier((4,), tol=0.01))),
        ("binary", CalibratedClassifierCV(GradientBoostingClassifier(n_estimators=5), cv=2)),
        (
            "binary",
            StackingClassifier(
                [("f", RandomForestClassifier(4)), ("l", LogisticRegression(max_iter=2000))], cv=2
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_models_are_packaged_as_onnx_and_proved(context: Context, task: str, model: Any) -> None:
    given = inputs(context, task, model)
    release, packaging = register(context, given)
    assert packaging["format"] == "onnx", packaging["reason"]
    assert packaging["max_difference"] <= 1e-6
    assert packaging["rows"] > 300, "made-up rows are proved too"
    assert release.task == task


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (KNeighborsClassifier(), "compares with every training row"),
        (DummyClassifier(), "Unable to find"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_others_stay_in_their_own_format_and_say_why(
    context: Context, model: Any, reason: str
) -> None:
    release, packaging = register(context, inputs(context, "binary", model))
    assert packaging["format"] == "native"
    assert reason in packaging["reason"]
    assert any(line.startswith("scikit-learn==") for line in release.meta["requirements"])
    with pytest.raises(UnfitData, match="cannot be packaged as ONNX"):
        register(context, inputs(context, "binary", model), format="onnx")


def test_categorical_features_are_refused_and_the_proof_would_catch_them_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The converter takes them in silence, and is wrong in nearly every row."""
    from rueda.stages.s5_register import convert

    random = np.random.default_rng(0)
    matrix = random.integers(0, 9, (600, 2)).astype(np.float32)
    label = (matrix[:, 0] % 3 + random.normal(size=600) > 1).astype(np.int64)
    model = HistGradientBoostingClassifier(max_iter=20, categorical_features=[0])
    model.fit(matrix, label)
    with pytest.raises(convert.NoConversion, match="categorical_features"):
        convert.to_onnx(model, 2, "float32")
    monkeypatch.setattr(convert, "_refuse_known_troubles", lambda estimator: None)
    packaged = OnnxScorer(convert.to_onnx(model, 2, "float32"))
    found = prove(FittedSklearn(model), packaged, [matrix], 1e-6)
    assert not found.equal(1e-6)
    assert found.max_difference > 0.1


@pytest.mark.parametrize("mended", [True, False])
def test_thresholds_and_nulls_need_their_mending(
    context: Context, monkeypatch: pytest.MonkeyPatch, mended: bool
) -> None:
    """Without it the converter's graph differs: that is what made-up rows are for."""
    from rueda.stages.s5_register import convert

    if not mended:
        monkeypatch.setattr(convert, "mend", lambda model, trees: None)
    given = inputs(context, "binary", RandomForestClassifier(10), (Dates("at"), OneHot("carrier")))
    _, packaging = register(context, given)
    assert (packaging["format"] == "onnx") is mended


def test_the_same_inputs_give_the_same_release(context: Context) -> None:
    given = inputs(context, "binary", RandomForestClassifier(5))
    one = REGISTER.run(Register(name="late"), given, context)
    assert one == REGISTER.run(Register(name="late"), given, context)


def test_a_release_says_what_it_takes(context: Context) -> None:
    given = inputs(context, "multiclass", HistGradientBoostingClassifier(max_iter=3))
    release, _ = register(context, given)
    fields = {f.name: f for f in release.signature.inputs}
    assert list(fields) == ["a", "größe", "count", "flag", "carrier", "at"]
    assert fields["carrier"].allowed == ("AA", "UA", "WN")
    assert all(f.nullable for f in fields.values()), "this model takes null everywhere"
    assert [f.name for f in release.signature.outputs] == [
        "label",
        "score.low",
        "score.middle",
        "score.top",
    ]
    assert release.time == "at"
    assert release.classes == ("low", "middle", "top")


def test_a_column_is_not_nullable_where_the_model_takes_none(context: Context) -> None:
    steps = (Impute("a"), Dates("at"), OneHot("carrier"))
    given = inputs(context, "binary", LogisticRegression(max_iter=3000), steps)
    release, _ = register(context, given)
    nullable = {f.name: f.nullable for f in release.signature.inputs}
    assert nullable["a"], "it is imputed"
    assert not nullable["größe"], "no step fills it, and the model takes no NaN"


def test_the_golden_sample_has_the_odd_rows(context: Context) -> None:
    given = inputs(context, "binary", HistGradientBoostingClassifier(max_iter=3))
    release, _ = register(context, given, golden_rows=10)
    sent = release.golden.rows
    for name in ("a", "größe", "count", "flag", "carrier", "at"):
        assert any(row[name] is None for row in sent), name
    assert any(row["carrier"] not in ("AA", "UA", "WN", None) for row in sent)
    counts = [row["count"] for row in sent if row["count"] is not None]
    assert (min(counts), max(counts)) == (0, 8)
    assert 10 < len(sent) < 60


def test_a_release_that_answers_otherwise_is_refused(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = inputs(context, "binary", HistGradientBoostingClassifier(max_iter=3))
    right = Release.score
    monkeypatch.setattr(Release, "score", lambda self, batch: right(self, batch) * 0.999)
    with pytest.raises(Defect, match="golden sample"):
        REGISTER.run(Register(name="late"), given, context)


def test_a_release_is_traced_to_all_that_it_came_from(context: Context) -> None:
    given = inputs(context, "binary", HistGradientBoostingClassifier(max_iter=3))
    release, _ = register(context, given)
    assert release.meta["traces"] == {name: a.digest for name, a in given.items()}
    assert any(line.startswith("onnxruntime==") for line in release.meta["requirements"])
    assert not any(line.startswith("scikit-learn") for line in release.meta["requirements"])
    names = {f.name for f in read_manifest(context.store, release.artifact).files}
    assert names == {
        "model.onnx",
        "preparation.json",
        "signature.json",
        "golden.json",
        "card.md",
    }


def test_the_card_tells_the_evidence(context: Context) -> None:
    given = inputs(context, "binary", HistGradientBoostingClassifier(max_iter=3))
    card = register(context, given)[0].card
    for part in ("# late", "## Verdict", "roc_auc", "| train | 600 |", "größe", "onnx (equal"):
        assert part in card
    assert given["model"].digest in card


def test_specs_are_checked() -> None:
    with pytest.raises(UnknownName, match="did you mean 'onnx'"):
        Register(format="onxx")
    with pytest.raises(SpecError, match="golden"):
        Register(golden_rows=0)
    with pytest.raises(SpecError, match="tolerance"):
        Register(tolerance=-1)
    assert dataclasses.asdict(Register())["name"] == ""


def test_numbers_that_a_client_cannot_send_are_null_in_the_sample(context: Context) -> None:
    table = rows("binary")
    numbers = table["größe"].to_pylist()[:700] + [float("nan")] * 200
    table = table.set_column(1, "größe", pa.array(numbers))
    model = HistGradientBoostingClassifier(max_iter=3)
    release, _ = register(context, inputs(context, "binary", model, STEPS[1:], table))
    assert any(row["größe"] is None for row in release.golden.rows)


@pytest.mark.parametrize(
    ("column", "step"),
    [
        (pa.array(["red", "green", "blue"] * 300), OneHot("only")),
        (pa.array([True, False, None] * 300), Impute("only")),
        (pa.array(np.arange(900).astype(np.float16)), Impute("only")),
    ],
    ids=["texts", "flags", "half floats"],
)
def test_one_feature_of_any_type_makes_a_release(
    context: Context, column: pa.Array, step: Any
) -> None:
    late = np.random.default_rng(0).random(900) < 0.4
    table = pa.table({"only": column, "at": pa.array(range(900), pa.timestamp("s")), "y": late})
    given = inputs(context, "binary", LogisticRegression(), (Drop("at"), step), table)
    release, _ = register(context, given)
    assert [field.name for field in release.signature.inputs] == ["only"]


def test_a_duration_is_refused_since_no_client_could_send_it(context: Context) -> None:
    late = np.arange(900) % 3 == 0
    times, spans = (pa.array(range(900), kind) for kind in (pa.timestamp("s"), pa.duration("s")))
    table = pa.table({"only": spans, "at": times, "y": late})
    given = inputs(context, "binary", LogisticRegression(), (Drop("at"), Impute()), table)
    with pytest.raises(SpecError, match="cannot be given as JSON"):
        register(context, given)
