"""Quantiles stay within their stated error of numpy's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rueda.kernel.tally import reduce_pairwise
from rueda.tallies.quantiles import (
    RELATIVE_ERROR,
    Quantiles,
    bucket_edges,
    bucket_keys,
    bucket_middles,
    weighted_quantiles,
)

AT = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def _of(values: np.ndarray, cuts: int = 5) -> list[float | None]:
    tally = Quantiles(("x",), AT)
    parts = [pa.record_batch({"x": pa.array(part)}) for part in np.array_split(values, cuts)]
    state = reduce_pairwise(tally, [tally.add(tally.empty(), part) for part in parts])
    return tally.result(state)["x"]


def test_the_stated_error_is_within_the_goal() -> None:
    assert RELATIVE_ERROR <= 0.002


@pytest.mark.parametrize("seed", range(40))
def test_within_the_stated_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    draw = [rng.normal, rng.lognormal, rng.standard_cauchy, rng.exponential, rng.random][seed % 5]
    values = draw(size=int(rng.integers(1, 20_000))) * 10.0 ** rng.integers(-30, 30)
    # Not between ranks of different sign: there a relative error means nothing.
    for got, q in zip(_of(values), AT, strict=True):
        low, high = (np.quantile(values, q, method=m) for m in ("lower", "higher"))
        slack = RELATIVE_ERROR * max(abs(low), abs(high))
        assert got is not None
        assert low - slack <= got <= high + slack


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bucket_holds_its_values(value: float) -> None:
    keys = bucket_keys(np.array([value]))
    (low,), (high,) = bucket_edges(keys)
    (middle,) = bucket_middles(keys)
    assert low <= value <= high
    if abs(value) >= 2.3e-308:
        assert abs(middle - value) <= RELATIVE_ERROR * abs(value)


def test_buckets_are_in_the_order_of_values() -> None:
    rng = np.random.default_rng(0)
    values = np.sort(rng.normal(size=10_000) * 10.0 ** rng.integers(-300, 300, 10_000))
    assert np.all(np.diff(bucket_keys(values)) >= 0)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(1, 5)), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_weighted_is_numpys_linear(pairs: list[tuple[float, int]], q: float) -> None:
    pairs = sorted(dict(pairs).items())
    values, counts = (np.array(side) for side in zip(*pairs, strict=True))
    expected = np.quantile(np.repeat(values, counts), q)
    assert weighted_quantiles(values, counts, (q,))[0] == pytest.approx(expected, abs=1e-6)


def test_nothing_is_none() -> None:
    assert _of(np.array([np.nan, np.inf])) == [None] * len(AT)
