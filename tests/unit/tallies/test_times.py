"""Times are written as datetime writes them; grids lose no row."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rueda.tallies.grid import CELLS, grid_join, grid_of, grid_pair, grid_values
from rueda.tallies.histogram import bin_counts, bin_edges
from rueda.tallies.times import time_text

INTEGERS = st.integers(-(2**63), 2**63 - 1)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_zoned_timestamps_read_back(moment: dt.datetime) -> None:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    count = (moment - epoch) // dt.timedelta(microseconds=1)
    text = time_text(count, "timestamp[us, tz=Europe/Madrid]")
    assert dt.datetime.fromisoformat(str(text)) == moment


@pytest.mark.parametrize(
    ("count", "type_", "text"),
    [
        (0, "timestamp[s]", "1970-01-01T00:00:00"),
        (1_500, "timestamp[ms]", "1970-01-01T00:00:01.5"),
        (1, "timestamp[ns, tz=UTC]", "1970-01-01T00:00:00.000000001Z"),
        (15_706, "date32[day]", "2013-01-01"),
        (86_400_000, "date64[ms]", "1970-01-02"),
        (3_661, "time32[s]", "01:01:01"),
        (1_500, "duration[ms]", 1.5),
        (-(2**63), "timestamp[us]", str(-(2**63))),
    ],
)
def test_texts(count: int, type_: str, text: object) -> None:
    assert time_text(count, type_) == text


@given(st.lists(INTEGERS, min_size=1, max_size=30), st.lists(INTEGERS, max_size=30))
def test_a_grid_is_a_function_of_its_values(left: list[int], right: list[int]) -> None:
    joined = grid_join(grid_of(np.array(left)), grid_of(np.array(right, np.int64)))
    whole = grid_of(np.array(left + right))
    assert (joined["shift"], joined["first"]) == (whole["shift"], whole["first"])
    assert joined["counts"].tolist() == whole["counts"].tolist()
    assert len(whole["counts"]) <= CELLS
    assert whole["counts"].sum() == len(left) + len(right)
    middles, _ = grid_values(whole)
    away = [int(np.abs(middles.astype(object) - v).min()) for v in left]
    assert max(away) <= (1 << whole["shift"]) // 2


def test_a_pair_of_grids_shares_cells() -> None:
    values, left, right = grid_pair(grid_of(np.array([0, 10])), grid_of(np.array([10, 10**9])))
    assert (left.tolist(), right.tolist()) == ([2, 0], [1, 1])
    assert len(values) == 2


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=50))
def test_whole_numbers_lie_inside_bins(values: list[int]) -> None:
    edges = bin_edges(min(values), max(values), whole=True)
    counts = bin_counts(np.array(values), np.ones(len(values), np.int64), edges)
    assert counts.tolist() == np.histogram(values, edges)[0].tolist()
    assert len(counts) <= 20
    assert set((edges % 1).tolist()) == {0.5}
