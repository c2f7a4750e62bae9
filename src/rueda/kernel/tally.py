"""Tally: many batches to one value, through a mergeable state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import pyarrow as pa

R = TypeVar("R")

State = Any
"""A tree of dicts with string keys, lists, None, bool, int, float, str, bytes and numpy arrays."""

_ARRAY = 1


class Tally(ABC, Generic[R]):
    """A reduction over batches: ``empty``, ``add``, ``merge``, ``result``.

    Subclasses are frozen dataclasses: their fields are the spec. States are values: ``add`` and
    ``merge`` never change their arguments. ``rueda.testing.check_tally`` holds the laws.
    """

    @abstractmethod
    def empty(self) -> State:
        """The identity of ``merge``."""

    @abstractmethod
    def add(self, state: State, batch: pa.RecordBatch) -> State:
        """The state after ``batch``."""

    @abstractmethod
    def merge(self, left: State, right: State) -> State:
        """The state after the batches of ``left``, then those of ``right``. Associative."""

    @abstractmethod
    def result(self, state: State) -> R:
        """The value that ``state`` stands for."""


def reduce_pairwise(tally: Tally[R], states: Sequence[State]) -> State:
    """Merge ``states`` in a fixed tree: neighbors first, then their results, so that order alone
    decides the bits.

    The tree over 2^k aligned states is a subtree of the tree over all, so workers that take aligned
    runs of a power of two give the same bits as one worker.
    """
    level = list(states)
    if not level:
        return tally.empty()
    while len(level) > 1:
        merged = [tally.merge(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            merged.append(level[-1])
        level = merged
    return level[0]


def dump_state(state: State) -> bytes:
    """The byte form of ``state``: MessagePack, dict keys sorted, arrays little-endian."""
    return msgspec.msgpack.encode(state, enc_hook=_encode_leaf, order="deterministic")


def load_state(content: bytes) -> State:
    """The state that ``dump_state`` wrote; arrays come back writable."""
    return msgspec.msgpack.decode(content, ext_hook=_decode_leaf)


def _encode_leaf(value: object) -> msgspec.msgpack.Ext:
    if isinstance(value, np.ndarray):
        array = np.asarray(value, dtype=value.dtype.newbyteorder("<"), order="C")
        header = msgspec.msgpack.encode([array.dtype.str, list(array.shape)])
        return msgspec.msgpack.Ext(
            _ARRAY, len(header).to_bytes(2, "little") + header + array.tobytes()
        )
    if isinstance(value, np.generic):
        return _encode_leaf(np.asarray(value))
    raise TypeError(f"a tally state cannot hold a {type(value).__qualname__}")


def _decode_leaf(code: int, content: memoryview) -> object:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code} in a tally state")
    size = int.from_bytes(content[:2], "little")
    dtype, shape = msgspec.msgpack.decode(content[2 : 2 + size])
    return np.frombuffer(content[2 + size :], dtype=np.dtype(dtype)).reshape(shape).copy()
