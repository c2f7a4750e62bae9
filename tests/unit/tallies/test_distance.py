"""Distances agree with scipy, and see what they should and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from rueda.kernel.errors import UnfitData, UnknownName
from rueda.kernel.tally import State
from rueda.tallies.distance import (
    MEASURES,
    OTHER,
    bin_pair,
    category_counts,
    distance,
    value_count,
)
from rueda.tallies.profile import ProfileTally


def column(values: Any) -> State:
    batch = pa.record_batch({"x": values if isinstance(values, pa.Array) else pa.array(values)})
    tally = ProfileTally.of_schema(batch.schema)
    return tally.add(tally.empty(), batch)["columns"]["x"]


RNG = np.random.default_rng(8)
PAIRS = {
    "both counted": (RNG.poisson(5, 9_000), RNG.poisson(6, 900)),
    "both sketched": (RNG.normal(size=30_000), RNG.normal(0.3, 1.2, 20_000)),
    "one of each": (RNG.normal(size=30_000), RNG.normal(0.3, 1.2, 2_000)),
    "negative and large": (RNG.normal(-1e12, 1e11, 30_000), RNG.normal(-1.1e12, 1e11, 3_000)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_numbers_against_scipy(name: str) -> None:
    left, right = PAIRS[name]
    states = column(left), column(right)
    expected = stats.ks_2samp(left, right).statistic
    assert distance("ks", *states) == pytest.approx(expected, abs=0.004)
    expected = stats.wasserstein_distance(left, right) / np.std(left)
    assert distance("wasserstein", *states) == pytest.approx(expected, rel=0.02, abs=0.003)
    edges, p, q = bin_pair(*states)
    bins = np.concatenate([[-np.inf], np.nextafter(edges, np.inf), [np.inf]])
    # An edge of a sketch is the middle of a bucket: the true counts differ by part of one.
    assert p == pytest.approx(np.histogram(left, bins)[0], abs=0.005 * len(left))
    assert distance("js", *states) == pytest.approx(jensenshannon(p, q, base=2) ** 2)
    share = p / p.sum(), q / q.sum()
    expected = float(np.sum((share[1] - share[0]) * np.log(share[1] / share[0])))
    assert distance("psi", *states) == pytest.approx(expected)


def test_words_against_scipy() -> None:
    left, right = ([f"w{i}" for i in RNG.poisson(4, size)] for size in (5_000, 700))
    labels, p, q = category_counts(column(left), column(right))
    assert list(zip(labels, p, q, strict=True)) == [
        (w, left.count(w), right.count(w)) for w in sorted(set(left) | set(right))
    ]
    expected = np.abs(p / p.sum() - q / q.sum()).max()
    assert distance("linf", column(left), column(right)) == pytest.approx(expected)
    expected = jensenshannon(p, q, base=2) ** 2
    assert distance("js", column(left), column(right)) == pytest.approx(expected)


def test_identifiers_do_not_drift() -> None:
    left = column([f"id-{i}" for i in range(20_000)])
    right = column([f"id-{i}" for i in range(50_000, 52_000)])
    assert distance("linf", left, right) == 0.0
    assert category_counts(left, right)[0] == [OTHER]


def test_a_new_value_among_identifiers_is_seen() -> None:
    left = column([f"id-{i}" for i in range(20_000)])
    right = column([*(f"id-{i}" for i in range(5_000)), *["unknown"] * 5_000])
    assert distance("linf", left, right) == pytest.approx(0.5, abs=0.01)


def test_times() -> None:
    left = pa.array(RNG.integers(10**15, 2 * 10**15, 30_000), pa.timestamp("us"))
    right = pa.array(RNG.integers(15 * 10**14, 2 * 10**15, 500), pa.timestamp("us"))
    expected = stats.ks_2samp(left.cast(pa.int64()), right.cast(pa.int64())).statistic
    assert distance("ks", column(left), column(right)) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("name", PAIRS)
def test_nothing_lies_between_a_column_and_itself(measure: str, name: str) -> None:
    state = column(PAIRS[name][0])
    assert distance(measure, state, state) == 0.0


@pytest.mark.parametrize("measure", ["linf", "js", "ks", "nulls"])
def test_far_apart_is_one(measure: str) -> None:
    left, right = column([1.0] * 9), column([2.0] * 9)
    if measure == "nulls":
        left, right = column(pa.nulls(3, pa.float64())), column([1.0])
    assert distance(measure, left, right) == 1.0


def test_no_values_no_distance() -> None:
    nothing, something = column(pa.nulls(3, pa.float64())), column([1.0])
    assert value_count(nothing) == 0
    for measure in set(MEASURES) - {"nulls"}:
        assert distance(measure, nothing, something) == 0.0
        assert distance(measure, something, nothing) == 0.0


def test_infinities_break_nothing() -> None:
    left, right = column([np.inf, 1.0, 2.0]), column([-np.inf, np.nan])
    for measure in MEASURES:
        assert np.isfinite(distance(measure, left, right))


def test_a_constant_reference_still_measures() -> None:
    assert distance("wasserstein", column([3.0] * 5), column([4.0] * 5)) == pytest.approx(2.0)


def test_the_wrong_measure_is_refused() -> None:
    with pytest.raises(UnfitData, match="numbers"):
        distance("ks", column(["a"]), column(["b"]))
    with pytest.raises(UnknownName, match="measure"):
        distance("kss", column([1]), column([1]))
