"""Say: alarms and facts in plain sentences, with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from rueda.artifacts.scorecard import number_text as text
from rueda.artifacts.window import Window
from rueda.kernel.digest import Json, digest_json
from rueda.stages.s7_monitor.answers import PREDICTIONS
from rueda.stages.s7_monitor.drift import Moved

SEVERE = {"js": (0.05, 0.2), "linf": (0.1, 0.3), "psi": (0.1, 0.25)}
"""From where on drift is of medium and of high severity."""

MORE_NULLS = 0.05
MANY = 0.01
_MEASURES = {
    "js": "Jensen-Shannon divergence",
    "linf": "largest difference of a share",
    "psi": "population stability index",
}


def drift_alarm(moved: Moved, window: Window) -> dict[str, Json]:
    """The alarm for a feature, or for the predictions, that drifted."""
    predictions = moved.name == PREDICTIONS
    kind = "prediction drift" if predictions else "drift"
    title = "the predictions" if predictions else moved.name
    usual, now = moved.usual / moved.usual.sum(), moved.now / moved.now.sum()
    place = int(np.argmax(np.abs(now - usual)))
    sentence = (
        f"{title} drifted: {moved.bins.label(place)} is {_percent(now[place])} of the rows and was"
        f" {_percent(usual[place])} in {'the holdout' if predictions else 'training'}"
        f" ({_MEASURES[moved.measure]} {text(moved.value)}, usual up to {text(moved.threshold)})"
    )
    evidence = {
        "rows": int(moved.now.sum()),
        "bins": [moved.bins.label(i) for i in range(moved.bins.size)],
        "usual": usual.tolist(),
        "now": now.tolist(),
    }
    return {
        **_head(kind, None if predictions else moved.name, moved.measure, window),
        "sentence": sentence,
        "severity": _severity(moved),
        "value": moved.value,
        "threshold": moved.threshold,
        "evidence": evidence,
    }


def decline_alarm(found: Mapping[str, Json], window: Window) -> dict[str, Json]:
    """The alarm for a release that is worse than its holdout promised."""
    promised = found["promised"]
    metric = found["metric"]
    sentence = (
        f"{metric} fell short: {_interval(found)} on {found['rows']:,} labeled rows, after"
        f" {_interval(promised)} on the holdout"
    )
    apart = found["high"] < promised["low"] or found["low"] > promised["high"]
    return {
        **_head("quality", None, metric, window),
        "sentence": sentence,
        "severity": "high" if apart else "medium",
        "value": found["value"],
        "threshold": found["threshold"],
        "evidence": dict(found),
    }


def facts_of(found: Iterable[Moved]) -> list[dict[str, Json]]:
    """What is worth knowing besides drift: values that training never saw, and more nulls."""
    facts = []
    for moved in found:
        rows = int(moved.now.sum())
        if moved.name == PREDICTIONS or not rows or not moved.usual.sum():
            continue
        for place, kind in _strange(moved):
            share = moved.now[place] / rows
            facts.append(
                {
                    "column": moved.name,
                    "kind": kind,
                    "rows": int(moved.now[place]),
                    "sentence": f"{moved.name}: {_percent(share)} of the rows {_WORDS[kind]}",
                }
            )
    return facts


_WORDS = {
    "new values": "have values that training never saw",
    "out of range": "lie outside of what training saw",
    "nulls": "are missing, many more than in training",
}


def _strange(moved: Moved) -> Iterable[tuple[int, str]]:
    """The bins that training left empty and the window did not."""
    last = moved.bins.size - 1
    if moved.bins.values is not None:
        if moved.now[last - 1] and not moved.usual[last - 1]:
            yield last - 1, "new values"
    else:
        for place in {0, last - 1}:
            if moved.now[place] >= MANY * moved.now.sum() and not moved.usual[place]:
                yield place, "out of range"
    more = moved.now[last] / moved.now.sum() - moved.usual[last] / moved.usual.sum()
    if more > MORE_NULLS:
        yield last, "nulls"


def _head(kind: str, feature: str | None, measure: str, window: Window) -> dict[str, Json]:
    """What names an alarm: the same window and feature give the same id."""
    named = {
        "model": window.name,
        "kind": kind,
        "feature": feature,
        "measure": measure,
        "since": window.start,
    }
    identity = digest_json({**named, "end": window.end})[:16]
    return {"id": identity, **{key: named[key] for key in ("kind", "feature", "since", "measure")}}


def _severity(moved: Moved) -> str:
    assert moved.value is not None
    medium, high = SEVERE[moved.measure]
    return "high" if moved.value >= high else "medium" if moved.value >= medium else "low"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _interval(found: Mapping[str, Json]) -> str:
    return f"{text(found['value'])} ({text(found['low'])} to {text(found['high'])})"
