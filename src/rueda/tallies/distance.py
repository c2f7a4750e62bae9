"""Distance: how far two profiled columns lie apart, from their states alone.

========== ================ ==========================================================
measure    columns          value
========== ================ ==========================================================
linf       any              largest difference of a value's share, 0 … 1
js         any              Jensen-Shannon divergence, base 2, 0 … 1
psi        any              population stability index, 0 … (0.1 little, 0.25 much)
ks         numbers, times   largest difference of the distribution functions, 0 … 1
wasserstein numbers, times  area between them, in standard deviations of the reference
nulls      any              difference of the shares of nulls, 0 … 1
========== ================ ==========================================================

``linf`` looks at single values, so for numbers it wants few different ones; ``js`` and ``psi`` cut
numbers into ``BINS`` bins at the quantiles of the reference. Nulls and NaN count only in ``nulls``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from rueda.kernel.errors import UnfitData, UnknownName
from rueda.kernel.tally import State
from rueda.tallies.column import Array
from rueda.tallies.counts import Values
from rueda.tallies.frequent import clip
from rueda.tallies.grid import grid_of, grid_pair
from rueda.tallies.quantiles import bucket_middles, buckets_of

BINS = 10
OTHER = "(other)"
"""All values that a sketch did not keep one by one."""

_FLOOR = 1e-4
"""What the index takes for the share of an empty bin, which would make it infinite."""

Pair: TypeAlias = tuple[Array, Array]


def distance(measure: str, reference: State, live: State) -> float:
    """How far the column ``live`` lies from the column ``reference``.

    Parameters
    ----------
    measure
        One of ``MEASURES``.
    reference, live
        States of one column: ``state["columns"][name]`` of a ``ProfileTally``.

    Returns
    -------
    float
        0.0 when nothing differs, and when either side has no values.

    Raises
    ------
    UnknownName
        There is no such measure.
    UnfitData
        The measure needs numbers and the column holds none.
    """
    if measure not in MEASURES:
        raise UnknownName.among("measure", measure, MEASURES)
    if measure != "nulls" and not (value_count(reference) and value_count(live)):
        return 0.0
    return MEASURES[measure](reference, live)


def value_count(state: State) -> int:
    """How many values of the column are neither null nor NaN."""
    if state["exact"] is not None:
        return int(state["exact"]["counts"].sum())
    sketch = state["sketch"]
    if "moments" in sketch:
        return int(sketch["moments"]["n"] + sum(sketch["infinite"]))
    values: int = sketch["values"]
    return values


def is_numeric(state: State) -> bool:
    """Whether the column holds numbers, booleans or times."""
    if state["exact"] is not None:
        return not isinstance(state["exact"]["values"], list)
    return "moments" in state["sketch"]


def category_counts(reference: State, live: State) -> tuple[list[object], Array, Array]:
    """The values of both columns and how often each side has them.

    Where a side is a sketch, the values that it did not keep are counted together as ``OTHER``.
    """
    sides = [_kept(state) for state in (reference, live)]
    sketched = [state["exact"] is None for state in (reference, live)]
    if any(sketched):
        sides = [{_clip(v): n for v, n in side.items()} for side in sides]
        vocabulary = set().union(
            *(s for s, partial in zip(sides, sketched, strict=True) if partial)
        )
    else:
        vocabulary = set().union(*sides)
    labels: list[object] = sorted(vocabulary, key=lambda v: (str(type(v)), v))
    counts = [np.array([side.get(v, 0) for v in labels], np.int64) for side in sides]
    rest = [value_count(s) - int(c.sum()) for s, c in zip((reference, live), counts, strict=True)]
    if any(rest):
        labels = [*labels, OTHER]
        counts = [np.append(c, r) for c, r in zip(counts, rest, strict=True)]
    return labels, counts[0], counts[1]


def bin_pair(reference: State, live: State, bins: int = BINS) -> tuple[Array, Array, Array]:
    """Inner edges at quantiles of the reference, and both sides' counts: one more than edges.

    A value equal to an edge lies below it.
    """
    values, left, right = _points(reference, live)
    at = tuple(i / bins for i in range(1, bins))
    ranks = np.searchsorted(np.cumsum(left), np.array(at) * left.sum())
    edges = np.unique(values[np.minimum(ranks, len(values) - 1)]) if len(values) else values
    places = np.searchsorted(edges, values, side="left")
    size = len(edges) + 1
    return edges, _sums(places, left, size), _sums(places, right, size)


def _null_share(state: State) -> float:
    missing = state["nulls"] + state["nan"]
    return missing / rows if (rows := missing + value_count(state)) else 0.0


def _kept(state: State) -> dict[object, int]:
    counted = state["exact"] if state["exact"] is not None else state["sketch"]["frequent"]
    values: Values = counted["values"]
    plain = values if isinstance(values, list) else values.tolist()
    return dict(zip(plain, counted["counts"].tolist(), strict=True))


def _clip(value: object) -> object:
    return clip(value) if isinstance(value, str) else value


def _sums(places: Array, counts: Array, size: int) -> Array:
    sums = np.zeros(size, np.int64)
    np.add.at(sums, places, counts)
    return sums


def _points(reference: State, live: State) -> tuple[Array, Array, Array]:
    """Common sorted values, and how many each side has at each: at the coarser resolution."""
    if not (is_numeric(reference) and is_numeric(live)):
        raise UnfitData(
            "this measure compares numbers",
            expected="columns of numbers or times",
            got="a column of strings",
            do="use linf, js or psi",
        )
    sketches = [s["sketch"] for s in (reference, live) if s["exact"] is None]
    if any("grid" in sketch for sketch in sketches):
        return grid_pair(*(_grid(s) for s in (reference, live)))
    sides = [_finite(s, rough=bool(sketches)) for s in (reference, live)]
    values = np.union1d(sides[0][0], sides[1][0])
    left, right = (_sums(np.searchsorted(values, v), n, len(values)) for v, n in sides)
    return values, left, right


def _grid(state: State) -> State:
    if state["exact"] is None:
        return state["sketch"]["grid"]
    return grid_of(state["exact"]["values"], state["exact"]["counts"])


def _finite(state: State, *, rough: bool) -> Pair:
    """The finite values and their counts; ``rough``: the middles of their buckets.

    A counted value beside a bucket's middle would look like a shift of the whole bucket.
    """
    if state["exact"] is None:
        buckets = state["sketch"]["buckets"]
    else:
        values, counts = state["exact"]["values"].astype(np.float64), state["exact"]["counts"]
        keep = np.isfinite(values)
        if not rough:
            return values[keep], counts[keep]
        buckets = buckets_of(values[keep], counts[keep])
    return bucket_middles(buckets["keys"].astype(np.int64)), buckets["counts"]


def _share(counts: Array) -> Array:
    share: Array = counts / max(int(counts.sum()), 1)
    return share


def _shares(reference: State, live: State) -> Pair:
    """The shares of both sides: by bin for numbers, by value for the rest."""
    if is_numeric(reference) and is_numeric(live):
        _, left, right = bin_pair(reference, live)
    else:
        _, left, right = category_counts(reference, live)
    return _share(left), _share(right)


def _nulls(reference: State, live: State) -> float:
    return abs(_null_share(reference) - _null_share(live))


def _linf(reference: State, live: State) -> float:
    _, left, right = category_counts(reference, live)
    return float(np.max(np.abs(_share(left) - _share(right)), initial=0.0))


def _jensen_shannon(reference: State, live: State) -> float:
    p, q = _shares(reference, live)
    middle = (p + q) / 2
    bits = sum(float(np.sum(s[s > 0] * np.log2(s[s > 0] / middle[s > 0]))) for s in (p, q))
    return min(max(bits / 2, 0.0), 1.0)


def _stability(reference: State, live: State) -> float:
    p, q = (np.maximum(side, _FLOOR) for side in _shares(reference, live))
    return float(np.sum((q - p) * np.log(q / p)))


def _kolmogorov(reference: State, live: State) -> float:
    _, left, right = _points(reference, live)
    return float(np.max(_gaps(left, right), initial=0.0))


def _gaps(left: Array, right: Array) -> Array:
    """The difference of the distribution functions at each common value."""
    gaps: Array = np.abs(np.cumsum(_share(left)) - np.cumsum(_share(right)))
    return gaps


def _wasserstein(reference: State, live: State) -> float:
    values, left, right = _points(reference, live)
    area = float(np.sum(np.diff(values) * _gaps(left, right)[:-1]))
    # A constant reference has no spread to measure by; the two together have.
    for counts in (left, left + right):
        if spread := _spread(values, _share(counts)):
            return area / spread
    return 0.0


def _spread(values: Array, share: Array) -> float:
    mean = float(np.sum(share * values))
    return math.sqrt(float(np.sum(share * (values - mean) ** 2)))


MEASURES: dict[str, Callable[[State, State], float]] = {
    "linf": _linf,
    "js": _jensen_shannon,
    "psi": _stability,
    "ks": _kolmogorov,
    "wasserstein": _wasserstein,
    "nulls": _nulls,
}
