"""Monitor: the reference of a release, and the judgement of a window."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context, Stage
from rueda.stages.s7_monitor.spec import Monitor


def _reference(
    spec: Monitor, inputs: Mapping[str, Artifact], context: Context
) -> Mapping[str, Artifact]:
    from rueda.stages.s7_monitor.refer import refer

    return {"reference": refer(spec, inputs, context)}


def _alarms(
    spec: Monitor, inputs: Mapping[str, Artifact], context: Context
) -> Mapping[str, Artifact]:
    from rueda.stages.s7_monitor.judge import judge

    return {"alarms": judge(spec, inputs, context)}


MONITOR = Stage(
    name="monitor",
    version=1,
    needs=("release", "dataset", "profile"),
    makes=("reference",),
    run=_reference,
    distributions=("numpy", "pyarrow", "scipy", "onnxruntime"),
)

JUDGE = Stage(
    name="judge",
    version=1,
    needs=("reference", "window"),
    makes=("alarms",),
    run=_alarms,
    distributions=("numpy", "pyarrow", "scipy"),
)
