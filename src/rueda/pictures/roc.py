"""ROC: how many positives are found for each share of false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows

POINTS = 200


def roc_picture(curves: Sequence[Mapping[str, Json]]) -> Spec:
    """The curves of ``scorecard.curves["roc"]``, one for each class shown."""
    points = [point for curve in curves for point in _points(curve)]
    several = len(curves) > 1
    line: dict[str, Json] = {
        "x": _rate("alarms", "false positive rate"),
        "y": _rate("found", "true positive rate"),
        "order": {"field": "place", "type": "quantitative"},
        "tooltip": [
            {"field": "alarms", "format": ".1%", "title": "false positive rate"},
            {"field": "found", "format": ".1%", "title": "true positive rate"},
            {"field": "threshold", "format": ".3f"},
        ],
    }
    if several:
        line["color"] = {"field": "class", "type": "nominal", "title": "class"}
    return picture(
        "ROC curve",
        "True positive rate against false positive rate at every threshold",
        height=300,
        layer=[
            {
                "data": rows([{"alarms": 0, "found": 0}, {"alarms": 1, "found": 1}]),
                "mark": {"type": "line", "style": "reference"},
                "encoding": {"x": line["x"], "y": line["y"]},
            },
            {"data": rows(points), "mark": {"type": "line", "tooltip": True}, "encoding": line},
        ],
    )


def _rate(field: str, title: str) -> dict[str, Json]:
    axis = {"format": ".0%", "tickCount": 5}
    return {
        "field": field, "type": "quantitative", "title": title,
        "scale": {"domain": [0, 1]}, "axis": axis,
    }  # fmt: skip


def _points(curve: Mapping[str, Json]) -> list[dict[str, Json]]:
    """At most ``POINTS`` of the curve, its ends among them."""
    rates = list(zip(curve["false_positive_rate"], curve["true_positive_rate"], strict=True))
    thresholds = curve["threshold"]
    step = max(1, -(-len(rates) // POINTS))
    places = sorted({*range(0, len(rates), step), len(rates) - 1}) if rates else []
    return [
        {
            "class": str(curve["class"]),
            "alarms": rates[i][0],
            "found": rates[i][1],
            "threshold": thresholds[i] if i < len(thresholds) else None,
            "place": i,
        }
        for i in places
    ]
