"""Findings about numbers and moments that stand for something else, or stand too far out."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rueda.artifacts.findings.finding import Finding
from rueda.artifacts.findings.seen import ENOUGH, Column
from rueda.kernel.digest import Json

# 99 alone is too likely: an age, a share, a price.
NUMBERS = frozenset(
    [sign * (10**digits - 1) for digits in range(2, 10) for sign in (-1, 1) if sign * digits != 2]
)
MOMENTS = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01",
           "2099-12-31", "2999-12-31", "9999-12-31")  # fmt: skip

_OFTEN = 3
_FAR = 10.0
_FAR_LOG = 2.0


def extreme_findings(column: Column) -> Iterator[Finding]:
    """Unlikely values that mean "unknown", and single ones far from all others."""
    if column.filled < ENOUGH or column.found["histogram"] is None:
        return
    sentinels = [s for s in (_sentinel(column, "min"), _sentinel(column, "max")) if s is not None]
    yield from sentinels
    if column.kind == "number" and not sentinels:
        yield from _outliers(column)


def _sentinel(column: Column, end: str) -> Finding | None:
    value, counts = column.found[end], column.found["histogram"]["counts"]
    often = column.ends[0 if end == "min" else 1]
    if often < _OFTEN or often == column.filled or not _unlikely(value):
        return None
    own, beside = (counts[0], counts[1:3]) if end == "min" else (counts[-1], counts[-3:-1])
    if any(beside) or not beside or own > often + (column.found["top_error"] or 0):
        return None
    told = value[:10] if isinstance(value, str) else value
    return Finding(
        "sentinel", (column.name,), "high" if often > 0.01 * column.filled else "medium",
        f"{column.name} is {told} in {often:,} rows, far from every other value: "
        "it seems to stand for a missing one.",
        "Make it null in the source, so that it is treated as missing.",
        {"value": value, "rows": often},
    )  # fmt: skip


def _unlikely(value: Json) -> bool:
    if isinstance(value, str):
        return value.startswith(MOMENTS)
    return value in NUMBERS


def _outliers(column: Column) -> Iterator[Finding]:
    quantiles = column.found["quantiles"]
    low, high = column.found["min"], column.found["max"]
    at = [low, quantiles["0.01"], quantiles["0.5"], quantiles["0.99"], high]
    if not all(isinstance(value, int | float) for value in at):
        return
    for end, edge, name in ((high, at[3], "max"), (low, at[1], "min")):
        if _far(end, edge, at[2]):
            yield Finding(
                "outlier", (column.name,), "low",
                f"{column.name} reaches {end:,.6g}, where 98 % of it lies between "
                f"{at[1]:,.6g} and {at[3]:,.6g}.",
                "Look at those rows: mend a wrong unit or a slip of the pen at its source.",
                {name: end, "0.01": at[1], "0.99": at[3]},
            )  # fmt: skip


def _far(end: float, edge: float, middle: float) -> bool:
    """Whether ``end`` is out of proportion, also for amounts that are skewed by nature."""
    spread = abs(edge - middle)
    if not spread or abs(end - edge) <= _FAR * spread:
        return False
    if min(end, edge, middle) <= 0:
        return abs(end - edge) > _FAR * _FAR * spread
    return abs(math.log(end / edge)) > _FAR_LOG * abs(math.log(edge / middle))
