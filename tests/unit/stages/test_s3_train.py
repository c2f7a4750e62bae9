"""Training: the task, the search, the rows that it sees, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.artifacts.model import Model
from rueda.artifacts.preparation import Impute, OneHot, Preparation
from rueda.artifacts.profile import write_profile
from rueda.artifacts.trials import Trials
from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import MissingExtra, SpecError, UnfitData, UnknownName, UserCodeError
from rueda.kernel.stage import Context
from rueda.stages.s2_prepare import PREPARE, Prepare
from rueda.stages.s3_train import TRAIN, Choice, Float, Int, Train
from rueda.stages.s3_train.folds import carve
from rueda.tallies.profile import ProfileTally

ROWS = 600


def table(rows: int = ROWS, seed: int = 0) -> pa.RecordBatch:
    drawn = np.random.default_rng(seed)
    x, z = drawn.normal(size=rows), drawn.normal(size=rows)
    return pa.RecordBatch.from_pydict(
        {
            "x": pa.array(x, mask=drawn.random(rows) < 0.05),
            "z": z,
            "color": drawn.choice(["red", "green", "blue"], rows),
            "when": pa.array(np.arange(rows) * 3_600_000_000, pa.timestamp("us", "UTC")),
            "late": x + z + drawn.normal(size=rows) > 0,
        }
    )


def prepared(
    context: Context,
    batch: pa.RecordBatch,
    label: str = "late",
    time: str | None = None,
    prepare: Prepare | None = None,
) -> dict[str, Artifact]:
    """The artifacts that training needs, all rows on the training side."""
    dataset = write_dataset(context.store, batch.schema, {"train": [batch]}, label=label, time=time)
    chunks = Dataset.open(context.store, dataset).split("train").chunks
    tally = ProfileTally.of_schema(batch.schema)
    profile = write_profile(context.store, tally, context.engine.tally(tally, chunks))
    found = PREPARE.run(prepare or Prepare(), {"dataset": dataset, "profile": profile}, context)
    return {"dataset": dataset, **found}


def trained(context: Context, spec: Train, inputs: dict[str, Artifact]) -> Model:
    return Model.open(context.store, TRAIN.run(spec, inputs, context)["model"])


def labeled(values: object) -> pa.RecordBatch:
    """The table with another label."""
    batch = table()
    return batch.set_column(batch.schema.get_field_index("late"), "late", pa.array(values))


def test_a_model_is_fitted_on_the_prepared_matrix(context: Context) -> None:
    batch = table()
    inputs = prepared(context, batch)
    model = trained(context, Train(LogisticRegression()), inputs)
    preparation = Preparation.open(context.store, inputs["preparation"])
    matrix = preparation.matrix(batch)
    label = batch["late"].to_numpy(zero_copy_only=False)
    expected = LogisticRegression(random_state=7).fit(matrix, label)
    assert np.allclose(model.score(matrix), expected.predict_proba(matrix), rtol=1e-5)
    assert (model.task, model.classes, model.trainer) == ("binary", (False, True), "sklearn")
    assert model.features == preparation.outputs
    assert [trial["state"] for trial in model.trials] == ["complete"]


def test_what_trials_cost_is_kept_and_does_not_name_the_model(context: Context) -> None:
    inputs = prepared(context, table())
    first, second = (TRAIN.run(boosting(), inputs, context) for _ in range(2))
    assert first["model"].digest == second["model"].digest
    told = Trials.open(context.store, first["trials"])
    assert [trial["number"] for trial in told.trials] == [0, 1, 2, 3, 4]
    for cost in (*told.trials, told.fit):
        assert cost["seconds"] > 0
        assert cost["cpu_seconds"] > 0
        assert cost["peak_bytes"] > 1_000_000


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a", "c"] * 200, "multiclass", ("a", "b", "c")),
        ([3, 1] * 300, "binary", (1, 3)),
        (list(range(20)) * 30, "multiclass", tuple(range(20))),
        ([0.0, 1.0] * 300, "binary", (0, 1)),
        (list(range(600)), "regression", ()),
        ([0.5, 1.0, 2.0] * 200, "regression", ()),
    ],
)
def test_the_label_sets_the_task(
    context: Context, values: object, task: str, classes: tuple[object, ...]
) -> None:
    estimator = LinearRegression() if task == "regression" else LogisticRegression(max_iter=500)
    model = trained(context, Train(estimator), prepared(context, labeled(values)))
    assert (model.task, model.classes) == (task, classes)
    scores = model.score(np.zeros((2, len(model.features)), np.float32))
    assert scores.shape == ((2, len(classes)) if classes else (2,))


def test_the_task_can_be_said(context: Context) -> None:
    inputs = prepared(context, labeled([1, 2, 3] * 200))
    assert trained(context, Train(LinearRegression(), task="regression"), inputs).classes == ()
    with pytest.raises(SpecError, match="more than two classes"):
        trained(context, Train(LogisticRegression(), task="binary"), inputs)


def test_one_class_is_unfit(context: Context) -> None:
    inputs = prepared(context, labeled([True] * ROWS))
    with pytest.raises(UnfitData, match="has one class"):
        trained(context, Train(LogisticRegression()), inputs)


def test_a_dictionary_label_is_its_values(context: Context) -> None:
    values = pa.array(["no", "yes"] * 300).dictionary_encode()
    model = trained(context, Train(LogisticRegression()), prepared(context, labeled(values)))
    assert model.classes == ("no", "yes")
    assert model.label_numbers(pa.array(["yes", "never", "no"])).tolist() == [1, -1, 0]


SEARCH = {
    "learning_rate": Float(0.01, 0.5, log=True),
    "max_leaf_nodes": Int(3, 20),
    "max_bins": Choice(32, 255),
}


def boosting() -> Train:
    return Train(HistGradientBoostingClassifier(max_iter=5), search=SEARCH, trials=5)


def test_the_best_trial_is_fitted_on_all_rows(context: Context) -> None:
    notes: list[str] = []
    told = replace(context, progress=lambda done, total, note="": notes.append(note))
    model = trained(told, boosting(), prepared(context, table()))
    assert [trial["number"] for trial in model.trials] == [0, 1, 2, 3, 4]
    best = max(model.trials, key=lambda trial: trial["score"])
    assert model.params == best["params"]
    assert set(model.params) == set(SEARCH)
    assert len([note for note in notes if note.startswith("trial")]) == 5
    assert model.manifest.meta["rows"] == ROWS


def test_a_search_gives_the_same_bits_again(context: Context) -> None:
    inputs = prepared(context, table())
    first, second = (trained(context, boosting(), inputs) for _ in range(2))
    assert first.files == second.files
    assert first.trials == second.trials
    other = trained(context, replace(boosting(), seed=1), inputs)
    assert other.trials != first.trials


def test_the_search_judges_on_the_latest_training_rows(context: Context) -> None:
    batch = table(3_000)
    inputs = prepared(context, batch, time="when")
    spec = Train(LogisticRegression(), search={"C": Choice(0.5)}, trials=1)
    model = trained(context, spec, inputs)
    matrix = Preparation.open(context.store, inputs["preparation"]).matrix(batch)
    label = batch["late"].to_numpy(zero_copy_only=False)
    early = LogisticRegression(C=0.5).fit(matrix[:2_400], label[:2_400])
    expected = roc_auc_score(label[2_400:], early.predict_proba(matrix[2_400:])[:, 1])
    assert model.trials[0]["score"] == pytest.approx(expected, abs=1e-5)


def fragile(matrix: np.ndarray, label: np.ndarray, strength: float) -> object:
    """A user's function that fails for strong ones."""
    if strength > 0.5:
        raise ZeroDivisionError("too strong")
    return LogisticRegression(C=strength).fit(matrix, label)


