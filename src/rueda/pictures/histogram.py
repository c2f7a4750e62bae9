"""Histogram: what one profiled column holds: bins of numbers and times, bars of values."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows

BARS = 12


def column_histogram(name: str, column: Mapping[str, Json], total: int) -> Spec:
    """The picture of ``column``, as a profile describes it, among ``total`` rows."""
    if column["histogram"] is not None and column["min"] != column["max"]:
        return _bins(name, column, total)
    return _values(name, column, total)


def _bins(name: str, column: Mapping[str, Json], total: int) -> Spec:
    edges, counts = column["histogram"]["edges"], column["histogram"]["counts"]
    timed = isinstance(edges[0], str)
    bins = [
        {"low": low, "low_end": high, "rows": count, "share": count / max(total, 1)}
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    kind = "temporal" if timed else "quantitative"
    shown = {"format": "%Y-%m-%d"} if timed else {"format": "~g"}
    return picture(
        name,
        f"Histogram of the column {name}",
        height=150,
        data=rows(bins),
        mark={"type": "bar", "binSpacing": 1},
        encoding={
            "x": {
                "field": "low",
                "bin": None if timed else {"binned": True},
                "type": kind,
                "title": None,
                "axis": {"grid": False, "tickCount": 4},
            },
            # Vega-Lite looks for the end of a bin under this very name.
            "x2": {"field": "low_end"},
            "y": {
                "field": "rows",
                "type": "quantitative",
                "title": "rows",
                "stack": None,
                "axis": _COUNT_AXIS,
            },
            "tooltip": [
                {"field": "low", "type": kind, "title": "from", **shown},
                {"field": "low_end", "type": kind, "title": "to", **shown},
                {"field": "rows", "type": "quantitative", "format": ","},
                {"field": "share", "type": "quantitative", "format": ".2%"},
            ],
        },
    )


_COUNT_AXIS = {"tickCount": 4, "format": "~s", "domain": False, "ticks": False}


def _values(name: str, column: Mapping[str, Json], total: int) -> Spec:
    bars = [
        {"value": _text(value), "rows": count, "share": count / max(total, 1)}
        for value, count in column["top"][:BARS]
    ]
    subtitle = f"{column['distinct']:,} different values" if column["distinct"] else ""
    spec = picture(
        name,
        f"The most frequent values of the column {name}",
        height={"step": 18},
        data=rows(bars),
        mark="bar",
        encoding={
            "y": {
                "field": "value", "type": "nominal", "sort": None, "title": None,
                "axis": {"domain": False, "ticks": False, "labelLimit": 140},
            },
            "x": {"field": "rows", "type": "quantitative", "title": "rows", "axis": _COUNT_AXIS},
            "tooltip": [
                {"field": "value", "type": "nominal"},
                {"field": "rows", "type": "quantitative", "format": ","},
                {"field": "share", "type": "quantitative", "format": ".2%"},
            ],
        },
    )  # fmt: skip
    more = column["distinct"] and column["distinct"] > len(bars)
    return {**spec, "title": {"text": name, "subtitle": subtitle}} if more else spec


def _text(value: Json) -> str:
    return "(empty)" if value == "" else str(value)
