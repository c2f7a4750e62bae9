"""Evaluate: from dataset, preparation and model to a scorecard, on the holdout alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.artifacts.model import Model, write_model
from rueda.artifacts.preparation.fit import fit_preparation
from rueda.artifacts.preparation.preparation import write_preparation
from rueda.artifacts.scorecard import Scorecard
from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.plugins import load_plugin
from rueda.kernel.stage import Context
from rueda.stages.s4_evaluate import EVALUATE, AtLeast, AtMost, Evaluate, NotWorseThan


def rows(n: int, seed: int, task: str = "binary") -> pa.RecordBatch:
    """Rows whose label depends on ``x``, weakly in the group ``c``."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=n), rng.normal(size=n)
    group = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    signal = np.where(group == "c", 0.1, 2.0) * x + noise
    label: np.ndarray = signal
    if task == "binary":
        label = signal > 0
    if task == "multiclass":
        label = np.array(["high", "low", "mid"])[np.select([signal > 1, signal < -1], [0, 1], 2)]
    return pa.RecordBatch.from_pydict(
        {"id": np.arange(n), "x": x, "z": rng.normal(size=n), "group": group, "y": label}
    )


def trained(
    context: Context, model: object, task: str = "binary", n: int = 3000
) -> dict[str, Artifact]:
    """The three inputs of the stage, made by the real parts."""
    sides = {"train": [rows(n, 1, task)], "holdout": [rows(n, 2, task)]}
    schema = sides["train"][0].schema
    artifact = write_dataset(context.store, schema, sides, label="y", key="id")
    dataset = Dataset.open(context.store, artifact)
    chunks = dataset.split("train").chunks
    features = pa.schema([schema.field("x"), schema.field("z")])
    preparation = fit_preparation([], features, chunks, context.engine)
    batch = dataset.split("train").to_arrow().combine_chunks().to_batches()[0]
    classes = [] if task == "regression" else sorted(set(batch.column("y").to_pylist()))
    label = np.array(batch.column("y").to_pylist())
    numbers = label if task == "regression" else np.searchsorted(classes, label)
    trainer = load_plugin("trainer", "sklearn")()
    fitted = trainer.fit(model, {}, preparation.matrix(batch), numbers, task=task, seed=0)
    written = write_model(
        context.store, fitted, trainer="sklearn", task=task, classes=classes,
        features=preparation.outputs, params={}, trials=[],
    )  # fmt: skip
    stored = write_preparation(context.store, preparation)
    return {"dataset": artifact, "preparation": stored, "model": written}


def judged(context: Context, spec: Evaluate, inputs: Mapping[str, Artifact]) -> Scorecard:
    outputs = EVALUATE.run(spec, inputs, context)
    assert tuple(outputs) == EVALUATE.makes
    return Scorecard.open(context.store, outputs["scorecard"])


@pytest.fixture
def inputs(context: Context) -> dict[str, Artifact]:
    return trained(context, LogisticRegression())


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
def test_metrics_are_those_of_the_holdout(context: Context, inputs: dict[str, Artifact]) -> None:
    card = judged(context, Evaluate(metrics=["roc_auc", "log_loss"]), inputs)
    kept = card.holdout
    truth = kept.column("label").to_pylist()
    scores = np.array(kept.column("scores").to_pylist())
    assert kept.column_names == ["row", "key", "label", "scores"]
    assert card.rows == len(truth) == 3000
    assert card.metrics["roc_auc"]["value"] == pytest.approx(
        roc_auc_score(truth, scores[:, 1]), abs=1e-12
    )
    assert card.metrics["log_loss"]["value"] == pytest.approx(log_loss(truth, scores), abs=1e-12)
    assert list(card.metrics) == ["roc_auc", "log_loss"]
    assert card.baseline["roc_auc"]["value"] == 0.5
    assert card.fit["verdict"] == "sound"


def test_the_same_inputs_give_the_same_scorecard(
    context: Context, inputs: dict[str, Artifact]
) -> None:
    spec = Evaluate(slices=["group"])
    first, second = judged(context, spec, inputs), judged(context, spec, inputs)
    assert first.artifact == second.artifact


