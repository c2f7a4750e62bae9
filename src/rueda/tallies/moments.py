"""Moments: count, nulls, extremes, mean, spread and skew of numeric columns, in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.kernel.digest import Json
from rueda.kernel.tally import State
from rueda.tallies.column import Array, ColumnTally, numbers

_STEP = 256
"""Chunks are scaled by 2^(a multiple of this): beyond 2^±340 a third power would leave float64."""

_NOISE = 2.0**-40
"""A spread below this share of the largest value is mostly rounding, and its skew chance."""


def moments_identity() -> State:
    return {"n": 0, "mean": 0.0, "m2": 0.0, "m3": 0.0, "scale": 0, "min": None, "max": None}


def moments_of(values: Array, counts: Array | None = None) -> State:
    """The central moments of finite ``values``, each taken ``counts`` times (once by default)."""
    if not len(values):
        return moments_identity()
    low, high = values.min().item(), values.max().item()
    floats = values.astype(np.float64)
    scale = _STEP * round(math.frexp(max(abs(low), abs(high)))[1] / _STEP)
    if scale:
        floats = np.ldexp(floats, -scale)
    weights = np.float64(1.0) if counts is None else counts.astype(np.float64)
    n = len(values) if counts is None else int(counts.sum())
    # Not np.dot: BLAS may split a sum among threads, and the bits would follow their number.
    mean = float(np.sum(floats * weights) / n)
    away = floats - mean
    square = away * away * weights
    drift = float(np.sum(away * weights))
    mean += drift / n
    m2 = max(float(np.sum(square)) - drift * drift / n, 0.0)
    m3 = float(np.sum(square * away))
    return {"n": n, "mean": mean, "m2": m2, "m3": m3, "scale": scale, "min": low, "max": high}


def moments_join(left: State, right: State) -> State:
    """The moments of two parts (Chan, Golub, LeVeque 1983; Pébay 2008 for the third)."""
    if not left["n"]:
        return dict(right)
    if not right["n"]:
        return dict(left)
    scale = max(left["scale"], right["scale"])
    (n_a, mean_a, m2_a, m3_a), (n_b, mean_b, m2_b, m3_b) = (_at(s, scale) for s in (left, right))
    n = n_a + n_b
    delta = mean_b - mean_a
    cross = delta * delta * n_a * n_b / n
    return {
        "n": n,
        "mean": mean_a + delta * (n_b / n),
        "m2": m2_a + m2_b + cross,
        "m3": m3_a + m3_b
        + cross * delta * (n_a - n_b) / n
        + 3.0 * delta * (n_a * m2_b - n_b * m2_a) / n,
        "scale": scale,
        "min": min(left["min"], right["min"]),
        "max": max(left["max"], right["max"]),
    }  # fmt: skip


def _at(state: State, scale: int) -> tuple[int, float, float, float]:
    """The moments of ``state`` in units of 2^scale."""
    down = state["scale"] - scale
    return (
        state["n"],
        math.ldexp(state["mean"], down),
        math.ldexp(state["m2"], 2 * down),
        math.ldexp(state["m3"], 3 * down),
    )


def moments_answer(state: State) -> dict[str, Json]:
    """``{"count", "mean", "std", "skew", "min", "max"}``; what is undefined is None."""
    n, scale = state["n"], state["scale"]
    answer = {"count": n, "mean": None, "std": None, "skew": None}
    answer |= {"min": state["min"], "max": state["max"]}
    if n:
        answer["mean"] = math.ldexp(state["mean"], scale)
    if n > 1 and state["min"] == state["max"]:
        answer["std"] = 0.0  # exactly, where the sums may have kept a last bit
    elif n > 1:
        spread = math.sqrt(state["m2"] / (n - 1))
        try:
            answer["std"] = math.ldexp(spread, scale)
        except OverflowError:
            answer["std"] = None
    spread = math.sqrt(state["m2"] / n) if n else 0.0
    if n > 2 and spread > _NOISE * _largest(state):
        answer["skew"] = state["m3"] / n / spread / spread / spread
    return answer


def _largest(state: State) -> float:
    """The largest magnitude, in the units of the moments."""
    return math.ldexp(max(abs(state["min"]), abs(state["max"])), -state["scale"])


@dataclass(frozen=True)
class Moments(ColumnTally[dict[str, Json]]):
    """Count, nulls, extremes, mean, spread and skew of numeric columns.

    Parameters
    ----------
    columns
        Columns of numbers, times or booleans.

    State
    -----
    For each column the moments ``n, mean, m2, m3`` in units of ``2^scale``, the extremes, and how
    many values were null and not finite.

    Result
    ------
    ``{column: {"count", "nulls", "not_finite", "mean", "std", "skew", "min", "max"}}`` in the
    column's own unit; ``std`` (with n - 1) is None for fewer than two values, ``skew`` (of the
    population) for fewer than three or (nearly) equal ones.

    Raises
    ------
    SchemaMismatch
        A batch lacks one of ``columns``, or it is not numeric.

    Notes
    -----
    NaN and infinities are counted apart and enter no moment. Same bits for the same chunks.

    References
    ----------
    Chan, Golub, LeVeque 1983, doi:10.1080/00031305.1983.10483115; Pébay 2008, SAND2008-6212.
    """

    def identity(self) -> State:
        return {"nulls": 0, "not_finite": 0, "moments": moments_identity()}

    def of(self, array: pa.Array, name: str) -> State:
        values = numbers(array, name)
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        return {
            "nulls": array.null_count,
            "not_finite": len(values) - len(finite),
            "moments": moments_of(finite),
        }

    def join(self, left: State, right: State) -> State:
        return {
            "nulls": left["nulls"] + right["nulls"],
            "not_finite": left["not_finite"] + right["not_finite"],
            "moments": moments_join(left["moments"], right["moments"]),
        }

    def answer(self, state: State) -> dict[str, Json]:
        kept = {"nulls": state["nulls"], "not_finite": state["not_finite"]}
        return {**moments_answer(state["moments"]), **kept}
