"""The laws of a Tally: one function each, named by what it holds a tally to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.plugins import load_plugin
from rueda.kernel.tally import State, Tally, dump_state, load_state, reduce_pairwise

Make: TypeAlias = Callable[[], Tally[Any]]
Batches: TypeAlias = Sequence[pa.RecordBatch]

WORKERS = (1, 2, 5)
TOLERANCE = 1e-9
"""Relative; float sums differ in their last bits when chunks are grouped otherwise."""


def check_tally(make: Make, batches: Batches) -> None:
    """Hold the tally that ``make`` gives to every law, over ``batches``.

    Parameters
    ----------
    make
        Gives the tally; called anew for each law.
    batches
        At least three, of one schema, that the tally takes.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for law in TALLY_LAWS:
        law(make, batches)


def adds_as_it_merges(make: Make, batches: Batches) -> None:
    """Adding batch by batch, and merging a state for each, give one result."""
    tally = make()
    added = reduce(tally.add, batches, tally.empty())
    merged = reduce_pairwise(tally, _states(tally, batches))
    assert alike(tally.result(added), tally.result(merged))


def has_an_identity(make: Make, batches: Batches) -> None:
    """The empty state changes no bit on either side."""
    tally = make()
    for state in [tally.empty(), *_states(tally, batches)]:
        bits = dump_state(state)
        assert dump_state(tally.merge(tally.empty(), state)) == bits, "empty on the left"
        assert dump_state(tally.merge(state, tally.empty())) == bits, "empty on the right"


def merges_associatively(make: Make, batches: Batches) -> None:
    tally = make()
    states = _states(tally, batches)
    for a, b, c in zip(states, states[1:], states[2:], strict=False):
        left = tally.merge(tally.merge(a, b), c)
        right = tally.merge(a, tally.merge(b, c))
        assert alike(tally.result(left), tally.result(right))


def round_trips_through_bytes(make: Make, batches: Batches) -> None:
    """A state that was written and read is the same state: for its bits, results and merges."""
    tally = make()
    states = [tally.empty(), *_states(tally, batches)]
    read = [load_state(dump_state(state)) for state in states]
    for before, after in zip(states, read, strict=True):
        assert dump_state(before) == dump_state(after)
        assert alike(tally.result(before), tally.result(after), tolerance=0.0)
    merged = [dump_state(reduce_pairwise(tally, part)) for part in (states, read)]
    assert merged[0] == merged[1], "states that were read merge as those that were kept"
    again = [dump_state(tally.add(part[-1], batches[0])) for part in (states, read)]
    assert again[0] == again[1], "states that were read go on as those that were kept"


def leaves_its_arguments_alone(make: Make, batches: Batches) -> None:
    """Neither ``add`` nor ``merge`` nor ``result`` changes what it was given."""
    tally = make()
    left, right = _states(tally, batches)[:2]
    before = dump_state(left), dump_state(right)
    tally.add(left, batches[0])
    tally.result(tally.merge(left, right))
    tally.result(left)
    assert (dump_state(left), dump_state(right)) == before


def shares_nothing(make: Make, batches: Batches) -> None:
    """What becomes of an argument later cannot change the state that came of it."""
    tally = make()
    makings: tuple[Callable[[State, State], State], ...] = (
        tally.merge,
        lambda a, _: tally.merge(tally.empty(), a),
        lambda a, _: tally.merge(a, tally.empty()),
        lambda a, _: tally.add(a, batches[1]),
        lambda a, _: tally.add(a, batches[1].slice(0, 0)),
    )
    for making in makings:
        left, right = _states(tally, batches)[:2]
        made = making(left, right)
        bits = dump_state(made)
        _scribble(left)
        _scribble(right)
        assert dump_state(made) == bits


def takes_batches_without_values(make: Make, batches: Batches) -> None:
    """No rows change nothing; only nulls are rows like others, first, last, or alone."""
    tally = make()
    nothing, nulls = batches[0].slice(0, 0), _nulls(batches[0])
    tally.result(tally.empty())
    states = _states(tally, batches)
    for state in [tally.empty(), *states]:
        assert alike(tally.result(tally.add(state, nothing)), tally.result(state))
    alone = tally.add(tally.empty(), nulls)
    tally.result(alone)
    first, last = tally.merge(alone, states[0]), tally.add(states[0], nulls)
    assert alike(tally.result(first), tally.result(last))


def reads_slices_as_copies(make: Make, batches: Batches) -> None:
    """A slice that begins inside its buffers counts its own rows only."""
    tally = make()
    for batch in batches:
        slice_ = batch.slice(1, max(batch.num_rows - 2, 0))
        copied = slice_.take(pa.array(range(slice_.num_rows), pa.int64()))
        states = [tally.add(tally.empty(), part) for part in (slice_, copied)]
        assert dump_state(states[0]) == dump_state(states[1])


def keeps_its_bits(make: Make, batches: Batches) -> None:
    """The same chunks give the same bits, with 1, 2 and 5 workers and time after time."""
    chunks = [MemoryChunk(number, batch) for number, batch in enumerate(batches)]
    engines = [load_plugin("engine", "threads")(workers) for workers in WORKERS]
    states = [dump_state(engine.tally(make(), chunks)) for engine in engines for _ in range(2)]
    assert len(set(states)) == 1
    results = [make().result(load_state(state)) for state in states[:2]]
    assert alike(results[0], results[1], tolerance=0.0)


TALLY_LAWS: tuple[Callable[[Make, Batches], None], ...] = (
    adds_as_it_merges,
    has_an_identity,
    merges_associatively,
    round_trips_through_bytes,
    leaves_its_arguments_alone,
    shares_nothing,
    takes_batches_without_values,
    reads_slices_as_copies,
    keeps_its_bits,
)


@dataclass(frozen=True)
class MemoryChunk:
    """A chunk that is in memory already."""

    number: int
    content: pa.RecordBatch

    @property
    def digest(self) -> Digest:
        return digest_json(self.number)

    @property
    def rows(self) -> int:
        return int(self.content.num_rows)

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.content if columns is None else self.content.select(list(columns))


def alike(left: object, right: object, tolerance: float = TOLERANCE) -> bool:
    """Whether two results are equal, floats within a relative ``tolerance``."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            alike(left[key], right[key], tolerance) for key in left
        )
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.dtype == right.dtype and alike(left.tolist(), right.tolist(), tolerance)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(
            alike(a, b, tolerance) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, float) and isinstance(right, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    return bool(left == right)


def _states(tally: Tally[Any], batches: Batches) -> list[State]:
    return [tally.add(tally.empty(), batch) for batch in batches]


def _nulls(batch: pa.RecordBatch) -> pa.RecordBatch:
    schema = pa.schema([field.with_nullable(True) for field in batch.schema])
    return pa.RecordBatch.from_arrays([pa.nulls(3, f.type) for f in schema], schema=schema)


def _scribble(state: State) -> None:
    """Change whatever can be changed in ``state``."""
    if isinstance(state, np.ndarray):
        if state.flags.writeable:
            state.fill(state.dtype.type(1))
    elif isinstance(state, list):
        for part in state:
            _scribble(part)
        state.append("scribbled")
    elif isinstance(state, dict):
        for part in list(state.values()):
            _scribble(part)
        state["scribbled"] = True
