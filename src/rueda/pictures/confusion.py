"""Confusion: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows


def confusion_picture(confusion: Mapping[str, Json]) -> Spec:
    """``scorecard.curves["confusion"]``: true classes by row, the share of each row in color."""
    classes = [_text(value) for value in confusion["classes"]]
    cells = [
        {
            "true": classes[i],
            "said": classes[j],
            "rows": count,
            "share": count / max(sum(line), 1),
            "strong": count / max(sum(line), 1) > 0.6,
        }
        for i, line in enumerate(confusion["counts"])
        for j, count in enumerate(line)
    ]

    def along(field: str, title: str) -> dict[str, Json]:
        axis = {"domain": False, "ticks": False, "labelAngle": 0}
        return {"field": field, "type": "nominal", "title": title, "sort": classes, "axis": axis}

    few = len(classes) <= 6
    layers: list[dict[str, Json]] = [
        {
            "mark": {"type": "rect", "cornerRadius": 3},
            "encoding": {
                "color": {
                    "field": "share", "type": "quantitative", "scale": {"domain": [0, 1]},
                    "legend": None,
                },
                "tooltip": [
                    {"field": "true", "title": "true class"},
                    {"field": "said", "title": "decided"},
                    {"field": "rows", "format": ","},
                    {"field": "share", "title": "of the true class", "format": ".1%"},
                ],
            },
        }
    ]  # fmt: skip
    if few:
        for strong in (True, False):
            layers += [_label("rows", ",", -7, 13, strong), _label("share", ".1%", 10, 11, strong)]
    return picture(
        "Confusion",
        "How many rows of each true class were decided as each class",
        height=300 if few else {"step": 18},
        data=rows(cells),
        encoding={
            "x": along("said", "decided"),
            "y": along("true", "true"),
        },
        layer=layers,
    )


def _label(field: str, format_: str, dy: int, size: int, strong: bool) -> dict[str, Json]:
    style = "on_strong" if strong else "on_pale"
    return {
        "transform": [{"filter": f"datum.strong === {str(strong).lower()}"}],
        "mark": {"type": "text", "dy": dy, "fontSize": size, "style": style},
        "encoding": {
            "text": {"field": field, "type": "quantitative", "format": format_},
            "opacity": {"value": 1 if field == "rows" else 0.75},
        },
    }


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
