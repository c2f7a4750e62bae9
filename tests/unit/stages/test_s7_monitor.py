"""Monitor: quiet while nothing changes, loud when it does, silent when it cannot know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.linear_model import LinearRegression, LogisticRegression

from rueda.artifacts.alarms import Alarms
from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.artifacts.model import write_model
from rueda.artifacts.preparation.fit import fit_preparation
from rueda.artifacts.preparation.preparation import write_preparation
from rueda.artifacts.profile import write_profile
from rueda.artifacts.reference import Reference
from rueda.artifacts.release import Release
from rueda.artifacts.window import Window, build_window
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest
from rueda.kernel.errors import SpecError, UnknownName
from rueda.kernel.plugins import load_plugin
from rueda.kernel.stage import Context
from rueda.stages.s7_monitor import JUDGE, MONITOR, Monitor, OnAlarm
from rueda.stages.s7_monitor.decline import decline
from rueda.stages.s7_monitor.measure import apart
from rueda.tallies.profile import ProfileTally

DAYS = 120
LIVE = datetime(2013, 6, 1, tzinfo=UTC)
SCORES = pa.list_(pa.float64())
MOMENT = pa.timestamp("us", tz="UTC")
CLASSES = ["a low", "b mid", "c top"]
FEATURES = ("x", "slow", "kind", "month", "const")


def rows(
    n: int,
    seed: int,
    *,
    start: datetime = datetime(2013, 1, 1, tzinfo=UTC),
    days: float = DAYS,
    shift: float = 0.0,
    kinds: str = "aabc",
    flip: bool = False,
    task: str = "binary",
) -> pa.RecordBatch:
    """Flights-like rows: ``slow`` follows a weather of some days, ``month`` is the clock."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.random(n)) * days
    weather = np.sin(day / 5.3) + 0.7 * np.sin(day / 2.1 + 1)
    time = [start + timedelta(days=float(d)) for d in day]
    x = rng.normal(size=n) + shift
    signal = (-x if flip else x) * 1.5 + rng.normal(size=n)
    return pa.RecordBatch.from_pydict(
        {
            "time": pa.array(time, MOMENT),
            "x": x,
            "slow": weather + rng.normal(size=n),
            "kind": np.array(list(kinds))[rng.integers(0, len(kinds), n)],
            "month": pa.array([t.month for t in time], pa.int64()),
            "const": np.full(n, 5.0),
            "y": label_of(signal, task),
        }
    )


def label_of(signal: np.ndarray, task: str) -> np.ndarray:
    if task == "regression":
        return signal
    return signal > 0 if task == "binary" else np.array(CLASSES)[np.digitize(signal, [-1, 1])]


@dataclass(frozen=True)
class World:
    """A release with its reference, and windows to hold against it."""

    context: Context
    release: Artifact
    reference: Artifact
    spec: Monitor

    def window(
        self, batch: pa.RecordBatch, *, labeled: int | None = None, days: int = 30
    ) -> Artifact:
        n = batch.num_rows
        scores = Release.open(self.context.store, self.release).score(batch) if n else []
        ids = [f"p{i}" for i in range(n)]
        predictions = pa.table(
            {
                "id": pa.array(ids, pa.string()),
                "at": batch.column("time"),
                "event_at": batch.column("time"),
                "release": pa.array([self.release.digest] * n, pa.string()),
                "label": pa.nulls(n),
                "scores": pa.array([np.atleast_1d(s).tolist() for s in scores], SCORES),
                "row": pa.StructArray.from_arrays(
                    [batch.column(name) for name in FEATURES], names=list(FEATURES)
                ),
            }
        )
        told = pa.table(
            {"id": predictions["id"], "value": batch.column("y"), "at": predictions["at"]}
        )
        told = told.slice(0, n if labeled is None else labeled)
        return build_window(
            self.context.store, predictions, told,
            name="test", start=LIVE, end=LIVE + timedelta(days=days),
        )  # fmt: skip

    def judged(self, batch: pa.RecordBatch, **more: int) -> Alarms:
        inputs = {"reference": self.reference, "window": self.window(batch, **more)}
        outputs = JUDGE.run(self.spec, inputs, self.context)
        assert tuple(outputs) == JUDGE.makes
        return Alarms.open(self.context.store, outputs["alarms"])

    @property
    def opened(self) -> Reference:
        return Reference.open(self.context.store, self.reference)


