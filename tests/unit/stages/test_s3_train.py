"""Training: the task, the search, the rows that it sees, and what is kept of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.artifacts.model import Model
from rueda.artifacts.preparation import Preparation
from rueda.artifacts.profile import write_profile
from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context
from rueda.stages.s2_prepare import PREPARE, Prepare
from rueda.stages.s3_train import TRAIN, Float, Int, Train
from rueda.tallies.profile import ProfileTally

ROWS = 600


def table(rows: int = ROWS, seed: int = 0) -> pa.RecordBatch:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=rows), rng.normal(size=rows)
    return pa.RecordBatch.from_pydict(
        {
            "x": pa.array(x, mask=rng.random(rows) < 0.05),
            "z": z,
            "color": rng.choice(["red", "green", "blue"], rows),
            "when": pa.array(np.arange(rows) * 3_600_000_000, pa.timestamp("us", "UTC")),
            "late": x + z + rng.normal(size=rows) > 0,
        }
    )


def prepared(
    context: Context, batch: pa.RecordBatch, label: str = "late", time: str | None = None
) -> dict[str, Artifact]:
    """The artifacts that training needs, all rows on the training side."""
    dataset = write_dataset(context.store, batch.schema, {"train": [batch]}, label=label, time=time)
    rows = Dataset.open(context.store, dataset).split("train")
    tally = ProfileTally.of_schema(batch.schema)
    profile = write_profile(context.store, tally, context.engine.tally(tally, rows.chunks))
    found = PREPARE.run(Prepare(), {"dataset": dataset, "profile": profile}, context)
    return {"dataset": dataset, **found}


def trained(context: Context, spec: Train, batch: pa.RecordBatch, **roles: str) -> Model:
    inputs = prepared(context, batch, **roles)
    return Model.open(context.store, TRAIN.run(spec, inputs, context)["model"])


def test_a_model_is_fitted_on_the_prepared_matrix(context: Context) -> None:
    batch = table()
    inputs = prepared(context, batch)
    model = Model.open(
        context.store, TRAIN.run(Train(LogisticRegression()), inputs, context)["model"]
    )
    preparation = Preparation.open(context.store, inputs["preparation"])
    matrix = preparation.matrix(batch)
    expected = LogisticRegression(random_state=7).fit(matrix, batch["late"].to_numpy(False))
    assert np.array_equal(model.score(matrix), expected.predict_proba(matrix))
    assert (model.task, model.classes, model.trainer) == ("binary", (False, True), "sklearn")
    assert model.features == preparation.outputs


def test_search(context: Context) -> None:
    spec = Train(
        HistGradientBoostingClassifier(max_iter=5),
        search={"learning_rate": Float(0.01, 0.5, log=True), "max_leaf_nodes": Int(3, 20)},
        trials=4,
    )
    model = trained(context, spec, table())
    assert len(model.trials) == 4
    print(model.trials, model.params)
