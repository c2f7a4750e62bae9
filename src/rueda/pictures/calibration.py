"""Calibration: what the model said against what came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows


def calibration_picture(bins: Sequence[Mapping[str, Json]]) -> Spec:
    """The bins of ``scorecard.curves["calibration"]``: points with intervals about the diagonal."""
    values = [dict(one) for one in bins]
    share = all("low" in one for one in values)
    ends = [v[key] for v in values for key in ("said", "true")]
    domain = [0, 1] if share else [min(ends, default=0), max(ends, default=1)]
    axis = {"format": ".0%" if share else "~g", "tickCount": 5}

    def along(field: str, title: str) -> dict[str, Json]:
        return {
            "field": field, "type": "quantitative", "title": title,
            "scale": {"domain": domain, "nice": not share, "zero": False}, "axis": axis,
        }  # fmt: skip

    x, y = along("said", "the model said"), along("true", "came true")
    number = ".1%" if share else ".4~g"
    tips = [
        {"field": "said", "title": "the model said", "format": number},
        {"field": "true", "title": "came true", "format": number},
        {"field": "rows", "format": ","},
    ]
    layers: list[dict[str, Json]] = [
        {
            "data": rows([{"said": end, "true": end} for end in domain]),
            "mark": {"type": "line", "style": "reference"},
            "encoding": {"x": x, "y": y},
        }
    ]
    if share:
        layers.append(
            {
                "data": rows(values),
                "mark": {"type": "rule", "style": "interval", "opacity": 0.55},
                "encoding": {"x": x, "y": along("low", "came true"), "y2": {"field": "high"}},
            }
        )
    layers.append(
        {
            "data": rows(values),
            "mark": {"type": "point"},
            "encoding": {
                "x": x,
                "y": y,
                "size": {
                    "field": "rows", "type": "quantitative", "legend": None,
                    "scale": {"range": [25, 220]},
                },
                "tooltip": tips,
            },
        }
    )  # fmt: skip
    return picture(
        "Calibration",
        "What the model said against how often it came true; on the diagonal it is right",
        height=300,
        layer=layers,
    )
