"""Counts are exact while there are few values, and give up as a whole."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from rueda.kernel.tally import reduce_pairwise
from rueda.tallies.counts import TEXT_LIMIT_BYTES, Counts
from rueda.tallies.frequent import HELD, Frequent


def _reduce(tally: Counts | Frequent, arrays: list[pa.Array]) -> object:
    batches = [pa.record_batch({"x": array}) for array in arrays]
    states = [tally.add(tally.empty(), batch) for batch in batches]
    return tally.result(reduce_pairwise(tally, states))["x"]


def test_words() -> None:
    words = ["b", "a", None, "", "a", "😀", "b", "a"]
    expected = [("a", 3), ("b", 2), ("", 1), ("😀", 1)]
    for type_ in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        array = pa.array(words).cast(type_)
        assert _reduce(Counts(("x",)), [array[:3], array[3:]]) == expected


def test_a_dictionary_with_repeated_unused_and_null_words() -> None:
    words = pa.array(["a", "a", None, "unused"])
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1], pa.int8()), words)
    assert _reduce(Counts(("x",)), [array]) == [("a", 3)]


def test_numbers() -> None:
    assert _reduce(Counts(("x",)), [pa.array([3, 1, 3, None]), pa.array([1, 3])]) == [
        (3, 3),
        (1, 2),
    ]
    assert _reduce(Counts(("x",)), [pa.array([0.0, -0.0, float("nan")])]) == [(0.0, 2)]


def test_one_value_too_many_drops_the_column() -> None:
    tally = Counts(("x",), limit=3)
    assert _reduce(tally, [pa.array([1, 2]), pa.array([2, 3])]) is not None
    assert _reduce(tally, [pa.array([1, 2]), pa.array([3, 4])]) is None
    long = [pa.array([letter * (TEXT_LIMIT_BYTES // 2 + 1)]) for letter in "ab"]
    assert _reduce(Counts(("x",)), long[:1]) is not None
    assert _reduce(Counts(("x",)), long) is None


def test_only_nulls() -> None:
    assert _reduce(Counts(("x",)), [pa.nulls(3, pa.string())]) == []


@pytest.mark.parametrize("exponent", [1.1, 1.3, 1.8])
@pytest.mark.parametrize("text", [False, True])
def test_the_most_frequent_are_found(exponent: float, text: bool) -> None:
    rng = np.random.default_rng(9)
    values = [int(v) % 10**9 for v in rng.zipf(exponent, 400_000)]
    plain = [f"v{v}" for v in values] if text else values
    arrays = [pa.array(plain[start : start + 50_000]) for start in range(0, 400_000, 50_000)]
    tally = Frequent(("x",), first=20)
    states = [tally.add(tally.empty(), pa.record_batch({"x": array})) for array in arrays]
    state = reduce_pairwise(tally, states)
    truth = Counter(plain)
    missed = state["x"]["missed"]
    for value, count in tally.result(state)["x"]:
        assert count <= truth[value] <= count + missed
    found = {value for value, _ in tally.result(state)["x"]}
    assert {value for value, count in truth.most_common(20)} == found
    kept = set(state["x"]["values"])
    lost = max((c for v, c in truth.items() if v not in kept), default=0)
    assert lost <= missed


def test_ties_are_settled_by_value() -> None:
    words = [f"w{i:05d}" for i in range(3_000)] * 2
    state = Frequent(("x",)).of(pa.array(words[::-1]), "x")
    assert state["values"] == [f"w{i:05d}" for i in range(1_024)]
    assert state["missed"] == 2


def test_the_state_stays_small() -> None:
    tally = Frequent(("x",))
    state = tally.empty()
    for start in range(0, 40_000, 1_000):
        values = np.repeat(np.arange(start, start + 1_000), 2)
        state = tally.add(state, pa.record_batch({"x": pa.array(values)}))
    assert len(state["x"]["values"]) == HELD


def test_long_strings_are_cut() -> None:
    state = Frequent(("x",)).of(pa.array(["x" * 10_000_000] * 2), "x")
    assert state["values"] == ["x" * 256 + "…"]
