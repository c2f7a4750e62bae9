"""Moments agree with scipy, whatever the magnitudes and however the rows are cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from rueda.kernel.tally import reduce_pairwise
from rueda.tallies.moments import Moments, moments_answer, moments_of


def _of(values: object, cuts: int = 4) -> dict[str, object]:
    tally = Moments(("x",))
    batch = pa.record_batch({"x": pa.array(values)})
    size = max(1, -(-batch.num_rows // cuts))
    parts = [batch.slice(start, size) for start in range(0, batch.num_rows, size)]
    states = [tally.add(tally.empty(), part) for part in parts]
    return tally.result(reduce_pairwise(tally, states))["x"]


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e-9, 1.0, 1e6, 1e90, 1e150, 1e306])
@pytest.mark.parametrize("offset", [0.0, 0.003, 10.0])
def test_against_scipy(scale: float, offset: float) -> None:
    plain = np.random.default_rng(5).gamma(2.0, size=10_001) / 1e3 + offset
    answer = _of(plain * scale, cuts=7)
    assert answer["count"] == 10_001
    assert answer["mean"] == pytest.approx(np.mean(plain) * scale, rel=1e-12)
    assert answer["std"] == pytest.approx(np.std(plain, ddof=1) * scale, rel=1e-9)
    assert answer["skew"] == pytest.approx(stats.skew(plain), rel=1e-6)
    assert (answer["min"], answer["max"]) == (plain.min() * scale, plain.max() * scale)


def test_large_offset_does_not_cancel() -> None:
    values = 1e9 + np.array([4.0, 7.0, 13.0, 16.0] * 1_000)
    assert _of(values)["std"] == pytest.approx(np.std([4, 7, 13, 16] * 1_000, ddof=1), rel=1e-9)


def test_nulls_and_not_finite_are_counted_apart() -> None:
    answer = _of([1.0, None, float("nan"), float("inf"), -float("inf"), 3.0])
    assert (answer["count"], answer["nulls"], answer["not_finite"]) == (2, 1, 3)
    assert (answer["mean"], answer["min"], answer["max"]) == (2.0, 1.0, 3.0)


def test_undefined_is_none() -> None:
    nothing = _of(pa.array([None, None], pa.float64()))
    assert [nothing[k] for k in ("mean", "std", "skew", "min", "max")] == [None] * 5
    one = _of([5])
    assert (one["mean"], one["std"], one["skew"]) == (5.0, None, None)
    assert _of([5, 5, 5])["skew"] is None


@pytest.mark.parametrize("value", [0.1, 1e-310, 1e300, 2.0**63])
def test_equal_values_have_no_spread(value: float) -> None:
    answer = _of([value] * 1_001, cuts=7)
    assert (answer["std"], answer["skew"]) == (0.0, None)


def test_extreme_integers_stay_exact() -> None:
    answer = _of([2**63 - 1, -(2**63), 0])
    assert (answer["min"], answer["max"]) == (-(2**63), 2**63 - 1)
    assert _of(pa.array([2**64 - 1, 1], pa.uint64()))["max"] == 2**64 - 1


def test_a_spread_beyond_float64_is_none() -> None:
    answer = _of([1.7e308, -1.7e308] * 2)
    assert answer["mean"] == pytest.approx(0.0)
    assert answer["std"] is None


def test_counts_weigh() -> None:
    values, counts = np.array([1.0, 2.0, 8.0]), np.array([5, 1, 3])
    weighted = moments_answer(moments_of(values, counts))
    repeated = moments_answer(moments_of(np.repeat(values, counts)))
    assert weighted == pytest.approx(repeated)
