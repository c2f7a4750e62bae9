"""The laws of an Engine: one function each, named by what it holds an engine to.

Tallies, transforms and chunks are plain values of this module, so that an engine may send them to
other processes; what happened there is told by files.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.seams import Engine
from rueda.kernel.tally import State, Tally, dump_state, reduce_pairwise

Make: TypeAlias = Callable[[int], Engine]

WORKERS = (1, 2, 5)
COUNTS = (0, 1, 2, 3, 5, 7, 8, 11, 16, 37, 64, 100)


def check_engine(make: Make) -> None:
    """Hold the engines that ``make`` gives to every law of the seam.

    Parameters
    ----------
    make
        Gives an engine with as many workers as its argument says.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for law in ENGINE_LAWS:
        law(make)


def maps_in_chunk_order(make: Make) -> None:
    for workers in WORKERS:
        for count in (0, 1, 30):
            batches = make(workers).map(Double(), numbered(count, hurry=True))
            assert [batch.to_pylist() for batch in batches] == [
                [{"x": 2 * i}] for i in range(count)
            ]


def maps_lazily(make: Make) -> None:
    """Nothing is read ahead of the reader but a few chunks for each worker."""
    for workers in WORKERS:
        with tempfile.TemporaryDirectory() as folder:
            mapped = make(workers).map(Double(), numbered(100, traces=folder))
            assert not _traces(folder), "nothing is read before the first result is asked for"
            next(mapped)
            time.sleep(0.05)
            ahead = _traces(folder)
            assert ahead <= 4 * workers + 2, f"{ahead} chunks were read for the first result"
            del mapped
            time.sleep(0.05)
            assert _traces(folder) <= ahead + workers, "a dropped iterator reads no further"


def tallies_in_the_pairwise_tree(make: Make) -> None:
    """The very tree, and so the same bits, whatever the number of workers and their timing."""
    for count in COUNTS if make(1).deterministic else ():
        chunks = numbered(count, hurry=True)
        expected = reduce_pairwise(Tree(), [Tree().add("", chunk.batch()) for chunk in chunks])
        trees = {make(workers).tally(Tree(), chunks) for workers in WORKERS}
        assert trees == {expected}, f"{count} chunks, one tree"
        sums = {dump_state(make(workers).tally(Sum(), chunks)) for workers in WORKERS}
        assert len(sums) == 1, f"{count} chunks, the same bits"


def tallies_every_chunk_once(make: Make) -> None:
    """What an engine promises even when its order is not fixed."""
    for workers in WORKERS:
        for count in COUNTS:
            assert make(workers).tally(Count(), numbered(count)) == [count, sum(range(count))]


def passes_errors_on(make: Make) -> None:
    """The error of the first chunk that fails, as it was raised; then the engine works on."""
    for workers in WORKERS:
        engine = make(workers)
        chunks = numbered(20, hurry=True)
        mapped = engine.map(FailFrom(7), chunks)
        before = [batch.to_pylist()[0]["x"] for batch in itertools.islice(mapped, 7)]
        assert before == list(range(7)), "what comes before the error is given out"
        assert _message(next, mapped) == "chunk 7 failed"
        assert _message(engine.tally, Count(fail_from=7), chunks) == "chunk 7 failed"
        assert _message(engine.submit(_fail, 3).result) == "chunk 3 failed"
        assert engine.tally(Count(), chunks) == [20, 190]


def submits_trials(make: Make) -> None:
    for workers in WORKERS:
        engine = make(workers)
        futures = [engine.submit(pow, 2, i) for i in range(20)]
        assert [future.result(timeout=60) for future in futures] == [2**i for i in range(20)]


ENGINE_LAWS: tuple[Callable[[Make], None], ...] = (
    maps_in_chunk_order,
    maps_lazily,
    tallies_in_the_pairwise_tree,
    tallies_every_chunk_once,
    passes_errors_on,
    submits_trials,
)


@dataclass(frozen=True)
class NumberedChunk:
    """A chunk of one row, ``x = number``; slow when told, leaving a trace when told."""

    number: int
    delay_s: float = 0.0
    traces: str = ""

    @property
    def digest(self) -> Digest:
        return digest_json(self.number)

    @property
    def rows(self) -> int:
        return 1

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        if self.traces:
            (Path(self.traces) / str(self.number)).touch()
        time.sleep(self.delay_s)
        return pa.RecordBatch.from_pydict({"x": [self.number]}).select(columns or ["x"])


def numbered(count: int, *, hurry: bool = False, traces: str = "") -> list[NumberedChunk]:
    """Chunks ``0 … count - 1``; with ``hurry``, later ones tend to be ready earlier."""
    delays = [(count - i) % 4 * 0.001 if hurry else 0.0 for i in range(count)]
    return [NumberedChunk(i, delay, traces) for i, delay in enumerate(delays)]


@dataclass(frozen=True)
class Double:
    """``x`` twice."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"x": [2 * _number(batch)]})


@dataclass(frozen=True)
class FailFrom:
    """The batch, until ``x`` is ``first``."""

    first: int

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if _number(batch) >= self.first:
            _fail(_number(batch))
        return batch


@dataclass(frozen=True)
class Tree(Tally[str]):
    """How the chunks were merged, as text: ``((0 1) 2)``."""

    def empty(self) -> State:
        return ""

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return f"{state}{_number(batch)}"

    def merge(self, left: State, right: State) -> State:
        return f"({left} {right})"

    def result(self, state: State) -> str:
        return str(state)


@dataclass(frozen=True)
class Sum(Tally[float]):
    """A sum of floats of many magnitudes: another order of additions gives other bits."""

    def empty(self) -> State:
        return np.zeros(3)

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return state + np.random.default_rng(_number(batch)).standard_cauchy(3)

    def merge(self, left: State, right: State) -> State:
        return left + right

    def result(self, state: State) -> float:
        return float(state.sum())


@dataclass(frozen=True)
class Count(Tally[int]):
    """How many chunks, and the sum of their numbers; fails from one on, when told."""

    fail_from: int | None = None

    def empty(self) -> State:
        return [0, 0]

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        if self.fail_from is not None and _number(batch) >= self.fail_from:
            _fail(_number(batch))
        return [state[0] + 1, state[1] + _number(batch)]

    def merge(self, left: State, right: State) -> State:
        return [left[0] + right[0], left[1] + right[1]]

    def result(self, state: State) -> int:
        return int(state[0])


def _number(batch: pa.RecordBatch) -> int:
    return int(batch.column("x")[0].as_py())


def _fail(number: int) -> None:
    raise ValueError(f"chunk {number} failed")


def _message(call: Callable[..., Any], *args: Any) -> str:
    try:
        call(*args)
    except ValueError as error:
        return str(error)
    return "no error"


def _traces(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())