def test_a_trial_that_raises_is_kept_and_the_search_goes_on(context: Context) -> None:
    spec = Train(fragile, search={"strength": Float(0.01, 1.0)}, trials=8)
    model = trained(context, spec, prepared(context, table()))
    states = {trial["state"] for trial in model.trials}
    assert states == {"complete", "failed"}
    for trial in model.trials:
        failed = trial["params"]["strength"] > 0.5
        assert trial["state"] == ("failed" if failed else "complete")
        assert (trial["score"] is None) == failed
        assert trial.get("error") == ("ZeroDivisionError: too strong" if failed else None)


def test_when_all_trials_raise_the_last_error_is_the_users(context: Context) -> None:
    spec = Train(fragile, search={"strength": Float(0.6, 1.0)}, trials=3)
    with pytest.raises(UserCodeError, match="failed to fit") as raised:
        trained(context, spec, prepared(context, table()))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert "strength" in raised.value.expected


def test_a_fit_that_raises_is_the_users(context: Context) -> None:
    inputs = prepared(context, table(), prepare=Prepare(OneHot()))
    with pytest.raises(UserCodeError, match="LogisticRegression failed to fit") as raised:
        trained(context, Train(LogisticRegression()), inputs)
    assert "add Impute()" in raised.value.do
    assert "contains NaN" in str(raised.value.__cause__)


