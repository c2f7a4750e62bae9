"""ThreadEngine: what the laws of the seam leave to it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rueda.engines import threads
from rueda.engines.threads import ThreadEngine
from rueda.kernel.seams import Engine
from rueda.kernel.tally import State, Tally, reduce_pairwise
from rueda.testing.engine import Count, Tree, numbered


def test_it_is_an_engine() -> None:
    assert isinstance(ThreadEngine(), Engine)
    assert ThreadEngine.deterministic


def test_by_default_it_uses_the_cores_that_the_process_may_use() -> None:
    assert ThreadEngine().workers == len(os.sched_getaffinity(0))


@given(st.integers(0, 300))
def test_the_reduction_of_a_stream_is_the_pairwise_tree(count: int) -> None:
    leaves = [str(i) for i in range(count)]
    assert threads._reduce(Tree(), iter(leaves)) == reduce_pairwise(Tree(), leaves)


@given(st.integers(0, 300), st.sampled_from([1, 2, 4, 8, 16]))
def test_runs_of_a_power_of_two_are_subtrees(count: int, size: int) -> None:
    leaves = [str(i) for i in range(count)]
    runs = [leaves[start : start + size] for start in range(0, count, size)]
    reduced = [threads._reduce(Tree(), run) for run in runs]
    assert threads._reduce(Tree(), reduced) == reduce_pairwise(Tree(), leaves)


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_the_size_of_a_run_is_a_power_of_two(chunks: int, workers: int) -> None:
    size = threads._run_size(chunks, workers)
    assert math.log2(size).is_integer()
    assert size <= threads.MAX_RUN


@dataclass(frozen=True)
class Alive(Tally[int]):
    """Counts the states that are in memory at once."""

    counter: Any

    def empty(self) -> State:
        return self.counter.new()

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return self.counter.new()

    def merge(self, left: State, right: State) -> State:
        return self.counter.new()

    def result(self, state: State) -> int:
        return 0


class _Counter:
    def __init__(self) -> None:
        self.alive = self.peak = 0
        self._lock = threading.Lock()

    def new(self) -> np.ndarray:
        state = np.zeros(1)
        with self._lock:
            self.alive += 1
            self.peak = max(self.peak, self.alive)
        weakref.finalize(state, self._gone)
        return state

    def _gone(self) -> None:
        with self._lock:
            self.alive -= 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_tally_holds_a_logarithm_of_the_states(workers: int) -> None:
    counter = _Counter()
    ThreadEngine(workers).tally(Alive(counter), numbered(4000))
    # Each level of the tree; what waits for its turn; and in each worker a run and its operands.
    levels = math.log2(4000)
    assert counter.peak <= levels + 2 * workers + workers * (math.log2(threads.MAX_RUN) + 4)


def test_trials_may_use_the_engine() -> None:
    engine = ThreadEngine(2)
    chunks = numbered(50)
    futures = [engine.submit(engine.tally, Count(), chunks) for _ in range(8)]
    assert [future.result(timeout=60) for future in futures] == [[50, 1225]] * 8


def test_an_error_stops_the_other_workers() -> None:
    chunks = numbered(2000)
    engine = ThreadEngine(2)
    seen: list[int] = []

    class Watch:
        def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
            seen.append(batch.column("x")[0].as_py())
            if seen[-1] == 5:
                raise ValueError("stop")
            return batch

    with pytest.raises(ValueError, match="stop"):
        list(engine.map(Watch(), chunks))
    count = len(seen)
    time.sleep(0.05)
    assert len(seen) <= count + 2
    assert count < 20


def test_an_interrupt_ends_the_process_within_a_second() -> None:
    program = textwrap.dedent(
        """
        from rueda.engines.threads import ThreadEngine
        from rueda.testing.engine import Count, NumberedChunk
        chunks = [NumberedChunk(i, delay_s=0.1) for i in range(10_000)]
        ThreadEngine(2).tally(Count(), chunks[:1])  # pyarrow imports pandas on its first list
        print("ready", flush=True)
        ThreadEngine(2).tally(Count(), chunks)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        _, errors = process.communicate(timeout=30)
        assert time.monotonic() - begun < 1
    assert b"KeyboardInterrupt" in errors


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 5
    while any(thread.name.startswith("rueda-engine") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a thread of the engine outlives its work"
        time.sleep(0.01)
