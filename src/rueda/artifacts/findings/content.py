"""Findings about how much a column says: nothing, one thing, or another thing in each row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rueda.artifacts.findings.finding import Finding
from rueda.artifacts.findings.seen import ENOUGH, Column

SPARSE = 0.95
UNIQUE = 0.99
_KEY = re.compile(r"id|ids|key|uuid|guid|code|number|no|nr|index|rowid|pk")


def content_findings(column: Column) -> Iterator[Finding]:
    """Whether ``column`` is empty, constant, or names rows."""
    if column.rows == 0:
        return
    if column.filled == 0:
        yield _empty(column)
    elif column.filled < (1 - SPARSE) * column.rows:
        yield _nearly_empty(column)
    elif column.found["distinct"] == 1 and column.rows > 1 and column.filled == column.rows:
        yield _constant(column)
    elif _names_rows(column):
        yield _identifier(column)


def _empty(column: Column) -> Finding:
    return Finding(
        "empty", (column.name,), "medium",
        f"{column.name} holds no value at all.",
        "Drop it, or find out why it is empty.",
        {"rows": column.rows},
    )  # fmt: skip


def _nearly_empty(column: Column) -> Finding:
    missing = column.rows - column.filled
    return Finding(
        "nearly-empty", (column.name,), "medium",
        f"{column.name} is missing in {missing / column.rows:.1%} of the rows.",
        "Drop it, or learn from whether it is there.",
        {"missing": missing, "rows": column.rows},
    )  # fmt: skip


def _constant(column: Column) -> Finding:
    value = column.found["top"][0][0] if column.found["top"] else None
    return Finding(
        "constant", (column.name,), "medium",
        f"{column.name} is {value!r} in every row.",
        "Drop it: nothing can be learned from it.",
        {"value": value, "rows": column.rows},
    )  # fmt: skip


def _identifier(column: Column) -> Finding:
    about = "about " if column.found["distinct_error"] else ""
    return Finding(
        "identifier", (column.name,), "low",
        f"{column.name} holds {about}{column.found['distinct']:,} different values in "
        f"{column.filled:,} rows: it names rows.",
        f"Declare it with key={column.name!r}, or drop it; a model would learn rows by heart.",
        {"distinct": column.found["distinct"], "values": column.filled},
    )  # fmt: skip


def _names_rows(column: Column) -> bool:
    if column.filled < 5 * ENOUGH or not column.found["distinct"]:
        return False
    error = 3 * column.found["distinct_error"]
    if column.found["distinct"] < (UNIQUE - error) * column.filled:
        return False
    if column.kind == "text":
        return not _prose(column)
    return column.whole and (_dense(column) or _named_key(column))


def _prose(column: Column) -> bool:
    spaced = sum(text.count(" ") >= 2 for text in column.texts)
    return spaced > len(column.texts) / 2


def _dense(column: Column) -> bool:
    """Whether the numbers run from one to the next, as those that were handed out do."""
    low, high = column.found["min"], column.found["max"]
    return isinstance(low, int) and isinstance(high, int) and high - low < 1.2 * column.filled


def _named_key(column: Column) -> bool:
    return bool(column.words) and _KEY.fullmatch(column.words[-1]) is not None
