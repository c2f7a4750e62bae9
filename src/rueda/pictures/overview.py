"""Overview: a profile as one table with a sparkline a column, and a histogram of each."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rueda.kernel.digest import Json
from rueda.pictures.histogram import column_histogram
from rueda.pictures.markup import Cell
from rueda.pictures.page import Beside, Block, Fold, Picture, Table
from rueda.pictures.sparkline import column_sparkline

MOST_HISTOGRAMS = 60

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def profile_blocks(profile: Mapping[str, Json]) -> list[Block]:
    """``{"rows", "columns"}`` of a profile as a table, and its histograms folded away."""
    rows, columns = profile["rows"], profile["columns"]
    titles = ("column", "type", "values", "missing", "different", "min", "median", "max", "mean")
    table = Table(titles, [_line(name, column, rows) for name, column in columns.items()])
    drawn = {
        name: column
        for name, column in columns.items()
        if column["histogram"] is not None or column["top"]
    }
    pictures = [
        Picture(column_histogram(name, column, rows))
        for name, column in list(drawn.items())[:MOST_HISTOGRAMS]
    ]
    if not pictures:
        return [table]
    summary = f"histograms of {len(pictures)} columns"
    return [table, Fold(summary, [Beside(pictures, small=True)])]


def _line(name: str, column: Mapping[str, Json], rows: int) -> tuple[Cell, ...]:
    missing = column["nulls"] + (column["nan"] or 0)
    quantiles = column["quantiles"] or {}
    distinct = column["distinct"]
    return (
        name,
        _short_type(column["type"]),
        column_sparkline(column),
        f"{missing / rows:.1%}" if rows and missing else "none",
        f"≈ {distinct:,}" if column["distinct_error"] else distinct,
        _cell(column["min"]),
        _cell(quantiles.get("0.5")),
        _cell(column["max"]),
        _cell(column["mean"]),
    )


def _short_type(text: str) -> str:
    if text.startswith("dictionary"):
        return "category"
    return text.removeprefix("large_").partition("[")[0]


def _cell(value: Json) -> Cell:
    if isinstance(value, str):
        if _TIME.match(value):
            return value[:16].replace("T", " ").removesuffix(" 00:00")
        return value if len(value) <= 20 else value[:19] + "…"
    cell: Cell = value
    return cell