def test_the_worst_slice_comes_first(context: Context, inputs: dict[str, Artifact]) -> None:
    card = judged(context, Evaluate(slices=["group", "z"]), inputs)
    assert card.slices[0]["slice"] == "group = c"
    assert sum(s["rows"] for s in card.slices if s["column"] == "group") == 3000
    assert sum(s["rows"] for s in card.slices if s["column"] == "z") == 3000
    metric = card.slices[0]["metrics"]["roc_auc"]
    assert metric["low"] < metric["value"] < metric["high"] < card.metrics["roc_auc"]["low"]


def test_gates_decide_by_intervals(context: Context, inputs: dict[str, Artifact]) -> None:
    value = judged(context, Evaluate(), inputs).metrics["roc_auc"]["value"]
    gates = [AtLeast("roc_auc", 0.6), AtLeast("roc_auc", value), AtMost("log_loss", 0.1)]
    card = judged(context, Evaluate(gates=gates), inputs)
    assert [gate["verdict"] for gate in card.gates] == ["yes", "cannot tell", "no"]
    assert card.verdict == "no"
    assert "above 0.1" in card.sentence
    assert "more holdout rows" in card.gates[1]["sentence"] or "even" in card.gates[1]["sentence"]


def test_no_champion_yet(context: Context, inputs: dict[str, Artifact]) -> None:
    card = judged(context, Evaluate(), inputs)
    assert (card.verdict, card.champion) == ("yes", None)
    assert "no champion yet" in card.sentence


MakeRelease = Callable[..., Artifact]


def champion_of(
    context: Context, inputs: Mapping[str, Artifact], make_release: MakeRelease
) -> Artifact:
    schema = Dataset.open(context.store, inputs["dataset"]).schema
    return make_release(context.store, schema, inputs["preparation"], inputs["model"])


def test_a_worse_candidate_is_refused_and_a_better_one_passes(
    context: Context, inputs: dict[str, Artifact], make_release: MakeRelease
) -> None:
    poor = trained(context, DummyClassifier())
    best, worst = (champion_of(context, one, make_release) for one in (inputs, poor))
    card = judged(context, Evaluate(), {**poor, "champion": best})
    assert card.verdict == "no"
    assert "is worse than the champion's" in card.sentence
    assert card.champion is not None
    assert card.champion["differences"]["roc_auc"]["high"] < 0
    card = judged(context, Evaluate(), {**inputs, "champion": worst})
    assert (card.verdict, card.champion["release"]) == ("yes", worst.digest)  # type: ignore[index]
    assert "is better than the champion's" in card.sentence


def test_the_champion_itself_is_not_worse_than_itself(
    context: Context, inputs: dict[str, Artifact], make_release: MakeRelease
) -> None:
    champion = champion_of(context, inputs, make_release)
    card = judged(context, Evaluate(), {**inputs, "champion": champion})
    assert card.verdict == "yes"
    assert card.sentence == "the candidate answers all 3,000 holdout rows as the champion does"


def test_a_champion_that_cannot_answer_leaves_it_open(
    context: Context, inputs: dict[str, Artifact], make_release: MakeRelease
) -> None:
    champion = champion_of(context, inputs, make_release)
    train, held = rows(500, 1).drop_columns(["z"]), rows(500, 2).drop_columns(["z"])
    sides = {"train": [train], "holdout": [held]}
    dataset = write_dataset(context.store, train.schema, sides, label="y")
    chunks = Dataset.open(context.store, dataset).split("train").chunks
    narrow = pa.schema([train.schema.field("x")])
    stored = write_preparation(context.store, fit_preparation([], narrow, chunks, context.engine))
    label = train.column("y").to_numpy(zero_copy_only=False).astype(np.int64)
    matrix = np.asarray(train.column("x").to_numpy(), np.float32).reshape(-1, 1)
    fitted = load_plugin("trainer", "sklearn")().fit(
        LogisticRegression(), {}, matrix, label, task="binary", seed=0
    )
    model = write_model(
        context.store, fitted, trainer="sklearn", task="binary", classes=[False, True],
        features=["x"], params={}, trials=[],
    )  # fmt: skip
    mine = {"dataset": dataset, "preparation": stored, "model": model}
    card = judged(context, Evaluate(), {**mine, "champion": champion})
    assert card.verdict == "cannot tell"
    assert "the champion cannot answer these rows" in card.sentence


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks(context: Context, task: str) -> None:
    model = LinearRegression() if task == "regression" else LogisticRegression()
    card = judged(context, Evaluate(slices=["group"]), trained(context, model, task))
    for metric in card.metrics.values():
        assert metric["low"] <= metric["value"] <= metric["high"]
    assert card.fit["verdict"] == "sound"
    assert card.curves
    assert "<table>" in card._repr_html_()


