"""Judge: a window against a reference: what moved, what it cost, and which alarms to raise."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.artifacts.alarms import write_alarms
from rueda.artifacts.reference import Reference
from rueda.artifacts.window import Window
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json
from rueda.kernel.stage import Context
from rueda.stages.s7_monitor.answers import PREDICTIONS
from rueda.stages.s7_monitor.decline import decline, quality_now
from rueda.stages.s7_monitor.drift import drifted
from rueda.stages.s7_monitor.say import decline_alarm, drift_alarm, facts_of
from rueda.stages.s7_monitor.spec import Monitor


def judge(spec: Monitor, inputs: Mapping[str, Artifact], context: Context) -> Artifact:
    """The alarms of a window, and everything that was looked at."""
    store = context.store
    reference = Reference.open(store, inputs["reference"])
    window = Window.open(store, inputs["window"])
    found = list(drifted(spec, reference, window, context.seed)) if spec.drift else []
    quality = decline(spec, reference, window)
    alarms = [drift_alarm(moved, window) for moved in found if moved.verdict == "yes"]
    if quality["verdict"] == "yes":
        alarms.append(decline_alarm(quality, window))
    plain = {moved.name: moved.to_json() for moved in found}
    judgement: dict[str, Json] = {
        "start": window.start,
        "end": window.end,
        "predictions": window.predictions,
        "labeled": window.labeled,
        "prediction": plain.pop(PREDICTIONS, None),
        "drift": plain,
        "quality": quality_now(spec, reference, window),
        "decline": quality,
        "clock": list(reference.clock),
        "facts": facts_of(found),
    }
    meta = {
        "name": window.name,
        "release": reference.release,
        "reference": reference.artifact.digest,
        "window": window.artifact.digest,
    }
    return write_alarms(store, alarms, judgement, meta)
