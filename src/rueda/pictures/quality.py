"""Quality: a metric over the windows of production, with its interval, and what happened then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows


def quality_picture(
    windows: Sequence[Mapping[str, Json]], metric: str, expected: float | None = None
) -> Spec:
    """``metric`` by window.

    ``windows`` are ``{"window", "value", "low", "high", "rows", "event"}``; ``event`` is a word
    such as "retrained", or empty. The dashed rule is ``expected``: what the holdout promised.
    """
    known = [dict(one) for one in windows if one.get("value") is not None]
    order = [one["window"] for one in windows]
    x = {
        "field": "window", "type": "ordinal", "sort": order, "title": None,
        "scale": {"domain": order}, "axis": {"grid": False, "labelAngle": 0},
    }  # fmt: skip

    def y(field: str) -> dict[str, Json]:
        return {
            "field": field, "type": "quantitative", "title": metric,
            "scale": {"zero": False}, "axis": {"tickCount": 5},
        }  # fmt: skip

    layers: list[dict[str, Json]] = [
        {
            "mark": {"type": "area", "style": "band"},
            "encoding": {"x": x, "y": y("low"), "y2": {"field": "high"}},
        },
        {"mark": {"type": "line"}, "encoding": {"x": x, "y": y("value")}},
        {
            "mark": {"type": "point", "size": 60},
            "encoding": {"x": x, "y": y("value"), "tooltip": _TIPS},
        },
        {
            "transform": [{"filter": "datum.event"}],
            "mark": {"type": "text", "style": "note", "dy": -14},
            "encoding": {"x": x, "y": y("high"), "text": {"field": "event"}},
        },
    ]
    if expected is not None:
        layers.insert(0, _expected(expected, y("whole")))
    return picture(
        f"Quality in production: {metric}",
        f"{metric} in each window with its interval",
        height=260,
        data=rows(known),
        layer=layers,
    )


def _expected(value: float, y: dict[str, Json]) -> dict[str, Json]:
    return {
        "data": rows([{"whole": value}]),
        "mark": {"type": "rule", "style": "reference"},
        "encoding": {"y": y},
    }


_TIPS: list[dict[str, Json]] = [
    {"field": "window"},
    {"field": "value", "format": ".4~g"},
    {"field": "low", "format": ".4~g"},
    {"field": "high", "format": ".4~g"},
    {"field": "rows", "format": ","},
    {"field": "event"},
]
