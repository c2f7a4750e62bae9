"""Where rows do not fit their schema, from their profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from rueda.artifacts.profile import Profiled
from rueda.artifacts.schema.anomaly import Anomaly, Severity
from rueda.artifacts.schema.column import Column
from rueda.artifacts.schema.schema import Schema
from rueda.kernel.digest import Json
from rueda.kernel.tally import State
from rueda.tallies.column import kind_of

SMALL = 0.01
"""What is wrong in at most this share of the rows is a warning."""

_NAMED = 5


def check_schema(schema: Schema, found: pa.Schema, profile: Profiled) -> tuple[Anomaly, ...]:
    """The anomalies of rows with the columns ``found``, described by ``profile``."""
    return tuple(_anomalies(schema, found, profile))


def _anomalies(schema: Schema, found: pa.Schema, profile: Profiled) -> Iterator[Anomaly]:
    yield from _row_count(schema, profile.rows)
    expected = {column.name for column in schema.columns}
    for name in found.names:
        if name not in expected:
            yield Anomaly(
                name, "SCHEMA_NEW_COLUMN", "ERROR", f"{name} is not in the schema.", profile.rows
            )
    states = profile.state["columns"]
    for column in schema.columns:
        if column.name not in found.names:
            yield from _missing(column, profile.rows)
        elif str(found.field(column.name).type) != column.type:
            kind = found.field(column.name).type
            sentence = f"{column.name} is {kind} where the schema has {column.type}."
            yield Anomaly(column.name, "UNEXPECTED_DATA_TYPE", "ERROR", sentence, profile.rows)
        else:
            described = profile.columns[column.name]
            yield from _Seen(column, described, states[column.name], profile.rows).anomalies()


def _row_count(schema: Schema, rows: int) -> Iterator[Anomaly]:
    if schema.min_rows is not None and rows < schema.min_rows:
        sentence = f"There are {rows:,} training rows, fewer than {schema.min_rows:,}."
        yield Anomaly(None, "DATASET_LOW_NUM_EXAMPLES", "ERROR", sentence, rows)
    if schema.max_rows is not None and rows > schema.max_rows:
        sentence = f"There are {rows:,} training rows, more than {schema.max_rows:,}."
        yield Anomaly(None, "DATASET_HIGH_NUM_EXAMPLES", "ERROR", sentence, rows)


def _missing(column: Column, rows: int) -> Iterator[Anomaly]:
    if column.present > 0:
        sentence = f"{column.name} is in the schema, but not in the rows."
        yield Anomaly(column.name, "SCHEMA_MISSING_COLUMN", "ERROR", sentence, rows)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One column as it is, against what it should be."""

    column: Column
    found: Mapping[str, Json]
    state: State
    rows: int

    def anomalies(self) -> Iterator[Anomaly]:
        yield from self._presence()
        yield from self._domain()
        yield from self._range()
        yield from self._finite()
        yield from self._unique()

    def _presence(self) -> Iterator[Anomaly]:
        name, nulls = self.column.name, self.found["nulls"]
        share = 1 - nulls / self.rows if self.rows else 1.0
        if share >= self.column.present:
            return
        if share == 0:
            sentence = f"{name} holds no value at all."
            yield Anomaly(name, "FEATURE_TYPE_NOT_PRESENT", "ERROR", sentence, nulls)
            return
        short = self.column.present - share
        sentence = (
            f"{name} is present in {share:.2%} of the rows, not in {self.column.present:.2%}."
        )
        severity: Severity = "ERROR" if short > SMALL else "WARNING"
        yield Anomaly(name, "FEATURE_TYPE_LOW_FRACTION_PRESENT", severity, sentence, nulls)

    def _domain(self) -> Iterator[Anomaly]:
        allowed = self.column.values
        if allowed is None:
            return
        kind = "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
        exact = self.state["exact"]
        if exact is None:
            sentence = f"{self.column.name} holds about {self.found['distinct']:,} values, "
            yield Anomaly(self.column.name, kind, "ERROR", sentence + f"not {len(allowed)}.")
            return
        counts = dict(zip(exact["values"], exact["counts"].tolist(), strict=True))
        strange = {value: n for value, n in counts.items() if value not in set(allowed)}
        if strange:
            rows = sum(strange.values())
            sentence = f"{self.column.name} holds {_named(strange)} in {rows:,} rows."
            yield Anomaly(self.column.name, kind, self._severity(rows), sentence, rows)

    def _range(self) -> Iterator[Anomaly]:
        name, found = self.column.name, self.found
        if found["min"] is None:
            return
        whole = (
            "INT"
            if kind_of(self.column.type) == "number" and "int" in self.column.type
            else "FLOAT"
        )
        if self.column.min is not None and _less(found["min"], self.column.min):
            many = _less(found["quantiles"]["0.01"], self.column.min)
            sentence = f"{name} goes down to {found['min']}, below {self.column.min}."
            yield Anomaly(name, f"{whole}_TYPE_SMALL_{whole}", _severe(many), sentence)
        if self.column.max is not None and _less(self.column.max, found["max"]):
            many = _less(self.column.max, found["quantiles"]["0.99"])
            sentence = f"{name} goes up to {found['max']}, above {self.column.max}."
            yield Anomaly(name, f"{whole}_TYPE_BIG_{whole}", _severe(many), sentence)

    def _finite(self) -> Iterator[Anomaly]:
        if not self.column.finite:
            return
        for key, kind, word in (("nan", "NAN", "NaN"), ("infinite", "INF", "an infinity")):
            if rows := self.found.get(key):
                sentence = f"{self.column.name} holds {word} in {rows:,} rows."
                severity = self._severity(rows)
                yield Anomaly(self.column.name, f"FLOAT_TYPE_HAS_{kind}", severity, sentence, rows)

    def _unique(self) -> Iterator[Anomaly]:
        if not self.column.unique:
            return
        filled = self.rows - self.found["nulls"]
        # A counted number of values is exact; an estimated one is believed beyond three errors.
        least = filled * (1 - 3 * self.found["distinct_error"])
        if self.found["distinct"] < least:
            again = filled - self.found["distinct"]
            about = "about " if self.found["distinct_error"] else ""
            sentence = f"{self.column.name} repeats itself in {about}{again:,} rows."
            severity = self._severity(again)
            yield Anomaly(self.column.name, "FEATURE_TYPE_LOW_UNIQUE", severity, sentence, again)

    def _severity(self, rows: int) -> Severity:
        return _severe(rows > SMALL * self.rows)


def _severe(many: bool) -> Severity:
    return "ERROR" if many else "WARNING"


def _named(strange: Mapping[str, int]) -> str:
    most = sorted(strange, key=lambda value: (-strange[value], value))
    names = ", ".join(map(repr, most[:_NAMED]))
    return names + (f" and {len(most) - _NAMED} other values" if len(most) > _NAMED else "")


def _less(left: Json, right: Json) -> bool:
    return bool(_ordered(left) < _ordered(right))


def _ordered(value: Json) -> Any:
    """Numbers, numbers too large for JSON, and moments, each comparable with its like."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        return datetime.fromisoformat(value)
