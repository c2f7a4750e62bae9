"""Evaluate: judge a model on the holdout."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context, Stage
from rueda.stages.s4_evaluate.spec import Evaluate


def _run(
    spec: Evaluate, inputs: Mapping[str, Artifact], context: Context
) -> Mapping[str, Artifact]:
    from rueda.stages.s4_evaluate.judge import evaluate

    return {"scorecard": evaluate(spec, inputs, context)}


EVALUATE = Stage(
    name="evaluate",
    version=1,
    needs=("dataset", "preparation", "model"),
    optional=("champion",),
    makes=("scorecard",),
    run=_run,
    distributions=("numpy", "pyarrow", "scipy"),
)