def test_a_planted_over_fit_is_named(context: Context) -> None:
    card = judged(context, Evaluate(), trained(context, DecisionTreeClassifier(), n=400))
    assert card.fit["verdict"] == "over-fit"


def test_a_model_that_learned_nothing_is_named(context: Context) -> None:
    card = judged(context, Evaluate(), trained(context, DummyClassifier()))
    assert card.fit["verdict"] == "under-fit"


def test_a_holdout_of_one_class_is_no_crash(context: Context, inputs: dict[str, Artifact]) -> None:
    batch = rows(200, 3)
    truth = batch.column("y").to_numpy(zero_copy_only=False)
    one = batch.filter(pa.array(truth))
    dataset = write_dataset(
        context.store, batch.schema, {"train": [batch], "holdout": [one]}, label="y"
    )
    card = judged(
        context, Evaluate(gates=[AtLeast("roc_auc", 0.5)]), {**inputs, "dataset": dataset}
    )
    assert card.metrics["roc_auc"] == {
        "value": None, "low": None, "high": None, "reason": "all rows are of one class",
    }  # fmt: skip
    assert card.verdict == "cannot tell"
    assert card.metrics["accuracy"]["value"] is not None


def test_an_empty_holdout_cannot_tell(context: Context, inputs: dict[str, Artifact]) -> None:
    batch = rows(200, 3)
    dataset = write_dataset(context.store, batch.schema, {"train": [batch]}, label="y")
    card = judged(
        context,
        Evaluate(gates=[AtLeast("accuracy", 0.5)], slices=["group"]),
        {**inputs, "dataset": dataset},
    )
    assert (card.rows, card.verdict, card.slices) == (0, "cannot tell", [])


def test_labels_that_the_model_never_saw_are_counted(context: Context) -> None:
    inputs = trained(context, LogisticRegression(), "multiclass")
    batch = rows(300, 5, "multiclass")
    label = ["new" if i < 7 else v for i, v in enumerate(batch.column("y").to_pylist())]
    batch = batch.set_column(batch.schema.get_field_index("y"), "y", pa.array(label))
    dataset = write_dataset(
        context.store, batch.schema, {"train": [batch], "holdout": [batch]}, label="y"
    )
    card = judged(context, Evaluate(), {**inputs, "dataset": dataset})
    assert card.rows == 293
    assert card.to_json()["unknown_labels"] == 7


def test_wrong_names_are_refused(context: Context, inputs: dict[str, Artifact]) -> None:
    with pytest.raises(UnknownName, match="roc_auc"):
        Evaluate(metrics=["roc_acu"])
    with pytest.raises(UnknownName, match="did you mean 'group'"):
        judged(context, Evaluate(slices=["grup"]), inputs)
    with pytest.raises(SpecError, match="binary"):
        judged(context, Evaluate(metrics=["rmse"]), inputs)
    with pytest.raises(SpecError):
        Evaluate(metrics="roc_auc")  # type: ignore[arg-type]
    with pytest.raises(SpecError):
        NotWorseThan("champion", "roc_auc", margin=-1)
    with pytest.raises(SpecError):
        AtLeast("roc_auc", float("nan"))


def test_the_scorecard_is_canonical_json(context: Context, inputs: dict[str, Artifact]) -> None:
    card = judged(context, Evaluate(slices=["group"]), inputs)
    assert "NaN" not in json.dumps(card.to_json())
    assert len(card.curves["roc"][0]["false_positive_rate"]) <= 200
    assert np.sum(card.curves["confusion"]["counts"]) == card.rows
    assert isinstance(Model.open(context.store, inputs["model"]).task, str)
    assert replace(Evaluate(), seed=1) != Evaluate()
