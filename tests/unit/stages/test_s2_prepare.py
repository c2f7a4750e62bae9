"""Preparing: features only, training rows only, and steps by choice or by themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.artifacts.preparation import Impute, OneHot, Preparation, Scale
from rueda.artifacts.profile import write_profile
from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import SpecError
from rueda.kernel.stage import Context
from rueda.stages.s2_prepare import PREPARE, Prepare
from rueda.tallies.profile import ProfileTally


def batch(rows: int, seed: int) -> pa.RecordBatch:
    drawn = np.random.default_rng(seed)
    return pa.RecordBatch.from_pydict(
        {
            "id": [f"{seed}-{row}" for row in range(rows)],
            "x": pa.array(drawn.normal(seed, 1, rows), mask=drawn.random(rows) < 0.1),
            "color": drawn.choice(["red", "blue"], rows).tolist(),
            "late": drawn.random(rows) < 0.5,
        }
    )


def inputs(context: Context) -> dict[str, Artifact]:
    train, holdout = batch(300, 0), batch(100, 50)
    dataset = write_dataset(
        context.store, train.schema, {"train": [train], "holdout": [holdout]},
        label="late", key="id",
    )  # fmt: skip
    tally = ProfileTally.of_schema(train.schema)
    chunks = Dataset.open(context.store, dataset).split("train").chunks
    profile = write_profile(context.store, tally, context.engine.tally(tally, chunks))
    return {"dataset": dataset, "profile": profile}


def prepared(context: Context, spec: Prepare) -> Preparation:
    found = PREPARE.run(spec, inputs(context), context)
    assert set(found) == set(PREPARE.makes)
    return Preparation.open(context.store, found["preparation"])


def test_label_and_key_are_no_features(context: Context) -> None:
    preparation = prepared(context, Prepare(Impute(), OneHot()))
    assert [field.name for field in preparation.inputs] == ["x", "color"]


def test_the_holdout_is_not_looked_at(context: Context) -> None:
    """Holdout rows lie around 50, training rows around 0."""
    step = prepared(context, Prepare(Impute(), OneHot(), Scale())).steps[2]
    train = batch(300, 0)["x"].to_numpy(zero_copy_only=False)
    filled = np.where(np.isnan(train), np.nanmedian(train), train)
    assert step.center == [pytest.approx(filled.mean())]  # type: ignore[attr-defined]


def test_without_steps_they_are_chosen(context: Context) -> None:
    preparation = prepared(context, Prepare())
    assert preparation.outputs == ("x", "x is null", "color=blue", "color=red")


def test_the_same_inputs_give_the_same_artifact(context: Context) -> None:
    given = inputs(context)
    assert PREPARE.run(Prepare(), given, context) == PREPARE.run(Prepare(), given, context)


def test_steps_that_are_none_are_refused() -> None:
    for wrong in (Impute, "Impute", None, ["x"]):
        with pytest.raises(SpecError, match="Prepare takes steps"):
            Prepare(wrong)  # type: ignore[arg-type]
