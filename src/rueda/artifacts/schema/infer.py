"""A first schema from a profile, with room for what the next rows bring."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.types as pt

from rueda.artifacts.profile import Profiled
from rueda.artifacts.schema.column import Column
from rueda.artifacts.schema.schema import Schema
from rueda.kernel.digest import Json
from rueda.kernel.tally import State

FEW = 64
"""A column of text with at most so many values has a list of them, if each came often enough."""

_OFTEN = 10
_ROOM = 0.05
_FEWER = 10


def infer_schema(
    schema: pa.Schema, profile: Profiled, *, label: str | None, key: str | None, time: str | None
) -> Schema:
    """What ``profile`` shows, with room: bounds as far out again as the values reach, presence a
    few hundredths lower, a tenth of the rows. What grows by itself (the time, the key) has no
    bounds.
    """
    states = profile.state["columns"]
    columns = [
        _column(field, profile.columns[field.name], states[field.name], profile.rows)
        for field in schema
    ]
    return Schema(
        tuple(_with_role(c, label=label, key=key, time=time) for c in columns),
        min_rows=max(1, profile.rows // _FEWER),
    )


def _column(field: pa.Field, found: Mapping[str, Json], state: State, rows: int) -> Column:
    low, high = _room(field.type, found["min"], found["max"])
    odd = bool(found.get("nan") or found.get("infinite"))
    return Column(
        name=field.name,
        type=str(field.type),
        present=_presence(1 - found["nulls"] / rows),
        values=_values(field.type, state, rows),
        min=low,
        max=high,
        finite=pt.is_floating(field.type) and not odd,
    )


def _with_role(column: Column, *, label: str | None, key: str | None, time: str | None) -> Column:
    from dataclasses import replace

    if column.name == label:
        return replace(column, serving=False, present=1.0)
    if column.name == key:
        return replace(column, unique=True, values=None, min=None, max=None)
    if column.name == time:
        return replace(column, min=None, max=None)
    return column


def _presence(share: float) -> float:
    if share == 1:
        return 1.0
    return max(0.0, math.floor((share - _ROOM) * 100) / 100)


def _values(kind: pa.DataType, state: State, rows: int) -> tuple[str, ...] | None:
    text = pt.is_string(kind) or pt.is_dictionary(kind)
    exact = state["exact"]
    if not text or exact is None or not len(exact["values"]):
        return None
    few = len(exact["values"]) <= min(FEW, rows / _OFTEN)
    return tuple(exact["values"]) if few else None


def _room(kind: pa.DataType, low: Json, high: Json) -> tuple[Json, Json]:
    if low is None or pt.is_boolean(kind):
        return None, None
    if pt.is_timestamp(kind) or pt.is_date(kind):
        return _room_of_time(kind, low, high)
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None, None
    span = (high - low) or abs(high) or 1
    # What never was negative stays so: a count, a distance, a price.
    least = 0 if 0 <= low <= span else _outward(low - span, -1)
    most = 0 if -span <= high <= 0 else _outward(high + span, 1)
    if not math.isfinite(span) or not math.isfinite(least) or not math.isfinite(most):
        return None, None
    return (int(least), int(most)) if pt.is_integer(kind) else (float(least), float(most))


def _outward(value: float, direction: int) -> float:
    """``value`` to two digits, away from the values that were seen."""
    if value == 0 or not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    rounded = math.ceil(value / step) if direction > 0 else math.floor(value / step)
    return float(f"{rounded * step:.12g}")


def _room_of_time(kind: pa.DataType, low: str, high: str) -> tuple[Json, Json]:
    try:
        first, last = datetime.fromisoformat(low), datetime.fromisoformat(high)
        span = max(last - first, timedelta(days=1))
        ends = first - span, last + span
    except (ValueError, OverflowError):
        return None, None
    if pt.is_date(kind):
        return tuple(date(e.year, e.month, e.day).isoformat() for e in ends)  # type: ignore[return-value]
    return ends[0].isoformat(), ends[1].isoformat()
