"""Describe: the state of one profiled column as the JSON that people and machines read.

``{"type", "nulls", "distinct", "distinct_error", "mean", "std", "skew", "min", "max", "quantiles",
"top", "top_error", "histogram", "nan", "infinite"}``. What a column has no answer for is None.

- ``distinct`` leaves nulls out; ``distinct_error`` is its relative error, 0 when it was counted.
- ``top`` lists ``[value, count]``; each count may be too low by ``top_error``.
- Integers beyond 2^53, which JSON readers would round, are decimal strings. Infinities and NaN,
  which JSON lacks, are "Infinity", "-Infinity" and "NaN".
- Times are RFC 3339 text (without an offset where the column has no zone); their ``std`` is in
  seconds. Durations are seconds.
- ``mean``, ``std``, ``min``, ``max``, ``quantiles`` and ``histogram`` are of the finite values.
- Binary columns are described by the lengths of their values.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rueda.kernel.digest import Json
from rueda.kernel.tally import State
from rueda.tallies.column import Array, kind_of
from rueda.tallies.counts import by_count
from rueda.tallies.distinct import RELATIVE_ERROR, registers_count
from rueda.tallies.frequent import clip
from rueda.tallies.grid import grid_quantiles, grid_values
from rueda.tallies.histogram import bin_counts, bin_edges
from rueda.tallies.moments import moments_answer, moments_of
from rueda.tallies.quantiles import bucket_middles, buckets_quantiles, weighted_quantiles
from rueda.tallies.times import seconds_in, time_text

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TOP = 20
_EXACT = 2**53

Say = Callable[[object], Json]


def describe_column(type_text: str, rows: int, state: State) -> dict[str, Json]:
    """What ``state`` says of a column of ``type_text`` in a table of ``rows`` rows."""
    kind = kind_of(type_text)
    answer: dict[str, Json] = dict.fromkeys(_FIELDS)
    answer |= {"type": type_text, "nulls": state["nulls"], "top": []}
    if kind == "other":
        # Of nested values only nulls are known, unless all are.
        return answer | ({"distinct": 0, "distinct_error": 0.0} if state["nulls"] == rows else {})
    if kind != "text":
        answer |= {"nan": state["nan"], **_numeric(kind, type_text, state)}
    answer |= _values(kind, type_text, state)
    return answer


_FIELDS = (
    "type", "nulls", "distinct", "distinct_error", "mean", "std", "skew", "min", "max",
    "quantiles", "top", "top_error", "histogram", "nan", "infinite",
)  # fmt: skip


def plain_number(value: object) -> Json:
    """``value`` as canonical JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and abs(value) > _EXACT:
        return str(value)
    return value


def _say(kind: str, type_text: str) -> Say:
    """How a value of the column is written."""
    if kind == "time":
        return lambda value: time_text(value, type_text)
    if kind == "boolean":
        return bool
    if kind == "text":
        return lambda value: clip(str(value))
    return plain_number


def _values(kind: str, type_text: str, state: State) -> dict[str, Json]:
    """Distinct and top values, and the extremes of strings."""
    say = _say(kind, type_text)
    if kind == "binary":
        return {}
    exact, sketch = state["exact"], state["sketch"]
    answer: dict[str, Json] = {"distinct_error": 0.0, "top_error": 0}
    if exact is None:
        heavy = sketch["frequent"]
        answer["distinct"] = registers_count(sketch["registers"])
        answer |= {"distinct_error": round(RELATIVE_ERROR, 6), "top_error": heavy["missed"]}
    else:
        heavy = exact
        answer["distinct"] = len(exact["values"])
    pairs = by_count(heavy["values"], heavy["counts"], TOP)
    if state["nan"]:
        answer["distinct"] += 1
        pairs = sorted([*pairs, (math.nan, state["nan"])], key=lambda p: -p[1])[:TOP]
    answer["top"] = [[say(value), count] for value, count in pairs]
    if kind == "text":
        ends = (exact["values"] or [None]) if exact is not None else [sketch["min"], sketch["max"]]
        answer["min"], answer["max"] = (
            None if end is None else clip(end) for end in (ends[0], ends[-1])
        )
    return answer


def _numeric(kind: str, type_text: str, state: State) -> dict[str, Json]:
    """Moments, extremes, quantiles and histogram of the finite values."""
    sketch = state["sketch"] or _exact_sketch(state["exact"])
    moments = moments_answer(sketch["moments"])
    answer: dict[str, Json] = {
        "mean": moments["mean"],
        "std": moments["std"],
        "skew": moments["skew"],
        "infinite": sum(sketch["infinite"]),
    }
    low, high = moments["min"], moments["max"]
    if low is None:
        return answer
    say = _say(kind, type_text)
    answer |= {"min": say(low), "max": say(high)}
    if kind == "boolean":
        return answer
    at = _quantiles(sketch, low, high)
    values, counts = _spread(sketch, low, high)
    edges = bin_edges(low, high, whole=isinstance(low, int))
    bins = bin_counts(values, counts, edges)
    answer["quantiles"] = {str(q): plain_number(v) for q, v in zip(QUANTILES, at, strict=True)}
    answer["histogram"] = {"edges": edges.tolist(), "counts": bins.tolist()}
    return _timed(answer, type_text, edges) if kind == "time" else answer


def _timed(answer: dict[str, Json], type_text: str, edges: Array) -> dict[str, Json]:
    unit_s = seconds_in(type_text)
    quantiles = {q: time_text(round(v), type_text) for q, v in answer["quantiles"].items()}
    texts = [time_text(math.ceil(edge), type_text) for edge in edges.tolist()]
    return answer | {
        "mean": time_text(round(answer["mean"]), type_text),
        "std": None if answer["std"] is None else answer["std"] * unit_s,
        "quantiles": quantiles,
        "histogram": {**answer["histogram"], "edges": texts},
    }


def _exact_sketch(counted: State) -> State:
    """Counted values in the shape of a sketch, so that one path answers both."""
    values, counts = counted["values"], counted["counts"]
    infinite = [0, 0]
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        infinite = [int(counts[values == end].sum()) for end in (-np.inf, np.inf)]
        values, counts = values[finite], counts[finite]
    moments = moments_of(values, counts)
    return {"moments": moments, "infinite": infinite, "values": values, "counts": counts}


def _quantiles(sketch: State, low: float, high: float) -> list[float | None]:
    if "values" in sketch:
        return list(weighted_quantiles(sketch["values"], sketch["counts"], QUANTILES))
    if "grid" in sketch:
        return grid_quantiles(sketch["grid"], QUANTILES, int(low), int(high))
    return buckets_quantiles(sketch["buckets"], QUANTILES, low, high)


def _spread(sketch: State, low: float, high: float) -> tuple[Array, Array]:
    """Values that stand for the column's, and how many each stands for."""
    if "values" in sketch:
        return sketch["values"], sketch["counts"]
    if "grid" in sketch:
        return grid_values(sketch["grid"])
    buckets = sketch["buckets"]
    middles = bucket_middles(buckets["keys"].astype(np.int64))
    return np.clip(middles, low, high), buckets["counts"]
