"""Seen counts every value."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from rueda.artifacts.preparation.seen import Seen
from rueda.testing.tally import check_tally


def batches() -> list[pa.RecordBatch]:
    drawn = np.random.default_rng(0)
    made = []
    for _ in range(4):
        words = [None if v == 9 else f"w{v}" for v in drawn.integers(0, 10, 90)]
        sizes = [None if v == 9 else float(v) for v in drawn.integers(0, 10, 90)]
        made.append(pa.RecordBatch.from_pydict({"word": words, "size": sizes}))
    return made


def test_it_keeps_the_laws_of_a_tally() -> None:
    check_tally(lambda: Seen(("word", "size")), batches())


def test_counts_are_exact_and_sorted() -> None:
    tally = Seen(("word", "size"))
    state = tally.empty()
    for batch in batches():
        state = tally.add(state, batch)
    for name in ("word", "size"):
        values = [v for batch in batches() for v in batch[name].to_pylist()]
        found = tally.result(state)[name]
        assert found == dict(Counter(values))
        present = [v for v in found if v is not None]
        assert present == sorted(present)  # type: ignore[type-var]


def test_there_is_one_zero() -> None:
    tally = Seen(("x",))
    batch = pa.RecordBatch.from_pydict({"x": [0.0, -0.0]})
    counts = tally.result(tally.add(tally.empty(), batch))["x"]
    assert counts == {0.0: 2}
    assert str(next(iter(counts))) == "0.0"