def live(n: int = 3000, seed: int = 1, **more: object) -> pa.RecordBatch:
    return rows(n, seed, start=LIVE, days=30, **more)  # type: ignore[arg-type]


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(context: Context, make_release: Callable[..., Artifact]) -> MakeWorld:
    def make(
        spec: Monitor | None = None,
        *,
        time: str | None = "time",
        n: int = 12_000,
        task: str = "binary",
    ) -> World:
        store = context.store
        spec = spec or Monitor()
        train, held = rows(n, 0, task=task), rows(n // 3, 2, task=task)
        sides = {"train": [train], "holdout": [held]}
        dataset = write_dataset(store, train.schema, sides, label="y", time=time)
        chunks = Dataset.open(store, dataset).split("train").chunks
        schema = pa.schema([train.schema.field(name) for name in ("x", "slow")])
        preparation = fit_preparation([], schema, chunks, context.engine)
        label = train.column("y").to_numpy(zero_copy_only=False)
        classes = {"binary": [False, True], "multiclass": CLASSES, "regression": []}[task]
        numbers = np.searchsorted(classes, label) if classes else label
        estimator = LogisticRegression() if classes else LinearRegression()
        fitted = load_plugin("trainer", "sklearn")().fit(
            estimator, {}, preparation.matrix(train), numbers, task=task, seed=0
        )
        model = write_model(
            store, fitted, trainer="sklearn", task=task, classes=classes,
            features=preparation.outputs, params={}, trials=[],
        )  # fmt: skip
        stored = write_preparation(store, preparation)
        release = make_release(store, train.schema, stored, model, time, FEATURES)
        tally = ProfileTally.of_schema(train.schema)
        profile = write_profile(store, tally, context.engine.tally(tally, chunks))
        inputs = {"release": release, "dataset": dataset, "profile": profile}
        reference = MONITOR.run(spec, inputs, context)["reference"]
        return World(context, release, reference, spec)

    return make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()


def test_a_usual_month_is_quiet(world: World) -> None:
    found = world.judged(live())
    assert list(found) == []
    assert {one["verdict"] for one in found.judgement["drift"].values()} == {"no"}
    assert found.judgement["prediction"]["verdict"] == "no"
    assert found.judgement["decline"]["verdict"] == "no"
    assert found.judgement["labeled"] == found.judgement["predictions"] == 3000


def test_the_clock_is_named_once_and_raises_no_alarm(world: World) -> None:
    found = world.judged(live())
    assert found.judgement["clock"] == ["month"]
    assert "month" not in found.judgement["drift"]


def test_a_shift_is_told_in_a_sentence(world: World) -> None:
    found = world.judged(live(shift=1.5))
    kinds = {(alarm["kind"], alarm["feature"]) for alarm in found}
    assert ("drift", "x") in kinds
    assert ("prediction drift", None) in kinds
    alarm = next(a for a in found if a["feature"] == "x")
    assert alarm["sentence"].startswith("x drifted: ")
    assert alarm["since"] == "2013-06-01T00:00:00.000000Z"
    assert alarm["value"] > alarm["threshold"]
    assert sum(alarm["evidence"]["now"]) == pytest.approx(1)
    assert alarm["severity"] == "high"


def test_a_new_category_is_told(world: World) -> None:
    found = world.judged(live(kinds="aabcd"))
    assert found.judgement["drift"]["kind"]["verdict"] == "yes"
    (fact,) = found.judgement["facts"]
    assert (fact["column"], fact["kind"]) == ("kind", "new values")
    assert "never saw" in fact["sentence"]


def test_a_constant_that_changes_is_drift(world: World) -> None:
    batch = live()
    at = batch.schema.get_field_index("const")
    found = world.judged(batch.set_column(at, "const", pa.array(np.full(3000, 6.0))))
    assert [a["feature"] for a in found] == ["const"]


def test_a_decline_is_told_with_its_interval(world: World) -> None:
    found = world.judged(live(flip=True))
    (alarm,) = [a for a in found if a["kind"] == "quality"]
    assert (alarm["measure"], alarm["severity"]) == ("roc_auc", "high")
    assert alarm["value"] < alarm["threshold"] < alarm["evidence"]["promised"]["value"]
    assert "roc_auc fell short" in alarm["sentence"]
    quality = found.judgement["quality"]["roc_auc"]
    assert quality["low"] < quality["value"] < quality["high"] < 0.5


def test_labels_that_have_not_come_are_no_decline(world: World) -> None:
    found = world.judged(live(flip=True), labeled=50)
    assert found.judgement["decline"]["verdict"] == "cannot tell"
    assert "not enough" in found.judgement["quality"]["roc_auc"]["reason"]
    assert found.judgement["labeled"] == 50
    assert [a for a in found if a["kind"] == "quality"] == []


def test_rows_of_another_release_are_not_held_against_this_one(world: World) -> None:
    window = Window.open(world.context.store, world.window(live(flip=True)))
    found = decline(world.spec, replace(world.opened, release=Digest("0" * 64)), window)
    assert (found["rows"], found["verdict"]) == (0, "cannot tell")


def odd(batch: pa.RecordBatch, name: str, values: object) -> pa.RecordBatch:
    at = batch.schema.get_field_index(name)
    return batch.set_column(at, name, pa.array(values, batch.schema.field(name).type))


@pytest.mark.parametrize("n", [0, 1, 2, 30, 199])
def test_windows_below_the_minimum_raise_no_alarm(world: World, n: int) -> None:
    """F45: not even where everything changed."""
    found = world.judged(live(n, shift=9.0, kinds="z", flip=True))
    assert list(found) == []
    assert {one["verdict"] for one in found.judgement["drift"].values()} == {"cannot tell"}
    assert all("not enough" in one["reason"] for one in found.judgement["drift"].values())


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e308, -0.0])
def test_constant_and_odd_windows_are_no_crash(world: World, value: float | None) -> None:
    """F45: all null, NaN, infinite, constant; it is drift, and it is told."""
    batch = odd(live(500), "x", [value] * 500)
    found = judged_with_rows(world, live(500), batch)
    assert found.judgement["drift"]["x"]["verdict"] == "yes"
    json.dumps(found.judgement, allow_nan=False)


