"""Which side of the split a row is on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from rueda.kernel.errors import SchemaMismatch, UnfitData
from rueda.stages.s1_extract.repeats import Repeats
from rueda.stages.s1_extract.spec import ByColumn
from rueda.tallies.hashing import hash_bytes, hash_numbers, mix

Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_NULL = np.uint64(0x6E756C6C)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_DISTINCT = 1 << 22
"""So many different moments are counted exactly (32 MB); beyond, every other one is merged into
the next, which moves the boundary by less than a millionth of the rows."""


class Side(Protocol):
    """Tells the held-out rows of a batch, and which rows can be told."""

    def holdout(self, batch: pa.RecordBatch) -> Mask: ...

    def placed(self, batch: pa.RecordBatch) -> Mask: ...


@dataclass(frozen=True)
class KeySide:
    """By a hash that is ours and never changes; see ``ByKey``. Batches must come in order."""

    share: float
    key: str | None
    label: str
    repeats: Repeats = field(default_factory=Repeats)

    def holdout(self, batch: pa.RecordBatch) -> Mask:
        # With the label in the hash, equal features would be on one side with one label and on the
        # other side with another: the holdout would contradict what was learned.
        features = [batch.column(name) for name in batch.schema.names if name != self.label]
        hashes = hash_rows(features, batch.num_rows)
        numbers = self.repeats.number(hashes)
        hashes = np.where(numbers, mix(hashes + numbers.astype(np.uint64) * _ODD), hashes)
        if self.key is not None:
            column = batch.column(self.key)
            known = pc.is_valid(column).to_numpy(zero_copy_only=False)
            hashes = np.where(known, hash_rows([column], batch.num_rows), hashes)
        return hashes < np.uint64(int(self.share * 2**64))

    def placed(self, batch: pa.RecordBatch) -> Mask:
        return np.ones(batch.num_rows, np.bool_)


@dataclass(frozen=True)
class TimeSide:
    """Rows at or after ``boundary``, a number in the unit of the column."""

    column: str
    boundary: int

    def holdout(self, batch: pa.RecordBatch) -> Mask:
        moments = pc.fill_null(moments_of(batch.column(self.column)), self.boundary - 1)
        later: Mask = moments.to_numpy(zero_copy_only=False) >= self.boundary
        return later

    def placed(self, batch: pa.RecordBatch) -> Mask:
        known: Mask = np.asarray(pc.is_valid(batch.column(self.column)))
        return known


@dataclass(frozen=True)
class ColumnSide:
    """Rows whose column holds one value; see ``ByColumn``."""

    split: ByColumn

    def holdout(self, batch: pa.RecordBatch) -> Mask:
        column = batch.column(self.split.column)
        if pt.is_dictionary(column.type):
            column = column.dictionary_decode()
        try:
            value = pa.scalar(self.split.holdout, column.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            raise SchemaMismatch(
                f"column {self.split.column!r} cannot hold {self.split.holdout!r}",
                expected=f"a value of type {column.type}",
                got=repr(self.split.holdout),
                do="give ByColumn a holdout value of the column's type",
            ) from None
        equal: Mask = pc.fill_null(pc.equal(column, value), False).to_numpy(zero_copy_only=False)
        return equal

    def placed(self, batch: pa.RecordBatch) -> Mask:
        return np.ones(batch.num_rows, np.bool_)


def hash_rows(columns: Iterable[pa.Array], rows: int) -> Hashes:
    """One hash a row over ``columns``: equal values give equal hashes, in any file format."""
    total = np.zeros(rows, np.uint64)
    for column in columns:
        total = mix(total * _ODD + _hash_column(column))
    return total


def _hash_column(column: pa.Array) -> Hashes:
    if pt.is_dictionary(column.type):
        column = column.dictionary_decode()
    known = column.drop_null()
    if pt.is_boolean(known.type) or (pt.is_integer(known.type) and known.type != pa.uint64()):
        hashes = hash_numbers(known.cast(pa.int64()).to_numpy())
    elif pt.is_floating(known.type):
        hashes = hash_numbers(known.cast(pa.float64()).to_numpy())
    elif pt.is_temporal(known.type) and not pt.is_duration(known.type):
        hashes = hash_numbers(moments_of(known).to_numpy())
    else:
        hashes = hash_bytes(known if pt.is_binary(known.type) else known.cast(pa.string()))
    everything = np.full(len(column), _NULL)
    everything[column.is_valid().to_numpy(zero_copy_only=False)] = hashes
    return everything


def moments_of(column: pa.Array) -> pa.Array:
    """A column of dates or times as int64 in its own unit."""
    narrow = pt.is_date32(column.type) or pt.is_time32(column.type)
    return (column.cast(pa.int32()) if narrow else column).cast(pa.int64())


class Moments:
    """How many labeled rows each moment has: what the boundary of a split by time is found from."""

    def __init__(self) -> None:
        self._values = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)

    def see(self, column: pa.Array) -> None:
        """Count the moments of ``column``."""
        fresh = moments_of(column.drop_null()).to_numpy()
        values, counts = np.unique(fresh, return_counts=True)
        both = np.concatenate([self._values, values])
        self._values, place = np.unique(both, return_inverse=True)
        weights = np.concatenate([self._counts, counts])
        self._counts = np.bincount(place, weights, len(self._values)).astype(np.int64)
        if len(self._values) > _DISTINCT:
            self._thin()

    def boundary(self, share: float) -> int:
        """The first moment that is held out: the earliest one from which on at most ``share`` of
        the rows happened, or the last one of all.

        Raises
        ------
        UnfitData
            All rows happened at one moment.
        """
        if len(self._values) < 2:
            raise UnfitData(
                "all labeled rows happened at one moment",
                expected="a time column by which the last rows can be held out",
                got=f"{len(self._values)} different moments",
                do="split by rd.ByKey(), or name another time column",
            )
        after = np.cumsum(self._counts[::-1])[::-1]
        allowed = np.flatnonzero(after <= share * after[0])
        return int(self._values[allowed[0] if len(allowed) else -1])

    def _thin(self) -> None:
        paired = len(self._values) // 2 * 2
        counts = self._counts[:paired].reshape(-1, 2).sum(axis=1)
        self._counts = np.concatenate([counts, self._counts[paired:]])
        self._values = np.concatenate([self._values[:paired:2], self._values[paired:]])


def moment_number(text: str, kind: pa.DataType) -> int:
    """The moment ``text`` as a number in the unit of a column of type ``kind``."""
    moment: Any = datetime.fromisoformat(text)
    if pt.is_date(kind):
        moment = date(moment.year, moment.month, moment.day)
    elif kind.tz is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elif kind.tz is None and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return int(moments_of(pa.array([moment], kind))[0].as_py())


def moment_text(number: int, kind: pa.DataType) -> str:
    """``number`` in the unit of ``kind`` as RFC 3339 text."""
    whole = pa.array([number], pa.int64())
    narrow = whole.cast(pa.int32()) if pt.is_date32(kind) else whole
    return str(narrow.cast(kind)[0].as_py().isoformat())
