"""Intervals: values with what is known of each, one below the other: metrics and slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows

MOST_SLICES = 24


def metric_picture(
    name: str,
    metric: Mapping[str, Json],
    baseline: Mapping[str, Json] | None = None,
    champion: Mapping[str, Json] | None = None,
) -> Spec:
    """One metric of the model with its interval, beside the champion's and the baseline's."""
    told = (("this model", metric), ("champion", champion), ("baseline", baseline))
    marks = [
        {"who": who, "value": one["value"], "low": one.get("low"), "high": one.get("high")}
        for who, one in told
        if one and one.get("value") is not None
    ]
    return picture(
        name,
        f"{name} with its interval, beside what else is known",
        height={"step": 22},
        **_ranged("who", marks, None),
    )


def slices_picture(
    slices: Sequence[Mapping[str, Json]], metric: str, overall: float | None = None
) -> Spec:
    """``metric`` in each slice with its interval, the worst first; the rule is the whole."""
    known = [one for one in slices if one["metrics"].get(metric, {}).get("value") is not None]
    shown = [
        {"slice": one["slice"], "rows": one["rows"], **one["metrics"][metric]}
        for one in known[:MOST_SLICES]
    ]
    title: Json = f"{metric} by slice"
    if len(known) > len(shown):
        title = {"text": title, "subtitle": f"the worst {len(shown)} of {len(known)}"}
    spec = picture("", f"{metric} in each slice with its interval, the worst first")
    return {
        **spec,
        "title": title,
        "height": {"step": 19},
        **_ranged("slice", shown, overall, metric),
    }


def _ranged(
    field: str, values: list[dict[str, Json]], overall: float | None, title: str | None = None
) -> dict[str, Json]:
    """Dots with intervals, one a row, and a dashed rule at ``overall``."""
    y = {
        "field": field, "type": "nominal", "sort": None, "title": None,
        "axis": {"domain": False, "ticks": False, "grid": False, "labelLimit": 220},
    }  # fmt: skip
    x = {"type": "quantitative", "title": title, "scale": {"zero": False}, "axis": {"tickCount": 5}}
    tips = [
        {"field": field, "type": "nominal"},
        {"field": "value", "type": "quantitative", "format": ".4~g"},
        {"field": "low", "type": "quantitative", "format": ".4~g"},
        {"field": "high", "type": "quantitative", "format": ".4~g"},
    ]
    if values and "rows" in values[0]:
        tips.append({"field": "rows", "type": "quantitative", "format": ","})
    layers: list[dict[str, Json]] = [
        {
            "mark": {"type": "rule", "style": "interval", "opacity": 0.45},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point"},
            "encoding": {"y": y, "x": {**x, "field": "value"}, "tooltip": tips},
        },
    ]
    if overall is not None:
        layers.insert(
            0,
            {
                "data": rows([{"whole": overall}]),
                "mark": {"type": "rule", "style": "reference"},
                "encoding": {"x": {**x, "field": "whole"}},
            },
        )
    return {"data": rows(values), "layer": layers}