def judged_with_rows(world: World, answered: pa.RecordBatch, logged: pa.RecordBatch) -> Alarms:
    """A window whose log holds other inputs than those that were scored."""
    n = answered.num_rows
    scores = Release.open(world.context.store, world.release).score(answered)
    table = pa.table(
        {
            "id": [f"p{i}" for i in range(n)],
            "at": answered.column("time"),
            "event_at": answered.column("time"),
            "release": [world.release.digest] * n,
            "label": scores[:, 1] > 0.5,
            "scores": pa.array(scores.tolist()),
            "row": pa.StructArray.from_arrays(
                [logged.column(name) for name in FEATURES if name in logged.schema.names],
                names=[name for name in FEATURES if name in logged.schema.names],
            ),
        }
    )
    none = pa.table(
        {"id": pa.array([], pa.string()), "value": pa.nulls(0), "at": pa.array([], MOMENT)}
    )
    window = build_window(
        world.context.store, table, none, name="test", start=LIVE, end=LIVE + timedelta(days=30)
    )
    outputs = JUDGE.run(world.spec, {"reference": world.reference, "window": window}, world.context)
    return Alarms.open(world.context.store, outputs["alarms"])


def test_missing_and_wrong_columns_cannot_be_told(world: World) -> None:
    batch = live(500)
    at = batch.schema.get_field_index("x")
    words = batch.set_column(at, "x", pa.array(["many words"] * 500)).drop_columns(["slow"])
    found = judged_with_rows(world, batch, words)
    drift = found.judgement["drift"]
    assert (drift["x"]["verdict"], drift["slow"]["verdict"]) == ("cannot tell", "cannot tell")
    assert drift["slow"]["reason"] == "the log does not hold it"
    assert drift["kind"]["verdict"] == "no"


