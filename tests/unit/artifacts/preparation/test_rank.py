"""Exact quantiles are exact, whatever the values and the pieces."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.artifacts.preparation.fitting import numbers

from rueda.artifacts.preparation.rank import Buckets, Inside, exact_quantiles
from rueda.kernel.tally import Tally
from rueda.testing.tally import check_tally

AT = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


def quantiles(values: list[float], at: tuple[float, ...], pieces: int) -> list[float] | None:
    parts = [pa.RecordBatch.from_pydict({"x": p}) for p in np.array_split(values, pieces)]

    def gather(tally: Tally[object]) -> object:
        state = tally.empty()
        for part in parts:
            state = tally.merge(state, tally.add(tally.empty(), part))
        return tally.result(state)

    return exact_quantiles(("x",), at, gather)["x"]  # type: ignore[arg-type]


SIZES = st.floats(-1e30, 1e30) | st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2**-52, 5e-324])


@settings(max_examples=200, deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=60), st.integers(1, 4))
def test_they_are_those_of_numpy(values: list[float], pieces: int) -> None:
    found = quantiles(values, AT, pieces)
    assert found is not None
    assert np.allclose(found, np.quantile(values, AT), rtol=1e-12, atol=1e-300)


def test_no_value_no_quantile() -> None:
    assert quantiles([], AT, 1) is None


def test_the_passes_are_tallies() -> None:
    batches = [numbers(300, seed) for seed in range(4)]
    names = tuple(batches[0].schema.names)
    check_tally(lambda: Buckets(names), batches)
    check_tally(lambda: Inside(names, tuple((n, (0, 1, 264_000)) for n in names)), batches)
