"""Train: fit a model on the training rows; search its parameters first, if asked to."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context, Stage
from rueda.stages.s3_train.spec import Train


def train(spec: Train, inputs: Mapping[str, Artifact], context: Context) -> dict[str, Artifact]:
    """Fit ``spec`` on the training side of the dataset, seen through the preparation."""
    from rueda.stages.s3_train.fit import fit

    return fit(spec, inputs["dataset"], inputs["preparation"], context)


TRAIN = Stage(
    name="train",
    version=2,
    needs=("dataset", "preparation"),
    makes=("model", "trials"),
    run=train,
    distributions=("numpy", "pyarrow", "scikit-learn", "skops"),
)
