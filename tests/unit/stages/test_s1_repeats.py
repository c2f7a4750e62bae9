"""Repeats: a plain count of equals, whatever the batches."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rueda.stages.s1_extract import repeats
from rueda.stages.s1_extract.repeats import Repeats


@given(st.lists(st.integers(0, 5), max_size=120), st.lists(st.integers(0, 120), max_size=4))
def test_repeats_are_numbered_as_by_a_counter(rows: list[int], cuts: list[int]) -> None:
    seen: Counter[int] = Counter()
    expected = []
    for row in rows:
        expected.append(seen[row] if seen[row] >= repeats.COPIES else 0)
        seen[row] += 1
    told = Repeats()
    hashes = np.array(rows, np.uint64)
    parts = np.split(hashes, sorted(min(cut, len(rows)) for cut in cuts))
    assert np.concatenate([told.number(part) for part in parts]).tolist() == expected


def test_kinds_beyond_the_room_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "KINDS", 3)
    rows = np.tile(np.array([9, 2, 7, 1, 8], np.uint64), 40)
    whole = Repeats().number(rows)
    apart = Repeats()
    assert np.concatenate([apart.number(part) for part in np.split(rows, 100)]).tolist() == (
        whole.tolist()
    )
    counted = {int(row) for row, number in zip(rows, whole, strict=True) if number}
    assert counted == {9, 2, 7}, "those that came first"
