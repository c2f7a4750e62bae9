"""What the rules of finding look at."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from rueda.artifacts.profile import Profiled
from rueda.kernel.digest import Json
from rueda.kernel.tally import State
from rueda.tallies.column import kind_of

ENOUGH = 20
"""Fewer values than this show no pattern."""


class Surveyed(Profiled, Protocol):
    """A profile with a sample: see ``rueda.wheel.survey.Survey``."""

    @property
    def broken(self) -> int: ...
    @property
    def sample(self) -> pa.RecordBatch | None: ...
    @property
    def label(self) -> str | None: ...
    @property
    def against_label(self) -> Mapping[str, Json]: ...


@dataclass(frozen=True)
class Column:
    """One column: what the profile says of it, and values of it.

    Attributes
    ----------
    found
        See ``rueda.tallies.describe``.
    counted
        Every text with its count, while there are few different ones; else None.
    ends
        How many rows hold the least and the greatest finite number or moment, at least.
    sampled
        Some different values, none of them null.
    """

    name: str
    rows: int
    found: Mapping[str, Json]
    counted: Mapping[str, int] | None = field(repr=False)
    ends: tuple[int, int]
    sampled: Sequence[Any] = field(repr=False)

    @property
    def kind(self) -> str:
        return kind_of(self.found["type"])

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return int(self.rows - self.found["nulls"] - (self.found["nan"] or 0))

    @property
    def whole(self) -> bool:
        return self.kind == "number" and "int" in self.found["type"]

    @functools.cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name, in lower case: ``depDelay_2`` is dep, delay, 2."""
        return name_words(self.name)

    @functools.cached_property
    def texts(self) -> list[str]:
        """The sampled texts without the blanks around them, empty ones left out."""
        return [text for value in self.sampled if (text := str(value).strip())]


def name_words(name: str) -> tuple[str, ...]:
    """The words of a column's name."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[^\W_]+", apart.lower()))


def columns_of(survey: Surveyed) -> list[Column]:
    """Each column of ``survey`` as the rules look at it."""
    states = survey.state["columns"]
    return [
        Column(
            name,
            survey.rows,
            found,
            _counted(found, states[name]),
            _ends(found, states[name]),
            _sampled(survey, name),
        )
        for name, found in survey.columns.items()
    ]


def _counted(found: Mapping[str, Json], state: State) -> dict[str, int] | None:
    exact = state["exact"]
    if kind_of(found["type"]) != "text" or exact is None:
        return None
    return dict(zip(exact["values"], exact["counts"].tolist(), strict=True))


def _ends(found: Mapping[str, Json], state: State) -> tuple[int, int]:
    if kind_of(found["type"]) not in ("number", "time") or found["min"] is None:
        return 0, 0
    counted = state["exact"] if state["exact"] is not None else state["sketch"]["frequent"]
    values, counts = counted["values"], counted["counts"]
    finite = np.isfinite(values)
    values, counts = values[finite], counts[finite]
    if state["exact"] is not None:
        return int(counts[0]), int(counts[-1])
    ends = (state["sketch"]["moments"][end] for end in ("min", "max"))
    low, high = (int(counts[values == end].sum()) for end in ends)
    return low, high


def _sampled(survey: Surveyed, name: str) -> list[Any]:
    column = survey.sample.column(name) if survey.sample is not None else None
    if column is None or kind_of(str(column.type)) not in ("text", "number"):
        return []
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    values: list[Any] = column.drop_null().unique().to_pylist()
    return values