def test_trees_take_what_is_not_filled(context: Context) -> None:
    inputs = prepared(context, table(), prepare=Prepare(OneHot()))
    model = trained(context, Train(HistGradientBoostingClassifier(max_iter=3)), inputs)
    assert "x" in model.features


def test_without_optuna_a_search_says_what_to_install(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = prepared(context, table())
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(MissingExtra) as raised:
        trained(context, boosting(), inputs)
    assert raised.value.do == "pip install 'rueda[search]'"


def test_a_metric_of_another_task_is_refused(context: Context) -> None:
    spec = replace(boosting(), metric="rmse")
    with pytest.raises(SpecError, match="'rmse' cannot judge a binary model"):
        trained(context, spec, prepared(context, table()))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "accuracy"])
def test_a_search_over_three_classes_with_a_rare_one(context: Context, metric: str) -> None:
    values = ["a", "b"] * 299 + ["rare"] * 2
    estimator = LogisticRegression(max_iter=500)
    spec = Train(estimator, search={"C": Float(0.1, 1.0)}, trials=2, metric=metric)
    model = trained(context, spec, prepared(context, labeled(values)))
    assert model.classes == ("a", "b", "rare")
    assert [trial.get("error") for trial in model.trials] == [None, None]


def test_wrong_specs_are_refused() -> None:
    with pytest.raises(SpecError, match="the class LogisticRegression"):
        Train(LogisticRegression)
    with pytest.raises(UnknownName, match="did you mean 'roc_auc'"):
        Train(LogisticRegression(), metric="rocauc")
    with pytest.raises(UnknownName, match="did you mean 'binary'"):
        Train(LogisticRegression(), task="binery")
    with pytest.raises(UnknownName, match="parameter 'c'"):
        Train(LogisticRegression(), search={"c": Float(0.1, 1)})
    with pytest.raises(SpecError, match="is a list"):
        Train(LogisticRegression(), search={"C": [0.1, 1]})  # type: ignore[dict-item]
    with pytest.raises(SpecError, match="trials without a search"):
        Train(LogisticRegression(), trials=5)
    with pytest.raises(SpecError, match="is empty"):
        Float(2, 1)
    with pytest.raises(SpecError, match="has no logarithm"):
        Int(0, 5, log=True)
    with pytest.raises(SpecError, match="needs options"):
        Choice()


def test_a_model_that_no_trainer_takes_is_refused(context: Context) -> None:
    with pytest.raises(SpecError, match=r"no trainer takes a builtins\.str"):
        trained(context, Train("forest"), prepared(context, table()))


def test_impute_makes_the_matrix_whole(context: Context) -> None:
    inputs = prepared(context, table(), prepare=Prepare(Impute(), OneHot()))
    assert trained(context, Train(LogisticRegression()), inputs).task == "binary"


@pytest.mark.parametrize("rows", [50, 1_999, 2_000, 10_001])
def test_folds_are_fair(rows: int) -> None:
    label = (np.random.default_rng(0).random(rows) < 0.2).astype(np.int64)
    folds = carve(label, classes=True, moments=None, seed=3)
    assert len(folds) == (5 if rows < 2_000 else 1)
    for fitting, judging in folds:
        assert sorted([*fitting, *judging]) == list(range(rows))
        assert abs(len(judging) - rows / 5) <= 1
        assert abs(label[judging].sum() - label.sum() / 5) <= 1
    if len(folds) > 1:
        assert sorted(np.concatenate([judging for _, judging in folds])) == list(range(rows))


def test_folds_by_time_judge_on_the_latest() -> None:
    moments = np.random.default_rng(0).permutation(1_000).astype("datetime64[s]")
    ((fitting, judging),) = carve(np.zeros(1_000), classes=True, moments=moments, seed=0)
    assert len(judging) == 200
    assert moments[fitting].max() < moments[judging].min()
