"""ThreadEngine: the two verbs on the cores of one machine."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, ClassVar, TypeVar

import pyarrow as pa

from rueda.kernel.seams import Chunk
from rueda.kernel.tally import State, Tally
from rueda.kernel.transform import Transform

T = TypeVar("T")
S = TypeVar("S")

MAX_RUN = 16
"""Chunks that one worker reduces by itself, at most."""


class ThreadEngine:
    """Threads of this process: reading, hashing and columnar arithmetic leave the interpreter.

    Parameters
    ----------
    workers
        How many chunks are worked on at once; by default the cores that this process may use.

    Notes
    -----
    At most ``2 * workers`` results wait in memory. A tally keeps one state for each level of the
    tree beside them: its memory grows with the logarithm of the number of chunks. An exception,
    an interrupt, or closing the iterator of ``map`` stops the work: no further chunk is begun.
    """

    deterministic: ClassVar[bool] = True

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._trials: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        """``transform.apply`` of each chunk, in chunk order."""
        return self._ordered(lambda chunk, _: transform.apply(chunk.batch()), chunks)

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        """The states of all chunks, merged in the tree of ``reduce_pairwise``."""
        size = _run_size(len(chunks), self.workers)
        runs = [chunks[start : start + size] for start in range(0, len(chunks), size)]

        def reduce_run(run: Sequence[Chunk], stop: threading.Event) -> State:
            return _reduce(tally, (tally.add(tally.empty(), c.batch()) for c in _until(stop, run)))

        # Closed here: an interrupt during a merge would else leave the workers to their runs.
        with closing(self._ordered(reduce_run, runs)) as states:
            return _reduce(tally, states)

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Run ``function(*args)`` beside others; it may use the engine itself."""
        with self._lock:
            # Apart from the threads of the verbs: a trial that waits for a tally must not hold
            # the thread that the tally needs.
            if self._trials is None:
                self._trials = ThreadPoolExecutor(self.workers, "rueda-trial")
            return self._trials.submit(function, *args)

    def _ordered(
        self, function: Callable[[S, threading.Event], T], items: Iterable[S]
    ) -> Generator[T]:
        stop = threading.Event()
        pool = ThreadPoolExecutor(self.workers, "rueda-engine")
        pending: deque[Future[T]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(function, item, stop))
                if len(pending) == 2 * self.workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            stop.set()
            # An interrupt does not wait for the chunks that are under way.
            pool.shutdown(wait=False, cancel_futures=True)


def _run_size(chunks: int, workers: int) -> int:
    """A power of two, so that each run is a subtree; several runs for each worker, so that none
    idles.
    """
    size = 1
    while size < MAX_RUN and 8 * size * workers <= chunks:
        size *= 2
    return size


def _reduce(tally: Tally[Any], states: Iterable[State]) -> State:
    """``reduce_pairwise`` of ``states`` as they come, with one of them in memory for each level.

    A binary counter: after ``n`` states, one merged state waits for each bit that is set in ``n``.
    """
    waiting: list[State] = []
    for number, state in enumerate(states, start=1):
        while number % 2 == 0:
            state = tally.merge(waiting.pop(), state)
            number //= 2
        waiting.append(state)
    if not waiting:
        return tally.empty()
    last = waiting.pop()
    while waiting:
        last = tally.merge(waiting.pop(), last)
    return last


def _until(stop: threading.Event, items: Iterable[S]) -> Iterator[S]:
    for item in items:
        if stop.is_set():
            raise CancelledError
        yield item
