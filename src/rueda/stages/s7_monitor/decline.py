"""Decline: whether a release is worse in production than on its holdout, once labels came."""

from __future__ import annotations

import math

from rueda.artifacts.reference import Reference
from rueda.artifacts.window import Window
from rueda.kernel.digest import Json
from rueda.stages.s7_monitor.answers import Answered, answered, own_rows
from rueda.stages.s7_monitor.spec import Monitor
from rueda.tallies.answers import answers_of
from rueda.tallies.estimate import Measured, Undefined, measurement
from rueda.tallies.metric import METRICS, measure

CONFIDENCE = 0.95


def quality_now(spec: Monitor, reference: Reference, window: Window) -> dict[str, Json]:
    """``{metric: {"value", "low", "high", "rows"}}`` of all labeled rows, whichever release
    answered.
    """
    (metric,) = reference.quality
    measured, rows = _measured(spec, metric, reference, answered(window.rows, reference))
    return {metric: {**measurement(measured, CONFIDENCE), "rows": rows}}


def decline(spec: Monitor, reference: Reference, window: Window) -> dict[str, Json]:
    """``{"metric", "promised", "value", "low", "high", "threshold", "rows", "verdict"}`` of the
    rows that the reference's release answered itself.

    ``verdict`` is ``yes`` when the metric is worse than ``promised`` on the holdout by more than
    chance explains: one-sided, both sides' errors counted, at half of the window's error rate.
    """
    (metric,) = reference.quality
    promised = reference.quality[metric]
    measured, rows = _measured(spec, metric, reference, own_rows(window, reference))
    tree: dict[str, Json] = {
        "metric": metric,
        "promised": {key: promised[key] for key in ("value", "low", "high")},
        **measurement(measured, CONFIDENCE),
        "rows": rows,
        "threshold": None,
        "verdict": "cannot tell",
    }
    if promised["value"] is None:
        return {**tree, "reason": f"there was none on the holdout: {promised['reason']}"}
    if isinstance(measured, Undefined):
        return tree
    from scipy.special import ndtri

    sign = 1 if METRICS[metric].higher_is_better else -1
    error_rate = spec.error_rate(window.seconds or spec.window_s) / 2
    reach = -float(ndtri(error_rate)) * math.hypot(measured.error, promised["error"])
    threshold = promised["value"] - sign * reach
    worse = sign * (measured.value - threshold) < 0
    return {**tree, "threshold": threshold, "verdict": "yes" if worse else "no"}


def _measured(
    spec: Monitor, metric: str, reference: Reference, rows: Answered
) -> tuple[Measured, int]:
    judged, _ = answers_of(reference.task, reference.classes, rows.label, rows.scores)
    if len(judged) < spec.min_rows:
        few = f"not enough: {len(judged):,} of at least {spec.min_rows:,} labels"
        return Undefined(few), len(judged)
    return measure(metric, judged), len(judged)
