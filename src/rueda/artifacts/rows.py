"""Rows: JSON objects to one Arrow batch by a signature; one verdict online, in files, in code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pyarrow as pa

from rueda.artifacts.signature import Field, Signature
from rueda.artifacts.strict_json import SHOWN, Fault, Refused, brief, depth_exceeds, pointer
from rueda.artifacts.values import Check, check_of, to_array
from rueda.kernel.digest import Json

Unknown = Literal["other", "reject"]
"""What a value outside ``Field.allowed`` means: ``other`` leaves it to the preparation, ``reject``
refuses it.
"""

MAX_ROWS = 10_000


class RowReader:
    """Checks rows against a signature and makes them one batch; all rows or none.

    Parameters
    ----------
    signature
        Names, types, nullability and allowed values.
    unknown
        The policy for values that training never saw.
    """

    def __init__(self, signature: Signature, *, unknown: Unknown = "other") -> None:
        self.schema = signature.schema
        self._columns = [
            _Column(field, check_of(field.arrow), unknown == "reject") for field in signature.inputs
        ]
        self._names = frozenset(field.name for field in signature.inputs)

    def batch(self, rows: Json, *, where: str = "", limit: int = MAX_ROWS) -> pa.RecordBatch:
        """``rows``, a non-empty list of objects, as one batch.

        Parameters
        ----------
        where
            The JSON pointer to ``rows``, for the faults.

        Raises
        ------
        Refused
            Anything that does not fit, named by row and column.
        """
        self._check_list(rows, where, limit)
        faults: list[Fault] = []
        for number, row in enumerate(rows):
            faults.extend(self.faults(row, f"{where}/{number}"))
            if len(faults) >= SHOWN:
                break
        if faults:
            raise Refused(faults)
        return self.arrow(rows)

    def faults(self, row: Json, where: str = "") -> list[Fault]:
        """What is wrong with one ``row``; nothing when it fits."""
        if not isinstance(row, dict):
            code, status = ("too-deep", 400) if depth_exceeds(row) else ("wrong-type", 422)
            return [Fault(code, where, "an object", brief(row), status)]
        found = [fault for column in self._columns if (fault := column.fault(row, where))]
        if len(row) > len(self._names) or not row.keys() <= self._names:
            extra = sorted(row.keys() - self._names)[:SHOWN]
            found.extend(
                Fault("extra-column", where + pointer(name), self._expected_names(), brief(name))
                for name in extra
            )
        return found

    def arrow(self, rows: Sequence[Mapping[str, Json]]) -> pa.RecordBatch:
        """``rows`` that were checked before, as one batch."""
        arrays = [to_array([row[field.name] for row in rows], field.type) for field in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _check_list(self, rows: Json, where: str, limit: int) -> None:
        if not isinstance(rows, list):
            raise Refused([Fault("wrong-type", where, "a list of objects", brief(rows))])
        if not rows:
            raise Refused([Fault("no-rows", where, "at least one row", "an empty list")])
        if len(rows) > limit:
            raise Refused(
                [Fault("too-many-rows", where, f"at most {limit} rows", f"{len(rows)}", 413)]
            )

    def _expected_names(self) -> str:
        names = list(self.schema.names)
        return ", ".join(names[:20]) + (f" … ({len(names)} columns)" if len(names) > 20 else "")


class _Column:
    """One column's name, null policy, check and list of allowed values."""

    def __init__(self, field: Field, check: Check, closed: bool) -> None:
        self._field = field
        self._check = check
        self._allowed = frozenset(field.allowed or ()) if closed and field.allowed else None

    def fault(self, row: Mapping[str, Json], where: str) -> Fault | None:
        name = self._field.name
        if name not in row:
            return Fault("missing-column", where + pointer(name), self._field.type, "nothing")
        value = row[name]
        if value is None:
            if self._field.nullable:
                return None
            return Fault("null-not-allowed", where + pointer(name), self._field.type, "null")
        complaint = self._check(value)
        if complaint is None:
            if self._allowed is None or value in self._allowed:
                return None
            complaint = ("unknown-category", ", ".join(sorted(self._allowed)[:20]))
        return self._complain(value, complaint, where + pointer(name))

    def _complain(self, value: Json, complaint: tuple[str, str], where: str) -> Fault:
        code, expected = complaint
        if code == "wrong-type" and isinstance(value, (dict, list)) and depth_exceeds(value):
            return Fault("too-deep", where, expected, brief(value), 400)
        return Fault(code, where, expected, brief(value), 400 if code == "bad-text" else 422)
