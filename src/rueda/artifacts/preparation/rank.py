"""Rank: exact quantiles in one pass over few rows, in two passes and little memory over many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from rueda.kernel.tally import State
from rueda.tallies.column import Array, ColumnTally, numbers
from rueda.tallies.quantiles import (
    bucket_keys,
    buckets_identity,
    buckets_join,
    buckets_of,
    weighted_quantiles,
)

if TYPE_CHECKING:
    from rueda.artifacts.preparation.step import Gather

Keys = tuple[int, ...]


def exact_quantiles(
    names: tuple[str, ...], at: tuple[float, ...], gather: Gather
) -> dict[str, list[float] | None]:
    """The quantiles ``at`` of each column, as ``numpy.nanquantile`` gives them; None for a column
    without values.

    The first pass counts values in buckets of 0.4 % relative width; the second keeps the values of
    only those buckets that the wanted ranks fall into.
    """
    buckets = gather(Buckets(names))
    wanted = {name: _wanted(found, at) for name, found in buckets.items()}
    inside = gather(Inside(names, tuple(wanted.items())))
    answers: dict[str, list[float] | None] = {}
    for name in names:
        keys, counts = buckets[name]
        answers[name] = None
        if len(keys):
            values, weights = _stand_in(keys, counts, inside[name], wanted[name])
            answers[name] = [q + 0.0 for q in weighted_quantiles(values, weights, at)]
    return answers


def _wanted(found: tuple[Array, Array], at: tuple[float, ...]) -> Keys:
    keys, counts = found
    if not len(keys):
        return ()
    upto = np.cumsum(counts)
    ranks = np.asarray(at) * (int(upto[-1]) - 1)
    # A quantile lies between two ranks, which may fall into two buckets.
    ranks = np.concatenate([np.floor(ranks), np.ceil(ranks)])
    return tuple(np.unique(keys[np.searchsorted(upto, ranks, side="right")]).tolist())


def _stand_in(
    keys: Array, counts: Array, inside: tuple[Array, Array], wanted: Keys
) -> tuple[Array, Array]:
    """Sorted values with counts: the true ones in the wanted buckets, zeros elsewhere (no wanted
    rank falls there).
    """
    values, weights = inside
    rest = ~np.isin(keys, wanted)
    order_keys = np.concatenate([keys[rest], bucket_keys(values)])
    all_values = np.concatenate([np.zeros(int(rest.sum())), values])
    all_weights = np.concatenate([counts[rest], weights])
    order = np.lexsort((all_values, order_keys))
    return all_values[order], all_weights[order]


@dataclass(frozen=True)
class Buckets(ColumnTally[tuple[Array, Array]]):
    """How many values fall into each bucket of bounded relative width.

    Result
    ------
    ``{column: (keys, counts)}``, the keys sorted.
    """

    def identity(self) -> State:
        return buckets_identity()

    def of(self, array: pa.Array, name: str) -> State:
        return buckets_of(numbers(array, name))

    def join(self, left: State, right: State) -> State:
        return buckets_join(left, right)

    def answer(self, state: State) -> tuple[Array, Array]:
        return state["keys"].astype(np.int64), state["counts"]


@dataclass(frozen=True)
class Inside(ColumnTally[tuple[Array, Array]]):
    """The distinct values inside some buckets, with their counts.

    Parameters
    ----------
    keys
        ``(column, bucket keys)``: the buckets of each column.

    Result
    ------
    ``{column: (values, counts)}``, the values sorted.
    """

    keys: tuple[tuple[str, Keys], ...]

    def identity(self) -> State:
        return {"values": np.zeros(0), "counts": np.zeros(0, np.int64)}

    def of(self, array: pa.Array, name: str) -> State:
        wanted: Mapping[str, Keys] = dict(self.keys)
        values = numbers(array, name)
        values = values[np.isin(bucket_keys(values), wanted[name])].astype(np.float64)
        found, counts = np.unique(values, return_counts=True)
        return {"values": found, "counts": counts.astype(np.int64)}

    def join(self, left: State, right: State) -> State:
        values = np.union1d(left["values"], right["values"])
        counts = np.zeros(len(values), np.int64)
        for part in (left, right):
            counts[np.searchsorted(values, part["values"])] += part["counts"]
        return {"values": values, "counts": counts}

    def answer(self, state: State) -> tuple[Array, Array]:
        return state["values"], state["counts"]
