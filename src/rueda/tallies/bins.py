"""Bins: a column cut into few parts, the same ones for the rows of training and of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.kernel.digest import Json
from rueda.tallies.column import Array, kind_of
from rueda.tallies.times import seconds_in, time_text

FEW = 30
PARTS = 20


@dataclass(frozen=True)
class Bins:
    """How the column ``name`` is cut.

    Parameters
    ----------
    name, type
        The column, and its Arrow type as Arrow prints it.
    values
        For text: the most frequent values, one bin each, then one for all others.
    edges
        For numbers and times: bin 0 lies below the first edge, bin i from edge i - 1 on, the last
        one from the last edge on.

    Notes
    -----
    The last bin of all is for null and NaN. Numbers beyond the first and the last edge are beyond
    what training saw, and have bins of their own.
    """

    name: str
    type: str
    values: tuple[str, ...] | None = None
    edges: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        """How many bins there are, the one for nulls included."""
        return len(self.values if self.values is not None else self.edges or ()) + 2

    def places(self, column: pa.Array) -> Array:
        """The bin of each row of ``column`` (of the type that the bins were made for)."""
        if self.values is not None:
            return _text_places(column, self.values, self.size)
        numbers = as_numbers(column)
        places = np.searchsorted(np.array(self.edges or ()), numbers, side="right")
        return np.where(np.isnan(numbers), self.size - 1, places)

    def label(self, place: int) -> str:
        """What the rows of a bin have in common, for sentences."""
        if place == self.size - 1:
            return "missing"
        if self.values is not None:
            return f"{self.values[place]!r}" if place < len(self.values) else "other values"
        edges = self.edges or ()
        if place == 0:
            return f"below {self._say(edges[0])}" if edges else "any number"
        low = edges[place - 1]
        if place == len(edges):
            # The last edge is the smallest number above the largest that was seen.
            return f"above {self._say(np.nextafter(low, -np.inf))}"
        if edges[place] == np.nextafter(low, np.inf):
            return self._say(low)
        return f"from {self._say(low)} to {self._say(edges[place])}"

    def to_json(self) -> dict[str, Json]:
        return {
            "name": self.name,
            "type": self.type,
            "values": None if self.values is None else list(self.values),
            "edges": None if self.edges is None else list(self.edges),
        }

    @classmethod
    def from_json(cls, tree: Mapping[str, Json]) -> Bins:
        values, edges = tree["values"], tree["edges"]
        return cls(
            tree["name"],
            tree["type"],
            None if values is None else tuple(values),
            None if edges is None else tuple(edges),
        )

    def _say(self, number: float) -> str:
        kind = kind_of(self.type)
        if kind == "boolean":
            return "true" if number else "false"
        if kind == "time":
            return str(time_text(round(number / seconds_in(self.type)), self.type))
        return f"{number:.6g}"


def fit_bins(name: str, sample: pa.Array) -> Bins | None:
    """Bins for the column ``name`` from some of its rows; None for a column that has no values to
    compare (nested, binary).

    Text: the 30 most frequent values. Numbers and times of at most 30 different values: each of
    these, and the gaps between; more: twenty parts with as many rows each.
    """
    kind = kind_of(str(sample.type))
    if kind == "text":
        counts = pc.value_counts(_plain_text(sample).drop_null()).to_pylist()
        # By count, then by value: the same bins whatever the order of the rows.
        counts.sort(key=lambda entry: (-entry["counts"], entry["values"]))
        kept = tuple(str(entry["values"]) for entry in counts[:FEW])
        return Bins(name, str(sample.type), values=kept)
    if kind not in ("number", "boolean", "time"):
        return None
    numbers = as_numbers(sample)
    return Bins(name, str(sample.type), edges=_edges(numbers[np.isfinite(numbers)]))


def as_numbers(column: pa.Array) -> Array:
    """The values as float64, NaN for null; times in seconds."""
    kind = kind_of(str(column.type))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kind == "time":
        scale = seconds_in(str(column.type))
        plain = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
        return np.asarray(plain.cast(pa.float64(), safe=False).to_numpy(False)) * scale
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(False))


def _edges(numbers: Array) -> tuple[float, ...]:
    if not len(numbers):
        return ()
    different = np.unique(numbers)
    if len(different) <= FEW:
        both = np.concatenate([different, np.nextafter(different, np.inf)])
        return tuple(np.unique(both).tolist())
    inner = np.quantile(numbers, np.linspace(0, 1, PARTS + 1)[1:-1])
    ends = [different[0], np.nextafter(different[-1], np.inf)]
    return tuple(np.unique(np.concatenate([inner, ends])).tolist())


def _plain_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())


def _text_places(column: pa.Array, values: tuple[str, ...], size: int) -> Array:
    text = _plain_text(column)
    found = pc.index_in(text, value_set=pa.array(values, pa.string()))
    places = pc.fill_null(found, len(values)).to_numpy(False).astype(np.int64)
    return np.where(text.is_valid().to_numpy(False), places, size - 1)
