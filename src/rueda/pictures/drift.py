"""Drift: how far each feature lies from training in each window, as a share of its threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows

MOST_FEATURES = 30


def drift_picture(windows: Sequence[Mapping[str, Json]]) -> Spec:
    """A heat map: a row for each feature, a column for each window.

    ``windows`` are ``{"window", "drift": {feature: {"measure", "value", "threshold",
    "verdict"}}}``. The color is value / threshold: beyond 1 the feature has drifted, and a dot says
    so. What cannot be told stays empty.
    """
    cells = [cell for window in windows for cell in _cells(window)]
    strength: dict[str, float] = {}
    for cell in cells:
        name = cell["feature"]
        strength[name] = max(strength.get(name, 0.0), cell["ratio"] or 0.0)
    order = sorted(strength, key=lambda name: (-strength[name], name))[:MOST_FEATURES]
    shown = [cell for cell in cells if cell["feature"] in order]
    axis = {"domain": False, "ticks": False, "grid": False}
    x = {
        "field": "window", "type": "nominal", "sort": None, "title": None,
        "axis": {**axis, "labelAngle": 0, "orient": "top"},
    }  # fmt: skip
    y = {
        "field": "feature", "type": "nominal", "sort": order, "title": None,
        "axis": {**axis, "labelLimit": 160},
    }  # fmt: skip
    return picture(
        "Drift of each feature",
        "Distance of each feature from training in each window, as a share of its threshold",
        height={"step": 20},
        data=rows(shown),
        encoding={"x": x, "y": y, "tooltip": _TIPS},
        layer=[
            {
                "mark": {"type": "rect", "cornerRadius": 2},
                "encoding": {
                    "color": {
                        "field": "ratio", "type": "quantitative",
                        "scale": {
                            "domain": [0, 0.999, 1, 2], "clamp": True,
                            "range": "diverging", "interpolate": "rgb",
                        },
                        "legend": {
                            "title": "distance / threshold", "orient": "bottom",
                            "direction": "horizontal", "gradientLength": 220,
                            "values": [0, 0.5, 1, 1.5, 2],
                        },
                    }
                },
            },
            {
                "transform": [{"filter": "datum.verdict == 'yes'"}],
                "mark": {"type": "point", "size": 30, "style": "dot"},
            },
        ],
    )  # fmt: skip


_TIPS: list[dict[str, Json]] = [
    {"field": "window"},
    {"field": "feature"},
    {"field": "measure"},
    {"field": "value", "format": ".4~g"},
    {"field": "threshold", "format": ".4~g"},
    {"field": "verdict", "title": "drifted"},
]


def _cells(window: Mapping[str, Json]) -> list[dict[str, Json]]:
    return [
        {"window": window["window"], "feature": feature, **dict(told), "ratio": _ratio(told)}
        for feature, told in window["drift"].items()
    ]


def _ratio(told: Mapping[str, Json]) -> float | None:
    value, threshold = told.get("value"), told.get("threshold")
    if value is None or threshold is None:
        return None
    if not threshold:
        return 0.0 if not value else 2.0
    return float(value) / float(threshold)
