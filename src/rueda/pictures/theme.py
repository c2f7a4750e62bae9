"""Theme: one look for every picture, light and dark; specs name styles, never colors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from rueda.kernel.digest import Json

Spec: TypeAlias = dict[str, Any]
"""A Vega-Lite specification: a picture as plain JSON."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""A name that says which language the spec is in; nothing is fetched from it."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of one mode; ``page.css`` names them alike."""

    ink: str
    muted: str
    line: str
    paper: str
    accent: str
    warm: str
    good: str
    gold: str
    violet: str
    teal: str
    pale: str
    cool: str
    tepid: str


LIGHT = Palette(
    ink="#1d2733", muted="#66727f", line="#e3e8ee", paper="#ffffff", accent="#2b6ca3",
    warm="#c4512d", good="#2f855a", gold="#b7851f", violet="#7a5ea8", teal="#238b8d",
    pale="#eef3f8", cool="#a9c4de", tepid="#efb79c",
)  # fmt: skip
DARK = Palette(
    ink="#dde4ec", muted="#94a1b0", line="#2c3641", paper="#171c22", accent="#6fb0e6",
    warm="#ef8b66", good="#6cc495", gold="#e0b65a", violet="#b59ae0", teal="#5cc4c4",
    pale="#212a34", cool="#3f6686", tepid="#8f5440",
)  # fmt: skip


def picture(title: str, description: str, **parts: Json) -> Spec:
    """A spec with what every picture has: a title, and words for those who cannot see it."""
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": description,
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        **parts,
    }


def rows(values: list[Mapping[str, Json]] | list[dict[str, Json]]) -> dict[str, Json]:
    """Inline data."""
    return {"values": [dict(v) for v in values]}


def config(*, dark: bool = False) -> dict[str, Json]:
    """The Vega-Lite configuration of one mode."""
    p = DARK if dark else LIGHT
    text = {"labelColor": p.muted, "titleColor": p.muted, "labelFontSize": 11, "titleFontSize": 11}
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "title": {
            "color": p.ink, "fontSize": 13, "fontWeight": 600, "anchor": "start",
            "subtitleColor": p.muted, "subtitleFontSize": 11, "offset": 12,
        },
        "axis": {
            **text, "gridColor": p.line, "domainColor": p.line, "tickColor": p.line,
            "titleFontWeight": 400, "labelPadding": 6, "titlePadding": 8, "labelLimit": 180,
        },
        "legend": {**text, "titleFontWeight": 400, "labelFontSize": 11, "symbolType": "circle"},
        "range": {
            "category": [p.accent, p.warm, p.good, p.gold, p.violet, p.teal],
            "ramp": [p.pale, p.accent],
            "heatmap": [p.pale, p.accent],
            # Below the threshold, and beyond it: a step, for there the verdict changes.
            "diverging": [p.pale, p.cool, p.tepid, p.warm],
        },
        "bar": {"color": p.accent, "cornerRadiusEnd": 1.5},
        "line": {"color": p.accent, "strokeWidth": 2},
        "point": {"color": p.accent, "filled": True, "size": 55},
        "rule": {"color": p.muted},
        "text": {"color": p.ink, "fontSize": 11},
        "area": {"color": p.accent},
        "rect": {"stroke": p.paper, "strokeWidth": 2},
        "header": {"labelColor": p.ink, "titleColor": p.muted, "labelFontSize": 12},
        "style": _styles(p),
    }  # fmt: skip


def _styles(p: Palette) -> dict[str, Json]:
    return {
        "band": {"color": p.accent, "opacity": 0.16},
        "reference": {"color": p.muted, "strokeDash": [4, 4], "strokeWidth": 1.2},
        "interval": {"color": p.accent, "strokeWidth": 2.2, "strokeCap": "round"},
        "note": {"color": p.muted, "fontSize": 10.5},
        "dot": {"color": p.paper, "opacity": 1},
        "best": {"color": p.warm, "opacity": 1},
        "on_pale": {"color": p.ink},
        "on_strong": {"color": p.paper},
    }
