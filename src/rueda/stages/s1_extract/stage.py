"""The stage as the wheel sees it; what it does is imported when it runs."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context, Stage
from rueda.stages.s1_extract.spec import Extract


def _run(spec: Extract, inputs: Mapping[str, Artifact], context: Context) -> Mapping[str, Artifact]:
    from rueda.stages.s1_extract.extraction import extract

    return extract(spec, inputs, context)


EXTRACT = Stage(
    name="extract",
    version=2,
    needs=("source",),
    optional=("schema",),
    makes=("dataset", "profile", "schema", "anomalies"),
    run=_run,
    distributions=("duckdb", "numpy", "pyarrow"),
)
