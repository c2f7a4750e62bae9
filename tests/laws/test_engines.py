"""Every engine keeps the laws; an engine that breaks one is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import reduce
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from rueda.engines.threads import ThreadEngine
from rueda.kernel.seams import Chunk
from rueda.kernel.tally import State, Tally, reduce_pairwise
from rueda.kernel.transform import Transform
from rueda.testing import check_engine
from rueda.testing import engine as laws
from rueda.testing.engine import ENGINE_LAWS, Make


@pytest.mark.parametrize("law", ENGINE_LAWS, ids=lambda law: law.__name__)
def test_thread_engine_keeps_the_law(law: Callable[[Make], None]) -> None:
    law(ThreadEngine)


class Sound:
    """An engine of a few lines that keeps the laws: what is planted below is the only fault."""

    deterministic: ClassVar[bool] = True

    def __init__(self, workers: int) -> None:
        self.threads = ThreadPoolExecutor(workers)

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        for chunk in chunks:
            yield transform.apply(chunk.batch())

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        return reduce_pairwise(tally, self.states(tally, chunks))

    def states(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> list[State]:
        return [future.result() for future in self.futures(tally, chunks)]

    def futures(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> list[Future[State]]:
        return [
            self.submit(lambda chunk: tally.add(tally.empty(), chunk.batch()), chunk)
            for chunk in chunks
        ]

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        return self.threads.submit(function, *args)


class MergesAsTheyCome(Sound):
    """The first to be ready is the first to be merged."""

    def states(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> list[State]:
        return [future.result() for future in as_completed(self.futures(tally, chunks))]


class FoldsFromTheLeft(Sound):
    """In order, but one by one."""

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        return reduce(tally.merge, self.states(tally, chunks) or [tally.empty()])


class SplitsByWorkers(Sound):
    """As many runs as there are workers: their number decides the tree."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.workers = workers

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        size = -(-len(chunks) // self.workers) or 1
        states = self.states(tally, chunks)
        runs = [states[start : start + size] for start in range(0, len(states), size)]
        return reduce_pairwise(tally, [reduce_pairwise(tally, run) for run in runs])


class LosesTheOddOne(Sound):
    """Merges pairs, and forgets what has no neighbor."""

    def states(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> list[State]:
        states = super().states(tally, chunks)
        return states[: len(states) // 2 * 2] if len(states) > 1 else states


class NothingForNothing(Sound):
    """No chunks, no state."""

    def tally(self, tally: Tally[Any], chunks: Sequence[Chunk]) -> State:
        return super().tally(tally, chunks) if chunks else None


class MapsAsTheyCome(Sound):
    """The first to be ready is the first to be given out."""

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        futures = [self.submit(lambda c: transform.apply(c.batch()), chunk) for chunk in chunks]
        return (future.result() for future in as_completed(futures))


class MapsEagerly(Sound):
    """Everything is in memory before the first batch comes."""

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        return iter(list(super().map(transform, chunks)))


class SkipsWhatFails(Sound):
    """A chunk that cannot be mapped is left out."""

    def map(self, transform: Transform, chunks: Sequence[Chunk]) -> Iterator[pa.RecordBatch]:
        for chunk in chunks:
            try:
                yield transform.apply(chunk.batch())
            except ValueError:
                continue


class SubmitsOnce(Sound):
    """Answers every trial with the result of the first."""

    first: Future[Any] | None = None

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        self.first = self.first or super().submit(function, *args)
        return self.first


PLANTED: dict[type[Sound], Callable[[Make], None]] = {
    MapsAsTheyCome: laws.maps_in_chunk_order,
    MapsEagerly: laws.maps_lazily,
    MergesAsTheyCome: laws.tallies_in_the_pairwise_tree,
    FoldsFromTheLeft: laws.tallies_in_the_pairwise_tree,
    SplitsByWorkers: laws.tallies_in_the_pairwise_tree,
    LosesTheOddOne: laws.tallies_every_chunk_once,
    NothingForNothing: laws.tallies_every_chunk_once,
    SkipsWhatFails: laws.passes_errors_on,
    SubmitsOnce: laws.submits_trials,
}


def test_every_law_has_a_planted_fault() -> None:
    assert set(PLANTED.values()) == set(ENGINE_LAWS)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_a_planted_fault_is_found(planted: type[Sound]) -> None:
    # An iterator that ends instead of failing is a fault too.
    with pytest.raises((AssertionError, StopIteration)):
        PLANTED[planted](planted)


def test_the_suite_runs_the_laws() -> None:
    with pytest.raises(AssertionError, match="one tree"):
        check_engine(FoldsFromTheLeft)


def test_the_sound_engine_passes() -> None:
    check_engine(Sound)