def test_without_a_time_column_random_rows_are_the_usual(make_world: MakeWorld) -> None:
    world = make_world(time=None)
    assert world.opened.clock == []
    shuffled = rows(12_000, 0).take(pa.array(np.random.default_rng(5).permutation(12_000)[:3000]))
    moved = odd(shuffled, "time", live().column("time").to_pylist())
    assert list(world.judged(moved)) == []
    assert any(a["feature"] == "x" for a in world.judged(live(shift=1.0)))


def test_random_halves_of_training_raise_hardly_an_alarm(world: World) -> None:
    train = rows(12_000, 0)
    time = live().column("time").to_pylist()
    alarms = 0
    for seed in range(25):
        pick = np.random.default_rng(seed).choice(12_000, 3000, replace=False)
        alarms += len(world.judged(odd(train.take(pa.array(pick)), "time", time)))
    assert alarms <= 2


def test_the_same_inputs_give_the_same_alarms(world: World) -> None:
    first, second = world.judged(live(shift=1.0)), world.judged(live(shift=1.0))
    assert first.artifact == second.artifact
    assert [a["id"] for a in first] == [a["id"] for a in second]
    assert len({a["id"] for a in first}) == len(first)


def test_drift_can_be_left_out(make_world: MakeWorld) -> None:
    world = make_world(Monitor(drift=False, quality="log_loss"))
    found = world.judged(live(shift=3.0, flip=True))
    assert [a["kind"] for a in found] == ["quality"]
    assert found.judgement["drift"] == {}


@pytest.mark.parametrize("measure", ["linf", "psi"])
def test_other_measures(make_world: MakeWorld, measure: str) -> None:
    world = make_world(Monitor(measure=measure))
    assert list(world.judged(live())) == []
    assert any(a["feature"] == "x" for a in world.judged(live(shift=1.5)))


def test_distances_against_scipy() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        left, right = rng.integers(0, 50, 12), rng.integers(0, 50, 12) + 1
        expected = jensenshannon(left, right, base=2) ** 2
        assert apart("js", left, right) == pytest.approx(expected, abs=1e-12)
        p, q = left / left.sum(), right / right.sum()
        assert apart("linf", left, right) == pytest.approx(np.abs(p - q).max())


@pytest.mark.parametrize(("task", "metric"), [("multiclass", "log_loss"), ("regression", "rmse")])
def test_other_tasks(make_world: MakeWorld, task: str, metric: str) -> None:
    world = make_world(task=task)
    assert list(world.opened.quality) == [metric]
    assert list(world.judged(live(task=task))) == []
    found = world.judged(live(task=task, shift=1.5, flip=True))
    assert {a["kind"] for a in found} == {"drift", "prediction drift", "quality"}


def test_triggers() -> None:
    alarm = {"kind": "drift", "severity": "medium"}
    assert OnAlarm().wants(alarm)
    assert not OnAlarm(severity="high").wants(alarm)
    assert not OnAlarm(kinds="quality").wants(alarm)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean"):
        OnAlarm(kinds=("qualty",))


def test_wrong_specs_are_refused() -> None:
    with pytest.raises(UnknownName, match="roc_auc"):
        Monitor(quality="roc_acu")
    with pytest.raises(UnknownName):
        Monitor(measure="jensen")
    for wrong in (
        {"window": "a month"},
        {"false_alarms_a_year": 0},
        {"min_rows": 3},
        {"retrain": True},
    ):
        with pytest.raises(SpecError):
            Monitor(**wrong)  # type: ignore[arg-type]


def test_the_metric_must_fit_the_task(make_world: MakeWorld) -> None:
    with pytest.raises(SpecError, match="binary"):
        make_world(Monitor(quality="rmse"))
